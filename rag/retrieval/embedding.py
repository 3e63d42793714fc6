"""E5Embeddings: prefix, tokenise, masked mean pooling, unit length.

Texts go in, float32 vectors of unit length come out. The weights are loaded by sentence-transformers at
the first text; batches are sorted by length and cut by a budget of padded tokens, so that next to no
padding is computed. Nothing is truncated: a text beyond the encoder's window is read window by window.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from langchain_core.embeddings import Embeddings

from rag.errors import BadConfiguration, NoModel
from rag.hardware import Precision, device, precision
from rag.models import EncoderFiles
from rag.retrieval.packing import pack_linears
from rag.retrieval.tokens import EncoderTokenizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)
Progress = Callable[[int], None]


class E5Embeddings(Embeddings):
    """An encoder with mean pooling (E5 and its like) behind LangChain's Embeddings.

    Source: Wang et al. 2022, Text Embeddings by Weakly-Supervised Contrastive Pre-training, section 3.
    """

    def __init__(
        self,
        encoder: EncoderFiles,
        *,
        dtype: Precision = "auto",
        batch_tokens: int = 1024,
        threads: int | None = None,
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
        self._dtype = dtype
        self._batch_tokens = batch_tokens
        self._threads = threads
        self._model: Any = None
        self._loading = threading.Lock()

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

    def load(self) -> None:
        """Load the weights now instead of at the first text; safe to call from any thread.

        Raises:
            NoModel: files that are damaged or of a kind that is not supported.
            BadConfiguration: a model that does not pool by the mean.
        """
        with self._loading:
            if self._model is None:
                self._model = self._load()

    def _load(self) -> Any:
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer

        if self._threads:
            torch.set_num_threads(self._threads)
        place = device()
        # The libraries' own bars and notices would end up between a person's question and the answer.
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = SentenceTransformer(
                str(self._folder),
                device=place,
                local_files_only=True,
                model_kwargs={"dtype": precision(self._dtype, place), "use_safetensors": True},
            )
        except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
            raise NoModel(f"The encoder {self.id} cannot be loaded: {error}. Fetch it again.") from error
        pooling = getattr(model[1], "pooling_mode", "mean") if len(model) > 1 else "mean"
        if pooling not in ("mean", ("mean",), ["mean"]):
            raise BadConfiguration(
                f"{self.id} pools by {pooling}; encoders with mean pooling are supported (E5, MiniLM)."
            )
        model.eval()
        if place == "cpu":
            pack_linears(model[0])
        return model

    def _embed(self, inputs: list[str], progress: Progress | None) -> NDArray[np.float32]:
        rows, owners = self._windows(inputs)
        vectors = np.empty((len(rows), self.dim), dtype=np.float32)
        if not rows:
            return vectors
        self.load()
        order = sorted(range(len(rows)), key=lambda row: -len(rows[row]))
        position = 0
        while position < len(order):
            # Sorted by length, so the first row is the longest: it sets the padded width.
            width = len(rows[order[position]])
            batch = order[position : position + max(1, self._batch_tokens // width)]
            vectors[batch] = self._forward([rows[row] for row in batch], width)
            position += len(batch)
            if progress is not None:
                progress(len(batch))
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

    def _forward(self, rows: list[list[int]], width: int) -> NDArray[np.float32]:
        import torch

        ids = torch.zeros((len(rows), width), dtype=torch.long)  # (batch, width)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
            mask[number, : len(row)] = 1
        with torch.inference_mode():
            features = {"input_ids": ids.to(self._model.device), "attention_mask": mask.to(self._model.device)}
            hidden = self._model[0](features)["token_embeddings"].float()  # (batch, width, dim)
            weights = features["attention_mask"].unsqueeze(-1).float()
            # The mask keeps padding out of the mean; summing in float32 keeps bf16's error out of it.
            mean = (hidden * weights).sum(1) / weights.sum(1)
            unit: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=1).cpu().numpy()
        return unit


def _gather(vectors: NDArray[np.float32], owners: list[int], lengths: list[int], n: int) -> NDArray[np.float32]:
    """Mean of each input's windows, weighted by their tokens, at unit length."""
    gathered = np.zeros((n, vectors.shape[1]), dtype=np.float32)
    np.add.at(gathered, owners, vectors * np.asarray(lengths, dtype=np.float32)[:, None])
    gathered /= np.linalg.norm(gathered, axis=1, keepdims=True)
    return gathered
