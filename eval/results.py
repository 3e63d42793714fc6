"""A run on disk: results.jsonl, passages.jsonl, questions.jsonl and run.json, and how they are read back.

results.jsonl and passages.jsonl grow line by line while the run goes; a line is whole or, after a
kill, the last one, which is dropped and redone. questions.jsonl holds what is asked and run.json
what a run is made of; both are written before the first question. Knows no pipeline.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

from rag.errors import BadDataset, StorageRefused

Failure = Literal[
    "right",
    "not retrieved",
    "retrieved, wrongly refused",
    "retrieved, wrong answer",
    "answered though unanswerable",
]
FAILURES: tuple[Failure, ...] = (
    "right",
    "not retrieved",
    "retrieved, wrongly refused",
    "retrieved, wrong answer",
    "answered though unanswerable",
)

RESULTS, PASSAGES, QUESTIONS, FRAME = "results.jsonl", "passages.jsonl", "questions.jsonl", "run.json"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of results.jsonl; `answer` and what hangs on it is None if nothing was asked."""

    id: str
    question: str
    answers: Sequence[str]
    is_impossible: bool
    answer: str | None
    prediction: str | None
    abstained: bool | None
    citations: Sequence[Mapping[str, Any]]
    passages: Sequence[Mapping[str, Any]]
    scores: Mapping[str, float | None]
    unscored: Mapping[str, str]
    failure: Failure | None
    timings_ms: Mapping[str, float | None]

    @property
    def failed(self) -> bool:
        """Whether an answer was asked for and none came; such a question is asked again on resume."""
        return self.answer is None and ANSWER in self.unscored


ANSWER = "answer"
"""Key under `unscored` for "no answer came, and why"."""


@dataclass(frozen=True, slots=True)
class PassageText:
    """One line of passages.jsonl: what a reader needs to show a passage."""

    chunk_id: str
    doc_id: str
    source: str
    title: str
    heading: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run read back; `asked` holds the lines of questions.jsonl by id, in their order."""

    name: str
    frame: Mapping[str, Any]
    asked: Mapping[str, Mapping[str, Any]]
    results: Sequence[Result]

    def passages(self, folder: Path) -> list[PassageText]:
        """The texts of the passages, read when somebody wants them."""
        return [PassageText(**row) for row in _whole_lines(folder / PASSAGES)[0]]


class Journal:
    """Appends results as they come; opening it on a run that was cut off keeps what is whole.

    Not thread-safe: one thread writes.

    Raises:
        StorageRefused: the folder cannot be written.
    """

    def __init__(self, folder: Path, keep: Iterable[str]) -> None:
        wanted = set(keep)
        try:
            done = [row for row in _recover(folder / RESULTS) if row["id"] in wanted and not Result(**row).failed]
            replace_lines(folder / RESULTS, done)
            self.done = {row["id"]: Result(**row) for row in done}
            known = [PassageText(**row) for row in _recover(folder / PASSAGES)]
            replace_lines(folder / PASSAGES, [asdict(passage) for passage in known])
            self._known = {(passage.chunk_id, passage.start, passage.end) for passage in known}
            self._results = (folder / RESULTS).open("a", encoding="utf-8")
            self._passages = (folder / PASSAGES).open("a", encoding="utf-8")
        except OSError as error:
            raise StorageRefused(f"{folder.name} cannot be written: {error.strerror}. Name another --out.") from None

    def write(self, result: Result, passages: Iterable[PassageText]) -> None:
        """One result, after the texts of those of its passages that were not written before."""
        for passage in passages:
            key = (passage.chunk_id, passage.start, passage.end)
            if key not in self._known:
                self._known.add(key)
                _append(self._passages, asdict(passage))
        _append(self._results, asdict(result))
        self.done[result.id] = result

    def close(self) -> None:
        """Flush and let go of the files."""
        self._results.close()
        self._passages.close()


def read_frame(folder: Path) -> dict[str, Any]:
    """What the run in `folder` was made of.

    Raises:
        BadDataset: no run there, or its run.json cannot be read.
    """
    try:
        return dict(json.loads((folder / FRAME).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise BadDataset(f"{folder.name} holds no run. Expected a folder that `eval --out` wrote.") from None
    except (OSError, ValueError) as error:
        raise BadDataset(f"{FRAME} in {folder.name} cannot be read: {error}. Run it again.") from None


def read(folder: Path) -> Run:
    """The run in `folder`, its results in the order of its questions.

    Raises:
        BadDataset: no run there, or one of its files cannot be read.
    """
    frame = read_frame(folder)
    try:
        asked = {row["id"]: row for row in _whole_lines(folder / QUESTIONS)[0]}
        results = {row["id"]: Result(**row) for row in _whole_lines(folder / RESULTS)[0]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadDataset(f"The run in {folder.name} cannot be read: {error}. Run it again.") from None
    return Run(folder.name, frame, asked, [results[name] for name in asked if name in results])


def replace_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a JSONL file so that a reader sees the old one or the new one, never half of it."""
    replace_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def replace_json(path: Path, tree: Mapping[str, Any]) -> None:
    """Write a JSON file so that a reader sees the old one or the new one, never half of it."""
    replace_text(path, json.dumps(tree, ensure_ascii=False, indent=1) + "\n")


def replace_text(path: Path, text: str) -> None:
    """Write a text file, its folder too, so that a reader sees the old one or the new one, never half of it.

    Raises:
        StorageRefused: the disk does not take it.
    """
    beside = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)  # noqa: PTH105
    except OSError as error:
        raise StorageRefused(
            f"{path.name} cannot be written: {error.strerror}. Make room or name another --out."
        ) from None


def _append(file: IO[str], row: Mapping[str, Any]) -> None:
    file.write(json.dumps(row, ensure_ascii=False) + "\n")
    file.flush()


def _recover(path: Path) -> list[dict[str, Any]]:
    return _whole_lines(path)[0] if path.exists() else []


def _whole_lines(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a JSONL file, and whether its last line was cut off (and is left out).

    Raises:
        ValueError: a line before the last is not JSON.
    """
    lines = path.read_bytes().split(b"\n")
    torn = bool(lines.pop())
    return [json.loads(line) for line in lines], torn
