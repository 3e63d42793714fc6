import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.retrievers import BaseRetriever

from ingest.build import build
from ingest.request import IngestRequest
from rag.retrieval.generations import Generations
from rag.retrieval.index import NotesIndex
from rag.retrieval.retriever import NotesRetriever
from rag.settings import EncoderSettings, Settings
from rag.types import Scope
from tests.helpers import NOTES, write_notes

QUESTIONS = {
    "BPE는 어떤 쌍을 합치나요?": "week1/01-토큰화.md",
    "WordPiece의 합치는 기준": "week1/01-토큰화.md",
    "망각게이트는 무엇을 지울지 정하나": "week1/02-LSTM.md",
    "nn.LSTM hidden_size": "week1/02-LSTM.md",
    "Why do we divide by the square root of the dimension?": "week2/attention.md",
    "재현율이란 무엇인가": "week3/1.2 평가.txt",
    "MRR은 정답의 순위를 어떻게 평균하나?": "week3/1.2 평가.txt",
    "fresh water and dry food": "week2/felines.md",
}
ODD = [
    "",
    " ",
    "?!",
    "...",
    "😀",
    "\u200b",
    "\x00",
    "漢字とかな",
    "ไทย",
    "ﷺ",
    "𠮷",
    "\ud800",
    "a\udfffb",
    "%_'\"--",
    "🇰🇷",
]


@pytest.fixture(scope="module")
def words_only(course_index):
    return NotesRetriever(index=course_index)


def found(retriever, query, **options):
    return [(passage.source, passage.start, passage.end) for passage in retriever.retrieve(query, **options)]


def check(retriever, passages, limit=1200):
    assert [passage.rank for passage in passages] == list(range(1, len(passages) + 1))
    assert all(left.score >= right.score for left, right in pairwise(passages))
    spans = {}
    for passage in passages:
        document = retriever.index.document(passage.chunk.doc_id)
        assert document.text[passage.start : passage.end] == passage.text
        assert document.text[passage.chunk.start : passage.chunk.end] == passage.chunk.text
        assert (passage.source, passage.title) == (document.source, document.title)
        assert 0 < len(passage.text) <= limit
        assert passage.start <= passage.chunk.start and passage.chunk.end <= max(passage.end, passage.start + limit)
        spans.setdefault(passage.chunk.doc_id, []).append((passage.start, passage.end))
    for one in spans.values():
        assert all(left[1] <= right[0] for left, right in pairwise(sorted(one)))


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_note_that_answers_comes_first(course_retriever, words_only, question):
    for retriever in (course_retriever, words_only):
        passages = retriever.retrieve(question)
        assert passages[0].source == QUESTIONS[question]
        check(retriever, passages)


WORDS = sorted({word for text in NOTES.values() for word in text.split()}) + ODD


@given(st.lists(st.sampled_from(WORDS), max_size=6), st.integers(1, 8), st.sampled_from([200, 300, 1200]))
@settings(max_examples=60, deadline=None)
def test_whatever_is_asked_passages_are_whole(words_only, words, k, limit):
    retriever = words_only.model_copy(update={"passage_chars": limit})
    passages = retriever.retrieve(" ".join(words), k)
    assert len(passages) <= k
    check(retriever, passages, limit)


def test_k_is_honoured(course_retriever):
    everything = found(course_retriever, "attention gate kitten", k=100)
    assert len(everything) > 5
    for k in (1, 2, 3, 5):
        assert found(course_retriever, "attention gate kitten", k=k) == everything[:k]
    assert len(found(course_retriever, "attention gate kitten")) == course_retriever.k == 5
    assert len(found(course_retriever.model_copy(update={"k": 2}), "attention gate kitten")) == 2


@pytest.mark.parametrize("query", ODD)
def test_a_query_without_a_word_finds_nothing(words_only, query):
    assert words_only.retrieve(query) == []


@pytest.mark.parametrize("query", ["", " ", "?!", "...", "😀", "\u200b", "\x00", "🇰🇷"])
def test_a_query_without_a_letter_finds_nothing_with_an_encoder_either(course_retriever, query):
    assert course_retriever.retrieve(query) == []


@pytest.mark.parametrize("query", [*ODD, "gate " * 2000, "\ud800 gate", "가" * 5000, "gate\x00gate"])
def test_no_query_is_a_crash(course_retriever, query):
    check(course_retriever, course_retriever.retrieve(query))


