import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval import intervals

scipy_stats = pytest.importorskip("scipy.stats")


def test_counts_are_resamples_of_the_questions() -> None:
    blocks = list(intervals.counts(40, resamples=1000, seed=3))
    weights = np.vstack(blocks)
    assert weights.shape == (1000, 40)
    assert (weights.sum(axis=1) == 40).all()
    assert abs(weights.mean() - 1) < 1e-12
    assert weights.var(axis=0).mean() == pytest.approx(1 - 1 / 40, rel=0.1)
    assert (weights == np.vstack(list(intervals.counts(40, resamples=1000, seed=3)))).all()
    assert (weights != np.vstack(list(intervals.counts(40, resamples=1000, seed=4)))).any()


@pytest.mark.parametrize("kind", ["zero or one", "skewed", "few"])
def test_bca_agrees_with_scipy(kind: str) -> None:
    lots = np.random.default_rng(5)
    values = {
        "zero or one": (lots.random(300) < 0.9).astype(float),
        "skewed": lots.exponential(size=200),
        "few": lots.random(12),
    }[kind]
    ours = intervals.mean(values.tolist(), seed=1)
    theirs = scipy_stats.bootstrap((values,), np.mean, n_resamples=10_000, method="BCa", rng=2).confidence_interval
    assert ours is not None
    assert ours.value == pytest.approx(values.mean())
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.05 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.05 * width)


def test_a_ratio_agrees_with_scipy_on_pairs() -> None:
    lots = np.random.default_rng(6)
    refused = lots.random(250) < 0.3
    due = refused & (lots.random(250) < 0.7)

    def precision(top, bottom, axis=-1):
        return top.sum(axis=axis) / bottom.sum(axis=axis)

    ours = intervals.ratios(due[:, None].astype(float), refused[:, None].astype(float))[0]
    theirs = scipy_stats.bootstrap(
        (due.astype(float), refused.astype(float)), precision, paired=True, n_resamples=10_000, method="BCa", rng=3
    ).confidence_interval
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.006)


def test_all_right_is_not_certainty() -> None:
    found = intervals.mean([1.0] * 20)
    exact = scipy_stats.binomtest(20, 20).proportion_ci(method="exact")
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((1.0, exact.low, exact.high))
    wrong = intervals.mean([0.0] * 20)
    exact = scipy_stats.binomtest(0, 20).proportion_ci(method="exact")
    assert wrong is not None
    assert (wrong.low, wrong.high) == pytest.approx((exact.low, exact.high))


def test_constant_and_empty_columns() -> None:
    assert intervals.mean([]) is None
    assert intervals.mean([0.5] * 9) == intervals.Interval(0.5, 0.5, 0.5)
    nothing = intervals.ratios(np.zeros((4, 1)), np.zeros((4, 1)))
    assert nothing == [None]


@pytest.mark.parametrize("n", [1, 2, 5, 30, 201])
def test_median_lies_between_its_order_statistics(n: int) -> None:
    values = np.random.default_rng(n).random(n)
    found = intervals.median(values.tolist())
    assert found is not None
    assert found.value == pytest.approx(np.median(values))
    assert found.low <= found.value <= found.high
    if n == 201:
        theirs = scipy_stats.quantile_test(values, p=0.5).confidence_interval()
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.03)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
@settings(max_examples=50, deadline=None)
def test_auroc_agrees_with_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels = [float(score) for score, _ in rows], [label for _, label in rows]
    found = intervals.auroc(scores, labels, resamples=200)
    if len(set(labels)) < 2:
        assert found is None
    else:
        assert found is not None
        assert found.value == pytest.approx(metrics.roc_auc_score(labels, scores))


def test_auroc_interval_covers_what_it_should() -> None:
    lots = np.random.default_rng(8)
    labels = lots.random(300) < 0.5
    scores = lots.normal(size=300) + labels
    found = intervals.auroc(scores.tolist(), labels.tolist())
    assert found is not None
    # Hanley and McNeil's standard error is another road to the same width.
    a, pos, neg = found.value, labels.sum(), (~labels).sum()
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    error = ((a * (1 - a) + (pos - 1) * (q1 - a * a) + (neg - 1) * (q2 - a * a)) / (pos * neg)) ** 0.5
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    # Values of statsmodels 0.15, mcnemar(exact=True).
    [(3, 10, 0.09228515625), (0, 1, 1.0), (7, 7, 1.0), (12, 31, 0.005401572654591291), (120, 80, 0.005685155996750306)],
)
def test_mcnemar_by_another_hand(only_a: int, only_b: int, p: float) -> None:
    assert intervals.mcnemar(only_a, only_b) == pytest.approx(p)
    theirs = scipy_stats.binomtest(only_a, only_a + only_b).pvalue
    assert intervals.mcnemar(only_a, only_b) == pytest.approx(theirs)


def test_mcnemar_of_runs_that_agree_and_of_large_ones() -> None:
    assert intervals.mcnemar(0, 0) == 1.0
    assert intervals.mcnemar(1500, 1984) == pytest.approx(scipy_stats.binomtest(1500, 3484).pvalue, rel=1e-6)


def test_holm_by_another_hand() -> None:
    # Values of statsmodels 0.15, multipletests(method="holm").
    assert intervals.holm([0.01, 0.04, 0.03, 0.005, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.5])
    assert intervals.holm([]) == []


def test_p_of_a_shift_agrees_with_a_t_test_and_of_nothing_is_large() -> None:
    lots = np.random.default_rng(9)
    differences = lots.normal(0.12, 1, size=400)
    replicates = np.concatenate([weights @ differences / 400 for weights in intervals.counts(400)])
    found = intervals.p_value(replicates, float(differences.mean()))
    assert found == pytest.approx(scipy_stats.ttest_1samp(differences, 0).pvalue, abs=0.01)
    assert intervals.p_value(np.zeros(100), 0.0) == 1.0
