"""The structure of a note: a text goes in, blocks with exact offsets and heading paths come out.

Markdown is read by markdown-it-py; plain text by blank lines and numbered headings ("1.2.1 제목").
Blocks lie in order, do not overlap, and together hold every character that is not white space.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

Kind = Literal["heading", "text", "fence", "table", "list"]

_MARKDOWN_SIGNS = re.compile(r"^(?:#{1,6}[ \t]+\S|```|~~~|[ \t]*[-*+][ \t]+\S|\|.+\|[ \t]*$|>[ \t])", re.MULTILINE)
# Opens with a key: a "---" above anything else is a rule.
_FRONT_MATTER = re.compile(r"\A---\n(?:[^\s:#][^\n:]*:.*?\n)?---[ \t]*(?:\n|\Z)", re.DOTALL)
# "1.2 제목", "1.2.1. Title": at least two numbers, short, and no sentence.
_NUMBERED_HEADING = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){1,4})\.?[ \t]+(\S.{0,78}?)[ \t]*$")
_SENTENCE_END = re.compile(r"[.!?。다]$")
# What Markdown dialects of courses hang on a heading: "# Title[[anchor]]", "## Title {#id}", ":label:`x`".
_HEADING_TAIL = re.compile(r"\s*(?:\[\[[^\]]*\]\]|\{#[^}]*\})\s*$")
_INLINE_MARKUP = re.compile(r"\*{1,3}(?=\S)|(?<=\S)\*{1,3}|`")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table, fence or heading: `text[start:end]`.

    `heading` is the path of headings above it, outermost first; a heading block counts itself in.
    """

    kind: Kind
    start: int
    end: int
    heading: tuple[str, ...]


def looks_like_markdown(text: str) -> bool:
    """Whether a .txt holds Markdown: at least two signs of it, or one in a short text."""
    signs = len(_MARKDOWN_SIGNS.findall(text))
    return signs >= 2 or (signs == 1 and text.count("\n") < 10)


def markdown_blocks(text: str, *, numbered_headings: bool = False) -> list[Block]:
    """Top-level blocks of a Markdown text; `numbered_headings` also takes "1.2 제목" lines as such."""
    raw = _merge_display_math(text, list(_top_level(text)))
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    for kind, level, start, end in raw:
        if kind == "heading" and text.count("\n", start, end) > 1:
            kind = "text"  # a paragraph with "---" right below it: by the letter a heading, never meant as one
        found = _numbered(text[start:end]) if numbered_headings and kind == "text" else None
        if found is not None:
            kind, level = "heading", found[0]
        if kind == "heading":
            while path and path[-1][0] >= level:
                path.pop()
            path.append((level, heading_text(text[start:end])))
        blocks.append(Block(kind, start, end, tuple(title for _, title in path)))
    return blocks


def plain_blocks(text: str) -> list[Block]:
    """Paragraphs of a plain text, and "1.2.1 제목" lines as headings."""
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    for start, end in _paragraphs(text):
        found = _numbered(text[start:end])
        if found is not None:
            while path and path[-1][0] >= found[0]:
                path.pop()
            path.append((found[0], heading_text(text[start:end])))
        kind: Kind = "heading" if found is not None else "text"
        blocks.append(Block(kind, start, end, tuple(title for _, title in path)))
    return blocks


def heading_text(raw: str) -> str:
    """The words of a heading, without its marks: "## **제목** {#id}" is "제목"."""
    line = raw.strip().split("\n")[0].strip()
    line = re.sub(r"^#{1,6}\s*|\s+#+$", "", line)
    while (shorter := _HEADING_TAIL.sub("", line)) != line:
        line = shorter
    return _INLINE_MARKUP.sub("", line).strip()


def _top_level(text: str) -> Iterator[tuple[Kind, int, int, int]]:
    """(kind, heading level, start, end) of every top-level block; gaps become text blocks."""
    from markdown_it import MarkdownIt

    starts = [0, *accumulate(len(line) for line in text.split("\n"))]
    # Every line but the last also ends with "\n".
    line_starts = [start + number for number, start in enumerate(starts)]
    position = 0
    front = _FRONT_MATTER.match(text)
    if front:
        yield "text", 0, *_trim(text, 0, front.end())
        position = front.end()
    skipped_lines = text.count("\n", 0, position)
    tokens = MarkdownIt("commonmark").enable("table").disable("inline").parse(text[position:])
    for token in tokens:
        if token.level != 0 or token.map is None or token.nesting < 0:
            continue
        start = line_starts[token.map[0] + skipped_lines]
        end = min(line_starts[min(token.map[1] + skipped_lines, len(line_starts) - 1)], len(text))
        if text[position:start].strip():  # link definitions and the like make no token
            yield "text", 0, *_trim(text, position, start)
        trimmed = _trim(text, max(start, position), end)
        if trimmed[0] < trimmed[1]:
            yield _kind(token.type), int(token.tag[1]) if token.type == "heading_open" else 0, *trimmed
        position = max(position, end)
    if text[position:].strip():
        yield "text", 0, *_trim(text, position, len(text))


def _kind(token_type: str) -> Kind:
    match token_type:
        case "heading_open":
            return "heading"
        case "fence" | "code_block":
            return "fence"
        case "table_open":
            return "table"
        case "bullet_list_open" | "ordered_list_open":
            return "list"
        case _:
            return "text"


def _merge_display_math(text: str, raw: list[tuple[Kind, int, int, int]]) -> Iterable[tuple[Kind, int, int, int]]:
    """Join the pieces of a $$ ... $$ formula that holds blank lines or list-like lines."""
    merged: list[tuple[Kind, int, int, int]] = []
    open_since: int | None = None
    for kind, level, start, end in raw:
        odd = kind != "fence" and text.count("$$", start, end) % 2 == 1
        if open_since is not None and kind in ("heading", "fence"):
            open_since = None  # a lone $$ is no formula: leave what came before as it was
        if open_since is None:
            merged.append((kind, level, start, end))
            if odd:
                open_since = len(merged) - 1
        elif odd:
            first = merged[open_since]
            del merged[open_since:]
            merged.append(("text", 0, first[2], end))
            open_since = None
        else:
            merged.append((kind, level, start, end))
    return merged


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start: int | None = None
    position = 0
    for line in text.split("\n"):
        end = position + len(line)
        heading = _numbered(line) is not None
        if start is not None and (heading or not line.strip()):
            yield _trim(text, start, position)
            start = None
        if heading:
            yield _trim(text, position, end)
        elif line.strip() and start is None:
            start = position
        position = end + 1
    if start is not None:
        yield _trim(text, start, len(text))


def _numbered(line: str) -> tuple[int, str] | None:
    match = _NUMBERED_HEADING.match(line.strip())
    if match is None or _SENTENCE_END.search(match[2]):
        return None
    return match[1].count(".") + 1, match[2]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    begin = start + len(piece) - len(piece.lstrip())
    # Keep the indentation of an indented block: its first line's spaces belong to it.
    line_start = text.rfind("\n", start, begin) + 1
    return (max(start, line_start) if begin > start else begin), start + len(piece.rstrip())


def line_of(text: str, offset: int) -> int:
    """1-based number of the line that holds `offset`."""
    return bisect_right([0, *(match.end() for match in re.finditer("\n", text))], offset)
