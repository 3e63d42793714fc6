"""Rows of a benchmark that stay in benchmarks/results/, with the machine and the versions they were measured with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.environment import machine, versions

RESULTS = Path(__file__).parent / "results"


def keep(name: str, rows: Sequence[dict[str, Any]], same: Sequence[str], **about: Any) -> None:
    """Put rows in place of earlier ones that agree with one of them in all columns of `same`; in their order."""
    file = RESULTS / f"{name}.json"
    before = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.exists() else []
    fresh = {tuple(row.get(column) for column in same) for row in rows}
    stay = [row for row in before if tuple(row.get(column) for column in same) not in fresh]
    merged = sorted([*stay, *rows], key=lambda row: row[same[0]])
    kept = {**about, "machine": machine(), "versions": versions(), "rows": merged}
    file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
