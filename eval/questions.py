"""Draft questions with evidence from a user's own notes, for a person to accept or reject.

Enters: documents, and a chat model if there is one. Leaves: a JSONL file of drafts. By rule: what a
note defines, what its tables hold, what its headings ask. With a model: what it asks of a section,
kept only if its quote stands in the note and its answer in the quote. A draft counts in `eval` once
its `status` was changed from "draft" to "accept"; what a person decided is never overwritten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from eval.answers import normalise_korquad
from eval.dataset import draw
from eval.results import replace_lines
from eval.retrieval import squash
from rag.errors import BadDataset
from rag.text import language, sentences
from rag.types import Document

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Rule = Literal["definition", "table", "heading", "model"]
_RULES: tuple[Rule, ...] = ("definition", "table", "model", "heading")


@dataclass(frozen=True, slots=True)
class Draft:
    """A question that a note answers; `quote` stands in the note, white space aside word for word."""

    rule: Rule
    question: str
    answers: tuple[str, ...]
    quote: str


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a file of drafts: new ones, and those that were there before."""

    added: int
    kept: int
    path: Path


def make(
    documents: Iterable[Document],
    out: Path,
    *,
    per_document: int = 5,
    model: BaseChatModel | None = None,
    seed: int = 0,
) -> Made:
    """Write at most `per_document` drafts a document to `out`, below what stands there already.

    Raises:
        BadDataset: `out` holds a line that is not JSON.
        StorageRefused: `out` cannot be written.
    """
    before = _before(out)
    known = {row.get("id") for row in before}
    added = []
    for document in documents:
        found = [*by_rule(document), *(by_model(document, model) if model else ())]
        for draft in _chosen(document, found, per_document, seed):
            row = _row(document, draft)
            if row["id"] not in known:
                known.add(row["id"])
                added.append(row)
    replace_lines(out, [*before, *added])
    return Made(len(added), len(before), out)


def _before(out: Path) -> list[dict[str, Any]]:
    if not out.exists():
        return []
    try:
        return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines() if line.strip()]
    except ValueError as error:
        raise BadDataset(f"{out.name} holds a line that is not JSON: {error}. Mend it or name another file.") from None


def _row(document: Document, draft: Draft) -> dict[str, Any]:
    name = sha256(f"{document.source}\0{draft.question}\0{draft.quote}".encode()).hexdigest()[:12]
    return {
        "id": f"{draft.rule}-{name}",
        "status": "draft",
        "question": draft.question,
        "answers": list(draft.answers),
        "is_impossible": False,
        "evidence": [{"source": document.source, "text": draft.quote}],
        "lang": language(draft.question),
        "type": draft.rule,
    }


def _chosen(document: Document, drafts: list[Draft], most: int, seed: int) -> list[Draft]:
    """Rules take turns, so that one long table does not fill the file; seeded within a rule."""
    lots: list[tuple[int, int, Draft]] = []
    for order, rule in enumerate(_RULES):
        unique = {draft.question: draft for draft in drafts if draft.rule == rule}
        shuffled = sorted(unique.values(), key=lambda draft: draw(seed, document.source + draft.question))
        lots += [(turn, order, draft) for turn, draft in enumerate(shuffled)]
    return [draft for *_, draft in sorted(lots, key=lambda lot: lot[:2])[:most]]


def by_rule(document: Document) -> Iterator[Draft]:
    """Drafts from what a note defines, tabulates and asks in its headings; code is passed over."""
    above = ""
    for heading, block in _blocks(document.text):
        if heading != above and (draft := _from_heading(heading, block)):
            yield draft
        above = heading
        if block.lstrip().startswith("|"):
            yield from _from_table(heading, block)
            continue
        for span in sentences(block):
            yield from _from_sentence(block[span.start : span.end])


_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*$")
_FENCE = re.compile(r"\s*(```|~~~)")


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """(heading, block of lines without a blank one), fenced code left out."""
    heading, lines, fenced = "", [], False
    for line in [*text.split("\n"), ""]:
        if _FENCE.match(line):
            fenced = not fenced
        title = None if fenced else _HEADING.match(line)
        if line.strip() and not title and not fenced and not _FENCE.match(line):
            lines.append(line)
            continue
        if lines:
            yield heading, "\n".join(lines)
        lines = []
        heading = re.sub(r"^[\d.]+\s+", "", _plain(title[1])) if title else heading


