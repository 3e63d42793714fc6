import pytest

from rag.grounding.reading import read


def denied(text):
    return {text[word.start : word.end].lower() for word in read(text).words if word.negated}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("드롭아웃은 사용하지 않았다.", {"사용"}),
        ("드롭아웃을 안 썼다.", {"썼"}),
        ("모델을 학습시키지 못했다.", {"학습"}),
        ("LSTM은 기울기 소실 문제가 없다.", {"문제"}),
        ("그는 의사가 아니라 변호사였다.", {"의사"}),
        ("불완전한 방법이다.", {"완전"}),
        ("사과뿐만 아니라 배도 있다.", set()),
        ("할 수밖에 없다.", set()),
        ("사용하지 않을 수 없다.", set()),
        ("It does not use recurrence.", {"use"}),
        ("It doesn't need labels.", {"need"}),
        ("It has no bias.", {"bias"}),
        ("It was never trained.", {"trained"}),
        ("Not only fast but accurate.", set()),
        ("It uses recurrence.", set()),
        ("표도 없이 들어갔다.", {"표"}),
        ("신분과 상관없이 들어간다.", {"상관없이"}),
        ("비는 끊임없이 내렸다.", set()),
        ("돈을 받기는커녕 빼앗겼다.", {"받"}),
        ("사과인지 아니면 배인지 모른다.", set()),
        ("관련이 있는지 없는지 정한다.", set()),
        ("한 명밖에 보내지 못한다.", set()),
        ("창고에는 쌀이 없다.", {"쌀"}),
        ("No rain falls unless clouds form.", {"falls"}),
    ],
)
def test_what_is_denied(text, expected):
    assert denied(text) == expected


@pytest.mark.parametrize(
    ("text", "aside"),
    [
        ("참새가 아니라 제비가 온다.", {"참새"}),
        ("글만 다루는 것이 아니라 소리도 다룬다.", {"다루"}),
        ("표를 안 사면 못 들어간다.", {"사"}),
        ("스스로는 변하지 않으면서 속도를 높인다.", set()),
        ("그는 학생이 아니라고 말했다.", set()),
        ("It is a decoder, not an encoder.", {"encoder"}),
        ("The two are not the same.", set()),
    ],
)
def test_what_is_only_put_aside(text, aside):
    assert {text[word.start : word.end].lower() for word in read(text).words if word.aside} == aside


def test_a_noun_beside_a_denied_predicate_of_no_content_is_loosely_denied():
    assert [(word.lemma, word.loose) for word in read("점수만 보아서는 안 된다.").words if word.negated] == [
        ("점수", True)
    ]
    assert not any(word.loose for word in read("점수를 적지 않았다.").words)


def test_latin_terms_lose_their_particles_and_inflection():
    forms = {word.form for word in read("LSTM은 tokens를 읽는다").words}
    assert forms == {word.form for word in read("LSTM이 token을 읽었다").words}


def test_places_are_those_of_the_source():
    source = "- **기울기 소실** 문제를 `LSTM`이 줄인다"
    for word in read(source).words:
        assert not set(source[word.start : word.end]) & set("*`- ")


@pytest.mark.parametrize("text", ["", " \n", "***", "。", "[]()"])
def test_nothing_to_read(text):
    assert read(text).words == ()
