from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.generation.text_stream import Detokeniser, Stopper, Thinking


def decode_bytes(ids):
    """A byte a token: the hardest tokenizer for Korean, three tokens a character."""
    return bytes(ids).decode("utf-8", errors="replace")


def run(step, pieces):
    return [*(step.feed(piece) for piece in pieces), step.finish()]


@given(st.text())
def test_characters_of_many_tokens_come_out_whole(text):
    pieces = run(Detokeniser(decode_bytes), text.encode("utf-8", "ignore"))
    assert "".join(pieces).replace("\ufffd", "") == text.replace("\ufffd", "")
    assert not any("\ufffd" in piece for piece in pieces)


@given(st.text(alphabet="토큰화 과정을a", min_size=1), st.lists(st.integers(1, 5), min_size=1))
def test_tokens_that_end_one_character_and_begin_the_next_lose_none(text, sizes):
    """Qwen3's tokenizer cuts "토큰화" behind the first, the fourth, the sixth and the seventh byte."""
    data, tokens = text.encode(), []
    while data:
        size = sizes[len(tokens) % len(sizes)]
        tokens.append(data[:size])
        data = data[size:]
    stream = Detokeniser(lambda ids: b"".join(tokens[place] for place in ids).decode("utf-8", errors="replace"))
    assert "".join(run(stream, range(len(tokens)))) == text


def test_a_whole_character_does_not_wait_for_half_of_the_next():
    tokens = ["토".encode()[:1], "토".encode()[1:] + "큰".encode()[:2], "큰".encode()[2:]]
    stream = Detokeniser(lambda ids: b"".join(tokens[place] for place in ids).decode("utf-8", errors="replace"))
    assert run(stream, [0, 1, 2]) == ["", "토", "큰", ""]


def test_a_character_is_shown_with_its_last_token():
    assert run(Detokeniser(decode_bytes), "한a".encode()) == ["", "", "한", "a", ""]


@given(st.binary(max_size=60))
def test_broken_bytes_never_show_and_never_block(noise):
    pieces = run(Detokeniser(decode_bytes), [*noise, *b" still here"])
    assert "".join(pieces).endswith("still here")
    assert "\ufffd" not in "".join(pieces)


def test_a_decoder_that_eats_the_first_space_keeps_the_others():
    words = [" one", " two", " three"]
    pieces = run(Detokeniser(lambda ids: "".join(words[i] for i in ids).removeprefix(" ")), [0, 1, 2])
    assert "".join(pieces) == "one two three"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("답이다.", "답이다."),
        ("<think>\n\n</think>\n\n답이다.", "답이다."),
        ("<think>긴 생각 < 3 </th </think>답", "답"),
        ("앞 <think>생각</think> 뒤", "앞  뒤"),
        ("생각 없이 닫음</think>\n답", "생각 없이 닫음\n답"),
        ("<think>끝나지 않는 생각", ""),
        ("a <b> c <thin> d <", "a <b> c <thin> d <"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_thoughts_are_hidden_however_they_are_cut(text, shown, size):
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    assert "".join(run(Thinking(), pieces)) == shown


@given(st.lists(st.text(alphabet="ab#", max_size=4), max_size=12))
def test_the_text_ends_before_the_first_stop_string(pieces):
    stop = ["##", "ab#", ""]
    stopper = Stopper(stop)
    shown = "".join(run(stopper, pieces))
    text = "".join(pieces)
    places = [text.find(s) for s in stop if s and s in text]
    assert shown == (text[: min(places)] if places else text)
    assert stopper.stopped == bool(places)


def test_no_part_of_a_stop_string_is_shown_early():
    stopper = Stopper(["\n질문:"])
    assert [stopper.feed(piece) for piece in ("답", "\n", "질", "문")] == ["답", "", "", ""]
    assert stopper.feed("이 많다") == "\n질문이 많다"
