from dataclasses import replace

import pytest

from eval import scoring
from eval.dataset import EvalQuestion
from eval.results import ANSWER
from eval.retrieval import Gold
from eval.scoring import Reply
from tests.eval.conftest import answer, passage

GOLD = passage("한글은 1443년에 창제되었다.", "gold", 1)
OTHER = passage("딴 문서의 글이다.", "other", 2)
ASKED = EvalQuestion("q", "언제?", ("1443년",))
UNANSWERABLE = EvalQuestion("q", "언제?", (), is_impossible=True)
HIT, NO_HIT = Gold(("gold",)), Gold(("elsewhere",))


def said(text: str, abstained: bool = False, read=(GOLD, OTHER)):
    return Reply((GOLD, OTHER), answer(text, read, [()], abstained=abstained))


@pytest.mark.parametrize(
    ("question", "gold", "reply", "failure"),
    [
        (ASKED, HIT, said("1443년이다."), "right"),
        (ASKED, NO_HIT, said("1443년이다."), "right"),  # right is right, wherever it was found
        (ASKED, HIT, said("1543년이다."), "retrieved, wrong answer"),
        (ASKED, HIT, said("모릅니다.", abstained=True), "retrieved, wrongly refused"),
        (ASKED, NO_HIT, said("1543년이다."), "not retrieved"),
        (ASKED, NO_HIT, said("모릅니다.", abstained=True), "not retrieved"),
        # Found by the search, but not among what the answer was written from.
        (ASKED, HIT, said("1543년이다.", read=(OTHER,)), "not retrieved"),
        (ASKED, HIT, said("1443년 아니고 모릅니다.", abstained=True), "retrieved, wrongly refused"),
        (UNANSWERABLE, Gold(why="no answer"), said("모릅니다.", abstained=True), "right"),
        (UNANSWERABLE, Gold(why="no answer"), said("1443년이다."), "answered though unanswerable"),
    ],
)
def test_where_it_went_wrong(question, gold, reply, failure) -> None:
    assert scoring.score(question, gold, reply, k=5).failure == failure


def test_what_nobody_can_tell_is_null_with_a_reason() -> None:
    no_gold = EvalQuestion("q", "언제?", ())
    found = scoring.score(no_gold, HIT, said("1443년이다."), k=5)
    assert found.failure is None
    assert found.unscored["failure"] == "the question has no gold answer"
    homeless = scoring.score(ASKED, Gold(why="not in this index"), said("1543년이다."), k=5)
    assert homeless.failure is None
    assert homeless.unscored["failure"] == "not in this index"


def test_searching_only_scores_searching_only() -> None:
    found = scoring.score(ASKED, HIT, Reply((OTHER, GOLD)), k=1)
    assert found.failure == "not retrieved"  # the answer would be written from the first passage alone
    assert found.scores["recall@5"] == 1.0
    assert found.scores["em_klue"] is None
    assert found.unscored["em_klue"] == "no answer was asked for"
    assert (found.answer, found.prediction, found.abstained) == (None, None, None)
    assert not found.failed
    second = scoring.score(ASKED, HIT, Reply((OTHER, GOLD)), k=2)
    assert (second.failure, second.unscored["failure"]) == (None, "no answer was asked for")


def test_a_generator_that_gave_up_is_a_missing_prediction() -> None:
    found = scoring.score(ASKED, HIT, Reply((GOLD,), why="DeadlineExceeded: too slow"), k=5)
    assert found.failed
    assert found.unscored[ANSWER] == found.unscored["failure"] == "DeadlineExceeded: too slow"
    assert found.scores["em_klue"] == found.scores["rouge_w_klue"] == 0.0  # KLUE counts it
    assert found.scores["citation_recall"] is None
    assert found.scores["recall@1"] == 1.0


def test_a_question_that_could_not_be_searched_has_no_retrieval_score() -> None:
    found = scoring.score(ASKED, HIT, Reply((), why="too long"), k=5)
    assert found.scores["recall@1"] is None
    assert found.unscored["recall@1"] == "too long"


def test_prediction_is_the_answer_without_markers() -> None:
    cited = answer("1443년 [1].", (GOLD,), [(1,)])
    assert scoring.predicted(cited) == "1443년."
    assert scoring.predicted(replace(cited, abstained=True)) == ""


def test_costs_and_the_score_behind_refusing() -> None:
    found = scoring.score(ASKED, HIT, said("1443년이다."), k=5)
    assert found.scores["answerable_score"] == 0.5
    assert (found.scores["first_token_ms"], found.scores["total_ms"]) == (2.0, 3.0)
    assert (found.scores["prompt_tokens"], found.scores["completion_tokens"]) == (100, 10)
    assert found.timings_ms == {"retrieve": 1.0, "first_token": 2.0, "total": 3.0}
    silent = answer("1443년이다.", (GOLD,), [()], score=None)
    without = scoring.score(ASKED, HIT, Reply((GOLD,), silent), k=5)
    assert without.scores["answerable_score"] is None
    assert "answerable_score" in without.unscored
