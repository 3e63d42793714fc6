"""Documents -> chunks with their morphemes and how well they are read, new ones only worked out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from ingest.audit import read_chunk
from ingest.encoder import EncoderChoice
from ingest.progress import Progress
from ingest.roots import StoredDocument
from ingest.split import VERSION, Splitter
from rag.retrieval.index import NotesIndex, StoredChunk
from rag.retrieval.kin import VERSION as KIN_VERSION
from rag.retrieval.lexical import VERSION as LEXICAL_VERSION
from rag.retrieval.manifest import SplitterPin
from rag.retrieval.tokens import EncoderTokenizer, Reading
from rag.settings import Settings
from rag.text import morphemes_of
from rag.types import Chunk, Document

SECTION_CHARS = 2400
_BATCH = 2000
_ANALYSERS = ("bm25s", "kiwipiepy", "kiwipiepy_model")


@dataclass(frozen=True, slots=True)
class Section:
    """Neighbouring chunks under one heading, together at most 2,400 characters: `text[start:end]`."""

    document: int
    start: int
    end: int
    heading: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything of the next generation but its vectors; chunk i has row i."""

    stored: list[StoredDocument]
    chunks: list[Chunk]
    document_of: list[int]
    sections: list[Section]
    section_of: list[int]
    morphemes: list[str]
    readings: list[Reading]
    vector_keys: list[str]
    known_vectors: dict[str, int]
    splitter: SplitterPin
    versions: dict[str, str]

    @property
    def documents(self) -> list[Document]:
        """The documents, in order."""
        return [stored.document for stored in self.stored]


def prepare(
    settings: Settings,
    stored: Sequence[StoredDocument],
    before: NotesIndex | None,
    choice: EncoderChoice,
    progress: Progress,
) -> Corpus:
    """Cut documents into chunks and analyse them; what the index before knows of a chunk is taken over."""
    tokenizer = choice.embeddings.tokenizer if choice.embeddings else None
    splitter = Splitter(tokenizer, settings.ingest.chunk_tokens)
    pin = SplitterPin(version=VERSION, chunk_tokens=splitter.chunk_tokens, section_chars=SECTION_CHARS)
    same_encoder = before is not None and (
        (before.manifest.encoder.digest if before.manifest.encoder else None) == choice.digest
    )
    known: dict[str, list[StoredChunk]] = {}
    for old in before.stored_chunks() if before is not None else ():
        known.setdefault(old.chunk.doc_id, []).append(old)
    same_cut = before is not None and same_encoder and before.manifest.splitter == pin
    digests = {document.doc_id: digest for document, _, digest in before.stored_documents()} if before else {}

    chunks: list[Chunk] = []
    document_of: list[int] = []
    with progress.stage("splitting", len(stored), "documents") as stage:
        for number, item in enumerate(stored):
            doc_id = item.document.doc_id
            if same_cut and digests.get(doc_id) == item.digest:
                cut = [old.chunk for old in known.get(doc_id, [])]
            else:
                cut = splitter.split(item.document)
            chunks += cut
            document_of += [number] * len(cut)
            stage.advance(1)
    versions = _versions()
    same_words = before is not None and before.manifest.versions == versions
    by_chunk = {old.chunk.chunk_id: old for olds in known.values() for old in olds}
    sections, section_of = _sections(chunks, document_of)
    reading_known = by_chunk if same_encoder and same_words else {}
    return Corpus(
        list(stored),
        chunks,
        document_of,
        sections,
        section_of,
        _morphemes(chunks, by_chunk if same_words else {}, progress),
        _readings(chunks, reading_known, tokenizer, progress),
        [_vector_key(chunk, tokenizer, choice.digest) for chunk in chunks],
        {old.vector_key: old.row for old in by_chunk.values()} if same_encoder else {},
        pin,
        versions,
    )


def _versions() -> dict[str, str]:
    """What the words of an index depend on; with other versions they are worked out anew."""
    return {name: version(name) for name in _ANALYSERS} | {"lexical": str(LEXICAL_VERSION), "kin": str(KIN_VERSION)}


def _sections(chunks: Sequence[Chunk], document_of: Sequence[int]) -> tuple[list[Section], list[int]]:
    sections: list[Section] = []
    section_of: list[int] = []
    for chunk, document in zip(chunks, document_of, strict=True):
        last = sections[-1] if sections else None
        if (
            last is not None
            and last.document == document
            and last.heading == chunk.heading
            and chunk.end - last.start <= SECTION_CHARS
        ):
            sections[-1] = Section(document, last.start, chunk.end, last.heading)
        else:
            sections.append(Section(document, chunk.start, chunk.end, chunk.heading))
        section_of.append(len(sections) - 1)
    return sections, section_of


def _morphemes(chunks: Sequence[Chunk], known: dict[str, StoredChunk], progress: Progress) -> list[str]:
    """Morphemes of each chunk, joined by spaces (a morpheme holds none)."""
    found = [known[chunk.chunk_id].morphemes if chunk.chunk_id in known else None for chunk in chunks]
    new = [row for row, value in enumerate(found) if value is None]
    if new:
        with progress.stage("reading words", len(new), "chunks") as stage:
            for first in range(0, len(new), _BATCH):
                rows = new[first : first + _BATCH]
                for row, analysed in zip(rows, morphemes_of([chunks[row].text for row in rows]), strict=True):
                    found[row] = " ".join(morpheme.replace(" ", "") for morpheme in analysed)
                stage.advance(len(rows))
    return [value or "" for value in found]


def _readings(
    chunks: Sequence[Chunk], known: dict[str, StoredChunk], tokenizer: EncoderTokenizer | None, progress: Progress
) -> list[Reading]:
    with progress.stage("auditing", len(chunks), "chunks") as stage:
        readings = []
        for chunk in chunks:
            old = known.get(chunk.chunk_id)
            readings.append(old.reading if old else read_chunk(tokenizer, chunk.text))
            stage.advance(1)
    return readings


def _vector_key(chunk: Chunk, tokenizer: EncoderTokenizer | None, digest: str | None) -> str:
    """What a vector depends on: what the encoder reads, and the encoder."""
    read = tokenizer.passage_input(chunk.heading, chunk.text) if tokenizer else ""
    return hashlib.sha256(f"{digest}\0{read}".encode()).hexdigest()[:32]
