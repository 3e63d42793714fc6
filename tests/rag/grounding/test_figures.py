"""What verdict.py weighs: who fills which place, which words are said least, which small words differ."""

import pytest

from rag.grounding.cues import cues
from rag.grounding.frame import _common, frame
from rag.grounding.leftover import known_above
from rag.grounding.pairing import pairs
from rag.grounding.reading import read
from rag.grounding.verdict import beside, figures, odds
from rag.grounding.weakest import weakest


def looked_at(sentence, note):
    claim, there, window = read(sentence), read(note), (0, len(note))
    paired, above = pairs(claim, there, window), known_above(claim, there, window, None)
    return {
        **frame(paired, claim, there, window),
        **cues(paired, claim, there, window),
        **weakest(paired, claim, there, window, above),
    }


RESPECTIVELY = "미오게닌은 근육 분화를, 신경디는 뉴런 분화를 조절한다."


def test_what_is_said_of_another_subject_is_told():
    assert looked_at("신경디는 뉴런 분화를 조절한다.", RESPECTIVELY)["topics_bad"] == 0
    assert looked_at("신경디는 근육 분화를 조절한다.", RESPECTIVELY)["topics_bad"] > 0


def test_cases_that_turn_are_counted():
    same = looked_at("사용자가 관리자를 부른다.", "사용자가 관리자를 부른다.")
    turned = looked_at("관리자가 사용자를 부른다.", "사용자가 관리자를 부른다.")
    assert same["subject_object"] == same["object_subject"] == 0
    assert turned["subject_object"] == turned["object_subject"] == 1


def test_places_that_another_word_fills_conflict():
    note = "점수는 탐욕 탐색을 쓴다."
    assert looked_at("점수는 탐욕 탐색을 쓴다.", note)["conflicts"] == 0
    assert looked_at("점수는 무작위 탐색을 쓴다.", note)["conflicts"] == 1


def test_the_word_that_is_missing_is_the_weakest():
    row = looked_at("금관은 은으로 장식되었다.", "금관은 옥으로 장식되었다.")
    assert row["worst0_strength"] < 0.85 <= row["worst1_strength"]
    assert row["missing_strange"] + row["missing_akin"] == 1


def test_a_word_said_elsewhere_is_told():
    note = "금관은 옥으로 장식되었다. 허리띠는 구리로 장식되었다."
    claim, there, window = read("금관은 구리로 장식되었다."), read(note), (0, 15)
    assert weakest(pairs(claim, there, window), claim, there, window, set())["elsewhere"] > 0


@pytest.mark.parametrize(
    ("sentence", "note", "figure"),
    [
        ("나중에 호출한다.", "먼저 호출한다.", "order_turned"),
        ("Call it after the step.", "Call it before the step.", "order_turned"),
        ("그는 죽었다.", "그는 죽은 것으로 추정된다.", "hedge_lost"),
        ("값을 반드시 정해야 한다.", "값을 정한다.", "must_new"),
        ("LoRA보다 빠르다.", "LoRA는 빠르다.", "than_new"),
        ("It is the largest.", "It is large.", "most_new"),
    ],
)
def test_small_words_that_only_one_text_has(sentence, note, figure):
    assert looked_at(sentence, note)[figure] == 1
    assert looked_at(note, note)[figure] == 0


def test_the_longest_run_and_what_is_in_order():
    assert _common("a b c d".split(), "b c x a d".split()) == (2, 3)
    assert _common([], ["a"]) == (0, 0)
    assert _common(["a"], []) == (0, 0)


def test_a_place_that_contradicts_and_says_more_stands_beside():
    rows = [{"score": 0.9, "contradicts": 1.0, "differs": 0.0}, {"score": 0.7, "contradicts": 0.0, "differs": 0.0}]
    beside(rows, [(2, 5), (0, 9)])
    assert rows[1]["denied"] == rows[1]["denied_inside"] == pytest.approx(0.2)
    assert rows[0]["denied"] == -1.0
    assert rows[1]["behind"] == pytest.approx(-0.2)


def test_a_sentence_is_not_the_worse_for_agreeing_more():
    claim, note = read("망각 게이트는 셀 상태를 정한다."), read("망각 게이트는 이전 셀 상태를 얼마나 남길지 정한다.")
    row, _ = figures(claim, note, (0, len(note.source)), None, 0.8)
    beside([row], [(0, len(note.source))])
    (before,) = odds([row])
    for name in ("score", "said", "in_order"):
        assert odds([row | {name: row[name] - 0.3}])[0] < before
    for name in ("contradicts", "missing_names", "conflicts", "topics_bad", "number_against"):
        assert odds([row | {name: row[name] + 1.0}])[0] <= before
