import ast
import inspect

import pytest

from rag import errors
from tests.helpers import ROOT


def tree(error=errors.AskNotesError):
    yield error
    for below in error.__subclasses__():
        yield from tree(below)


def drawn():
    """The tree of the docstring, as (name, parent)."""
    path = []
    for line in inspect.getdoc(errors).splitlines():
        depth = next((place for place, sign in enumerate(line) if sign.isalpha()), None)
        if depth is None or not line.startswith(("    ", "AskNotesError")):
            continue
        name = line[depth:].split()[0]
        while path and path[-1][0] >= depth:
            path.pop()
        yield name, path[-1][1] if path else None
        path.append((depth, name))


def test_the_tree_drawn_is_the_tree_there_is():
    theirs = {error.__name__: error.__mro__[1].__name__ for error in tree() if error.__module__ == "rag.errors"}
    theirs["AskNotesError"] = None
    assert dict(drawn()) == theirs


def test_every_error_class_of_the_module_is_below_the_one_root():
    defined = [
        thing
        for thing in vars(errors).values()
        if isinstance(thing, type) and issubclass(thing, BaseException) and thing.__module__ == "rag.errors"
    ]
    assert set(defined) <= set(tree())
    assert all(thing.__doc__ for thing in defined)


@pytest.mark.parametrize("error", [error for error in tree() if issubclass(error, errors.Busy)])
def test_busy_says_when_to_come_back(error):
    assert error("full").retry_after_s > 0
    assert error("full", 7.5).retry_after_s == 7.5
    assert str(error("full", 7.5)) == "full"


def test_nobody_raises_the_bare_branches():
    """What is raised is a leaf or a branch with a meaning of its own, never the root."""
    bare = [
        f"{file.relative_to(ROOT)}, line {node.lineno}"
        for floor in ("rag", "ingest", "eval", "api")
        for file in (ROOT / floor).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id in ("AskNotesError", "Exception")
    ]
    assert bare == []