def test_words_that_the_notes_do_not_hold(words_only):
    assert words_only.retrieve("양자역학 슈뢰딩거") == []
    assert words_only.retrieve("xylophone zebra") == []


def test_what_means_the_same_is_found_without_a_shared_word(course_retriever, words_only):
    query = "How long do cats nap?"
    assert words_only.retrieve(query) == []
    assert course_retriever.retrieve(query)[0].source == "week2/felines.md"


def test_an_encoder_that_cannot_read_a_question_stays_out_of_it(course_retriever, words_only):
    for question in ("망각 게이트는 무엇을 지울지 정하나", "재현율이란 무엇인가", "토크나이저는 문장을 나눈다"):
        assert found(course_retriever, question) == found(words_only, question)


def test_the_same_question_gives_the_same_passages(course_retriever):
    for question in QUESTIONS:
        first = course_retriever.retrieve(question)
        assert course_retriever.retrieve(question) == first


def test_many_threads_ask_at_once(course_retriever):
    expected = [found(course_retriever, question) for question in QUESTIONS]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            assert list(pool.map(lambda question: found(course_retriever, question), QUESTIONS)) == expected


def test_decomposed_hangul_finds_the_same(course_retriever):
    for question in QUESTIONS:
        decomposed = unicodedata.normalize("NFD", question)
        assert found(course_retriever, decomposed) == found(course_retriever, question)


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        (Scope(sources=("week1/",)), {"week1/01-토큰화.md", "week1/02-LSTM.md"}),
        (Scope(sources=("week2/felines.md",)), {"week2/felines.md"}),
        (Scope(headings=("Feeding",)), {"week2/felines.md"}),
        (Scope(languages=("ko",)), {name for name in NOTES if name.startswith(("week1", "week3"))}),
        (Scope(origins=("klue",)), set()),
        (Scope(sources=("nowhere",)), set()),
    ],
)
def test_a_scope_holds(course_retriever, words_only, scope, allowed):
    query = "attention gate 게이트 토큰 kitten food 비율"
    for retriever in (course_retriever, words_only):
        passages = retriever.retrieve(query, 50, scope)
        check(retriever, passages)
        assert {passage.source for passage in passages} == allowed
        assert {passage.source for passage in retriever.retrieve(query, 50)} == set(NOTES)


def test_a_document_can_be_left_out(course_retriever):
    first = course_retriever.retrieve("fresh water and dry food")[0]
    scope = Scope(exclude_doc_ids=(first.chunk.doc_id,))
    assert all(p.chunk.doc_id != first.chunk.doc_id for p in course_retriever.retrieve("fresh water", 50, scope))


def test_langchain_reads_it(course_retriever):
    assert isinstance(course_retriever, BaseRetriever)
    passages = course_retriever.retrieve("망각 게이트")
    documents = course_retriever.invoke("망각 게이트")
    assert [document.page_content for document in documents] == [passage.text for passage in passages]
    assert [document.id for document in documents] == [passage.chunk.chunk_id for passage in passages]
    assert documents[0].metadata == {
        "rank": 1,
        "score": passages[0].score,
        "doc_id": passages[0].chunk.doc_id,
        "source": "week1/02-LSTM.md",
        "title": "LSTM",
        "heading": passages[0].chunk.heading,
        "start": passages[0].start,
        "end": passages[0].end,
    }
    scope = Scope(sources=("week2/",))
    some = course_retriever.invoke("gate attention", k=1, scope=scope)
    assert [document.metadata["source"] for document in some] == ["week2/attention.md"]
    assert course_retriever.batch(["망각 게이트", "MRR"])[0] == documents
    assert course_retriever.invoke("?!") == []


def test_ranking_tells_what_each_leg_says(course_retriever):
    ranked = course_retriever.rank("softmax attention gradient")
    assert len(ranked.rows) == len(ranked.lexical) == len(ranked.dense) == len(ranked.fused) > 0
    assert ranked.rows.tolist() == sorted(set(ranked.rows.tolist()))
    for leg in (ranked.lexical, ranked.dense):
        assert leg.min() >= 0
        assert leg.max() <= 1 + 1e-6
    assert ranked.dense.max() > 0
    assert course_retriever.rank("망각 게이트").dense.max() == 0


