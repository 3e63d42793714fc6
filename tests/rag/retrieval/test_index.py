import sqlite3
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ingest.build import build
from ingest.request import IngestRequest
from rag.errors import DamagedIndex, UnknownDocument
from rag.retrieval.generations import Generations
from rag.retrieval.index import DATABASE, READ, NotesIndex, open_index
from rag.settings import EncoderSettings, Settings
from rag.text import normalise
from rag.types import Scope
from tests.helpers import NOTES, write_notes


@pytest.fixture(scope="module")
def by_source(course_index):
    return {summary.source: summary for summary in course_index.documents()}


def test_documents_are_the_notes(course_index, by_source):
    assert list(by_source) == sorted(NOTES)
    for source, summary in by_source.items():
        document = course_index.document(summary.doc_id)
        assert document.text == normalise(NOTES[source])
        assert (document.source, document.title) == (source, summary.title)
        assert summary.characters == len(document.text)
        assert document.metadata["origin"] == "notes"


def test_chunks_are_slices_of_their_documents(course_index, by_source):
    rows = range(course_index.manifest.counts.chunks)
    for row, found in zip(rows, course_index.chunks(rows), strict=True):
        chunk = found.chunk
        assert found.row == row
        assert course_index.document(chunk.doc_id).text[chunk.start : chunk.end] == chunk.text
        assert course_index.text(chunk.doc_id, chunk.start, chunk.end) == chunk.text
        assert course_index.row_of(chunk.chunk_id) == row
        assert found.chunk in [other.chunk for other in course_index.section(found.section)]
        assert by_source[found.source].doc_id == chunk.doc_id
    assert sum(summary.chunks for summary in by_source.values()) == len(rows)


def test_chunks_come_in_the_order_asked(course_index):
    rows = [3, 0, 2, 3]
    assert [found.row for found in course_index.chunks(rows)] == rows
    assert course_index.chunks([]) == []
    assert [found.row for found in course_index.chunks(np.array([1, 0]))] == [1, 0]


def test_more_rows_than_one_statement_takes(course_index):
    n = course_index.manifest.counts.chunks
    rows = [row % n for row in range(1300)]
    assert [found.row for found in course_index.chunks(rows)] == rows


def test_a_section_is_in_the_order_of_the_text(course_index):
    for section in range(course_index.manifest.counts.sections):
        starts = [found.chunk.start for found in course_index.section(section)]
        assert starts == sorted(starts) != []
    assert course_index.section(10_000) == []


def test_stored_chunks_tell_all(course_index):
    stored = list(course_index.stored_chunks())
    assert [one.chunk for one in stored] == [found.chunk for found in course_index.chunks(range(len(stored)))]
    assert [one.row for one in stored] == list(range(len(stored)))
    assert all(one.vector_key for one in stored)
    roots = {root for _, root, _ in course_index.stored_documents()}
    assert roots == {root.name for root in course_index.manifest.roots}


def test_what_is_not_there(course_index):
    with pytest.raises(UnknownDocument, match="No document nothing"):
        course_index.document("nothing")
    with pytest.raises(UnknownDocument):
        course_index.text("nothing", 0, 1)
    assert course_index.row_of("nothing") is None


def test_offsets_count_characters_beyond_the_basic_plane(course_index, by_source):
    summary = by_source["week3/1.2 평가.txt"]
    text = course_index.document(summary.doc_id).text
    place = text.index("이모지")
    assert course_index.text(summary.doc_id, place - 2, place + 3) == "😀 이모지"


def sources_in(index, scope):
    rows = index.rows_in(scope)
    assert rows.dtype == np.int64
    assert rows.tolist() == sorted(set(rows.tolist()))
    return {found.source for found in index.chunks(rows.tolist())}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(sources=("week1/",)), {"week1/01-토큰화.md", "week1/02-LSTM.md"}),
        (Scope(sources=("week1",)), {"week1/01-토큰화.md", "week1/02-LSTM.md"}),
        (Scope(sources=("week",)), set()),
        (Scope(sources=("week2/attention.md",)), {"week2/attention.md"}),
        (Scope(sources=("week2/attention.md", "week3/")), {"week2/attention.md", "week3/1.2 평가.txt"}),
        (Scope(sources=("week1/01-토큰화.md",)), {"week1/01-토큰화.md"}),
        (Scope(sources=("none",)), set()),
        (Scope(headings=("wordpiece",)), {"week1/01-토큰화.md"}),
        (Scope(headings=("게이트의 수", "Feeding")), {"week1/02-LSTM.md", "week2/felines.md"}),
        (Scope(origins=("notes",)), set(NOTES)),
        (Scope(origins=("klue",)), set()),
        (Scope(languages=("en",)), {"week2/attention.md", "week2/felines.md"}),
        (Scope(languages=("en",), sources=("week2/felines.md", "week1/")), {"week2/felines.md"}),
        (Scope(languages=("en", "ko")), set(NOTES)),
        (Scope(sources=("%",)), set()),
        (Scope(sources=("week2/attention.m_",)), set()),
        (Scope(headings=("%",)), set()),
        (Scope(sources=("' OR 1=1 --",)), set()),
    ],
)
def test_scopes(course_index, scope, expected):
    assert sources_in(course_index, scope) == expected


