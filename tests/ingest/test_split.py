import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.split import CHUNK_CHARS, DEFAULT_CHUNK_TOKENS, Splitter, blocks_of
from rag.retrieval.tokens import EncoderTokenizer
from rag.settings import Settings
from rag.text import normalise
from rag.types import HEADING_SEPARATOR, Document
from tests.ingest.shapes import LONG_WORD, MARKDOWN, SHAPES, TEXT_SHAPES


@pytest.fixture(scope="module")
def minilm_tokens(minilm):
    return EncoderTokenizer(minilm.files.path, query_prefix="", passage_prefix="", window=minilm.window)


@pytest.fixture(scope="module")
def tiny_tokens(e5_tiny):
    return EncoderTokenizer(e5_tiny, query_prefix="query: ", passage_prefix="passage: ", window=128)


@pytest.fixture(scope="module", params=["minilm", "e5-tiny", "no encoder"])
def tokenizer(request, minilm_tokens, tiny_tokens):
    return {"minilm": minilm_tokens, "e5-tiny": tiny_tokens, "no encoder": None}[request.param]


def document(text, kind="markdown", title="노트"):
    return Document("doc", "note.md", title, normalise(text), {"format": kind})


def check(note, chunks, splitter):
    text = note.text
    position = 0
    covered = set()
    for chunk in chunks:
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip()
        assert position <= chunk.start < chunk.end
        position = chunk.end
        covered.update(range(chunk.start, chunk.end))
        assert chunk.tokens <= splitter.chunk_tokens
        assert len(chunk.text) <= CHUNK_CHARS
        if splitter.tokenizer is not None:
            read = splitter.tokenizer.passage_input(chunk.heading, chunk.text)
            assert chunk.tokens == splitter.tokenizer.count([read])[0] <= splitter.tokenizer.window
    # A heading's own line may stand in the heading of the chunks below it instead.
    for block in blocks_of(note):
        missing = [place for place in range(block.start, block.end) if place not in covered]
        if block.kind == "heading" and any(chunk.heading.endswith(block.heading[-1]) for chunk in chunks):
            continue
        assert not [text[place] for place in missing if not text[place].isspace()]
    names = [chunk.chunk_id for chunk in chunks]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", [*SHAPES, *TEXT_SHAPES])
def test_real_shapes(tokenizer, name):
    kind = "markdown" if name in SHAPES else "text"
    note = document((SHAPES | TEXT_SHAPES)[name], kind)
    splitter = Splitter(tokenizer)
    chunks = splitter.split(note)
    check(note, chunks, splitter)
    assert splitter.split(note) == chunks


@given(MARKDOWN, st.sampled_from(["markdown", "text", "passage"]), st.sampled_from(["", "노트", "아주 긴 제목 " * 40]))
@settings(max_examples=120, deadline=None)
def test_anything(tiny_tokens, text, kind, title):
    note = document(text, kind, title)
    splitter = Splitter(tiny_tokens, 48)
    chunks = splitter.split(note)
    check(note, chunks, splitter)
    assert splitter.split(note) == chunks


@given(MARKDOWN)
@settings(max_examples=60, deadline=None)
def test_anything_with_the_real_tokenizer(minilm_tokens, text):
    note = document(text)
    splitter = Splitter(minilm_tokens, 64)
    check(note, splitter.split(note), splitter)


@given(MARKDOWN)
@settings(max_examples=60, deadline=None)
def test_anything_without_an_encoder(text):
    note = document(text)
    splitter = Splitter(None, 40)
    check(note, splitter.split(note), splitter)


def test_the_size_is_the_settings_within_the_window(minilm_tokens, tiny_tokens):
    assert Splitter(minilm_tokens).chunk_tokens == 256
    assert Splitter(minilm_tokens, 100).chunk_tokens == 100
    assert Splitter(minilm_tokens, 5000).chunk_tokens == 256
    assert Splitter(tiny_tokens).chunk_tokens == 128
    assert Splitter(None).chunk_tokens == DEFAULT_CHUNK_TOKENS


def test_the_limit_is_the_longest_passage():
    assert CHUNK_CHARS == Settings().retrieval.passage_chars


def test_a_smaller_size_gives_more_chunks(minilm_tokens):
    note = document("한 문장이다. " * 100)
    assert len(Splitter(minilm_tokens, 64).split(note)) > len(Splitter(minilm_tokens, 256).split(note)) > 1


def cut(text, tokenizer, size=None, kind="markdown", title=""):
    return [(chunk.heading, chunk.text) for chunk in Splitter(tokenizer, size).split(document(text, kind, title))]


def test_blocks_under_one_heading_go_together(minilm_tokens):
    text = "# 가\n\n첫째.\n\n- 둘째\n\n## 나\n\n셋째.\n"
    assert cut(text, minilm_tokens) == [("가", "첫째.\n\n- 둘째"), ("가 > 나", "셋째.")]


def test_title_and_headings_make_the_path(minilm_tokens):
    text = "본문 앞.\n\n# 가\n\n본문.\n"
    assert cut(text, minilm_tokens, title="노트") == [("노트", "본문 앞."), ("노트 > 가", "본문.")]
    # A title that is the first heading stands there once.
    assert cut(text, minilm_tokens, title="가") == [("가", "본문 앞."), ("가", "본문.")]


