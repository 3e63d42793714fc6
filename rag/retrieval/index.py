"""An opened generation: documents, chunks, words and vectors of the notes, read-only.

notes.sqlite holds documents and chunks (a chunk's text is a slice of its document's), dense.faiss a
vector a chunk, lexical/ the postings. Row i is the same chunk in all three. Safe for many threads.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import DamagedIndex, UnknownDocument
from rag.retrieval.dense import DenseIndex
from rag.retrieval.generations import Generations, Pin
from rag.retrieval.kin import Kin
from rag.retrieval.lexical import LexicalIndex
from rag.retrieval.loanwords import Loanwords
from rag.retrieval.tokens import Reading
from rag.retrieval.windows import Windows
from rag.text import normalise
from rag.types import Chunk, Document, DocumentSummary, Scope

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATABASE, DENSE, LEXICAL, READ = "notes.sqlite", "dense.faiss", "lexical", "read.npy"

SCHEMA = """
CREATE TABLE documents (
    doc INTEGER PRIMARY KEY, doc_id TEXT NOT NULL UNIQUE, root TEXT NOT NULL, source TEXT NOT NULL,
    title TEXT NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL, digest TEXT NOT NULL,
    origin TEXT NOT NULL, language TEXT NOT NULL
);
CREATE INDEX documents_by_source ON documents (source);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, chunk_id TEXT NOT NULL UNIQUE, doc INTEGER NOT NULL REFERENCES documents,
    section INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, heading TEXT NOT NULL,
    tokens INTEGER NOT NULL, vector_key TEXT NOT NULL, morphemes TEXT NOT NULL,
    words INTEGER NOT NULL, unk_words INTEGER NOT NULL, read REAL NOT NULL
);
CREATE INDEX chunks_by_doc ON chunks (doc, start);
CREATE INDEX chunks_by_section ON chunks (section, start);
"""
_CHUNK = (
    "SELECT c.row, c.chunk_id, d.doc_id, c.start, c.end, substr(d.text, c.start + 1, c.end - c.start), "
    "c.heading, c.tokens, d.source, d.title, c.doc, c.section FROM chunks c JOIN documents d USING (doc) "
)
_MANY = 500
_AROUND = 4


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with all that an ingest can take over from it."""

    row: int
    chunk: Chunk
    vector_key: str
    morphemes: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk with its row, its section and what its document is called."""

    row: int
    chunk: Chunk
    source: str
    title: str
    doc: int
    section: int


@dataclass(frozen=True, slots=True)
class IndexedSection:
    """Neighbouring chunks under one heading: rows `first` to `last`, both included."""

    heading: str
    text: str
    first: int
    last: int


class NotesIndex:
    """One generation, opened and pinned."""

    def __init__(self, pin: Pin) -> None:
        """Open the files of a pinned generation.

        Raises:
            DamagedIndex: a file that its library cannot read.
        """
        self.pin = pin
        self.manifest = pin.manifest
        self.generation = pin.folder.name
        counts = pin.manifest.counts
        try:
            self._database = open_database(pin.folder / DATABASE)
            # Whoever drops the last reference lets go of the generation, so that a live one can be replaced.
            self._closing = weakref.finalize(self, _let_go, self._database, pin)
            found = self._database.execute("SELECT count(*) FROM chunks").fetchone()[0]
            self.lexical = LexicalIndex.open(pin.folder / LEXICAL, counts.sections, counts.chunks)
            self.kin = Kin.open(pin.folder / LEXICAL) if pin.manifest.kin else None
            self.read: NDArray[np.float32] = np.load(pin.folder / READ, mmap_mode="r", allow_pickle=False)
        except (sqlite3.DatabaseError, OSError, ValueError) as error:
            raise DamagedIndex(f"{self.generation} cannot be opened: {error}.") from error
        self.dense = DenseIndex.open(pin.folder / DENSE) if pin.manifest.encoder else None
        self.windows = Windows.open(pin.folder) if pin.manifest.encoder and pin.manifest.windows else None
        vectors = len(self.dense) if self.dense else counts.chunks
        if not found == counts.chunks == vectors == len(self.read):
            raise DamagedIndex(f"{self.generation} holds {found} chunks and {vectors} vectors, not {counts.chunks}.")

    @cached_property
    def loanwords(self) -> Loanwords:
        """The words of these notes by their sound; read when first asked for."""
        return Loanwords.read(self.pin.folder / LEXICAL)

    def close(self) -> None:
        """Let go of the generation."""
        self._closing()

    def chunks(self, rows: Sequence[int]) -> list[IndexedChunk]:
        """The chunks of some rows, in the order of `rows`."""
        by_row: dict[int, IndexedChunk] = {}
        for first in range(0, len(rows), _MANY):
            some = [int(row) for row in rows[first : first + _MANY]]
            marks = ",".join("?" * len(some))
            for values in self._database.execute(f"{_CHUNK} WHERE c.row IN ({marks})", some):
                by_row[values[0]] = _chunk(values)
        return [by_row[int(row)] for row in rows]

    def section(self, section: int) -> list[IndexedChunk]:
        """The chunks of a section, in the order of the text."""
        return [
            _chunk(values)
            for values in self._database.execute(f"{_CHUNK} WHERE c.section = ? ORDER BY c.start", [section])
        ]

    def around(self, section: int) -> list[IndexedChunk]:
        """The chunks of a section and of the four before and behind it in its document, in the order of the text."""
        return [
            _chunk(values)
            for values in self._database.execute(
                f"{_CHUNK} WHERE c.section BETWEEN ? AND ? AND c.doc = "
                "(SELECT doc FROM chunks WHERE section = ? LIMIT 1) ORDER BY c.start",
                [section - _AROUND, section + _AROUND, section],
            )
        ]

    def sections(self, sections: Sequence[int]) -> dict[int, IndexedSection]:
        """Some sections by number: their text, heading and rows."""
        found: dict[int, IndexedSection] = {}
        for first in range(0, len(sections), _MANY):
            some = [int(section) for section in sections[first : first + _MANY]]
            sql = (
                "SELECT s.section, s.heading, s.first, s.last, substr(d.text, s.start + 1, s.end - s.start) FROM ("
                "SELECT section, doc, heading, min(row) AS first, max(row) AS last, min(start) AS start, "
                "max(end) AS end "
                f"FROM chunks WHERE section IN ({','.join('?' * len(some))}) GROUP BY section"
                ") s JOIN documents d USING (doc)"
            )
            for section, heading, first_row, last_row, text in self._database.execute(sql, some):
                found[section] = IndexedSection(heading, text, first_row, last_row)
        return found

    def row_of(self, chunk_id: str) -> int | None:
        """The row of a chunk, or None."""
        found = self._database.execute("SELECT row FROM chunks WHERE chunk_id = ?", [chunk_id]).fetchone()
        return int(found[0]) if found else None

    def text(self, doc_id: str, start: int, end: int) -> str:
        """`document.text[start:end]` without reading the whole document into Python."""
        found = self._database.execute(
            "SELECT substr(text, ?, ?) FROM documents WHERE doc_id = ?", [start + 1, end - start, doc_id]
        ).fetchone()
        if found is None:
            raise UnknownDocument(f"No document {doc_id} in this index.")
        return str(found[0])

    def document(self, doc_id: str) -> Document:
        """A document, whole.

        Raises:
            UnknownDocument: no document of that id.
        """
        found = self._database.execute(
            "SELECT doc_id, source, title, text, metadata FROM documents WHERE doc_id = ?", [doc_id]
        ).fetchone()
        if found is None:
            raise UnknownDocument(f"No document {doc_id} in this index. GET /v1/documents lists them.")
        doc_id, source, title, text, metadata = found
        return Document(doc_id, source, title, text, json.loads(metadata))

    def documents(self) -> list[DocumentSummary]:
        """What is indexed, in the order it was ingested."""
        rows = self._database.execute(
            "SELECT d.doc_id, d.source, d.title, length(d.text), count(c.row) FROM documents d "
            "LEFT JOIN chunks c USING (doc) GROUP BY d.doc ORDER BY d.doc"
        )
        return [DocumentSummary(*row) for row in rows]

    def stored_documents(self) -> Iterator[tuple[Document, str, str]]:
        """Every document with its root and digest, in order."""
        sql = "SELECT doc_id, source, title, text, metadata, root, digest FROM documents ORDER BY doc"
        for doc_id, source, title, text, metadata, root, digest in self._database.execute(sql):
            yield Document(doc_id, source, title, text, json.loads(metadata)), root, digest

    def stored_chunks(self) -> Iterator[StoredChunk]:
        """Every chunk with what was worked out for it, in order."""
        sql = (
            "SELECT c.row, c.chunk_id, d.doc_id, c.start, c.end, substr(d.text, c.start + 1, c.end - c.start), "
            "c.heading, c.tokens, c.vector_key, c.morphemes, c.words, c.unk_words, c.read "
            "FROM chunks c JOIN documents d USING (doc) ORDER BY c.row"
        )
        for row, *fields, key, morphemes, words, unknown, read in self._database.execute(sql):
            yield StoredChunk(row, Chunk(*fields), key, morphemes, Reading(words, unknown, read))

    def rows_in(self, scope: Scope) -> NDArray[np.int64] | None:
        """Rows of the chunks that a scope admits, int64 ascending; None when it admits all."""
        conditions: list[str] = []
        values: list[Any] = []

        def any_of(alternatives: Sequence[str], sql: str, make: Any) -> None:
            if alternatives:
                conditions.append("(" + " OR ".join([sql] * len(alternatives)) + ")")
                for alternative in alternatives:
                    values.extend(make(alternative))

        any_of(scope.sources, "(d.source = ? OR substr(d.source, 1, ?) = ?)", _source_values)
        any_of(scope.headings, "instr(lower(c.heading), ?) > 0", lambda heading: [normalise(heading).lower()])
        any_of(scope.origins, "d.origin = ?", lambda origin: [origin])
        any_of(scope.languages, "d.language = ?", lambda language: [language])
        if scope.exclude_doc_ids:
            conditions.append(f"d.doc_id NOT IN ({','.join('?' * len(scope.exclude_doc_ids))})")
            values.extend(scope.exclude_doc_ids)
        if not conditions:
            return None
        sql = (
            "SELECT c.row FROM chunks c JOIN documents d USING (doc) WHERE " + " AND ".join(conditions) + " ORDER BY 1"
        )
        return np.fromiter((row for (row,) in self._database.execute(sql, values)), dtype=np.int64)


def open_index(generations: Generations) -> NotesIndex:
    """The live generation, opened, or the newest one before it whose files open.

    Raises:
        NoIndex: nothing was ingested yet.
        DamagedIndex: there are generations, and none of them opens.
    """
    unusable: dict[str, str] = {}
    while True:
        pin = generations.pin(unusable)
        try:
            return NotesIndex(pin)
        except DamagedIndex as error:
            pin.close()
            unusable[pin.folder.name] = str(error)


def open_database(file: Path) -> sqlite3.Connection:
    """Open a published database: read-only, immutable, usable from any thread."""
    # SQLite is compiled serialised (sqlite3.threadsafety == 3): one connection may serve all threads.
    return sqlite3.connect(f"file:{_quote(file)}?mode=ro&immutable=1", uri=True, check_same_thread=False)


def _let_go(database: sqlite3.Connection, pin: Pin) -> None:
    database.close()
    pin.close()


def _quote(file: Path) -> str:
    from urllib.parse import quote

    return quote(str(file.resolve()))


def _chunk(values: tuple[Any, ...]) -> IndexedChunk:
    row, chunk_id, doc_id, start, end, text, heading, tokens, source, title, doc, section = values
    return IndexedChunk(row, Chunk(chunk_id, doc_id, start, end, text, heading, tokens), source, title, doc, section)


def _source_values(source: str) -> list[Any]:
    name = normalise(source)
    folder = name.rstrip("/") + "/"
    return [name, len(folder), folder]
