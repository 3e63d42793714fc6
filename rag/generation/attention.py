"""Attention for a CPU, registered with transformers: causal row blocks for reading, grouped heads for writing.

Two forms of one computation. `BLOCKED` stands in for sdpa in any model of transformers, with its padded
batches and its cache. `RAGGED` serves steps.py: the rows of many sequences lie one after another in one
row of the batch, and every sequence has its own keys and values, so nothing is padded or repeated. On
other devices than a CPU both use torch's own kernels. Knows no chat and no requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from rag.generation.memory import Memory

BLOCKED, RAGGED = "ask_notes_blocked", "ask_notes_ragged"
# Rows of a prompt that meet the keys together. Fewer make small products, more compute what causality hides.
_ROWS = 128
# From so many keys on, two plain products for one row are faster than torch's own attention.
_FEW_KEYS = 512
_NOT_OURS = ("softcap", "s_aux", "position_bias")


def register() -> None:
    """Make `attn_implementation = BLOCKED` and `RAGGED` known to transformers; again does no harm."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(BLOCKED, blocked)
    AttentionMaskInterface.register(BLOCKED, sdpa_mask)
    # RAGGED has no mask function: transformers then makes no mask, and the parts say who sees what.
    AttentionInterface.register(RAGGED, ragged)


def check(model: Any) -> None:
    """Whether RAGGED computes all of this model's layers.

    Raises:
        ValueError: it has layers that keep something else than keys and values, or its own attention.
    """
    kinds = set(getattr(model.config, "layer_types", None) or ["full_attention"])
    strange = sorted(kinds - {"full_attention", "sliding_attention"})
    if strange or not model._supports_attention_backend:
        found = ", ".join(strange) or "attention of its own"
        raise ValueError(f"{type(model).__name__} has {found}; serve it elsewhere and set generator.base_url")


@dataclass(frozen=True, slots=True)
class Part:
    """Rows `start` to `end` of a step belong to the sequence with this memory."""

    memory: Memory
    start: int
    end: int


