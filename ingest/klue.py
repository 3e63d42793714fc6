"""KLUE-MRC (hub, parquet, release JSON, JSONL) -> Documents and questions.

A passage that several questions share is one document; its id is a hash of its text, so that the same
passage has the same id wherever the data set was read from. The title stands apart from the text.
Source of the format: Park et al. 2021, KLUE: Korean Language Understanding Evaluation.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.notes import Failure, document_id
from rag.errors import BadNotes, NotReady
from rag.models import hub_reachable
from rag.text import language, normalise
from rag.types import Document

HUB_ID, HUB_CONFIG = "klue/klue", "mrc"
ROOT = "klue-mrc"
SPLITS = ("train", "validation")


@dataclass(frozen=True, slots=True)
class KlueQuestion:
    """A question with its gold answers; `answer_starts` count characters of the document's text."""

    guid: str
    question: str
    answers: tuple[str, ...]
    answer_starts: tuple[int, ...]
    is_impossible: bool
    question_type: int | None
    doc_id: str


@dataclass(frozen=True, slots=True)
class KlueData:
    """Passages once each, questions in the order of the file, and the rows that could not be used."""

    documents: list[Document]
    questions: list[KlueQuestion]
    failures: list[Failure]


def load_klue(source: str) -> KlueData:
    """KLUE-MRC from `train` or `validation` of the hub's klue/klue, or a folder or file.

    Raises:
        BadNotes: no such file or folder, or one that holds no KLUE-MRC row.
        NotReady: the hub is out of reach.
    """
    documents: dict[str, Document] = {}
    questions: list[KlueQuestion] = []
    failures: list[Failure] = []
    for number, row in enumerate(_rows(source, failures), 1):
        try:
            document, question = _read_row(row)
        except (KeyError, TypeError, ValueError) as error:
            failures.append(Failure(f"row {number}", f"not a KLUE-MRC row: {_reason(error)}"))
            continue
        documents.setdefault(document.doc_id, document)
        questions.append(question)
    if not documents:
        raise BadNotes(f"{source} holds no KLUE-MRC row (guid, title, context, question, answers).")
    return KlueData(list(documents.values()), questions, failures)


def _read_row(row: Mapping[str, Any]) -> tuple[Document, KlueQuestion]:
    if not isinstance(row, Mapping):
        raise TypeError("not an object")
    raw = _text(row, "context")
    context = normalise(raw)
    if not context.strip() or "\0" in context:
        raise ValueError("its context is empty" if "\0" not in context else "its context holds NUL characters")
    guid, title = _text(row, "guid"), normalise(_text(row, "title")) if row.get("title") else ""
    doc_id = document_id(ROOT, context)
    metadata = {"origin": "klue", "format": "passage", "language": language(context)}
    metadata |= {key: str(row[key]) for key in ("news_category", "source") if row.get(key)}
    answers = row.get("answers") or {}
    # The hub keeps answers as columns, the release as a list of records.
    if isinstance(answers, Mapping):
        pairs = list(zip(answers.get("text", []), answers.get("answer_start", []), strict=True))
    else:
        pairs = [(answer["text"], answer["answer_start"]) for answer in answers]
    if not all(isinstance(text, str) for text, _ in pairs):
        raise TypeError("an answer is no text")
    impossible = bool(row.get("is_impossible"))
    question = KlueQuestion(
        guid,
        normalise(_text(row, "question")),
        # Some copies of the data carry plausible answers here: is_impossible has the last word.
        () if impossible else tuple(normalise(text) for text, _ in pairs),
        () if impossible else tuple(len(normalise(raw[: int(start)])) for _, start in pairs),
        impossible,
        row.get("question_type"),
        doc_id,
    )
    return Document(doc_id, guid, title, context, metadata), question


def _rows(source: str, failures: list[Failure]) -> Iterable[Mapping[str, Any]]:
    if source in SPLITS and not Path(source).exists():
        return _from_hub(source)
    path = Path(source)
    if not path.exists():
        raise BadNotes(
            f"There is no {source}. --klue-mrc takes train, validation, a folder, .json, .jsonl or .parquet."
        )
    if path.is_dir():
        files = sorted(path.rglob("*.parquet"))
        if not files:
            others = sorted([*path.glob("*.jsonl"), *path.glob("*.json")])
            if not others:
                raise BadNotes(f"{source} holds no .parquet, .json or .jsonl file.")
            return (row for file in others for row in _from_file(file, failures))
        return _from_parquet(files)
    return _from_file(path, failures)


def _from_file(path: Path, failures: list[Failure]) -> Iterable[Mapping[str, Any]]:
    match path.suffix.lower():
        case ".parquet":
            return _from_parquet([path])
        case ".jsonl":
            return _from_lines(path, failures)
        case ".json":
            return _from_release(path)
        case _:
            raise BadNotes(f"{path.name} is no KLUE-MRC file. Expected .json, .jsonl or .parquet.")


def _from_hub(split: str) -> Iterator[Mapping[str, Any]]:
    from datasets import load_dataset
    from datasets.exceptions import DatasetNotFoundError

    # With the hub out of reach the library still reads its own cache; it only must not try for long.
    if not hub_reachable():
        from datasets import config

        config.HF_HUB_OFFLINE = True
    try:
        rows = load_dataset(HUB_ID, HUB_CONFIG, split=split)
    except (OSError, ValueError, DatasetNotFoundError) as error:
        raise NotReady(
            f"{HUB_ID} ({HUB_CONFIG}, {split}) is not in the cache and could not be fetched from the hub "
            f"({type(error).__name__}). Connect, or name a file: --klue-mrc FILE.jsonl."
        ) from error
    yield from rows


def _from_parquet(files: list[Path]) -> Iterator[Mapping[str, Any]]:
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    # The library copies what it reads into a cache; a folder of its own keeps none of it.
    with tempfile.TemporaryDirectory() as cache:
        try:
            rows = load_dataset("parquet", data_files=[str(file) for file in files], split="train", cache_dir=cache)
        except (OSError, ValueError, DatasetGenerationError) as error:
            raise BadNotes(f"{files[0].name} cannot be read as parquet ({type(error).__name__}).") from error
        yield from rows


def _from_lines(path: Path, failures: list[Failure]) -> Iterator[Mapping[str, Any]]:
    # Line by line, not through a table reader: one bad line must not cost the file.
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError("not an object")
            except ValueError as error:
                failures.append(Failure(f"{path.name}:{number}", f"not a JSON line: {error}"))
                continue
            yield row


def _from_release(path: Path) -> Iterator[Mapping[str, Any]]:
    """Rows of the release file: {version, data: [{title, paragraphs: [{context, qas: [...]}]}]}, or a list."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadNotes(f"{path.name} is not JSON: {error}.") from None
    if isinstance(content, list):
        yield from content
        return
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        raise BadNotes(f'{path.name} is not the KLUE-MRC release: no list "data" in it.')
    for article in content["data"]:
        for paragraph in _parts(article, "paragraphs"):
            shared = {key: article.get(key) for key in ("title", "news_category", "source")}
            for question in _parts(paragraph, "qas"):
                guid = question.get("guid") or question.get("id")
                yield shared | {"context": paragraph.get("context")} | question | {"guid": guid}


def _parts(record: Any, key: str) -> list[dict[str, Any]]:
    value = record.get(key) if isinstance(record, dict) else None
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row[key]
    if not isinstance(value, str):
        raise TypeError(f"its {key} is no text")
    return value


def _reason(error: Exception) -> str:
    return f"no {error.args[0]}" if isinstance(error, KeyError) else str(error)
