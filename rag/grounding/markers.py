"""Markers as generators write them: [1], [1][2], [1, 2], 【1】, [출처 2], (1) at a sentence's end.

Takes an answer character by character; returns it as plain characters and markers, holding back
only what may still become a marker. Knows no passages but their number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LABEL = r"(?:\s?(?:출처|노트|문서|자료|본문|passages?|notes?|sources?|docs?|documents?|refs?|citation)\s?[:#.]?\s?)?"
_LIST = r"\d{1,3}(?:\s?[,;·、~–-]\s?\d{1,3}){0,7}"
_SQUARE = re.compile(rf"[\[【]{_LABEL}\s?\^?({_LIST})\s?[\]】]", re.IGNORECASE)
_ROUND = re.compile(r"\((\d{1,2})\)")
# What may still become one of the above: label letters, then digits with separators.
_MAYBE_LIST = r"\d{1,3}(?:\s?[,;·、~–-]\s?\d{1,3}){0,7}\s?[,;·、~–-]?\s?"
_PARTIAL = re.compile(rf"[\[【]\s?[A-Za-z가-힣]{{0,9}}\s?[:#.]?\s?\^?(?:{_MAYBE_LIST})?|\(\d{{0,2}}\)?")
# Larger numbers in brackets are text: a year, a shape, a vocabulary size; in a list sooner than alone.
_LARGEST_ALONE = 99
_LARGEST_LISTED = 30


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker as the generator wrote it; it may name passages that don't exist."""

    numbers: tuple[int, ...]
    written: str

    @property
    def round(self) -> bool:
        """Whether it was written "(1)", which often is no marker at all."""
        return self.written.startswith("(")


class MarkerScanner:
    """Tells markers from text in a stream; what it yields is decided for good."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, character: str, *, literal: bool) -> Iterator[str | Marker]:
        """Take one character; `literal` (inside code) lets brackets through as they are."""
        if not self._held and (literal or character not in "[【("):
            yield character
            return
        self._held += character
        while self._held:
            found = _marker(self._held)
            if found is not None:
                self._held = self._held[len(found.written) :]
                yield found
            elif _PARTIAL.fullmatch(self._held) and not _ROUND.fullmatch(self._held):
                return
            else:
                first, self._held = self._held[0], self._held[1:]
                yield first

    def close(self) -> str:
        """The rest, as text: nothing more can complete it."""
        held, self._held = self._held, ""
        return held


def _marker(text: str) -> Marker | None:
    match = _SQUARE.match(text) or _ROUND.match(text)
    if match is None:
        return None
    numbers = _numbers(match[1])
    largest = _LARGEST_ALONE if len(numbers) == 1 else _LARGEST_LISTED
    if max(numbers) > largest or (len(numbers) > 1 and 0 in numbers):  # [0, 1] is an interval
        return None
    return Marker(numbers, match[0])


def _numbers(listed: str) -> tuple[int, ...]:
    found: list[int] = []
    for part in re.split(r"\s?[,;·、]\s?", listed):
        ends = [int(number) for number in re.split(r"\s?[~–-]\s?", part)]
        if len(ends) == 2 and ends[0] < ends[1] <= _LARGEST_LISTED:
            found.extend(range(ends[0], ends[1] + 1))
        else:
            found.extend(ends)
    return tuple(dict.fromkeys(found))
