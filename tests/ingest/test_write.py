import sqlite3

import numpy as np
import pytest

from rag.retrieval.index import DATABASE, DENSE, LEXICAL, READ, open_database
from rag.retrieval.kin import VERSION as KIN
from rag.retrieval.lexical import query_terms
from rag.retrieval.manifest import MANIFEST, check_digests
from tests.helpers import write_notes


@pytest.fixture
def index(settings, ingest, opened, tmp_path):
    folder = write_notes(tmp_path / "notes", {
        "1.md": "# 순환 신경망\n\n게이트는 값을 정한다.\n\n## 장단기 기억\n\n셀 상태를 둔다.\n",
        "2.md": "# Kitten\n\nthe kitten and the 😀 token.\n",
        "3.txt": "漢字だけ。\n",
    })  # fmt: skip
    ingest(settings, folder)
    return opened(settings)


def test_the_files_of_a_generation(index):
    files = {file.relative_to(index.pin.folder).as_posix() for file in index.pin.folder.rglob("*") if file.is_file()}
    named = {MANIFEST, DATABASE, DENSE, READ, "windows.npy", "window_first.npy"}
    assert named <= files
    assert files - named == {name for name in files if name.startswith(f"{LEXICAL}/")}
    assert set(index.manifest.files) == files - {MANIFEST}
    assert check_digests(index.pin.folder, index.manifest) == []


def test_korean_words_have_vectors(index):
    assert index.manifest.kin == KIN
    assert index.kin is not None
    assert len(index.kin.first) == index.manifest.counts.chunks + 1
    assert index.kin.likeness([("신경망", "NNG"), ("값", "NNG")], np.arange(2))[1].argmax() == 0


def test_notes_without_korean_have_none(settings, ingest, opened, tmp_path):
    ingest(settings, write_notes(tmp_path / "notes", {"1.md": "# Kitten\n\nthe kitten and the token.\n"}))
    index = opened(settings)
    assert index.manifest.kin == 0
    assert index.kin is None
    assert not (index.pin.folder / LEXICAL / "kin").exists()


def test_nothing_is_pickled(index):
    for file in index.pin.folder.rglob("*.npy"):
        np.load(file, allow_pickle=False)


def test_the_database_holds_texts_and_offsets(index):
    database = sqlite3.connect(index.pin.folder / DATABASE)
    rows = database.execute(
        "SELECT d.text, c.start, c.end, c.heading, d.language, d.origin FROM chunks c JOIN documents d USING (doc)"
        " ORDER BY c.row"
    ).fetchall()
    database.close()
    assert [(text[start:end], heading) for text, start, end, heading, _, _ in rows] == [
        ("게이트는 값을 정한다.", "순환 신경망"),
        ("셀 상태를 둔다.", "순환 신경망 > 장단기 기억"),
        ("the kitten and the 😀 token.", "Kitten"),
        ("漢字だけ。", "3"),
    ]
    assert [language for *_, language, _ in rows] == ["ko", "ko", "en", "en"]
    assert {origin for *_, origin in rows} == {"notes"}


def test_a_published_database_cannot_be_written(index):
    database = open_database(index.pin.folder / DATABASE)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.execute("DELETE FROM chunks")
    database.close()


def test_sections_are_found_by_their_heading_and_chunks_by_their_own_words(index):
    lexical = index.lexical
    wanted = query_terms("장단기 기억")
    assert lexical.sections.scores(wanted)[lexical.section_of].argmax() == 1
    assert lexical.chunks.scores(wanted).max() == 0
    assert lexical.chunks.scores(query_terms("kitten")).argmax() == 2


def test_shares_of_read_words_lie_beside_the_chunks(index):
    assert index.read.dtype == np.float32
    assert index.read.tolist() == pytest.approx([stored.reading.read for stored in index.stored_chunks()], abs=1e-6)
    # English words are read, Korean ones are spelled, and of Chinese this encoder knows nothing.
    assert index.read[2] > 0.5
    assert index.read[0] < 0.2
    assert index.read[3] == 0
