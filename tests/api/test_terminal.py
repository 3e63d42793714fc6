from __future__ import annotations

import io
import json

import pytest

from api.lines import LINES, line
from api.messages import PROBLEMS, told
from api.terminal import Terminal, bare, clean, cut, locale_language, pad, width, wrap


class Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("NO_COLOR", "TERM", "LC_ALL", "LC_MESSAGES", "LANG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("abc", 3), ("한글", 4), ("ㄱ", 2), ("e\u0301", 1), ("\u200bx", 1), ("「", 2), ("–", 1), ("🧭", 2)],
)
def test_columns(text, columns):
    assert width(text) == columns


def test_lines_are_broken_between_words_and_never_too_wide():
    text = "어텐션은 질의와 키의 내적을 소프트맥스에 넣는다 " * 3 + "supercalifragilistic" * 4
    for columns in (10, 17, 40):
        rows = wrap(text, columns, "  ")
        assert all(width(row) <= columns for row in rows)
        assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert wrap("", 10) == []
    assert wrap("한", 1) == ["한"]


def test_cut_and_pad():
    assert cut("짧다", 10) == "짧다"
    assert cut("어텐션은 질의와\n키", 9) == "어텐션은…"
    assert width(cut("가" * 50, 9)) <= 9
    assert width(pad("한", 5)) == 5


def test_quotes_lose_markdown_and_no_word():
    text = "## 제목\n> 인용\n- **굵게** `code`\n| a | b |\n|---|---|\n| 1 | 2 |\n```py\nx\n```"
    assert bare(text) == "제목 인용 굵게 code a · b 1 · 2 x"  # as the page does: tests/api/test_page.py
    assert bare("LoRA가 학습 속도를 올려 주나?**") == "LoRA가 학습 속도를 올려 주나?"
    assert bare("x * y - z") == "x * y - z"


def test_notes_cannot_steer_the_terminal():
    assert clean("a\x1b]0;title\x07b\x9b31mc\td\ne\r") == "a]0;titleb31mc\td\ne"
    out = io.StringIO()
    terminal = Terminal("en", out, io.StringIO())
    terminal.piece("\x1b[2Jred")
    terminal.write("\x1b[31mx")
    assert "\x1b" not in out.getvalue()


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch):
    def shown(stream):
        terminal = Terminal("en", stream, io.StringIO())
        terminal.piece("sure [1].")
        return stream.getvalue()

    assert shown(io.StringIO()) == "sure [1]."
    assert shown(Tty()) == "sure \x1b[36m[1]\x1b[0m."
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(Tty()) == "sure [1]."
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("TERM", "dumb")
    assert shown(Tty()) == "sure [1]."


def test_json_survives_a_terminal_without_utf8():
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    Terminal("ko", out, io.StringIO()).json({"답": "🧭"})
    out.flush()
    assert json.loads(raw.getvalue()) == {"답": "🧭"}


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_MESSAGES": "ko"}, "ko"),
    ],
)
def test_the_locale_chooses_the_language(monkeypatch, environment, language):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert locale_language() == language


def test_a_table_is_straight_in_any_script():
    out = io.StringIO()
    Terminal("ko", out, io.StringIO()).table([["이름", "a"], ["x", "b"]])
    assert out.getvalue() == "이름  a\nx     b\n"


def test_a_passing_line_leaves_nothing_behind():
    err = Tty()
    with Terminal("ko", io.StringIO(), err).passing("opening"):
        pass
    assert err.getvalue().endswith("\r\x1b[K")
    err = io.StringIO()
    with Terminal("ko", io.StringIO(), err).passing("opening"):
        pass
    assert err.getvalue() == ""


@pytest.mark.parametrize("key", LINES)
def test_both_languages_take_the_same_values(key):
    import string

    korean, english = LINES[key]
    fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (korean, english)]
    assert fields[0] == fields[1]


def test_an_error_is_one_line_in_either_language():
    assert told("en", "no_index", "No index.\nRun  it.") == "No index. Run it."
    assert told("ko", "no_index", "No index.") == PROBLEMS["no_index"].detail_ko
    assert told("ko", "bad_configuration", "k = 0 does not fit.").endswith("(k = 0 does not fit.)")
    assert told("ko", "something_new", "As it is.") == "As it is."
    assert line("en", "seconds", seconds=1.26) == "1.3 s"
