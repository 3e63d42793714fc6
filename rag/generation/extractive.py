"""The embedded answerer: picks the sentences that answer, in the notes' own words, and invents nothing.

Reads the records in the last message's `additional_kwargs` (see prompt.py), never prompt text; needs
no model file. Writes at most two sentences, each with its marker [n]; writes nothing when no sentence
of the passages shares a word with the question. Sampling options are accepted and change nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from rag.generation.asking import Asked, read_question, squeezed
from rag.generation.candidates import Candidate, read_candidates, said
from rag.generation.cues import SUBJECT_BEFORE
from rag.generation.listing import listed
from rag.generation.selection import ranked
from rag.generation.spans import best_span
from rag.types import Passage, Question

# Shown characters of an answer, markers not counted.
_ANSWER_CHARS = 200
_LOOKED_AT = 12
# A second sentence must have at least this share of the first one's odds to be worth reading.
_SECOND_SHARE = 0.03
_CLAUSE_END = re.compile(r"(?<=[,;:])\s+|(?<=[고며나만])\s+|(?<=는데)\s+|(?<=지만)\s+")
_EMPHASIS = re.compile(r"\*\*|(?<!\w)__|__(?!\w)")
_BREAK = re.compile(r"\s*\n\s*")
_FULL_STOP = re.compile(r"[.!?。！？…]+$")


class ExtractiveAnswerer(BaseChatModel):
    """A chat model that quotes."""

    name: str | None = "extractive"

    @property
    def _llm_type(self) -> str:
        return "extractive"

    def get_num_tokens(self, text: str) -> int:
        """Always 0: it reads records, so that no budget cuts its passages."""
        return 0

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        whole = None
        for chunk in self._stream(messages, stop, run_manager, **kwargs):
            whole = chunk if whole is None else whole + chunk
        assert whole is not None
        return ChatResult(generations=[ChatGeneration(message=whole.message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        question, passages = _records(messages)
        text = _before_stop(answer(question, passages), stop) if question is not None else ""
        for piece in re.findall(r"\s*\S+|\s+$", text):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk
        usage = UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage, chunk_position="last"))


def answer(question: Question, passages: Sequence[Passage]) -> str:
    """At most two sentences of the passages, or the span alone for style "short"; "" when none fits."""
    asked = read_question(question)
    everything = [c for place, passage in enumerate(passages) for c in read_candidates(place, passage)]
    candidates = ranked(asked, everything)
    if not candidates:
        return ""
    if question.style == "short":
        return _short(asked, candidates, everything)
    looked = [_cut(asked, c) for c in candidates[:_LOOKED_AT]]
    chosen = listed(asked, everything, _ANSWER_CHARS) or _led(_chosen(looked), everything)
    lines = [*_head(chosen), *map(_shown, chosen)]
    # A line that ends without a full stop (a list item, code) would run into the next one.
    return "".join(line if number == 0 else _gap(lines[number - 1]) + line for number, line in enumerate(lines))


def _chosen(looked: Sequence[Candidate]) -> list[Candidate]:
    """The one or two sentences that together are likeliest to answer within the limit."""
    odds = [math.exp(candidate.score - looked[0].score) for candidate in looked]
    best, likeliest = [looked[0]], odds[0]
    for (i, first), (j, second) in combinations(enumerate(looked), 2):
        fits = len(said(first.text)) + len(said(second.text)) < _ANSWER_CHARS and odds[j] >= _SECOND_SHARE * odds[i]
        if fits and odds[i] + odds[j] > likeliest and not _repeats(first, second):
            best, likeliest = [first, second], odds[i] + odds[j]
    # Two sentences of one passage read in its order.
    return sorted(best, key=lambda c: c.start) if len({c.place for c in best}) == 1 else best


def _led(chosen: list[Candidate], everything: Sequence[Candidate]) -> list[Candidate]:
    """A sentence that speaks of the one before ("이는 ...", "This ...") brings it along, instead of any other."""
    best = max(chosen, key=lambda c: c.score)
    if best.form != "prose" or not SUBJECT_BEFORE.match(best.text):
        return chosen
    before = next((c for c in reversed(everything) if c.place == best.place and c.end <= best.start), None)
    if before is None or before.form != "prose" or before.section != best.section or before in chosen:
        return chosen
    return [before, best] if len(said(before.text)) + len(said(best.text)) <= _ANSWER_CHARS else chosen


def _head(chosen: Sequence[Candidate]) -> list[str]:
    """The head of a table of three columns and more: without it the values of a row say nothing."""
    first = chosen[0]
    if first.form != "row" or first.columns.count("|") < 2 or "|" not in first.text:
        return []
    room = _ANSWER_CHARS - sum(len(c.text) for c in chosen)
    return [f"{first.columns} [{first.place + 1}]"] if len(first.columns) <= room else []


def _repeats(first: Candidate, second: Candidate) -> bool:
    one, other = squeezed(said(first.text)), squeezed(said(second.text))
    return one in other or other in one


def _cut(asked: Asked, candidate: Candidate) -> Candidate:
    """The sentence, or, where it is longer than anybody reads, its clauses around what was asked."""
    text = candidate.text
    if len(said(text)) <= _ANSWER_CHARS:
        return candidate
    edges = [0, *(match.end() for match in _CLAUSE_END.finditer(text)), len(text)]
    clauses = [(start, end) for start, end in pairwise(edges) if end > start]
    met = [sum(term in text[start:end].lower() for term in asked.terms) for start, end in clauses]
    first = last = max(range(len(clauses)), key=lambda i: (met[i], -i))
    while True:
        wider = [(a, b) for a, b in ((first, last + 1), (first - 1, last)) if a >= 0 and b < len(clauses)]
        fitting = [(a, b) for a, b in wider if len(said(text[clauses[a][0] : clauses[b][1]])) <= _ANSWER_CHARS]
        if not fitting:
            break
        first, last = max(fitting, key=lambda pair: sum(met[pair[0] : pair[1] + 1]))
    kept = text[clauses[first][0] : clauses[last][1]].strip()
    if len(said(kept)) > _ANSWER_CHARS:
        kept = kept[:_ANSWER_CHARS].strip()
    start = candidate.start + text.index(kept, clauses[first][0])
    return replace(candidate, start=start, end=start + len(kept), text=kept)


def _short(asked: Asked, candidates: Sequence[Candidate], everything: Sequence[Candidate]) -> str:
    found = best_span(asked, candidates, everything)
    if found is not None:
        candidate, span = found
        return f"{_EMPHASIS.sub('', candidate.text[span.start : span.end]).strip()} [{candidate.place + 1}]"
    best = candidates[0]
    clauses = [clause.strip() for clause in _CLAUSE_END.split(best.text) if clause.strip()]
    met = [sum(term in clause.lower() for term in asked.terms) for clause in clauses]
    clause = min((c for c, n in zip(clauses, met, strict=True) if n == max(met)), key=len, default=best.text)
    return f"{_EMPHASIS.sub('', _FULL_STOP.sub('', clause))} [{best.place + 1}]"


def _shown(candidate: Candidate) -> str:
    text = said(candidate.text) if candidate.form == "prose" else candidate.text
    if candidate.form == "code" and "`" not in text:
        text = f"`{_BREAK.sub(' ', text)}`"
    return f"{text} [{candidate.place + 1}]"


def _gap(line: str) -> str:
    return " " if _FULL_STOP.search(line.rpartition(" [")[0].rstrip("*_`\"'”’)]")) else "\n"


def _records(messages: Sequence[BaseMessage]) -> tuple[Question | None, tuple[Passage, ...]]:
    for message in reversed(messages):
        question = message.additional_kwargs.get("question")
        if isinstance(question, Question):
            return question, tuple(message.additional_kwargs.get("passages", ()))
    return None, ()


def _before_stop(text: str, stop: Sequence[str] | None) -> str:
    return text[: min((text.find(s) for s in stop or () if s and s in text), default=len(text))]
