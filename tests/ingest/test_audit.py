import pytest

from ingest.audit import ADVICE_ENCODER, READS_BADLY, ChunkReading, audit, read_chunk
from rag.retrieval.tokens import Reading


def chunk(source="a.md", *, words=10, unknown=0, read=1.0, tokens=20, characters=40):
    return ChunkReading(source, characters, tokens, Reading(words, unknown, read))


def test_sums_over_all_chunks():
    found = audit(
        [chunk(words=10, unknown=1, read=1.0), chunk("b.md", words=30, unknown=3, read=0.5, tokens=60)],
        ["ko", "en", "ko"], 256, "e5",
    )  # fmt: skip
    assert (found.words, found.unk_words, found.tokens) == (40, 4, 80)
    assert found.unk_share == 0.1
    assert found.read_share == (10 * 1.0 + 30 * 0.5) / 40
    assert found.tokens_per_character == 1.0
    assert found.languages == {"en": 1, "ko": 2}
    assert found.truncated_tokens == 0


def test_tokens_beyond_the_window_are_counted():
    assert audit([chunk(tokens=300), chunk(tokens=100)], [], 256, "e5").truncated_tokens == 44
    assert audit([chunk(tokens=300)], [], None, None).truncated_tokens == 0


def test_no_chunks():
    found = audit([], [], 256, "e5")
    assert (found.words, found.unk_share, found.tokens_per_character, found.worst, found.advice) == (0, 0, 0, [], "")


def test_the_files_that_are_read_worst():
    chunks = [chunk(f"{share}.md", read=share / 10) for share in range(10)]
    found = audit(chunks, [], 256, "e5")
    assert found.worst == [f"{share}.md: {share * 10}% of the words are read" for share in range(5)]
    assert all(float(line.split(": ")[1].split("%")[0]) / 100 < READS_BADLY for line in found.worst)


def test_a_file_is_judged_by_all_its_chunks():
    found = audit([chunk(words=1, read=0.0), chunk(words=99, read=1.0)], [], 256, "e5")
    assert found.worst == []


@pytest.mark.parametrize(
    ("encoder", "read", "expected"),
    [("intfloat/e5-small-v2", 0.1, ADVICE_ENCODER), ("intfloat/e5-small-v2", 0.9, ""), (ADVICE_ENCODER, 0.1, "")],
)
def test_advice(encoder, read, expected):
    advice = audit([chunk(read=read)], [], 256, encoder).advice
    assert (expected in advice) if expected else advice == ""


def test_without_an_encoder_nothing_is_read_and_it_is_said():
    assert read_chunk(None, "글이다") == Reading(0, 0, 0.0)
    assert "by words only" in audit([chunk(words=0)], ["ko"], None, None).advice
