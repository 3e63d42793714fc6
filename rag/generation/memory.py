"""What a sequence keeps of its tokens, and what prompts that begin alike need not compute again.

`Memory` is the keys and values of one sequence in every layer; `Prefixes` keeps those of the last prompts.
Knows no model; who computes tells the lengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# Room that a memory takes at once, in tokens.
_GROWTH = 256
# Bytes that are taken together, at least: glibc keeps smaller pieces (up to 32 MiB) in heaps that never shrink while
# anything in them is in use, and prompts of many lengths leave such heaps mostly empty.
_PIECE = 40 * 2**20
_LAYERS = 32  # in one piece, at most
# An old prompt is cut to its head, where the system message stands, before it is forgotten.
_HEAD = 256
# Copying less than this saves nothing.
_LEAST = 16
# Prompts that share so much have the same system message.
_ALIKE = 64


class Memory:
    """Keys and values of one sequence in every layer; room is taken ahead, so that a token copies only itself.

    Written and read under `torch.inference_mode`. `expected`: tokens that it will probably hold.
    """

    def __init__(self, expected: int = 0) -> None:
        self.length = 0
        self._expected = expected
        self._layers: dict[int, torch.Tensor] = {}  # (2, kv heads, capacity, head size)
        self._spare: list[torch.Tensor] = []

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Put (kv heads, n, head size) behind `length` and return all the room, (kv heads, capacity, head size).

        `length` stays: what was written behind it, by a step that failed, is written over. What lies behind the
        n is finite in the values and anything in the keys.
        """
        end = self.length + keys.shape[1]
        held = self._layers.get(layer)
        if held is None or held.shape[2] < end:
            grown = self._room(keys, max(end + _GROWTH, self._expected))
            if held is not None:
                grown[:, :, : self.length] = held[:, :, : self.length]
            grown[1, :, end:] = 0
            self._layers[layer] = held = grown
        held[0, :, self.length : end] = keys
        held[1, :, self.length : end] = values
        return held[0], held[1]

    def head(self, tokens: int, expected: int = 0) -> Memory:
        """A copy of the first `tokens`, with room for `expected`."""
        copy = Memory(expected)
        copy.length = tokens
        for layer, held in self._layers.items():
            taken = copy._room(held[0], max(tokens, expected))
            taken[:, :, :tokens] = held[:, :, :tokens]
            taken[1, :, tokens:] = 0
            copy._layers[layer] = taken
        return copy

    def _room(self, like: torch.Tensor, tokens: int) -> torch.Tensor:
        """(2, kv heads, tokens, head size), uninitialised, for a layer with (kv heads, any, head size) like these."""
        shape = (2, like.shape[0], tokens, like.shape[2])
        if like.device.type != "cpu":
            return like.new_empty(shape)
        if not self._spare or self._spare[-1].shape != shape:
            layers = -(-_PIECE // (prod(shape) * like.itemsize))
            # What is never written costs no memory.
            self._spare = list(like.new_empty(min(layers, _LAYERS), *shape))
        return self._spare.pop()


class Prefixes:
    """Copies of the memories of the last prompts, of at most `budget` tokens together.

    A token takes 112 KiB of Qwen3-0.6B in bfloat16, so 2,048 tokens take 224 MiB.
    """

    def __init__(self, budget: int = 2048) -> None:
        self._budget = budget
        self._kept: list[tuple[list[int], Memory]] = []  # the one used last stands last

    def __len__(self) -> int:
        return sum(memory.length for _, memory in self._kept)

    def start(self, prompt: Sequence[int], expected: int) -> Memory:
        """A memory that holds as much of the prompt's beginning as is known, its last token never."""
        found = max(self._kept, key=lambda kept: _common(kept[0], prompt), default=None)
        tokens = 0 if found is None else min(_common(found[0], prompt), len(prompt) - 1)
        if found is None or tokens < _LEAST:
            return Memory(expected)
        self._kept.append(self._kept.pop(self._kept.index(found)))
        return found[1].head(tokens, expected)

    def keep(self, prompt: Sequence[int], memory: Memory) -> None:
        """Remember a prompt that was read; older ones are cut to their heads, then forgotten, as the budget asks."""
        ids = list(prompt[: self._budget])
        # A head whose beginning this one has too is of no more use; a whole prompt may be asked again.
        self._kept = [kept for kept in self._kept if len(kept[0]) > _HEAD or _common(kept[0], ids) < _ALIKE]
        self._kept = [kept for kept in self._kept if _common(kept[0], ids) < len(kept[0])]
        self._kept.append((ids, memory.head(len(ids))))
        while len(self) > self._budget:
            whole = next((n for n, (known, _) in enumerate(self._kept[:-1]) if len(known) > _HEAD), None)
            known, held = self._kept.pop(whole or 0)
            if whole is not None and all(_common(known, other) < _ALIKE for other, _ in self._kept):
                self._kept.insert(whole, (known[:_HEAD], held.head(_HEAD)))


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return number
    return min(len(one), len(other))
