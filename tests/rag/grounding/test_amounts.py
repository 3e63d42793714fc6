import pytest

from rag.grounding.amounts import number_differences
from rag.grounding.counting import miscounted
from rag.grounding.pairing import pairs
from rag.grounding.reading import read


def contradictions(sentence, note):
    claim, text = read(sentence), read(note)
    window = (0, len(note))
    found = [*number_differences(claim, text, window), *(d for p in pairs(claim, text, window) for d in miscounted(p))]
    return {difference.kind for difference in found if difference.contradicts}


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("창고에는 곡식 200석이 있었다.", "창고에는 곡식 200말이 있었다."),
        ("목장에는 염소 40명이 산다.", "목장에는 염소 40마리가 산다."),
        ("떡을 세 조각으로 나눈다.", "떡을 네 조각으로 나눈다."),
        ("대표는 한 명을 뽑는다.", "대표는 두 명을 뽑는다."),
        ("빵은 몇 분 동안 굽는다.", "빵은 몇 시간 동안 굽는다."),
        ("저수지는 매주 청소한다.", "저수지는 매년 청소한다."),
        ("자료는 700개의 그림 쌍이다.", "자료는 700개의 소리 쌍이다."),
        ("The fourth chapter is about bees.", "The second chapter is about bees."),
        ("Water the plants every week.", "Water the plants every day."),
        ("The limit is the number of letters in a title.", "The limit is the number of verses in a title."),
        ("Each row is checked twice.", "Each column is checked twice."),
        ("The trip took several hours.", "The trip took several days."),
        ("Read the first three poems.", "Read the first three letters."),
        ("결과는 2-2였다.", "결과는 2-1이었다."),
        ("그는 1910년 4월에 났다.", "그는 1910년 7월에 나서 1984년 4월에 죽었다."),
        ("등대는 1931년 붉은 벽돌로 지었다.", "등대는 1902년 붉은 벽돌로 지었고, 1931년 항구가 문을 닫았다."),
    ],
)
def test_another_amount_contradicts(sentence, note):
    assert contradictions(sentence, note)
    assert not contradictions(note, note)


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("목장에는 염소가 마흔 마리 있다.", "목장에는 염소 40마리가 산다."),
        ("두 학자가 이름을 지었다.", "김 교수와 박 교수가 이름을 지었다."),
        ("한 명은 남고 두 명이 떠났다.", "세 사람 가운데 두 명이 떠나고 한 명은 남았다."),
        ("코드 두 줄이면 된다.", "2줄의 코드면 된다."),
        ("약 3만 명이 모였다.", "30,123명이 모였다."),
        ("빵은 몇 시간 굽는다.", "빵은 3시간 동안 굽는다."),
        ("연못은 해마다 청소한다.", "연못은 매년 청소한다."),
        ("같은 해 다리가 놓였다.", "1931년 항구가 문을 닫았고 그해 다리가 놓였다."),
        ("Every neuron gets the same value.", "Each neuron receives the same value."),
        ("In the third step the second list is sorted.", "The third step sorts the second list."),
        ("The course has 12 large chapters.", "The course has 12 chapters."),
    ],
)
def test_the_same_amount_does_not(sentence, note):
    assert not contradictions(sentence, note)


def test_a_year_holds_until_another_is_named():
    note = "1931년 항구가 문을 닫았다. 다리는 7월에 놓였다."
    second = (note.index("다리"), len(note))
    assert not number_differences(read("다리는 1931년 7월에 놓였다."), read(note), second)
    assert number_differences(read("다리는 1930년 7월에 놓였다."), read(note), second)


def test_a_number_that_is_part_of_a_name_the_note_knows_is_none():
    note = "협주곡 5번은 널리 알려졌다. 초연은 1811년 1월이었다."
    second = (note.index("초연"), len(note))
    assert not number_differences(read("협주곡 5번의 초연은 1811년이었다."), read(note), second)
    assert number_differences(read("협주곡 6번의 초연은 1811년이었다."), read(note), second)
