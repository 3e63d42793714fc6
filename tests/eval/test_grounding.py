import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval import grounding
from rag.types import Answer, Passage, Timings, Usage
from tests.eval.conftest import answer, passage


def facts(sentence: str, passages: Sequence[Passage]) -> bool:
    """A check by rule: every capital letter of the sentence stands in one of the passages."""
    return {c for c in sentence if c.isupper()} <= {c for p in passages for c in p.text}


A, B, AB, C = (
    passage(text, text, rank) for rank, text in enumerate(("A aaaaaaaaaa", "B bbbbbbbbbb", "A B ab", "C"), 1)
)


def scores(text: str, passages: tuple[Passage, ...], cited: list[tuple[int, ...]]) -> tuple[float | None, ...]:
    found = grounding.score(answer(text, passages, cited), facts).values
    return tuple(found[name] for name in grounding.NAMES)


@pytest.mark.parametrize(
    ("text", "passages", "cited", "recall", "precision", "supported"),
    [
        ("A [1].", (A,), [(1,)], 1, 1, 1),
        ("A [1].", (B,), [(1,)], 0, 0, 0),  # cited, and not supported
        ("A.", (A,), [()], 0, 0, 1),  # supported, and uncited: precision 0 as in ALCE
        ("A B [1][2].", (A, B), [(1, 2)], 1, 1, 0),  # only together: both are needed
        ("A [1][2].", (A, B), [(1, 2)], 1, 0.5, 1),  # the second is neither needed nor enough
        ("A [1][2].", (A, AB), [(1, 2)], 1, 1, 1),  # both support alone: both count
        ("A B [1][2].", (A, C), [(1, 2)], 0, 0, 0),
        ("A [1]. B [2].", (A, B), [(1,), (2,)], 1, 1, 1),
        ("A [1]. B.", (A, B), [(1,), ()], 0.5, 1, 1),
        ("A [1]. B [1].", (A, B), [(1,), (1,)], 0.5, 0.5, 1),
        ("A [1][7].", (A,), [(1, 7)], 0, 0, 1),  # out of range: the sentence scores 0
    ],
)
def test_alce_by_hand(text, passages, cited, recall, precision, supported) -> None:
    assert scores(text, passages, cited) == pytest.approx((recall, precision, supported))


def alce(sentences: list[tuple[str, list[Passage]]]) -> tuple[float, float]:
    """Citation recall and precision once more, from the paper's definitions."""
    recalls = [bool(cited) and facts(words, cited) for words, cited in sentences]
    counted = total = 0
    for (words, cited), recalled in zip(sentences, recalls, strict=True):
        total += len(cited)
        for i in range(len(cited)):
            irrelevant = not facts(words, [cited[i]]) and facts(words, cited[:i] + cited[i + 1 :])
            counted += recalled and not irrelevant
    return sum(recalls) / len(recalls), counted / total if total else 0.0


@given(st.integers(0, 10_000))
@settings(max_examples=80, deadline=None)
def test_alce_agrees_with_a_second_reading_of_the_paper(seed: int) -> None:
    lots = random.Random(seed)
    library = tuple(passage(" ".join(lots.sample("ABCD", lots.randint(1, 3))) + " word", str(n), n) for n in (1, 2, 3))
    cited = [tuple(sorted(lots.sample((1, 2, 3), lots.randint(0, 3)))) for _ in range(lots.randint(1, 3))]
    words = [lots.choice("ABCD") + lots.choice(["", " and " + lots.choice("ABCD")]) + " ok" for _ in cited]
    text = " ".join(w + "".join(f" [{n}]" for n in c) + "." for w, c in zip(words, cited, strict=True))
    pairs = [(w + ".", [library[n - 1] for n in c]) for w, c in zip(words, cited, strict=True)]
    assert scores(text, library, cited)[:2] == pytest.approx(alce(pairs))


def test_a_refusal_claims_nothing() -> None:
    refused = grounding.score(answer("The notes don't say.", (A,), [()], abstained=True), facts)
    assert set(refused.values.values()) == {None}
    empty = Answer("", (), (), (A,), False, "fake", Usage(), Timings())
    assert "no sentence" in grounding.score(empty, facts).unscored["supported"]


def test_the_houses_own_check_reads_the_passages_together() -> None:
    first = passage("세종대왕은 1443년에 한글을 창제했다.", "a", 1)
    second = passage("LSTM은 게이트로 기울기 소실을 줄인다.", "b", 2)
    assert grounding.supports("세종대왕은 1443년에 한글을 창제했다.", [second, first])
    assert not grounding.supports("세종대왕은 1543년에 한글을 창제했다.", [first, second])


def test_risk_coverage_by_hand() -> None:
    points = grounding.risk_coverage([0.9, 0.5, 0.8, 0.5], [True, False, True, True], asked=8)
    assert [(p.coverage, p.risk, p.score) for p in points] == [(1 / 8, 0, 0.9), (2 / 8, 0, 0.8), (4 / 8, 0.25, 0.5)]
    assert grounding.risk_coverage([], [], asked=3) == []


def test_a_long_curve_keeps_its_ends() -> None:
    points = grounding.risk_coverage([1 / n for n in range(1, 1001)], [True] * 999 + [False], asked=1000)
    assert len(points) == 200
    assert (points[0].coverage, points[-1].coverage, points[-1].risk) == (0.001, 1.0, 0.001)
