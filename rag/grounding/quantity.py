"""An amount in its unit, and whether another one is the same: 3 km and 3,000 m, half and 50 %, 300 years and 수백 년.

Knows no text. Amounts are read in numbers.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.grounding.units import HARD_UNITS

# Lengths of time that are the same however they are counted; a month has no fixed number of days.
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MONTHS = {"month": 1, "year": 12}
_ROUNDED = 0.004  # a third, in whole percents


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in its unit's base ("km" counts metres), `unit` "" where none is known.

    `sure` is False for words that often are no number (한, one, first): they may confirm another
    number, never contradict it. `approximate` follows 약, 여, about; a `vague` number (수백, hundreds of) is anything
    from its value to ten times that.
    """

    value: float
    unit: str
    start: int
    end: int
    sure: bool = True
    approximate: bool = False
    vague: bool = False

    def same_as(self, other: Quantity) -> bool:
        """Whether both speak of the same amount; an unknown unit fits every unit."""
        for factors in (_SECONDS, _MONTHS):
            if self.unit != other.unit and self.unit in factors and other.unit in factors:
                return _close(self.value * factors[self.unit], other.value * factors[other.unit])
        if {self.unit, other.unit} == {"percent", ""}:
            share, part = (self, other) if self.unit else (other, self)
            if 0 < part.value < 1:  # 절반, 3분의 1
                return abs(share.value / 100 - part.value) < _ROUNDED
        if self.unit != other.unit and self.unit in HARD_UNITS and other.unit in HARD_UNITS:
            return False
        if self.vague != other.vague:
            about, exact = (self, other) if self.vague else (other, self)
            return about.value <= exact.value < 10 * about.value
        if _close(self.value, other.value):
            return True
        loose = self if self.approximate else other if other.approximate else None
        if loose is None:
            return False
        exact = other if loose is self else self
        return exact.value > 0 and abs(loose.value - exact.value) <= 0.05 * exact.value


def _close(first: float, second: float) -> bool:
    return abs(first - second) <= 1e-9 * max(1.0, abs(first), abs(second))
