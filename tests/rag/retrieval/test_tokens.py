import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import NoModel
from rag.retrieval.tokens import EncoderTokenizer

TEXTS = st.text(max_size=80) | st.lists(
    st.sampled_from(["attention", "게이트는", " ", "\n", "😀", "é", "12", "[UNK]", "a" * 120]), max_size=12
).map("".join)


@pytest.fixture(scope="module")
def minilm_tokens(minilm):
    return EncoderTokenizer(minilm.files.path, query_prefix="", passage_prefix="", window=minilm.window)


@pytest.fixture(scope="module")
def tiny_tokens(e5_tiny):
    return EncoderTokenizer(e5_tiny, query_prefix="query: ", passage_prefix="passage: ", window=128)


def test_counts_are_those_of_the_models_own_tokenizer(minilm_tokens, minilm):
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(minilm.files.path)
    texts = ["Attention is all you need.", "토크나이저는 문장을 나눈다", "", "😀 é", "word " * 400]
    assert minilm_tokens.count(texts) == [len(theirs(text, truncation=False)["input_ids"]) for text in texts]
    assert [encoding.ids for encoding in minilm_tokens.encode(texts)] == theirs(texts, truncation=False)["input_ids"]


def test_nothing_is_truncated_or_padded(minilm_tokens):
    long, short = minilm_tokens.encode(["word " * 1000, "word"])
    assert (len(long.ids), len(short.ids)) == (1002, 3)


def test_special_tokens_are_told(minilm_tokens):
    assert minilm_tokens.special_tokens == 2
    (bare,) = minilm_tokens.encode(["word"], special=False)
    assert len(bare.ids) == 1


def test_what_is_read_for_a_chunk(tiny_tokens, minilm_tokens):
    assert tiny_tokens.passage_input("A > B", "text") == "passage: A > B\ntext"
    assert tiny_tokens.passage_input("", "text") == "passage: text"
    assert minilm_tokens.passage_input("A", "text") == "A\ntext"


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_pieces_stand_for_the_characters_they_name(minilm_tokens, text):
    pieces = minilm_tokens.pieces(text)
    assert [piece.text for piece in pieces[:1] + pieces[-1:]] == ["[CLS]", "[SEP]"]
    assert len(pieces) == minilm_tokens.count([text])[0]
    starts = [piece.start for piece in pieces[1:-1]]
    assert starts == sorted(starts)
    for piece in pieces[1:-1]:
        assert 0 <= piece.start <= piece.end <= len(text)
        assert piece.mask == 1
        assert piece.unknown == (piece.text == "[UNK]")
    assert minilm_tokens.offsets(text) == [(piece.start, piece.end) for piece in pieces[1:-1]]


def test_offsets_count_characters_and_not_bytes(minilm_tokens):
    text = "😀 한글 attention"
    start, end = next((piece.start, piece.end) for piece in minilm_tokens.pieces(text) if piece.text == "attention")
    assert text[start:end] == "attention"


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_readings_are_shares(tiny_tokens, text):
    reading = tiny_tokens.reading(text)
    assert 0 <= reading.unknown <= reading.words
    assert 0.0 <= reading.read <= 1.0


def test_how_well_words_are_read(tiny_tokens):
    # Its vocabulary holds "attention" and "gate" whole, letters and jamo for the rest.
    assert tiny_tokens.reading("attention gate").read == 1.0
    assert tiny_tokens.reading("attention xyzzy").read == 0.5
    spelled = tiny_tokens.reading("게이트는")
    assert (spelled.words, spelled.unknown, spelled.read) == (1, 0, 0.0)
    assert tiny_tokens.reading("漢字 attention") == type(spelled)(2, 1, 0.5)


def test_a_particle_does_not_spoil_the_word_it_hangs_on(tiny_tokens):
    reading = tiny_tokens.reading("attention은")
    assert reading.words == 2
    assert reading.read == 0.5


def test_no_words_are_all_read(tiny_tokens):
    for text in ("", " \n", "?!", "😀"):
        reading = tiny_tokens.reading(text)
        assert (reading.words, reading.read) == (0, 1.0)


def test_the_real_encoder_reads_english_and_not_korean(minilm_tokens):
    assert minilm_tokens.reading("Attention computes a weighted sum of the values.").read > 0.9
    assert minilm_tokens.reading("토크나이저는 문장을 토큰으로 나눈다.").read < 0.2


def test_a_folder_without_a_fast_tokenizer(tmp_path):
    tokenizer = EncoderTokenizer(tmp_path / "slow", query_prefix="", passage_prefix="", window=8)
    with pytest.raises(NoModel, match=r"slow holds no tokenizer\.json"):
        tokenizer.count(["word"])
