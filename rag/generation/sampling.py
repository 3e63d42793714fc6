"""Logits -> the next token: greedy, or temperature, top-k and top-p with a seed of its own; repetition penalty.

Knows no model; one Sampler belongs to one answer, so that answers generated side by side don't disturb
each other's randomness.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class Sampler:
    """Chooses tokens one after another; the same seed and the same logits give the same tokens.

    `repetition_penalty` weakens what was `seen`, the prompt, and what was chosen; 1 weakens nothing.
    """

    def __init__(
        self,
        *,
        temperature: float,
        top_p: float,
        top_k: int,
        seed: int | None,
        repetition_penalty: float = 1.0,
        seen: Iterable[int] = (),
    ) -> None:
        import torch

        self._temperature = temperature
        self._top_p = top_p
        self._top_k = top_k
        self._penalty = repetition_penalty
        self._seen = set(seen) if repetition_penalty != 1 else set()
        self._random = torch.Generator()
        if seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(seed)

    def choose(self, logits: torch.Tensor) -> int:
        """A token id from logits, any float dtype (vocabulary,)."""
        import torch

        if self._penalty != 1:
            logits = self.penalised(logits)
        if self._temperature == 0:
            token = _argmax(logits)
        else:
            odds, ids = self.distribution(logits)
            token = int(ids[torch.multinomial(odds, 1, generator=self._random)])
        if self._penalty != 1:
            self._seen.add(token)
        return token

    def penalised(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits with those of tokens that were seen divided by the penalty, or multiplied where they are negative.

        Source: Keskar et al. 2019, CTRL, section 4.1, with the sign looked at as in transformers.
        """
        import torch

        weakened = logits.float().cpu()
        places = torch.tensor(sorted(self._seen), dtype=torch.long)
        values = weakened[places]
        return weakened.index_put((places,), torch.where(values < 0, values * self._penalty, values / self._penalty))

    def distribution(self, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Probabilities float32 (n,), falling, and token ids int64 (n,) of the tokens that may be chosen.

        Source: Holtzman et al. 2020, The Curious Case of Neural Text Degeneration (top-p). The result is that
        of transformers, where temperature comes before top-k; it changes no order, so it may come after.
        """
        kept = min(self._top_k, len(logits)) if self._top_k else len(logits)
        values, ids = _largest(logits.float().cpu(), kept)  # (n,), falling
        odds = (values / self._temperature).softmax(dim=0)
        # A token stays while those before it have not filled the nucleus; the first always stays.
        stays = odds.cumsum(dim=0) - odds < self._top_p
        stays[0] = True
        odds = odds[stays]
        return odds / odds.sum(), ids[stays]


# Logits that are first seen by their largest one.
_GROUP = 128


def _argmax(logits: torch.Tensor) -> int:
    # numpy: torch would wake all its threads for this, beside those of the model.
    return int(logits.argmax()) if logits.is_cuda else int(logits.float().cpu().numpy().argmax())


def _largest(logits: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The `count` largest of logits float32 (vocabulary,) and where they are, falling; torch.topk save among equals.

    They lie in the `count` groups with the largest maxima: to sort those is several times as fast as to sort all.
    """
    import torch

    groups = len(logits) // _GROUP
    if count >= groups:
        return torch.topk(logits, count)
    # A group is a column of (group size, groups).
    maxima = torch.from_numpy(logits[: groups * _GROUP].view(_GROUP, groups).numpy().max(axis=0))
    columns = maxima.topk(count).indices
    inside = (torch.arange(_GROUP)[:, None] * groups + columns).flatten()
    ids = torch.cat([inside, torch.arange(groups * _GROUP, len(logits))])
    values, chosen = torch.topk(logits[ids], count)
    return values, ids[chosen]
