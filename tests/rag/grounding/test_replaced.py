"""A word in the place of another, and words of which only one can be meant."""

import pytest

from rag.grounding.classes import classes
from rag.grounding.leftover import known_above
from rag.grounding.lexicon import rivals
from rag.grounding.pairing import pairs
from rag.grounding.reading import read
from rag.grounding.replaced import aligned, replaced, swaps


def paired(sentence, note):
    return pairs(read(sentence), read(note), (0, len(note)))


def swapped(sentence, note):
    """Every swap as (words of the sentence, words of the note, moved)."""
    found = paired(sentence, note)
    return [
        (
            [swap.pair.claim.words[place].lemma for place in swap.here],
            [swap.pair.noted[spot].lemma for spot in swap.there],
            swap.moved,
        )
        for swap in swaps(found, aligned(found))
    ]


def figured(sentence, note):
    claim, there, window = read(sentence), read(note), (0, len(note))
    above = known_above(claim, there, window, None)
    found = pairs(claim, there, window)
    return replaced(found, claim, above) | classes(found, claim, there, window, above)


@pytest.mark.parametrize(
    ("sentence", "note", "mine", "theirs"),
    [
        ("손님은 저녁마다 홍차를 마셨다.", "손님은 저녁마다 커피를 마셨다.", ["홍차"], ["커피"]),
        ("The clerk sends a letter to the bank.", "The clerk sends a parcel to the bank.", ["letter"], ["parcel"]),
        (
            "Copy it to a `bucket` on Friday.",
            "Copy it to a [`folder`](http://a.b/c) on Friday.",
            ["bucket"],
            ["folder"],
        ),
    ],
)
def test_one_word_between_the_same_two_is_a_swap(sentence, note, mine, theirs):
    assert swapped(sentence, note) == [(mine, theirs, False)]
    assert swapped(note, note) == []


def test_the_order_of_words_does_not_hide_a_swap():
    assert (["홍차"], ["커피"], False) in swapped("홍차를 아침에 손님이 마신다.", "아침에 손님이 커피를 마신다.")


def test_a_noun_from_elsewhere_is_moved():
    note = "고양이는 낮에 잠을 자고 부엉이는 밤에 숲을 난다."
    assert (["낮"], ["밤"], True) in swapped("부엉이는 낮에 숲을 난다.", note)
    assert figured("부엉이는 낮에 숲을 난다.", note)["noun_moved_against"] > 0
    assert figured("부엉이는 밤에 숲을 난다.", note)["noun_moved_against"] == 0


def test_the_run_stays_in_one_place_where_there_are_two():
    note = "표본과 모집단은 다르다. 표본은 우리가 본 값의 모임이다."
    found = paired("모집단은 우리가 본 값의 모임이다.", note)
    spots = [found[0].noted[spot].start for _, spot in aligned(found)]
    assert min(spots) > note.index("표본은")


def test_the_more_is_copied_around_it_the_more_a_swap_tells():
    note = "관리인은 매일 아침 창고의 동쪽 문을 열쇠로 연다."
    copied = figured("관리인은 매일 아침 창고의 서쪽 문을 열쇠로 연다.", note)["noun_swapped_against"]
    free = figured("창고에 서쪽 문으로 들어갈 수 있는 것은 관리인 덕이다.", note)["noun_swapped_against"]
    assert copied > 4 > free
    assert figured(note, note)["noun_swapped_against"] == 0


def test_a_longer_form_of_the_same_name_is_no_other_name():
    note = "그는 서울교대를 졸업하고 교사가 되었다."
    assert figured("그는 교대를 졸업하고 교사가 되었다.", note)["noun_swapped_against"] == 0


@pytest.mark.parametrize(
    ("name", "told"), [("제주의 옛 항구", True), ("부산항", False), ("Busan", False), ("부산", False)]
)
def test_another_name_in_its_place(name, told):
    row = figured(f"배는 매일 아침 {name}에서 떠난다.", "배는 매일 아침 부산에서 떠난다.")
    assert (row["name_swapped_against"] > 0) is told


def test_verbs_that_are_near_and_no_synonyms_are_turned():
    note = "기온이 오르면 얼음의 두께가 빠르게 줄었다."
    assert figured("기온이 오르면 얼음의 두께가 빠르게 늘었다.", note)["verb_swapped_against"] > 0
    assert figured(note, note)["verb_swapped_against"] == 0


def test_what_nothing_in_the_note_answers_is_counted():
    note = "도서관은 월요일에 쉬고 화요일부터 문을 연다."
    row = figured("도서관은 월요일에 쉬며 회원증 없이는 잡지를 빌릴 수 없다.", note)
    assert row["unsaid_run"] >= 3
    assert row["unsaid_last"] >= 3
    same = figured(note, note)
    assert same["unsaid_run"] == same["unanswered"] == 0
    assert same["answered"] == 1


def test_an_empty_range_has_no_swaps():
    row = figured("손님은 커피를 마셨다.", "...")
    assert row["swaps"] == row["kept"] == row["class_against"] == 0


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("표지판은 빨강색이다.", "표지판은 파랑으로 칠한다."),
        ("It has an encoder and a head.", "It has a decoder and a head."),
        ("가게는 월요일에 쉰다.", "가게는 화요일에 쉰다."),
    ],
)
def test_only_one_of_a_class_can_be_meant(sentence, note):
    assert figured(sentence, note)["class_against"] == 1
    assert figured(note, note)["class_against"] == 0


def test_a_class_says_nothing_where_the_note_names_both_or_the_sentence_does():
    assert figured("가게는 월요일에 쉰다.", "가게는 월요일과 화요일에 쉰다.")["class_against"] == 0
    assert figured("가게는 월요일과 화요일에 쉰다.", "가게는 화요일에 쉰다.")["class_against"] == 0


def test_what_a_heading_names_is_counted_apart():
    note = "# 인코더\n\n디코더와 달리 문장 전체를 본다."
    claim, there, window = read("인코더는 문장 전체를 본다."), read(note), (note.index("디코더"), len(note))
    above = known_above(claim, there, window, None)
    row = classes(pairs(claim, there, window), claim, there, window, above)
    assert (row["class_against"], row["class_above"]) == (0, 1)


def test_names_of_several_words_are_one_name():
    name = next(name for name in rivals() if "_" in name and not name.isascii())
    other = next(o for o in rivals() if "_" in o and o != name and not rivals()[o].isdisjoint(rivals()[name]))
    sentence, note = (f"이것은 {one.replace('_', ' ')}이다." for one in (name, other))
    assert figured(sentence, note)["class_against"] >= 1
    assert figured(sentence, sentence)["class_against"] == 0


def test_a_class_tells_more_in_a_copy_and_nothing_across_scripts():
    note = "가게는 화요일에 문을 닫고 청소를 한다."
    copied = figured("가게는 월요일에 문을 닫고 청소를 한다.", note)["class_copied_against"]
    free = figured("월요일이면 손님을 받지 않는 곳이다.", note)["class_copied_against"]
    assert copied == 1 > free
    assert figured("The shop is closed on Monday.", note)["class_against"] == 0
