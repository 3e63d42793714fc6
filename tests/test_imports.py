"""The floors of the house: who may import whom, and what a bare import must not load."""

import ast
import json
import subprocess
import sys

import pytest

from tests.helpers import ROOT

ALLOWED = {
    "rag": {"rag"},
    "ingest": {"ingest", "rag"},
    "eval": {"eval", "ingest", "rag"},
    "api": {"api", "eval", "ingest", "rag"},
}
SISTERS = ("rag.retrieval", "rag.generation", "rag.grounding")
HEAVY = ("torch", "faiss", "transformers", "sentence_transformers", "kiwipiepy", "datasets", "bm25s")
FILES = sorted(file for floor in ALLOWED for file in (ROOT / floor).rglob("*.py"))


def name_of(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree):
    """Names of the modules that a tree imports, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def when_imported(body):
    """Statements that run at import: everything but function bodies and `if TYPE_CHECKING`."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from when_imported(node.orelse)
            continue
        yield node
        for field in ("body", "orelse", "finalbody"):
            yield from when_imported(getattr(node, field, []))
        for handler in getattr(node, "handlers", []):
            yield from when_imported(handler.body)


@pytest.fixture(scope="module")
def trees():
    return {name_of(file): ast.parse(file.read_bytes()) for file in FILES}


def test_every_floor_is_there(trees):
    assert {name.split(".")[0] for name in trees} == set(ALLOWED)


def test_no_import_runs_upward(trees):
    upward = [
        f"{name} imports {imported}"
        for name, tree in trees.items()
        for imported in imports(tree)
        if imported.split(".")[0] in ALLOWED and imported.split(".")[0] not in ALLOWED[name.split(".")[0]]
    ]
    assert upward == []


def test_sisters_do_not_import_each_other(trees):
    crossed = [
        f"{name} imports {imported}"
        for name, tree in trees.items()
        for own in SISTERS
        if name.startswith(own)
        for imported in imports(tree)
        if imported.startswith(tuple(sister for sister in SISTERS if sister != own))
    ]
    assert crossed == []


def test_nobody_imports_the_builtin_eval_away(trees):
    plain = [
        f"{name}, line {node.lineno}"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) and any(alias.name == "eval" for alias in node.names)
    ]
    assert plain == []


def test_heavy_libraries_are_imported_where_they_are_used(trees):
    early = [
        f"{name}, line {node.lineno}"
        for name, tree in trees.items()
        for node in when_imported(tree.body)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for imported in imports(node)
        if imported.split(".")[0] in HEAVY
    ]
    assert early == []


def test_the_walk_sees_what_it_should():
    tree = ast.parse(
        "import rag.x\nif TYPE_CHECKING:\n    import torch\nelse:\n    import faiss\n"
        "def f():\n    from datasets import y\nclass C:\n    import bm25s\n"
        "try:\n    pass\nexcept E:\n    import kiwipiepy\n"
    )
    assert {"rag.x", "torch", "faiss", "datasets.y", "bm25s", "kiwipiepy"} <= set(imports(tree))
    early = {name for node in when_imported(tree.body) if isinstance(node, ast.Import) for name in imports(node)}
    assert early == {"rag.x", "faiss", "bm25s", "kiwipiepy"}


def test_init_files_are_empty():
    full = [str(file.relative_to(ROOT)) for file in FILES if file.name == "__init__.py" and file.read_bytes()]
    assert full == []


def test_pickle_is_used_nowhere(trees):
    found = [name for name, tree in trees.items() for used in imports(tree) if used.split(".")[0] in ("pickle", "dill")]
    assert found == []


def test_importing_a_module_loads_no_model_library(trees):
    """One process imports them all and stops to say which one brought something heavy along."""
    program = (
        "import importlib, json, sys\n"
        "brought = {}\n"
        "seen = set()\n"
        "for name in json.load(sys.stdin)['modules']:\n"
        "    importlib.import_module(name)\n"
        "    new = {top for top in json.loads(sys.argv[1]) if top in sys.modules} - seen\n"
        "    if new:\n"
        "        brought[name] = sorted(new)\n"
        "        seen |= new\n"
        "print(json.dumps(brought))\n"
    )
    modules = [name for name in trees if not name.endswith("__main__")]
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(HEAVY)],
        input=json.dumps({"modules": modules}),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {}
