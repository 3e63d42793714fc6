import errno
import os
import unicodedata
from pathlib import Path

import pytest

from ingest.notes import Failure, document_id, read_notes
from rag.errors import BadNotes
from rag.types import Document
from tests.helpers import write_notes

LIMIT = 20_000_000


def read(path, limit=LIMIT):
    """Documents and failures by source."""
    return {item.source: item for item in read_notes(path, "notes", limit)}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "notes"


def test_kinds_of_notes(folder):
    write_notes(folder, {
        "a.md": "하나", "b.markdown": "둘", "c.mdx": "셋", "d.txt": "넷", "e.MD": "다섯", "f.text": "여섯",
        "g.py": "x = 1", "h.html": "<p>", "i": "이름만", ".hidden.md": "숨음", ".git/x.md": "숨음",
        "node_modules/y.md": "남의 것", "sub/deep/z.md": "깊이",
    })  # fmt: skip
    assert list(read(folder)) == ["a.md", "b.markdown", "c.mdx", "d.txt", "e.MD", "f.text", "sub/deep/z.md"]


def test_a_document(folder):
    write_notes(folder, {"주/1.md": "\ufeff# 제목\r\n\r\n본문이다.\r\n"})
    found = read(folder)["주/1.md"]
    assert found == Document(
        document_id("notes", "주/1.md"), "주/1.md", "제목", "# 제목\n\n본문이다.\n",
        {"origin": "notes", "format": "markdown", "language": "ko"},
    )  # fmt: skip


def test_one_file_is_a_root_too(folder):
    write_notes(folder, {"a.md": "하나", "b.md": "둘"})
    assert list(read(folder / "a.md")) == ["a.md"]


def test_ids_depend_on_root_and_source_only(folder, tmp_path):
    write_notes(folder, {"a.md": "하나", "b.md": "하나"})
    before = {source: item.doc_id for source, item in read(folder).items()}
    (folder / "a.md").write_text("바뀌었다")
    folder.rename(tmp_path / "elsewhere")
    assert {source: item.doc_id for source, item in read(tmp_path / "elsewhere").items()} == before
    assert len(set(before.values())) == 2
    other = {item.source: item.doc_id for item in read_notes(tmp_path / "elsewhere", "other", LIMIT)}
    assert not set(other.values()) & set(before.values())


BAD = {
    "cp949.md": "한글 노트입니다".encode("cp949"),
    "utf16.md": "한글 노트입니다".encode("utf-16"),
    "latin.md": b"caf\xe9 \xff\xfe\xfd \x81",
    "empty.md": b"",
    "blank.md": b" \n\t\n\xe3\x80\x80",
    "signs.md": b"---\n\n***\n",
    "nul.md": "하나\0둘".encode(),
    "large.md": b"a" * 200,
}


def test_bad_files_are_listed_with_their_reason_and_the_rest_is_read(folder):
    write_notes(folder, {**BAD, "good.md": "읽을 수 있는 글"})
    found = read(folder, 100)
    assert isinstance(found.pop("good.md"), Document)
    assert set(found) == set(BAD)
    assert all(isinstance(item, Failure) for item in found.values())
    said = {source: item.error for source, item in found.items()}
    assert "not UTF-8 (byte 0)" in said["cp949.md"] and "CP949" in said["cp949.md"]
    assert "not UTF-8" in said["utf16.md"] and "UTF-16" in said["utf16.md"]
    assert said["latin.md"] == "not UTF-8 (byte 3)"
    assert said["empty.md"].startswith("empty") and said["blank.md"].startswith("empty")
    assert said["signs.md"].startswith("empty")
    assert "NUL" in said["nul.md"]
    assert "200 bytes" in said["large.md"] and "max_file_bytes" in said["large.md"]


