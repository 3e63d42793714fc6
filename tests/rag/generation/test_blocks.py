from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.generation.blocks import Blocks

SIZE = 4


def blocks(count=8, kept=8):
    return Blocks(count, SIZE, kept)


def test_a_prompt_that_begins_alike_shares_its_full_blocks():
    pool = blocks()
    prompt = list(range(10))
    first = pool.start(prompt, 12)
    assert (first.length, len(first.blocks)) == (0, 3)
    first.length = 10
    pool.publish(first, prompt)
    second = pool.start([*range(9), 99, 98], 16)
    assert (second.length, second.blocks[:2]) == (8, first.blocks[:2])
    assert not set(second.blocks[2:]) & set(first.blocks)


def test_the_last_token_of_a_prompt_is_always_read():
    pool = blocks()
    prompt = list(range(8))
    table = pool.start(prompt, 8)
    table.length = 8
    pool.publish(table, prompt)
    assert pool.match(prompt) == 4
    assert pool.match([*prompt, 8]) == 8


def test_only_what_was_read_is_shared():
    pool = blocks()
    table = pool.start(list(range(9)), 9)
    table.length = 5
    pool.publish(table, list(range(9)))
    assert pool.match(list(range(9))) == 4


def test_the_same_tokens_behind_another_beginning_are_not_the_same():
    pool = blocks()
    table = pool.start([1, 1, 1, 1, 2, 2, 2, 2, 3], 9)
    table.length = 9
    pool.publish(table, [1, 1, 1, 1, 2, 2, 2, 2, 3])
    assert pool.match([5, 5, 5, 5, 2, 2, 2, 2, 3]) == 0
    assert pool.match([2, 2, 2, 2, 3]) == 0


def test_kept_blocks_are_bounded_and_the_oldest_goes_first():
    pool = blocks(kept=2)
    for start in (0, 100, 200):
        prompt = list(range(start, start + 5))
        table = pool.start(prompt, 5)
        table.length = 5
        pool.publish(table, prompt)
        pool.release(table)
    assert [pool.match(list(range(start, start + 5))) for start in (0, 100, 200)] == [0, 4, 4]
    assert pool.free == 8


def test_too_little_room_is_an_error_and_changes_nothing():
    pool = blocks(count=3)
    prompt = list(range(5))
    held = pool.start(prompt, 8)
    held.length = 5
    pool.publish(held, prompt)
    before = pool.free
    with pytest.raises(MemoryError):
        pool.start(prompt, 16)
    assert pool.free == before
    pool.release(held)
    assert len(pool.start(prompt, 12).blocks) == 3


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 20), st.booleans()), max_size=40))
def test_no_block_is_ever_written_by_two(steps):
    """Prompts of few kinds come and go; an oracle keeps what each block holds."""
    pool = blocks(count=12, kept=3)
    content: dict[int, tuple[int, ...]] = {}
    running = []
    for kind, length, leave in steps:
        if leave and running:
            pool.release(running.pop(kind % len(running)))
        prompt = [kind % 2] * (length // 2) + [kind] * (length - length // 2)
        if pool.needed(length) > pool.free:
            continue
        table = pool.start(prompt, length)
        assert all(
            content[block] == tuple(prompt[i * SIZE : (i + 1) * SIZE])
            for i, block in enumerate(table.blocks[: table.shared])
        )
        own = set(table.blocks[table.shared :])
        assert not any(own & set(other.blocks) for other in running)
        for i in range(table.shared, len(table.blocks)):
            content[table.blocks[i]] = tuple(prompt[i * SIZE : (i + 1) * SIZE])
        table.length = length
        pool.publish(table, prompt)
        running.append(table)
    for table in running:
        pool.release(table)
    assert pool.free == 12
