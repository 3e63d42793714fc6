import itertools

import pytest

from rag.grounding.counters import apart, counter_class
from rag.grounding.units import HARD_UNITS

KINDS = [
    *sorted(HARD_UNITS),
    "item",
    "ordinal",
    "times",
    "age",
    "token",
    "",
    *map(counter_class, "마리 권 점 대".split()),
]


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(KINDS, 2)))
def test_it_matters_not_which_comes_first(one, other):
    assert apart(one, other) is apart(other, one)


def test_what_is_the_same_or_unknown_is_never_apart():
    assert not any(apart(kind, kind) or apart(kind, "") for kind in KINDS)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("마리", "권", True),
        ("채", "칸", True),
        ("석", "호", True),
        ("metre", "마리", True),
        ("year", "hour", True),
        ("필", "두", False),
        ("줄", "행", False),
        ("item", "권", False),
        ("item", "마리", True),
        ("item", "석", True),
        ("person", "석", False),
        ("ordinal", "차", False),
        ("ordinal", "통", True),
        ("ordinal", "day", False),
        ("대", "person", False),
    ],
)
def test_counters(one, other, expected):
    assert apart(counter_class(one) or one, counter_class(other) or other) is expected
