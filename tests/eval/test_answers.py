import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval import answers
from eval.answers import contains, em_klue, em_korquad, f1_korquad, rouge_w_klue, without_markers

KOREAN = st.text("가나다라마 세종대왕은한글1 abc", max_size=40)


@pytest.mark.parametrize(
    ("prediction", "golds", "expected"),
    [
        ("세종대왕", ["세종대왕"], 1.0),
        ("세종 대왕", ["세종대왕"], 0.0),
        ("BERT-Base", ["bertbase"], 1.0),  # ASCII punctuation goes, case goes
        ("《당의 참된 딸》", ["당의 참된 딸"], 0.0),  # KLUE's bracket pattern matches nothing in practice
        ("  세종   대왕 ", ["세종 대왕"], 1.0),
        ("틀림", ["맞음", "틀림"], 1.0),
        ("", [], 1.0),
        ("아무 말", [], 0.0),
    ],
)
def test_klue_exact_match_by_hand(prediction: str, golds: list[str], expected: float) -> None:
    assert em_klue(prediction, golds) == expected


@pytest.mark.parametrize(
    ("prediction", "golds", "expected"),
    [
        ("세종 대왕", ["세종대왕"], 4 / 9),  # published check: 0.444; block 2 of 5 and of 4 characters
        ("세종대왕", ["세종대왕"], 1.0),
        ("나", ["가나다"], 0.5),
        ("나", ["가나다", "나"], 1.0),
        ("가", ["나"], 0.0),
        ("", ["나"], 0.0),
        ("", [], 1.0),
        ("가", [], 0.0),
    ],
)
def test_klue_rouge_w_by_hand(prediction: str, golds: list[str], expected: float) -> None:
    assert rouge_w_klue(prediction, golds) == pytest.approx(expected)


def longest_block(a: str, b: str) -> int:
    """Longest common substring by dynamic programming: knows nothing of difflib."""
    best, row = 0, [0] * (len(b) + 1)
    for character in a:
        row = [0, *(row[j] + 1 if character == other else 0 for j, other in enumerate(b))]
        best = max(best, *row)
    return best


@given(KOREAN, KOREAN)
@settings(max_examples=200, deadline=None)
def test_rouge_w_is_the_longest_common_substring(prediction: str, gold: str) -> None:
    p, g = answers.normalise_klue(prediction), answers.normalise_klue(gold)
    if not g:
        expected = float(not p)
    else:
        block = longest_block(p, g)
        precision, recall = block / len(p) if p else 0.0, block / len(g)
        expected = 2 * precision * recall / (precision + recall) if block else 0.0
    assert rouge_w_klue(prediction, [gold]) == pytest.approx(expected)


def test_rouge_w_keeps_the_published_order_and_autojunk() -> None:
    # In a second text of 200 or more, difflib takes a frequent character for junk: only the gold can be that.
    long, short = "나" + "가" * 200, "가가가"
    assert rouge_w_klue(short, [long]) == 0.0
    assert rouge_w_klue(long, [short]) == pytest.approx(2 * 3 / 204)


@pytest.mark.parametrize(
    ("prediction", "golds", "exact", "f1"),
    [
        ("《당의 참된 딸》", ["당의 참된 딸"], 1.0, 1.0),
        ("세종 대왕", ["세종대왕"], 0.0, 1.0),
        ("대왕세종", ["세종대왕"], 0.0, 1.0),  # order is ignored
        ("세종대왕은", ["세종대왕"], 0.0, 8 / 9),
        ("가가가", ["가"], 0.0, 0.5),  # a multiset: one of three counts
        ("", ["가"], 0.0, 0.0),
        ("다", ["가"], 0.0, 0.0),
        ("X", ["가", "x"], 1.0, 1.0),
    ],
)
def test_korquad_by_hand(prediction: str, golds: list[str], exact: float, f1: float) -> None:
    assert em_korquad(prediction, golds) == exact
    assert f1_korquad(prediction, golds) == pytest.approx(f1)


@given(KOREAN, KOREAN)
@settings(max_examples=100, deadline=None)
def test_korquad_f1_is_rouge_1_over_characters(prediction: str, gold: str) -> None:
    # rouge-score is an independent second implementation once it is given characters for tokens.
    from rouge_score.rouge_scorer import RougeScorer
    from rouge_score.tokenizers import Tokenizer

    class Characters(Tokenizer):
        def tokenize(self, text: str) -> list[str]:
            return [character for character in text if character != " "]

    scorer = RougeScorer(["rouge1"], tokenizer=Characters())
    normal = [answers.normalise_korquad(text) for text in (gold, prediction)]
    assert f1_korquad(prediction, [gold]) == pytest.approx(scorer.score(*normal)["rouge1"].fmeasure)


def test_rouge_scores_own_tokeniser_deletes_korean() -> None:
    # Why no score of ours goes through rouge-score's defaults: identical Korean texts score 0.
    from rouge_score.rouge_scorer import RougeScorer

    same = "세종대왕은 한글을 창제했다"
    assert RougeScorer(["rougeL"]).score(same, same)["rougeL"].fmeasure == 0


@pytest.mark.parametrize(
    ("prediction", "golds", "expected"),
    [
        ("한글은 1443년에 창제되었다", ["1443년"], 1.0),
        ("한글 창제는 세종대왕이 하였다", ["한글의 창제"], 1.0),  # the particle stands in the gold only
        ("세종대왕이다", ["세종대왕"], 1.0),
        ("모른다", ["세종대왕"], 0.0),
        ("1943년", ["9"], 0.0),  # a number is not contained in a longer one
        ("어휘 크기는 9이다", ["9"], 1.0),
        ("《당의 참된 딸》이다", ["당의 참된 딸"], 1.0),
        ("", ["가"], 0.0),
        ("(무엇)", ["()"], 0.0),
    ],
)
def test_contains_by_hand(prediction: str, golds: list[str], expected: float) -> None:
    assert contains(prediction, golds) == expected


def test_korquad_and_contains_refuse_to_score_without_gold() -> None:
    for metric in (em_korquad, f1_korquad, contains):
        with pytest.raises(ValueError, match="no gold"):
            metric("가", [])


def test_unanswerable_is_right_for_klue_only_if_nothing_is_said() -> None:
    silent, talking = (answers.score(text, (), is_impossible=True) for text in ("", "가"))
    assert silent.values["em_klue"] == silent.values["rouge_w_klue"] == 1.0
    assert talking.values["em_klue"] == talking.values["rouge_w_klue"] == 0.0
    for name in ("em_korquad", "f1_korquad", "contains"):
        assert silent.values[name] is None
        assert "no gold answer" in silent.unscored[name]


def test_a_missing_prediction_counts_zero_and_no_gold_counts_nothing() -> None:
    missing = answers.score(None, ("가",), is_impossible=False)
    assert missing.values == dict.fromkeys(answers.NAMES, 0.0)
    assert answers.score(None, (), is_impossible=True).values["em_klue"] == 0.0
    without = answers.score("가", (), is_impossible=False)
    assert without.values == dict.fromkeys(answers.NAMES)
    assert set(without.unscored) == set(answers.NAMES)


def test_only_markers_are_taken_out_of_the_text() -> None:
    assert without_markers("x[7]은 답이다 [1]. 또 [2][3]", frozenset({1, 2, 3})) == "x[7]은 답이다. 또"
    assert without_markers("x[7]", frozenset()) == "x[7]"
