"""OpenVINO copies of encoders on disk: kept whole or not at all, and checked whenever one is read.

A copy is a folder `root/<key>` with model.xml, model.bin and record.json, which holds their sha256. The
key stands for the weights, the configuration and the way of exporting, so a copy of anything else is never
found. A copy that is damaged counts as not there: it is made anew, never mended and never trusted.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from rag.models import weights_digest

MODEL = "model.xml"
RECORD = "record.json"
# Raised whenever an export of the same weights would compute something else.
_VERSION = 1
_ABANDONED_S = 3600


def key_of(model: Path) -> str:
    """What a copy of the model in that folder is called, 24 hex digits."""
    config = (model / "config.json").read_bytes()
    known = f"{_VERSION}\0{weights_digest(model)}\0".encode() + config
    return hashlib.sha256(known).hexdigest()[:24]


def find_copy(root: Path, key: str) -> Path | None:
    """The model.xml of a copy whose files are those that were written, or None."""
    folder = root / key
    try:
        recorded = json.loads((folder / RECORD).read_bytes())
        whole = recorded["key"] == key and all(_digest(folder / name) == sha for name, sha in recorded["files"].items())
        return folder / MODEL if whole and MODEL in recorded["files"] else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep_copy(root: Path, key: str, write: Callable[[Path], None]) -> Path:
    """Keep what `write` puts into an empty folder, model.xml among it; returns that file's place.

    Nobody sees half a copy. Where another process was quicker, its copy stays.

    Raises:
        OSError: the disk does not take it; nothing is left behind.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = root / key
    for left in root.glob(f".{key}-*"):
        # Somebody was killed while writing; what is younger may still be written.
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=root))
    try:
        write(making)
        files = {file.name: _digest(file) for file in sorted(making.iterdir())}
        (making / RECORD).write_text(json.dumps({"key": key, "files": files}, indent=1) + "\n", encoding="utf-8")
        if folder.exists() and find_copy(root, key) is None:
            shutil.rmtree(folder)
        try:
            making.replace(folder)
        except OSError:
            if find_copy(root, key) is None:
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder / MODEL


def _digest(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
