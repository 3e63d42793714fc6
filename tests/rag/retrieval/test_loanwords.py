import pytest

from rag.retrieval.loanwords import Loanwords
from rag.text import morphemes_of

TEXTS = [
    "Each chunk goes through attention. A chunk is embedded; attention is what the transformer does.",
    "배치 크기를 정한다. 토큰은 token이고 모델은 model이다. 캐시를 비운다. The batch, the but, the this.",
    "렌더링 파이프라인은 화면을 그린다. 검색이 틀렸나, 생성이 틀렸나?",
]


@pytest.fixture(scope="module")
def words():
    return Loanwords.gather(TEXTS, morphemes_of(TEXTS))


@pytest.mark.parametrize(
    ("question", "respelled"),
    [
        ("청크 크기는 왜 중요해?", "chunk 크기는 왜 중요해?"),
        ("트랜스포머에서 어텐션이란?", "transformer에서 attention이란?"),
        ("모델이 뭐야?", "모델(model)이 뭐야?"),
        ("모델(model)이 뭐야?", "모델(model)이 뭐야?"),
        ("토큰이 뭐야?", "토큰이 뭐야?"),
        ("what is rendering?", "what is rendering(렌더링)?"),
        ("Are the three answers wrong?", "Are the three answers wrong?"),
        ("What is a chunk?", "What is a chunk?"),
        ("학교는 어디에 있어?", "학교는 어디에 있어?"),
        ("캐시는 왜 비워?", "캐시는 왜 비워?"),
        ("", ""),
    ],
)
def test_a_question_as_the_notes_would_put_it(words, question, respelled):
    assert words.respelled(question) == respelled


def test_respelling_again_changes_nothing(words):
    once = words.respelled("청크와 토큰과 어텐션")
    assert words.respelled(once) == once != "청크와 토큰과 어텐션"


def test_where_a_respelled_word_stands(words):
    question = "이 청크는 몇 개?"
    (found,) = words.respellings(question)
    assert (question[found.start : found.end], found.spellings, found.known) == ("청크", ("chunk",), False)


def test_function_words_are_no_spelling(words):
    assert words.spellings("디스") == ()  # "this" stands in the notes
    assert words.spellings("버트") == ()  # and so does "but"


def test_the_commoner_of_two_that_sound_the_same():
    words = Loanwords({"bach": 1, "batch": 7, "beach": 9})
    assert words.spellings("배치") == ("batch", "bach")


def test_what_the_notes_mostly_write_in_hangul_is_left_alone():
    assert Loanwords({"코드": 300, "code": 3}).spellings("코드") == ()
    assert Loanwords({"코드": 20, "code": 30}).spellings("코드") == ("code",)


def test_words_come_back_from_disk(words, tmp_path):
    words.write(tmp_path)
    again = Loanwords.read(tmp_path)
    assert again.respelled("청크의 어텐션과 토큰") == words.respelled("청크의 어텐션과 토큰")
    assert Loanwords.read(tmp_path / "nowhere").respelled("청크") == "청크"
