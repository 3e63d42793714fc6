import pytest

from rag.grounding.leftover import known_above, leftover
from rag.grounding.likeness import LIKE, SOFT_AT, likeness
from rag.grounding.pairing import pairs
from rag.grounding.reading import read
from rag.grounding.slots import slots
from rag.grounding.verdict import _TREES, beside, figures, odds
from rag.trees import grown


def word(text):
    return read(text).words[0]


def weighed(sentence, note):
    named, _ = figures(read(sentence), read(note), (0, len(note)), None, score=1.0)
    beside([named], [(0, len(note))])
    return named


@pytest.mark.parametrize(("one", "other"), [("설립했다", "세웠다"), ("increase", "grew"), ("이따금", "때때로")])
def test_words_of_one_group_are_alike(one, other):
    assert likeness(word(one), word(other)) >= LIKE


@pytest.mark.parametrize(("one", "other"), [("증가", "감소"), ("왼쪽", "오른쪽"), ("서울", "부산"), ("일본", "중국")])
def test_opposites_and_names_are_never_alike(one, other):
    assert likeness(word(one), word(other)) == 0.0


def test_near_in_meaning_is_less_than_the_same():
    near = likeness(word("급료"), word("월급"))
    assert SOFT_AT <= near < LIKE
    assert likeness(word("월급"), word("의자")) == 0.0


def test_each_clause_finds_its_own():
    note = "생성은 GPU에서, 검색은 CPU에서 돈다."
    (pair,) = pairs(read("검색은 CPU에서 돈다."), read(note), (0, len(note)))
    assert [pair.noted[spot].lemma for spot in pair.inside] == ["검색", "cpu", "돌"]


def test_a_range_without_words_pairs_with_nothing():
    (pair,) = pairs(read("검색은 CPU에서 돈다."), read("..."), (0, 3))
    assert pair.inside == ()
    assert pair.paired == {}


def filled(text):
    found = read(text)
    places = slots(found, found.words, tuple(range(len(found.words))))
    return {(slot.kind, found.words[slot.head].lemma, found.words[slot.word].lemma) for slot in places}


def test_korean_slots():
    assert {("s", "발급", "관리자"), ("에게", "발급", "사용자"), ("o", "발급", "열쇠")} <= filled(
        "관리자가 사용자에게 열쇠를 발급한다."
    )
    assert ("front", "음역", "낮") in filled("낮은 음역이다.")
    assert ("front", "권유", "스승") in filled("스승의 권유")


def test_english_slots_know_the_preposition():
    assert ("behind in", "money", "shipping") in filled("she made money in shipping")
    assert ("behind", "money", "shipping") not in filled("she made money in shipping")


def test_what_is_missing_and_what_is_in_its_place():
    note = "Margaret made her money in shipping."
    named = weighed("Margaret made her money in mining.", note)
    assert named["missing_nouns"] > 0
    assert named["one_replaced"] == 1.0
    assert weighed("Margaret made her money in shipping.", note)["one_replaced"] == 0.0


def test_what_stands_above_is_known():
    note = "# 세종과 훈민정음\n\n1446년에 반포하였다."
    claim, found = read("세종은 훈민정음을 반포하였다."), read(note)
    window = (note.index("1446"), len(note))
    above = known_above(claim, found, window, None)
    left = leftover(pairs(claim, found, window), claim, found, window, above)
    assert left.inherited == 1.5  # 훈민정음; 세종 is the silent subject
    assert left.missing["noun"] + left.missing["name"] == 0


def test_copying_is_never_the_worse():
    note = "세영은 시설을 세워 아이들을 돌본다."
    copied, other = odds([weighed(note, note), weighed("세영은 기관을 세워 아이들을 돌본다.", note)])
    assert copied > other


def test_the_trees_ask_for_nothing_that_is_not_there():
    assert set(grown(_TREES).names) <= set(weighed("a model", "a model"))