def test_a_heading_scope_admits_the_chunks_below_it_only(course_index):
    rows = course_index.rows_in(Scope(headings=("WordPiece",)))
    found = course_index.chunks(rows.tolist())
    assert {one.chunk.heading for one in found} == {"토큰화 > WordPiece"}


def test_a_scope_names_folders_and_headings_however_they_are_composed_or_written(course_index):
    import unicodedata

    for scope in (
        Scope(sources=(unicodedata.normalize("NFD", "week1/01-토큰화.md"),)),
        Scope(headings=(unicodedata.normalize("NFD", "토큰화"),)),
    ):
        assert sources_in(course_index, scope) == {"week1/01-토큰화.md"}


def test_documents_can_be_left_out(course_index, by_source):
    ids = tuple(summary.doc_id for summary in by_source.values())
    assert sources_in(course_index, Scope(exclude_doc_ids=ids[:2])) == set(list(by_source)[2:])
    assert sources_in(course_index, Scope(exclude_doc_ids=ids)) == set()


def test_an_empty_scope_does_not_restrict(course_index):
    assert course_index.rows_in(Scope()) is None


def test_many_threads_read_at_once(course_index, by_source):
    ids = [summary.doc_id for summary in by_source.values()] * 20
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda doc_id: course_index.document(doc_id).text, ids))
    assert texts == [course_index.document(doc_id).text for doc_id in ids]


@pytest.fixture
def settings(tmp_path, e5_tiny):
    made = Settings(data_dir=tmp_path / "a b#c?d%e" / "data", encoder=EncoderSettings(path=e5_tiny, dtype="float32"))
    folder = write_notes(tmp_path / "a b#c?d%e" / "notes", {"1.md": "# 가\n\n게이트.\n", "2.md": "# 나\n\nthe gate.\n"})
    build(made, IngestRequest(paths=[folder]))
    return made


def test_a_path_with_odd_characters(settings):
    index = NotesIndex(Generations(settings.data_dir).pin())
    assert len(index.documents()) == 2
    index.close()


@pytest.mark.parametrize("name", [DATABASE, "dense.faiss", READ, "section_of.npy"])
def test_damage_that_keeps_the_size_is_refused(settings, name):
    """Sizes are compared when a generation is pinned; here the content is nonsense of the right size."""
    folder = settings.data_dir / "index" / "gen-000001"
    (file,) = folder.rglob(name)
    file.write_bytes(b"\0" * file.stat().st_size)
    pin = Generations(settings.data_dir).pin()
    with pytest.raises(DamagedIndex):
        NotesIndex(pin)
    pin.close()


@pytest.mark.parametrize("name", [DATABASE, "dense.faiss"])
def test_what_does_not_open_is_passed_over_for_the_one_before(settings, tmp_path, name):
    store = Generations(settings.data_dir)
    write_notes(tmp_path / "a b#c?d%e" / "notes", {"3.md": "# 다\n\nthe weight.\n"})
    build(settings, IngestRequest())
    file = settings.data_dir / "index" / "gen-000002" / name
    file.write_bytes(b"\0" * file.stat().st_size)
    index = open_index(store)
    assert (index.generation, len(index.documents())) == ("gen-000001", 2)
    (why,) = index.pin.passed_over
    assert "gen-000002" in why or name in why
    index.close()
    # The next ingest takes over what is good and publishes a whole one.
    report = build(settings, IngestRequest())
    assert (report.generation, report.documents.added, report.embedded) == ("gen-000003", 1, 1)
    assert len(report.passed_over) == 1
    for database in (settings.data_dir / "index").rglob(DATABASE):
        database.write_bytes(b"")
    with pytest.raises(DamagedIndex, match=r"gen-000003.*ask-notes ingest"):
        open_index(store)


def test_fewer_chunks_than_the_manifest_says(settings):
    pin = Generations(settings.data_dir).pin()
    database = sqlite3.connect(pin.folder / DATABASE)
    database.execute("DELETE FROM chunks WHERE row = 1")
    database.commit()
    database.close()
    with pytest.raises(DamagedIndex, match="holds 1 chunks"):
        NotesIndex(pin)
    pin.close()


def test_closing_lets_the_writer_remove_it(settings, tmp_path):
    store = Generations(settings.data_dir)
    index = NotesIndex(store.pin())
    folder = index.pin.folder
    notes = tmp_path / "a b#c?d%e" / "notes"
    for number in range(3):
        write_notes(notes, {"1.md": f"# 가\n\n게이트 {number}.\n"})
        build(settings, IngestRequest())
    assert folder.exists()
    index.close()
    index.close()
    store.collect()
    assert not folder.exists()


def test_letting_go_of_the_last_reference_closes_it(settings):
    pin = Generations(settings.data_dir).pin()
    index = NotesIndex(pin)
    del index
    assert pin._descriptor == -1
