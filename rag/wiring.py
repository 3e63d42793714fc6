"""Settings -> a ready pipeline. The heavy parts load side by side, in threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rag.errors import AskNotesError, BadConfiguration, NoModel
from rag.generation.engine import Engine
from rag.models import check_pin, find_generator, find_pinned_encoder
from rag.pipeline import Pipeline, Writer
from rag.retrieval.embedding import E5Embeddings
from rag.retrieval.generations import Generations
from rag.retrieval.index import NotesIndex
from rag.retrieval.retriever import NotesRetriever
from rag.settings import GeneratorSettings, Settings
from rag.text import kiwi

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

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
        loading = [pool.submit(kiwi)]
        writer = pool.submit(_open_writer, settings) if generate else None
        notes = LiveNotes(settings)
        if warm:
            notes.warm()
        for part in loading:
            part.result()
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
        pin = self._generations.pin()
        try:
            index = NotesIndex(pin)
            manifest = pin.manifest
            why = [*(f"Passed over: {reason}" for reason in pin.passed_over), *manifest.fallbacks]
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
        except BaseException:
            pin.close()
            raise
        self._why = tuple(dict.fromkeys(why))
        retrieval = self._settings.retrieval
        return NotesRetriever(
            index=index,
            encoder=encoder,
            k=retrieval.k,
            passage_chars=retrieval.passage_chars,
            candidates=retrieval.candidates,
        )


def _open_writer(settings: Settings) -> Writer:
    generator, name, count, fallbacks = open_generator(settings)
    engine = Engine(generator, queue_size=settings.generator.queue_size, deadline_s=settings.generator.deadline_s)
    return Writer(name, engine, count, fallbacks)


def open_generator(settings: Settings) -> tuple[BaseChatModel, str, Callable[[str], int], tuple[str, ...]]:
    """The chat model that the settings choose, its name, its token counter, and what fell back.

    Raises:
        BadConfiguration: a backend that lacks a setting.
        NoModel: a model that is insisted on is out of reach.
    """
    wanted = settings.generator
    if wanted.backend == "openai" or (wanted.backend == "auto" and wanted.base_url):
        return _remote(wanted)
    if wanted.backend == "extractive":
        return _extractive(())
    files, why = find_generator(settings)
    if files is None:
        if wanted.backend != "auto":
            raise NoModel(f"{' '.join(why)} The setting generator.backend = {wanted.backend} does without no model.")
        return _extractive(why)
    from rag.generation.qwen import LocalQwen

    model = LocalQwen.load(files.path, name=files.id, dtype=wanted.dtype, threads=settings.threads)
    return model, files.id, model.get_num_tokens, ()


def _extractive(why: tuple[str, ...]) -> tuple[BaseChatModel, str, Callable[[str], int], tuple[str, ...]]:
    from rag.generation.extractive import ExtractiveAnswerer

    model = ExtractiveAnswerer()
    return model, "extractive", model.get_num_tokens, why


def _remote(wanted: GeneratorSettings) -> tuple[BaseChatModel, str, Callable[[str], int], tuple[str, ...]]:
    from rag.generation.remote import remote_model

    if not wanted.base_url:
        raise BadConfiguration(
            "generator.backend = openai needs generator.base_url, for example http://127.0.0.1:8001/v1."
        )
    model = remote_model(wanted)
    return model, wanted.id, model.get_num_tokens, ()
