from __future__ import annotations

import pytest

from rag.grounding.citation import Citer
from rag.grounding.crosscheck import EXCERPT_CHARS, around, claims, excerpt, lowered
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


def test_each_supported_sentence_is_asked_about_and_no_other():
    made = cited(
        "망각 게이트는 셀 상태에서 무엇을 지울지 정한다 [1]. ",
        "나폴레옹은 워털루에서 졌다 [1]. ",
        "어텐션은 값의 가중합을 계산한다 [2].",
    )
    assert [sentence.support for sentence in made[1]] == ["supported", "unsupported", "supported"]
    found = claims(*made)
    assert list(found) == [0, 2]
    assert found[0].text == "망각 게이트는 셀 상태에서 무엇을 지울지 정한다."
    assert found[0].excerpts == (f"title a\n{TEXT}",)
    assert found[2].excerpts == (f"title b\n{OTHER}",)
    assert found[0].alone


@pytest.mark.parametrize("support", ["partly", "altered", "unsupported"])
def test_what_is_not_supported_is_not_asked_about(support):
    text = "게이트. [1]"
    assert claims(text, [Sentence(0, len(text), support, (1,))], [citation(1)], [passage(TEXT)]) == {}


def test_brackets_that_are_no_markers_stay_in_the_sentence():
    text = "x[2]는 [3] 게이트다. [1]"
    found = claims(text, [Sentence(0, len(text), "supported", (1,))], [citation(1)], [passage(TEXT)])
    assert found[0].text == "x[2]는 [3] 게이트다."


def test_code_is_not_asked_about():
    made = cited("```\nlstm = nn.LSTM(8)\n```\n", passages=(passage("```\nlstm = nn.LSTM(8)\n```\n"),))
    assert [sentence.support for sentence in made[1]] == ["supported"]
    assert claims(*made) == {}


def test_a_span_is_not_alone():
    text = "망각 게이트 [1]"
    made = ([Sentence(0, len(text), "supported", (1,))], [citation(1)], [passage(TEXT)])
    assert not claims(text, *made, "short")[0].alone


def test_equal_excerpts_of_two_quotes_stand_once():
    text = "게이트. [1][2]"
    sentence = Sentence(0, len(text), "supported", (1, 2))
    assert len(claims(text, [sentence], [citation(1), citation(2)], [passage(TEXT)])[0].excerpts) == 1


def test_a_citation_of_a_passage_that_is_gone_is_not_asked_about():
    text = "게이트. [1]"
    assert claims(text, [Sentence(0, len(text), "supported", (1,))], [citation(1)], [passage(TEXT, "z")]) == {}


def test_an_excerpt_counts_offsets_of_the_document():
    long = " ".join(f"문장 {number:03}이 여기에 서 있다." for number in range(100))
    quote = "문장 050이 여기에 서 있다."
    start = long.index(quote) + 5000
    found = excerpt(passage(long, at=5000, heading="장 > 절"), start, start + len(quote))
    heading, _, words = found.partition("\n")
    assert heading == "장 > 절"
    assert quote in words
    assert "문장 049" in words
    assert "문장 051" in words
    assert EXCERPT_CHARS - 2 * len(quote) < len(words) <= EXCERPT_CHARS


def test_it_grows_by_whole_sentences_and_is_never_cut():
    text = "앞 문장이다. 가운데 문장이다. 뒤 문장이다."
    low = text.index("가운데")
    assert around(text, low, low + 3) == (0, len(text))
    wide = "가" * 700 + ". 뒤다."
    assert around(wide, 0, 701) == (0, 701)
    assert around("", 0, 0) == (0, 0)


FIRST = Sentence(0, 5, "supported", (1,))
SECOND = Sentence(6, 9, "supported", (1, 2))


def test_a_no_makes_it_partly_supported_and_its_citation_too():
    sentences, citations = lowered([FIRST], [citation(1)], {0: 0.2}, 0.5)
    assert [(s.support, s.model_yes, s.markers) for s in sentences] == [("partly", 0.2, (1,))]
    assert [c.support for c in citations] == ["partly"]


def test_a_yes_changes_nothing_but_is_told():
    sentences, citations = lowered([FIRST], [citation(1)], {0: 0.5}, 0.5)
    assert [(s.support, s.model_yes) for s in sentences] == [("supported", 0.5)]
    assert citations == (citation(1),)


def test_a_citation_stays_where_another_sentence_holds_it():
    sentences, citations = lowered([FIRST, SECOND], [citation(1), citation(2)], {0: 0.9, 1: 0.1}, 0.5)
    assert [s.support for s in sentences] == ["supported", "partly"]
    assert [c.support for c in citations] == ["supported", "partly"]


@pytest.mark.parametrize("support", ["partly", "altered", "unsupported"])
@pytest.mark.parametrize("yes", [0.0, 1.0])
def test_nothing_is_ever_raised_and_only_the_supported_fall(support, yes):
    sentence = Sentence(0, 5, support, (1,))
    sentences, citations = lowered([sentence], [citation(1, support)], {0: yes}, 0.5)
    assert sentences[0].support == support
    assert citations[0].support == support


def test_who_was_not_asked_or_told_nothing_is_left_as_it_was():
    assert lowered([FIRST, SECOND], [citation(1)], {1: None}, 1.0) == ((FIRST, SECOND), (citation(1),))