def test_a_file_that_cannot_be_opened(folder, monkeypatch):
    write_notes(folder, {"a.md": "하나", "b.md": "둘"})
    reading = Path.read_bytes

    def refusing(path):
        if path.name == "a.md":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return reading(path)

    monkeypatch.setattr(Path, "read_bytes", refusing)
    found = read(folder)
    assert found["a.md"] == Failure("a.md", "cannot be read: Permission denied")
    assert isinstance(found["b.md"], Document)


def test_a_link_that_leads_nowhere_and_one_that_leads_in_a_circle(folder):
    write_notes(folder, {"a.md": "하나"})
    (folder / "gone.md").symlink_to(folder / "nowhere.md")
    (folder / "loop").symlink_to(folder)
    found = read(folder)
    assert list(found) == ["a.md", "gone.md"]
    assert found["gone.md"].error == "cannot be read: No such file or directory"


def test_names_come_out_composed(folder):
    name = "1주차/어텐션.md"
    write_notes(folder, {unicodedata.normalize("NFD", name): "하나"})
    assert list(read(folder)) == [name]
    assert read(folder)[name].doc_id == document_id("notes", name)


def test_two_names_that_are_the_same_when_composed(folder):
    write_notes(folder, {"어텐션.md": "하나", unicodedata.normalize("NFD", "어텐션.md"): "둘"})
    if len(list(folder.iterdir())) < 2:
        pytest.skip("this file system holds them to be one")
    first, second = read_notes(folder, "notes", LIMIT)
    assert isinstance(first, Document)
    assert second == Failure("어텐션.md", "another file has the same name, composed differently: rename one")


def test_a_name_that_is_not_unicode_is_listed(folder):
    """Archives from old Korean Windows unpack to names in CP949."""
    write_notes(folder, {"good.md": "하나"})
    raw = os.fsencode(folder) + b"/" + "한글.md".encode("cp949")
    try:
        with open(raw, "wb") as file:  # noqa: PTH123
            file.write(b"text")
    except OSError:
        pytest.skip("this file system takes names in Unicode only")
    items = list(read_notes(folder, "notes", LIMIT))
    assert [type(item) for item in items].count(Document) == 1
    (failure,) = [item for item in items if isinstance(item, Failure)]
    assert "name" in failure.error
    failure.source.encode()


def test_what_is_not_there_or_not_a_note(folder):
    with pytest.raises(BadNotes, match=r"There is no .*Name a folder"):
        read(folder)
    write_notes(folder, {"a.pdf": "%PDF"})
    with pytest.raises(BadNotes, match=r"a\.pdf is not a kind of note.*\.md"):
        read(folder / "a.pdf")


def test_an_empty_folder(folder):
    folder.mkdir()
    assert read(folder) == {}


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.md", "# 제목\n\n본문", "제목"),
        ("a.md", "본문뿐이다", "a"),
        ("a.md", "---\ntitle: x\n---\n\n# **제목** {#id}\n", "제목"),
        ("a.mdx", "import X from './x'\n\n# 제목\n", "제목"),
        ("a.md", "#\n\n## 둘째\n", "둘째"),
        ("sub/1강 소개.txt", "그냥 글이다.\n", "1강 소개"),
        ("a.txt", "# 제목\n\n- 하나\n", "제목"),
        ("a.txt", "1.2 개요\n본문\n", "1.2 개요"),
    ],
)
def test_titles(folder, name, text, title):
    write_notes(folder, {name: text})
    assert read(folder)[name].title == title


@pytest.mark.parametrize(("text", "language"), [("어텐션이다", "ko"), ("attention", "en"), ("mask는 무엇인가", "ko")])
def test_language_of_a_note(folder, text, language):
    write_notes(folder, {"a.md": text})
    assert read(folder)["a.md"].metadata["language"] == language


def test_order_is_that_of_the_names(folder):
    write_notes(folder, {name: "글" for name in ("b.md", "a.md", "10.md", "9.md", "a/z.md", "가.md")})
    assert list(read(folder)) == ["10.md", "9.md", "a.md", "b.md", "가.md", "a/z.md"]
