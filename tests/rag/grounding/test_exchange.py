import pytest

from rag.grounding.cases import cases
from rag.grounding.direction import redirected
from rag.grounding.exchange import caught, exchanges, received
from rag.grounding.order import order
from rag.grounding.pairing import pairs
from rag.grounding.reading import read


def pair(sentence, note):
    return pairs(read(sentence), read(note), (0, len(note)))


def kinds(sentence, note):
    paired = pair(sentence, note)
    return {one.kind for look in (exchanges, caught, received, redirected) for one in look(paired)}


def test_particles_give_words_their_cases():
    found = {one.stem: one.case for one in cases("강민과 서연은 도윤의 편지를 우체국에서 은행으로 옮겼다.")}
    assert found == {
        "강민": "t",
        "서연": "t",
        "도윤": "of:편지",
        "편지": "o",
        "우체국": "at",
        "은행": "into",
    }


def test_a_name_in_la_keeps_its_last_syllable():
    assert cases("페드라는 배를 탔다.")[0].stem == "페드라"
    assert {one.stem: one.case for one in cases("첨자도(刀)라는 칼에서 왔다.")}["첨자도"] == "at"


@pytest.mark.parametrize(
    ("sentence", "note", "kind"),
    [
        ("서연이 도윤을 때렸다.", "도윤이 서연을 때렸다.", "role"),
        ("강민과 서연은 도윤을 뽑았다.", "강민과 도윤은 서연을 뽑았다.", "role"),
        ("서연은 도윤의 공장에 돈을 냈다.", "도윤은 서연의 공장에 돈을 냈다.", "role"),
        ("시청은 법원이 고른 후보를 지웠다.", "법원은 시청이 고른 후보를 지웠다.", "role"),
        ("북서연방이 남부공화국을 폭격했다.", "남부공화국이 북서연방에 폭격했다.", "role"),
        ("숫자를 글자로 바꾼다.", "글자를 숫자로 바꾼다.", "direction"),
        ("임시 값을 실제 이름으로 바꾼다.", "실제 이름을 임시 값으로 바꾼다.", "direction"),
        ("고래보다는 상어에 가깝다.", "상어보다는 고래에 가깝다.", "role"),
        ("장군이 임금을 붙잡자 싸움이 끝났다.", "장군이 임금에게 사로잡히자 싸움이 끝났다.", "role"),
        ("서연이 보낸 편지가 남아 있다.", "서연에게 보낸 편지가 남아 있다.", "role"),
        ("Replace the comma with a space.", "Replace a space with the comma.", "direction"),
        ("📦 Wrap a Carton in the cover.", "📦 We wrap it in a Carton.", "direction"),
        ("The level fell from high to low.", "The level went from low to high.", "direction"),
    ],
)
def test_what_is_exchanged(sentence, note, kind):
    assert kind in kinds(sentence, note)


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("서연이 도윤을 때렸다.", "도윤을 서연이 때렸다."),
        ("도윤이 서연에게 맞아 사로잡혔다.", "서연이 도윤을 때려서 붙잡았다."),
        ("서연이 거느린 배는 열 척이다.", "서연은 배가 열 척 있다."),
        ("바둑의 규칙은 체스의 규칙과 다르다.", "바둑은 체스와 다른 규칙을 가진다."),
        ("글자를 숫자로 바꾼다.", "숫자로 글자를 바꾼다."),
        ("Replace every comma with a space.", "We replace the comma by a space."),
    ],
)
def test_what_says_the_same_is_not_exchanged(sentence, note):
    assert not kinds(sentence, note)


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("시험을 보기 전에 책을 읽었다.", "시험을 본 뒤에 책을 읽었다."),
        ("책을 읽은 다음에 시험을 본다.", "책을 읽기 전에 시험을 본다."),
        ("Wash the pan before you cook the rice.", "Wash the pan after you cook the rice."),
    ],
)
def test_an_order_that_is_turned_round(sentence, note):
    assert order(pair(sentence, note)) == {"order_against": 1.0, "order_agrees": 0.0}


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("시험을 보기 전에 책을 읽었다.", "책을 읽은 뒤에 시험을 보았다."),
        ("Wash the pan before you cook the rice.", "Cook the rice after you wash the pan."),
    ],
)
def test_the_same_order_told_the_other_way(sentence, note):
    assert order(pair(sentence, note)) == {"order_against": 0.0, "order_agrees": 1.0}


def test_without_a_word_for_it_there_is_no_order():
    assert not any(order(pair("책을 읽고 시험을 보았다.", "시험을 보고 책을 읽었다.")).values())
