import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.retrieval.lexical import CHUNK_WEIGHT, LexicalIndex, Postings, query_terms, terms
from rag.text import morphemes

CORPUS = [
    ["gate", "gate", "lstm", "게이"],
    ["lstm", "gru"],
    [],
    ["bert"],
    ["gate", "bert", "bert", "bert", "토큰"],
]
WORDS = st.sampled_from(["gate", "lstm", "gru", "bert", "게이", "토큰", "unknown"])
CORPORA = st.lists(st.lists(WORDS.filter(lambda word: word != "unknown"), max_size=8), max_size=12)


def oracle(corpus, wanted, k1, b):
    """bm25s itself, asked for its scores."""
    import bm25s

    vocabulary = sorted({word for text in corpus for word in text})
    columns = {word: number for number, word in enumerate(vocabulary)}
    model = bm25s.BM25(method="lucene", k1=k1, b=b)
    ids = [[columns[word] for word in text] for text in corpus]
    model.index((ids, {str(n): n for n in range(len(vocabulary))}), create_empty_token=False, show_progress=False)
    known = [columns[word] for word in wanted if word in columns]
    return model.get_scores_from_ids(known) if known else np.zeros(len(corpus), np.float32)


def by_hand(corpus, wanted, k1, b):
    """The formula: idf(t) * tf / (tf + k1 (1 - b + b |d| / avgdl)), idf = ln(1 + (N - df + .5) / (df + .5))."""
    average = sum(map(len, corpus)) / len(corpus)
    totals = []
    for text in corpus:
        total = 0.0
        for word in wanted:
            holding = sum(word in other for other in corpus)
            count = text.count(word)
            if count:
                idf = np.log(1 + (len(corpus) - holding + 0.5) / (holding + 0.5))
                total += idf * count / (count + k1 * (1 - b + b * len(text) / average))
        totals.append(total)
    return np.array(totals)


@given(CORPORA.filter(any), st.lists(WORDS, max_size=6))
@settings(max_examples=60, deadline=None)
def test_scores_equal_bm25s(corpus, wanted):
    postings = Postings.build(corpus, 0.9, 0.75)
    np.testing.assert_allclose(postings.scores(wanted), oracle(corpus, wanted, 0.9, 0.75), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("k1", "b"), [(0.9, 0.75), (1.5, 0.0), (0.9, 1.0)])
def test_scores_equal_the_formula(k1, b):
    postings = Postings.build(CORPUS, k1, b)
    for wanted in (["gate"], ["gate", "bert"], ["gate", "gate", "토큰"], ["unknown", "lstm"]):
        np.testing.assert_allclose(postings.scores(wanted), by_hand(CORPUS, wanted, k1, b), rtol=1e-5, atol=1e-6)


@given(CORPORA, st.lists(WORDS, max_size=6))
@settings(max_examples=60, deadline=None)
def test_no_text_scores_beyond_the_bound_and_what_matched_sums_up(corpus, wanted):
    postings = Postings.build(corpus, 0.9, 0.75)
    scores = postings.scores(wanted)
    assert scores.shape == (len(corpus),)
    assert all(score <= postings.bound(wanted) + 1e-5 for score in scores)
    for row, score in enumerate(scores):
        matched = postings.matched(wanted, row)
        assert sum(matched.values()) == pytest.approx(score, abs=1e-5)
        assert set(matched) == set(wanted) & set(corpus[row])


def test_the_bound_is_reached_by_a_text_that_is_best_at_everything():
    postings = Postings.build([["a", "b"], ["c"], ["c", "c"]], 0.9, 0.75)
    assert postings.scores(["a", "b"]).max() == pytest.approx(postings.bound(["a", "b"]))


@pytest.mark.parametrize("corpus", [[], [[]], [[], [], []]])
def test_a_corpus_without_words(corpus, tmp_path):
    postings = Postings.build(corpus, 0.9, 0.75)
    assert postings.scores(["gate"]).tolist() == [0.0] * len(corpus)
    assert (postings.bound(["gate"]), postings.find(["gate"]), postings.document_frequency("gate")) == (0.0, [], 0)
    postings.write(tmp_path)
    opened = Postings.open(tmp_path, len(corpus))
    assert opened.scores(["gate"]).tolist() == [0.0] * len(corpus)


def test_no_words_asked():
    postings = Postings.build(CORPUS, 0.9, 0.75)
    assert postings.scores([]).tolist() == [0.0] * 5
    assert postings.bound([]) == 0.0
    assert postings.matched([], 0) == {}


def test_unknown_words_add_nothing():
    postings = Postings.build(CORPUS, 0.9, 0.75)
    assert postings.find(["unknown"]) == []
    np.testing.assert_array_equal(postings.scores(["gate", "unknown"]), postings.scores(["gate"]))
    assert postings.bound(["gate", "unknown"]) == postings.bound(["gate"])


