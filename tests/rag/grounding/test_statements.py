import random
import sys

import pytest

from tests.helpers import ROOT


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    import support_statements

    return support_statements


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("독립선언을 주도한 사람은?", "김철수", "독립선언을 주도한 사람은 김철수다."),
        ("탑이 세워진 곳은 어디인가요?", "경주", "탑이 세워진 곳은 경주다."),
        ("회사를 세운 해는 언제인가?", "1933년", "회사를 세운 해는 1933년이다."),
        ("법을 없앤 나라는 누구인가?", "독일", "법을 없앤 나라는 독일이다."),
        ("누가 탑을 세웠는가?", "박민수", "박민수가 탑을 세웠다."),
        ("그는 무엇을 발견했나?", "혜성", "그는 혜성을 발견했다."),
        ("그는 어디로 떠났나요?", "서울", "그는 서울로 떠났다."),
        ("탑은 언제 무너졌나?", "1920년", "탑은 1920년에 무너졌다."),
        ("왜 그랬을까", "비", ""),
    ],
)
def test_a_question_becomes_a_sentence(made, question, answer, said):
    assert made.statement(question, answer) == said


def test_a_wrong_answer_is_of_the_same_kind(made):
    context = "박민수는 1920년에 태어났다. 김철수는 1931년에 서울로 갔다."
    assert made.another("1920년", context, 5, random.Random(0)) == "1931년"
    assert made.another("박민수", context, 0, random.Random(0)) in ("김철수", "서울")
    assert made.another("1920명", context, 5, random.Random(0)) == ""


def test_each_row_gives_a_faithful_sentence_and_perhaps_an_altered_one(made):
    row = {
        "context": "탑은 1920년에 경주에 세워졌다. 절은 1931년에 세워졌다.",
        "question": "탑을 세운 해는?",
        "answers": {"text": ["1920년"]},
    }
    found = [(sentence, label) for _, sentence, label, _ in made.statements([row])]
    assert found == [("탑을 세운 해는 1920년이다.", "faithful"), ("탑을 세운 해는 1931년이다.", "altered")]
    place = next(span for *_, span in made.statements([row]))
    assert row["context"][slice(*place)] == "1920년"


def test_an_answer_that_does_not_stand_there_gives_nothing(made):
    assert not list(made.statements([{"context": "탑.", "question": "해는?", "answers": {"text": ["1920년"]}}]))
    assert not list(made.statements([{"context": "탑.", "question": "해는?", "answers": {"text": []}}]))


def test_copies_say_what_the_text_says_with_another_ending(made):
    text = (
        "세영은 시설을 세우고 아이들을 오랫동안 돌보았다. 시설의 이름은 마을에서 가장 오래된 학교이다. "
        "이름을 여러 번 바꾸었다."
    )
    found = list(made.copies(text))
    assert found
    assert all(text[slice(*span)].strip() for _, span in found)
    assert not {sentence for sentence, _ in found} & {one.strip() + "." for one in text.split(".")}
    assert made._compressed("시설의 이름은", "시설의 이름은 마을에서 가장 오래된 학교이다.") == "시설의 이름은 학교다."
    assert made._continued("시설은", "이름을 여러 번 바꾸었다.") == "시설은 이름을 여러 번 바꾸었다."
    assert made._continued("시설은", "그는 이름을 여러 번 바꾸었다.") == ""
