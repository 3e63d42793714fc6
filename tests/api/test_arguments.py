"""What a slip on the command line is answered with."""

from __future__ import annotations

import pytest

from api.arguments import parse
from api.cli import main


@pytest.mark.parametrize(
    "argv", ["", "dance", "ask", "ask q -k 0", "ask q --set novalue", "--models x chat", "eval d --limit 0"]
)
def test_usage_errors_are_2(argv, capsys):
    with pytest.raises(SystemExit) as end:
        main(argv.split())
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["serach", "x"], "did you mean search?"),
        (["LSTM이 뭐야?"], 'ask-notes ask "LSTM이 뭐야?"'),
        (["dance"], "there are ask, chat"),
        (["ask", "x", "--foo"], "nothing here is called --foo"),
        (["ask", "x", "-k", "many"], "'many' is not a whole number from 1 to 100"),
        (["eval", "d", "--limit", "0"], "'0' is not a whole number of 1 or more"),
        (["compare", "a"], "usage: ask-notes compare [options] RUN_A RUN_B"),
    ],
)
def test_a_slip_is_answered_by_the_line_that_helps(argv, said, capsys):
    with pytest.raises(SystemExit) as end:
        main(argv)
    err = capsys.readouterr().err
    assert end.value.code == 2
    assert said in err
    assert len(err.splitlines()) == 3
    assert err.splitlines()[-1].endswith("--help` says what there is.")


def test_nothing_given_shows_the_help(capsys):
    with pytest.raises(SystemExit) as end:
        main([])
    shown = capsys.readouterr()
    assert end.value.code == 2
    assert shown.out == ""
    assert "ask-notes ingest notes/" in shown.err


def test_the_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("ask-notes ")


def test_a_scope_from_flags():
    from api.scopes import scope_of
    from rag.types import Scope

    argv = ["search", "q", "--folder", "week1", "--folder", "week2/", "--file", "a.md", "--note-language", "ko"]
    scope = scope_of(parse([*argv, "--heading", "LSTM", "--source", "notes"]))
    assert scope == Scope(("week1/", "week2/", "a.md"), ("LSTM",), ("notes",), ("ko",))
    assert scope_of(parse(["ask", "q"])) == Scope()
    assert scope_of(parse(["chat"])) == Scope()
