import numpy as np
import pytest

from rag.retrieval.lexical import LexicalIndex, terms
from rag.retrieval.weighing import TRAIT_WEIGHTS, TRAITS, degrees, headed, together, words
from rag.text import asked, morphemes

TEXTS = ["세종대왕은 1443년에 한글을 창제했다.", "LSTM은 게이트로 기울기 소실을 줄인다.", "한글은 글자다."]


@pytest.fixture(scope="module")
def lexical():
    read = [terms(morphemes(text), text) for text in TEXTS]
    return LexicalIndex.build(read, read, range(len(TEXTS)))


@pytest.fixture(scope="module")
def look(lexical):
    return lambda question: words(asked(question), lexical)


def traits(read):
    """Traits by word and name."""
    return {
        form: dict(zip(TRAITS, row.tolist(), strict=True))
        for (form, _), row in zip(read.forms, read.traits, strict=True)
    }


def test_a_word_is_told_by_where_it_stands_and_what_hangs_on_it(look):
    found = traits(look("세종이 창제한 한글의 자음 글자는?"))
    assert [form for form, row in found.items() if row["first"]] == ["세종"]
    assert [form for form, row in found.items() if row["last"]] == ["글자"]
    assert found["글자"]["last_noun"] == 1
    assert found["세종"]["subject"] == found["한글"]["of"] == found["창제"]["doing"] == found["세종"]["name"] == 1
    assert found["글자"]["subject"] == found["한글"]["doing"] == 0
    assert found["세종"]["place"] < found["한글"]["place"] < found["글자"]["place"]
    assert found["자음"]["unknown"] == 1 and found["한글"]["unknown"] == 0


def test_weights_are_shares(look):
    read = look("세종이 창제한 한글의 글자는?")
    assert read.weights().sum() == pytest.approx(1, abs=1e-5)
    # Without a trait that counts, rarity alone decides.
    np.testing.assert_allclose(
        read.weights(np.zeros(len(TRAITS), np.float32)), read.rarity / read.rarity.sum(), rtol=1e-5
    )
    of_first = np.array([name == "first" for name in TRAITS], dtype=np.float32)
    assert read.weights(3 * of_first)[0] > read.weights(0 * of_first)[0]
    assert TRAIT_WEIGHTS.shape == (len(TRAITS),)


@pytest.mark.parametrize("question", ["what is an LSTM gate?", "", "?", "1443"])
def test_without_korean_nothing_is_weighed(look, question):
    read = look(question)
    assert read.forms == [] and read.weights().shape == (0,)


def test_english_function_words_are_no_words(look):
    assert next(form for form, _ in look("the LSTM은 왜 게이트를 쓰는가?").forms) == "lstm"


def test_a_word_counts_once(look):
    assert [form for form, _ in look("한글과 한글").forms] == ["한글"]


def test_a_word_that_is_spelled_out_counts_in_part(lexical, look):
    """게이트 is held, 이트 is not a word of the notes but its bigram is there."""
    read = look("게이트 이트")
    names = list(dict.fromkeys([*read.terms, *(gram for grams in read.grams for gram in grams)]))
    rows = np.arange(len(TEXTS))
    held = lexical.chunks.gains(names, rows) > 0
    found = degrees(read, held, {name: place for place, name in enumerate(names)}, rows, None)
    by_form = {form: found[place] for place, (form, _) in enumerate(read.forms)}
    assert by_form["게이트"].tolist() == [0, 1, 0]
    assert all(((0 <= row) & (row <= 1)).all() for row in found)


def test_headings_say_words(look):
    read = look("한글의 게이트 LSTM")
    found = headed(read, ["한글 이야기", "LSTM", ""], [{"한글"}, {"lstm"}, set()])
    by_form = {form: found[place].tolist() for place, (form, _) in enumerate(read.forms)}
    assert by_form == {"한글": [1, 0, 0], "게이트": [0, 0, 0], "lstm": [0, 1, 0]}


def test_together_against_a_count_by_hand():
    degree = np.array([[1, 0, 0, 1, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 1]], dtype=np.float32)
    whole, one, two = together(np.array([0.5, 0.3, 0.2], np.float32), degree, np.array([0, 3]))
    assert whole == pytest.approx([1.0, 0.7])
    assert one == pytest.approx([0.5, 0.5])
    assert two == pytest.approx([0.8, 0.7])
