"""`calibrate` over a small real index; the questions that suffice for a fit are made up."""

from __future__ import annotations

import json

import numpy as np
import pytest

from api.cli import main
from eval import calibrating
from rag.grounding.calibration import Row
from rag.grounding.signals import NAMES

QUESTIONS = [
    {"question": "망각 게이트는 무엇을 정하나요?", "answers": ["무엇을 지울지"], "id": "a"},
    {"question": "오늘 급식 메뉴는?", "answers": [], "is_impossible": True, "id": "b"},
]


@pytest.fixture
def run(course, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in QUESTIONS)
    (tmp_path / "q.jsonl").write_text(lines, encoding="utf-8")

    def run(*argv: str) -> int:
        return main(["--models", "embedded", "--data-dir", str(course.data_dir), *argv])

    yield run
    (course.data_dir / "calibration.json").unlink(missing_ok=True)


@pytest.fixture
def enough(monkeypatch):
    """Questions enough to fit on, apart from each other in one signal."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(120):
        signals = dict.fromkeys(NAMES, 0.5) | {"place": float(np.clip(rng.normal(0.3 + 0.5 * (number % 2), 0.1), 0, 1))}
        rows.append(calibrating.Asked(Row(signals, number % 2 == 1, "ko"), number % calibrating.FOLDS))
    monkeypatch.setattr(calibrating, "look_up_all", lambda *args, **kwargs: rows)


def test_too_few_questions_set_no_threshold(run, course, capsys):
    assert run("calibrate", "q.jsonl", "--language", "ko") == 3
    assert "각각 20개는 있어야" in capsys.readouterr().err
    assert not (course.data_dir / "calibration.json").exists()


def test_a_calibration_is_kept_shown_and_taken_away(run, course, enough, capsys):
    assert run("calibrate", "q.jsonl", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["written"] is True
    assert shown["languages"]["ko"]["auroc"] > 0.9
    assert (course.data_dir / "calibration.json").exists()

    assert run("status", "--json") == 0
    status = json.loads(capsys.readouterr().out)["calibration"]
    assert status["thresholds"] == {"ko": shown["languages"]["ko"]["threshold"]}
    assert run("status", "--language", "en") == 0
    (told,) = [row for row in capsys.readouterr().out.splitlines() if row.startswith("Calibration")]
    assert "your own (q, 120 questions): ko " in told.replace(".jsonl", "")

    assert run("calibrate", "--reset", "--language", "en") == 0
    assert "the one that ships" in capsys.readouterr().out
    assert run("calibrate", "--reset", "--language", "en") == 0
    assert "no calibration of your own" in capsys.readouterr().out
    assert run("status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["calibration"] is None


def test_what_is_kept_decides_the_next_question(run, course, capsys):
    from rag.grounding import calibration_file
    from rag.grounding.calibration import Calibration

    never = Calibration(dict.fromkeys(NAMES, 0.0), -30.0, {"ko": 0.5, "en": 0.5})
    question = "망각 게이트는 셀 상태에서 무엇을 정하나?"
    assert run("ask", question, "--json") == 0
    assert json.loads(capsys.readouterr().out)["abstained"] is False
    calibration_file.save(course.data_dir, {"ko": never}, {})
    assert run("ask", question, "--json") == 0
    assert json.loads(capsys.readouterr().out)["abstained"] is True


def test_a_dry_run_keeps_nothing_and_still_draws(run, course, enough, tmp_path, capsys):
    assert run("calibrate", "q.jsonl", "--dry-run", "--out", "curves", "--language", "ko") == 0
    assert "아무것도 저장하지 않았습니다" in capsys.readouterr().out
    assert not (course.data_dir / "calibration.json").exists()
    assert "<svg" in (tmp_path / "curves" / "calibration.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("flags", [("--leave-out", "2"), ("--false-refusals", "0.9")])
def test_shares_out_of_range_are_refused(run, enough, monkeypatch, flags):
    if flags[0] == "--leave-out":
        monkeypatch.undo()
    assert run("calibrate", "q.jsonl", *flags) in (2, 3)


def test_a_data_set_is_needed(run):
    with pytest.raises(SystemExit) as left:
        run("calibrate")
    assert left.value.code == 2
