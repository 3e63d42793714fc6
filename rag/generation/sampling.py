"""Logits -> the next token: greedy, or temperature, top-k and top-p with a seed of its own.

Knows no model; one Sampler belongs to one answer, so that answers generated side by side don't disturb
each other's randomness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class Sampler:
    """Chooses tokens one after another; the same seed and the same logits give the same tokens."""

    def __init__(self, *, temperature: float, top_p: float, top_k: int, seed: int | None) -> None:
        import torch

        self._temperature = temperature
        self._top_p = top_p
        self._top_k = top_k
        self._random = torch.Generator()
        if seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(seed)

    def choose(self, logits: torch.Tensor) -> int:
        """A token id from logits, any float dtype (vocabulary,)."""
        import torch

        if self._temperature == 0:
            return int(logits.argmax())
        odds, ids = self.distribution(logits)
        return int(ids[torch.multinomial(odds, 1, generator=self._random)])

    def distribution(self, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Probabilities float32 (n,), falling, and token ids int64 (n,) of the tokens that may be chosen.

        Source: Holtzman et al. 2020, The Curious Case of Neural Text Degeneration (top-p); as in
        transformers, temperature comes first, then top-k, then top-p.
        """
        import torch

        scaled = logits.float().cpu() / self._temperature
        kept = min(self._top_k, len(scaled)) if self._top_k else len(scaled)
        values, ids = torch.topk(scaled, kept)  # (n,), falling
        odds = values.softmax(dim=0)
        # A token stays while those before it have not filled the nucleus; the first always stays.
        stays = odds.cumsum(dim=0) - odds < self._top_p
        stays[0] = True
        odds = odds[stays]
        return odds / odds.sum(), ids[stays]
