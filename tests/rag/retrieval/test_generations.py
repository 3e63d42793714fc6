import errno
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.errors import DamagedIndex, IndexLocked, NoIndex, StorageRefused
from rag.retrieval import generations as module
from rag.retrieval.generations import KEEP, Generations, refusing_storage
from rag.retrieval.manifest import MANIFEST
from tests.helpers import ROOT, make_manifest


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch):
    """Waiting for the platter is what the system does; that it is asked to is tested below."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def store(tmp_path):
    return Generations(tmp_path / "data")


def write(store, content="content"):
    """Files of a next generation, as an ingest writes them, not yet published."""
    folder = store.begin()
    (folder / "lexical").mkdir()
    (folder / "notes.sqlite").write_text(content)
    (folder / "lexical" / "data.npy").write_text(content)
    return folder


def publish(store, content="content"):
    with store.writing():
        folder = write(store, content)
        store.publish(folder, make_manifest(folder))
    return folder


def names(store):
    return sorted(folder.name for folder in store.folder.iterdir() if folder.is_dir())


def opened(store):
    """Name and content of what a reader gets, and what was passed over."""
    pin = store.pin()
    try:
        return pin.folder.name, (pin.folder / "notes.sqlite").read_text(), pin.passed_over
    finally:
        pin.close()


def test_nothing_was_published(store):
    assert store.current() is None
    assert store.stamp() is None
    assert store.collect() == []
    with pytest.raises(NoIndex, match="ask-notes ingest"):
        store.pin()
    assert not store.folder.exists()


def test_what_is_published_is_live(store):
    publish(store, "first")
    assert store.current() == "gen-000001"
    assert opened(store) == ("gen-000001", "first", ())
    before = store.stamp()
    publish(store, "second")
    assert opened(store) == ("gen-000002", "second", ())
    assert store.stamp() != before
    assert (store.folder / "CURRENT").read_text() == "gen-000002\n"


def test_everything_is_on_the_disk_before_it_is_named(store, monkeypatch):
    synced, at_replace = [], []
    replace = Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))

    def replacing(path, target):
        at_replace.append((path.stat().st_ino, list(synced)))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", replacing)
    folder = publish(store)
    ((temporary, before),) = at_replace
    needed = {path.stat().st_ino for path in (*folder.rglob("*"), folder, store.folder)} | {temporary}
    assert needed <= set(before)
    assert before[-1] == temporary
    assert synced[len(before) :] == [store.folder.stat().st_ino]


def test_what_was_only_begun_is_not_seen(store):
    publish(store, "first")
    with store.writing():
        write(store, "second")
        assert opened(store) == ("gen-000001", "first", ())
        assert store.current() == "gen-000001"


def test_what_a_killed_writer_left_goes_with_the_next(store):
    publish(store, "first")
    with store.writing():
        left = write(store, "half")
    assert left.exists()
    with store.writing():
        folder = write(store, "second")
        assert folder == left
        assert not (folder / MANIFEST).exists()
        store.publish(folder, make_manifest(folder))
    assert opened(store) == ("gen-000002", "second", ())


class Killed(BaseException):
    """Not an Exception: nothing between here and the top may swallow it."""


STEPS = [
    (os, "open"),
    (os, "fsync"),
    (Path, "write_text"),
    (Path, "replace"),
    (Path, "mkdir"),
    (Path, "iterdir"),
    (Path, "stat"),
]


@contextmanager
def dying_at(step):
    """The step-th call that touches the disk never happens; yields the number of calls so far."""
    calls = [0]

    def wrap(function):
        def touched(*args, **kwargs):
            calls[0] += 1
            if calls[0] == step:
                raise Killed
            return function(*args, **kwargs)

        return touched

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in STEPS:
            patch.setattr(owner, name, wrap(getattr(owner, name)))
        yield calls


def test_a_kill_at_any_step_leaves_the_old_or_the_new(tmp_path):
    with dying_at(0) as calls:
        rehearsal = Generations(tmp_path / "rehearsal")
        publish(rehearsal, "old")
        calls[0] = 0
        publish(rehearsal, "new")
        total = calls[0]
    assert total > 15
    seen = set()
    for step in range(1, total + 1):
        store = Generations(tmp_path / f"step-{step}")
        publish(store, "old")
        with pytest.raises(Killed), dying_at(step):
            publish(store, "new")
        name, content, passed_over = opened(store)
        assert (name, content) in (("gen-000001", "old"), ("gen-000002", "new")), step
        assert passed_over == (), step
        seen.add(content)
        publish(store, "later")
        assert opened(store)[1:] == ("later", ()), step
    assert seen == {"old", "new"}


CHILD = """
import sys
from pathlib import Path
from rag.retrieval.generations import Generations
sys.path.insert(0, sys.argv[2])
from tests.helpers import make_manifest
store = Generations(Path(sys.argv[1]))
mode = sys.argv[3]
with store.writing():
    if mode == "hold":
        print("held", flush=True)
        sys.stdin.read()
    number = 0
    while True:
        number += 1
        folder = store.begin()
        for part in range(20):
            (folder / f"part-{part}").write_text(str(number) * 10_000)
        (folder / "notes.sqlite").write_text("child")
        store.publish(folder, make_manifest(folder))
        store.collect()
        print(folder.name, flush=True)