def test_a_heading_with_nothing_below_is_a_chunk(minilm_tokens):
    assert [text for _, text in cut(SHAPES["headings only"], minilm_tokens)] == ["# 하나", "## 둘", "### 셋", "# 넷"]


def test_a_heading_that_the_path_cuts_short_is_not_lost(minilm_tokens):
    text = SHAPES["a very long heading"]
    together = " ".join(text for _, text in cut(text, minilm_tokens))
    assert together.count("아주 긴 제목") == 80


def test_a_fence_that_fits_is_whole(minilm_tokens):
    fence = "```python\ndef f():\n\n    return 1\n```"
    text = "앞말이다. " * 60 + f"\n\n{fence}\n\n" + "뒷말이다. " * 60
    assert any(fence in chunk for _, chunk in cut(text, minilm_tokens, 128))


def test_a_table_too_long_is_cut_at_its_rows(minilm_tokens):
    chunks = [text for _, text in cut(SHAPES["a table too long"], minilm_tokens)]
    assert len(chunks) > 3
    lines = set(SHAPES["a table too long"].split("\n"))
    assert all(line in lines for chunk in chunks for line in chunk.split("\n"))


def test_code_too_long_is_cut_at_its_lines(minilm_tokens):
    lines = set(SHAPES["a fence too long"].split("\n"))
    for _, chunk in cut(SHAPES["a fence too long"], minilm_tokens):
        assert all(line in lines for line in chunk.split("\n"))


def test_a_list_too_long_is_cut_at_its_items(minilm_tokens):
    text = "".join(f"- 항목 {number}은 무엇인가\n  이어진 줄\n" for number in range(60))
    for _, chunk in cut(text, minilm_tokens, 64):
        assert chunk.startswith("- 항목")
        assert chunk.endswith("이어진 줄")


def test_a_paragraph_too_long_is_cut_at_its_sentences(minilm_tokens):
    text = " ".join(f"문장 {number}은 여기서 끝난다." for number in range(60))
    for _, chunk in cut(text, minilm_tokens, 64):
        assert chunk.startswith("문장")
        assert chunk.endswith("끝난다.")


def test_a_sentence_too_long_is_cut_between_its_words(tiny_tokens):
    text = " ".join(f"word{number}" for number in range(200))
    for _, chunk in cut(text, tiny_tokens, 64):
        assert all(word.startswith("word") for word in chunk.split())


def test_a_line_without_spaces_is_cut_anyway(tokenizer):
    chunks = Splitter(tokenizer).split(document(LONG_WORD, title=""))
    assert len(chunks) > 5
    assert "".join(chunk.text for chunk in chunks) == LONG_WORD


def test_equal_pieces_get_names_of_their_own(minilm_tokens):
    splitter = Splitter(minilm_tokens, 40)
    text = "# 가\n\n같은 문단이다.\n\n# 나\n\n같은 문단이다.\n\n# 다\n\n같은 문단이다.\n"
    chunks = splitter.split(document(text))
    assert [chunk.text for chunk in chunks] == ["같은 문단이다."] * 3
    assert len({chunk.chunk_id for chunk in chunks}) == 3


def test_names_depend_on_document_text_and_occurrence_only(minilm_tokens):
    splitter = Splitter(minilm_tokens)
    first = splitter.split(document("# 가\n\n하나.\n\n# 나\n\n둘.\n"))
    moved = splitter.split(document("# 앞\n\n새 문단.\n\n# 가\n\n하나.\n\n# 나\n\n둘.\n"))
    assert {chunk.text: chunk.chunk_id for chunk in first}.items() <= {c.text: c.chunk_id for c in moved}.items()
    other = splitter.split(replace(document("# 가\n\n하나.\n"), doc_id="other"))
    assert other[0].chunk_id != first[0].chunk_id


@pytest.mark.parametrize("text", ["", " \n\t\n", "\u3000"])
def test_nothing_to_cut(tokenizer, text):
    assert Splitter(tokenizer).split(document(text)) == []


def test_a_long_path_gives_way_outermost_first(tiny_tokens):
    text = "# " + "outermost words " * 5 + "\n\n## the gate\n\nattention.\n"
    ((heading, _),) = [found for found in cut(text, tiny_tokens, 64) if found[1] == "attention."]
    assert heading == "the gate"
    assert HEADING_SEPARATOR not in heading


def test_a_passage_is_plain_text_whatever_it_looks_like(minilm_tokens):
    text = "# 우물 정자로 시작하는 신문 기사다. - 목록 아님"
    assert cut(text, minilm_tokens, kind="passage") == [("", text)]


def test_text_that_holds_markdown_is_read_as_markdown(minilm_tokens):
    text = TEXT_SHAPES["markdown in a text file"]
    headings = [heading for heading, _ in cut(text, minilm_tokens, kind="text")]
    assert headings == ["제목 > 1.1 개요", "제목 > 1.1 개요 > 1.2.1 제목"] or "1.2.1 제목" in headings[-1]


def test_a_big_note_takes_seconds_not_minutes(minilm_tokens):
    text = "\n\n".join(f"## 절 {n}\n\n" + "긴 문장이 이어진다. " * 20 for n in range(300)) + "\n\n" + "x" * 100_000
    began = time.perf_counter()
    chunks = Splitter(minilm_tokens).split(document(text))
    assert len(chunks) > 300
    assert time.perf_counter() - began < 30
