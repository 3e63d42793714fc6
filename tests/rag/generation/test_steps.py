from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from rag.errors import GenerationFailed
from rag.generation.qwen import LocalQwen
from rag.generation.sampling import Sampler
from rag.generation.steps import Steps


def greedy():
    return Sampler(temperature=0, top_p=1, top_k=0, seed=0)


def seeded(seed):
    return Sampler(temperature=1.0, top_p=0.95, top_k=40, seed=seed)


def prompt(length, seed=0):
    return torch.randint(3, 300, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


@pytest.fixture(scope="module")
def model(tiny_qwen_folder):
    return LocalQwen.load(tiny_qwen_folder, dtype="float32")._model


@pytest.fixture
def steps(model):
    """Steps that know no prefix yet."""
    return Steps(model)


@pytest.fixture
def rows(model):
    """Rows of each pass of the model so far."""
    seen = []
    hook = model.base_model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    yield seen
    hook.remove()


def written(tokens):
    return [token for token in tokens if token is not None]


def alone(model, ids, sampler, limit):
    return written(Steps(model).tokens(ids, sampler, limit))


@pytest.mark.parametrize("sampler", [lambda number: greedy(), seeded], ids=["greedy", "seeded"])
def test_a_request_gets_the_same_alone_and_in_company(model, steps, sampler):
    prompts = [prompt(length, seed) for seed, length in enumerate([3, 700, 40, 300, 5, 257])]
    expected = [alone(model, ids, sampler(number), 20 + number) for number, ids in enumerate(prompts)]
    begin = threading.Barrier(len(prompts))

    def ask(number):
        begin.wait()
        return written(steps.tokens(prompts[number], sampler(number), 20 + number))

    with ThreadPoolExecutor(len(prompts)) as pool:
        assert list(pool.map(ask, range(len(prompts)))) == expected


def test_who_writes_at_once_shares_steps(steps, rows):
    streams = [steps.tokens(prompt(5, number), greedy(), 10) for number in range(4)]
    for stream in streams:
        next(stream)
    assert [len(written(stream)) for stream in streams] == [9] * 4
    # Four prompts are read one after another, and then nobody writes alone until the first have ended.
    assert len(rows) < 4 + 10
    assert max(rows[4:]) == 4


def test_while_one_reads_the_others_go_on_writing(steps, rows):
    writer = steps.tokens(prompt(5), greedy(), 50)
    next(writer)
    reader = steps.tokens(prompt(1000), greedy(), 5)
    assert [next(reader) for _ in range(3)] == [None] * 3
    assert rows == [5, 257, 257, 257]
    before = len(rows)
    assert None not in [next(writer) for _ in range(3)]
    assert len(rows) == before  # they were written in the reader's steps
    writer.close()
    assert next(reader) is not None
    assert rows[-1] == 1000 - 3 * 256
    reader.close()


def test_the_second_reader_waits_for_the_first(steps, rows):
    first = steps.tokens(prompt(1100, 1), greedy(), 5)
    assert next(first) is None  # nobody writes, so its block is large
    second = steps.tokens(prompt(600, 2), greedy(), 5)
    # While it waits it is told so at every step: whoever asked may want to leave.
    while rows[-1] != 257:
        assert next(second) is None
    assert rows == [512, 512, 1100 - 1024, 257]
    assert [next(first) for _ in range(2)] == [None, *written(alone(steps._model, prompt(1100, 1), greedy(), 1))]
    first.close()
    second.close()


@pytest.mark.parametrize("taken", [0, 1, 2, 5])
def test_a_closed_one_takes_part_in_no_further_step(steps, rows, taken):
    other = steps.tokens(prompt(5, 1), greedy(), 100)
    next(other)
    stream = steps.tokens(prompt(600, 2), greedy(), 100)
    for _ in range(taken):
        next(stream)
    stream.close()
    before = len(rows)
    while len(rows) == before:
        next(other)
    assert rows[before:] == [1]
    other.close()


def test_nothing_runs_when_nobody_asks(steps, rows):
    threads = set(threading.enumerate())
    stream = steps.tokens(prompt(5), greedy(), 100)
    next(stream)
    assert set(threading.enumerate()) > threads
    stream.close()
    assert set(threading.enumerate()) == threads
    assert rows == [5]
    assert len(written(steps.tokens(prompt(5), greedy(), 3))) == 3
    assert set(threading.enumerate()) == threads


def test_the_last_token_may_be_an_end(model, steps):
    tokens = alone(model, prompt(5), greedy(), 12)
    end = tokens[4]
    assert written(steps.tokens(prompt(5), greedy(), 12, {end})) == tokens[: tokens.index(end) + 1]
    assert written(steps.tokens(prompt(5), greedy(), 0)) == []


class Broken(Sampler):
    def choose(self, logits):
        raise RuntimeError("no odds")


def test_a_failure_of_one_is_its_own(model, steps):
    fine = steps.tokens(prompt(5, 1), greedy(), 10)
    tokens = [next(fine)]
    broken = steps.tokens(prompt(5, 2), Broken(temperature=0, top_p=1, top_k=0, seed=0), 10)
    with pytest.raises(GenerationFailed, match="no odds"):
        next(broken)
    assert tokens + written(fine) == alone(model, prompt(5, 1), greedy(), 10)


def test_a_failed_step_fails_those_in_it_and_the_next_runs(model, steps):
    first, second = (steps.tokens(prompt(5, number), greedy(), 10) for number in (1, 2))
    next(first), next(second)

    def fail(module, args, kwargs):
        raise RuntimeError("out of memory")

    hook = model.base_model.register_forward_pre_hook(fail, with_kwargs=True)
    try:
        next(first)  # written in the step that read the second prompt
        for stream in (first, second):
            with pytest.raises(GenerationFailed, match="out of memory"):
                next(stream)
    finally:
        hook.remove()
    assert written(steps.tokens(prompt(5, 1), greedy(), 10)) == alone(model, prompt(5, 1), greedy(), 10)


def test_a_known_beginning_is_not_read_again(model, steps, rows):
    shared = prompt(300, 7)
    one, two = [*shared, *prompt(40, 8)], [*shared, *prompt(60, 9)]
    expected = [alone(model, ids, greedy(), 12) for ids in (one, two)]
    rows.clear()
    assert written(steps.tokens(one, greedy(), 12)) == expected[0]
    assert rows[0] == 340
    rows.clear()
    assert written(steps.tokens(two, greedy(), 12)) == expected[1]
    assert rows[0] == 60
    rows.clear()
    assert written(steps.tokens(one, greedy(), 12)) == expected[0]
    assert rows[0] == 1


def test_nobody_waits_until_a_prompt_is_kept(steps, monkeypatch):
    taken, kept = threading.Event(), []
    monkeypatch.setattr(steps._prefixes, "keep", lambda ids, memory: kept.append((ids, memory.length, taken.wait(5))))
    stream = steps.tokens(prompt(20), greedy(), 3)
    next(stream)
    taken.set()
    assert len(written(stream)) == 2
    assert kept == [(prompt(20), 20, True)]
