"""Settings -> a ready pipeline. The heavy parts load side by side, in threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.encoders import check_pin, find_pinned_encoder
from rag.errors import AskNotesError, BadConfiguration, NoModel
from rag.generation.engine import Engine
from rag.generators import find_generator, runs_on_openvino
from rag.grounding import calibration_file
from rag.models import ModelFiles
from rag.pipeline import Pipeline, Writer
from rag.retrieval.embedding import open_embeddings
from rag.retrieval.generations import Generations
from rag.retrieval.index import open_index
from rag.retrieval.lexical import VERSION as LEXICAL_VERSION
from rag.retrieval.retriever import NotesRetriever
from rag.settings import GeneratorSettings, Settings
from rag.text import morphemes

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

_PARALLEL = 4
# Room for prompts that were answered, so that the next one that begins alike need not be read again.
_KEPT_TOKENS = 4096
_NO_OPINION = (
    "cross_check asks a model for its yes or no, and the embedded answerer has none. "
    "Sentences are checked by their words alone."
)
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
        # Kiwi loads half of itself at its first text.
        analyser = pool.submit(morphemes, "준비")
        notes = LiveNotes(settings)
        # Files are fetched before anything is loaded: loading switches the libraries' progress bars off.
        files = _generator_files(settings) if generate else None
        writer = pool.submit(_open_writer, settings, files) if files else None
        notes.warm(only_if_quick=not warm)
        analyser.result()
        own = calibration_file.load(settings.data_dir)
        opened = writer.result() if writer else None
        if opened is not None and opened.warm is not None:
            # Last: beside something that loads, a model reads at half its speed.
            opened.warm()
        return Pipeline(settings, notes, opened, own)


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
        encoder = self._retriever.encoder
        # Where the ingest could not make a copy, it has said why.
        if encoder is None or any(f"{encoder.id} runs on torch" in known for known in self._why):
            return self._why
        return (*self._why, *encoder.fallbacks)

    def warm(self, *, only_if_quick: bool = False) -> None:
        """Load the encoder now, or only if that takes well under a second: not every question needs it."""
        encoder = self._retriever.encoder
        if encoder is not None and only_if_quick and encoder.quick:
            encoder.load()
        elif encoder is not None and not only_if_quick:
            encoder.queries(["warm up"])

    def _open(self) -> NotesRetriever:
        index = open_index(self._generations)
        manifest = index.manifest
        why = [*(f"Passed over: {reason}" for reason in index.pin.passed_over), *manifest.fallbacks]
        if manifest.versions.get("lexical") != str(LEXICAL_VERSION):
            made = "This index was made by another version and finds less."
            why.append(f"{made} `ask-notes ingest` brings it up to date.")
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
                encoder = open_embeddings(files, self._settings)
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
    # Answers of a local model share its steps; a server batches what it gets itself.
    parallel = wanted.parallel if found.files else _PARALLEL
    engine = Engine(generator.model, queue_size=wanted.queue_size, deadline_s=wanted.deadline_s, parallel=parallel)
    return Writer(
        generator.name,
        engine,
        generator.count_tokens,
        generator.fallbacks,
        generator.backend,
        generator.affordable,
        generator.warm,
    )


@dataclass(frozen=True, slots=True)
class OpenGenerator:
    """A chat model, its name, how it counts tokens, why it is not the first choice, and how long prompts may be.

    See `Writer`; `affordable` is None for a model whose speed is not ours to know.
    """

    model: BaseChatModel
    name: str
    count_tokens: Callable[[str], int]
    fallbacks: tuple[str, ...] = ()
    backend: str | None = None
    affordable: Callable[[Sequence[BaseMessage], float], int | None] | None = None
    warm: Callable[[], None] | None = None


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
        return _local(settings, found.files, found.why)
    from rag.generation.extractive import ExtractiveAnswerer

    picker = ExtractiveAnswerer()
    why = (*found.why, _NO_OPINION) if settings.cross_check else found.why
    return OpenGenerator(picker, "extractive", picker.get_num_tokens, why, "extractive")


def _local(settings: Settings, files: ModelFiles, why: tuple[str, ...]) -> OpenGenerator:
    wanted = settings.generator
    if runs_on_openvino(files, wanted):
        from rag.generation.openvino import LocalOpenVINO

        # Every answer that may be on its way has its whole prompt and its longest text in memory.
        room = wanted.parallel * (wanted.max_prompt_tokens + wanted.max_new_tokens) + _KEPT_TOKENS
        fast = LocalOpenVINO.load(
            files.path, name=files.id, dtype=wanted.dtype, threads=settings.threads, cache_tokens=room
        )
        return OpenGenerator(fast, files.id, fast.get_num_tokens, why, "openvino", fast.affordable_tokens, fast.warm)
    from rag.generation.qwen import LocalQwen

    model = LocalQwen.load(
        files.path, name=files.id, dtype=wanted.dtype, threads=settings.threads, adapter=wanted.adapter
    )
    return OpenGenerator(model, files.id, model.get_num_tokens, why, "torch", model.affordable_tokens, model.warm)


def _remote(wanted: GeneratorSettings) -> OpenGenerator:
    from rag.generation.remote import remote_model

    if not wanted.base_url:
        raise BadConfiguration(
            "generator.backend = openai needs generator.base_url, for example http://127.0.0.1:8001/v1."
        )
    model = remote_model(wanted)
    return OpenGenerator(model, wanted.id, model.get_num_tokens, backend="openai")
