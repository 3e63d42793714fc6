import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.grounding.citation import Citer
from rag.types import CitationFound, TokenWritten

LSTM = "LSTM은 1997년에 호흐라이터와 슈미트후버가 제안한 순환 신경망이다. 셀 상태와 세 개의 게이트를 둔다."
GRU = (
    "GRU는 2014년에 조경현이 제안했다. 게이트가 두 개여서 LSTM보다 파라미터가 적다.\n\n"
    "```python\nx = gru[1](y)\nprint(x)\n```"
)
ANSWERS = [
    "LSTM은 1997년에 제안되었다 [1]. GRU는 2014년에 제안되었다 [2].",
    "LSTM은 1997년에 제안되었다.[1][2] GRU는 게이트가 두 개다. [1, 2] 끝.",
    "## 요약\n\n- LSTM은 게이트가 세 개다 [1]\n- GRU는 2015년에 제안되었다. 【2】\n\n"
    "| 모델 | 게이트 |\n|---|---|\n| LSTM | 세 개 |",
    "코드는 이렇다:\n\n```python\nx = gru[1](y)\nprint(x)\n```\nGRU는 게이트가 두 개다 (2).",
    "**LSTM은 1997년에 제안되었다.** 구간은 [0, 1]이고 모양은 [128]이다. 식 (1)을 보라. 배열 `a[1]`도 있다.",
    "[1] LSTM은 게이트가 세 개다. [출처 2] GRU는 [2] 게이트가 두 개다. [99] [",
    "3. LSTM은 셀 상태를 둔다 [12].\n\n\n화성은 붉다.",
]


@pytest.fixture
def passages(passage):
    return [passage(LSTM, number=1, start=10), passage(GRU, number=2, start=100)]


def run(citer, text, size=1):
    events = []
    for start in range(0, len(text), size):
        events += citer.feed(text[start : start + size])
    events += citer.close()
    return events


def whole(citer):
    return citer.text, citer.sentences, citer.citations


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("answer", ANSWERS)
def test_text_is_the_tokens_and_sentences_cover_it(passages, answer, strict):
    citer = Citer(passages, strict=strict)
    events = run(citer, answer)
    assert citer.text == "".join(event.text for event in events if isinstance(event, TokenWritten))
    assert citer.citations == tuple(event.citation for event in events if isinstance(event, CitationFound))
    assert [citation.marker for citation in citer.citations] == list(range(1, len(citer.citations) + 1))
    covered = set()
    for sentence in citer.sentences:
        assert citer.text[sentence.start : sentence.end].strip() == citer.text[sentence.start : sentence.end]
        covered |= set(range(sentence.start, sentence.end))
        for marker in sentence.markers:
            assert f"[{marker}]" in citer.text[sentence.start : sentence.end]
    assert all(place in covered for place, character in enumerate(citer.text) if not character.isspace())
    assert list(citer.close()) == []


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("answer", ANSWERS)
def test_how_the_stream_is_cut_changes_nothing(passages, answer, strict):
    reference = Citer(passages, strict=strict)
    run(reference, answer, len(answer))
    for size in (1, 2, 3, 7):
        citer = Citer(passages, strict=strict)
        run(citer, answer, size)
        assert whole(citer) == whole(reference)
    for cut in range(0, len(answer), 5):
        citer = Citer(passages, strict=strict)
        list(citer.feed(answer[:cut]))
        list(citer.feed(answer[cut:]))
        list(citer.close())
        assert whole(citer) == whole(reference)


@pytest.mark.parametrize("answer", ANSWERS)
def test_quotes_are_the_documents_own_words(passages, answer):
    documents = {passage.chunk.doc_id: " " * passage.start + passage.text for passage in passages}
    citer = Citer(passages)
    run(citer, answer)
    for citation in citer.citations:
        assert documents[citation.doc_id][citation.start : citation.end] == citation.quote
        assert 10 <= len(citation.quote) <= 300
        assert citation.source == f"week/{citation.doc_id[-1]}.md"
        assert citation.chunk_id == f"chunk-{citation.doc_id[-1]}"


@pytest.mark.parametrize("answer", [answer for answer in ANSWERS if "`" not in answer])
def test_no_marker_is_half_written_and_each_is_announced_first(passages, answer):
    citer = Citer(passages)
    known = set()
    for event in run(citer, answer.rstrip("[")):
        if isinstance(event, CitationFound):
            known.add(event.citation.marker)
            continue
        assert not re.search(r"[\[【]\s?\d{0,2}$", event.text)
        assert {int(number) for number in re.findall(r"\[(\d{1,2})\]", event.text)} <= known


def markers(citer):
    return [sentence.markers for sentence in citer.sentences]


def cited(citer):
    number = {citation.marker: citation.doc_id for citation in citer.citations}
    return [tuple(number[marker] for marker in sentence.markers) for sentence in citer.sentences]


def test_wrong_markers_are_corrected_and_unknown_ones_dropped(passages):
    citer = Citer(passages)
    run(citer, "LSTM은 1997년에 제안되었다 [2]. GRU는 2014년에 제안되었다 [7]. 화성은 붉은 행성이다 [1].")
    assert cited(citer) == [("doc-1",), ("doc-2",), ()]
    assert citer.text == "LSTM은 1997년에 제안되었다. [1] GRU는 2014년에 제안되었다. [2] 화성은 붉은 행성이다."
    assert [sentence.support for sentence in citer.sentences] == ["supported", "supported", "unsupported"]


