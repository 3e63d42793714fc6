import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from eval import results
from eval.dataset import BadRow, Dataset
from eval.runner import Summary, run
from eval.stats import parse_gate
from rag.errors import BadDataset, BadInput, DeadlineExceeded, GateNotMet, GenerationFailed, QuestionTooLong
from rag.settings import Settings
from tests.eval.conftest import QUESTIONS, FakePipeline

FIELDS = [
    "id", "question", "answers", "is_impossible", "answer", "prediction", "abstained", "citations", "passages",
    "scores", "unscored", "failure", "timings_ms",
]  # fmt: skip
PUBLISHED = [
    "em_klue", "rouge_w_klue", "em_korquad", "f1_korquad", "contains", "recall@1", "recall@5", "recall@10",
    "recall@20", "rr@10", "ndcg@10", "citation_recall", "citation_precision", "supported", "first_token_ms", "total_ms",
]  # fmt: skip


def evaluate(dataset: Dataset, out: Path, pipeline: FakePipeline, **options: object) -> Summary:
    settings = Settings(data_dir=out.parent / "data")
    return run(settings, dataset, out, pipeline=pipeline, progress=False, **options)  # type: ignore[arg-type]


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def without_clock(report: dict[str, object]) -> dict[str, object]:
    asked = {**report["asked"], "seconds": 0, "questions_per_minute": 0}  # type: ignore[dict-item]
    # Whoever edits the working tree meanwhile changes the revision.
    return {**report, "made": "", "asked": asked, "name": "", "git": ""}


def test_a_run_writes_what_the_contract_names(tmp_path: Path, dataset: Dataset, pipeline: FakePipeline) -> None:
    out = tmp_path / "run"
    summary = evaluate(dataset, out, pipeline)
    rows = lines(out / "results.jsonl")
    assert [list(row) for row in rows] == [FIELDS] * len(QUESTIONS)
    assert [row["id"] for row in rows] == [question.id for question in QUESTIONS]
    for row in rows:
        assert set(PUBLISHED) <= set(row["scores"])  # type: ignore[arg-type]
        for name, value in row["scores"].items():  # type: ignore[attr-defined]
            assert value is not None or row["unscored"][name]  # type: ignore[index]
        for passage in row["passages"]:  # type: ignore[attr-defined]
            assert list(passage) == ["rank", "doc_id", "chunk_id", "score"]
    texts = lines(out / "passages.jsonl")
    assert len(texts) == len({row["chunk_id"] for row in texts}) == 5  # each text once
    assert (out / "report.html").stat().st_size > 10_000
    assert json.loads((out / "report.json").read_text(encoding="utf-8")) == summary.report
    assert summary.asked_now == len(QUESTIONS)


def test_answers_are_greedy_and_short_and_metrics_look_twenty_deep(tmp_path: Path, dataset: Dataset) -> None:
    class Deep(FakePipeline):
        depths: list[int | None] = []  # noqa: RUF012

        def search(self, query, k=None, scope=None):
            self.depths.append(k)
            return super().search(query, k, scope)

    pipeline = Deep()
    summary = evaluate(dataset, tmp_path / "run", pipeline)
    assert summary.report["settings"]["generator"]["temperature"] == 0.0
    assert {question.style for question in pipeline.asked} == {"short"}
    assert 20 in pipeline.depths
    assert {question.k for question in pipeline.asked} == {None}


def test_left_out_documents_are_kept_from_search_and_answer(tmp_path: Path, dataset: Dataset) -> None:
    pipeline = FakePipeline()
    summary = evaluate(dataset, tmp_path / "run", pipeline, leave_out_share=1.0)
    asked = {row["id"]: row for row in lines(tmp_path / "run" / "questions.jsonl")}
    # q4's evidence stands in no document: there is nothing that could be left out.
    assert [name for name, row in asked.items() if row["left_out"]] == ["q1", "q2", "q3"]
    for row in lines(tmp_path / "run" / "results.jsonl"):
        gone = asked[row["id"]]["left_out"]  # type: ignore[index]
        assert not {passage["doc_id"] for passage in row["passages"]} & set(gone)  # type: ignore[attr-defined, call-overload]
        assert row["is_impossible"] is bool(gone) or row["id"] in ("q5", "q6")
    hidden = {question.scope.exclude_doc_ids for question in pipeline.asked}
    assert ("doc-한글.md",) in hidden
    assert any("taking their documents out" in note["en"] for note in summary.report["notes"])


