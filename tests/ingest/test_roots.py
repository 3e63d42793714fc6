import json

import pytest

from ingest.progress import Silent
from ingest.request import IngestRequest
from ingest.roots import StoredDocument, gather, resolve_roots
from rag.errors import BadNotes
from rag.retrieval.manifest import Root
from rag.settings import Settings
from tests.helpers import write_notes


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder to work in; the index would lie in home/data."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def settings(home):
    return Settings(data_dir=home / "data")


class Before:
    """As much of the index before as gather() looks at."""

    def __init__(self, gathered):
        self._stored = gathered.documents

    def stored_documents(self):
        for stored in self._stored:
            yield stored.document, stored.root, stored.digest


def resolve(home, known=(), **request):
    return resolve_roots(home / "data", IngestRequest(**request), known)


def go(settings, request, known=(), before=None):
    plan = resolve_roots(settings.data_dir, IngestRequest(**request), known)
    return plan.known, gather(settings, plan, Before(before) if before else None, Silent())


def counts(gathered):
    return gathered.added, gathered.changed, gathered.removed, gathered.unchanged


def sources(gathered):
    return [(stored.root, stored.document.source) for stored in gathered.documents]


def test_a_root_is_named_relative_to_the_folder_of_the_index(home):
    (home / "notes").mkdir()
    for path in (home / "notes", home / "sub" / ".." / "notes"):
        plan = resolve(home, paths=[path])
        assert plan.known == [Root(name="notes", kind="notes", location="notes")] == plan.refresh


def test_a_root_elsewhere_is_named_in_full(home, tmp_path_factory):
    other = tmp_path_factory.mktemp("elsewhere")
    (root,) = resolve(home, paths=[other]).known
    assert root.location == str(other)


def test_a_relative_path_is_meant_from_here(home, monkeypatch):
    (home / "sub" / "notes").mkdir(parents=True)
    monkeypatch.chdir(home / "sub")
    from pathlib import Path

    (root,) = resolve(home, paths=[Path("notes")]).known
    assert root.name == "sub/notes"


def test_klue_roots(home):
    (home / "rows.jsonl").write_text("")
    plan = resolve(home, klue_mrc=["train", str(home / "rows.jsonl")])
    assert [(root.name, root.location) for root in plan.known] == [
        ("klue-mrc:train", "train"), ("klue-mrc:rows.jsonl", "rows.jsonl"),
    ]  # fmt: skip


KNOWN = [Root(name="a", kind="notes", location="a"), Root(name="klue-mrc:train", kind="klue-mrc", location="train")]


def test_without_a_name_all_known_roots_are_gone_over(home):
    plan = resolve(home, KNOWN)
    assert plan.known == KNOWN == plan.refresh


def test_a_named_root_is_the_only_one_gone_over(home):
    plan = resolve(home, KNOWN, paths=[home / "b"])
    assert [root.name for root in plan.known] == ["a", "klue-mrc:train", "b"]
    assert [root.name for root in plan.refresh] == ["b"]
    plan = resolve(home, KNOWN, paths=[home / "a"])
    assert plan.known == KNOWN
    assert [root.name for root in plan.refresh] == ["a"]


@pytest.mark.parametrize("name", ["a", "./a", "klue-mrc:train", "train"])
def test_forgetting(home, name):
    plan = resolve(home, KNOWN, forget=[name])
    assert len(plan.known) == 1
    assert plan.refresh == []


def test_forgetting_what_was_never_known(home):
    with pytest.raises(BadNotes, match=r"b was never ingested\. Known: a, klue-mrc:train"):
        resolve(home, KNOWN, forget=["b"])
    with pytest.raises(BadNotes, match="Known: none"):
        resolve(home, forget=["a"])


def test_nothing_to_go_over(home):
    with pytest.raises(BadNotes, match="Nothing to ingest"):
        resolve(home)


def test_roots_that_overlap_are_refused(home):
    with pytest.raises(BadNotes, match="a/sub lies inside a"):
        resolve(home, KNOWN, paths=[home / "a" / "sub"])
    with pytest.raises(BadNotes, match=r"a lies inside \."):
        resolve(home, paths=[home, home / "a"])
    with pytest.raises(BadNotes, match=r"holds a, which is known.*--forget a"):
        resolve(home, KNOWN, paths=[home])
    # A name that merely begins the same is another folder.
    assert len(resolve(home, KNOWN, paths=[home / "ab"]).known) == 3
    # Notes and KLUE-MRC may lie in one folder: they read other files.
    assert len(resolve(home, KNOWN, klue_mrc=[str(home / "a")]).known) == 3
    # The larger one may take the place of the smaller one in one go.
    assert [root.name for root in resolve(home, KNOWN[:1], forget=["a"], paths=[home]).known] == ["."]


def test_a_link_to_a_known_root_is_that_root(home):
    (home / "a").mkdir()
    (home / "link").symlink_to(home / "a")
    assert [root.name for root in resolve(home, KNOWN[:1], paths=[home / "link"]).known] == ["a"]


