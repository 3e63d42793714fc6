"""Questions -> results.jsonl, resumable; then the report.

Enters: settings, a Dataset and a folder. Leaves: the folder with a run in it. Several questions are
in flight at a time; the engine behind the pipeline bounds how many are answered, and a full queue
is waited for. Answers are greedy, so that a run can be repeated.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from eval import environment, report, results, retrieval, scoring, stats
from eval.dataset import Dataset, EvalQuestion, as_json, leave_out, select
from eval.judge import Judge
from eval.metrics import Scored
from eval.progress import Bar
from eval.results import Journal
from eval.retrieval import Gold
from eval.scoring import Reply
from eval.stats import Gate
from rag.errors import BadDataset, BadInput, GenerationFailed, QueueFull, ShuttingDown, StorageRefused
from rag.types import Question, Scope, Style

if TYPE_CHECKING:
    from rag.pipeline import Pipeline
    from rag.settings import Settings

T = TypeVar("T")

IN_FLIGHT = 4
_GIVE_UP_AFTER = 5
"""Generations that fail one after the other before the run stops: then it is not the questions."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to: its folder, how many were asked now, and the report as report.json holds it."""

    out: Path
    asked_now: int
    seconds: float
    report: dict[str, Any]


def run(
    settings: Settings,
    dataset: Dataset,
    out: Path,
    *,
    pipeline: Pipeline | None = None,
    limit: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    leave_out_share: float = 0.0,
    retrieval_only: bool = False,
    resume: bool = False,
    style: Style | None = None,
    in_flight: int | None = None,
    judge: Judge | None = None,
    gates: Sequence[Gate] = (),
    progress: bool = True,
) -> Summary:
    """Ask every question of `dataset`, write the run and its report to `out`.

    A run that was cut off goes on with `resume=True` and the same settings, and gives the same
    report. `pipeline` stands in for the one that settings describe, `judge` grades answers too.
    Questions whose generation failed are unscored, and asked again on resume.

    Raises:
        BadDataset: `out` holds another run, or a run and `resume` is off.
        NoIndex, DamagedIndex, NoModel, EncoderMismatch: no pipeline can be opened.
        GenerationFailed: five generations failed one after the other.
        StorageRefused: `out` cannot be written.
        GateNotMet: a gate is not met; the report is written all the same.
    """
    if not 0 <= leave_out_share <= 1:
        raise BadInput(f"--leave-out takes a share from 0 to 1, not {leave_out_share}.")
    settings = _greedy(settings)
    opened = pipeline or _open(settings, generate=not retrieval_only)
    try:
        asked, golds = _prepare(opened, dataset, limit, sample, seed, leave_out_share)
        frame = _frame(settings, opened, asked, style or dataset.style, seed, leave_out_share, retrieval_only)
        # As many as share the generator's steps, and one that is looked up meanwhile.
        in_flight = in_flight or max(IN_FLIGHT, settings.generator.parallel + 1)
        frame["in_flight"] = in_flight
        frame["judge"] = judge.as_json() if judge else None
        frame["dataset"] |= {"limit": limit, "sample": sample, "bad_rows": [asdict(row) for row in dataset.bad_rows]}
        _settle(out, frame, asked, golds, resume)
        started = time.monotonic()
        journal = Journal(out, [question.id for question in asked.questions])
        todo = [question for question in asked.questions if question.id not in journal.done]
        try:
            _ask_all(opened, todo, golds, journal, frame, settings, in_flight, judge, progress)
        finally:
            journal.close()
        seconds = time.monotonic() - started
        _refuse_a_mixture(out, frame["index"]["generation"], opened.readiness().generation)
    finally:
        if pipeline is None:
            opened.close()
    _put_in_order(out, asked.questions)
    made = report.write(out, seconds=seconds, asked_now=len(todo))
    stats.check_gates(gates, made["metrics"])
    return Summary(out, len(todo), seconds, made)


def _greedy(settings: Settings) -> Settings:
    # Without a budget of time, too: how fast the machine is today would change the prompts.
    fixed = {"temperature": 0.0, "first_token_budget_s": 0.0}
    return settings.model_copy(update={"generator": settings.generator.model_copy(update=fixed)})


def _open(settings: Settings, *, generate: bool) -> Pipeline:
    from rag.wiring import open_pipeline

    return open_pipeline(settings, generate=generate)


def _prepare(
    pipeline: Pipeline, dataset: Dataset, limit: int | None, sample: int | None, seed: int, share: float
) -> tuple[Dataset, dict[str, Gold]]:
    """The questions that are asked, and what a hit is for each of them."""
    golds = retrieval.golds(dataset.questions, pipeline.documents(), pipeline.document)
    if share:
        dataset = leave_out(dataset, share, {name: gold.documents for name, gold in golds.items()}, seed=seed)
        for question in dataset.questions:
            if question.left_out:
                golds[question.id] = Gold(why="its documents were taken out of retrieval")
    return select(dataset, limit=limit, sample=sample, seed=seed), golds


def _frame(
    settings: Settings,
    pipeline: Pipeline,
    dataset: Dataset,
    style: Style,
    seed: int,
    share: float,
    retrieval_only: bool,
) -> dict[str, Any]:
    """What a run is made of; two runs of one frame give the same answers."""
    ready = pipeline.readiness()
    return {
        "format": 1,
        "dataset": {
            "name": dataset.name,
            "kind": dataset.kind,
            "digest": dataset.digest,
            "questions": len(dataset.questions),
        },
        "asked": {"style": style, "seed": seed, "leave_out": share, "retrieval_only": retrieval_only},
        "embedder": ready.embedder,
        "generator": None if retrieval_only else ready.generator,
        "fallbacks": list(ready.fallbacks),
        "settings": environment.shown_settings(settings),
        "index": environment.index(settings.data_dir, ready.generation or ""),
        "versions": environment.versions(),
        "machine": environment.machine(),
        "git": environment.revision(),
    }


