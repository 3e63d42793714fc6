"""What people thought of answers: a JSON line each in <data_dir>/feedback.jsonl, on this machine only."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.errors import StorageRefused

FILE = "feedback.jsonl"

_lock = threading.Lock()


def append(data_dir: Path, record: dict[str, Any]) -> None:
    """Append a line {at, question, answer, verdict, why} and have it on the disk before returning.

    Raises:
        StorageRefused: no permission, no space.
    """
    line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **record}, ensure_ascii=False)
    file = data_dir / FILE
    try:
        with _lock:
            data_dir.mkdir(parents=True, exist_ok=True)
            # Questions are private: readable by their owner only.
            handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                _write(handle, line.encode() + b"\n")
                os.fsync(handle)
            finally:
                os.close(handle)
    except OSError as error:
        raise StorageRefused(
            f"Feedback cannot be written to {file}: {error.strerror}. Free some space, or make the folder writable."
        ) from None


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
