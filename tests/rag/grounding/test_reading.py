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
    ],
)
def test_what_is_denied(text, expected):
    assert denied(text) == expected


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
