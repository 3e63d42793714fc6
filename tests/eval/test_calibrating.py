from __future__ import annotations

import re

import numpy as np
import pytest

from eval import calibrating
from eval.calibrating import Asked, calibrate, look_up_all
from eval.calibration_page import curve, page
from eval.dataset import Dataset, EvalQuestion, Evidence
from rag.errors import BadDataset, BadInput
from rag.grounding.calibration import Row
from rag.grounding.signals import NAMES


def asked(count=120, gap=0.5, language="ko", seed=0):
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        yes = number % 2 == 0
        signals = dict.fromkeys(NAMES, 0.5)
        signals["place"] = float(np.clip(rng.normal(0.3 + gap * yes, 0.15), 0, 1))
        made.append(Asked(Row(signals, yes, language), number % calibrating.FOLDS))
    return made


QUESTIONS = (
    EvalQuestion(
        "a",
        "How long does a kitten sleep?",
        ("sixteen hours",),
        evidence=(Evidence("A kitten sleeps sixteen hours a day.", source="week2/felines.md"),),
    ),
    EvalQuestion("b", "Which mountain did the climbers reach?", is_impossible=True),
)


def test_a_question_is_looked_up_with_and_without_what_answers_it(course_retriever):
    def asked(share):
        made = look_up_all(
            course_retriever, Dataset("q", "jsonl", QUESTIONS), share=share, k=3, told=lambda: told.append(1)
        )
        return made

    told = []
    there, nowhere = asked(0.0)
    assert (there.row.answerable, there.found) == (True, True)
    assert (nowhere.row.answerable, nowhere.found) == (False, False)
    assert there.row.signals["place"] > nowhere.row.signals["place"]
    assert there.row.signals["meaning"] > nowhere.row.signals["meaning"]
    away, _ = asked(1.0)
    assert (away.row.answerable, away.found) == (False, False)
    assert away.row.signals["place"] < there.row.signals["place"]
    assert away.row.signals["meaning"] < there.row.signals["meaning"]
    assert len(told) == 4


def test_a_threshold_holds_the_rate_that_was_asked_for():
    (found,) = calibrate(asked(), false_refusals=0.1)
    assert (found.language, found.answerable, found.unanswerable) == ("ko", 60, 60)
    assert 0.9 < found.low < found.auroc < found.high <= 1
    assert found.calibration is not None
    assert found.false_refusals <= 0.15
    assert found.refused > 0.8
    assert found.as_json()["threshold"] == found.calibration.thresholds["ko"]


def test_more_false_refusals_allowed_refuse_more():
    strict, lenient = (calibrate(asked(gap=0.25), false_refusals=rate)[0] for rate in (0.02, 0.3))
    assert lenient.refused > strict.refused
    assert lenient.calibration.thresholds["ko"] > strict.calibration.thresholds["ko"]


def test_each_language_is_fitted_by_itself_and_one_may_fail():
    korean, english = calibrate([*asked(), *asked(count=20, language="en")])
    assert korean.calibration is not None
    assert english.calibration is None
    assert "10 questions with an answer and 10 without one" in english.why


def test_classes_that_do_not_separate_get_no_threshold():
    with pytest.raises(BadDataset, match="do not separate: AUROC 0"):
        calibrate(asked(gap=0.0))


def test_the_scores_behind_the_figures_are_of_questions_not_fitted_on():
    # Noise in every signal: a fit on all rows would seem to separate, a held-out one cannot.
    rng = np.random.default_rng(5)
    rows = [
        Asked(Row({name: float(rng.random()) for name in NAMES}, number % 2 == 0, "ko"), number % calibrating.FOLDS)
        for number in range(60)
    ]
    with pytest.raises(BadDataset):
        calibrate(rows)


@pytest.mark.parametrize("rate", [-0.1, 0.6])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(BadInput, match="--false-refusals"):
        calibrate(asked(), false_refusals=rate)


def test_no_question_at_all():
    with pytest.raises(BadDataset, match="no question"):
        calibrate([])


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_page_stands_alone(language):
    found = [*calibrate([*asked(), *asked(count=20, language="en")])]
    text = page(found, language)
    assert text.count("<svg") == 1
    assert "AUROC" in text
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)
    alone = curve(found[0], language, alone=True)
    assert alone.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "<style>" in alone
