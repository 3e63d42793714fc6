from itertools import pairwise

import pytest

from ingest.encoder import choose_encoder
from ingest.prepare import SECTION_CHARS, prepare
from ingest.roots import StoredDocument
from ingest.split import Splitter
from rag.retrieval.manifest import SplitterPin
from rag.retrieval.tokens import EncoderTokenizer
from rag.text import morphemes
from rag.types import Document
from tests.helpers import Recorder

TEXTS = {
    "a": "# 가\n\n게이트는 값을 정한다.\n\n## 나\n\n" + "attention of the gate is the value. " * 100,
    "b": "머리말이다.\n\n# 다\n\n" + "토큰을 합친다. " * 200,
    "c": "짧다.",
}


def stored(name, text):
    document = Document(name, f"{name}.md", name, text, {"origin": "notes", "format": "markdown", "language": "ko"})
    return StoredDocument(document, "notes", f"digest of {text}")


@pytest.fixture
def corpus(settings):
    def make(texts, before=None):
        recorder = Recorder()
        choice = choose_encoder(settings, None, False)
        found = prepare(settings, [stored(*item) for item in texts.items()], before, choice, recorder)
        return found, recorder.stages

    return make


def test_everything_lines_up(corpus):
    found, stages = corpus(TEXTS)
    n = len(found.chunks)
    lists = (found.document_of, found.section_of, found.morphemes, found.readings, found.vector_keys)
    assert {len(one) for one in lists} == {n}
    assert stages == {"splitting": 3, "reading words": n, "auditing": n}
    assert [document.doc_id for document in found.documents] == list(TEXTS)
    for chunk, number in zip(found.chunks, found.document_of, strict=True):
        assert chunk.doc_id == found.documents[number].doc_id
    assert found.document_of == sorted(found.document_of)


def test_sections_are_neighbouring_chunks_under_one_heading(corpus):
    found, _ = corpus(TEXTS)
    assert found.section_of == sorted(found.section_of)
    assert set(found.section_of) == set(range(len(found.sections)))
    for number, section in enumerate(found.sections):
        chunks = [chunk for chunk, owner in zip(found.chunks, found.section_of, strict=True) if owner == number]
        assert (section.start, section.end) == (chunks[0].start, chunks[-1].end)
        assert {chunk.heading for chunk in chunks} == {section.heading}
        assert {chunk.doc_id for chunk in chunks} == {found.documents[section.document].doc_id}
        assert section.end - section.start <= SECTION_CHARS or len(chunks) == 1
    # As few as the limit allows: two neighbours that could be one would be.
    for left, right in pairwise(found.sections):
        if left.document == right.document and left.heading == right.heading:
            first = next(c for c in found.chunks if (c.start, c.heading) == (right.start, right.heading))
            assert first.end - left.start > SECTION_CHARS


def test_words_and_readings_are_those_of_each_chunk(corpus, e5_tiny):
    found, _ = corpus(TEXTS)
    tokenizer = EncoderTokenizer(e5_tiny, query_prefix="query: ", passage_prefix="passage: ", window=128)
    for chunk, words, reading in zip(found.chunks, found.morphemes, found.readings, strict=True):
        assert words.split() == morphemes(chunk.text)
        assert reading == tokenizer.reading(chunk.text)


def test_a_vector_depends_on_what_is_read_and_on_nothing_else(corpus):
    found, _ = corpus({"a": "# 가\n\n같은 글.\n", "b": "# 가\n\n같은 글.\n"})
    (other,), _ = corpus({"c": "# 가\n\n같은 글.\n"})[0].vector_keys, None
    assert found.chunks[0].heading != found.chunks[1].heading
    assert len({*found.vector_keys, other}) == 3
    same, _ = corpus({"a": "# a\n\n같은 글.\n", "b": "머리\n\n# a\n\n같은 글.\n"})
    keys = dict(zip(((chunk.heading, chunk.text) for chunk in same.chunks), same.vector_keys, strict=True))
    assert len(set(keys.values())) == len(keys)


def test_what_the_corpus_was_cut_with_is_told(corpus, settings):
    found, _ = corpus(TEXTS)
    tokenizer = EncoderTokenizer(settings.encoder.path, query_prefix="", passage_prefix="", window=128)
    chunk_tokens = Splitter(tokenizer).chunk_tokens
    assert isinstance(found.splitter, SplitterPin)
    assert (found.splitter.chunk_tokens, found.splitter.section_chars) == (chunk_tokens, SECTION_CHARS)


def test_nothing_to_prepare(corpus):
    found, stages = corpus({})
    assert (found.chunks, found.sections, found.documents) == ([], [], [])
    assert "reading words" not in stages


def test_what_the_index_before_knows_is_taken_over(settings, ingest, opened, tmp_path):
    from tests.helpers import write_notes

    folder = write_notes(tmp_path / "notes", {f"{name}.md": text for name, text in TEXTS.items()})
    ingest(settings, folder)
    before = opened(settings)
    recorder = Recorder()
    choice = choose_encoder(settings, before.manifest.encoder, False)
    documents = [StoredDocument(document, root, digest) for document, root, digest in before.stored_documents()]
    found = prepare(settings, documents, before, choice, recorder)
    assert [one.chunk for one in before.stored_chunks()] == found.chunks
    assert [one.morphemes for one in before.stored_chunks()] == found.morphemes
    assert [one.reading for one in before.stored_chunks()] == found.readings
    assert {one.vector_key: one.row for one in before.stored_chunks()} == found.known_vectors
    assert "reading words" not in recorder.stages
