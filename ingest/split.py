"""Document -> Chunks, by structure and by the embedder's own tokens.

A chunk is a run of whole blocks (paragraphs, lists, tables, code fences) under one heading; a block
that does not fit is cut at list items, rows and code lines, else at sentences, else between words.
`document.text[start:end] == chunk.text`, and prefix, heading and text together never exceed the
encoder's window. Chunks do not overlap and hold every character that is not white space.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from ingest.blocks import Block, looks_like_markdown, markdown_blocks, plain_blocks
from rag.retrieval.tokens import EncoderTokenizer
from rag.text import sentences
from rag.types import HEADING_SEPARATOR, Chunk, Document

VERSION = 2
DEFAULT_CHUNK_TOKENS = 256
# No longer than a passage (`retrieval.passage_chars`): white space and unknown words cost hardly a token.
CHUNK_CHARS = 1200
_HEADING_SHARE = 0.3


class Splitter:
    """Cuts documents into chunks that one encoder reads whole."""

    def __init__(self, tokenizer: EncoderTokenizer | None, chunk_tokens: int | None = None) -> None:
        """`chunk_tokens` beyond the encoder's window is cut down to it; None: the window, at most 256.

        Without a tokenizer (an index of words only) a token is taken to be a character and a half.
        """
        window = tokenizer.window if tokenizer else DEFAULT_CHUNK_TOKENS
        self.tokenizer = tokenizer
        self.chunk_tokens = min(chunk_tokens or DEFAULT_CHUNK_TOKENS, window)

    def split(self, document: Document) -> list[Chunk]:
        """Chunks of a document, in order."""
        text = document.text
        ruler = _Ruler(text, self.tokenizer)
        spans: list[tuple[int, int, str]] = []
        for heading, blocks in _sections(document):
            path = self._heading(document.title, heading)
            # A heading's own line is left to the path, unless nothing follows it or the path cuts it short.
            body = [block for block in blocks if block.kind != "heading"]
            if body and (not heading or path.endswith(heading[-1])):
                blocks = body
            room = max(self.chunk_tokens - self._overhead(path), self.chunk_tokens // 4)
            spans += [(start, end, path) for start, end in _pack(text, blocks, ruler, room)]
        return self._finish(document, spans)

    def _heading(self, title: str, headings: tuple[str, ...]) -> str:
        """Title and headings as one path; the outermost go first when it would eat the window."""
        path = [title, *headings] if not headings or headings[0] != title else list(headings)
        path = [part for part in path if part]
        limit = int(self.chunk_tokens * _HEADING_SHARE)
        while len(path) > 1 and self._overhead(HEADING_SEPARATOR.join(path)) > limit:
            path.pop(0)
        joined = HEADING_SEPARATOR.join(path)
        while joined and self._overhead(joined) > limit:
            joined = joined[: len(joined) * 3 // 4].rstrip()
        return joined

    def _overhead(self, heading: str) -> int:
        if self.tokenizer is None:
            return len(heading) * 2 // 3
        return self.tokenizer.count([self.tokenizer.passage_input(heading, "")])[0]

    def _finish(self, document: Document, spans: list[tuple[int, int, str]]) -> list[Chunk]:
        """Count each chunk exactly as it will be read; halve what is still too long."""
        chunks = []
        seen: Counter[str] = Counter()
        pending = spans[::-1]
        while pending:
            batch, pending = pending[::-1], []
            counts = self._count(document.text, batch)
            if all(count <= self.chunk_tokens for count in counts):
                for (start, end, heading), count in zip(batch, counts, strict=True):
                    piece = document.text[start:end]
                    name = _hash(document.doc_id, piece, str(seen[piece]))
                    seen[piece] += 1
                    chunks.append(Chunk(name, document.doc_id, start, end, piece, heading, count))
                break
            smaller: list[tuple[int, int, str]] = []
            for span, count in zip(batch, counts, strict=True):
                smaller += [span] if count <= self.chunk_tokens else _halve(document.text, span)
            pending = smaller[::-1]
        return chunks

    def _count(self, text: str, spans: Sequence[tuple[int, int, str]]) -> list[int]:
        if self.tokenizer is None:
            return [(end - start + len(heading)) * 2 // 3 for start, end, heading in spans]
        return self.tokenizer.count(
            [self.tokenizer.passage_input(heading, text[start:end]) for start, end, heading in spans]
        )


class _Ruler:
    """Tokens of any span of a text, from one reading of the whole."""

    def __init__(self, text: str, tokenizer: EncoderTokenizer | None) -> None:
        self._starts = [start for start, _ in tokenizer.offsets(text)] if tokenizer else None

    def fits(self, start: int, end: int, room: int) -> bool:
        return end - start <= CHUNK_CHARS and self.tokens(start, end) <= room

    def tokens(self, start: int, end: int) -> int:
        if self._starts is None:
            return (end - start) * 2 // 3
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)


def _sections(document: Document) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Blocks by heading path, the heading's own line first."""
    blocks = blocks_of(document)
    position = 0
    while position < len(blocks):
        heading = blocks[position].heading
        stop = position
        while (
            stop < len(blocks)
            and blocks[stop].heading == heading
            and (stop == position or blocks[stop].kind != "heading")
        ):
            stop += 1
        yield heading, blocks[position:stop]
        position = stop


