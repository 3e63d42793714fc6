import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from eval import results
from eval.comparison import compare_runs
from eval.results import Result
from rag.errors import BadDataset
from tests.eval.conftest import result


def write(folder: Path, rows: list[Result], *, digest: str = "d", k: int = 5) -> Path:
    folder.mkdir()
    results.replace_json(folder / "run.json", {"dataset": {"digest": digest}, "settings": {"retrieval": {"k": k}}})
    results.replace_lines(folder / "questions.jsonl", [{"id": row.id} for row in rows])
    results.replace_lines(folder / "results.jsonl", [asdict(row) for row in rows])
    return folder


def hits(right: list[bool], f1: list[float] | None = None, ms: float = 100.0) -> list[Result]:
    return [
        result(str(n), {"recall@1": float(hit), "f1_korquad": f1[n] if f1 else 0.5, "total_ms": ms + n % 7})
        for n, hit in enumerate(right)
    ]


def test_a_clear_difference_is_said_in_words(tmp_path: Path) -> None:
    a = [n % 10 < 8 for n in range(400)]
    b = [n % 10 < 9 for n in range(400)]  # right wherever A is, and on 40 more
    lots = np.random.default_rng(1).random(400)
    found = compare_runs(
        write(tmp_path / "A", hits(a, lots.tolist())),
        write(tmp_path / "B", hits(b, np.random.default_rng(2).permutation(lots).tolist(), ms=50)),
    )
    assert found.verdict.startswith("B retrieves better: recall@1 +10.0 points [")
    assert "answers: no difference shown" in found.verdict
    assert "B costs less: total_ms +50 ms" not in found.verdict  # the lead is told as a lead, see below
    rows = {row.metric: row for row in found.differences}
    assert rows["recall@1"].test == "McNemar"
    assert rows["recall@1"].difference == pytest.approx(0.1)
    assert rows["recall@1"].low < 0.1 < rows["recall@1"].high
    assert rows["f1_korquad"].test == "bootstrap"
    assert not rows["f1_korquad"].shown
    assert rows["total_ms"].difference == pytest.approx(-50)
    assert rows["total_ms"].shown


def test_the_winner_may_be_a_and_less_is_better_for_cost(tmp_path: Path) -> None:
    found = compare_runs(
        write(tmp_path / "A", hits([True] * 200, ms=50)), write(tmp_path / "B", hits([n % 2 == 0 for n in range(200)]))
    )
    assert "A retrieves better: recall@1 +50.0 points" in found.verdict
    assert "A costs less: total_ms -50 ms [-50, -50]" in found.verdict


def test_nothing_differs_between_a_run_and_itself(tmp_path: Path) -> None:
    run = write(tmp_path / "A", hits([True, False] * 30))
    found = compare_runs(run, run)
    assert found.verdict == "retrieval: no difference shown; answers: no difference shown; cost: no difference shown"
    assert all(row.difference == 0 and row.p_holm == 1 for row in found.differences)
    assert found.notes == ()


def test_holm_is_over_all_metrics_compared(tmp_path: Path) -> None:
    # Six discordant questions, all for B: p = 0.031 alone, and no longer below 0.05 among several.
    a = hits([n >= 6 for n in range(100)])
    b = hits([True] * 100)
    rows = {r.metric: r for r in compare_runs(write(tmp_path / "A", a), write(tmp_path / "B", b)).differences}
    assert rows["recall@1"].p == pytest.approx(2 / 2**6)
    assert rows["recall@1"].p_holm == pytest.approx(3 * 2 / 2**6)
    assert not rows["recall@1"].shown


def test_pairing_is_by_question_and_by_what_both_scored(tmp_path: Path) -> None:
    a = [result("1", {"contains": 1.0}), result("2", {"contains": None}), result("3", {"contains": 0.0})]
    b = [result("3", {"contains": 1.0}), result("2", {"contains": 1.0}), result("9", {"contains": 1.0})]
    found = compare_runs(write(tmp_path / "A", a), write(tmp_path / "B", b, digest="e", k=9), resamples=200)
    assert found.paired == 2
    assert [(row.n, row.a, row.b) for row in found.differences] == [(1, 0.0, 1.0)]
    notes = " ".join(found.notes)
    assert "different data sets" in notes
    assert "1 questions of A" in notes
    assert "retrieval.k = 5 in A, 9 in B" in notes


def test_refusals_are_compared(tmp_path: Path) -> None:
    def refusing(rate: int) -> list[Result]:
        return [
            result(
                str(n),
                {"answerable_score": float(n % rate)},
                is_impossible=n % 2 == 0,
                abstained=n % rate == 0,
            )
            for n in range(120)
        ]

    rows = {
        row.metric: row
        for row in compare_runs(
            write(tmp_path / "A", refusing(3)), write(tmp_path / "B", refusing(2)), resamples=500
        ).differences
    }
    assert (rows["abstain_precision"].a, rows["abstain_precision"].b) == (0.5, 1.0)
    assert rows["abstain_recall"].b == 1.0
    assert rows["abstain_auroc"].b == 1.0
    assert rows["abstain_precision"].shown


def test_runs_without_a_shared_question_do_not_compare(tmp_path: Path) -> None:
    one = write(tmp_path / "A", [result("1", {})])
    with pytest.raises(BadDataset, match="share no question"):
        compare_runs(one, write(tmp_path / "B", [result("2", {})]))
    with pytest.raises(BadDataset, match="holds no run"):
        compare_runs(one, tmp_path / "nowhere")


def test_text_and_json(tmp_path: Path) -> None:
    found = compare_runs(write(tmp_path / "A", hits([True] * 9)), write(tmp_path / "B", hits([True] * 9)))
    assert json.loads(json.dumps(found.as_json()))["paired"] == 9
    assert "recall@1" in found.text()
    assert found.verdict in found.text()
    assert "검색: 드러난 차이 없음" in found.text("ko")


def test_a_verdict_in_korean(tmp_path: Path) -> None:
    found = compare_runs(
        write(tmp_path / "A", hits([False] * 40)), write(tmp_path / "B", hits([True] * 40)), resamples=200
    )
    assert found.verdict.startswith("B retrieves better: recall@1 +100.0 points")
    assert "B가 더 잘 찾습니다: recall@1 +100.0점" in found.text("ko")
