"""How likely each of a few words is to begin an answer, read from the logits of its first token; nothing is written.

Takes words in groups ("yes": yes, Yes, 예 ...), a tokenizer and logits, or what a server says of its likeliest tokens.
Knows no prompt and no meaning of the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.generation.sampling import Sampler

if TYPE_CHECKING:
    import torch

Groups = Mapping[str, Sequence[str]]
"""Words by the name of what they say."""

METADATA = "among"
"""Where a model's last piece carries the probability of each group: `response_metadata["among"]["yes"]`."""


def first_ids(tokenizer: Any, groups: Groups) -> dict[str, list[int]]:
    """For each group the ids with which the tokenizer begins its words; an id that begins words of two tells nothing.

    A group may come out empty.
    """
    found = {
        name: {tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words}
        for name, words in groups.items()
    }
    return {
        name: sorted(ids.difference(*(other for key, other in found.items() if key != name)))
        for name, ids in found.items()
    }


class FirstToken(Sampler):
    """Sits where a sampler sits, and keeps how likely each group was instead of choosing."""

    def __init__(self, ids: Mapping[str, Sequence[int]]) -> None:
        super().__init__(temperature=0, top_p=1, top_k=0, seed=0)
        self._ids = ids
        self.shares: dict[str, float] = {}

    def choose(self, logits: torch.Tensor) -> int:
        """Any token: nobody reads it. `shares` then hold the groups' probabilities among the whole vocabulary."""
        import numpy as np

        values = logits.float().cpu().numpy().astype(np.float64)  # (vocabulary,)
        odds = np.exp(values - values.max())
        total = odds.sum()
        self.shares = {name: float(odds[list(ids)].sum() / total) for name, ids in self._ids.items()}
        return 0


def shares_of(likeliest: Iterable[Mapping[str, Any]], groups: Groups) -> dict[str, float]:
    """The same from a server's likeliest first tokens, each {"token", "logprob"}: what is not among them counts 0.

    A token belongs to a group if it is one of its words, or begins one that is not Latin: 아 of 아니.
    """
    import math

    shares = dict.fromkeys(groups, 0.0)
    for one in likeliest:
        token = str(one.get("token", "")).strip()
        meant = [name for name, words in groups.items() if any(_begins(token, word) for word in words)]
        if len(meant) == 1:
            shares[meant[0]] += math.exp(float(one["logprob"]))
    return shares


def _begins(token: str, word: str) -> bool:
    # "n" begins much else.
    return bool(token) and (token == word or (not word.isascii() and word.startswith(token)))
