"""Weights of what a word is in its question (rag/retrieval/weighing.py); part of `python -m benchmarks.rerank_fit`.

The shares of a question that its proposals say depend on the weights of its words, and these on the traits: fitted
together with a weight for each share, by gradient steps on a few questions at a time.
Needs torch, for its derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.retrieval.kin import Kin
from rag.retrieval.lexical import LexicalIndex
from rag.retrieval.rerank import DEPTH, Proposal
from rag.retrieval.weighing import TRAITS, degrees, headed, words
from rag.text import asked, bigrams, latin_words

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

EPOCHS, BATCH, RATE, RIDGE, RIDGE_OF_SHARES = 12, 128, 0.02, 3e-3, 1e-3
# What a share adds to a score at a weight of one.
_REACH = 5


@dataclass(frozen=True, slots=True)
class Said:
    """How far the proposals say the words of some questions; all float32 or float16, padded with zeros.

    traits: (questions, words, TRAITS); rarity: (questions, words), 0 where no word is; degree: (questions, DEPTH,
    chunks, words); headed: (questions, DEPTH, words).
    """

    traits: NDArray[np.float32]
    rarity: NDArray[np.float32]
    degree: NDArray[np.float16]
    headed: NDArray[np.float16]

    def __getitem__(self, which: NDArray[np.bool_]) -> Said:
        return Said(self.traits[which], self.rarity[which], self.degree[which], self.headed[which])


def said_by(
    asking: Sequence[tuple[str, Sequence[Proposal]]], lexical: LexicalIndex, kin: Kin | None, most: int = 16
) -> Said:
    """Look at the proposals of each question; of its words and of their chunks the first `most` are enough."""
    size = len(asking)
    traits = np.zeros((size, most, len(TRAITS)), dtype=np.float32)
    rarity = np.zeros((size, most), dtype=np.float32)
    degree = np.zeros((size, DEPTH, most, most), dtype=np.float16)
    above = np.zeros((size, DEPTH, most), dtype=np.float16)
    for at, (question, found) in enumerate(asking):
        read = words(asked(question), lexical)
        if not found or not read.forms:
            continue
        count = min(len(read.forms), most)
        traits[at, :count], rarity[at, :count] = read.traits[:count], read.rarity[:count]
        terms = list(dict.fromkeys([*read.terms, *(gram for grams in read.grams for gram in grams)]))
        rows = np.concatenate([np.arange(p.held.first, p.held.last + 1, dtype=np.int64) for p in found])
        held = lexical.chunks.gains(terms, rows) > 0
        far = degrees(read, held, {term: place for place, term in enumerate(terms)}, rows, kin)[:count]
        headings = [proposal.held.heading for proposal in found]
        parts = [set(bigrams(heading)) | set(latin_words(heading)) for heading in headings]
        above[at, : len(found), :count] = headed(read, headings, parts)[:count].T
        first = 0
        for place, proposal in enumerate(found):
            chunks = proposal.held.last - proposal.held.first + 1
            few = min(chunks, most)
            degree[at, place, :few, :count] = far[:, first : first + few].T
            first += chunks
    return Said(traits, rarity, degree, above)


def fit_traits(
    said: Said, gold: NDArray[np.bool_], given: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """TRAIT_WEIGHTS and weights of the six shares that make the gold proposal likeliest.

    `given` (questions, DEPTH) are the scores that they add to.
    """
    import torch

    traits, rarity = torch.from_numpy(said.traits), torch.from_numpy(said.rarity)
    degree, above = torch.from_numpy(said.degree), torch.from_numpy(said.headed)
    given_, gold_ = torch.from_numpy(given.astype(np.float32)), torch.from_numpy(gold)
    of_traits = torch.zeros(len(TRAITS), requires_grad=True)
    of_shares = torch.zeros(6, requires_grad=True)
    optimiser = torch.optim.Adam([of_traits, of_shares], lr=RATE)
    draw = np.random.default_rng(0)
    steps = EPOCHS * -(-len(gold) // BATCH)
    falling = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    for _ in range(EPOCHS):
        order = torch.from_numpy(draw.permutation(len(gold)))
        for some in order.split(BATCH):
            weighed = rarity[some] * torch.exp(traits[some] @ of_traits)
            shares = weighed / weighed.sum(1, keepdim=True).clamp(min=1e-6)
            values = torch.stack(_shares(degree[some].float(), above[some].float(), shares), -1)
            odds = torch.log_softmax(given_[some] + _REACH * (values @ of_shares), 1)
            likely = torch.logsumexp(odds.masked_fill(~gold_[some], -1e9), 1).mean()
            loss = RIDGE * of_traits.square().sum() + RIDGE_OF_SHARES * of_shares.square().sum() - likely
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            falling.step()
    return of_traits.detach().numpy(), _REACH * of_shares.detach().numpy()


def shares_of(said: Said, of_traits: NDArray[np.float32]) -> NDArray[np.float32]:
    """The six shares of each proposal under some weights of traits, float32 (questions, DEPTH, 6)."""
    import torch

    found = []
    for first in range(0, len(said.rarity), BATCH):
        part = slice(first, first + BATCH)
        weighed = said.rarity[part] * np.exp(said.traits[part] @ of_traits)
        shares = torch.from_numpy(weighed / np.maximum(weighed.sum(1, keepdims=True), 1e-6))
        degree, above = torch.from_numpy(said.degree[part]).float(), torch.from_numpy(said.headed[part]).float()
        found.append(torch.stack(_shares(degree, above, shares), -1).numpy())
    return np.concatenate(found)


def _shares(degree: torch.Tensor, above: torch.Tensor, shares: torch.Tensor) -> list[torch.Tensor]:
    """As `weighing.together` gives them, without the heading and with it: (questions, DEPTH) each."""
    found: list[torch.Tensor] = []
    # What stands in the heading is said by every chunk; one that is not there has no words of its own, and loses.
    for here in (degree, (degree + (above.unsqueeze(2) - degree).clamp(min=0))):
        by_one = (here @ shares[:, None, :, None]).squeeze(-1).amax(2)
        two = here[:, :, :-1].maximum(here[:, :, 1:])
        by_two = (two @ shares[:, None, :, None]).squeeze(-1).amax(2)
        whole = (here.amax(2) @ shares[:, :, None]).squeeze(-1)
        found += [whole, by_one, by_one.maximum(by_two)]
    return found
