"""E5Embeddings: prefix, tokenise, masked mean pooling, unit length.

Texts go in, float32 vectors of unit length come out. What computes them, OpenVINO or torch, is loaded at the
first text; batches are sorted by length and cut by a budget of padded tokens, so that next to no padding is
computed. Nothing is truncated: a text beyond the encoder's window is read window by window.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from langchain_core.embeddings import Embeddings

from rag.encoders import EncoderFiles
from rag.errors import AskNotesError, NoModel
from rag.retrieval.exported import find_copy, keep_copy, key_of
from rag.retrieval.openvino_encoder import Backend, Numbers, OpenVINOEncoder, export, runs_on_openvino
from rag.retrieval.pooling import Batch, require_mean
from rag.retrieval.tokens import EncoderTokenizer
from rag.retrieval.torch_encoder import TorchEncoder
from rag.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)
Progress = Callable[[int], None]
# A question is looked up, then held against what was found, and perhaps explained: read once.
_REMEMBERED = 16


def open_embeddings(encoder: EncoderFiles, settings: Settings) -> E5Embeddings:
    """An encoder as the settings want it; its OpenVINO copy lies where Hugging Face keeps what is made of models.

    Raises:
        BadConfiguration: a backend that is not installed.
    """
    from huggingface_hub.constants import HF_ASSETS_CACHE

    return E5Embeddings(
        encoder,
        backend=settings.encoder.backend,
        dtype=settings.encoder.dtype,
        batch_tokens=settings.encoder.batch_tokens,
        threads=settings.threads,
        copies=Path(HF_ASSETS_CACHE) / "ask-notes" / "openvino",
    )


class E5Embeddings(Embeddings):
    """An encoder with mean pooling (E5 and its like) behind LangChain's Embeddings.

    `copies` is the folder of OpenVINO's copies; `prepare` makes one there, and as long as there is none torch
    computes. `fallbacks` says so.

    Source: Wang et al. 2022, Text Embeddings by Weakly-Supervised Contrastive Pre-training, section 3.
    """

    def __init__(
        self,
        encoder: EncoderFiles,
        *,
        backend: Backend = "torch",
        dtype: Numbers = "auto",
        batch_tokens: int = 1024,
        threads: int | None = None,
        copies: Path | None = None,
    ) -> None:
        self.id = encoder.files.id
        self.dim = encoder.dim
        self.tokenizer = EncoderTokenizer(
            encoder.files.path,
            query_prefix=encoder.query_prefix,
            passage_prefix=encoder.passage_prefix,
            window=encoder.window,
        )
        self._folder = encoder.files.path
        self._copies = copies if runs_on_openvino(backend, dtype) else None
        self._dtype = dtype
        self._batch_tokens = batch_tokens
        self._threads = threads
        self._why: str | None = None
        self._backend: OpenVINOEncoder | TorchEncoder | None = None
        self._loading = threading.Lock()
        self._last = lru_cache(maxsize=_REMEMBERED)(self._query)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Unit vectors of passages, one list of `dim` floats a text."""
        return self.passages(texts).tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        """Unit vector of a question, `dim` floats."""
        return self.queries([text])[0].tolist()  # type: ignore[no-any-return]

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """Vectors of passages, float32 (n, dim), rows of unit length; `progress` gets each batch's size."""
        return self._embed([self.tokenizer.passage_prefix + text for text in texts], progress)

    def chunks(
        self, headings: Sequence[str], texts: Sequence[str], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Vectors of chunks read with their heading paths, float32 (n, dim), rows of unit length."""
        inputs = [self.tokenizer.passage_input(heading, text) for heading, text in zip(headings, texts, strict=True)]
        return self._embed(inputs, progress)

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of questions, float32 (n, dim), rows of unit length."""
        return self._embed([self.tokenizer.query_prefix + text for text in texts], None)

    def query(self, text: str) -> NDArray[np.float32]:
        """Vector of one question, float32 (dim,), of unit length; read-only, as the last few are remembered."""
        return self._last(text)

    def _query(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self.queries([text])[0]
        vector.flags.writeable = False
        return vector

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """Why it does not run on OpenVINO though it should; empty where it does."""
        if self._why is None and self._copies is not None and self._backend is None and not self._has_copy():
            return (f"{self.id} runs on torch, slower: there is no OpenVINO copy. `ask-notes ingest` makes one.",)
        return (self._why,) if self._why else ()

    @property
    def quick(self) -> bool:
        """Whether it loads in well under a second: an OpenVINO copy is there, and torch is not needed."""
        return self._has_copy()

    @property
    def lacks_copy(self) -> bool:
        """Whether `prepare` has something to do: no whole copy is there for OpenVINO, which should compute."""
        return self._copies is not None and find_copy(self._copies, key_of(self._folder)) is None

    def prepare(self) -> bool:
        """Make OpenVINO's copy of the model where one is wanted and missing: seconds, once for these weights.

        Returns whether it was made now. A model that cannot be exported stays with torch, and `fallbacks` says why.

        Raises:
            NoModel: int8 is asked for, which only OpenVINO computes.
            BadConfiguration: a model that does not pool by the mean.
        """
        require_mean(self._folder, self.id)
        if self._copies is None or not self.lacks_copy:
            return False
        try:
            keep_copy(self._copies, key_of(self._folder), lambda into: export(self._folder, self.id, into))
        except Exception as error:  # torch, the traced model and OpenVINO raise what they like
            _log.debug("export of %s", self.id, exc_info=True)
            self._fall_back(f"OpenVINO could not take it over ({_kind(error)})")
            return False
        return True

    def load(self) -> None:
        """Load the weights now instead of at the first text; safe to call from any thread.

        Raises:
            NoModel: files that are damaged or of a kind that is not supported.
            BadConfiguration: a model that does not pool by the mean.
        """
        with self._loading:
            if self._backend is None:
                self._backend = self._load()

    def _load(self) -> OpenVINOEncoder | TorchEncoder:
        require_mean(self._folder, self.id)
        if self._copies is not None:
            copy = find_copy(self._copies, key_of(self._folder))
            if copy is None:
                self._fall_back("there is no OpenVINO copy. `ask-notes ingest` makes one")
            else:
                try:
                    return OpenVINOEncoder.load(copy, self._dtype, self._threads)
                except RuntimeError as error:
                    _log.debug("copy of %s", self.id, exc_info=True)
                    self._fall_back(f"OpenVINO cannot read its copy ({_kind(error)})")
        assert self._dtype != "int8"
        return TorchEncoder.load(self._folder, self.id, self._dtype, self._threads)

    def _has_copy(self) -> bool:
        return self._copies is not None and (self._copies / key_of(self._folder)).is_dir()

    def _fall_back(self, why: str) -> None:
        """Stay with torch from here on, and say it once.

        Raises:
            NoModel: torch cannot stand in, because int8 is asked for.
        """
        if self._dtype == "int8":
            raise NoModel(
                f"{self.id} cannot run in int8: {why}. Set encoder.dtype = auto, then `ask-notes ingest --re-embed`."
            )
        self._copies = None
        self._why = f"{self.id} runs on torch, slower: {why}."
        # Not a warning: whoever opened the encoder says `fallbacks` to the person, in that language.
        _log.info("%s", self._why)

    def _embed(self, inputs: list[str], progress: Progress | None) -> NDArray[np.float32]:
        rows, owners = self._windows(inputs)
        vectors = np.empty((len(rows), self.dim), dtype=np.float32)
        if not rows:
            return vectors
        self.load()
        assert self._backend is not None
        groups = self._groups([len(row) for row in rows])
        batches = [_padded([rows[row] for row in group]) for group in groups]
        # A question is one batch: all cores work on it. Many batches share the cores.
        found = [self._backend.vectors(*batches[0])] if len(batches) == 1 else self._backend.stream(batches)
        for group, vector in zip(groups, found, strict=True):
            vectors[group] = vector
            if progress is not None:
                progress(len(group))
        return (
            vectors if len(rows) == len(inputs) else _gather(vectors, owners, [len(row) for row in rows], len(inputs))
        )

    def _windows(self, inputs: list[str]) -> tuple[list[list[int]], list[int]]:
        """Token ids by row, each within the window, and the input that each row belongs to."""
        rows: list[list[int]] = []
        owners: list[int] = []
        window = self.tokenizer.window
        for number, encoding in enumerate(self.tokenizer.encode(inputs)):
            ids = encoding.ids
            if len(ids) <= window:
                rows.append(ids)
                owners.append(number)
                continue
            _log.warning("a text of %d tokens is read in windows of %d by %s", len(ids), window, self.id)
            head, tail = ids[:1], ids[-1:]
            room = window - 2
            for start in range(1, len(ids) - 1, room):
                rows.append(head + ids[start : min(start + room, len(ids) - 1)] + tail)
                owners.append(number)
        return rows, owners

    def _groups(self, lengths: list[int]) -> list[list[int]]:
        """Rows of each batch: the longest first, so that a row's neighbours are as long and little is padded."""
        order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
        groups: list[list[int]] = []
        position = 0
        while position < len(order):
            rows = max(1, self._batch_tokens // lengths[order[position]])
            groups.append(order[position : position + rows])
            position += rows
        return groups


def _padded(rows: list[list[int]]) -> Batch:
    """Token ids and mask of some rows, int64 (rows, longest)."""
    width = max(map(len, rows))
    ids = np.zeros((len(rows), width), dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return ids, mask


def _kind(error: Exception) -> str:
    """An error in a few words and without paths: what libraries say goes on for pages."""
    if isinstance(error, AskNotesError):
        return str(error).rstrip(".")
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _gather(vectors: NDArray[np.float32], owners: list[int], lengths: list[int], n: int) -> NDArray[np.float32]:
    """Mean of each input's windows, weighted by their tokens, at unit length."""
    gathered = np.zeros((n, vectors.shape[1]), dtype=np.float32)
    np.add.at(gathered, owners, vectors * np.asarray(lengths, dtype=np.float32)[:, None])
    gathered /= np.linalg.norm(gathered, axis=1, keepdims=True)
    return gathered