def test_a_full_queue_is_waited_for_and_nothing_is_lost(tmp_path: Path, dataset: Dataset) -> None:
    pipeline = FakePipeline(busy=7)
    summary = evaluate(dataset, tmp_path / "run", pipeline, in_flight=3)
    assert len(pipeline.asked) == len(QUESTIONS) + 7
    assert summary.report["asked"]["failed"] == 0


def test_one_failed_generation_is_unscored_and_asked_again_on_resume(tmp_path: Path, dataset: Dataset) -> None:
    broken: dict[str, Exception] = {
        QUESTIONS[0].question: DeadlineExceeded("too slow"), QUESTIONS[1].question: QuestionTooLong("too long"),
    }  # fmt: skip

    class Strict(FakePipeline):
        def search(self, query, k=None, scope=None):
            if isinstance(broken.get(query), QuestionTooLong):
                raise broken[query]
            return super().search(query, k, scope)

    out = tmp_path / "run"
    first = evaluate(dataset, out, Strict(broken=broken))
    assert first.report["asked"]["failed"] == 2
    assert results.read(out).results[0].unscored["answer"] == "DeadlineExceeded: too slow"
    again = FakePipeline()
    second = evaluate(dataset, out, again, resume=True)
    assert {question.text for question in again.asked} == {QUESTIONS[0].question, QUESTIONS[1].question}
    assert second.report["asked"]["failed"] == 0
    whole = evaluate(dataset, tmp_path / "whole", FakePipeline())
    assert without_clock(second.report) == without_clock(whole.report)


def test_a_generator_that_is_down_stops_the_run(tmp_path: Path) -> None:
    many = Dataset("many", "jsonl", tuple(replace(QUESTIONS[0], id=str(n)) for n in range(30)))
    pipeline = FakePipeline(broken={QUESTIONS[0].question: GenerationFailed("connection refused")})
    with pytest.raises(GenerationFailed, match=r"connection refused.*--resume"):
        evaluate(many, tmp_path / "run", pipeline, in_flight=1)
    assert len(pipeline.asked) < 30


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {root!r}]
from tests.eval.conftest import FakePipeline, QUESTIONS
from eval.dataset import Dataset
from eval.runner import run
from rag.settings import Settings

class Dies(FakePipeline):
    def ask(self, question, cancel=None):
        if len(self.asked) == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().ask(question, cancel)

run(Settings(data_dir=Path({out!r}) / "data"), Dataset("small", "jsonl", QUESTIONS, (), "short"), Path({out!r}) / "run",
    pipeline=Dies(), progress=False, in_flight=1)
