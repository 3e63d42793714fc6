"""From the name of a data set to the reader that it wants.

Enters: a path or the name of a split; ours is JSONL. Leaves: a Dataset with at least one question.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from eval import formats
from eval.dataset import BadRow, Dataset, EvalQuestion, finish, row_question
from rag.errors import BadDataset


def load(source: str) -> Dataset:
    """The data set behind `source`: a .jsonl, .json, .csv or .parquet file, a folder, or a split of klue/klue.

    Raises:
        BadDataset: nothing there, a format that is not known, or no usable question in it.
        BadNotes: a KLUE-MRC source that cannot be read.
    """
    path = Path(source)
    suffix = path.suffix.lower()
    if source in ("train", "validation", "test") or path.is_dir() or suffix == ".parquet":
        dataset = formats.klue(source)
    elif not path.is_file():
        raise BadDataset(
            f"No data set at {path.name or source}. Expected a .jsonl, .json, .csv or .parquet file, a folder of "
            "parquet files, or train or validation for klue/klue."
        )
    elif suffix in (".jsonl", ".ndjson"):
        dataset = (
            formats.klue(source)
            if _first_row_keys(path) >= {"guid", "context"}
            else finish(path.stem, "jsonl", _rows(path))
        )
    elif suffix == ".json":
        dataset = formats.squad_or_klue(source)
    elif suffix in (".csv", ".tsv"):
        dataset = formats.csv(path)
    else:
        raise BadDataset(f"{path.name} ends in {suffix or 'nothing'}; expected .jsonl, .json, .csv or .parquet.")
    if not dataset.questions:
        first = f" First: {dataset.bad_rows[0].where}: {dataset.bad_rows[0].reason}." if dataset.bad_rows else ""
        raise BadDataset(f"{dataset.name} holds no usable question; {len(dataset.bad_rows)} rows were left out.{first}")
    return dataset


def _rows(path: Path) -> Iterator[EvalQuestion | BadRow]:
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError:
            yield BadRow(where, "not UTF-8")
        except json.JSONDecodeError as error:
            yield BadRow(where, f"not JSON: {error.msg} at column {error.colno}")
        else:
            yield row_question(row, where)


def _first_row_keys(path: Path) -> set[str]:
    for line in path.read_bytes().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        return set(row) if isinstance(row, dict) else set()
    return set()
