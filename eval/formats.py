"""Data sets in other people's formats: KLUE-MRC, KorQuAD/SQuAD JSON, CSV.

Each reader takes a path (or the name of a split) and leaves a Dataset; what is shared with our own
JSONL (checks of a row, slices, repeated ids) stands in dataset.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from csv import DictReader
from io import StringIO
from pathlib import Path
from typing import Any

from eval.dataset import BadRow, Dataset, EvalQuestion, Evidence, finish, row_question
from rag.errors import BadDataset
from rag.text import normalise


def klue(source: str) -> Dataset:
    """KLUE-MRC as `ingest --klue-mrc` reads it, so that its documents carry the same ids.

    Raises:
        BadNotes: no such split, folder or file, or no row in it can be read.
    """
    from ingest.klue import load_klue

    data = load_klue(source)
    documents = {document.doc_id: document for document in data.documents}

    def rows() -> Iterator[EvalQuestion | BadRow]:
        for row in data.questions:
            document = documents[row.doc_id]
            origin = document.metadata.get("news_category") or document.metadata.get("source")
            yield EvalQuestion(
                id=row.guid,
                question=row.question,
                answers=() if row.is_impossible else row.answers,
                is_impossible=row.is_impossible,
                evidence=(Evidence(document.text, row.doc_id, document.source, whole=True),),
                slices={
                    "question type": "unknown" if row.question_type is None else str(row.question_type),
                    **({"source": origin} if origin else {}),
                },
            )
        for failure in data.failures:
            yield BadRow(failure.source, failure.error)

    return finish(Path(source).stem, "klue", rows(), style="short")


def squad_or_klue(source: str) -> Dataset:
    """A .json file of SQuAD's shape; KLUE's release has it too and names its questions by `guid`.

    Raises:
        BadDataset: not JSON, or not of that shape.
    """
    path = Path(source)
    try:
        tree = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadDataset(f"{path.name} is not JSON: {error}. Expected KorQuAD, SQuAD or KLUE-MRC.") from None
    articles = tree.get("data") if isinstance(tree, dict) else None
    if not isinstance(articles, list):
        raise BadDataset(f'{path.name} has no list under "data". Expected KorQuAD, SQuAD or KLUE-MRC; ours is .jsonl.')
    first = next((row for row, _ in _asked(articles) if isinstance(row, dict)), {})
    return klue(source) if "guid" in first else finish(path.stem, "squad", _squad(articles), style="short")


def _asked(articles: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Every question of a SQuAD tree with its context."""
    for article in articles:
        for paragraph in (article.get("paragraphs") or []) if isinstance(article, dict) else []:
            for row in (paragraph.get("qas") or []) if isinstance(paragraph, dict) else []:
                yield row, paragraph.get("context")


def _squad(articles: list[Any]) -> Iterator[EvalQuestion | BadRow]:
    for number, (row, context) in enumerate(_asked(articles), 1):
        where = str(row.get("id") or f"question {number}") if isinstance(row, dict) else f"question {number}"
        if not isinstance(row, dict) or not isinstance(row.get("question"), str) or not row["question"].strip():
            yield BadRow(where, "question is missing or empty")
            continue
        golds = row.get("answers") or []
        if not isinstance(context, str) or not context.strip():
            yield BadRow(where, "its paragraph has no context")
        elif not isinstance(golds, list) or not all(
            isinstance(g, dict) and isinstance(g.get("text"), str) for g in golds
        ):
            yield BadRow(where, "answers is not a list of {text, answer_start}")
        elif not golds and not row.get("is_impossible"):
            yield BadRow(where, "no answer, and not marked is_impossible")
        else:
            impossible = bool(row.get("is_impossible"))
            # Two annotators often mark the same words: a gold counts once.
            texts = tuple(dict.fromkeys(normalise(gold["text"]) for gold in golds))
            yield EvalQuestion(
                id=where,
                question=normalise(row["question"]).strip(),
                answers=() if impossible else texts,
                is_impossible=impossible,
                evidence=(Evidence(normalise(context), whole=True),),
            )


_TRUE, _FALSE = frozenset(["true", "1", "yes", "y"]), frozenset(["", "false", "0", "no", "n"])


def csv(path: Path) -> Dataset:
    """Columns question, answers (or answer), and id, is_impossible, evidence, doc_id, source; others are slices.

    `answers` is one text, or a JSON list of several. Comma, semicolon and tab separate.

    Raises:
        BadDataset: not UTF-8, or no column `question`.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadDataset(f"{path.name} is not UTF-8. Save it again as “CSV UTF-8”.") from None
    header = text.split("\n", 1)[0]
    separator = max(",;\t", key=header.count)
    reader = DictReader(StringIO(text, newline=""), delimiter=separator)
    if "question" not in (reader.fieldnames or []):
        raise BadDataset(
            f"{path.name} has the columns {', '.join(reader.fieldnames or []) or 'none'}; expected question, "
            "answers, and if you like id, is_impossible, evidence, source."
        )
    return finish(path.stem, "csv", (_csv_row(row, f"row {number}") for number, row in enumerate(reader, 2)))


def _csv_row(row: Mapping[str | None, Any], where: str) -> EvalQuestion | BadRow:
    if None in row:
        return BadRow(where, "more cells than columns: quote texts that hold the separator")
    cells = {str(key).strip(): (value or "").strip() for key, value in row.items()}
    flag = cells.pop("is_impossible", "").lower()
    if flag not in _TRUE | _FALSE:
        return BadRow(where, f"is_impossible is {flag!r}, expected true or false")
    answers = cells.pop("answers", "") or cells.pop("answer", "")
    try:
        golds = json.loads(answers) if answers.startswith("[") else [answers] if answers else []
    except json.JSONDecodeError:
        golds = [answers]
    evidence = {key: cells.pop(key) for key in ("doc_id",) if key in cells}
    quoted, source = cells.pop("evidence", ""), cells.get("source", "")
    gold = {"text": quoted, "source": source or None, "doc_id": evidence.get("doc_id") or None}
    return row_question(
        {
            **{key: value for key, value in cells.items() if value},
            "answers": golds,
            "is_impossible": flag in _TRUE,
            "evidence": [gold] if gold["text"] or gold["doc_id"] else [],
        },
        where,
    )
