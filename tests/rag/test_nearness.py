from __future__ import annotations

from rag.nearness import cosine, kinship


def test_related_words_are_nearer_than_unrelated_ones():
    assert kinship(("나라", "NNG"), ("국가", "NNG")) > 0.2
    assert kinship(("나라", "NNG"), ("최초", "NNG")) == 0
    assert cosine(("설립", "NNG"), ("창설", "NNG")) > cosine(("설립", "NNG"), ("구경", "NNG"))


def test_it_is_symmetric_and_a_word_is_itself():
    assert cosine(("나라", "NNG"), ("국가", "NNG")) == cosine(("국가", "NNG"), ("나라", "NNG"))
    assert kinship(("BERT", "SL"), ("BERT", "SL")) == 1


def test_unknown_and_ambiguous_words_are_near_nothing():
    assert cosine(("BERT", "SL"), ("나라", "NNG")) == 0
    assert cosine(("묻", "VV"), ("나라", "NNG")) == 0