"""


def test_a_run_killed_half_way_goes_on_to_the_same_report(tmp_path: Path, dataset: Dataset) -> None:
    here = Path(__file__).parent
    script = KILLED.format(tests=str(here), root=str(here.parent.parent), out=str(tmp_path))
    died = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, env=dict(os.environ))
    assert died.returncode == -9, died.stderr.decode()
    out = tmp_path / "run"
    assert len(lines(out / "results.jsonl")) == 4
    # A kill may also fall into the middle of a line.
    with (out / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "q5", "question": "오늘 저')
    with (out / "passages.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"chunk_id": "half')
    pipeline = FakePipeline()
    resumed = evaluate(dataset, out, pipeline, resume=True, in_flight=1)
    assert len(pipeline.asked) == 2
    whole = evaluate(dataset, tmp_path / "whole", FakePipeline(), in_flight=1)
    assert without_clock(resumed.report) == without_clock(whole.report)
    assert (out / "results.jsonl").read_bytes() == (tmp_path / "whole" / "results.jsonl").read_bytes()
    assert sorted(map(str, lines(out / "passages.jsonl"))) == sorted(
        map(str, lines(tmp_path / "whole" / "passages.jsonl"))
    )


def test_a_run_is_never_mixed_with_another(tmp_path: Path, dataset: Dataset, pipeline: FakePipeline) -> None:
    out = tmp_path / "run"
    evaluate(dataset, out, pipeline)
    with pytest.raises(BadDataset, match="--resume"):
        evaluate(dataset, out, pipeline)
    with pytest.raises(BadDataset, match="another dataset"):
        evaluate(dataset, out, pipeline, resume=True, limit=2)
    with pytest.raises(BadDataset, match="another asked"):
        evaluate(dataset, out, pipeline, resume=True, style="sentence")
    before = len(pipeline.asked)
    assert evaluate(dataset, out, pipeline, resume=True).asked_now == 0
    assert len(pipeline.asked) == before


def test_resume_of_nothing_is_a_run(tmp_path: Path, dataset: Dataset, pipeline: FakePipeline) -> None:
    assert evaluate(dataset, tmp_path / "run", pipeline, resume=True).asked_now == len(QUESTIONS)


def test_an_index_that_changes_under_the_run_is_noticed(tmp_path: Path, dataset: Dataset) -> None:
    class Moves(FakePipeline):
        def readiness(self):
            return replace(super().readiness(), generation=f"gen-{len(self.asked):06}")

    with pytest.raises(BadDataset, match="gen-000006"):
        evaluate(dataset, tmp_path / "run", Moves())


def test_retrieval_only_asks_nothing(tmp_path: Path, dataset: Dataset, pipeline: FakePipeline) -> None:
    summary = evaluate(dataset, tmp_path / "run", pipeline, retrieval_only=True)
    assert pipeline.asked == []
    assert summary.report["metrics"]["recall@5"]["n"] == 4
    assert summary.report["metrics"]["em_klue"]["value"] is None
    assert summary.report["metrics"]["em_klue"]["why"] == "no answer was asked for"
    assert summary.report["steps"]["answerable"] == 4


def test_gates_are_checked_after_the_report_is_written(
    tmp_path: Path, dataset: Dataset, pipeline: FakePipeline
) -> None:
    with pytest.raises(GateNotMet):
        evaluate(dataset, tmp_path / "run", pipeline, gates=[parse_gate("recall@1>=0.99")])
    assert (tmp_path / "run" / "report.html").exists()


def test_limit_sample_and_bad_rows_are_reported(tmp_path: Path, dataset: Dataset, pipeline: FakePipeline) -> None:
    bad = replace(dataset, bad_rows=(BadRow("line 9", "<b>not JSON</b>"),))
    summary = evaluate(bad, tmp_path / "run", pipeline, limit=2, sample=3, seed=5)
    assert summary.report["asked"]["questions"] == 2
    assert summary.report["dataset"]["bad_rows"] == [{"where": "line 9", "reason": "<b>not JSON</b>"}]
    assert "&lt;b&gt;not JSON" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    with pytest.raises(BadInput, match="share"):
        evaluate(dataset, tmp_path / "other", pipeline, leave_out_share=1.5)


def test_a_run_with_the_cross_check_says_so_and_counts_what_it_lowered(
    tmp_path: Path, dataset: Dataset, pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = pipeline.ask

    def asked(question, cancel=None):
        answer = ask(question, cancel)
        heard = tuple(
            replace(s, model_yes=0.1, support="partly") if "1443" in answer.text else replace(s, model_yes=0.9)
            for s in answer.sentences
        )
        return replace(answer, sentences=heard)

    monkeypatch.setattr(pipeline, "ask", asked)
    settings = Settings(data_dir=tmp_path / "data", cross_check=True)
    on = run(settings, dataset, tmp_path / "on", pipeline=pipeline, progress=False).report  # type: ignore[arg-type]
    assert on["settings"]["cross_check"] is True
    answered = sum(not row["abstained"] for row in lines(tmp_path / "on" / "results.jsonl"))
    (note,) = [note for note in on["notes"] if "cross_check" in note["en"]]
    assert f"about {answered} sentences, and 1 of them are not called supported" in note["en"]
    assert f"{answered}개를 답변 모델에 물었고, 그 가운데 1개는" in note["ko"]
    off = evaluate(dataset, tmp_path / "off", FakePipeline()).report
    assert not [note for note in off["notes"] if "cross_check" in note["en"]]
    assert {name: m["value"] for name, m in on["metrics"].items()} == {
        name: m["value"] for name, m in off["metrics"].items()
    }
    assert all("cross_checked" not in row["scores"] for row in lines(tmp_path / "off" / "results.jsonl"))  # type: ignore[operator]
