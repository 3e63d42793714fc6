import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.models import weights_digest
from rag.retrieval.exported import MODEL, RECORD, find_copy, keep_copy, key_of
from tests.helpers import save_tiny_encoder


def write(content):
    def into(folder):
        (folder / MODEL).write_text(content)
        (folder / "model.bin").write_bytes(b"weights of " + content.encode())

    return into


def test_what_is_kept_is_found(tmp_path):
    assert find_copy(tmp_path, "key") is None
    kept = keep_copy(tmp_path / "new" / "folder", "key", write("one"))
    assert kept == find_copy(tmp_path / "new" / "folder", "key")
    assert kept.read_text() == "one"
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["key"]


@pytest.mark.parametrize("name", [MODEL, "model.bin", RECORD])
@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_a_damaged_copy_counts_as_none_and_is_replaced(tmp_path, name, harm):
    keep_copy(tmp_path, "key", write("one"))
    file = tmp_path / "key" / name
    content = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-2] if harm == "cut" else content.replace(b"e", b"E"))
    assert find_copy(tmp_path, "key") is None
    assert keep_copy(tmp_path, "key", write("two")).read_text() == "two"
    assert find_copy(tmp_path, "key") is not None


def test_a_copy_of_something_else_is_not_taken(tmp_path):
    keep_copy(tmp_path, "other", write("one"))
    shutil.copytree(tmp_path / "other", tmp_path / "key")
    assert find_copy(tmp_path, "key") is None


@pytest.mark.parametrize("record", ["[]", "null", '{"key": "key", "files": {}}', '{"key": "key", "files": 3}', "{"])
def test_a_record_that_is_none(tmp_path, record):
    keep_copy(tmp_path, "key", write("one"))
    (tmp_path / "key" / RECORD).write_text(record)
    assert find_copy(tmp_path, "key") is None


def test_a_failure_leaves_nothing_behind(tmp_path):
    def fail(folder):
        write("half")(folder)
        raise RuntimeError("no space")

    with pytest.raises(RuntimeError, match="no space"):
        keep_copy(tmp_path, "key", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_good_copy(tmp_path):
    def fail(folder):
        raise RuntimeError("no space")

    kept = keep_copy(tmp_path, "key", write("one"))
    with pytest.raises(RuntimeError):
        keep_copy(tmp_path, "key", fail)
    assert find_copy(tmp_path, "key") == kept


def test_what_a_killed_process_left_is_cleared_away(tmp_path):
    for name, age in (("old", 7200), ("young", 60)):
        folder = tmp_path / f".key-{name}"
        folder.mkdir()
        os.utime(folder, (time.time() - age,) * 2)
    keep_copy(tmp_path, "key", write("one"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".key-young", "key"]


def test_many_at_once_leave_one_whole_copy(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        kept = set(pool.map(lambda number: keep_copy(tmp_path, "key", write(f"{number}")), range(24)))
    assert kept == {find_copy(tmp_path, "key")}
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_the_key_stands_for_weights_and_configuration(tmp_path, e5_tiny):
    same, other, changed = tmp_path / "same", tmp_path / "other", tmp_path / "changed"
    for folder in (same, changed):
        shutil.copytree(e5_tiny, folder)
    save_tiny_encoder(other, seed=1)
    config = json.loads((changed / "config.json").read_text())
    (changed / "config.json").write_text(json.dumps(config | {"layer_norm_eps": 0.5}))
    assert weights_digest(changed) == weights_digest(e5_tiny)
    assert key_of(same) == key_of(e5_tiny)
    assert len({key_of(e5_tiny), key_of(other), key_of(changed)}) == 3