def ragged(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: None,
    scaling: float,
    *,
    parts: Sequence[Part],
    last: bool = False,
    sliding_window: int | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Each part's rows against all that its memory holds, themselves included.

    Query is (1, heads, rows, head size), key and value are the same with fewer heads; returned is
    (1, rows, heads, head size). `last`: the queries are those of each part's last row alone. A mask is not
    looked at.
    """
    _refuse(kwargs)
    _, heads, rows, size = query.shape
    output = query.new_empty(1, rows, heads, size)
    for number, part in enumerate(parts):
        span = slice(part.start, part.end)
        keys, values = part.memory.write(module.layer_idx, key[0, :, span], value[0, :, span])
        asking = slice(number, number + 1) if last else span
        length = part.memory.length + part.end - part.start
        output[0, asking] = _attend(query[0, :, asking], keys, values, scaling, length, window=sliding_window)
    return output, None


def blocked(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """The same for a padded batch.

    Query is (b, heads, n, head size), key and value (b, kv heads, s, head size), the mask bool (b, 1, n, s),
    true where a row sees a key, or None: causal. Returned is (b, n, heads, head size).
    """
    _refuse(kwargs)
    batch, heads, rows, size = query.shape
    output = query.new_empty(batch, rows, heads, size)
    for number in range(batch):
        seen = None if attention_mask is None else attention_mask[number % len(attention_mask), 0]
        output[number] = _attend(query[number], key[number], value[number], scaling, key.shape[2], seen=seen)
    return output, None


def _attend(
    query: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    scaling: float,
    length: int,
    *,
    seen: torch.Tensor | None = None,
    window: int | None = None,
) -> torch.Tensor:
    """(heads, n, d) against the first `length` of (kv heads, s, d), the last row at the last key -> (n, heads, d)."""
    rows, on_cpu = query.shape[1], query.device.type == "cpu"
    if rows == 1 and on_cpu and length >= _FEW_KEYS:
        return _one_row(query, keys, values, scaling, length, seen, window)
    if seen is None and (not on_cpu or (window and window < length)):
        seen = _causal(rows, length, window, query.device)
    compute = _row_blocks if on_cpu and rows > 1 else _kernel
    return compute(query, keys[:, :length], values[:, :length], scaling, seen)


def _one_row(
    query: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    scaling: float,
    length: int,
    seen: torch.Tensor | None,
    window: int | None,
) -> torch.Tensor:
    """Two products over all the room there is, which lies in one piece; a part of it would be copied first."""
    import torch

    heads, _, size = query.shape
    grouped = (query * scaling).reshape(len(keys), -1, size)
    scores = torch.bmm(grouped, keys.transpose(1, 2))  # (kv heads, groups, room)
    scores[..., length:] = -torch.inf
    if window:
        scores[..., : max(0, length - window)] = -torch.inf
    if seen is not None:
        # A finite floor: a row of padding sees nothing at all, and its softmax must not be NaN.
        scores[..., :length].masked_fill_(~seen[0, :length], torch.finfo(scores.dtype).min)
    return torch.bmm(scores.softmax(dim=-1), values).view(1, heads, size)


def _kernel(
    query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scaling: float, seen: torch.Tensor | None
) -> torch.Tensor:
    """The attention of torch itself; heads that share keys stand as rows of one head, so that nothing is repeated."""
    from torch.nn.functional import scaled_dot_product_attention

    heads, rows, size = query.shape
    groups = heads // len(keys)
    packed = query.reshape(1, len(keys), groups * rows, size)
    if seen is not None:
        seen = seen.repeat(groups, 1)
    output = scaled_dot_product_attention(packed, keys[None], values[None], attn_mask=seen, scale=scaling)
    return output.view(heads, rows, size).transpose(0, 1)


def _row_blocks(
    query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scaling: float, seen: torch.Tensor | None
) -> torch.Tensor:
    """Plain products over blocks of rows, each with the keys up to its last row alone.

    In bfloat16 the scores are rounded before the softmax, as in transformers' eager attention.
    """
    import torch

    heads, rows, size = query.shape
    shared, length = len(keys), keys.shape[1]
    past = length - rows
    grouped = (query if scaling == 1 else query * scaling).reshape(shared, heads // shared, rows, size)
    output = query.new_empty(rows, heads, size)
    # Added, not filled in: that is one plain pass.
    later = query.new_full((_ROWS, _ROWS), -torch.inf).triu_(1)
    for start in range(0, rows, _ROWS):
        end = min(start + _ROWS, rows)
        reach = past + end
        block = grouped[:, :, start:end].reshape(shared, -1, size)
        # Copied before it is turned: the product would copy it turned, which takes six times as long.
        near = keys[:, :reach].contiguous()
        scores = torch.bmm(block, near.transpose(1, 2))  # (kv heads, groups * block rows, reach)
        each = scores.view(shared, -1, end - start, reach)
        if seen is not None:
            # A finite floor: a row of padding sees nothing at all, and its softmax must not be NaN.
            each.masked_fill_(~seen[start:end, :reach], torch.finfo(scores.dtype).min)
        else:
            each[..., past + start :].add_(later[: end - start, : end - start])
        mixed = torch.bmm(scores.softmax(dim=-1), values[:, :reach])
        output[start:end] = mixed.view(heads, end - start, size).transpose(0, 1)
    return output


def _causal(rows: int, length: int, window: int | None, device: torch.device) -> torch.Tensor | None:
    """Bool (rows, length), true where a row sees a key; None where it sees all."""
    import torch

    if rows == 1 and not (window and window < length):
        return None
    last = torch.arange(length - rows, length, device=device)[:, None]
    at = torch.arange(length, device=device)
    seen = at <= last
    return seen & (at > last - window) if window else seen


def _refuse(options: dict[str, Any]) -> None:
    if found := [name for name in _NOT_OURS if options.get(name) is not None]:
        raise ValueError(f"attention with {', '.join(found)} is not known here; take a model without")
