import pytest

from eval import intervals, stats
from eval.stats import Gate, check_gates, parse_gate
from rag.errors import BadInput, GateNotMet
from tests.eval.conftest import result


def judged(name: str, *, impossible: bool, abstained: bool, score: float | None, failure: str):
    return result(
        name, {"answerable_score": score, "em_klue": 1.0}, is_impossible=impossible, abstained=abstained,
        failure=failure,
    )  # fmt: skip


RUN = [
    judged("1", impossible=False, abstained=False, score=0.9, failure="right"),
    judged("2", impossible=False, abstained=True, score=0.2, failure="retrieved, wrongly refused"),
    judged("3", impossible=True, abstained=True, score=0.1, failure="right"),
    judged("4", impossible=True, abstained=False, score=0.8, failure="answered though unanswerable"),
    judged("5", impossible=True, abstained=True, score=0.3, failure="right"),
]


def test_refusals_by_hand() -> None:
    found = stats.metrics(RUN)
    assert found["abstain_precision"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["abstain_precision"]["n"] == 3  # refusals
    assert found["abstain_recall"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["abstain_recall"]["n"] == 3  # questions without an answer
    # 0.9 beats all three, 0.2 beats one of three.
    assert found["abstain_auroc"]["value"] == pytest.approx(4 / 6, abs=1e-6)


def test_a_metric_is_the_mean_of_what_was_scored() -> None:
    run = [result("1", {"contains": 1.0}), result("2", {"contains": 0.0}), result("3", {"contains": None})]
    entry = stats.metrics(run)["contains"]
    assert (entry["value"], entry["n"]) == (0.5, 2)
    assert 0 <= entry["low"] <= 0.5 <= entry["high"] <= 1


def test_unscored_is_null_with_the_commonest_reason() -> None:
    run = [
        result("1", {"contains": None}, unscored={"contains": "rare"}),
        *(result(n, {"contains": None}, unscored={"contains": "common"}) for n in "23"),
    ]
    entry = stats.metrics(run)["contains"]
    assert entry == {"value": None, "n": 0, "low": None, "high": None, "why": "common"}
    assert "no question that cannot be answered" in stats.metrics(run)["abstain_recall"]["why"]
    assert "no question was refused" in stats.metrics(run)["abstain_precision"]["why"]


def test_durations_are_medians_with_a_p95() -> None:
    run = [result(str(n), {"total_ms": float(n)}) for n in range(1, 101)]
    entry = stats.metrics(run)["total_ms"]
    assert (entry["value"], entry["n"]) == (50.5, 100)
    assert entry["p95"] == pytest.approx(95.05)
    assert entry["low"] < 50.5 < entry["high"]


def test_the_same_run_gives_the_same_numbers() -> None:
    assert stats.metrics(RUN, seed=7) == stats.metrics(RUN, seed=7)


def test_slices_of_a_run_without_answers_say_nothing_of_right() -> None:
    run = [result(str(n), {"recall@5": 0.0}, abstained=None, failure="not retrieved") for n in range(4)]
    groups = {str(n): {"week": "one" if n < 2 else "two"} for n in range(4)}
    cell = stats.slices(run, groups)["week"]["one"]
    assert cell["right"]["value"] is None
    assert cell["recall@5"]["value"] == 0


def test_slices_are_runs_of_their_own() -> None:
    run = [result(str(n), {"recall@5": float(n % 2)}, failure="right") for n in range(40)]
    groups = {str(n): {"language": "ko" if n % 4 < 2 else "en", "id": str(n), "same": "x"} for n in range(40)}
    found = stats.slices(run, groups)
    assert set(found) == {"language"}  # one group, and too many groups, say nothing
    assert found["language"]["ko"]["n"] == 20
    whole = stats.metrics([r for r in run if groups[r.id]["language"] == "ko"])["recall@5"]
    assert found["language"]["ko"]["recall@5"]["value"] == whole["value"] == 0.5
    assert found["language"]["ko"]["recall@5"]["low"] == pytest.approx(whole["low"], abs=0.06)


def test_steps_add_up() -> None:
    steps = stats.steps(RUN)
    assert steps["answerable"] == 2
    assert steps["wrongly refused"] == steps["right"] == 1
    assert (steps["unanswerable"], steps["rightly refused"], steps["answered"]) == (3, 2, 1)
    only = [
        result(n, {"recall@1": 1.0}, answer=None, abstained=None, failure=failure)
        for n, failure in (("1", "not retrieved"), ("2", None), ("3", None))
    ]
    assert stats.steps(only) == {"answerable": 3, "not retrieved": 1, "retrieved": 2}


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("recall@5>=0.95", Gate("recall@5", ">=", 0.95)),
        (" f1_korquad > 0.5 ", Gate("f1_korquad", ">", 0.5)),
        ("total_ms<=1500", Gate("total_ms", "<=", 1500)),
    ],
)
def test_gates_are_read(text: str, gate: Gate) -> None:
    assert parse_gate(text) == gate
    assert parse_gate(str(gate)) == gate


@pytest.mark.parametrize("text", ["recall@5", "recall@5=0.9", "recall@7>=0.9", "", "recall@5>=high"])
def test_what_is_no_gate_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_gate(text)


def test_a_gate_speaks_of_the_end_not_of_the_mean() -> None:
    values = [1.0] * 97 + [0.0] * 3
    measured = stats.metrics([result(str(n), {"recall@5": value}) for n, value in enumerate(values)])
    low = intervals.mean(values)
    assert low is not None
    assert measured["recall@5"]["value"] == 0.97
    assert low.low < 0.95
    check_gates([parse_gate("recall@5>=0.9")], measured)
    with pytest.raises(GateNotMet, match="lower end"):
        check_gates([parse_gate("recall@5>=0.95")], measured)
    with pytest.raises(GateNotMet, match="unscored"):
        check_gates([parse_gate("contains>=0.1")], measured)


def test_a_cost_gate_speaks_of_the_upper_end() -> None:
    measured = stats.metrics([result(str(n), {"total_ms": float(n)}) for n in range(100)])
    check_gates([parse_gate("total_ms<=70")], measured)
    with pytest.raises(GateNotMet, match="upper end"):
        check_gates([parse_gate("total_ms<=50")], measured)