"""


@contextmanager
def child(store, mode):
    """Another process that writes, killed with -9 when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(store.folder.parent), str(ROOT), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_kill_9_while_writing_leaves_a_whole_generation(store):
    publish(store, "old")
    with child(store, "write") as process:
        said = [process.stdout.readline().strip() for _ in range(5)]
    name, content, passed_over = opened(store)
    assert said[-1] == "gen-000006"
    assert name >= said[-1]
    assert (content, passed_over) == ("child", ())
    publish(store, "later")
    assert opened(store)[1:] == ("later", ())


def test_the_lock_says_who_holds_it_and_dies_with_them(store):
    with child(store, "hold") as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(IndexLocked, match=f"Process {process.pid} is writing") as caught, store.writing():
            pytest.fail("two writers at a time")
        assert caught.value.retry_after_s > 0
    publish(store, "mine")
    assert opened(store)[1] == "mine"


def test_a_second_writer_in_the_same_process_waits_too(store):
    with store.writing():
        with pytest.raises(IndexLocked, match=f"Process {os.getpid()} "), Generations(store.folder.parent).writing():
            pytest.fail("two writers at a time")
    with store.writing():
        pass


def test_a_lock_that_names_nobody(store):
    with store.writing():
        (store.folder / "LOCK").write_text("")
        with pytest.raises(IndexLocked, match="Another process"), store.writing():
            pytest.fail("two writers at a time")


def test_readers_do_not_wait_for_the_writer(store):
    publish(store, "first")
    with store.writing():
        assert opened(store)[1] == "first"


def test_the_two_newest_are_kept(store):
    for number in range(4):
        publish(store, str(number))
    assert KEEP == 2
    assert store.collect() == ["gen-000002", "gen-000001"]
    assert names(store) == ["gen-000003", "gen-000004"]
    assert store.collect() == []


def test_the_two_newest_good_ones_are_kept(store):
    for number in range(4):
        publish(store, str(number))
    (store.folder / "gen-000003" / "notes.sqlite").write_text("cut short")
    assert store.collect() == ["gen-000003", "gen-000001"]
    assert names(store) == ["gen-000002", "gen-000004"]


def test_a_pinned_generation_stays_while_three_newer_are_published(store):
    publish(store, "first")
    pin = store.pin()
    for number in range(3):
        publish(store, str(number))
        store.collect()
    assert names(store) == ["gen-000001", "gen-000003", "gen-000004"]
    assert (pin.folder / "notes.sqlite").read_text() == "first"
    pin.close()
    pin.close()
    assert store.collect() == ["gen-000001"]
    assert names(store) == ["gen-000003", "gen-000004"]


