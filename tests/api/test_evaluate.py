"""`eval` and `compare` over a small real index, answered by the embedded answerer."""

from __future__ import annotations

import json
from itertools import repeat

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from api.cli import main
from rag import wiring

QUESTIONS = [
    {"question": "망각 게이트는 무엇을 정하나요?", "answers": ["무엇을 지울지"], "id": "a"},
    {"question": "오늘 급식 메뉴는?", "answers": [], "is_impossible": True, "id": "b"},
]
LABELLED = {
    "question": "언제?",
    "answer": "1443년",
    "passages": ["1443년에 만들었다."],
    "support": 2,
    "completeness": 1,
}


@pytest.fixture
def run(course, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in QUESTIONS)
    (tmp_path / "q.jsonl").write_text(lines, encoding="utf-8")

    def run(*argv: str) -> int:
        return main(["--models", "embedded", "--data-dir", str(course.data_dir), *argv])

    return run


@pytest.fixture
def scripted(monkeypatch):
    """A generator for judging that gives two grades, again and again."""
    model = GenericFakeChatModel(messages=repeat(AIMessage('{"support": 2, "completeness": 1}')))
    monkeypatch.setattr(wiring, "open_generator", lambda settings: wiring.OpenGenerator(model, "scripted", len))


def test_a_run_is_told_in_the_language_of_the_terminal(run, capsys):
    assert run("eval", "q.jsonl", "--language", "ko") == 0
    out = capsys.readouterr().out
    assert "질문 2개" in out
    assert "첫 글자까지, 중앙값" in out
    assert "prompt_tokens" not in out
    assert "보고서: runs/q/report.html" in out


def test_a_missed_gate_still_prints_the_whole_report(run, capsys):
    assert run("eval", "q.jsonl", "--json", "--gate", "total_ms<=0.001") == 8
    shown = capsys.readouterr()
    assert json.loads(shown.out)["metrics"]["total_ms"]["n"] == 2
    assert "total_ms<=0.001" in shown.err.splitlines()[-1]
    assert run("eval", "q.jsonl", "--resume", "--gate", "total_ms<=0.001", "--gate", "total_ms>=0") == 8
    shown = capsys.readouterr()
    assert "total_ms" in shown.out
    assert "total_ms>=0" not in shown.err


def test_a_judge_grades_when_asked(run, capsys, scripted):
    assert run("eval", "q.jsonl", "--json", "--out", "plain") == 0
    assert json.loads(capsys.readouterr().out)["judge"] is None
    assert run("eval", "q.jsonl", "--judge", "--json", "--out", "judged") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["judge"] == {"model": "scripted", "agreement": "unknown"}
    assert report["metrics"]["judge_support"]["value"] == 1.0
    assert report["metrics"]["judge_completeness"]["value"] == 0.5


def test_agreement_with_people_alone_or_with_a_run(run, capsys, scripted, tmp_path):
    rows = [LABELLED, {**LABELLED, "support": 0}]
    (tmp_path / "labelled.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert run("eval", "--judge-agreement", "labelled.jsonl", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["same"] for row in found["agreement"]] == [0.5, 1.0]
    assert run("eval", "--judge-agreement", "labelled.jsonl", "--language", "ko") == 0
    shown = capsys.readouterr().out
    assert "사람이 채점한 답 2개" in shown
    assert "50%" in shown
    assert run("eval", "q.jsonl", "--judge", "--judge-agreement", "labelled.jsonl", "--json", "--out", "both") == 0
    assert json.loads(capsys.readouterr().out)["judge"]["agreement"][0]["n"] == 2
    assert run("eval", "--judge-agreement", "nowhere.jsonl") == 3


def test_a_judge_must_be_able_to_write(run, capsys):
    assert run("eval", "q.jsonl", "--judge") == 5
    assert "--judge needs a model that writes" in capsys.readouterr().err


def test_nothing_to_evaluate(run, capsys):
    with pytest.raises(SystemExit) as end:
        run("eval")
    assert end.value.code == 2
    assert "DATASET" in capsys.readouterr().err


def test_two_runs_are_compared_in_words(run, capsys):
    for out in ("one", "two"):
        assert run("eval", "q.jsonl", "--out", out, "--set", f"retrieval.k={4 + len(out)}", "--json") == 0
    assert run("eval", "q.jsonl", "--out", "three", "--set", "retrieval.k=3", "--limit", "1", "--json") == 0
    capsys.readouterr()
    assert run("compare", "one", "three", "--language", "ko") == 0
    shown = capsys.readouterr().out
    assert "양쪽에 다 있는 질문 1개" in shown
    assert "다른 설정: retrieval.k = A에서 7, B에서 3." in shown
    assert "one 쪽 질문 1개는 짝이 없어 뺐습니다." in shown
    assert run("compare", "one", "three") == 0
    assert "Differs: retrieval.k = 7 in A, 3 in B." in capsys.readouterr().out
    assert run("compare", "one", "two", "--json") == 0
    assert json.loads(capsys.readouterr().out)["paired"] == 2
