from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.retrieval.index import IndexedChunk
from rag.retrieval.widen import widen
from rag.types import Chunk


def document(lengths, gaps, cuts, doc="d"):
    """Chunks of one document: their lengths, the gaps between them, and before which a new section begins."""
    chunks, position, section = [], 0, 0
    for number, (length, gap) in enumerate(zip(lengths, gaps, strict=True)):
        section += number in cuts
        start, position = position, position + length + gap
        text = "x" * length
        chunk = Chunk(f"{doc}-{number}", doc, start, start + length, text, "", 1)
        chunks.append(IndexedChunk(number, chunk, f"{doc}.md", doc, 0, section))
    return chunks


def run(chunks, order, *, k=100, passage_chars=1200):
    def section(number):
        return [chunk for chunk in chunks if chunk.section == number]

    ranked = [(chunks[place], 1 / (rank + 1)) for rank, place in enumerate(order)]
    return widen(ranked, section, k=k, passage_chars=passage_chars)


@st.composite
def layouts(draw):
    n = draw(st.integers(1, 12))
    lengths = draw(st.lists(st.integers(1, 700), min_size=n, max_size=n))
    gaps = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    cuts = draw(st.sets(st.integers(1, n)))
    order = draw(st.permutations(range(n)))
    return document(lengths, gaps, cuts), order


@given(layouts(), st.integers(0, 13), st.integers(200, 1500))
@settings(max_examples=300, deadline=None)
def test_passages_do_not_overlap_keep_the_limit_and_hold_their_chunk(layout, k, limit):
    chunks, order = layout
    found = run(chunks, order, k=k, passage_chars=limit)
    assert len(found) <= k
    for one in found:
        assert one.end - one.start <= limit
        assert one.start <= one.hit.chunk.start
        assert one.end >= min(one.hit.chunk.end, one.hit.chunk.start + limit)
    spans = sorted((one.start, one.end) for one in found)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@given(layouts(), st.integers(200, 1500))
@settings(max_examples=200, deadline=None)
def test_every_chunk_in_the_ranking_is_inside_some_passage(layout, limit):
    chunks, order = layout
    found = run(chunks, order, passage_chars=limit)
    for place in order:
        chunk = chunks[place].chunk
        assert any(one.start < chunk.end and chunk.start < one.end for one in found)


@given(layouts())
@settings(max_examples=100, deadline=None)
def test_a_passage_ends_at_chunks_of_its_section(layout):
    chunks, order = layout
    for one in run(chunks, order):
        inside = [c for c in chunks if c.section == one.hit.section and one.start <= c.chunk.start < one.end]
        assert (one.start, one.end) == (inside[0].chunk.start, inside[-1].chunk.end)


def test_neighbours_are_taken_what_follows_first():
    chunks = document([100] * 5, [1] * 5, set())
    (one,) = run(chunks, [2], passage_chars=310)
    assert (one.start, one.end) == (chunks[1].chunk.start, chunks[3].chunk.end)
    (one,) = run(chunks, [2], passage_chars=210)
    assert (one.start, one.end) == (chunks[2].chunk.start, chunks[3].chunk.end)
    (one,) = run(chunks, [4], passage_chars=210)
    assert (one.start, one.end) == (chunks[3].chunk.start, chunks[4].chunk.end)


def test_another_section_is_not_read_into():
    chunks = document([100] * 4, [1] * 4, {2})
    (one,) = run(chunks, [1], k=1)
    assert (one.start, one.end) == (0, chunks[1].chunk.end)


def test_what_a_better_passage_holds_is_not_handed_over_twice():
    chunks = document([100] * 3, [1] * 3, set())
    (one,) = run(chunks, [1, 0, 2])
    assert (one.start, one.end) == (0, chunks[2].chunk.end)


def test_a_passage_stops_where_a_better_one_begins():
    chunks = document([500] * 4, [1] * 4, set())
    first, second = run(chunks, [0, 3], passage_chars=1200)
    assert (first.start, first.end) == (0, chunks[1].chunk.end)
    assert (second.start, second.end) == (chunks[2].chunk.start, chunks[3].chunk.end)


