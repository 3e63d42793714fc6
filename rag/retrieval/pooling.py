"""How an encoder makes one vector of many: read from the model folder's own files, checked, and done.

sentence-transformers writes `modules.json` and `1_Pooling/config.json`; a folder without them (a plain
transformers model) is pooled by the mean, as sentence-transformers itself does. No torch in here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import BadConfiguration

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Token ids and their mask, int64 (batch, width) each.
Batch = tuple["NDArray[np.int64]", "NDArray[np.int64]"]
_KNOWN = ("Transformer", "Pooling", "Normalize")
_FLAG = "pooling_mode_"


def require_mean(folder: Path, encoder_id: str) -> None:
    """Refuse a model that does not take the mean over its tokens, or that computes more after it.

    Raises:
        BadConfiguration: another pooling, or a module behind it; the message names it.
    """
    modules = _read(folder / "modules.json") or []
    others = [kind for module in modules if (kind := str(module.get("type", "")).rsplit(".", 1)[-1]) not in _KNOWN]
    pooling = [module for module in modules if str(module.get("type", "")).endswith("Pooling")]
    modes = _modes(_read(folder / str(pooling[0].get("path", "")) / "config.json")) if pooling else ["mean"]
    if others or modes != ["mean"]:
        found = f"has a {others[0]} module" if others else f"pools by {', '.join(modes)}"
        raise BadConfiguration(f"{encoder_id} {found}; encoders with mean pooling are supported (E5, MiniLM).")


def unit_means(hidden: NDArray[np.float32], mask: NDArray[np.int64]) -> NDArray[np.float32]:
    """Mean of the token vectors under the mask, at unit length, float32 (batch, dim).

    `hidden` is float32 (batch, width, dim), `mask` (batch, width) with 1 for a token and 0 for padding:
    padding has no part in the mean.
    """
    weights = mask.astype(np.float32)
    means = np.einsum("bwd,bw->bd", hidden, weights) / weights.sum(1, keepdims=True)
    unit: NDArray[np.float32] = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit


def _modes(config: Any) -> list[str]:
    named = config.get("pooling_mode") if isinstance(config, dict) else None
    if named is not None:
        return [named] if isinstance(named, str) else [str(mode) for mode in named]
    flags = config if isinstance(config, dict) else {}
    modes = [name.removeprefix(_FLAG) for name, on in flags.items() if name.startswith(_FLAG) and on is True]
    return [mode.removesuffix("_tokens") for mode in modes] or ["mean"]


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
