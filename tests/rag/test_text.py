import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.text import (
    asked,
    bigrams,
    language,
    latin_words,
    morphemes,
    morphemes_of,
    normalise,
    sentences,
    stem,
    strip_particles,
    typed,
)

PIECES = st.sampled_from(
    ["가", "다", "다.", "한글", "LSTM", "e.g.", "3.14", "2019. 3. 5.", "1.", "\n", "\n\n", " ", "\t", "- ", "# ",
     "| a |", "```\n", "$$", "!", "?", "…", "。", "”", "'", "😀", "\u200b", "\u3000", "\x0b", "\x85",
     "\u2028", "é", "e\u0301"]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=40).map("".join)


def cut(text):
    return [text[span.start : span.end] for span in sentences(text)]


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_sentences_hold_every_character_once(text):
    spans = sentences(text)
    covered = [place for span in spans for place in range(span.start, span.end)]
    assert covered == sorted(set(covered))
    assert set(covered) >= {place for place, character in enumerate(text) if not character.isspace()}
    for span in spans:
        piece = text[span.start : span.end]
        assert piece and piece == piece.strip()


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_normalising_twice_changes_nothing(text):
    once = normalise(text.replace("\ufeff", ""))
    assert normalise(once) == once
    assert "\r" not in once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("첫 문장이다. 둘째 문장이다.", ["첫 문장이다.", "둘째 문장이다."]),
        ("붙어 있다.그래도 둘이다.", ["붙어 있다.", "그래도 둘이다."]),
        ("He met Dr. Kim. They left.", ["He met Dr. Kim.", "They left."]),
        ("값은 3.14이다. 끝.", ["값은 3.14이다.", "끝."]),
        ("e.g. this one. Next.", ["e.g. this one.", "Next."]),
        ("정말? 그렇다! 좋다…", ["정말?", "그렇다!", "좋다…"]),
        ("- 하나\n- 둘\n- 셋", ["- 하나", "- 둘", "- 셋"]),
        ("1. 하나\n2. 둘", ["1. 하나", "2. 둘"]),
        ("앞 줄\n이어진 줄이다.", ["앞 줄\n이어진 줄이다."]),
        ("", []),
        (" \n\t ", []),
        ("끝없는", ["끝없는"]),
    ],
)
def test_where_sentences_end(text, expected):
    found = cut(text)
    assert found == expected


def test_a_date_is_not_cut_between_its_numbers():
    assert cut("2019. 3. 5. 발표했다. 끝이다.")[0].startswith("2019. 3. 5.")


def test_normalise():
    assert normalise("\ufeff한글\r\n둘\r셋\n") == "한글\n둘\n셋\n"
    assert normalise(unicodedata.normalize("NFD", "한글 é")) == "한글 é"
    assert normalise("  그대로\t ") == "  그대로\t "
    assert normalise("가\ufeff나") == "가\ufeff나"


def test_what_a_person_typed():
    assert typed(unicodedata.normalize("NFD", "한글\r\n")) == "한글\n"
    assert typed("앞\ud800뒤 \udcff") == "앞?뒤 ?"
    assert typed("😀 𠮷") == "😀 𠮷"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("어텐션이란?", "ko"),
        ("attention 어텐션", "ko"),
        ("What is attention?", "en"),
        ("a" * 91 + "가" * 9, "en"),
        ("a" * 90 + "가" * 10, "ko"),
        ("12345 !?", "en"),
        ("", "en"),
        ("ㅋㅋㅋ", "ko"),
    ],
)
def test_language(text, expected):
    assert language(text) == expected


def test_morphemes_drop_particles_and_endings():
    assert {"게이트", "기울기", "소실"} <= set(morphemes("LSTM의 게이트는 기울기 소실을 줄인다."))
    assert set(morphemes("게이트는")) == set(morphemes("게이트가")) == {"게이트"}
    assert morphemes("") == []
    assert morphemes("?!") == []


def test_words_that_only_ask_are_left_out_of_a_question():
    about = asked("망각 게이트는 무엇인가?")
    assert about.morphemes == ["망각", "게이트"]
    assert about.named == ["망각", "게이트"]
    assert bigrams(about.text)[:3] == ["망각", "게이", "이트"]
    assert "무엇" not in about.text
    # Unless nothing else is left.
    assert asked("무엇인가?").morphemes == morphemes("무엇인가?") != []


@pytest.mark.parametrize(
    "question", ["망각 게이트는 무엇인가?", "😀 누가 했나?", "What is 어텐션?", "왜?", "", "?!", "漢字", "그랬겠니"]
)
def test_a_question_keeps_its_length_when_words_are_blanked(question):
    about = asked(question)
    assert len(about.text) == len(question)
    assert all(ours in (theirs, " ") for ours, theirs in zip(about.text, question, strict=True))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("세종대왕은 무엇을 창제했나?", ["세종대왕", "창제"]),
        ("😀 LSTM의 망각 게이트는?", ["lstm", "망각", "게이트"]),
        ("1443년에 누가 만들었나?", ["1443"]),
        ("왜?", []),
        ("", []),
    ],
)
def test_things_that_a_question_names(question, words):
    assert asked(question).named == words


def test_many_texts_are_analysed_like_each_alone():
    texts = ["게이트는 왜 필요한가?", "", "Attention is a weighted sum.", "😀", "\n", "토크나이저"]
    assert list(morphemes_of(texts)) == [morphemes(text) for text in texts]
    assert list(morphemes_of([])) == []


def test_morphemes_are_safe_for_threads():
    texts = [f"{number}번째 게이트는 기울기를 줄인다" for number in range(16)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(morphemes, texts)) == [morphemes(text) for text in texts]


def test_bigrams_bridge_spacing():
    assert bigrams("기울기 소실") == ["기울", "울기", "소실"]
    assert set(bigrams("기울기 소실")) < set(bigrams("기울기소실"))
    assert bigrams("그 LSTM 3") == ["그"]
    assert bigrams("") == []


def test_latin_words_by_their_stem():
    assert latin_words("The Embeddings are embedded by embedding.") == ["embed", "embed", "embed"]
    assert latin_words("GPT-4 has 1.5 and 1,000") == ["gpt", "4", "1.5", "1,000"]
    assert latin_words("mask는 [MASK]") == ["mask", "mask"]
    assert latin_words("어텐션") == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("query", "queries"), "query"),
        (("token", "tokens"), "token"),
        (("stopped", "stopping", "stops", "stop"), "stop"),
        (("class", "classes"), "class"),
        (("loss",), "loss"),
        (("embedding", "embeddings", "embedded", "embeds"), "embed"),
        (("mapping", "mappings", "maps"), "map"),
        (("gpt",), "gpt"),
        (("scale", "scaled", "scaling", "scales"), "scal"),
    ],
)
def test_stems_join_what_belongs_together(words, expected):
    assert {stem(word) for word in words} == {expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("세종대왕은", "세종대왕"),
        ("서울에서는", "서울"),
        ("학교를", "학교"),
        ("1443년에", "1443년"),
        ("LSTM의", "LSTM"),
        ("한글", "한글"),
        ("", ""),
    ],
)
def test_particles_go(text, expected):
    assert strip_particles(text) == expected


def test_particles_go_behind_an_emoji_too():
    assert strip_particles("😀 세종대왕은 한글을") == "😀 세종대왕 한글"
