"""Commands that only look: what they say where nothing was ingested, without loading a model."""

from __future__ import annotations

import json

import pytest

from api.cli import main


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def test_status_without_an_index(capsys):
    assert main(["--models", "embedded", "status"]) == 5
    shown = capsys.readouterr()
    assert "Index" in shown.out
    assert "ask-notes ingest" in shown.err
    assert main(["--models", "embedded", "status", "--json"]) == 5
    body = json.loads(capsys.readouterr().out)
    assert body["generation"] is None
    assert "ask-notes ingest" in body["why"]
    assert body["generator"] == "extractive"


def test_tokens_show_what_the_encoder_gets(capsys):
    assert main(["--models", "embedded", "tokens", "attention은 무엇인가 🧭", "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["count"] == len(body["tokens"]) <= body["window"]
    assert set(body["tokens"][0]) == {"id", "mask", "text", "start", "end", "unknown"}
    assert body["tokens"][0]["text"] == "[CLS]"
    assert any(token["unknown"] for token in body["tokens"])
    assert main(["--models", "embedded", "tokens", "attention은"]) == 0
    assert "[CLS]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["ingest"], 3),
        (["ingest", "nowhere"], 3),
        (["ingest", "--forget", "nowhere"], 3),
        (["eval", "nowhere.jsonl"], 3),
        (["eval", "nowhere.jsonl", "--gate", "beauty>=1"], 3),
        (["compare", "run-a", "run-b"], 3),
    ],
)
def test_what_is_not_there(capsys, argv, code):
    assert main(["--models", "embedded", *argv]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[-1].startswith("Error: ")
