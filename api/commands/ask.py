"""`ask`, `chat` and `search`: questions from the terminal."""

from __future__ import annotations

import argparse
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from itertools import zip_longest
from typing import TYPE_CHECKING

from api.lines import line
from api.scopes import scope_of
from api.terminal import Terminal, bare, cut, wrap
from rag.errors import BadInput, Busy, EmptyQuestion, GenerationFailed
from rag.settings import LoadedSettings, Settings
from rag.types import Answer, AnswerDone, Citation, Explanation, Passage, Question, TokenWritten, Turn

if TYPE_CHECKING:
    from rag.pipeline import Pipeline

_CLOSEST = 3  # passages shown where the notes do not say
_HISTORY_TURNS = 12
_FEATURES = 5  # of the second look, those that add or take most
_INDENT = "    "


def ask(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """One question, one answer."""
    text = " ".join(args.question)
    asked = _asked(sys.stdin.read() if text == "-" else text)
    question = Question(asked, args.k, args.style, scope=scope_of(args))
    with opened(loaded.settings, terminal) as pipeline:
        if args.json:
            from api.schemas import AskResponse

            with redirect_stdout(sys.stderr):
                answer = pipeline.ask(question)
            terminal.json(AskResponse.of(answer, question.text).model_dump())
        else:
            _show(pipeline, question, terminal)
    return 0


def search(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """The passages for a query."""
    query = _asked(" ".join(args.query))
    with opened(loaded.settings, terminal, generate=False) as pipeline:
        with redirect_stdout(sys.stderr):
            result = pipeline.search(query, args.k, scope_of(args), explain=args.explain)
        if args.json:
            from api.schemas import SearchResponse

            terminal.json(SearchResponse.of(result).model_dump())
        elif result.passages:
            for passage, why in zip_longest(result.passages, result.explanations):
                _show_passage(passage, terminal, lines=3, score=True)
                if why is not None:
                    _show_why(why, terminal)
        else:
            terminal.say("nothing_found")
    return 0


def chat(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """A conversation, until /exit or the end of the input."""
    history: list[Turn] = []
    with opened(loaded.settings, terminal) as pipeline:
        if sys.stdin.isatty():
            terminal.say("chat_hello", "dim")
        for text in _inputs(terminal):
            if text in ("/exit", "/quit"):
                break
            if text.startswith("/"):
                terminal.say("chat_new" if text == "/new" else "chat_unknown", "dim")
                history = [] if text == "/new" else history
                continue
            try:
                turns = tuple(history[-_HISTORY_TURNS:])
                answer = _show(pipeline, Question(_asked(text), history=turns, scope=scope_of(args)), terminal)
            except KeyboardInterrupt:
                terminal.say("stopped", "dim")
            except (BadInput, GenerationFailed, Busy) as error:
                # One question went wrong; the conversation goes on.
                terminal.complain(error)
            else:
                # Markers belong to that answer's passages; in the next prompt they would point elsewhere.
                history += [Turn("user", text), Turn("assistant", re.sub(r"\s*\[\d+\]", "", answer.text))]
    return 0


@contextmanager
def opened(settings: Settings, terminal: Terminal, *, generate: bool = True) -> Iterator[Pipeline]:
    """The pipeline, with what fell back said once; closed at the end."""
    with terminal.passing("opening"), redirect_stdout(sys.stderr):
        from rag.wiring import open_pipeline

        pipeline = open_pipeline(settings, generate=generate, warm=generate)
    try:
        for why in pipeline.readiness().fallbacks:
            terminal.fell_back(why)
        yield pipeline
    finally:
        pipeline.close()


def _inputs(terminal: Terminal) -> Iterator[str]:
    if not sys.stdin.isatty():
        for asked in filter(None, map(str.strip, sys.stdin)):
            # Read from a pipe, the questions would be missing from what is seen.
            terminal.write(f"\n> {asked}", "dim")
            yield asked
        return
    import readline  # noqa: F401  (gives input() a line editor that knows double-width characters)

    while True:
        try:
            text = input("\n> ").strip()
        except EOFError:
            terminal.write()
            return
        if text:
            yield text


def _show(pipeline: Pipeline, question: Question, terminal: Terminal) -> Answer:
    started = time.monotonic()
    cancel = threading.Event()
    answer: Answer | None = None
    begun = False
    try:
        for event in pipeline.stream(question, cancel):
            if isinstance(event, TokenWritten):
                terminal.piece(event.text)
                begun = True
            elif isinstance(event, AnswerDone):
                answer = event.answer
    finally:
        cancel.set()
        if begun:
            terminal.write()
    if answer is None:
        raise GenerationFailed("The answer ended before it was whole. Ask again.")
    _show_grounds(answer, terminal)
    if terminal.err.isatty():
        took = line(terminal.language, "seconds", seconds=time.monotonic() - started)
        terminal.note(f"{answer.generator} · {took} · {answer.generation}", "dim")
    return answer


def _show_grounds(answer: Answer, terminal: Terminal) -> None:
    headings = {passage.chunk.chunk_id: passage.chunk.heading for passage in answer.passages}
    if answer.citations:
        terminal.write()
    for citation in answer.citations:
        _show_citation(citation, headings.get(citation.chunk_id, ""), terminal)
    weak = [sentence for sentence in answer.sentences if sentence.support != "supported"]
    if weak and not answer.abstained:
        terminal.write()
        terminal.write(line(terminal.language, "weak"), "warn")
        for sentence in weak:
            told = line(terminal.language, f"support_{sentence.support}")
            terminal.write(f"{_INDENT}{cut(bare(answer.text[sentence.start : sentence.end]), 60)} ({told})", "warn")
    if answer.abstained and answer.passages:
        terminal.write()
        terminal.write(line(terminal.language, "closest"), "bold")
        for passage in answer.passages[:_CLOSEST]:
            _show_passage(passage, terminal, lines=2)


def _show_citation(citation: Citation, heading: str, terminal: Terminal) -> None:
    head = terminal.style(f"[{citation.marker}]", "marker")
    where = _where(citation.source, heading)
    doubt = ""
    if citation.support != "supported":
        doubt = " " + terminal.style(line(terminal.language, f"support_{citation.support}"), "warn")
    span = terminal.style(f"({citation.start}–{citation.end})", "dim")
    terminal.write_raw(f"{head} {terminal.style(where, 'bold')} {span}{doubt}")
    for row in wrap(f"“{bare(citation.quote)}”", terminal.columns, _INDENT):
        terminal.write(row)


def _show_passage(passage: Passage, terminal: Terminal, *, lines: int, score: bool = False) -> None:
    where = terminal.style(_where(passage.source, passage.chunk.heading), "bold")
    span = f"({passage.start}–{passage.end})" + (f" {_score(passage.score)}" if score else "")
    terminal.write_raw(f"{passage.rank}. {where} {terminal.style(span, 'dim')}")
    rows = wrap(bare(passage.text), terminal.columns - 1, _INDENT)
    for i, row in enumerate(rows[:lines]):
        terminal.write(row + "…" if i == lines - 1 and len(rows) > lines else row)


def _show_why(why: Explanation, terminal: Terminal) -> None:
    def told(key: str, **values: object) -> None:
        for row in wrap(line(terminal.language, key, **values), terminal.columns - 1, _INDENT):
            terminal.write(row, "dim")

    told("why_words", rank=why.words_rank or "–", score=why.words_score)
    told("why_meaning", rank=why.meaning_rank or "–", score=why.meaning_score)
    if why.matched:
        told("why_matched", terms=", ".join(f"{one.term} ({one.idf:.1f})" for one in why.matched))
    told("why_fused", score=why.fused_score)
    if why.second_look is not None:
        best = sorted(why.features, key=lambda feature: -abs(feature.share))[:_FEATURES]
        shares = ", ".join(f"{feature.name} {feature.share:+.2f}" for feature in best)
        told("why_second", score=why.second_look, shares=shares)


def _score(score: float) -> str:
    return "< 0.001" if score < 0.001 else f"{score:.3g}"


def _where(source: str, heading: str) -> str:
    return f"{source} › {heading.split(' > ')[-1]}" if heading else source


def _asked(text: str) -> str:
    """The question, refused here where that spares a person the loading of models.

    Raises:
        EmptyQuestion: nothing is asked.
        BadInput: the terminal sent bytes that are no text.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput("The question is not UTF-8. Set the terminal to UTF-8 and ask again.") from None
    if not text.strip():
        raise EmptyQuestion("The question is empty. Ask in words, for example: LSTM의 게이트는 왜 필요한가?")
    return text.strip()
