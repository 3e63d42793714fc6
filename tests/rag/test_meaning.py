"""How near in meaning the notes come: with the embedded encoder, which reads English and hardly any Korean."""

import numpy as np
import pytest

from rag.meaning import meaning
from rag.retrieval.retriever import NotesRetriever
from rag.types import Scope

CAT = "How long does a cat sleep?"
ELSEWHERE = "Which mountain did the climbers reach?"


def near(retriever, query, scope=None):
    return meaning(retriever, query, retriever.retrieve(query, 5, scope), scope)


def test_what_the_notes_speak_of_in_other_words_is_nearer_than_what_they_do_not(course_retriever):
    about, elsewhere = near(course_retriever, CAT), near(course_retriever, ELSEWHERE)
    assert 1 >= about.nearest > elsewhere.nearest + 0.2
    assert about.ahead > elsewhere.ahead
    assert 0 <= elsewhere.ahead <= 1


def test_the_nearest_is_the_cosine_held_against_the_background(course_retriever):
    index, encoder = course_retriever.index, course_retriever.encoder
    passages = course_retriever.retrieve(CAT, 1, Scope(sources=("week2/felines.md",)))
    row = index.row_of(passages[0].chunk.chunk_id)
    cosine = course_retriever.cosines(encoder.queries([CAT])[0], np.array([row]))[0]
    known = (index.manifest.fusion or {}).get("en")
    background = known.background if known else index.manifest.background.mean
    expected = (cosine - background) / (1 - background) * index.read[row] * encoder.tokenizer.reading(CAT).read
    assert meaning(course_retriever, CAT, passages).nearest == pytest.approx(float(expected), abs=1e-5)


def test_a_scope_takes_the_rest_away(course_retriever):
    inside, outside = (
        near(course_retriever, CAT, Scope(sources=(name,))) for name in ("week2/felines.md", "week2/attention.md")
    )
    assert inside.nearest > outside.nearest + 0.2


@pytest.mark.parametrize(
    "query", ["망각 게이트는 셀 상태에서 무엇을 정하나?", "What does the LSTM forget?"], ids=["question", "passages"]
)
def test_what_the_encoder_does_not_read_says_nothing(course_retriever, query):
    scope = Scope(sources=("week1/02-LSTM.md",))
    assert course_retriever.retrieve(query, 5, scope)
    assert near(course_retriever, query, scope) is None


def test_without_an_encoder_or_without_passages_there_is_none(course_retriever):
    words_only = NotesRetriever(index=course_retriever.index)
    assert meaning(words_only, CAT, course_retriever.retrieve(CAT, 2)) is None
    assert meaning(course_retriever, CAT, []) is None
