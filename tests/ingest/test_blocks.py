import time

import pytest
from hypothesis import given, settings

from ingest.blocks import heading_text, line_of, looks_like_markdown, markdown_blocks, plain_blocks
from rag.text import normalise
from tests.ingest.shapes import MARKDOWN, SHAPES, TEXT_SHAPES


def check(text, blocks):
    """Blocks lie in order, do not overlap, and hold every character that is not white space."""
    position = 0
    covered = set()
    for block in blocks:
        assert position <= block.start < block.end <= len(text)
        position = block.end
        covered.update(range(block.start, block.end))
        assert text[block.start : block.end].strip()
    assert not [place for place, sign in enumerate(text) if not sign.isspace() and place not in covered]


@pytest.mark.parametrize("name", [*SHAPES, *TEXT_SHAPES])
def test_real_shapes_are_covered(name):
    text = normalise((SHAPES | TEXT_SHAPES)[name])
    check(text, markdown_blocks(text))
    check(text, markdown_blocks(text, numbered_headings=True))
    check(text, plain_blocks(text))


@given(MARKDOWN)
@settings(max_examples=300, deadline=None)
def test_anything_is_covered(raw):
    text = normalise(raw)
    check(text, markdown_blocks(text))
    check(text, markdown_blocks(text, numbered_headings=True))
    check(text, plain_blocks(text))


def parts(text, **options):
    return [(block.kind, text[block.start : block.end]) for block in markdown_blocks(text, **options)]


def test_kinds():
    text = "# 제목\n\n문단.\n\n- 하나\n- 둘\n\n1. 셋\n\n```py\nx\n```\n\n    코드\n\n| a |\n|---|\n| b |\n\n> 인용\n"
    assert [kind for kind, _ in parts(text)] == [
        "heading", "text", "list", "list", "fence", "fence", "table", "text",
    ]  # fmt: skip


def test_heading_paths():
    text = "앞말\n\n# 가\n\n본문\n\n## 나\n\n본문\n\n### 다\n\n본문\n\n## 라\n\n본문\n\n# 마\n\n본문\n"
    found = [block.heading for block in markdown_blocks(text) if block.kind == "text"]
    assert found == [(), ("가",), ("가", "나"), ("가", "나", "다"), ("가", "라"), ("마",)]


def test_headings_that_skip_levels_keep_their_order():
    found = [block.heading for block in markdown_blocks(SHAPES["headings that skip levels"]) if block.kind == "text"]
    assert found == [("셋",), ("하나",), ("하나", "여섯")]


def test_a_comment_in_code_is_no_heading():
    text = "# 하나\n\n```python\n# 둘\n```\n\n~~~\n# 셋\n~~~\n"
    assert [block.heading for block in markdown_blocks(text)] == [("하나",)] * 3


def test_a_fence_that_is_never_closed_runs_to_the_end():
    text = SHAPES["a fence never closed"]
    (_, heading), (kind, body) = parts(text)
    assert heading == "# 코드"
    assert kind == "fence"
    assert body.endswith("# 제목이 아니다")


def test_setext_headings():
    found = [block.heading for block in markdown_blocks(SHAPES["setext headings"]) if block.kind == "text"]
    assert found == [("큰 제목",), ("큰 제목", "작은 제목")]


def test_a_paragraph_above_a_rule_stays_a_paragraph():
    """CommonMark makes a heading of any paragraph above "---": of one line it may be meant, of two it is not."""
    text = SHAPES["a paragraph that becomes a heading"]
    assert [block.heading for block in markdown_blocks(text)] == [(), ()]
    assert parts(text)[0] == ("text", "긴 문단의 첫 줄이다.\n둘째 줄도 있다.\n---")


def test_front_matter_is_a_block_without_heading():
    blocks = markdown_blocks(SHAPES["front matter"])
    assert [(block.kind, block.heading) for block in blocks] == [
        ("text", ()), ("heading", ("제목",)), ("text", ("제목",)),
    ]  # fmt: skip


def test_a_rule_at_the_top_is_no_front_matter():
    headings = [block.heading for block in markdown_blocks(SHAPES["a rule first"]) if block.kind == "heading"]
    assert headings == [("하나",), ("둘",)]


def test_a_formula_with_blank_lines_is_one_block():
    text = SHAPES["display math"]
    formulas = [body for _, body in parts(text) if "$$" in body]
    assert len(formulas) == 1
    assert formulas[0].startswith("$$") and formulas[0].endswith("$$")
    assert parts(text)[-1] == ("text", "뒷말.")


