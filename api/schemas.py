"""Wire models: what goes over HTTP and what `--json` prints, the same in both doors.

From records to models only; nothing here asks, searches or reads a file.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from rag.types import (
    Answer,
    Citation,
    Document,
    DocumentSummary,
    Passage,
    Question,
    Scope,
    SearchResult,
    Sentence,
    Style,
    Support,
    Turn,
)


def _whole_characters(text: str) -> str:
    # JSON can spell half a surrogate pair ("\ud83d"); no tokenizer, file or UTF-8 response takes it.
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a character (a lone surrogate)") from None
    return text


Text = Annotated[str, AfterValidator(_whole_characters)]
Texts = Annotated[list[Text], Field(max_length=100)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ScopeIn(_Request):
    """Which part of the notes may answer; empty fields do not restrict."""

    sources: Texts = Field([], description='Files or folders: "week1/", "05-attention.md".')
    headings: Texts = Field([], description="Words that the heading path must hold.")
    origins: list[Literal["notes", "klue"]] = Field([], description="Where the text came from.")
    languages: list[Literal["ko", "en"]] = Field([], description="Language of the text.")
    exclude_doc_ids: Texts = Field([], description="Documents that may not answer.")

    def record(self) -> Scope:
        """The record of it."""
        return Scope(
            tuple(self.sources),
            tuple(self.headings),
            tuple(self.origins),
            tuple(self.languages),
            tuple(self.exclude_doc_ids),
        )


K = Annotated[int | None, Field(ge=1, le=100, description="Passages; unset: the setting retrieval.k.")]


class SearchRequest(_Request):
    """POST /v1/search."""

    query: Text
    k: K = None
    scope: ScopeIn = ScopeIn()
    explain: bool = Field(False, description="true: `explanations`, one a passage, say why each was found.")


class TurnIn(_Request):
    """One message of the conversation before the question."""

    role: Literal["user", "assistant"]
    content: Text


class AskRequest(_Request):
    """POST /v1/ask."""

    question: Text
    k: K = None
    style: Style = "sentence"
    history: Annotated[list[TurnIn], Field(max_length=100)] = []
    stream: bool = Field(False, description="true: server-sent events instead of one JSON document.")
    scope: ScopeIn = ScopeIn()

    def record(self) -> Question:
        """The record of it."""
        turns = tuple(Turn(turn.role, turn.content) for turn in self.history)
        return Question(self.question, self.k, self.style, turns, self.scope.record())


class FeedbackRequest(_Request):
    """POST /v1/feedback."""

    question: Annotated[Text, Field(min_length=1, max_length=10_000)]
    answer: Annotated[Text, Field(max_length=50_000)]
    verdict: Literal["up", "down"]
    why: Annotated[Text | None, Field(max_length=5_000)] = None


class PassageOut(BaseModel):
    """A passage of a note; offsets count code points of the document's text."""

    rank: int
    score: float
    chunk_id: str
    doc_id: str
    source: str
    title: str
    heading: str
    start: int
    end: int
    text: str

    @classmethod
    def of(cls, passage: Passage) -> PassageOut:
        """From the record."""
        chunk = passage.chunk
        return cls(
            rank=passage.rank,
            score=passage.score,
            chunk_id=chunk.chunk_id,
            doc_id=chunk.doc_id,
            source=passage.source,
            title=passage.title,
            heading=chunk.heading,
            start=passage.start,
            end=passage.end,
            text=passage.text,
        )


class CitationOut(BaseModel):
    """Marker `[n]` of an answer: document.text[start:end] == quote."""

    model_config = ConfigDict(from_attributes=True)

    marker: int
    chunk_id: str
    doc_id: str
    source: str
    start: int
    end: int
    quote: str
    support: Support

    @classmethod
    def of(cls, citation: Citation) -> CitationOut:
        """From the record."""
        return cls.model_validate(citation)


class SentenceOut(BaseModel):
    """A sentence of the answer: offsets into its text."""

    start: int
    end: int
    support: Support
    markers: list[int]
    model_yes: float | None = Field(
        None,
        ge=0,
        le=1,
        exclude_if=lambda yes: yes is None,
        description="How sure the generator was that the note says this; only where the setting cross_check is on "
        "and the sentence was asked about.",
    )

    @classmethod
    def of(cls, sentence: Sentence) -> SentenceOut:
        """From the record."""
        yes = None if sentence.model_yes is None else round(sentence.model_yes, 4)
        return cls(
            start=sentence.start,
            end=sentence.end,
            support=sentence.support,
            markers=list(sentence.markers),
            model_yes=yes,
        )


