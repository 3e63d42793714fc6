"""A corpus and its vectors -> the files of a generation, and the manifest that describes them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ingest.calibrate import calibrate
from ingest.encoder import EncoderChoice
from ingest.prepare import Corpus
from ingest.progress import Progress, Silent
from rag.retrieval.dense import DenseIndex
from rag.retrieval.generations import refusing_storage
from rag.retrieval.index import DATABASE, DENSE, LEXICAL, READ, SCHEMA
from rag.retrieval.kin import VERSION as KIN
from rag.retrieval.kin import Kin
from rag.retrieval.lexical import LexicalIndex, terms
from rag.retrieval.loanwords import Loanwords
from rag.retrieval.manifest import FORMAT, Audit, Background, Counts, Manifest, Root, record_files
from rag.retrieval.windows import VERSION as WINDOWS
from rag.retrieval.windows import Windows
from rag.text import morphemes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


def write_generation(
    folder: Path,
    corpus: Corpus,
    vectors: NDArray[np.float32] | None,
    windows: Windows | None,
    choice: EncoderChoice,
    roots: Sequence[Root],
    audit: Audit,
    background: Background,
    fallbacks: Sequence[str],
    progress: Progress,
) -> Manifest:
    """Write every file but the manifest into an empty folder, and return the manifest.

    Raises:
        StorageRefused: no space or no permission.
    """
    with refusing_storage(folder), progress.stage("writing", 4, "parts") as stage:
        _write_database(folder / DATABASE, corpus)
        stage.advance(1)
        kind, dense = "none", None
        if vectors is not None:
            dense = DenseIndex.build(vectors)
            dense.write(folder / DENSE)
            kind = dense.kind
        if windows is not None:
            windows.write(folder)
        np.save(folder / READ, np.array([r.read for r in corpus.readings], dtype=np.float32), allow_pickle=False)
        stage.advance(1)
        (folder / LEXICAL).mkdir()
        lexical = _lexical(corpus)
        lexical.write(folder / LEXICAL)
        _loanwords(corpus).write(folder / LEXICAL)
        kin = Kin.build(map(str.split, corpus.morphemes))
        if kin is not None:
            kin.write(folder / LEXICAL)
        stage.advance(1)
        manifest = Manifest(
            format=FORMAT,
            generation=folder.name,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            encoder=choice.pin(),
            splitter=corpus.splitter,
            counts=Counts(
                documents=len(corpus.stored),
                sections=len(corpus.sections),
                chunks=len(corpus.chunks),
                characters=sum(len(document.text) for document in corpus.documents),
            ),
            roots=list(roots),
            audit=audit,
            background=background,
            dense=kind,
            versions=corpus.versions,
            fallbacks=list(fallbacks),
            windows=WINDOWS if windows is not None else 0,
            kin=KIN if kin is not None else 0,
            fusion=calibrate(corpus, choice, lexical, dense, windows, Silent()),
            files=record_files(folder),
        )
        stage.advance(1)
    return manifest


def _write_database(file: Path, corpus: Corpus) -> None:
    database = sqlite3.connect(file)
    try:
        # The file is written once and synced as a whole when it is published.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.executescript(SCHEMA)
        with database:
            database.executemany(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        number,
                        stored.document.doc_id,
                        stored.root,
                        stored.document.source,
                        stored.document.title,
                        stored.document.text,
                        json.dumps(dict(stored.document.metadata), ensure_ascii=False),
                        stored.digest,
                        stored.document.metadata.get("origin", "notes"),
                        stored.document.metadata.get("language", "en"),
                    )
                    for number, stored in enumerate(corpus.stored)
                ),
            )
            database.executemany(f"INSERT INTO chunks VALUES ({', '.join('?' * 13)})", _chunk_rows(corpus))
    except sqlite3.OperationalError as error:
        # SQLite reports a full or read-only disk in its own words.
        raise OSError(28 if "full" in str(error) else 5, str(error)) from error
    finally:
        database.close()


def _chunk_rows(corpus: Corpus) -> Iterator[tuple[object, ...]]:
    for row, chunk in enumerate(corpus.chunks):
        reading = corpus.readings[row]
        yield (
            row,
            chunk.chunk_id,
            corpus.document_of[row],
            corpus.section_of[row],
            chunk.start,
            chunk.end,
            chunk.heading,
            chunk.tokens,
            corpus.vector_keys[row],
            corpus.morphemes[row],
            reading.words,
            reading.unknown,
            reading.read,
        )


def _loanwords(corpus: Corpus) -> Loanwords:
    texts = (f"{chunk.heading}\n{chunk.text}" for chunk in corpus.chunks)
    return Loanwords.gather(texts, map(str.split, corpus.morphemes))


def _lexical(corpus: Corpus) -> LexicalIndex:
    """Sections are indexed with their headings, chunks by their own words alone."""
    headings = sorted({section.heading for section in corpus.sections})
    heading_terms = {
        heading: terms(analysed, heading) for heading, analysed in zip(headings, morphemes_of(headings), strict=True)
    }
    texts = [document.text for document in corpus.documents]
    firsts = [0] * (len(corpus.sections) + 1)
    for section in corpus.section_of:
        firsts[section + 1] += 1
    bounds = np.cumsum(firsts).tolist()

    def section_terms() -> Iterator[Sequence[str]]:
        for section, (first, last) in zip(corpus.sections, pairwise(bounds), strict=True):
            words = (word for row in range(first, last) for word in corpus.morphemes[row].split())
            yield terms(words, texts[section.document][section.start : section.end]) + heading_terms[section.heading]

    def chunk_terms() -> Iterator[Sequence[str]]:
        for chunk, analysed in zip(corpus.chunks, corpus.morphemes, strict=True):
            yield terms(analysed.split(), chunk.text)

    return LexicalIndex.build(section_terms(), chunk_terms(), corpus.section_of)
