import pytest

from rag.grounding.numerals import english_value, hangul_value
from rag.grounding.reading import read


def amounts(text):
    return [(quantity.value, quantity.unit) for quantity in read(text).quantities]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("이천십구", 2019),
        ("삼만오천", 35_000),
        ("천만", 10_000_000),
        ("백", 100),
        ("스물다섯", 25),
        ("열두", 12),
        ("이공일구", 2019),
        ("수십", None),
        ("사과", None),
    ],
)
def test_hangul_numerals(word, value):
    assert hangul_value(word) == value


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("two hundred five", 205),
        ("nineteen ninety seven", 1997),
        ("two thousand nineteen", 2019),
        ("three million", 3e6),
    ],
)
def test_english_numerals(words, value):
    assert english_value(words.split()) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("이천십구년에 열렸다.", [(2019, "year")]),
        ("3만 5천 명이 왔다.", [(35_000, "person")]),
        ("백여 명이 왔다.", [(100, "person")]),
        ("1억 2천만원을 썼다.", [(120_000_000, "krw")]),
        ("세 개의 게이트", [(3, "item")]),
        ("2019. 3. 5.에 열렸다.", [(2019, "year"), (3, "month"), (5, "day")]),
        ("2019-03-05", [(2019, "year"), (3, "month"), (5, "day")]),
        ("2019년 3월 5일", [(2019, "year"), (3, "month"), (5, "day")]),
        ("on March 5, 2019", [(2019, "year"), (3, "month"), (5, "day")]),
        ("5 March 2019", [(2019, "year"), (3, "month"), (5, "day")]),
        ("오후 15:30", [(15, "hour"), (30, "minute")]),
        ("전체의 3분의 1", [(1 / 3, "")]),
        ("20~30단어", [(20, "word"), (30, "word")]),
        ("12 layers and 92.5%", [(12, "layer"), (92.5, "percent")]),
        ("3 km", [(3000, "metre")]),
        ("0.6B parameters", [(6e8, "")]),
        ("512MB", [(512e6, "byte")]),
        ("trained for twelve hours", [(12, "hour")]),
        ("조각 두 번째", [(2, "ordinal")]),
        ("만화 조각 천장", []),
        ("나무 오천여 그루", [(5000, "")]),
        ("3×3 커널을 세 층", [(30_003, "grid"), (3, "layer")]),
        ("수백 일", [(100, "day")]),
        ("절반으로 줄였다", [(0.5, "")]),
        ("a third of the rows", [(1 / 3, "")]),
        ("사흘 뒤", [(3, "day")]),
        ("4/22에 쉰다", [(4, "month"), (22, "day")]),
        ("1.3B짜리", [(1.3e9, "")]),
        ("보름달이 뜬다", []),
        ("GPT-4와 e5-small-v2", []),
        ("네 조각으로 자른다", [(4, "")]),
        ("두 세트를 마쳤다", [(2, "")]),
        ("3 분석 결과", [(3, "")]),
        ("100주년을 맞았다", [(100, "year")]),
        ("3헥타르", [(30_000, "area")]),
        ("몇 시간 동안", [(1, "hour")]),
        ("a few minutes", [(1, "minute")]),
        ("몇 분석가", []),
        ("3·1 운동", [(3, "month"), (1, "day")]),
        ("1998년에 나왔고 그해 팔렸다", [(1998, "year"), (1998, "year")]),
        ("1998년에 나왔고 이듬해 팔렸다", [(1998, "year"), (1999, "year")]),
        ("그해에 팔렸다", []),
    ],
)
def test_quantities(text, expected):
    assert amounts(text) == expected


def test_one_and_first_confirm_but_never_contradict():
    assert [quantity.sure for quantity in read("한 명이 왔다. One of them. The first layer.").quantities] == [False] * 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("3 km", "3,000 m", True),
        ("3 km", "3 m", False),
        ("3명", "세 사람", True),
        ("3명", "3년", False),
        ("30,123명", "약 3만 명", True),
        ("40,000명", "약 3만 명", False),
        ("2019", "2019년", True),
        ("5%", "5%p", False),
        ("수백 년", "300년", True),
        ("수백 년", "수백 일", False),
        ("수백 년", "3,000년", False),
        ("50%", "절반", True),
        ("33%", "3분의 1", True),
        ("일주일", "7일", True),
        ("2년", "24개월", True),
        ("60초", "1분", True),
        ("12마리", "12권", False),
        ("12개", "12편", True),
        ("12개", "12명", False),
        ("소 3마리", "소 세 필", True),
        ("제3회", "세 번째", True),
        ("약 207개", "약 200개", False),
        ("약 101명", "100명", False),
        ("몇 시간", "몇 분", False),
        ("수 주", "3주", True),
    ],
)
def test_the_same_amount(one, other, same):
    (first,), (second,) = read(one).quantities, read(other).quantities
    assert first.same_as(second) is same
    assert second.same_as(first) is same


@pytest.mark.parametrize("text", ["**3만** 명", "값 $0.5$", "> 12개"])
def test_places_count_characters_of_the_source(text):
    (quantity,) = read(text).quantities
    assert text[quantity.start : quantity.end].strip("*$")
    assert text[quantity.start].isdigit()


def test_a_counter_is_told_apart_from_a_word_that_begins_like_it():
    counters = [q.counter for q in read("닭 세 마리와 책 5권, 그림 12점, 집 40여 채").quantities]
    assert counters == ["마리", "권", "점", "채"]
    assert [q.counter for q in read("3 권리와 5 점수").quantities] == ["", ""]


def test_a_count_of_plain_nouns_never_contradicts_by_itself():
    assert [q.sure for q in read("두 학자가 다투었다. 두 명이 왔다.").quantities] == [False, True]
