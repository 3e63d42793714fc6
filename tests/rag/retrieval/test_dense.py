import errno
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore

from rag.errors import DamagedIndex
from rag.retrieval import dense
from rag.retrieval.dense import DenseIndex, NotesVectorStore
from tests.helpers import HashEmbeddings


def unit(n, dim=8, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nearest(vectors, query, k, rows=None):
    """Brute force: all cosines, best first."""
    pool = np.arange(len(vectors)) if rows is None else np.asarray(rows)
    cosines = vectors[pool].astype(np.float64) @ query.astype(np.float64)
    best = np.argsort(-cosines, kind="stable")[:k]
    return pool[best], cosines[best]


@given(st.integers(1, 60), st.integers(0, 80), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_hits_equal_brute_force(n, k, seed):
    vectors, query = unit(n, seed=seed), unit(1, seed=seed + 1)[0]
    hits = DenseIndex.build(vectors).search(query, k)
    rows, cosines = nearest(vectors, query, k)
    assert hits.rows.tolist() == rows.tolist()
    np.testing.assert_allclose(hits.scores, cosines, atol=1e-6)
    assert hits.scores.dtype == np.float32
    assert hits.rows.dtype == np.int64


@given(st.lists(st.integers(0, 39), max_size=40, unique=True), st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_a_search_among_some_rows(rows, k):
    vectors, query = unit(40), unit(1, seed=9)[0]
    rows = np.array(sorted(rows), dtype=np.int64)
    hits = DenseIndex.build(vectors).search(query, k, rows)
    expected, cosines = nearest(vectors, query, k, rows)
    assert hits.rows.tolist() == expected.tolist()
    np.testing.assert_allclose(hits.scores, cosines, atol=1e-6)


@pytest.mark.parametrize("k", [0, -1])
def test_nothing_is_asked(k):
    assert len(DenseIndex.build(unit(3)).search(unit(1)[0], k).rows) == 0


def test_an_empty_index(tmp_path):
    index = DenseIndex.build(np.zeros((0, 8), np.float32))
    assert (len(index), index.dim) == (0, 8)
    assert len(index.search(unit(1)[0], 5).rows) == 0
    assert index.vectors(np.zeros(0, np.int64)).shape == (0, 8)
    index.write(tmp_path / "dense.faiss")
    opened = DenseIndex.open(tmp_path / "dense.faiss")
    assert (len(opened), opened.dim) == (0, 8)
    assert len(opened.search(unit(1)[0], 5).rows) == 0


def test_vectors_and_cosines_of_rows():
    vectors, query = unit(20), unit(1, seed=3)[0]
    index = DenseIndex.build(vectors)
    rows = np.array([7, 0, 19, 7], dtype=np.int64)
    np.testing.assert_array_equal(index.vectors(rows), vectors[rows])
    np.testing.assert_allclose(index.cosines(query, rows), vectors[rows] @ query, atol=1e-6)


@pytest.fixture(params=["IndexFlatIP", "IndexHNSWFlat"])
def kind(request, monkeypatch):
    if request.param == "IndexHNSWFlat":
        monkeypatch.setattr(dense, "FLAT_LIMIT", 10)
    return request.param


def test_what_is_opened_is_what_was_built(tmp_path, kind):
    vectors, query = unit(300), unit(1, seed=5)[0]
    built = DenseIndex.build(vectors)
    assert built.kind == kind
    built.write(tmp_path / "dense.faiss")
    opened = DenseIndex.open(tmp_path / "dense.faiss")
    assert (len(opened), opened.dim, opened.kind) == (300, 8, kind)
    for rows in (None, np.arange(0, 300, 3, dtype=np.int64)):
        ours, theirs = built.search(query, 7, rows), opened.search(query, 7, rows)
        assert ours.rows.tolist() == theirs.rows.tolist()
        np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-6)
    some = np.array([3, 299, 0], dtype=np.int64)
    np.testing.assert_array_equal(opened.vectors(some), vectors[some])
    np.testing.assert_allclose(opened.cosines(query, some), vectors[some] @ query, atol=1e-6)


def test_hnsw_finds_what_brute_force_finds(monkeypatch):
    monkeypatch.setattr(dense, "FLAT_LIMIT", 10)
    vectors = unit(2000, dim=16)
    index = DenseIndex.build(vectors)
    assert index.kind == "IndexHNSWFlat"
    found = 0
    for query in unit(30, dim=16, seed=1):
        hits = index.search(query, 10)
        rows, _ = nearest(vectors, query, 10)
        found += len(set(hits.rows.tolist()) & set(rows.tolist()))
        assert (np.diff(hits.scores) <= 0).all()
        np.testing.assert_allclose(hits.scores, vectors[hits.rows] @ query, atol=1e-5)
    assert found / 300 >= 0.95


def test_hnsw_keeps_to_the_rows_it_is_given(monkeypatch):
    monkeypatch.setattr(dense, "FLAT_LIMIT", 10)
    vectors = unit(500)
    rows = np.arange(100, 140, dtype=np.int64)
    hits = DenseIndex.build(vectors).search(unit(1, seed=2)[0], 10, rows)
    assert set(hits.rows.tolist()) <= set(rows.tolist())
    assert len(hits.rows) == len(set(hits.rows.tolist())) > 0


@pytest.mark.parametrize("damage", [b"", b"no index at all", None])
def test_a_file_that_faiss_cannot_read(tmp_path, damage):
    file = tmp_path / "dense.faiss"
    DenseIndex.build(unit(50)).write(file)
    file.write_bytes(file.read_bytes()[:40] if damage is None else damage)
    with pytest.raises(DamagedIndex, match=r"dense\.faiss"):
        DenseIndex.open(file)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DamagedIndex):
        DenseIndex.open(tmp_path / "none.faiss")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
@pytest.mark.parametrize("n", [3, 20_000])
def test_a_full_disk_is_noticed(n):
    with pytest.raises(OSError) as caught:
        DenseIndex.build(unit(n)).write(Path("/dev/full"))
    assert caught.value.errno == errno.ENOSPC


TEXTS = ["the gate of the lstm", "attention weights", "a kitten sleeps", "attention attention gate"]
METADATAS = [{"week": number} for number in range(len(TEXTS))]
IDS = [f"id-{number}" for number in range(len(TEXTS))]


@pytest.fixture(params=[NotesVectorStore, InMemoryVectorStore], ids=lambda store: store.__name__)
def store_type(request):
    return request.param


@pytest.fixture
def store(store_type):
    return store_type.from_texts(TEXTS, HashEmbeddings(), METADATAS, ids=IDS)


class TestContractOfAVectorStore:
    """What the code above may rely on, for ours and for LangChain's own."""

    def test_the_nearest_come_first_with_their_cosines(self, store):
        embedding = HashEmbeddings()
        vectors = np.array(embedding.embed_documents(TEXTS))
        for query in ("gate", "attention", "kitten sleeps", "nothing of it"):
            rows, cosines = nearest(vectors, np.array(embedding.embed_query(query)), 3)
            found = store.similarity_search_with_score(query, k=3)
            assert [document.page_content for document, _ in found] == [TEXTS[row] for row in rows]
            assert [score for _, score in found] == pytest.approx(cosines.tolist(), abs=1e-5)

    def test_documents_carry_text_metadata_and_id(self, store):
        (found,) = store.similarity_search("a kitten sleeps", k=1)
        assert found == Document(id="id-2", page_content="a kitten sleeps", metadata={"week": 2})

    def test_all_ways_of_searching_agree(self, store):
        query = "attention gate"
        plain = store.similarity_search(query, k=2)
        assert [document for document, _ in store.similarity_search_with_score(query, k=2)] == plain
        assert store.similarity_search_by_vector(HashEmbeddings().embed_query(query), k=2) == plain
        assert store.as_retriever(search_kwargs={"k": 2}).invoke(query) == plain

    def test_more_asked_than_there_are(self, store):
        assert len(store.similarity_search("gate", k=100)) == len(TEXTS)

    def test_documents_by_id(self, store):
        assert [found.page_content for found in store.get_by_ids(["id-3", "id-0"])] == [TEXTS[3], TEXTS[0]]
        assert [found.id for found in store.get_by_ids(["none", "id-1"])] == ["id-1"]
        assert store.get_by_ids([]) == []

    def test_the_encoder_of_queries_is_told(self, store):
        assert isinstance(store.embeddings, HashEmbeddings)

    def test_without_texts(self, store_type):
        empty = store_type.from_texts([], HashEmbeddings())
        assert empty.similarity_search("gate", k=3) == []

    def test_without_metadata_and_ids(self, store_type):
        store = store_type.from_texts(TEXTS, HashEmbeddings())
        found = store.similarity_search("gate", k=4)
        assert {document.page_content for document in found} == set(TEXTS)
        assert len({document.id for document in found}) == 4
        assert all(document.metadata == {} for document in found)

    def test_from_documents(self, store_type):
        documents = [Document(id=name, page_content=text) for name, text in zip(IDS, TEXTS, strict=True)]
        store = store_type.from_documents(documents, HashEmbeddings())
        assert [found.page_content for found in store.similarity_search(TEXTS[2], k=1)] == [TEXTS[2]]

    async def search_later(self, store):
        return await store.asimilarity_search("gate", k=2)

    def test_asynchronously(self, store):
        import asyncio

        assert asyncio.run(self.search_later(store)) == store.similarity_search("gate", k=2)


def test_our_store_filters_by_metadata():
    store = NotesVectorStore.from_texts(TEXTS, HashEmbeddings(), METADATAS, ids=IDS)
    assert [found.id for found in store.similarity_search("gate", k=4, filter={"week": 1})] == ["id-1"]
    assert store.similarity_search("gate", k=4, filter={"week": 9}) == []
    vector = HashEmbeddings().embed_query("gate")
    assert [found.id for found in store.similarity_search_by_vector(vector, k=4, filter={"week": 3})] == ["id-3"]
    assert len(store.similarity_search("gate", k=4, filter={})) == 4


def test_our_store_tells_relevance_from_0_to_1():
    store = NotesVectorStore.from_texts(TEXTS, HashEmbeddings(), METADATAS, ids=IDS)
    scored = store.similarity_search_with_relevance_scores("a kitten sleeps", k=4)
    assert all(0 <= score <= 1 for _, score in scored)
    assert scored[0][1] == pytest.approx(1.0, abs=1e-5)


def test_a_published_store_takes_no_texts():
    store = NotesVectorStore.from_texts(TEXTS, HashEmbeddings())
    with pytest.raises(NotImplementedError, match="ask-notes ingest"):
        store.add_texts(["more"])
    with pytest.raises(NotImplementedError, match="ask-notes ingest"):
        store.add_documents([Document(page_content="more")])


def test_a_store_that_cannot_filter_says_so():
    index = DenseIndex.build(np.array(HashEmbeddings().embed_documents(TEXTS), np.float32))
    store = NotesVectorStore(index, HashEmbeddings(), lambda rows: [Document(page_content=TEXTS[row]) for row in rows])
    assert store.similarity_search("gate", k=1)
    assert store.get_by_ids(["id-0"]) == []
    with pytest.raises(ValueError, match="cannot filter"):
        store.similarity_search("gate", k=1, filter={"week": 1})