def test_sentences_without_markers_get_theirs(passages):
    citer = Citer(passages)
    run(citer, "LSTM은 셀 상태를 둔다. GRU는 게이트가 두 개다.")
    assert cited(citer) == [("doc-1",), ("doc-2",)]


def test_the_same_quote_keeps_its_marker(passages):
    citer = Citer(passages)
    run(citer, "GRU는 2014년에 조경현이 제안했다. 셀 상태와 게이트 세 개를 둔다. 조경현이 2014년에 GRU를 제안했다.")
    assert markers(citer) == [(1,), (2,), (1,)]
    assert len(citer.citations) == 2


def test_a_changed_number_is_shown_as_altered(passages):
    citer = Citer(passages)
    run(citer, "LSTM은 1998년에 호흐라이터와 슈미트후버가 제안한 순환 신경망이다.")
    assert [sentence.support for sentence in citer.sentences] == ["altered"]
    assert citer.citations[0].support == "altered"


def test_strict_leaves_out_what_the_notes_do_not_say(passages):
    citer = Citer(passages, strict=True)
    events = run(
        citer,
        "화성은 붉은 행성이다. LSTM은 셀 상태와 세 개의 게이트를 둔다. "
        "LSTM은 1998년에 호흐라이터가 제안했다. GRU는 게이트가 두 개다.",
    )
    assert citer.text == "LSTM은 셀 상태와 세 개의 게이트를 둔다. [1] GRU는 게이트가 두 개다. [2]"
    assert all(sentence.support == "supported" for sentence in citer.sentences)
    assert len([event for event in events if isinstance(event, CitationFound)]) == 2


def test_strict_with_nothing_supported_says_nothing(passages):
    citer = Citer(passages, strict=True)
    assert run(citer, "화성은 붉은 행성이다. 달은 둥글다.") == []
    assert whole(citer) == ("", (), ())


def test_text_streams_before_its_sentence_ends(passages):
    citer = Citer(passages)
    assert "".join(event.text for event in citer.feed("LSTM은 1997")) == "LSTM은 1997"
    assert list(Citer(passages, strict=True).feed("LSTM은 1997")) == []


def test_intervals_shapes_and_code_keep_their_brackets(passages):
    citer = Citer(passages)
    run(citer, "구간은 [0, 1]이고 모양은 [128]이다. 배열 `a[1]`의 값이다. 식 (1)의 결과이다.")
    for kept in ("[0, 1]", "[128]", "`a[1]`", "식 (1)의"):
        assert kept in citer.text


def test_code_is_supported_word_for_word_and_markers_stay_out_of_it(passages):
    citer = Citer(passages)
    run(citer, "```python\nx = gru[1](y)\nprint(x)\n```\nGRU는 게이트가 두 개다.")
    assert citer.text.startswith("```python\nx = gru[1](y)\nprint(x)\n```\n[1]\n")
    assert [sentence.support for sentence in citer.sentences] == ["supported", "supported"]
    other = Citer(passages)
    run(other, "```\nimport os\nos.remove('/')\n```")
    assert [sentence.support for sentence in other.sentences] == ["unsupported"]


def test_code_that_breaks_off_is_closed(passages):
    citer = Citer(passages)
    run(citer, "```python\nx = gru[1](y)")
    assert citer.text == "```python\nx = gru[1](y)\n```\n[1]"


def test_round_markers_only_at_a_sentences_end(passages):
    citer = Citer(passages)
    run(citer, "LSTM은 셀 상태를 둔다 (1). 두 단계 (1) 읽고 (2) 쓴다. GRU는 게이트가 두 개다 (9).")
    assert citer.text.startswith("LSTM은 셀 상태를 둔다. [1] 두 단계 (1) 읽고 (2) 쓴다.")
    assert "두 개다 (9)." in citer.text


def test_table_rows_keep_their_bars(passages):
    citer = Citer(passages)
    run(citer, "| 모델 | 게이트 |\n|---|---|\n| LSTM | 세 개 |\n")
    assert "|---|---|" in citer.text
    assert citer.text.endswith("| LSTM | 세 개 [2] |") or citer.text.endswith("| LSTM | 세 개 [1] |")


def test_no_passages_support_nothing():
    citer = Citer([])
    run(citer, "LSTM은 셀 상태를 둔다 [1].")
    assert citer.text == "LSTM은 셀 상태를 둔다."
    assert citer.citations == ()


def test_an_empty_answer():
    citer = Citer([])
    assert run(citer, " \n ") == []
    assert whole(citer) == ("", (), ())


def test_what_is_held_at_the_end_keeps_its_order(passages):
    citer = Citer(passages)
    run(citer, "LSTM은 셀 상태(1)[")
    assert citer.text.startswith("LSTM은 셀 상태(1)[")


PIECES = [
    "LSTM은 ",
    "게이트가 세 개다",
    ".",
    " ",
    "\n",
    "[1]",
    "[",
    "]",
    "1",
    "(2)",
    "```",
    "`",
    "|",
    "**",
    "GRU",
    "【2】",
    "- ",
    "끝",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.booleans())
@example("LSTM은 게이트가 세 개다 [1", False)
@example("```\n[1]", True)
def test_any_stream_is_final_and_covered(answer, strict):
    citer, other = Citer([], strict=strict), Citer([], strict=strict)
    written = "".join(event.text for event in run(citer, answer) if isinstance(event, TokenWritten))
    run(other, answer, 4)
    assert written == citer.text == other.text
    covered = {place for s in citer.sentences for place in range(s.start, s.end)}
    assert all(place in covered for place, character in enumerate(citer.text) if not character.isspace())
    assert list(citer.sentences) == sorted(citer.sentences, key=lambda sentence: sentence.start)