def test_document_frequency():
    postings = Postings.build(CORPUS, 0.9, 0.75)
    frequencies = [postings.document_frequency(word) for word in ("gate", "bert", "게이", "unknown")]
    assert frequencies == [2, 2, 1, 0]


@given(CORPORA.filter(any), st.lists(WORDS, max_size=6))
@settings(max_examples=40, deadline=None)
def test_rarity_and_which_text_holds_what(corpus, wanted):
    postings = Postings.build(corpus, 0.9, 0.75)
    rows = np.arange(len(corpus))[::2]
    held = postings.holds(wanted, rows)
    assert held.tolist() == [[word in corpus[row] for row in rows] for word in wanted]
    n = len(corpus)
    expected = []
    for word in wanted:
        holding = sum(word in text for text in corpus)
        expected.append(np.log(1 + (n - holding + 0.5) / (holding + 0.5)) if holding else 0.0)
    np.testing.assert_allclose(postings.idf(wanted), expected, rtol=1e-5)


def test_rarity_in_a_corpus_without_words():
    postings = Postings.build([[], []], 0.9, 0.75)
    assert postings.idf(["gate"]).tolist() == [0.0]
    assert postings.holds(["gate"], np.array([0, 1])).tolist() == [[False, False]]
    assert postings.holds([], np.array([0, 1])).shape == (0, 2)


def test_what_is_opened_is_what_was_built(tmp_path):
    built = Postings.build(CORPUS, 0.9, 0.75)
    built.write(tmp_path)
    opened = Postings.open(tmp_path, len(CORPUS))
    for name in ("terms", "data", "indices", "indptr", "peaks"):
        ours, theirs = getattr(built, name), getattr(opened, name)
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    assert isinstance(opened.data, np.memmap)
    assert not opened.data.flags.writeable
    np.testing.assert_array_equal(opened.scores(["gate", "bert"]), built.scores(["gate", "bert"]))


def test_columns_are_sorted():
    postings = Postings.build(CORPUS, 0.9, 0.75)
    assert (np.diff(postings.terms.astype(object)) > 0).all()
    for column in range(len(postings.terms)):
        rows = postings.indices[postings.indptr[column] : postings.indptr[column + 1]]
        assert (np.diff(rows) > 0).all()


def test_a_chunk_is_scored_by_its_section_and_by_itself(tmp_path):
    sections, chunks, section_of = [["gate", "lstm", "gru"], ["bert"]], [["gate"], ["lstm", "gru"], ["bert"]], [0, 0, 1]
    index = LexicalIndex.build(sections, chunks, section_of)
    found = index.scores(["gate", "bert"])
    expected = index.sections.scores(["gate", "bert"])[section_of] + CHUNK_WEIGHT * index.chunks.scores(
        ["gate", "bert"]
    )
    np.testing.assert_allclose(found.total, expected)
    np.testing.assert_array_equal(found.sections, index.sections.scores(["gate", "bert"]))
    np.testing.assert_array_equal(found.own, index.chunks.scores(["gate", "bert"]))
    assert found.total[0] > found.total[1] > 0
    assert found.total.max() <= found.bound + 1e-5
    index.write(tmp_path)
    opened = LexicalIndex.open(tmp_path, len(sections), len(chunks))
    np.testing.assert_array_equal(opened.scores(["gate", "bert"]).total, found.total)
    assert opened.scores(["gate", "bert"]).bound == pytest.approx(found.bound)


def test_an_empty_index_is_written_and_opened(tmp_path):
    LexicalIndex.build([], [], []).write(tmp_path)
    found = LexicalIndex.open(tmp_path, 0, 0).scores(["gate"])
    assert (found.total.shape, found.bound) == ((0,), 0.0)


def test_terms_of_a_text():
    text = "LSTM의 게이트는 gates다."
    found = terms(morphemes(text), text)
    assert {"m:게이트", "게이", "이트", "lstm", "gat"} <= set(found)
    # Latin words are terms once, by their stem: not as morphemes as well.
    assert not any(term.startswith("m:") and term[2:].isascii() for term in found)


def test_question_and_text_meet_whatever_the_particle_the_spacing_and_the_ending():
    corpus = ["기울기 소실을 줄이는 게이트", "Embeddings are vectors", "토큰을 합친다"]
    postings = Postings.build([terms(morphemes(text), text) for text in corpus], 0.9, 0.75)
    for question, row in (
        ("기울기소실이 뭐야?", 0),
        ("게이트가 왜?", 0),
        ("an embedding vector", 1),
        ("합치는 토큰은?", 2),
    ):
        assert int(postings.scores(query_terms(question)).argmax()) == row, question


@pytest.mark.parametrize("query", ["", " ", "?!", "😀", "漢字", "ไทย", "привет", "\u200b", "\x00"])
def test_queries_without_a_word_that_is_indexed(query):
    postings = Postings.build([["게이", "gat"]], 0.9, 0.75)
    assert postings.scores(query_terms(query)).tolist() == [0.0]
