import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval import retrieval
from eval.dataset import EvalQuestion, Evidence
from eval.retrieval import Gold
from rag.types import Passage
from tests.eval.conftest import FakePipeline, passage


def by_force(ranking: list[str], wanted: set[str]) -> dict[str, float]:
    """The six measures in plain NumPy, from their definitions."""
    hits = np.array([name in wanted for name in ranking] + [False] * 20, dtype=float)[: max(20, len(ranking))]
    discount = 1 / np.log2(np.arange(2, 12))
    first = np.flatnonzero(hits[:10])
    return {
        **{f"recall@{k}": hits[:k].sum() / len(wanted) for k in (1, 5, 10, 20)},
        "rr@10": 1 / (first[0] + 1) if len(first) else 0.0,
        "ndcg@10": (hits[:10] * discount).sum() / discount[: len(wanted)].sum(),
    }


@given(st.lists(st.integers(0, 30), max_size=20), st.sets(st.integers(0, 30), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_documents_agree_with_brute_force(found: list[int], wanted: set[int]) -> None:
    passages = [passage("글", f"d{number}", rank) for rank, number in enumerate(found, 1)]
    gold = Gold(documents=tuple(f"d{number}" for number in wanted))
    ranking = list(dict.fromkeys(f"d{number}" for number in found))
    expected = by_force(ranking, set(gold.documents))
    assert retrieval.score(gold, passages).values == pytest.approx(expected)


def test_passages_of_one_document_count_once_at_their_first_place() -> None:
    passages = [passage("글", doc, rank) for rank, doc in enumerate(["a", "a", "a", "gold", "gold"], 1)]
    scores = retrieval.score(Gold(documents=("gold",)), passages).values
    assert scores["rr@10"] == 0.5
    assert (scores["recall@1"], scores["recall@5"]) == (0.0, 1.0)


def noted(rank_of_hit: int | None, n: int = 20) -> list[Passage]:
    return [
        passage("앞말. 정답이 여기\n  있다. 뒷말." if rank == rank_of_hit else f"딴말 {rank}", f"d{rank}", rank)
        for rank in range(1, n + 1)
    ]


@pytest.mark.parametrize("rank", [1, 2, 5, 6, 10, 11, 20])
def test_a_note_hits_where_a_passage_holds_the_evidence(rank: int) -> None:
    scores = retrieval.score(Gold(quotes=(retrieval.squash("정답이 여기 있다."),)), noted(rank)).values
    assert scores == pytest.approx(by_force([str(place) for place in range(1, 21)], {str(rank)}))


def test_success_does_not_ask_for_every_passage_that_holds_the_evidence() -> None:
    passages = [passage("정답이다", f"d{rank}", rank) for rank in (1, 2, 3)]
    assert set(retrieval.score(Gold(quotes=("정답이다",)), passages).values.values()) == {1.0}
    assert Gold(quotes=("정답이다",)).hits(passages) == [1, 2, 3]


def test_nothing_found_is_zero_and_no_gold_is_null() -> None:
    assert set(retrieval.score(Gold(documents=("a",)), []).values.values()) == {0.0}
    assert set(retrieval.score(Gold(quotes=("가",)), noted(None)).values.values()) == {0.0}
    nothing = retrieval.score(Gold(why="no evidence"), noted(1))
    assert set(nothing.values.values()) == {None}
    assert set(nothing.unscored.values()) == {"no evidence"}


def test_equal_scores_cannot_change_a_result() -> None:
    passages = [passage("글", doc, 1) for doc in ("b", "gold", "a")]
    assert retrieval.score(Gold(documents=("gold",)), passages).values["rr@10"] == 0.5


def question(evidence: tuple[Evidence, ...], **fields: object) -> EvalQuestion:
    return EvalQuestion("q", "무엇?", ("답",), evidence=evidence, **fields)  # type: ignore[arg-type]


def located(pipeline: FakePipeline, *evidence: Evidence, **fields: object) -> Gold:
    found = retrieval.golds([question(evidence, **fields)], pipeline.documents(), pipeline.document)
    return found["q"]


def test_gold_is_known_by_id_by_source_and_by_text(pipeline: FakePipeline) -> None:
    text = pipeline.library["doc-lstm.md"].text
    assert located(pipeline, Evidence("", doc_id="doc-lstm.md", whole=True)).documents == ("doc-lstm.md",)
    assert pipeline.reads == 0  # an id asks for no text
    assert located(pipeline, Evidence(text, whole=True)).documents == ("doc-lstm.md",)
    assert located(pipeline, Evidence(text, doc_id="of another run", whole=True)).documents == ("doc-lstm.md",)
    by_quote = located(pipeline, Evidence("망각 게이트는  셀\n상태를 지운다.", source="lstm.md"))
    assert by_quote.documents == ("doc-lstm.md",)
    assert by_quote.quotes == ("망각 게이트는 셀 상태를 지운다.",)
    assert located(pipeline, Evidence("망각 게이트는 셀 상태를 지운다.")).documents == ("doc-lstm.md",)


def test_gold_says_why_there_is_none(pipeline: FakePipeline) -> None:
    assert "not in this index" in str(located(pipeline, Evidence("없는 글", whole=True)).why)
    assert "no gold evidence" in str(located(pipeline).why)
    assert "cannot be answered" in str(located(pipeline, Evidence("가"), is_impossible=True).why)
    # A quote that no document holds can still be looked for: it will not be found.
    assert located(pipeline, Evidence("없는 글")) == Gold((), ("없는 글",))
