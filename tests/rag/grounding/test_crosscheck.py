from __future__ import annotations

import math

import pytest

from rag.grounding.citation import Citer
from rag.grounding.crosscheck import ASKED_FROM, BIAS, WEIGHT, asked_about, claims, excerpt, together, weighed
from rag.types import Chunk, Citation, Passage, Sentence

TEXT = "LSTM은 게이트로 기울기 소실을 줄인다. 망각 게이트는 셀 상태에서 무엇을 지울지 정한다. 값은 0과 1 사이다."
OTHER = "어텐션은 값의 가중합을 계산한다. 가중치는 소프트맥스에서 나온다."


def passage(text, name="a", at=0, heading=""):
    chunk = Chunk(f"c-{name}", f"d-{name}", at, at + len(text), text, heading, 9)
    return Passage(chunk, 1, 1.0, at, at + len(text), text, f"{name}.md", f"title {name}")


def citation(marker, support="supported", chunk_id="c-a"):
    return Citation(marker, chunk_id, "d-a", "a.md", 0, 5, "LSTM은", support)


def cited(*pieces, passages=None):
    """What a citer makes of an answer: text, sentences, citations, passages."""
    passages = passages or (passage(TEXT), passage(OTHER, "b"))
    citer = Citer(passages)
    for piece in pieces:
        list(citer.feed(piece))
    list(citer.close())
    return citer.text, citer.sentences, citer.citations, passages


def test_what_words_leave_open_is_asked_about_with_its_quote():
    made = cited(
        "망각 게이트는 셀 상태에서 무엇을 지울지 정한다 [1]. ",
        "망각 게이트는 셀 상태에서 무엇을 더할지 고른다 [1]. ",
        "나폴레옹은 워털루에서 졌다 [1]. ",
        "어텐션은 소프트맥스로 값의 곱을 계산한다 [2].",
    )
    verbatim, near, invented, free = made[1]
    assert verbatim.odds == math.inf
    assert invented.odds < ASKED_FROM
    assert all(math.isfinite(sentence.odds) for sentence in (near, free))
    found = claims(*made)
    assert list(found) == [1, 3]
    assert found[1].text == "망각 게이트는 셀 상태에서 무엇을 더할지 고른다."
    (quote,) = found[1].excerpts
    assert quote.startswith("(title a) ")
    assert quote.removeprefix("(title a) ") in TEXT
    assert found[3].excerpts[0].startswith("(title b) ")
    assert found[3].alone


@pytest.mark.parametrize("odds", [math.inf, -math.inf, ASKED_FROM - 0.1, math.nan])
def test_where_no_answer_could_change_the_verdict_nobody_is_asked(odds):
    text = "게이트. [1]"
    sentence = Sentence(0, len(text), "supported", (1,), odds=odds)
    assert claims(text, [sentence], [citation(1)], [passage(TEXT)]) == {}
    assert not asked_about(odds)


def test_brackets_that_are_no_markers_stay_in_the_sentence():
    text = "x[2]는 [3] 게이트다. [1]"
    found = claims(text, [Sentence(0, len(text), "supported", (1,))], [citation(1)], [passage(TEXT)])
    assert found[0].text == "x[2]는 [3] 게이트다."


def test_code_is_not_asked_about():
    text = "```\nlstm = nn.LSTM(8)\n```\n[1]"
    sentence = Sentence(0, len(text), "partly", (1,), odds=0.1)
    assert claims(text, [sentence], [citation(1)], [passage(TEXT)]) == {}


def test_a_span_is_not_alone():
    text = "망각 게이트 [1]"
    made = ([Sentence(0, len(text), "supported", (1,))], [citation(1)], [passage(TEXT)])
    assert not claims(text, *made, "short")[0].alone


def test_equal_quotes_of_two_citations_stand_once():
    text = "게이트. [1][2]"
    sentence = Sentence(0, len(text), "supported", (1, 2))
    assert len(claims(text, [sentence], [citation(1), citation(2)], [passage(TEXT)])[0].excerpts) == 1


def test_a_citation_of_a_passage_that_is_gone_is_not_asked_about():
    text = "게이트. [1]"
    assert claims(text, [Sentence(0, len(text), "supported", (1,))], [citation(1)], [passage(TEXT, "z")]) == {}


def test_a_quote_comes_with_its_heading():
    assert excerpt(passage(TEXT, heading="장 >  절"), citation(1)) == "(장 > 절) LSTM은"
    assert excerpt(passage(TEXT), citation(1)) == "(title a) LSTM은"


def test_words_and_model_are_weighed_together():
    # An undecided model leaves the words' own odds, but for the bias.
    assert together(0.0, 0.5) == pytest.approx(1 / (1 + math.exp(-BIAS)))
    expected = 1.2 + WEIGHT * math.log(0.9 / 0.1) + BIAS
    assert together(1.2, 0.9) == pytest.approx(1 / (1 + math.exp(-expected)))
    assert together(1.0, 0.4) < together(1.0, 0.6) < together(2.0, 0.6)
    assert 0 < together(0.0, 0.0) < together(0.0, 1.0) < 1


FIRST = Sentence(0, 5, "supported", (1,))
SECOND = Sentence(6, 9, "supported", (1, 2))


def test_a_no_makes_it_partly_supported_and_its_citation_too():
    sentences, citations = weighed([FIRST], [citation(1)], {0: 0.01}, 0.5)
    assert [(s.support, s.model_yes, s.markers) for s in sentences] == [("partly", 0.01, (1,))]
    assert [c.support for c in citations] == ["partly"]


def test_a_yes_leaves_what_is_supported():
    sentences, citations = weighed([FIRST], [citation(1)], {0: 0.999}, 0.5)
    assert [(s.support, s.model_yes) for s in sentences] == [("supported", 0.999)]
    assert citations == (citation(1),)


@pytest.mark.parametrize("support", ["partly", "altered"])
def test_a_yes_raises_what_the_words_all_but_say(support):
    near, far = (Sentence(0, 5, support, (1,), odds=odds) for odds in (0.3, ASKED_FROM))
    sentences, citations = weighed([near], [citation(1, support)], {0: 0.999}, 0.5)
    assert [s.support for s in sentences] == [c.support for c in citations] == ["supported"]
    sentences, citations = weighed([far], [citation(1, support)], {0: 0.6}, 0.5)
    assert [s.support for s in sentences] == [c.support for c in citations] == [support]


def test_a_citation_stays_where_another_sentence_holds_it():
    sentences, citations = weighed([FIRST, SECOND], [citation(1), citation(2)], {0: 0.999, 1: 0.01}, 0.5)
    assert [s.support for s in sentences] == ["supported", "partly"]
    assert [c.support for c in citations] == ["supported", "partly"]


def test_who_was_not_asked_or_told_nothing_is_left_as_it_was():
    assert weighed([FIRST, SECOND], [citation(1)], {1: None}, 1.0) == ((FIRST, SECOND), (citation(1),))
