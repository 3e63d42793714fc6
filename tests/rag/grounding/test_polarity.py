import pytest

from rag.grounding.pairing import pairs
from rag.grounding.polarity import polarity
from rag.grounding.reading import read


def denials(sentence, note):
    claim, noted = read(sentence), read(note)
    return {name for name, value in polarity(pairs(claim, noted, (0, len(note))), claim, noted).items() if value}


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("마을 주민들은 새 다리를 반기지 않았다.", "마을 주민들은 새 다리를 크게 환영했다."),
        ("끓이더라도 냄비의 물은 날아가지 않는다.", "끓이면 냄비의 물은 증발한다."),
        ("The form cannot be sent to the office at night.", "The form reaches the office at night."),
    ],
)
def test_a_plain_no_beside_a_plain_yes(sentence, note):
    assert denials(sentence, note) == {"denial_new_against"}


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("마을 주민들은 새 다리를 반겼다.", "마을 주민들은 새 다리를 환영하지 않았다."),
        ("냄비의 물은 끓이면 증발한다.", "냄비의 물은 끓여도 날아가지 않는다."),
    ],
)
def test_a_plain_yes_beside_a_plain_no(sentence, note):
    assert denials(sentence, note) == {"denial_lost_against"}


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("밤에는 문을 열지 않는다.", "밤에는 문을 여는 것이 금지되어 있다."),
        ("회의에는 위원만 들어갈 수 있다.", "회의에는 위원이 아니면 들어갈 수 없다."),
        ("이 강은 길지 않다.", "이 강은 짧다."),
        ("미성년자도 공연을 본다.", "미성년자도 공연을 볼 수 있다."),
        ("표를 사지 않은 사람도 공연을 보았다.", "표가 없는 사람도 공연을 보았다."),
        ("The door is never locked.", "The door is left unlocked."),
    ],
)
def test_a_denial_in_other_words_is_no_difference(sentence, note):
    assert not denials(sentence, note)