def test_two_readers_of_one_generation(store):
    publish(store, "first")
    first, second = store.pin(), store.pin()
    first.close()
    for _ in range(2):
        publish(store)
    assert store.collect() == []
    second.close()
    assert store.collect() == ["gen-000001"]


@pytest.mark.parametrize("damage", ["truncated", "missing", "manifest", "no manifest", "folder"])
def test_a_damaged_generation_is_passed_over_and_it_is_said(store, damage):
    publish(store, "first")
    live = publish(store, "second")
    match damage:
        case "truncated":
            (live / "lexical" / "data.npy").write_text("sec")
        case "missing":
            (live / "lexical" / "data.npy").unlink()
        case "manifest":
            (live / MANIFEST).write_text("{")
        case "no manifest":
            (live / MANIFEST).unlink()
        case "folder":
            live.rename(store.folder / "elsewhere")
    name, content, (why,) = opened(store)
    assert (name, content) == ("gen-000001", "first")
    assert "gen-000002" in why
    publish(store, "third")
    assert opened(store) == ("gen-000003", "third", ())


def test_nothing_good_is_left(store):
    for content in ("first", "second"):
        (publish(store, content) / "notes.sqlite").unlink()
    with pytest.raises(DamagedIndex, match=r"gen-000002.*gen-000001.*ask-notes ingest"):
        store.pin()
    publish(store, "third")
    assert opened(store) == ("gen-000003", "third", ())


def test_an_older_format_is_passed_over(store):
    publish(store, "first")
    with store.writing():
        folder = write(store, "second")
        store.publish(folder, make_manifest(folder, format=99))
    name, _, (why,) = opened(store)
    assert name == "gen-000001"
    assert "format 99" in why


@pytest.mark.parametrize(
    "content", [None, b"", b"  \n", b"garbage", b"\xff\xfe\x00", b"gen-", b"gen-\xc2\xb2", b"gen-000001/..", b"a\0b"]
)
def test_a_lost_or_damaged_current(store, content):
    """The newest good generation is served, and nothing is thrown away before a new one is there."""
    publish(store, "first")
    publish(store, "second")
    if content is None:
        (store.folder / "CURRENT").unlink()
    else:
        (store.folder / "CURRENT").write_bytes(content)
    name, served, passed_over = opened(store)
    assert (name, served) == ("gen-000002", "second")
    assert any("CURRENT" in why for why in passed_over)
    assert store.collect() == []
    with store.writing():
        folder = write(store, "third")
        assert folder.name == "gen-000003"
        assert names(store)[:2] == ["gen-000001", "gen-000002"]
        assert opened(store)[1] == "second"
        store.publish(folder, make_manifest(folder))
    assert opened(store) == ("gen-000003", "third", ())
    store.collect()
    assert names(store) == ["gen-000002", "gen-000003"]


def test_current_names_a_generation_that_is_gone(store):
    publish(store, "first")
    (store.folder / "CURRENT").write_text("gen-000009\n")
    name, _, (why,) = opened(store)
    assert name == "gen-000001"
    assert "gen-000009" in why
    assert publish(store, "next").name == "gen-000010"
    assert opened(store)[1] == "next"


def test_a_first_ingest_that_was_killed(store):
    with store.writing():
        write(store, "half")
    with pytest.raises((NoIndex, DamagedIndex), match="ask-notes ingest"):
        store.pin()
    publish(store, "whole")
    assert names(store) == ["gen-000001"]
    assert opened(store) == ("gen-000001", "whole", ())


def test_other_things_in_the_folder_do_not_matter(store):
    publish(store, "first")
    (store.folder / "gen-draft").mkdir()
    (store.folder / "gen-000007").write_text("a file")
    (store.folder / "notes").mkdir()
    assert opened(store) == ("gen-000001", "first", ())
    store.collect()
    assert (store.folder / "gen-draft").exists()
    assert (store.folder / "gen-000007").exists()


