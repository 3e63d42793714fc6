"""The records that flow through the house, from a file of notes to a cited answer.

All are frozen and slotted: a record is made once and read by everyone below and above. Offsets
count characters (Unicode code points) and are half open, `text[start:end]`. This module knows no
file format, no model and no wire format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Support = Literal["supported", "partly", "altered", "unsupported"]
Style = Literal["sentence", "short"]
Role = Literal["user", "assistant"]


HEADING_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Document:
    """One note or one KLUE-MRC passage; `text` is the file's own text, NFC with \\n line ends."""

    doc_id: str
    source: str
    title: str
    text: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of a document that the embedder reads whole: `document.text[start:end] == text`.

    `heading` is the path of headings above it, joined by HEADING_SEPARATOR. `tokens` is what the embedder
    counts for prefix, heading and text together, special tokens included.
    """

    chunk_id: str
    doc_id: str
    start: int
    end: int
    text: str
    heading: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved chunk, widened to what the generator reads: `document.text[start:end] == text`."""

    chunk: Chunk
    rank: int
    score: float
    start: int
    end: int
    text: str
    source: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """Marker `[n]` of an answer: `document.text[start:end] == quote`."""

    marker: int
    chunk_id: str
    doc_id: str
    source: str
    start: int
    end: int
    quote: str
    support: Support


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer: offsets into the answer's text, and the markers it carries."""

    start: int
    end: int
    support: Support
    markers: tuple[int, ...]
    model_yes: float | None = None
    """How sure the generator was, 0..1, that the note says this, where `cross_check` had it asked."""
    odds: float = field(default=0.0, compare=False)
    """Log-odds by the words alone that the note says this; infinite where it stands there word for word."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer without its markers, and the words of notes that are to say it; see `cross_check`."""

    text: str
    excerpts: tuple[str, ...]
    alone: bool = True
    """Whether it can be understood without the question; a span cannot."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the generator's own tokenizer counts them; 0 for the extractive answerer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds since the question came in; `first_token` is None when nothing was generated."""

    retrieve: float = 0.0
    first_token: float | None = None
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person gets: text with markers, and the note's own words behind each of them."""

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    abstained: bool
    generator: str
    usage: Usage
    timings_ms: Timings
    question: str = ""
    embedder: str | None = None
    generation: str = ""
    answerable_score: float | None = None
    query: str = ""
    """What was looked up: the question as the notes spell it, a follow-up with what it points at."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation before the question."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the notes may answer; empty fields do not restrict.

    `sources` holds files or folders relative to their root ("week1/", "05-attention.md"),
    `headings` words that the heading path must hold, `origins` "notes" or "klue", `languages`
    "ko" or "en". Values of one field are alternatives, fields are conditions that all must hold.
    """

    sources: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    exclude_doc_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the pipeline; `k` None takes the setting `retrieval.k`."""

    text: str
    k: int | None = None
    style: Style = "sentence"
    history: tuple[Turn, ...] = ()
    scope: Scope = Scope()


@dataclass(frozen=True, slots=True)
class Meaning:
    """How near in meaning the notes come to a question, each in 0..1; see rag/meaning.py.

    `nearest`: of the passages that were found and can be read, the nearest; `ahead`: how far the nearest chunk of all
    is ahead of the mean of the next 45.
    """

    nearest: float
    ahead: float


@dataclass(frozen=True, slots=True)
class Matched:
    """A word, or two syllables of one, that question and passage share.

    `idf` says how rare it is, `gain` what it adds to the words' score; `here`: the chunk itself holds it, not only
    its section.
    """

    term: str
    idf: float
    gain: float
    here: bool


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of the second look: its value, and what it adds to the score."""

    name: str
    value: float
    share: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a passage stands where it stands; ranks are among all that was proposed, None where a leg is silent."""

    chunk_id: str
    words_rank: int | None
    words_score: float
    meaning_rank: int | None
    meaning_score: float
    fused_score: float
    second_look: float | None
    matched: tuple[Matched, ...]
    features: tuple[Feature, ...]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Passages for a query, and what they were found with; `explanations`, where asked for, are one a passage."""

    query: str
    passages: tuple[Passage, ...]
    generation: str
    embedder: str | None
    explanations: tuple[Explanation, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """What is indexed, a line a document."""

    doc_id: str
    source: str
    title: str
    characters: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a question can be answered now, by what, and what fell back and why."""

    ready: bool
    generation: str | None
    embedder: str | None
    generator: str | None
    fallbacks: tuple[str, ...]
    generator_backend: str | None = None
    """What computes the answers: openvino, torch, openai or extractive."""


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """First event of a streamed answer."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class TokenWritten:
    """A piece of the answer's text, to be appended to what came before."""

    text: str


@dataclass(frozen=True, slots=True)
class CitationFound:
    """A marker that now has words of a note behind it."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class AnswerDone:
    """Last event: the whole answer; its text is what the tokens before it spelled."""

    answer: Answer


Event = PassagesFound | TokenWritten | CitationFound | AnswerDone
