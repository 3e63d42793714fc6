"""Questions with and without an answer -> a calibration of "the notes don't say", and how far to trust it.

Enters: a retriever over the live index and a Dataset. Leaves: a calibration for each language that the questions
tell apart, and for each that they do not, why. Knows no generator: the decision falls before anything is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eval.dataset import Dataset, leave_out
from eval.retrieval import golds
from rag.errors import BadDataset, BadInput
from rag.grounding.abstain import SHIPPED
from rag.grounding.calibration import Calibration, Language, Row, auroc, fit, risk_coverage, threshold_at
from rag.grounding.signals import signals
from rag.meaning import meaning
from rag.retrieval.followup import look_up
from rag.text import language
from rag.types import Scope

if TYPE_CHECKING:
    from rag.retrieval.retriever import NotesRetriever

MIN_OF_A_CLASS = 15
MIN_LOWER_BOUND = 0.6
FOLDS = 5
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as it was looked up: its signals, whether the notes answer it, which fold it is in.

    `found`: whether one of the passages holds its evidence.
    """

    row: Row
    fold: int
    found: bool = True


@dataclass(frozen=True, slots=True)
class Fitted:
    """What the questions of one language say.

    `auroc`, `low` and `high` (95 %) are of scores from folds that a question was not fitted on; `refused` and
    `false_refusals` are the shares refused at the threshold of those without and with an answer. `calibration` is
    None where no threshold was set, and `why` says so.
    """

    language: Language
    answerable: int
    unanswerable: int
    auroc: float | None = None
    low: float | None = None
    high: float | None = None
    refused: float | None = None
    false_refusals: float | None = None
    points: tuple[Mapping[str, float], ...] = ()
    calibration: Calibration | None = None
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Without the curve's points, as `calibrate --json` shows it."""
        threshold = self.calibration.thresholds[self.language] if self.calibration else None
        names = ("language", "answerable", "unanswerable", "auroc", "low", "high", "refused", "false_refusals", "why")
        return {name: getattr(self, name) for name in names} | {"threshold": threshold}


def look_up_all(
    retriever: NotesRetriever,
    dataset: Dataset,
    *,
    share: float,
    k: int,
    seed: int = 0,
    rarity: bool = True,
    told: Callable[[], None],
) -> list[Asked]:
    """Look every question up as `ask` does; `share` of the answerable ones without the documents that answer them.

    One result for each question, in their order. Without `rarity` words weigh by their kind alone, as they do for a
    caller that has no index.

    Raises:
        BadInput: `share` is not from 0 to 1.
    """
    if not 0 <= share <= 1:
        raise BadInput(f"--leave-out takes a share from 0 to 1, not {share}.")
    index = retriever.index
    found = golds(dataset.questions, index.documents(), index.document)
    documents = {name: gold.documents for name, gold in found.items()}
    made = []
    for question in leave_out(dataset, share, documents, seed=seed).questions:
        query = retriever.respelled(look_up(question.question, ()))
        scope = Scope(exclude_doc_ids=question.left_out)
        passages = retriever.retrieve(query, k, scope)
        near = meaning(retriever, query, passages, scope) if rarity else None
        values = signals(query, passages, idf=retriever.idf if rarity else None, meaning=near).values
        row = Row(values, not question.is_impossible, language(question.question))
        # Questions about one document stay together: a fold is not to learn from its neighbours.
        about = next(iter(documents.get(question.id) or ()), question.id)
        fold = int(hashlib.sha256(about.encode()).hexdigest(), 16) % FOLDS
        hit = row.answerable and bool(found[question.id].hits(passages))
        made.append(Asked(row, fold, hit))
        told()
    return made


def calibrate(asked: Sequence[Asked], *, false_refusals: float = 0.05, seed: int = 0) -> list[Fitted]:
    """One result for each language that was asked in, Korean first.

    Raises:
        BadInput: a rate of false refusals outside 0 to 0.5.
        BadDataset: no language of these questions allows a threshold.
    """
    if not 0 <= false_refusals <= 0.5:
        raise BadInput(f"--false-refusals takes a share from 0 to 0.5, not {false_refusals}.")
    found = []
    for name in ("ko", "en"):
        own = [one for one in asked if one.row.language == name]
        if own:
            found.append(_fitted(name, own, false_refusals, seed))
    if not any(one.calibration for one in found):
        said = " ".join(one.why for one in found) or "The data set holds no question."
        raise BadDataset(f"No threshold was set, the one that ships stays. {said}")
    return found


def _fitted(name: Language, asked: Sequence[Asked], false_refusals: float, seed: int) -> Fitted:
    rows = [one.row for one in asked]
    answerable = np.array([row.answerable for row in rows])
    counts = int(answerable.sum()), int((~answerable).sum())
    # One in twenty of fewer than twenty is none: the lowest score would be the threshold.
    least = max(MIN_OF_A_CLASS, ceil(1 / false_refusals) if false_refusals else 0)
    if min(counts) < least:
        why = (
            f"{counts[0]} questions with an answer and {counts[1]} without one; {least} of each are the "
            "least. Add questions, or leave out another share of documents with --leave-out."
        )
        return Fitted(name, *counts, why=why)
    scores = _unseen_scores(asked, SHIPPED[name])
    separation, low, high = area(scores, answerable, seed)
    coverage, risk = risk_coverage(scores, ~answerable)
    points = tuple({"coverage": float(c), "risk": float(r)} for c, r in zip(coverage, risk, strict=True))
    if low < MIN_LOWER_BOUND:
        why = (
            f"Questions with and without an answer do not separate: AUROC {separation:.2f}, 95 % from {low:.2f} to "
            f"{high:.2f}, and {MIN_LOWER_BOUND} is the least its lower end may be. Look whether the labels are right "
            "and the evidence is in the notes, or add questions."
        )
        return Fitted(name, *counts, separation, low, high, points=points, why=why)
    made = fit(rows, false_refusals=false_refusals, prior=SHIPPED[name])
    own = np.array([made.probability(row.signals) for row in rows])
    # The threshold comes from scores of questions that were not fitted on: a fit flatters its own.
    threshold = threshold_at(scores[answerable], false_refusals)
    made = Calibration(made.weights, made.bias, {"ko": threshold, "en": threshold})
    refused, false = float((own[~answerable] < threshold).mean()), float((own[answerable] < threshold).mean())
    return Fitted(name, *counts, separation, low, high, refused, false, points, made)


def _unseen_scores(asked: Sequence[Asked], prior: Calibration) -> NDArray[np.float64]:
    """Each question's score from a fit on the other folds, shape (n,)."""
    scores = np.zeros(len(asked))
    for fold in range(FOLDS):
        rest = [one.row for one in asked if one.fold != fold]
        held = [place for place, one in enumerate(asked) if one.fold == fold]
        both = {row.answerable for row in rest} == {True, False}
        model = fit(rest, prior=prior, least=0.0) if both and held else prior
        scores[held] = [model.probability(asked[place].row.signals) for place in held]
    return scores


def area(scores: NDArray[np.float64], answerable: NDArray[np.bool_], seed: int) -> tuple[float, float, float]:
    """AUROC with a 95 % bootstrap interval over questions, each class resampled by itself."""
    yes, no = scores[answerable], scores[~answerable]
    draw = np.random.default_rng(seed)
    drawn = [auroc(draw.choice(yes, len(yes)), draw.choice(no, len(no))) for _ in range(_RESAMPLES)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return auroc(yes, no), float(low), float(high)