def test_a_chunk_longer_than_the_limit_is_cut():
    chunks = document([900], [0], set())
    (one,) = run(chunks, [0], passage_chars=300)
    assert (one.start, one.end) == (0, 300)


def test_documents_do_not_disturb_each_other():
    first, second = document([100], [0], set(), "a"), document([100], [0], set(), "b")
    found = widen([(first[0], 1.0), (second[0], 1.0)], lambda _: [first[0]], k=5, passage_chars=1200)
    assert [one.hit.chunk.doc_id for one in found] == ["a", "b"]


@pytest.mark.parametrize("k", [0, 1, 3])
def test_k_is_honoured(k):
    chunks = document([100] * 5, [1] * 5, {1, 2, 3, 4})
    assert len(run(chunks, range(5), k=k)) == k


def test_nothing_ranked():
    assert widen([], lambda _: [], k=5, passage_chars=1200) == []


def copy_of(text, doc, row):
    chunk = Chunk(doc, doc, 0, len(text), text, "", 1)
    return IndexedChunk(row, chunk, f"{doc}.md", doc, row, row)


def test_a_copy_comes_after_what_says_something_new():
    text = "the forget gate of an lstm decides which part of its cell state is thrown away at every step"
    chunks = [copy_of(text, "a", 0), copy_of(text + " indeed", "b", 1), copy_of("attention is another matter", "c", 2)]
    found = run(chunks, [0, 1, 2])
    assert [one.hit.chunk.doc_id for one in found] == ["a", "c", "b"]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert [one.hit.chunk.doc_id for one in run(chunks, [0, 1, 2], k=2)] == ["a", "c"]


def test_few_words_in_common_make_no_copy():
    chunks = [copy_of("the gate", "a", 0), copy_of("the gate", "b", 1), copy_of("attention", "c", 2)]
    assert [one.hit.chunk.doc_id for one in run(chunks, [0, 1, 2])] == ["a", "b", "c"]


def notes(*sections):
    """Chunks of one note: (heading path, characters), each a section of its own."""
    chunks, start = [], 0
    for number, (heading, length) in enumerate(sections):
        chunk = Chunk(f"d-{number}", "d", start, start + length, "x" * length, heading, 1)
        chunks.append(IndexedChunk(number, chunk, "d.md", "d", 0, number))
        start += length + 2
    return chunks


def reach(chunks, place, **limits):
    def around(section):
        return [chunk for chunk in chunks if abs(chunk.section - section) <= 4]

    limits = {"k": 1, "passage_chars": 1200, **limits}
    (found,) = widen([(chunks[place], 1.0)], lambda number: [chunks[number]], around, **limits)
    return [one.row for one in chunks if found.start <= one.chunk.start and one.chunk.end <= found.end]


def test_a_short_section_takes_in_what_stands_under_the_same_heading():
    chunks = notes(("T > A", 50), ("T > B", 100), ("T > B > 1", 100), ("T > B > 2", 100), ("T > C", 50))
    assert reach(chunks, 2) == [1, 2, 3]
    # A section with parts takes its parts, and no section that only shares the title.
    assert reach(chunks, 1) == [1, 2, 3]
    assert reach(chunks, 0) == [0]
    # What stands before the first heading is no part of what comes after it.
    assert reach(notes(("T", 50), ("T > A", 50)), 0) == [0]


def test_not_beyond_600_characters_and_not_beyond_the_limit():
    chunks = notes(("T > B > 1", 300), ("T > B > 2", 200), ("T > B > 3", 200))
    assert reach(chunks, 1) == [1, 2]
    assert reach(chunks, 0) == [0, 1]
    assert reach(chunks, 1, passage_chars=300) == [1]
    assert reach(notes(("T > B > 1", 100), ("T > Bx", 100)), 0) == [0]
