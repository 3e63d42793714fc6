"""Question, passages and answer as a generator should write it: from a run of `eval`, or from feedback.

The prompt is the one that the generator is asked with (rag/generation/prompt.py), so that training and
serving see the same text. Knows no model; tokens are counted by the caller's `count_tokens`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.results import PassageText, read
from rag.errors import BadDataset, QuestionTooLong
from rag.generation.prompt import build_messages
from rag.text import language, normalise
from rag.types import Chunk, Passage, Question, Style

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

Search = Callable[[str], Sequence[Passage]]
# As the system message asks for it.
_REFUSALS = {"ko": "노트에 답이 없습니다.", "en": "The notes don't say."}
_MARKERS = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Example:
    """Chat messages, and the answer that should follow them."""

    messages: list[BaseMessage]
    answer: str


@dataclass(frozen=True, slots=True)
class Examples:
    """What can be learnt from, and why the other rows cannot: reason -> how many."""

    usable: list[Example]
    left_out: Mapping[str, int]


def from_run(folder: Path, *, count_tokens: Callable[[str], int], max_prompt_tokens: int) -> Examples:
    """The questions of a run with what they found; the answer is the gold one and the passage that holds it.

    A question that has no answer becomes the refusal. A gold answer that no passage of the prompt holds
    is left out: it would teach to answer what the notes don't say.

    Raises:
        BadDataset: no run there, or no row of it that can be learnt from.
    """
    run = read(folder)
    try:
        texts = {text.chunk_id: text for text in run.passages(folder)}
        style, k = run.frame["asked"]["style"], run.frame["settings"]["retrieval"]["k"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadDataset(f"The run in {folder.name} cannot be read: {error!r}. Run it again.") from None
    made: list[Example | str] = []
    for result in run.results:
        found = [texts[row["chunk_id"]] for row in result.passages[:k] if row["chunk_id"] in texts]
        passages = [_passage(text, rank) for rank, text in enumerate(found, 1)]
        gold = next((text.strip() for text in result.answers if text.strip()), None)
        if not passages:
            made.append("no passages were found")
        elif result.is_impossible:
            made.append(_example(result.question, style, passages, count_tokens, max_prompt_tokens, None))
        elif gold is None:
            made.append("no gold answer")
        else:
            made.append(_example(result.question, style, passages, count_tokens, max_prompt_tokens, gold))
    return _sorted_out(made, f"The run in {folder.name}")


def from_feedback(
    file: Path, *, search: Search, count_tokens: Callable[[str], int], max_prompt_tokens: int
) -> Examples:
    """The answers that people liked, with the passages that `search` finds for their questions today.

    Feedback keeps no passages: an answer whose markers don't fit those of today is left out.

    Raises:
        BadDataset: no such file, or no row of it that can be learnt from.
    """
    if not file.is_file():
        raise BadDataset(f"No feedback at {file.name}. The chat page writes it to feedback.jsonl in the data folder.")
    made: list[Example | str] = []
    for line in file.read_bytes().splitlines():
        try:
            row = json.loads(line)
            question, answer, verdict = str(row["question"]), str(row["answer"]).strip(), row["verdict"]
        except (ValueError, KeyError, TypeError):
            made.append("not a line of feedback")
            continue
        if verdict != "up" or not answer:
            made.append("nobody liked it")
            continue
        made.append(_liked(question, answer, search(question), count_tokens, max_prompt_tokens))
    return _sorted_out(made, file.name)


def _liked(
    question: str, answer: str, passages: Sequence[Passage], count: Callable[[str], int], budget: int
) -> Example | str:
    try:
        prompt = build_messages(Question(question), passages, count_tokens=count, max_prompt_tokens=budget)
    except QuestionTooLong:
        return "the question fills the prompt"
    if any(not 1 <= int(number) <= len(prompt.passages) for number in _MARKERS.findall(answer)):
        return "the passages are not those of then"
    return Example(prompt.messages, answer)


def _example(
    question: str,
    style: Style,
    passages: Sequence[Passage],
    count: Callable[[str], int],
    budget: int,
    gold: str | None,
) -> Example | str:
    try:
        prompt = build_messages(Question(question, style=style), passages, count_tokens=count, max_prompt_tokens=budget)
    except QuestionTooLong:
        return "the question fills the prompt"
    if gold is None:
        return Example(prompt.messages, _REFUSALS[language(question)])
    holds = (n for n, passage in enumerate(prompt.passages, 1) if _plain(gold) in _plain(passage.text))
    if (marker := next(holds, None)) is None:
        return "no passage holds the gold answer"
    answer = f"{gold} [{marker}]" if style == "short" else f"{gold.rstrip('. ')} [{marker}]."
    return Example(prompt.messages, answer)


def _plain(text: str) -> str:
    return " ".join(normalise(text).lower().split())


def _passage(text: PassageText, rank: int) -> Passage:
    chunk = Chunk(text.chunk_id, text.doc_id, text.start, text.end, text.text, text.heading, 0)
    return Passage(chunk, rank, 1 / rank, text.start, text.end, text.text, text.source, text.title)


def _sorted_out(made: Sequence[Example | str], name: str) -> Examples:
    usable = [item for item in made if isinstance(item, Example)]
    left_out: dict[str, Any] = {}
    for item in made:
        if isinstance(item, str):
            left_out[item] = left_out.get(item, 0) + 1
    if not usable:
        why = "; ".join(f"{count}: {reason}" for reason, count in left_out.items()) or "it is empty"
        raise BadDataset(
            f"{name} holds nothing to learn from ({why}). Expected questions with passages that hold their gold "
            "answers, or answers that people liked."
        )
    return Examples(usable, left_out)
