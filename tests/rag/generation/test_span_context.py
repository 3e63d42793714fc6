from __future__ import annotations

from rag.generation.asking import analyse_all, read_question
from rag.generation.candidates import Candidate
from rag.generation.span_context import Surroundings, wanted
from rag.types import Question


def around(question, text, words, others=()):
    asked = read_question(Question(question))
    asks = wanted(asked, [text, *others])
    (morphemes,) = analyse_all([text])
    start = text.index(words)
    sentence = Surroundings(asks, Candidate(0, 0, len(text), text), morphemes, text.lower())
    return sentence.features(start, start + len(words))


def test_a_country_is_nearer_to_what_is_asked_for_than_a_person():
    text = "이순신은 프랑스에 갔다."
    asked = "이순신이 간 나라는 어디인가?"
    assert around(asked, text, "프랑스")["sort_last"] > around(asked, text, "이순신")["sort_last"]


def test_the_predicate_behind_a_span_counts_by_its_meaning():
    question = "학교를 설립한 사람은 누구인가?"
    same = around(question, "김구가 학교를 설립했다.", "김구")
    near = around(question, "김구가 학교를 창설했다.", "김구")
    far = around(question, "김구가 학교를 구경했다.", "김구")
    assert same["verb_1"] == 1 > near["verb_1"] > far["verb_1"]


def test_words_of_the_question_count_more_the_nearer_and_the_rarer_they_are():
    text = "김구는 상하이에서 학교를 세웠고 이승만은 하와이로 갔다."
    question = "상하이에서 학교를 세운 사람은?"
    assert around(question, text, "김구")["right_3"] > around(question, text, "이승만")["right_3"]
    common = around(question, text, "김구", others=["상하이의 밤", "상하이의 낮", "상하이"])
    assert common["covered"] < 1 or common["right_3"] != around(question, text, "김구")["right_3"]


def test_a_span_that_repeats_the_question_is_known():
    question = "상하이에서 학교를 세운 사람은?"
    text = "김구는 상하이에서 학교를 세웠다."
    assert around(question, text, "상하이")["inside_best"] == 1
    assert around(question, text, "김구")["inside_best"] < 1


def test_words_without_an_embedding_are_near_nothing():
    row = around("BERT를 만든 회사는?", "Google이 BERT를 만들었다.", "Google")
    assert row["sort_last"] == 0
