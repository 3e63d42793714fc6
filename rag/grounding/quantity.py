"""An amount in its unit, and whether another one is the same: 3 km and 3,000 m, half and 50 %, 300 years and 수백 년.

Knows no text. Amounts are read in numbers.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.grounding.counters import apart

# Lengths of time that are the same however they are counted; a month has no fixed number of days.
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MONTHS = {"month": 1, "year": 12}
_ROUNDED = 0.004  # a third, in whole percents


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in its unit's base ("km" counts metres), `unit` "" where none is known.

    `sure` is False for words that often are no number (한, one, first): they may confirm another
    number, never contradict it. `approximate` follows 약, 여, about; a `vague` number (수백, hundreds of) is anything
    from its value to ten times that. `counter` is what a counter behind it counts ("마리", see counters.py).
    """

    value: float
    unit: str
    start: int
    end: int
    sure: bool = True
    approximate: bool = False
    vague: bool = False
    counter: str = ""

    @property
    def measure(self) -> str:
        """The unit or else the counter, "" where neither is known."""
        return self.unit or self.counter

    @property
    def may_be_year(self) -> bool:
        """Whether it looks like a year without a unit: 1994, but not 1,994 or 수천."""
        return not self.measure and 1000 <= self.value < 2100 and not self.vague and self.end - self.start == 4

    def same_as(self, other: Quantity) -> bool:
        """Whether both speak of the same amount; an unknown unit fits every unit."""
        for factors in (_SECONDS, _MONTHS):
            if self.unit != other.unit and self.unit in factors and other.unit in factors:
                return _close(self.value * factors[self.unit], other.value * factors[other.unit])
        if {self.unit, other.unit} == {"percent", ""}:
            share, part = (self, other) if self.unit else (other, self)
            if 0 < part.value < 1:  # 절반, 3분의 1
                return abs(share.value / 100 - part.value) < _ROUNDED
        if apart(self.measure, other.measure):
            return False
        if self.vague != other.vague:
            about, exact = (self, other) if self.vague else (other, self)
            return about.value <= exact.value < 10 * about.value
        if _close(self.value, other.value):
            return True
        return self._rounds(other) or other._rounds(self)

    def _rounds(self, exact: Quantity) -> bool:
        """Whether this is about as much, told in no more digits: about 30,000 of 30,123, but not about 101 of 100."""
        if not self.approximate or exact.approximate or exact.value <= 0:
            return False
        near = abs(self.value - exact.value) <= 0.05 * exact.value
        return near and _digits(self.value) <= _digits(exact.value)


def _digits(value: float) -> int:
    """Digits that tell something: 2 of 3,400."""
    return len(f"{value:.12g}".replace(".", "").split("e")[0].strip("0-"))


def _close(first: float, second: float) -> bool:
    return abs(first - second) <= 1e-9 * max(1.0, abs(first), abs(second))
