"""Settings -> a ready pipeline. The heavy parts load side by side, in threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import AskNotesError, BadConfiguration, NoModel
from rag.generation.engine import Engine
from rag.models import ModelFiles, check_pin, find_generator, find_pinned_encoder
from rag.pipeline import Pipeline, Writer
from rag.retrieval.embedding import E5Embeddings
from rag.retrieval.generations import Generations
from rag.retrieval.index import open_index
from rag.retrieval.retriever import NotesRetriever
from rag.settings import GeneratorSettings, Settings
from rag.text import kiwi

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_PARALLEL = 4
_log = logging.getLogger(__name__)


def open_pipeline(settings: Settings, *, generate: bool = True, warm: bool = True) -> Pipeline:
    """A pipeline over the live generation; `generate = False` is for searching only.

    `warm` loads models before the first question, which a server wants and a single search does not.

    Raises:
        NoIndex, DamagedIndex: nothing to search.
        NoModel: a model that the settings insist on is out of reach.
        EncoderMismatch: the settings ask for another encoder than the index was made with.
    """
    with ThreadPoolExecutor(2, thread_name_prefix="load") as pool:
        analyser = pool.submit(kiwi)
        notes = LiveNotes(settings)
        # Files are fetched before anything is loaded: loading switches the libraries' progress bars off.
        files = _generator_files(settings) if generate else None
        writer = pool.submit(_open_writer, settings, files) if files else None
        if warm:
            notes.warm()
        analyser.result()
        return Pipeline(settings, notes, writer.result() if writer else None)


class LiveNotes:
    """Follows CURRENT: the next question after an ingest is answered from the new generation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._generations = Generations(settings.data_dir)
        self._lock = threading.Lock()
        self._why: tuple[str, ...] = ()
        self._seen = self._generations.stamp()
        self._retriever = self._open()

    def retriever(self) -> NotesRetriever:
        """The retriever over the live generation; a new one that cannot be opened is passed over."""
        with self._lock:
            stamp = self._generations.stamp()
            if stamp != self._seen:
                self._seen = stamp
                try:
                    # The old index closes when its last question lets go of it.
                    self._retriever = self._open()
                except AskNotesError as error:
                    _log.warning("The new generation is not used: %s", error)
                    self._why = (*self._why, f"A newer generation cannot be used: {error}")
            return self._retriever

    def fallbacks(self) -> tuple[str, ...]:
        """What is not the first choice, and why."""
        return self._why

    def warm(self) -> None:
        """Load the encoder now."""
        if self._retriever.encoder is not None:
            self._retriever.encoder.queries(["warm up"])

    def _open(self) -> NotesRetriever:
        index = open_index(self._generations)
        manifest = index.manifest
        why = [*(f"Passed over: {reason}" for reason in index.pin.passed_over), *manifest.fallbacks]
        encoder = None
        if manifest.encoder is not None:
            check_pin(self._settings, manifest.encoder.id)
            try:
                files = find_pinned_encoder(self._settings, manifest.encoder.id, manifest.encoder.digest)
            except NoModel as error:
                if self._settings.models != "auto":
                    raise
                why.append(f"{error} Until then search is by words only.")
            else:
                encoder = E5Embeddings(
                    files,
                    dtype=self._settings.encoder.dtype,
                    batch_tokens=self._settings.encoder.batch_tokens,
                    threads=self._settings.threads,
                )
        self._why = tuple(dict.fromkeys(why))
        retrieval = self._settings.retrieval
        return NotesRetriever(
            index=index,
            encoder=encoder,
            k=retrieval.k,
            passage_chars=retrieval.passage_chars,
            candidates=retrieval.candidates,
        )


@dataclass(frozen=True, slots=True)
class GeneratorFiles:
    """Files of a local generator, or None and why there are none."""

    files: ModelFiles | None
    why: tuple[str, ...] = ()


def _generator_files(settings: Settings) -> GeneratorFiles:
    wanted = settings.generator
    if wanted.backend in ("openai", "extractive") or (wanted.backend == "auto" and wanted.base_url):
        return GeneratorFiles(None)
    files, why = find_generator(settings)
    if files is None and wanted.backend != "auto":
        raise NoModel(f"{' '.join(why)} generator.backend = {wanted.backend} needs it; auto would do without.")
    return GeneratorFiles(files, why)


def _open_writer(settings: Settings, found: GeneratorFiles) -> Writer:
    generator = _load_generator(settings, found)
    wanted = settings.generator
    # A server batches what it gets and a CPU that only picks sentences needs no queue; one local model does.
    parallel = 1 if found.files else _PARALLEL
    engine = Engine(generator.model, queue_size=wanted.queue_size, deadline_s=wanted.deadline_s, parallel=parallel)
    return Writer(generator.name, engine, generator.count_tokens, generator.fallbacks)


@dataclass(frozen=True, slots=True)
class OpenGenerator:
    """A chat model, its name, how it counts tokens, and why it is not the first choice."""

    model: BaseChatModel
    name: str
    count_tokens: Callable[[str], int]
    fallbacks: tuple[str, ...] = ()


def open_generator(settings: Settings) -> OpenGenerator:
    """The chat model that the settings choose.

    Raises:
        BadConfiguration: a backend that lacks a setting.
        NoModel: a model that is insisted on is out of reach.
    """
    return _load_generator(settings, _generator_files(settings))


def _load_generator(settings: Settings, found: GeneratorFiles) -> OpenGenerator:
    wanted = settings.generator
    if wanted.backend == "openai" or (wanted.backend == "auto" and wanted.base_url):
        return _remote(wanted)
    if found.files is not None:
        from rag.generation.qwen import LocalQwen

        model = LocalQwen.load(found.files.path, name=found.files.id, dtype=wanted.dtype, threads=settings.threads)
        return OpenGenerator(model, found.files.id, model.get_num_tokens)
    from rag.generation.extractive import ExtractiveAnswerer

    picker = ExtractiveAnswerer()
    return OpenGenerator(picker, "extractive", picker.get_num_tokens, found.why)


def _remote(wanted: GeneratorSettings) -> OpenGenerator:
    from rag.generation.remote import remote_model

    if not wanted.base_url:
        raise BadConfiguration(
            "generator.backend = openai needs generator.base_url, for example http://127.0.0.1:8001/v1."
        )
    model = remote_model(wanted)
    return OpenGenerator(model, wanted.id, model.get_num_tokens)