def test_more_than_a_million_generations(store):
    publish(store, "first")
    (store.folder / "gen-000001").rename(store.folder / "gen-999999")
    (store.folder / "CURRENT").write_text("gen-999999\n")
    publish(store, "next")
    assert opened(store) == ("gen-1000000", "next", ())


REFUSALS = [
    (errno.ENOSPC, "No space left"),
    (errno.EDQUOT, "No space left"),
    (errno.EACCES, "No permission"),
    (errno.EPERM, "No permission"),
    (errno.EROFS, "No permission"),
    (errno.ENOTDIR, "a file is in the way"),
]


@pytest.mark.parametrize(("number", "said"), REFUSALS)
def test_what_a_disk_refuses_is_one_line(tmp_path, number, said):
    with pytest.raises(StorageRefused, match=said) as caught, refusing_storage(tmp_path):
        raise OSError(number, os.strerror(number))
    assert "data_dir" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_failure_of_the_disk_keeps_its_name(tmp_path):
    with pytest.raises(OSError) as caught, refusing_storage(tmp_path):
        raise OSError(errno.EIO, "Input/output error")
    assert caught.value.errno == errno.EIO


@pytest.mark.parametrize("failing", ["write_text", "replace", "mkdir"])
def test_a_refusal_while_publishing_leaves_the_old_one(store, monkeypatch, failing):
    publish(store, "first")
    with pytest.raises(StorageRefused, match="No space left"), monkeypatch.context() as patch:
        with store.writing():
            folder = None if failing == "mkdir" else write(store, "second")

            def full(*_, **__):
                raise OSError(errno.ENOSPC, "No space left on device")

            patch.setattr(Path, failing, full)
            if folder is None:
                store.begin()
            store.publish(folder, make_manifest(folder))
    assert opened(store) == ("gen-000001", "first", ())
    publish(store, "second")
    assert opened(store)[1] == "second"


@pytest.mark.parametrize("failing", ["open", "fsync"])
def test_a_refusal_of_the_system_calls(store, monkeypatch, failing):
    publish(store, "first")
    with store.writing():
        folder = write(store, "second")
        manifest = make_manifest(folder)
        with monkeypatch.context() as patch:

            def refuse(*_, **__):
                raise PermissionError(errno.EACCES, "Permission denied")

            patch.setattr(module.os, failing, refuse)
            with pytest.raises(StorageRefused, match="No permission"):
                store.publish(folder, manifest)
    assert opened(store) == ("gen-000001", "first", ())


def test_a_file_where_the_data_folder_should_be(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StorageRefused, match="a file is in the way"), Generations(tmp_path / "data").writing():
        pytest.fail("nothing can be written there")


def test_reading_writes_nothing(store):
    publish(store, "first")

    def everything():
        return {str(path): path.stat().st_mtime_ns for path in sorted(store.folder.parent.rglob("*"))}

    before = everything()
    opened(store)
    store.current(), store.stamp()
    assert everything() == before


def test_a_reader_that_meets_the_removal_takes_the_live_one(store, monkeypatch):
    """Between open and lock the writer may remove the folder: the reader must not keep what is gone."""
    publish(store, "first")
    publish(store, "second")
    lock = module.fcntl.flock
    once = []

    def removing(descriptor, how):
        lock(descriptor, how)
        if not once:
            once.append(descriptor)
            import shutil

            shutil.rmtree(store.folder / "gen-000002")

    monkeypatch.setattr(module.fcntl, "flock", removing)
    name, content, (why,) = opened(store)
    assert (name, content) == ("gen-000001", "first")
    assert "removed while it was being opened" in why


def test_descriptors_are_given_back(store):
    publish(store, "first")
    (store.folder / "gen-000001" / "notes.sqlite").unlink()
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("this system does not list descriptors")
    before = len(list(folder.iterdir()))
    for _ in range(5):
        with pytest.raises(DamagedIndex):
            store.pin()
    assert len(list(folder.iterdir())) == before


def test_opening_costs_little(store):
    publish(store, "first")
    began = time.perf_counter()
    for _ in range(50):
        store.pin().close()
    assert time.perf_counter() - began < 5
