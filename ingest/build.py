"""The ingest job, top to bottom: roots -> documents -> chunks -> words and vectors -> a published generation.

What has not changed is taken from the generation before: documents by the digest of their content,
morphemes by chunk, vectors by what the encoder read and by the encoder.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.audit import ChunkReading, audit
from ingest.encoder import choose_encoder, make_ready
from ingest.notes import Failure
from ingest.prepare import Corpus, prepare
from ingest.progress import Progress, Silent
from ingest.request import IngestRequest
from ingest.roots import gather, resolve_roots
from ingest.vectors import background, embed, embed_windows
from ingest.write import write_generation
from rag.errors import BadNotes, DamagedIndex, NoIndex
from rag.retrieval.generations import Generations
from rag.retrieval.index import NotesIndex, open_index
from rag.retrieval.manifest import Audit
from rag.retrieval.windows import VERSION as WINDOWS
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class DocumentCounts:
    """What became of the documents."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did; the fields are those of `ask-notes ingest --json`."""

    generation: str | None
    documents: DocumentCounts
    chunks: int
    embedded: int
    reused: int
    audit: Audit
    failures: tuple[Failure, ...]
    seconds: float
    fallbacks: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = field(default=())


def build(settings: Settings, request: IngestRequest, progress: Progress | None = None) -> IngestReport:
    """Bring the index up to date and publish it; a dry run only says what would be done.

    Raises:
        BadNotes: a path or source that cannot be read, or nothing to ingest.
        NoModel: the encoder of the index, or the one asked for, is out of reach.
        EncoderMismatch: the settings ask for another encoder and `re_embed` is not given.
        IndexLocked: another ingest is writing.
        StorageRefused: no space or no permission.
    """
    began = time.perf_counter()
    progress = progress or Silent()
    generations = Generations(settings.data_dir)
    if request.dry_run:
        return _build(settings, request, generations, progress, began)
    with generations.writing():
        return _build(settings, request, generations, progress, began)


def _build(
    settings: Settings, request: IngestRequest, generations: Generations, progress: Progress, began: float
) -> IngestReport:
    before, passed_over = _open_before(generations)
    try:
        roots = resolve_roots(settings.data_dir, request, before.manifest.roots if before else [])
        choice = choose_encoder(settings, before.manifest.encoder if before else None, request.re_embed)
        gathered = gather(settings, roots, before, progress)
        if not gathered.documents and before is None:
            raise BadNotes(_nothing(gathered.failures))
        corpus = prepare(settings, gathered.documents, before, choice, progress)
        if not request.dry_run:
            choice = make_ready(choice, progress)
        counts = DocumentCounts(
            gathered.added, gathered.changed, gathered.removed, gathered.unchanged, len(gathered.failures)
        )
        report = _audit(corpus, choice.window, choice.id)
        fallbacks = (*choice.fallbacks, *passed_over)
        missing = sum(key not in corpus.known_vectors for key in corpus.vector_keys) if choice.id else 0
        stale = (
            before is None
            or bool(passed_over)
            or missing > 0
            or gathered.added + gathered.changed + gathered.removed > 0
            or before.manifest.roots != roots.known
            or before.manifest.splitter != corpus.splitter
            or before.manifest.versions != corpus.versions
            or (choice.id is not None and before.manifest.windows != WINDOWS)
            or (before.manifest.encoder.digest if before.manifest.encoder else None) != choice.digest
        )
        reused = len(corpus.chunks) - missing
        generation = before.generation if before else None
        if stale and not request.dry_run:
            vectors = embed(corpus, choice, before, progress)
            windows = embed_windows(corpus, choice, before, progress)
            folder = generations.begin()
            manifest = write_generation(
                folder,
                corpus,
                vectors,
                windows,
                choice,
                roots.known,
                report,
                background(vectors),
                choice.fallbacks,
                progress,
            )
            generations.publish(folder, manifest)
            generation = folder.name
    finally:
        if before is not None:
            before.close()
    if not request.dry_run:
        generations.collect()
    return IngestReport(
        generation,
        counts,
        len(corpus.chunks),
        missing,
        reused if choice.id else 0,
        report,
        tuple(gathered.failures),
        round(time.perf_counter() - began, 2),
        fallbacks,
        passed_over,
    )


def _open_before(generations: Generations) -> tuple[NotesIndex | None, tuple[str, ...]]:
    """The generation to take unchanged things from; damaged ones are passed over, and said."""
    try:
        index = open_index(generations)
    except NoIndex:
        return None, ()
    except DamagedIndex as error:
        return None, (str(error),)
    return index, index.pin.passed_over


def _audit(corpus: Corpus, window: int | None, encoder: str | None) -> Audit:
    sources = {document.doc_id: document.source for document in corpus.documents}
    readings = [
        ChunkReading(sources[chunk.doc_id], len(chunk.text), chunk.tokens, reading)
        for chunk, reading in zip(corpus.chunks, corpus.readings, strict=True)
    ]
    languages = [document.metadata.get("language", "en") for document in corpus.documents]
    return audit(readings, languages, window, encoder)


def _nothing(failures: Sequence[Failure]) -> str:
    if failures:
        listed = "; ".join(f"{failure.source}: {failure.error}" for failure in failures[:3])
        return f"None of the {len(failures)} files could be used ({listed}). Mend them, then ingest again."
    return "No notes found: no .md, .mdx, .markdown or .txt file there. Name the folder that holds your notes."
