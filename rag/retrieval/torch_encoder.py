"""An encoder's token vectors by torch: loaded by sentence-transformers, on the first of cuda, mps and cpu.

Token ids go in, unit vectors of float32 come out. Knows no text and no prefix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import NoModel
from rag.hardware import Precision, device, precision
from rag.packing import pack_linears
from rag.retrieval.pooling import Batch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TorchEncoder:
    """The reference backend."""

    name = "torch"

    def __init__(self, model: Any) -> None:
        """`model` is a SentenceTransformer; make one with `load`."""
        self.model = model

    @classmethod
    def load(cls, folder: Path, encoder_id: str, dtype: Precision, threads: int | None) -> TorchEncoder:
        """Load from a folder: safetensors only, no network.

        Raises:
            NoModel: files that are damaged or of a kind that is not supported.
        """
        import torch
        from safetensors import SafetensorError

        # Imported whole first: two threads that take names out of it at once found some of them missing.
        import_module("transformers")
        from sentence_transformers import SentenceTransformer

        # The libraries' own bars and notices would end up between a person's question and the answer.
        from transformers.utils import logging as transformers_logging

        if threads:
            torch.set_num_threads(threads)
        place = device()
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = SentenceTransformer(
                str(folder),
                device=place,
                local_files_only=True,
                model_kwargs={"dtype": precision(dtype, place), "use_safetensors": True},
            )
        except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
            raise NoModel(f"The encoder {encoder_id} cannot be loaded: {error}. Fetch it again.") from error
        model.eval()
        if place == "cpu":
            pack_linears(model[0])
        return cls(model)

    def vectors(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Unit vectors, float32 (batch, dim), of padded token ids and their mask, int64 (batch, width)."""
        import torch

        with torch.inference_mode():
            features = {
                "input_ids": torch.from_numpy(ids).to(self.model.device),
                "attention_mask": torch.from_numpy(mask).to(self.model.device),
            }
            hidden = self.model[0](features)["token_embeddings"].float()  # (batch, width, dim)
            weights = features["attention_mask"].unsqueeze(-1).float()
            # The mask keeps padding out of the mean; summing in float32 keeps bf16's error out of it.
            mean = (hidden * weights).sum(1) / weights.sum(1)
            unit: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=1).cpu().numpy()
        return unit

    def stream(self, batches: Iterable[Batch]) -> Iterator[NDArray[np.float32]]:
        """`vectors` of many batches, in their order."""
        for ids, mask in batches:
            yield self.vectors(ids, mask)