def test_added_changed_removed_unchanged(home, settings):
    write_notes(home / "a", {"1.md": "하나", "2.md": "둘", "3.md": "셋"})
    known, first = go(settings, {"paths": [home / "a"]})
    assert counts(first) == (3, 0, 0, 0)
    _, same = go(settings, {}, known, first)
    assert counts(same) == (0, 0, 0, 3)
    assert same.documents == first.documents
    (home / "a" / "1.md").unlink()
    write_notes(home / "a", {"2.md": "둘이 바뀌었다", "4.md": "넷"})
    _, second = go(settings, {}, known, first)
    assert counts(second) == (1, 1, 1, 1)
    assert sources(second) == [("a", "2.md"), ("a", "3.md"), ("a", "4.md")]


def test_a_changed_title_is_a_change(home, settings):
    """The title is the file's name where no heading stands: the same text under it reads differently."""
    write_notes(home / "a", {"1.md": "하나"})
    known, first = go(settings, {"paths": [home / "a"]})
    write_notes(home / "a", {"1.md": "# 제목\n\n하나"})
    assert counts(go(settings, {}, known, first)[1]) == (0, 1, 0, 0)


def test_roots_do_not_touch_each_other(home, settings):
    write_notes(home / "a", {"1.md": "하나"})
    write_notes(home / "b", {"1.md": "하나"})
    known, first = go(settings, {"paths": [home / "a", home / "b"]})
    assert len({stored.document.doc_id for stored in first.documents}) == 2
    (home / "a" / "1.md").unlink()
    write_notes(home / "b", {"1.md": "바뀐 하나"})
    _, second = go(settings, {"paths": [home / "b"]}, known, first)
    assert counts(second) == (0, 1, 0, 1)
    _, third = go(settings, {"paths": [home / "a"]}, known, first)
    assert counts(third) == (0, 0, 1, 1)
    assert sources(third) == [("b", "1.md")]


def test_a_forgotten_root_is_removed_and_no_other(home, settings):
    write_notes(home / "a", {"1.md": "하나", "2.md": "둘"})
    write_notes(home / "b", {"1.md": "하나"})
    known, first = go(settings, {"paths": [home / "a", home / "b"]})
    left, second = go(settings, {"forget": ["a"]}, known, first)
    assert [root.name for root in left] == ["b"]
    assert counts(second) == (0, 0, 2, 1)


def test_a_known_root_that_is_gone_keeps_its_documents(home, settings):
    write_notes(home / "a", {"1.md": "하나"})
    write_notes(home / "b", {"1.md": "하나"})
    known, first = go(settings, {"paths": [home / "a", home / "b"]})
    (home / "a").rename(home / "moved")
    _, second = go(settings, {}, known, first)
    assert counts(second) == (0, 0, 0, 2)
    (failure,) = second.failures
    assert failure.source == "a"
    assert "--forget a" in failure.error


def test_a_new_root_that_is_not_there_is_an_error(home, settings):
    write_notes(home / "a", {"1.md": "하나"})
    known, first = go(settings, {"paths": [home / "a"]})
    for before in (None, first):
        with pytest.raises(BadNotes, match="There is no"):
            go(settings, {"paths": [home / "nowhere"]}, known if before else (), before)


def test_a_file_that_cannot_be_read_now_keeps_its_last_good_text(home, settings):
    write_notes(home / "a", {"1.md": "하나", "2.md": "둘"})
    known, first = go(settings, {"paths": [home / "a"]})
    write_notes(home / "a", {"1.md": "한글".encode("cp949"), "2.md": ""})
    _, second = go(settings, {}, known, first)
    # A file that was emptied has nothing to say any more; one that broke still has.
    assert counts(second) == (0, 0, 1, 1)
    assert [stored.document.text for stored in second.documents] == ["하나"]
    assert [failure.source for failure in second.failures] == ["1.md", "2.md"]


def test_a_passage_that_two_sources_share_is_kept_once(home, settings):
    row = {"guid": "g", "context": "같은 지문이다.", "question": "?", "answers": [], "is_impossible": True}
    for name in ("x.jsonl", "y.jsonl"):
        (home / name).write_text(json.dumps(row))
    known, gathered = go(settings, {"klue_mrc": [str(home / "x.jsonl"), str(home / "y.jsonl")]})
    assert sources(gathered) == [("klue-mrc:x.jsonl", "g")]
    _, second = go(settings, {"forget": ["y.jsonl"]}, known, gathered)
    assert sources(second) == [("klue-mrc:x.jsonl", "g")]


def test_a_larger_limit_lets_a_file_in(home, settings):
    from rag.settings import IngestSettings

    write_notes(home / "a", {"1.md": "가" * 100})
    small = Settings(data_dir=home / "data", ingest=IngestSettings(max_file_bytes=100))
    known, first = go(small, {"paths": [home / "a"]})
    assert (first.documents, len(first.failures)) == ([], 1)
    _, second = go(settings, {"paths": [home / "a"]}, known)
    assert isinstance(second.documents[0], StoredDocument)
