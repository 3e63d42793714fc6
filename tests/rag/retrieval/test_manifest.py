import hashlib
import json

import pytest

from rag.errors import DamagedIndex
from rag.retrieval.manifest import (
    FORMAT,
    MANIFEST,
    Manifest,
    check_digests,
    check_sizes,
    file_digest,
    read_manifest,
    record_files,
)
from tests.helpers import make_manifest


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "gen-000001"
    (made / "lexical").mkdir(parents=True)
    (made / "notes.sqlite").write_bytes(b"database")
    (made / "lexical" / "data.npy").write_bytes(b"numbers")
    (made / MANIFEST).write_text(json.dumps(make_manifest(made).model_dump()))
    return made


def rewrite(folder, **changes):
    content = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(content | changes))


def test_what_is_written_is_read(folder):
    assert read_manifest(folder) == make_manifest(folder)
    assert Manifest.model_validate_json(read_manifest(folder).model_dump_json()) == read_manifest(folder)


def test_every_file_but_the_manifest_is_recorded(folder):
    records = record_files(folder)
    assert list(records) == ["lexical/data.npy", "notes.sqlite"]
    assert records["notes.sqlite"].bytes == 8
    assert records["notes.sqlite"].sha256 == hashlib.sha256(b"database").hexdigest()
    assert file_digest(folder / "notes.sqlite") == hashlib.sha256(b"database").hexdigest()


@pytest.mark.parametrize("number", [FORMAT + 1, 0, None, "1"])
def test_another_format_says_both(folder, number):
    rewrite(folder, format=number)
    with pytest.raises(DamagedIndex, match=rf"gen-000001 has format {number}, this version reads {FORMAT}.*ingest"):
        read_manifest(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"3", b"\xff\xfe", b'{"format": 1}'])
def test_a_damaged_manifest(folder, content):
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(DamagedIndex, match="gen-000001"):
        read_manifest(folder)


def test_fields_that_nobody_knows_are_damage(folder):
    rewrite(folder, colour="red")
    with pytest.raises(DamagedIndex, match="is damaged"):
        read_manifest(folder)


def test_a_manifest_that_is_not_there(folder):
    (folder / MANIFEST).unlink()
    with pytest.raises(DamagedIndex, match="no readable manifest"):
        read_manifest(folder)


def test_sizes(folder):
    manifest = read_manifest(folder)
    check_sizes(folder, manifest)
    (folder / "notes.sqlite").write_bytes(b"data")
    with pytest.raises(DamagedIndex, match=r"gen-000001/notes\.sqlite has 4 bytes, expected 8 bytes"):
        check_sizes(folder, manifest)
    (folder / "notes.sqlite").unlink()
    with pytest.raises(DamagedIndex, match=r"gen-000001/notes\.sqlite is missing"):
        check_sizes(folder, manifest)


def test_digests_see_what_sizes_do_not(folder):
    manifest = read_manifest(folder)
    assert check_digests(folder, manifest) == []
    (folder / "notes.sqlite").write_bytes(b"DATABASE")
    check_sizes(folder, manifest)
    assert check_digests(folder, manifest) == ["notes.sqlite"]
    (folder / "lexical" / "data.npy").unlink()
    assert check_digests(folder, manifest) == ["lexical/data.npy", "notes.sqlite"]
