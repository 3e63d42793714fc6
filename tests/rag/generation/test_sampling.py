from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from rag.generation.sampling import Sampler


def sampler(temperature=1.0, top_p=1.0, top_k=0, seed=0):
    return Sampler(temperature=temperature, top_p=top_p, top_k=top_k, seed=seed)


@settings(deadline=None)
@given(
    seed=st.integers(0, 1000),
    temperature=st.sampled_from([0.3, 0.7, 1.0, 1.7]),
    top_k=st.integers(1, 60),
    top_p=st.sampled_from([0.05, 0.5, 0.8, 0.95, 1.0]),
)
def test_the_distribution_is_that_of_transformers(seed, temperature, top_k, top_p):
    logits = torch.randn(50, generator=torch.Generator().manual_seed(seed)) * 3
    warpers = [TemperatureLogitsWarper(temperature), TopKLogitsWarper(top_k)]
    if top_p < 1:
        warpers.append(TopPLogitsWarper(top_p))
    theirs = LogitsProcessorList(warpers)(torch.zeros(1, 1, dtype=torch.long), logits[None])[0].softmax(dim=0)
    odds, ids = sampler(temperature, top_p, top_k).distribution(logits)
    ours = torch.zeros(50).index_put((ids,), odds)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@settings(deadline=None)
@given(seed=st.integers(0, 1000), size=st.integers(120, 9000), top_k=st.integers(1, 40))
def test_the_likeliest_of_a_large_vocabulary_are_those_of_topk(seed, size, top_k):
    logits = torch.randn(size, generator=torch.Generator().manual_seed(seed))
    expected, places = torch.topk(logits, min(top_k, size))
    odds, ids = sampler(top_k=top_k).distribution(logits)
    assert torch.equal(ids, places)
    torch.testing.assert_close(odds, expected.softmax(dim=0))


def test_greedy_takes_the_likeliest():
    assert sampler(temperature=0).choose(torch.tensor([0.0, 3.0, 1.0])) == 1


def test_a_seed_repeats_and_another_one_does_not():
    logits = torch.zeros(1000)
    first, again, other = sampler(seed=1), sampler(seed=1), sampler(seed=2)
    drawn = [first.choose(logits) for _ in range(20)]
    assert drawn == [again.choose(logits) for _ in range(20)]
    assert drawn != [other.choose(logits) for _ in range(20)]


def test_samplers_do_not_disturb_each_other_or_the_world():
    state = torch.random.get_rng_state()
    logits = torch.zeros(1000)
    alone = sampler(seed=1)
    expected = [alone.choose(logits) for _ in range(5)]
    one, two = sampler(seed=1), sampler(seed=9)
    assert [(one.choose(logits), two.choose(logits))[0] for _ in range(5)] == expected
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_frequencies_follow_the_distribution(dtype):
    logits = torch.tensor([2.0, 1.0, 0.0, -20.0]).to(dtype)
    chooser = sampler(seed=3)
    counts = torch.bincount(torch.tensor([chooser.choose(logits) for _ in range(4000)]), minlength=4) / 4000
    torch.testing.assert_close(counts, logits.float().softmax(dim=0), atol=0.03, rtol=0)


@pytest.mark.parametrize("penalty", [1.05, 1.3, 0.8])
def test_the_penalty_of_repetition_is_that_of_transformers(penalty):
    logits = torch.randn(50, generator=torch.Generator().manual_seed(4)) * 3
    seen = [3, 3, 7, 49, int(logits.argmax()), int(logits.argmin())]
    theirs = RepetitionPenaltyLogitsProcessor(penalty)(torch.tensor([seen]), logits[None])[0]
    ours = Sampler(temperature=0, top_p=1, top_k=0, seed=0, repetition_penalty=penalty, seen=seen)
    torch.testing.assert_close(ours.penalised(logits), theirs)


def test_what_was_chosen_is_weakened_the_next_time():
    logits = torch.tensor([1.0, 2.0, 1.9])
    greedy = Sampler(temperature=0, top_p=1, top_k=0, seed=0, repetition_penalty=1.2)
    assert [greedy.choose(logits) for _ in range(3)] == [1, 2, 1]
