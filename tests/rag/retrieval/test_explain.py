import pytest

from rag.retrieval.explain import explain
from rag.retrieval.rerank import FEATURES
from rag.retrieval.retriever import NotesRetriever
from rag.types import Scope


@pytest.fixture(scope="module")
def words_only(course_index):
    return NotesRetriever(index=course_index)


def test_one_explanation_a_passage_in_their_order(course_retriever):
    passages = course_retriever.retrieve("nn.LSTM hidden_size", 5)
    why = explain(course_retriever, "nn.LSTM hidden_size", passages)
    assert [one.chunk_id for one in why] == [passage.chunk.chunk_id for passage in passages]
    assert why[0].words_rank == 1
    assert {"lstm", "hidden"} <= {one.term for one in why[0].matched}
    assert [feature.name for feature in why[0].features] == [*FEATURES, "titled", "empty", "meaning"]


def test_the_second_look_orders_the_passages(course_retriever):
    question = "Why do we divide by the square root of the dimension?"
    passages = course_retriever.retrieve(question, 5)
    looks = [one.second_look for one in explain(course_retriever, question, passages)]
    assert looks[0] == max(look for look in looks if look is not None)


def test_a_leg_that_says_nothing_has_no_rank(words_only):
    passages = words_only.retrieve("재현율이란 무엇인가")
    for one in explain(words_only, "재현율이란 무엇인가", passages):
        assert one.meaning_rank is None
        assert one.meaning_score == 0
        assert all(matched.idf >= 0 and matched.gain > 0 for matched in one.matched)


def test_what_matched_adds_up_to_the_score(words_only):
    (best, *_) = passages = words_only.retrieve("attention", 1)
    (why,) = explain(words_only, "attention", passages)
    assert best.chunk.chunk_id == why.chunk_id
    assert sum(one.gain for one in why.matched) == pytest.approx(why.words_score, abs=0.01)


def test_within_a_scope(words_only):
    scope = Scope(sources=("week1/",))
    passages = words_only.retrieve("attention 게이트", 3, scope)
    assert passages
    assert len(explain(words_only, "attention 게이트", passages, scope)) == len(passages)


def test_nothing_found_nothing_to_explain(words_only):
    assert explain(words_only, "漢字", []) == ()