def test_a_lone_dollar_pair_swallows_nothing():
    assert ("heading", "# 다음") in parts(SHAPES["a lone $$"])


def test_an_indented_block_keeps_its_indentation():
    text = "문단\n\n    if x:\n        y\n"
    assert parts(text)[1] == ("fence", "    if x:\n        y")


def test_numbered_headings_of_plain_text():
    text = TEXT_SHAPES["numbered headings"]
    found = [(block.kind, block.heading) for block in plain_blocks(text)]
    assert found == [
        ("text", ()),
        ("heading", ("1.2 제목",)),
        ("text", ("1.2 제목",)),
        ("heading", ("1.2 제목", "1.2.1 더 깊은 제목")),
        ("text", ("1.2 제목", "1.2.1 더 깊은 제목")),
        ("heading", ("1.2 제목", "1.2.2. Title")),
        ("text", ("1.2 제목", "1.2.2. Title")),
    ]


def test_a_sentence_that_begins_with_a_number_is_no_heading():
    assert {block.kind for block in plain_blocks(TEXT_SHAPES["a list of numbers"])} == {"text"}


def test_numbered_headings_in_markdown_only_where_asked():
    text = TEXT_SHAPES["markdown in a text file"]
    assert ("heading", "1.2.1 제목") in parts(text, numbered_headings=True)
    assert ("text", "1.2.1 제목") in parts(text)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("# 제목", "제목"),
        ("##   제목   ##", "제목"),
        ("## **굵은** 제목", "굵은 제목"),
        ("# `code` 이야기", "code 이야기"),
        ("# snake_case_name", "snake_case_name"),
        ("# 제목 {#id}", "제목"),
        ("# Title[[anchor]]", "Title"),
        ("# Title[[a]] {#b}", "Title"),
        ("제목\n====", "제목"),
        ("1.2.1 제목", "1.2.1 제목"),
        ("# C#", "C#"),
        ("#", ""),
        ("# 3 * 4 * 5", "3 * 4 * 5"),
    ],
)
def test_words_of_a_heading(raw, words):
    assert heading_text(raw) == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# 제목\n\n본문", True),
        ("- 하나\n- 둘\n", True),
        ("```\ncode\n```\n", True),
        ("그냥 글이다.\n둘째 줄.\n", False),
        ("", False),
        ("줄\n" * 30 + "# 번호\n", False),
        ("1.2 제목\n본문\n", False),
    ],
)
def test_text_that_holds_markdown(text, expected):
    assert looks_like_markdown(text) is expected


STUBBORN = {
    "brackets": "![" * 20_000,
    "emphasis": "*a " * 20_000,
    "ticks": " ".join("`" * number for number in range(1, 300)),
    "quotes": "> " * 5_000 + "x",
    "bullets": "- " * 3_000 + "x",
    "nested": "\n".join("  " * depth + "- x" for depth in range(400)),
    "comments": "<!--" * 10_000,
    "cells": "|a" * 3_000 + "|\n" + "|-" * 3_000 + "|\n" + "|b" * 3_000 + "|\n",
    "references": "[a]: b\n" * 5_000,
    "formulas": "$$ \n\n" * 5_000,
    "blank lines": "\t\n" * 50_000,
    "spaces": " " * 100_000 + "x",
    "numbers": "1.2 " * 20_000,
    "stops": ". " * 20_000,
    "underlined": "a\n" * 10_000 + "---\n",
}


@pytest.mark.parametrize("name", STUBBORN)
def test_no_text_takes_for_ever(name):
    text = STUBBORN[name]
    began = time.perf_counter()
    looks_like_markdown(text)
    check(text, markdown_blocks(text))
    check(text, plain_blocks(text))
    assert time.perf_counter() - began < 10


def test_lines_are_counted_from_one():
    text = "가\n나\n\n다"
    assert [line_of(text, offset) for offset in range(len(text) + 1)] == [1, 1, 2, 2, 3, 4, 4]


def test_offsets_count_characters_beyond_the_basic_plane():
    text = SHAPES["emoji"]
    assert parts(text)[1][1] == "👨‍👩‍👧‍👦 가족과 🇰🇷 깃발, 수학 글자 𝒳와 𝔸, 드문 한자 𠮷."