def test_only_so_many_candidates_are_looked_at(words_only):
    query = "게이트 attention 토큰 kitten 재현율"
    few = words_only.model_copy(update={"candidates": 2})
    assert len(few.rank(query).rows) == 2
    assert set(few.rank(query).rows.tolist()) <= set(words_only.rank(query).rows.tolist())


def test_rare_words_weigh_more(words_only):
    assert words_only.idf("kitten") > words_only.idf("게이트") > 0
    assert words_only.idf("nowhere") >= words_only.idf("kitten")
    assert words_only.idf("게이트") == words_only.idf("게이트")


def make(tmp_path, notes, **options):
    made = Settings(data_dir=tmp_path / "data", **options)
    build(made, IngestRequest(paths=[write_notes(tmp_path / "notes", notes)]))
    return NotesIndex(Generations(made.data_dir).pin())


@pytest.fixture
def twins(tmp_path, e5_tiny):
    text = "# Gate\n\nthe gate of the attention.\n"
    notes = {f"{name}.md": text for name in "dacb"} | {"e.md": "# Other\n\nthe weight.\n"}
    index = make(tmp_path, notes, encoder=EncoderSettings(path=e5_tiny, dtype="float32"))
    yield index
    index.close()


def test_ties_go_to_the_earlier_chunk(twins, e5_tiny):
    from rag.encoders import find_encoder
    from rag.retrieval.embedding import E5Embeddings

    encoder = E5Embeddings(find_encoder(Settings(encoder=EncoderSettings(path=e5_tiny))).encoder, dtype="float32")
    for retriever in (NotesRetriever(index=twins), NotesRetriever(index=twins, encoder=encoder)):
        passages = retriever.retrieve("the gate of the attention", 4)
        assert [passage.source for passage in passages] == ["a.md", "b.md", "c.md", "d.md"]
        assert len({passage.score for passage in passages}) == 1


def test_an_index_without_vectors_is_searched_by_words(tmp_path, minilm_float32, monkeypatch):
    from rag import models

    monkeypatch.setattr(models, "embedded_files", lambda: None)
    index = make(tmp_path, {"a.md": "# Gate\n\nthe gate.\n", "b.md": "# Kitten\n\na kitten.\n"}, models="embedded")
    retriever = NotesRetriever(index=index, encoder=minilm_float32)
    assert [passage.source for passage in retriever.retrieve("kitten")] == ["b.md"]
    index.close()


def test_a_chunk_is_read_with_its_neighbours(tmp_path, e5_tiny):
    sentences = [f"The gate number {number} of the attention is softmax {number}." for number in range(60)]
    encoder = EncoderSettings(path=e5_tiny, dtype="float32")
    index = make(tmp_path, {"a.md": "# Gates\n\n" + " ".join(sentences) + "\n"}, encoder=encoder)
    retriever = NotesRetriever(index=index)
    (best, *_) = retriever.retrieve("gate number 30", 3)
    assert sentences[30] in best.chunk.text
    assert len(best.chunk.text) < len(best.text) <= 1200
    check(retriever, retriever.retrieve("gate number 30", 5))
    index.close()


def test_a_loanword_is_looked_up_as_the_notes_spell_it(tmp_path):
    notes = {"a.md": "# Chunk\n\n글은 chunk로 자른다.\n", "b.md": "# Kitten\n\n크기를 잰다. 글을 읽는다.\n"}
    index = make(tmp_path, notes)
    words = NotesRetriever(index=index)
    assert words.respelled("청크 크기는?") == "chunk 크기는?"
    assert words.retrieve("청크")[0].source == "a.md"
    assert words.retrieve("청크") == words.retrieve("chunk")
    index.close()


def test_a_langchain_filter_is_a_scope(words_only):
    documents = words_only.invoke("게이트 attention", filter={"source": "week2/", "language": ["en", "ko"]})
    assert documents
    assert {document.metadata["source"].split("/")[0] for document in documents} == {"week2"}
    with pytest.raises(ValueError, match="colour"):
        words_only.invoke("게이트", filter={"colour": "red"})


def test_an_index_from_before_the_legs_were_weighed(course_index, course_retriever, monkeypatch):
    fresh = course_retriever.retrieve("fresh water and dry food")[0]
    monkeypatch.setattr(course_index, "windows", None)
    monkeypatch.setattr(course_index, "manifest", course_index.manifest.model_copy(update={"fusion": None}))
    assert course_retriever.retrieve("fresh water and dry food")[0].source == fresh.source
