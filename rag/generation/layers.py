"""The layers of Qwen3 on a CPU with a third of the passes over memory, and the last one for its last rows alone.

`fuse` puts a layer of this room in the place of each of transformers' own, for steps over `attention.Part`s; what
comes out is the same but for rounding. Other models are left as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rag.generation.attention import Part, ragged
from rag.packing import product

if TYPE_CHECKING:
    import torch


def fuse(model: Any) -> bool:
    """Replace the layers of a Qwen3 in place; False: it is another model, and nothing was changed."""
    import torch

    class FusedLayer(torch.nn.Module):
        def __init__(self, layer: Any, *, last: bool) -> None:
            super().__init__()
            self.layer = layer
            self.last = last

        def forward(self, hidden: torch.Tensor, *, parts: Sequence[Part], **given: Any) -> torch.Tensor:
            cos, sin = given["position_embeddings"]
            return forward(self.layer, hidden, cos, sin, parts, last=self.last)

    if model.config.model_type != "qwen3" or model.config.hidden_act != "silu":
        return False
    layers = model.base_model.layers
    for number, layer in enumerate(layers):
        layers[number] = FusedLayer(layer, last=number == len(layers) - 1)
    return True


def is_fused(model: Any) -> bool:
    """Whether only the last row of each part comes out of the model's layers."""
    layers: Any = getattr(getattr(model, "base_model", None), "layers", None)
    return bool(layers) and hasattr(layers[-1], "last")


def forward(
    layer: Any, hidden: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, parts: Sequence[Part], *, last: bool
) -> torch.Tensor:
    """Hidden states (1, rows, width) through one layer -> the same; `last`: (1, parts, width), of each part's last row.

    Cosines and sines of the rows' positions are (1, rows, head size).
    """
    attention, mlp = layer.self_attn, layer.mlp
    rows = hidden[0]
    normed = rms_norm(rows, layer.input_layernorm.variance_epsilon).mul_(layer.input_layernorm.weight)
    key = attention.k_proj(normed).view(len(rows), -1, attention.head_dim)
    key = _turned(rms_norm(key, attention.k_norm.variance_epsilon), attention.k_norm.weight, cos[0], sin[0])
    value = attention.v_proj(normed).view(len(rows), -1, attention.head_dim)
    if last:
        ends = [part.end - 1 for part in parts]
        rows, normed, cos, sin = rows[ends], normed[ends], cos[:, ends], sin[:, ends]
    query = attention.q_proj(normed).view(len(rows), -1, attention.head_dim)
    query = rms_norm(query, attention.q_norm.variance_epsilon, attention.scaling)
    query = _turned(query, attention.q_norm.weight, cos[0], sin[0])
    query, key, value = (states.transpose(0, 1)[None] for states in (query, key, value))
    # Scaled already: its norm did it in the same pass.
    window = attention.sliding_window
    seen, _ = ragged(attention, query, key, value, None, 1.0, parts=parts, last=last, sliding_window=window)
    rows = product(attention.o_proj, seen.view(len(rows), -1), "add", rows)
    norm = layer.post_attention_layernorm
    normed = rms_norm(rows, norm.variance_epsilon).mul_(norm.weight)
    gated = product(mlp.up_proj, normed, "mul", product(mlp.gate_proj, normed, "silu"))
    return product(mlp.down_proj, gated, "add", rows)[None]


def rms_norm(states: torch.Tensor, epsilon: float, scale: float = 1.0) -> torch.Tensor:
    """Contiguous (..., size) over the root of its mean square, times `scale`; float32 inside.

    Source: Zhang and Sennrich 2019, Root Mean Square Layer Normalization.
    """
    import torch

    size = states.shape[-1]
    rows = states.view(1, -1, size)
    squares = torch.linalg.vector_norm(rows[0], dim=-1, dtype=torch.float32).square_().mul_(1 / (size * scale**2))
    # Batch normalisation with each row as a channel multiplies bfloat16 by float32 in one pass; nothing else does.
    normed = torch.batch_norm(
        rows, None, None, torch.zeros_like(squares), squares, False, 0.0, epsilon / scale**2, False
    )
    return normed.view(states.shape)


def _turned(states: torch.Tensor, weight: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """(rows, heads, size) times the norm's weight, turned by the angles of its row; these are (rows, size).

    Source: Su et al. 2021, RoFormer, section 3.4.2, with halves instead of neighbours as pairs.
    """
    half = states.shape[-1] // 2
    low, high = states[..., :half], states[..., half:]
    turned = states * (cos * weight)[:, None]
    turned[..., :half].addcmul_(high, (sin[:, :half] * weight[half:])[:, None], value=-1)
    turned[..., half:].addcmul_(low, (sin[:, half:] * weight[:half])[:, None])
    return turned