def blocks_of(document: Document) -> list[Block]:
    """Structure of a document by its format: markdown, text that holds Markdown, plain, passage."""
    match document.metadata.get("format"):
        case "markdown":
            return markdown_blocks(document.text)
        case "text" if looks_like_markdown(document.text):
            return markdown_blocks(document.text, numbered_headings=True)
        case _:
            return plain_blocks(document.text)


def _pack(text: str, blocks: Sequence[Block], ruler: _Ruler, room: int) -> Iterator[tuple[int, int]]:
    """Greedy runs of atoms that fit into `room` tokens and 1,200 characters; a block that fits is never cut."""
    start: int | None = None
    end = 0
    for begin, finish in _atoms(text, blocks, ruler, room):
        if start is not None and not ruler.fits(start, finish, room):
            yield start, end
            start = None
        if start is None:
            start = begin
        end = finish
    if start is not None:
        yield start, end


def _atoms(text: str, blocks: Sequence[Block], ruler: _Ruler, room: int) -> Iterator[tuple[int, int]]:
    for block in blocks:
        if ruler.fits(block.start, block.end, room):
            yield block.start, block.end
            continue
        for start, end in _parts(text, block):
            yield from _cut(text, start, end, ruler, room)


def _parts(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """The natural parts of a block: lines of code and tables, items of lists, sentences."""
    if block.kind in ("fence", "table"):
        cuts = [block.start + match.end() for match in re.finditer("\n", text[block.start : block.end])]
    elif block.kind == "list":
        item = re.compile(r"\n(?=[ \t]*(?:[-*+]|\d{1,3}[.)])\s)")
        cuts = [block.start + match.end() for match in item.finditer(text[block.start : block.end])]
    else:
        yield from ((block.start + s.start, block.start + s.end) for s in sentences(text[block.start : block.end]))
        return
    for start, end in zip([block.start, *cuts], [*cuts, block.end], strict=True):
        piece = text[start:end]
        if piece.strip():
            yield start, start + len(piece.rstrip())


def _cut(text: str, start: int, end: int, ruler: _Ruler, room: int) -> Iterator[tuple[int, int]]:
    """A part as it is, or its sentences, or its halves, until each fits."""
    if ruler.fits(start, end, room):
        yield start, end
        return
    inner = sentences(text[start:end])
    pieces = [(start + s.start, start + s.end) for s in inner] if len(inner) > 1 else None
    for left, right in pieces or [(s, e) for s, e, _ in _halve(text, (start, end, ""))]:
        if (left, right) == (start, end):
            yield left, right
        else:
            yield from _cut(text, left, right, ruler, room)


def _halve(text: str, span: tuple[int, int, str]) -> list[tuple[int, int, str]]:
    """Two halves of a span, cut at the white space nearest to its middle, else in the middle."""
    start, end, heading = span
    if end - start < 2:
        return [span]
    middle = (start + end) // 2
    gaps = [match.start() + start for match in re.finditer(r"\s+", text[start + 1 : end - 1])]
    cut = min(gaps, key=lambda gap: abs(gap - middle)) + 1 if gaps else middle
    if not text[start:cut].strip() or not text[cut:end].strip():
        cut = middle
    halves = []
    for left, right in ((start, cut), (cut, end)):
        piece = text[left:right]
        if piece.strip():
            begin = left + len(piece) - len(piece.lstrip())
            halves.append((begin, left + len(piece.rstrip()), heading))
    return halves


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
