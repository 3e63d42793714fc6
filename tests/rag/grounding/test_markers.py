import pytest

from rag.grounding.markers import Marker, MarkerScanner


def scan(text):
    scanner = MarkerScanner()
    found = [item for character in text for item in scanner.feed(character, literal=False)]
    return [*found, *scanner.close()]


def numbers(text):
    return [item.numbers for item in scan(text) if isinstance(item, Marker)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1]", [(1,)]),
        ("[1][2]", [(1,), (2,)]),
        ("[1, 2]", [(1, 2)]),
        ("[1-3]", [(1, 2, 3)]),
        ("【2】", [(2,)]),
        ("[^1]", [(1,)]),
        ("[출처 1]", [(1,)]),
        ("[Passage 2]", [(2,)]),
        ("[source: 3]", [(3,)]),
        ("(1)", [(1,)]),
        ("[0]", [(0,)]),
        ("[128]", []),
        ("[0, 1]", []),
        ("[CLS]", []),
        ("[1, 128, 384]", []),
        ("[1", []),
        ("[x](y)", []),
    ],
)
def test_what_is_a_marker(text, expected):
    assert numbers(text) == expected


@pytest.mark.parametrize("text", ["[CLS] 토큰", "a[", "(가) 나", "[[1]]", "[1, 128]", "((1))", "[출처", "【가】"])
def test_nothing_is_lost(text):
    assert "".join(item.written if isinstance(item, Marker) else item for item in scan(text)) == text


def test_code_is_let_through():
    scanner = MarkerScanner()
    assert [item for character in "a[1]" for item in scanner.feed(character, literal=True)] == list("a[1]")


def test_only_what_may_become_a_marker_is_held():
    scanner = MarkerScanner()
    assert list(scanner.feed("[", literal=False)) == []
    assert list(scanner.feed("1", literal=False)) == []
    assert list(scanner.feed("가", literal=False)) == ["[", "1", "가"]
