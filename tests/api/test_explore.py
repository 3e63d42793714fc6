"""`map` and `make-questions` over a small real index."""

from __future__ import annotations

import json
from itertools import repeat

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from api.cli import main
from rag import wiring


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(course):
    def run(*argv: str) -> int:
        return main(["--models", "embedded", "--data-dir", str(course.data_dir), *argv])

    return run


def test_a_map_says_where_it_is_and_what_it_shows(run, tmp_path, capsys):
    assert run("map", "--language", "ko") == 0
    shown = capsys.readouterr()
    assert "지도: map.html" in shown.out
    assert "분산의" in shown.out
    assert "%" in shown.out
    assert (tmp_path / "map.html").stat().st_size > 100_000
    assert shown.err == ""


def test_a_map_as_json_with_a_question(run, tmp_path, capsys):
    out = tmp_path / "new" / "m.html"
    argv = ["--out", str(out), "--question", "LoRA는?", "--nearest", "2", "--colour", "heading", "--json"]
    assert run("map", *argv) == 0
    body = json.loads(capsys.readouterr().out)
    assert set(body) == {"path", "points", "of", "explained"}
    assert body["points"] == body["of"] > 0
    assert 0 < body["explained"] <= 1
    assert "LoRA는?" in out.read_text(encoding="utf-8")


def test_a_map_that_cannot_be_written(run, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert run("map", "--out", "file/map.html") == 4
    assert "--out" in capsys.readouterr().err


def test_nothing_to_draw(tmp_path, capsys):
    assert main(["--models", "embedded", "map"]) == 5
    assert main(["--models", "embedded", "make-questions"]) == 5
    assert "ask-notes ingest" in capsys.readouterr().err
    assert not (tmp_path / "map.html").exists()


def test_drafts_are_added_once(run, tmp_path, capsys):
    assert run("make-questions", "--per-document", "2") == 0
    shown = capsys.readouterr().out
    rows = [json.loads(row) for row in (tmp_path / "drafts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows
    assert all(row["status"] == "draft" and row["evidence"][0]["text"] for row in rows)
    assert f"{len(rows)} drafts written to drafts.jsonl" in shown
    assert rows[0]["question"][:20] in shown
    assert run("make-questions", "--per-document", "2", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"path": "drafts.jsonl", "added": 0, "kept": len(rows)}
    assert run("make-questions", "--per-document", "2", "--language", "ko") == 0
    assert "새로 찾지 못했습니다" in capsys.readouterr().out


def test_a_model_drafts_only_when_asked(run, tmp_path, capsys, monkeypatch):
    assert run("make-questions", "--with-model") == 5
    assert "--with-model needs a model that writes" in capsys.readouterr().err
    asked = []

    class Scripted(GenericFakeChatModel):
        def invoke(self, *args, **options):
            asked.append(options)
            return super().invoke(*args, **options)

    model = Scripted(messages=repeat(AIMessage("no list")))
    monkeypatch.setattr(wiring, "open_generator", lambda settings: wiring.OpenGenerator(model, "scripted", len))
    assert run("make-questions", "--json") == 0
    assert not asked
    assert run("make-questions", "--with-model", "--json") == 0
    assert asked[0]["temperature"] == 0.0
