"""Which blocks of a paged memory hold which tokens, and which of them the next prompt can use again.

Block numbers come out; the keys and values themselves are somewhere else. Blocks of a prompt stay
known after it was answered, so that a prompt that begins alike does not compute them again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Table:
    """The blocks of one sequence in order; the first `length` tokens are in them."""

    blocks: list[int]
    length: int
    shared: int = 0
    """Blocks at the front that others may read too: they are full and never written again."""
    serial: int = 0
    """Names the shared front: the serial number of its last block."""


@dataclass(slots=True)
class _Known:
    block: int
    serial: int
    readers: int = 0


@dataclass(slots=True)
class Blocks:
    """A pool of `count` blocks of `size` tokens; at most `kept` of them wait for a prompt that begins like theirs."""

    count: int
    size: int
    kept: int
    _free: list[int] = field(init=False)
    _known: OrderedDict[tuple[int, tuple[int, ...]], _Known] = field(init=False, default_factory=OrderedDict)
    _keys: dict[int, tuple[int, tuple[int, ...]]] = field(init=False, default_factory=dict)
    _serials: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        # Taken from the end: a block that was in use before is in memory already.
        self._free = list(range(self.count))[::-1]

    @property
    def free(self) -> int:
        """Blocks that a new sequence could have, those that are only kept included."""
        return len(self._free) + sum(not known.readers for known in self._known.values())

    def needed(self, tokens: int) -> int:
        """Blocks that hold so many tokens."""
        return -(-tokens // self.size)

    def match(self, prompt: Sequence[int]) -> int:
        """How many of the prompt's first tokens are in blocks already; never its last one."""
        return len(self._front(prompt)) * self.size

    def start(self, prompt: Sequence[int], tokens: int) -> Table:
        """Blocks for a sequence of at most `tokens` that begins with `prompt`; what is known of it stands in them.

        Raises:
            MemoryError: there are not enough free ones; see `free`.
        """
        front = self._front(prompt)
        for key in front:
            self._known[key].readers += 1
            self._known.move_to_end(key)
        shared = [self._known[key] for key in front]
        wanted = self.needed(tokens) - len(front)
        while len(self._free) < wanted and self._forget_one():
            pass
        if len(self._free) < wanted:
            for known in shared:
                known.readers -= 1
            raise MemoryError(f"{wanted} blocks are wanted and {len(self._free)} are free")
        own = [self._free.pop() for _ in range(wanted)]
        return Table(
            [known.block for known in shared] + own,
            len(front) * self.size,
            len(front),
            shared[-1].serial if shared else 0,
        )

    def publish(self, table: Table, prompt: Sequence[int]) -> None:
        """Let others read the blocks that the prompt has filled by now."""
        full = min(table.length, len(prompt)) // self.size
        while table.shared < full:
            at = table.shared
            key = (table.serial, tuple(prompt[at * self.size : (at + 1) * self.size]))
            if key in self._known:
                # Somebody else read the same at the same time: the rest stays its own.
                return
            self._serials += 1
            self._known[key] = _Known(table.blocks[at], self._serials, readers=1)
            self._keys[table.blocks[at]] = key
            table.shared, table.serial = at + 1, self._serials

    def release(self, table: Table) -> None:
        """Give the blocks back; those that others may read stay known for a while."""
        for block in table.blocks[: table.shared]:
            self._known[self._keys[block]].readers -= 1
        self._free.extend(reversed(table.blocks[table.shared :]))
        table.blocks, table.shared, table.length = [], 0, 0
        while sum(not known.readers for known in self._known.values()) > self.kept and self._forget_one():
            pass

    def _front(self, prompt: Sequence[int]) -> list[tuple[int, tuple[int, ...]]]:
        front: list[tuple[int, tuple[int, ...]]] = []
        serial = 0
        for start in range(0, len(prompt) - self.size, self.size):
            key = (serial, tuple(prompt[start : start + self.size]))
            known = self._known.get(key)
            if known is None:
                break
            front.append(key)
            serial = known.serial
        return front

    def _forget_one(self) -> bool:
        """Free the block that was not used for the longest time; its followers can be found no more and go in turn."""
        for key, known in self._known.items():
            if not known.readers:
                del self._known[key]
                del self._keys[known.block]
                self._free.append(known.block)
                return True
        return False
