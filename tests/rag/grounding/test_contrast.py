import pytest

from rag.grounding.contrast import contrasts
from rag.grounding.denials import negation_differences
from rag.grounding.pairing import pairs
from rag.grounding.reading import read
from rag.grounding.support import check


def kinds(sentence, note):
    found = contrasts(pairs(read(sentence), read(note), (0, len(note))))
    return {difference.kind for difference in found}


@pytest.mark.parametrize(
    ("sentence", "note", "kind"),
    [
        ("로그에는 질문의 길이를 남기지 않는다.", "로그에는 질문의 길이만 남기고 본문은 남기지 않는다.", "negation"),
        ("Layer normalization depends on the batch size.", "It does not depend on the batch size.", "negation"),
        ("주민들은 새 시장에게 지지를 보내지 않았다.", "새 시장은 주민들의 큰 지지를 누렸다.", "negation"),
        ("선생님에게서 학생에게 편지가 갔다.", "학생에게서 선생님에게 편지가 갔다.", "role"),
        (
            "장식의 바깥쪽에는 굽은 옥을 달았다.",
            "장식의 안쪽에는 굽은 옥을 달았고, 바깥쪽에는 금판을 매달았다.",
            "opposite",
        ),
        ("Dams block their way downstream.", "Dams block their way upstream.", "opposite"),
        ("Checkpoints are written every 500 epochs.", "Checkpoints are written every 500 steps.", "unit"),
        ("조각끼리는 64글자씩 겹친다.", "조각끼리는 64토큰씩 겹친다.", "unit"),
        ("The server tries at least three times.", "The server tries at most three times.", "bound"),
        ("문장은 30자 이상이어야 한다.", "문장은 30자 이하여야 한다.", "bound"),
        ("사용자가 관리자에게 키를 발급한다.", "관리자는 사용자에게 키를 발급한다.", "role"),
        ("크로커다일이 루피를 쓰러뜨렸다.", "루피가 크로커다일을 쓰러뜨리자 모두 기뻐했다.", "role"),
        (
            "Colleges have lent duplicates to the library.",
            "The library has lent duplicates to colleges.",
            "role",
        ),
        ("그는 7월에 부산에서 출항했다.", "그는 7월에 부산으로 출항했다.", "direction"),
        ("큰 데이터에는 표본을 20개 둔다.", "표본은 작은 데이터에는 20개, 큰 데이터에는 5개를 둔다.", "opposite"),
    ],
)
def test_what_is_turned_round(sentence, note, kind):
    assert kind in kinds(sentence, note)
    assert check(sentence, note).support != "supported"


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("정부 지원 없이 운영한다.", "정부의 지원은 받지 않고 운영한다."),
        ("두 값은 차이가 없다.", "두 값은 같다."),
        ("평균을 빼지 않는다.", "평균 빼기를 생략한다."),
        ("관리자에게서 사용자가 키를 받는다.", "사용자는 관리자에게서 키를 받는다."),
        ("The room was designed by Thomas Ellery.", "Thomas Ellery designed the room."),
        ("It took no more than three years.", "It took three years at most."),
        ("A와 B의 합을 구한다.", "B와 A의 합을 구한다."),
        ("값은 1분이 지나면 만료된다.", "값은 60초 뒤에 만료된다."),
        ("로그에 본문은 적히지 않는다.", "로그에는 길이만 적고 본문은 적지 않는다."),
        ("점수 하나로 뽑으면 안 된다.", "점수만 보고 뽑아서는 안 된다."),
        ("새 이름을 그대로 쓰면 위험하니 피한다.", "새 이름을 그대로 쓰지 않는다."),
        ("스스로는 변하지 않으면서 속도를 바꾼다.", "속도에 영향을 주나 스스로는 변하지 않는다."),
    ],
)
def test_what_says_the_same_is_not_turned_round(sentence, note):
    assert not kinds(sentence, note)


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("연구소는 예산을 전부 기업에서 받는다.", "연구소는 대부분의 예산을 기업에서 받는다."),
        ("미국인을 뺀 유학생만 무료로 받는다.", "미국인을 포함하여 유학생을 무료로 받는다."),
        ("모든 모델이 층 정규화를 쓴다.", "최근 모델은 층 정규화를 쓴다."),
        ("일부 단어만 벡터를 두 벌 가진다.", "단어마다 벡터를 두 벌 가진다."),
    ],
)
def test_more_or_less_than_the_note_says_is_not_supported(sentence, note):
    assert check(sentence, note).support != "supported"


def test_the_one_put_aside_is_not_the_one_that_is_meant():
    claim, note = read("나비가 아니라 벌이 꽃을 찾는다."), read("벌이 아니라 나비가 꽃을 찾는다.")
    assert negation_differences(claim, note.words, [(0, len(note.source))])
    assert not negation_differences(note, note.words, [(0, len(note.source))])


def test_a_sum_is_no_quantifier():
    assert check("편지는 모두 여덟 통이다.", "남은 편지는 8통이다.").support == "supported"
