"""What `search` says of a passage where it is asked why, and where it is not."""

from __future__ import annotations

import pytest

from api.schemas import AskResponse, SearchResponse
from rag.types import Answer, Explanation, Feature, Matched, SearchResult, Timings, Usage

WHY = Explanation(
    chunk_id="c1",
    words_rank=1,
    words_score=12.5,
    meaning_rank=None,
    meaning_score=0.0,
    fused_score=0.7,
    second_look=9.1,
    matched=(Matched("lstm", 2.9, 4.0, True),),
    features=(Feature("covered", 0.5, 0.2),),
)


def test_an_explanation_goes_over_the_wire_whole():
    written = SearchResponse.of(SearchResult("q", (), "gen-000001", None, (WHY,))).model_dump()
    (told,) = written["explanations"]
    assert told["matched"] == [{"term": "lstm", "idf": 2.9, "gain": 4.0, "here": True}]
    assert told["features"] == [{"name": "covered", "value": 0.5, "share": 0.2}]
    assert (told["words_rank"], told["meaning_rank"], told["second_look"]) == (1, None, 9.1)


def test_nobody_asked_nothing_told():
    written = SearchResponse.of(SearchResult("q", (), "gen-000001", None)).model_dump()
    assert set(written) == {"query", "generation", "embedder", "passages"}


@pytest.mark.parametrize(
    ("query", "told"), [("LSTM 게이트는? 그건 왜 그래?", "LSTM 게이트는? 그건 왜 그래?"), ("", "그건 왜 그래?")]
)
def test_an_answer_says_what_was_looked_up(query, told):
    answer = Answer("말.", (), (), (), False, "extractive", Usage(), Timings(), "그건 왜 그래?", query=query)
    assert AskResponse.of(answer, "그건 왜 그래?").query == told
