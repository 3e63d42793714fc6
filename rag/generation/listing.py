"""A question that asks for several things, and the list or table of a note that names them.

Takes the question and all candidates of the passages; gives back the items of the one list that stands under what
was asked. Knows no weights of sentences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, groupby

from rag.generation.asking import Asked
from rag.generation.candidates import Candidate
from rag.generation.explaining import OF_REASONS, OF_STEPS
from rag.generation.headings import named, parent

MAX_ITEMS = 8
# What a list is called: by itself it tells one list from another of the same thing.
_ENOUGH = 0.6
# How much of a heading must be the asked thing.
_NAMED = 0.8
# Nouns that ask for a list and often do not stand over it.
_GENERIC = re.compile(
    r"종류|단계|요소|구성|부분|가지|특징|장점|단점|조건|절차|과정|방법|types?|kinds?|steps?|stages?|parts?|components?|ways?|list"
)
_LABEL = re.compile(
    r"(?P<label>[*_]{2}[^*_\n]{1,60}[*_]{2}(?:\s?\([^)]{1,60}\))?|`[^`\n]{1,60}`|[^:：—–|]{1,50}?)\s?(?:[:：—–]|\s-)\s"
)


def listed(asked: Asked, candidates: Sequence[Candidate], limit: int) -> list[Candidate]:
    """Items of the list or table that the question asks for, `limit` characters together; [] where there is none."""
    if asked.wants not in ("list", "compare"):
        return _told_in_items(asked, candidates, limit)
    best: list[Candidate] = []
    highest = 0.0
    members = [c for c in candidates if c.run]
    for _, group in groupby(members, key=lambda c: (c.place, c.run, c.section)):
        items = list(group)
        # A table of two columns pairs names with values: for a comparison its head must name what is compared.
        if len(items) < 2 or (asked.wants == "compare" and not _sets_side_by_side(asked, items[0])):
            continue
        met = _met(asked, items)
        counted = asked.count > 0 and asked.count == len(items)
        score = met + 0.3 * counted - 0.04 * items[0].place
        if met >= _ENOUGH and score > highest:
            shown = _fitted(items[: asked.count or MAX_ITEMS], limit)
            if len(shown) >= 2:
                best, highest = shown, score
    return best


def _told_in_items(asked: Asked, candidates: Sequence[Candidate], limit: int) -> list[Candidate]:
    """Steps or reasons that stand as a list under the heading of the thing, as many as fit whole; else []."""
    works = asked.kind == "what" and asked.wants in ("works", "how")
    if not works and asked.kind != "why":
        return []
    for _, group in groupby((c for c in candidates if c.run), key=lambda c: (c.place, c.run, c.section)):
        items = list(group)
        first = items[0]
        heading = OF_STEPS if works else OF_REASONS
        here = named(asked, first.section)
        told = heading.search(first.section) is not None
        under = max(here, named(asked, parent(first.heading))) if told else here * (works and first.numbered)
        if len(items) >= 2 and first.form == "prose" and under >= _NAMED:
            ends = accumulate(len(item.text) for item in items)
            shown = [item for item, end in zip(items, ends, strict=True) if end <= limit]
            if len(shown) >= 2:
                return shown
    return []


def _sets_side_by_side(asked: Asked, item: Candidate) -> bool:
    columns = item.columns.lower()
    return item.form == "row" and sum(term in columns for term in asked.terms) >= 2


def _met(asked: Asked, items: Sequence[Candidate]) -> float:
    """Share of the question's words that stand over the list; its own heading or announcement must hold one."""
    first = items[0]
    near = f"{first.section}\n{first.intro}\n{first.columns}".lower()
    over = f"{first.heading}\n{near}".lower()
    words = [*asked.terms, *([asked.head] if asked.head else [])]
    own = [word for word in words if not _GENERIC.fullmatch(word)]
    generic = [word for word in words if word not in own]
    if not any(word in near for word in words) or not own:
        return 0.0
    if asked.head and asked.head in own and asked.head not in near:
        return 0.0
    unnamed = asked.count != len(items) and not all(word in near for word in generic)
    return sum(word in over for word in own) / len(own) - 0.15 * unnamed


def _fitted(items: Sequence[Candidate], limit: int) -> list[Candidate]:
    """The items whole where they fit, else their labels, else as many labels as fit."""
    if sum(len(item.text) for item in items) <= limit:
        return list(items)
    found: list[Candidate] = []
    for label in map(_label, items):
        if sum(len(item.text) for item in found) + len(label.text) > limit:
            break
        found.append(label)
    return found


def _label(item: Candidate) -> Candidate:
    if item.form == "row":
        text = item.text.partition("|")[0].rstrip()
    else:
        match = _LABEL.match(item.text)
        text = match["label"].rstrip() if match else item.text
    return replace(item, end=item.start + len(text), text=text) if text else item
