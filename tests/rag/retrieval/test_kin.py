import numpy as np
import pytest

from rag.retrieval import kin as module
from rag.retrieval.kin import DIM, Kin
from rag.text import kiwi

CHUNKS = [
    ["이유", "설명", "이유"],
    [],
    ["물고기", "바다", "뷁뷁", "gate"],
    ["가격", "오르", "나라"],
    ["gate", "lstm"],
]
ALL = np.arange(len(CHUNKS))


@pytest.fixture(scope="module")
def kin():
    made = Kin.build(CHUNKS)
    assert made is not None
    return made


def kiwis(left, right):
    return kiwi().morpheme_similarity(left, right)


def test_only_words_that_kiwi_knows_are_kept_once_a_chunk(kin):
    assert len(kin.terms) == 7
    assert np.diff(kin.first).tolist() == [2, 0, 2, 3, 0]
    assert kin.vectors.dtype == np.int8 and kin.vectors.shape == (7, DIM)
    assert (np.diff(kin.terms.astype(object)) > 0).all()


def test_cosines_are_those_of_kiwi(kin):
    words = [("이유", "NNG"), ("설명", "NNG"), ("물고기", "NNG"), ("바다", "NNG"), ("가격", "NNG"), ("나라", "NNG")]
    words += [("까닭", "NNG"), ("국가", "NNG"), ("값", "NNG"), ("오르", "VV")]
    vectors = kin.of(words)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=0.05)
    places = np.triu_indices(len(words), 1)
    true = np.array([[kiwis(left, right) for right in words] for left in words])[places]
    ours = (vectors @ vectors.T)[places]
    # A third of the directions are kept, the widest: cosines come out larger, in much the same order.
    assert np.abs(ours - true).max() < 0.3
    assert np.corrcoef(ours, true)[0, 1] > 0.9


def test_the_best_word_of_a_chunk_counts(kin):
    words = [("까닭", "NNG"), ("값", "NNG"), ("이유", "NNG")]
    found = kin.likeness(words, ALL[::-1])[:, ::-1]
    vectors = kin.of(words)
    for row, chunk in enumerate(CHUNKS):
        known = [word for word in chunk if word.isalpha() and not word.isascii() and word != "뷁뷁"]
        expected = (vectors @ kin.of([(word, "") for word in known]).T).max(axis=1) if known else np.zeros(3)
        np.testing.assert_allclose(found[:, row], expected, atol=1e-6)
    assert found[:2].argmax(axis=1).tolist() == [0, 3]
    assert found[2, 0] == pytest.approx(1, abs=0.05)


def test_words_of_no_meaning_and_nothing_asked(kin):
    assert not kin.likeness([("뷁뷁", "NNP"), ("gate", "SL")], ALL).any()
    assert kin.likeness([], ALL).shape == (0, len(CHUNKS))
    assert kin.likeness([("까닭", "NNG")], ALL[:0]).shape == (1, 0)
    assert not kin.likeness([("까닭", "NNG")], np.array([1, 4])).any()


def test_written_and_mapped(kin, tmp_path):
    kin.write(tmp_path)
    again = Kin.open(tmp_path)
    words = [("까닭", "NNG"), ("나라", "NNG")]
    np.testing.assert_array_equal(again.likeness(words, ALL), kin.likeness(words, ALL))


@pytest.mark.parametrize("chunks", [[], [[]], [["gate"], ["lstm"]], [["뷁뷁"]]])
def test_nothing_korean_that_kiwi_knows(chunks):
    assert Kin.build(chunks) is None


class Older:
    """An analyser whose model has no vectors."""

    def __init__(self, answer):
        self.answer = answer

    def morpheme_similarity(self, left, right):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [ValueError("no CoNg"), RuntimeError("no CoNg"), float("nan")])
def test_a_model_without_vectors_gives_none(monkeypatch, answer):
    monkeypatch.setattr(module, "kiwi", lambda: Older(answer))
    assert Kin.build(CHUNKS) is None


def test_a_model_that_lost_its_vectors_knows_the_words_of_the_notes(kin, monkeypatch):
    monkeypatch.setattr(module, "kiwi", lambda: Older(ValueError("no CoNg")))
    found = kin.likeness([("이유", "NNG"), ("까닭", "NNG")], ALL)
    assert found[0, 0] == pytest.approx(1, abs=0.05)
    assert not found[1].any()