class UsageOut(BaseModel):
    """Tokens as the generator counts them."""

    prompt_tokens: int
    completion_tokens: int


class TimingsOut(BaseModel):
    """Milliseconds since the question came in."""

    retrieve: float
    first_token: float | None
    total: float


class MatchedOut(BaseModel):
    """A word, or two syllables of one, that question and passage share."""

    model_config = ConfigDict(from_attributes=True)

    term: str
    idf: float
    gain: float
    here: bool


class FeatureOut(BaseModel):
    """A feature of the second look: its value, and what it adds to the score."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    value: float
    share: float


class ExplanationOut(BaseModel):
    """Why a passage stands where it stands; ranks are null where a leg says nothing of it."""

    model_config = ConfigDict(from_attributes=True)

    chunk_id: str
    words_rank: int | None
    words_score: float
    meaning_rank: int | None
    meaning_score: float
    fused_score: float
    second_look: float | None
    matched: list[MatchedOut]
    features: list[FeatureOut]


class SearchResponse(BaseModel):
    """JSON of `search`; `explanations` only where they were asked for."""

    query: str
    generation: str
    embedder: str | None
    passages: list[PassageOut]
    explanations: list[ExplanationOut] | None = None

    @model_serializer(mode="wrap")
    def _without_what_was_not_asked_for(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        if self.explanations is None:
            written.pop("explanations", None)
        return written

    @classmethod
    def of(cls, result: SearchResult) -> SearchResponse:
        """From the record."""
        passages = [PassageOut.of(passage) for passage in result.passages]
        why = [ExplanationOut.model_validate(one) for one in result.explanations] or None
        return cls(
            query=result.query,
            generation=result.generation,
            embedder=result.embedder,
            passages=passages,
            explanations=why,
        )


class AskResponse(BaseModel):
    """JSON of `ask`."""

    question: str
    answer: str
    abstained: bool
    citations: list[CitationOut]
    passages: list[PassageOut]
    sentences: list[SentenceOut]
    generator: str
    embedder: str | None
    generation: str
    usage: UsageOut
    timings_ms: TimingsOut
    query: str = Field(
        description="What was looked up: the question as the notes spell it, a follow-up with what it points at."
    )

    @classmethod
    def of(cls, answer: Answer, question: str) -> AskResponse:
        """From the record; `question` is what was asked, should the record not carry it."""
        usage, timings = answer.usage, answer.timings_ms
        return cls(
            question=answer.question or question,
            answer=answer.text,
            abstained=answer.abstained,
            citations=[CitationOut.of(citation) for citation in answer.citations],
            passages=[PassageOut.of(passage) for passage in answer.passages],
            sentences=[SentenceOut.of(sentence) for sentence in answer.sentences],
            generator=answer.generator,
            embedder=answer.embedder,
            generation=answer.generation,
            usage=UsageOut(prompt_tokens=usage.prompt_tokens, completion_tokens=usage.completion_tokens),
            timings_ms=TimingsOut(retrieve=timings.retrieve, first_token=timings.first_token, total=timings.total),
            query=answer.query or answer.question or question,
        )


class DocumentSummaryOut(BaseModel):
    """A line of GET /v1/documents."""

    model_config = ConfigDict(from_attributes=True)

    doc_id: str
    source: str
    title: str
    characters: int
    chunks: int

    @classmethod
    def of(cls, summary: DocumentSummary) -> DocumentSummaryOut:
        """From the record."""
        return cls.model_validate(summary)


class DocumentsResponse(BaseModel):
    """GET /v1/documents."""

    documents: list[DocumentSummaryOut]


class DocumentResponse(BaseModel):
    """GET /v1/documents/{doc_id}."""

    model_config = ConfigDict(from_attributes=True)

    doc_id: str
    source: str
    title: str
    text: str
    metadata: dict[str, str]

    @classmethod
    def of(cls, document: Document) -> DocumentResponse:
        """From the record."""
        return cls.model_validate(document)


class ReadyResponse(BaseModel):
    """GET /readyz, when a question can be answered."""

    generation: str | None
    embedder: str | None
    generator: str | None
    generator_backend: str | None = None
    fallbacks: list[str]
    fallbacks_ko: list[str] = Field(description="The same in Korean, as far as it is known.")


class Problem(BaseModel):
    """Any error: application/problem+json."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    title_ko: str
    detail_ko: str
    errors: list[dict[str, Any]] | None = None