_TERM = r"(?P<term>[A-Za-z가-힣][^.,:;|\n]{0,39}?)"
_SAYS = r"(?:이다|입니다|을 말한다|를 말한다|을 뜻한다|를 뜻한다)[.]?$"
_DEFINITIONS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        # "**용어**: 뜻", "- 용어 — 뜻"
        rf"^(?:[-*+]\s+|\d+[.)]\s+)?\*\*{_TERM}\*\*\s*(?:[:：]|[—–]|\s-\s)\s*(?P<what>.{{8,200}})$",
        rf"^{_TERM}(?:이란|란)\s+(?P<what>.{{5,200}}?){_SAYS}",
        rf"^{_TERM}(?:은|는)\s+(?P<what>.{{8,200}}?){_SAYS}",
        rf"^(?:An?\s|The\s)?{_TERM}\s+(?:is|are)\s+(?P<what>(?:an?|the)\s.{{8,200}}?)[.]?$",
    )
)
_NOT_A_TERM = frozenset(
    "이 그 저 이것 그것 저것 이는 여기 여기서 우리 나 이때 이유 결과 문제 핵심 단점 장점 예 참고 주의 "
    "it this that these those there here he she they we you what which one vs".split()
)


def _from_sentence(sentence: str) -> Iterator[Draft]:
    for pattern in _DEFINITIONS:
        found = pattern.match(sentence.strip())
        if not found:
            continue
        term, what = _plain(found["term"]), _plain(found["what"]).rstrip(".")
        if term and not _NOT_A_TERM & set(term.lower().split()) and len(term.split()) <= 4:
            yield Draft("definition", _what_is(term, sentence), (what,), sentence.strip())
        return


def _what_is(term: str, sentence: str) -> str:
    return f"{term}{_josa(term, '이란', '란')} 무엇인가요?" if language(sentence) == "ko" else f"What is {term}?"


def _from_heading(heading: str, block: str) -> Draft | None:
    """A heading that is a question is one; its evidence is the first sentence below it."""
    if not heading.rstrip().endswith(("?", "？")):
        return None
    first = next((block[span.start : span.end] for span in sentences(block)), "")
    return Draft("heading", heading, (), first) if len(first) >= 15 else None


def _from_table(heading: str, block: str) -> Iterator[Draft]:
    """A cell is asked for by its row's name and its column's name; columns without a name are passed over."""
    rows = [[_plain(cell) for cell in line.strip().strip("|").split("|")] for line in block.split("\n")]
    if len(rows) < 3 or not re.fullmatch(r"[\s|:-]+", block.split("\n")[1]):
        return
    head = rows[0]
    for line, cells in zip(block.split("\n")[2:], rows[2:], strict=True):
        if len(cells) != len(head) or not cells[0]:
            continue
        for column, cell in zip(head[1:], cells[1:], strict=True):
            if column and any(character.isalnum() for character in cell):
                yield Draft("table", _cell_question(heading, cells[0], column), (cell,), line.strip())


def _cell_question(heading: str, row: str, column: str) -> str:
    if language(heading + row + column) == "ko":
        return f"{heading + ': ' if heading else ''}{row}의 {column}{_josa(column, '은', '는')}?"
    return f"{heading + ': ' if heading else ''}what is the {column} of {row}?"


def _josa(word: str, closed: str, opened: str) -> str:
    """The particle that fits the word's last letter; both, in brackets, where the reading is not known."""
    last = next((character for character in reversed(word) if character.isalnum()), "")
    if "가" <= last <= "힣":
        return closed if (ord(last) - 0xAC00) % 28 else opened
    return f"({closed[0]}){opened}" if closed.endswith(opened) else f"{closed}({opened})"


def _plain(text: str) -> str:
    """Without the marks of emphasis, code and links."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]+", lambda found: found[1] or "", text).strip()


_PROMPT = """From the note below, write up to {most} questions that a student might ask and that the note
answers, in the language of the note. Reply with one JSON list and nothing else:
[{{"question": "...", "answer": "...", "quote": "..."}}]
answer: a few words copied from the note. quote: the sentence of the note that holds them, copied exactly.

<note>
{note}
</note>"""
_SECTION_CHARS = 2_000


def by_model(document: Document, model: BaseChatModel, *, most: int = 3) -> Iterator[Draft]:
    """What a model asks of a note, section by section; dropped unless quote and answer are the note's own."""
    for section in _sections(document.text):
        reply = str(model.invoke(_PROMPT.format(most=most, note=section.replace("</note>", "")), temperature=0.0).text)
        for row in _listed(reply):
            question, answer, quote = (str(row.get(key) or "").strip() for key in ("question", "answer", "quote"))
            stands = len(quote) >= 10 and squash(quote) in squash(section)
            if question and answer and stands and normalise_korquad(answer) in normalise_korquad(quote):
                yield Draft("model", question, (answer,), quote)


def _sections(text: str) -> Iterator[str]:
    section = ""
    for _, block in _blocks(text):
        if section and len(section) + len(block) > _SECTION_CHARS:
            yield section
            section = ""
        section += block + "\n\n"
    if len(section.strip()) >= 40:
        yield section


def _listed(reply: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(reply[reply.find("[") : reply.rfind("]") + 1])
    except ValueError:
        return []
    return [row for row in rows if isinstance(row, dict)]