_FIXED = ("format", "dataset", "asked", "embedder", "generator", "judge", "settings", "index")


def _settle(out: Path, frame: dict[str, Any], dataset: Dataset, golds: dict[str, Gold], resume: bool) -> None:
    """Make `out` hold this run's frame and questions, or say why it cannot."""
    if (out / results.FRAME).exists():
        if not resume:
            raise BadDataset(f"{out.name} already holds a run. Add --resume to go on with it, or name another --out.")
        before = results.read_frame(out)
        changed = [name for name in _FIXED if before.get(name) != frame[name]]
        if changed:
            raise BadDataset(
                f"The run in {out.name} was made with another {', '.join(changed)}; going on would mix two runs. "
                "Name another --out."
            )
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageRefused(f"{out.name} cannot be made: {error.strerror}. Name another --out.") from None
    results.replace_lines(
        out / results.QUESTIONS, [_asked_line(question, golds[question.id]) for question in dataset.questions]
    )
    results.replace_json(out / results.FRAME, frame)


def _refuse_a_mixture(out: Path, before: str, after: str | None) -> None:
    if after != before:
        raise BadDataset(
            f"The index changed from {before} to {after} while the run went on: the results in {out.name} mix the two. "
            "Run again into another --out."
        )


def _asked_line(question: EvalQuestion, gold: Gold) -> dict[str, Any]:
    """A line of questions.jsonl: the question, and the documents its evidence was found in.

    The text of a whole document is left to passages.jsonl.
    """
    line = as_json(question)
    evidence = [
        item | {"text": ""} if whole.whole else item
        for item, whole in zip(line["evidence"], question.evidence, strict=True)
    ]
    return line | {"evidence": evidence, "gold_documents": list(question.left_out or gold.documents)}


def _ask_all(
    pipeline: Pipeline,
    questions: Sequence[EvalQuestion],
    golds: dict[str, Gold],
    journal: Journal,
    frame: dict[str, Any],
    settings: Settings,
    in_flight: int,
    judge: Judge | None,
    progress: bool,
) -> None:
    cancel = threading.Event()
    only = frame["asked"]["retrieval_only"]
    in_a_row = 0

    def ask(question: EvalQuestion) -> tuple[Reply, Scored | None]:
        reply = _ask(pipeline, question, frame["asked"]["style"], only, cancel)
        return reply, judge.score(question, reply.answer) if judge and reply.answer else None

    bar = Bar(len(questions) + len(journal.done), journal.done.values(), progress)
    try:
        with closing(_side_by_side(ask, questions, in_flight, cancel)) as replies:
            for question, (reply, judged) in replies:
                result = scoring.score(question, golds[question.id], reply, settings.retrieval.k, judged)
                journal.write(result, scoring.texts(reply))
                bar.count(result)
                in_a_row = in_a_row + 1 if result.failed else 0
                if in_a_row >= _GIVE_UP_AFTER:
                    raise GenerationFailed(
                        f"{in_a_row} questions failed one after the other, the last with: {reply.why} "
                        "See to that, then go on with --resume."
                    )
    finally:
        bar.close()


def _ask(pipeline: Pipeline, question: EvalQuestion, style: Style, only: bool, cancel: threading.Event) -> Reply:
    scope = Scope(exclude_doc_ids=question.left_out)
    try:
        # Metrics look 20 passages deep, however few the answer is written from.
        found = _patiently(lambda: pipeline.search(question.question, retrieval.DEPTH, scope), cancel)
    except BadInput as error:
        return Reply((), why=str(error))
    if only:
        return Reply(found.passages)
    asked = Question(question.question, style=style, scope=scope)
    try:
        return Reply(found.passages, _patiently(lambda: pipeline.ask(asked, cancel), cancel))
    except GenerationFailed as error:
        return Reply(found.passages, why=f"{type(error).__name__}: {error}")


def _patiently(call: Callable[[], T], cancel: threading.Event) -> T:
    """The call's result, tried again for as long as the queue is full."""
    while True:
        try:
            return call()
        except ShuttingDown:
            raise
        except QueueFull as error:
            if cancel.wait(error.retry_after_s):
                raise


def _side_by_side(
    ask: Callable[[EvalQuestion], T], questions: Iterable[EvalQuestion], in_flight: int, cancel: threading.Event
) -> Generator[tuple[EvalQuestion, T], None, None]:
    """Questions with their replies as they come, `in_flight` at a time; leaving early cancels the rest."""
    todo = deque(questions)
    running: dict[Future[T], EvalQuestion] = {}
    with ThreadPoolExecutor(in_flight, thread_name_prefix="eval") as pool:
        try:
            while todo or running:
                while todo and len(running) < in_flight:
                    question = todo.popleft()
                    running[pool.submit(ask, question)] = question
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        finally:
            cancel.set()


def _put_in_order(out: Path, questions: Sequence[EvalQuestion]) -> None:
    """Rewrite results.jsonl in the order of the questions; while the run went it was that of arrival."""
    place = {question.id: number for number, question in enumerate(questions)}
    done = sorted(results.read(out).results, key=lambda result: place[result.id])
    results.replace_lines(out / results.RESULTS, [asdict(result) for result in done])
