import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import BadDataset
from rag.grounding.calibration import Row, auroc, fit, risk_coverage, threshold_at


def rows(count=400, gap=1.5, seed=0):
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        yes = number % 2 == 0
        signals = {"a": float(rng.normal(gap if yes else 0.0)), "b": float(rng.normal()), "flat": 1.0}
        made.append(Row(signals, yes, "ko" if number % 4 < 2 else "en"))
    return made


def test_weights_are_those_that_made_the_data():
    rng = np.random.default_rng(1)
    made = []
    for _ in range(6000):
        a, b = rng.normal(size=2)
        yes = rng.random() < 1 / (1 + np.exp(-(0.5 + 2.0 * a - 1.0 * b)))
        made.append(Row({"a": a, "b": b}, bool(yes), "ko"))
    fitted = fit(made, ridge=1e-6)
    assert fitted.weights["a"] == pytest.approx(2.0, abs=0.15)
    assert fitted.weights["b"] == pytest.approx(-1.0, abs=0.15)
    assert fitted.bias == pytest.approx(0.5, abs=0.15)


def test_thresholds_refuse_few_answerable_questions():
    made = rows()
    fitted = fit(made, false_refusals=0.05)
    for language in ("ko", "en"):
        own = [fitted.probability(r.signals) for r in made if r.answerable and r.language == language]
        assert np.mean(np.array(own) < fitted.thresholds[language]) <= 0.05


def test_a_language_without_rows_takes_the_threshold_of_all():
    fitted = fit([row for row in rows() if row.language == "ko"])
    assert fitted.thresholds["en"] == fitted.thresholds["ko"]


@pytest.mark.parametrize(
    "made",
    [rows(10), [row for row in rows() if row.answerable], rows(400, gap=0.0)],
    ids=["few", "one class", "no separation"],
)
def test_it_refuses_to_guess(made):
    with pytest.raises(BadDataset):
        fit(made)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_auroc_counts_pairs(positive, negative):
    pairs = [(p > n) + (p == n) / 2 for p in positive for n in negative]
    assert auroc(np.array(positive, float), np.array(negative, float)) == pytest.approx(sum(pairs) / len(pairs))


def test_threshold_keeps_its_promise():
    scores = np.arange(100) / 100
    assert np.mean(scores < threshold_at(scores, 0.05)) == pytest.approx(0.05)
    assert np.mean(scores < threshold_at(scores, 0.0)) == 0


def test_risk_and_coverage():
    coverage, risk = risk_coverage(np.array([0.9, 0.8, 0.1]), np.array([False, True, True]))
    assert coverage.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert risk.tolist() == pytest.approx([0, 1 / 2, 2 / 3])
