"""How well the encoder can read this text: truncation, [UNK], language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.retrieval.manifest import Audit
from rag.retrieval.tokens import EncoderTokenizer, Reading

READS_BADLY = 0.5
ADVICE_ENCODER = "intfloat/multilingual-e5-small"
_WORST = 5


@dataclass(frozen=True, slots=True)
class ChunkReading:
    """One chunk as the audit sees it."""

    source: str
    characters: int
    tokens: int
    reading: Reading


def read_chunk(tokenizer: EncoderTokenizer | None, text: str) -> Reading:
    """How well the words of a chunk are read; without an encoder none is."""
    return tokenizer.reading(text) if tokenizer else Reading(0, 0, 0.0)


def audit(chunks: Sequence[ChunkReading], languages: Sequence[str], window: int | None, encoder: str | None) -> Audit:
    """Sum up all chunks: counts of words and tokens, the files that are read worst, and advice."""
    words = sum(chunk.reading.words for chunk in chunks)
    unknown = sum(chunk.reading.unknown for chunk in chunks)
    read = sum(chunk.reading.read * chunk.reading.words for chunk in chunks)
    tokens = sum(chunk.tokens for chunk in chunks)
    characters = sum(chunk.characters for chunk in chunks)
    share = read / words if words else 1.0
    worst = _worst(chunks)
    return Audit(
        words=words,
        unk_words=unknown,
        unk_share=round(unknown / words, 4) if words else 0.0,
        read_share=round(share, 4),
        tokens=tokens,
        tokens_per_character=round(tokens / characters, 3) if characters else 0.0,
        truncated_tokens=sum(max(0, chunk.tokens - window) for chunk in chunks) if window else 0,
        languages=dict(sorted(Counter(languages).items())),
        worst=worst,
        advice=_advice(share, encoder),
    )


def _worst(chunks: Sequence[ChunkReading]) -> list[str]:
    words: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for chunk in chunks:
        words[chunk.source] += chunk.reading.words
        read[chunk.source] += chunk.reading.read * chunk.reading.words  # type: ignore[assignment]
    shares = sorted((read[source] / count, source) for source, count in words.items() if count)
    return [f"{source}: {share:.0%} of the words are read" for share, source in shares[:_WORST] if share < READS_BADLY]


def _advice(share: float, encoder: str | None) -> str:
    if encoder is None:
        return "No encoder: search is by words only."
    if share >= READS_BADLY or encoder == ADVICE_ENCODER:
        return ""
    return (
        f"{encoder} reads {share:.0%} of the words of these notes; search rests on words and not on meaning there. "
        f"For Korean notes: `ask-notes --set encoder.id={ADVICE_ENCODER} ingest --re-embed`."
    )
