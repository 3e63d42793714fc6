from __future__ import annotations

import torch

from rag.generation.memory import Memory, Prefixes


def filled(ids):
    """A memory of two layers whose keys are the ids and whose values are their negatives."""
    memory = Memory()
    keys = torch.tensor(ids, dtype=torch.float32)[None, :, None].expand(2, -1, 4)
    for layer in (0, 1):
        memory.write(layer, keys, -keys)
    memory.length = len(ids)
    return memory


def held(memory, layer=1):
    """The ids that a memory holds, by its keys; its values must agree."""
    nothing = torch.empty(2, 0, 4)
    keys, values = (room[:, : memory.length] for room in memory.write(layer, nothing, nothing))
    assert torch.equal(keys, -values)
    return keys[0, :, 0].int().tolist()


def test_it_grows_and_keeps_what_it_holds():
    memory = Memory()
    for number in range(700):
        row = torch.full((2, 1, 4), float(number))
        keys, values = memory.write(1, row, -row)
        memory.length += 1
        # A product with weights of zero for what lies behind must not become NaN.
        assert not values[:, memory.length :].any()
    assert keys[0, :700, 0].tolist() == list(range(700))
    assert torch.equal(keys[:, :700], -values[:, :700])


def test_what_a_failed_step_left_is_written_over():
    memory = filled([1, 2])
    row = torch.ones(2, 1, 4)
    memory.write(1, 7 * row, -7 * row)
    memory.write(1, 9 * row, -9 * row)
    memory.length += 1
    assert held(memory) == [1, 2, 9]


def test_a_head_is_a_copy():
    memory = filled([1, 2, 3])
    head = memory.head(2, expected=9)
    assert not head.write(1, torch.empty(2, 0, 4), torch.empty(2, 0, 4))[1][:, 2:].any()
    head.write(1, torch.ones(2, 1, 4) * 8, -torch.ones(2, 1, 4) * 8)
    head.length += 1
    assert held(head) == [1, 2, 8]
    assert held(memory) == [1, 2, 3]


def test_a_prompt_starts_from_the_longest_beginning_that_is_known():
    prefixes = Prefixes()
    one, two = list(range(100)), [*range(50), *range(500, 560)]
    prefixes.keep(one, filled(one))
    prefixes.keep(two, filled(two))
    start = prefixes.start([*range(80), 9, 9], expected=200)
    assert held(start) == list(range(80))
    assert held(prefixes.start(two, expected=0)) == two[:-1]  # the last token is what makes logits
    assert prefixes.start([7, *one], expected=0).length == 0
    assert prefixes.start([], expected=0).length == 0


def test_the_budget_holds_and_heads_outlive_their_prompts():
    prefixes = Prefixes(budget=2048)
    prompts = [[number * 10_000 + n for n in range(1000)] for number in range(9)]
    for prompt in prompts:
        prefixes.keep(prompt, filled(prompt))
        assert len(prefixes) <= 2048
    known = [prefixes.start([*prompt, 1], 0).length for prompt in prompts]
    assert known[-1] == 1000
    assert known[0] == 0
    assert 256 in known


def test_a_common_head_is_kept_once():
    prefixes = Prefixes(budget=2048)
    for number in range(6):
        prompt = [*range(200), *range(1000 * number + 1000, 1000 * number + 1900)]
        prefixes.keep(prompt, filled(prompt))
    other = [5, *range(30_000, 30_900)]
    prefixes.keep(other, filled(other))
    assert prefixes.start([*range(200), 3, 3], 0).length == 200
    assert len(prefixes) <= 2048


def test_a_prompt_above_the_budget_is_kept_in_part():
    prefixes = Prefixes(budget=64)
    prompt = list(range(100))
    prefixes.keep(prompt, filled(prompt))
    assert prefixes.start(prompt, 0).length == 64
