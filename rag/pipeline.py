"""ask(): retrieve, decide, prompt, generate, cite.

The three sisters (retrieval, generation, grounding) know nothing of each other; here they meet.
Everything is synchronous and safe to call from many threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from rag.errors import Cancelled, EmptyQuestion, NoModel, QuestionTooLong
from rag.generation.prompt import build_messages, system_message
from rag.grounding.abstain import answerable, is_refusal, refusal
from rag.grounding.citation import Citer
from rag.meaning import meaning
from rag.retrieval.followup import look_up
from rag.second_opinion import SecondOpinion
from rag.settings import Settings
from rag.text import typed
from rag.types import (
    Answer,
    AnswerDone,
    Document,
    DocumentSummary,
    Event,
    Explanation,
    Passage,
    PassagesFound,
    Question,
    Readiness,
    Scope,
    SearchResult,
    Timings,
    TokenWritten,
    Usage,
)

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from rag.generation.engine import Engine
    from rag.grounding.calibration import Calibration, Language
    from rag.retrieval.index import NotesIndex
    from rag.retrieval.retriever import NotesRetriever


# What of the time to the first word goes to reading the prompt: behind a long one a token takes longer than
# where the speed was measured, and the first word itself takes a step.
_FOR_READING = 0.9


class Notes(Protocol):
    """The notes as they stand now: a retriever over the live generation, and what fell back."""

    def retriever(self) -> NotesRetriever:
        """The retriever over the generation that is live at this moment."""
        ...

    def fallbacks(self) -> tuple[str, ...]:
        """What is not the first choice, and why, each a sentence for a person."""
        ...


@dataclass(frozen=True, slots=True)
class Writer:
    """The generator behind its queue: its name, and how it counts the tokens of a prompt."""

    name: str
    engine: Engine
    count_tokens: Callable[[str], int]
    fallbacks: tuple[str, ...] = ()
    backend: str | None = None
    affordable: Callable[[Sequence[BaseMessage], float], int | None] | None = None
    """Tokens of a prompt beginning with these messages whose first word comes in so many seconds; None: not known."""
    warm: Callable[[], None] | None = None
    """Reads a first prompt and times it; wants the machine for itself."""


class Pipeline:
    """From a question to a grounded answer."""

    def __init__(
        self,
        settings: Settings,
        notes: Notes,
        writer: Writer | None,
        calibration: Mapping[Language, Calibration] | None = None,
    ) -> None:
        """Without a writer only `search` answers; `calibration` is the user's own for refusing."""
        self.settings = settings
        self._notes = notes
        self._writer = writer
        self._calibration = calibration or {}
        self._second: SecondOpinion | None = None
        if writer is not None and settings.cross_check and writer.name != "extractive":
            self._second = SecondOpinion(writer.engine, settings.cross_check_threshold)

    @property
    def engine(self) -> Engine | None:
        """The bounded queue in front of the generator."""
        return self._writer.engine if self._writer else None

    def ask(self, question: Question, cancel: threading.Event | None = None) -> Answer:
        """The whole answer.

        Raises:
            EmptyQuestion, QuestionTooLong: a question that cannot be asked.
            QueueFull, ShuttingDown: the generator takes no more.
            DeadlineExceeded, Cancelled, GenerationFailed: it gave up.
        """
        for event in self.stream(question, cancel):
            if isinstance(event, AnswerDone):
                return event.answer
        raise AssertionError("a stream ends with AnswerDone or raises")

    def stream(self, question: Question, cancel: threading.Event | None = None) -> Iterator[Event]:
        """The answer as it is written; raises what `ask` raises, before or between events."""
        clock = _Clock()
        question = replace(question, text=typed(question.text))
        writer = self._require_writer()
        retriever = self._notes.retriever()
        self._check(question.text)
        query = retriever.respelled(self._looked_up(question, writer))
        heard = replace(question, text=retriever.respelled(question.text))
        passages = tuple(retriever.retrieve(query, question.k or self.settings.retrieval.k, question.scope))
        clock.retrieved()
        if cancel is not None and cancel.is_set():
            raise Cancelled("Nobody waits for this answer any more.")

        near = meaning(retriever, query, passages, question.scope)
        decision = answerable(query, passages, idf=retriever.idf, meaning=near, calibration=self._calibration)
        prompt = build_messages(
            heard,
            passages if decision.answerable else (),
            count_tokens=writer.count_tokens,
            max_prompt_tokens=self.settings.generator.max_prompt_tokens,
            affordable_tokens=self._affordable(heard, clock.seconds()),
        )
        citer = Citer(prompt.passages, strict=self.settings.grounding == "strict", question=question.text)
        generation = None
        if decision.answerable:
            # Queued before the first event: a full queue is said before anything else is.
            generation = writer.engine.submit(prompt.messages, cancel=cancel, **self._options())
        yield PassagesFound(passages)

        usage = Usage()
        abstained = generation is None
        if generation is not None:
            for piece in generation:
                for event in citer.feed(piece):
                    clock.written(event)
                    yield event
            for event in citer.close():
                clock.written(event)
                yield event
            usage = generation.usage
            abstained = not citer.text.strip() or is_refusal(citer.text)
        verdicts = ((), ()) if abstained else (citer.sentences, citer.citations)
        if self._second is not None and generation is not None:
            verdicts = self._second.on(question, citer.text, verdicts, prompt.passages, generation)
        text = citer.text
        if not text.strip():
            text = refusal(question.text)
            yield TokenWritten(text)
        answer = Answer(
            text=text,
            sentences=verdicts[0],
            citations=verdicts[1],
            passages=passages,
            abstained=abstained,
            generator=writer.name,
            usage=usage,
            timings_ms=clock.timings(),
            question=question.text,
            embedder=_embedder(retriever.index),
            generation=retriever.index.generation,
            answerable_score=decision.score,
            query=query,
        )
        yield AnswerDone(answer)

    def search(
        self, query: str, k: int | None = None, scope: Scope | None = None, *, explain: bool = False
    ) -> SearchResult:
        """The passages that a question finds; `explain` says of each why it was found.

        Raises:
            EmptyQuestion, QuestionTooLong: a query that cannot be looked up.
        """
        self._check(query)
        retriever = self._notes.retriever()
        passages: Sequence[Passage] = retriever.retrieve(query, k or self.settings.retrieval.k, scope)
        why: tuple[Explanation, ...] = ()
        if explain:
            from rag.retrieval.explain import explain as explained

            why = explained(retriever, query, passages, scope)
        return SearchResult(query, tuple(passages), retriever.index.generation, _embedder(retriever.index), why)

    def document(self, doc_id: str) -> Document:
        """A document of the notes, whole.

        Raises:
            UnknownDocument: no document of that id.
        """
        return self._notes.retriever().index.document(doc_id)

    def documents(self) -> list[DocumentSummary]:
        """What is indexed."""
        return self._notes.retriever().index.documents()

    def readiness(self) -> Readiness:
        """What answers now, and what fell back."""
        index = self._notes.retriever().index
        writer = self._writer
        unasked = self._second.fallbacks if self._second else ()
        fallbacks = (*self._notes.fallbacks(), *(writer.fallbacks if writer else ()), *unasked)
        return Readiness(
            writer is not None,
            index.generation,
            _embedder(index),
            writer.name if writer else None,
            fallbacks,
            writer.backend if writer else None,
        )

    def close(self, timeout_s: float = 0) -> None:
        """Take no new questions; running ones have `timeout_s` seconds to end."""
        if self._writer is not None:
            self._writer.engine.close(timeout_s)

    def _require_writer(self) -> Writer:
        if self._writer is None:
            raise NoModel("This pipeline was opened for searching only.")
        return self._writer

    def _check(self, text: str) -> None:
        if not any(character.isalnum() for character in text):
            raise EmptyQuestion("The question is empty. Ask in words, for example: LSTM의 게이트는 왜 필요한가?")
        limit = self.settings.max_question_chars
        if len(text) > limit:
            raise QuestionTooLong(f"The question has {len(text):,} characters, at most {limit:,} are read. Shorten it.")

    def _affordable(self, question: Question, passed_s: float) -> int | None:
        """Tokens of a prompt whose first word comes within the budget, of which `passed_s` is gone."""
        writer, budget_s = self._require_writer(), self.settings.generator.first_token_budget_s
        if writer.affordable is None or not budget_s:
            return None
        return writer.affordable([system_message(question)], _FOR_READING * max(0.0, budget_s - passed_s))

    def _looked_up(self, question: Question, writer: Writer) -> str:
        """The query for a question: a follow-up with what it points at, by the generator where that is wanted."""
        by_rule = look_up(question.text, question.history)
        if not self.settings.retrieval.condense or by_rule == question.text or writer.name == "extractive":
            return by_rule
        from rag.generation.condense import MAX_TOKENS, condense

        def write(messages: Sequence[BaseMessage], late: threading.Event) -> Iterator[str]:
            options = self._options() | {"max_new_tokens": MAX_TOKENS, "temperature": 0.0}
            yield from writer.engine.submit(list(messages), cancel=late, **options)

        return condense(question.text, question.history, by_rule, write)

    def _options(self) -> dict[str, Any]:
        generator = self.settings.generator
        return {
            "temperature": generator.temperature,
            "top_p": generator.top_p,
            "top_k": generator.top_k,
            "max_new_tokens": generator.max_new_tokens,
            "seed": generator.seed,
        }


class _Clock:
    """Milliseconds since the question came in."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._retrieve = 0.0
        self._first: float | None = None

    def retrieved(self) -> None:
        self._retrieve = self._now()

    def written(self, event: Event) -> None:
        if self._first is None and isinstance(event, TokenWritten):
            self._first = self._now()

    def seconds(self) -> float:
        return self._now() / 1000

    def timings(self) -> Timings:
        return Timings(self._retrieve, self._first, self._now())

    def _now(self) -> float:
        return round((time.perf_counter() - self._start) * 1000, 2)


def _embedder(index: NotesIndex) -> str | None:
    return index.manifest.encoder.id if index.manifest.encoder else None
