import errno
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ingest import vectors
from ingest.build import build
from ingest.request import IngestRequest
from rag import models
from rag.encoders import find_encoder
from rag.errors import BadNotes, EncoderMismatch, IndexLocked, NoModel, StorageRefused
from rag.retrieval.embedding import E5Embeddings
from rag.retrieval.generations import Generations
from rag.retrieval.lexical import Postings, query_terms
from rag.retrieval.manifest import MANIFEST, record_files
from rag.settings import EncoderSettings, IngestSettings, Settings
from tests.helpers import NOTES, ROOT, save_tiny_encoder, write_notes

SMALL = {
    "1.md": "# Attention\n\nattention is the softmax of the query.\n\n## Gates\n\n게이트는 값을 정한다.\n",
    "2.md": "# Kitten\n\nthe kitten and the token.\n",
    "3.md": "# 셋째\n\n세 번째 노트다.\n",
}
QUERIES = ["게이트는 무엇을 정하나", "the kitten", "attention query", "세 번째", "모르는 말"]


@pytest.fixture
def folder(tmp_path):
    return write_notes(tmp_path / "notes", SMALL)


def content(index):
    """All that an index says, whatever rows its chunks happen to have."""
    chunks = {}
    for stored in index.stored_chunks():
        vector = index.dense.vectors(np.array([stored.row]))[0] if index.dense else np.zeros(0)
        scores = [float(index.lexical.scores(query_terms(query)).total[stored.row]) for query in QUERIES]
        chunks[stored.chunk.chunk_id] = (stored.chunk, stored.morphemes, stored.reading, vector, scores)
    return list(index.stored_documents()), chunks


def assert_same(ours, theirs):
    assert ours[0] == theirs[0]
    assert list(ours[1]) == list(theirs[1])
    for name, (chunk, morphemes, reading, vector, scores) in ours[1].items():
        other = theirs[1][name]
        assert (chunk, morphemes, reading) == other[:3]
        np.testing.assert_allclose(vector, other[3], atol=1e-5)
        np.testing.assert_allclose(scores, other[4], rtol=1e-5)


def tree(folder):
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.rglob("*"))}


def test_a_first_ingest(settings, folder, ingest, opened):
    report, stages = ingest(settings, folder)
    assert report.generation == "gen-000001"
    assert (report.documents.added, report.documents.unchanged, report.documents.failed) == (3, 0, 0)
    assert report.chunks == report.embedded == stages["embedding"] == 4
    assert (report.reused, report.failures, report.fallbacks) == (0, (), ())
    assert report.audit.truncated_tokens == 0
    assert report.audit.languages == {"en": 1, "ko": 2}
    # Another test may have prepared it: copies of encoders are shared.
    stages.pop("preparing the encoder", None)
    assert list(stages) == ["reading", "splitting", "reading words", "auditing", "embedding", "writing"]
    index = opened(settings)
    assert {document.source: document.text for document, _, _ in index.stored_documents()} == SMALL
    for stored in index.stored_chunks():
        text = index.document(stored.chunk.doc_id).text
        assert text[stored.chunk.start : stored.chunk.end] == stored.chunk.text


def test_vectors_are_those_of_the_encoder(settings, folder, ingest, opened):
    ingest(settings, folder)
    index = opened(settings)
    embeddings = E5Embeddings(find_encoder(settings).encoder, dtype="float32")
    stored = list(index.stored_chunks())
    assert [one.row for one in stored] == list(range(len(stored)))
    expected = embeddings.chunks([one.chunk.heading for one in stored], [one.chunk.text for one in stored])
    np.testing.assert_allclose(index.dense.vectors(np.arange(len(stored))), expected, atol=1e-5)


def test_the_manifest(settings, folder, ingest, opened, tmp_path, e5_tiny):
    report, _ = ingest(settings, folder)
    manifest = opened(settings).manifest
    assert manifest.generation == report.generation
    assert (manifest.counts.documents, manifest.counts.chunks) == (3, 4)
    assert manifest.counts.characters == sum(map(len, SMALL.values()))
    assert (manifest.encoder.id, manifest.encoder.dim, manifest.encoder.window) == ("e5-tiny", 32, 128)
    assert (manifest.encoder.query_prefix, manifest.encoder.passage_prefix) == ("query: ", "passage: ")
    assert (manifest.encoder.pooling, manifest.dense) == ("mean", "IndexFlatIP")
    assert manifest.encoder.digest == models.weights_digest(e5_tiny)
    assert [root.location for root in manifest.roots] == ["notes"]
    assert set(manifest.files) == set(record_files(settings.data_dir / "index" / report.generation))
    written = (settings.data_dir / "index" / report.generation / MANIFEST).read_text()
    assert str(tmp_path) not in written
    assert str(e5_tiny) not in written


def test_a_second_ingest_embeds_and_writes_nothing(settings, folder, ingest, opened):
    first, _ = ingest(settings, folder)
    before, names = tree(settings.data_dir / "index" / first.generation), list(content(opened(settings))[1])
    for paths in ((folder,), ()):
        report, stages = ingest(settings, *paths)
        assert (report.generation, report.embedded, report.reused) == (first.generation, 0, first.chunks)
        assert (report.documents.unchanged, report.documents.added) == (3, 0)
        assert "embedding" not in stages and "reading words" not in stages and "writing" not in stages
        assert report.audit == first.audit
    assert tree(settings.data_dir / "index" / first.generation) == before
    assert list(content(opened(settings))[1]) == names


def test_a_changed_file_embeds_only_what_changed(settings, folder, ingest, opened):
    ingest(settings, folder)
    changed = SMALL["1.md"].replace("값을 정한다", "값을 새로 정한다")
    write_notes(folder, {"1.md": changed})
    report, stages = ingest(settings)
    assert (report.documents.changed, report.documents.unchanged) == (1, 2)
    assert report.embedded == stages["embedding"] == stages["reading words"] == 1
    assert report.reused == 3
    assert report.generation == "gen-000002"
    assert opened(settings).document(next(opened(settings).stored_documents())[0].doc_id).text == changed


def test_ingesting_step_by_step_equals_ingesting_at_once(settings, folder, ingest, opened, tmp_path):
    ingest(settings, folder)
    (folder / "2.md").unlink()
    write_notes(
        folder, {"1.md": SMALL["1.md"] + "\n## More\n\nthe value of a token.\n", "0.md": "# Zero\n\nthe gate.\n"}
    )
    report, _ = ingest(settings)
    assert (report.documents.added, report.documents.changed, report.documents.removed) == (1, 1, 1)
    fresh = settings.model_copy(update={"data_dir": tmp_path / "fresh"})
    ingest(fresh, folder)
    assert_same(content(opened(settings)), content(opened(fresh)))


def test_the_same_notes_give_the_same_files(settings, folder, ingest, tmp_path):
    ingest(settings, folder)
    other = settings.model_copy(update={"data_dir": tmp_path / "other"})
    ingest(other, folder)
    ours, theirs = (record_files(one.data_dir / "index" / "gen-000001") for one in (settings, other))
    ours.pop("notes.sqlite"), theirs.pop("notes.sqlite")
    assert ours == theirs


def test_a_removed_file_is_gone(settings, folder, ingest, opened):
    ingest(settings, folder)
    (folder / "2.md").unlink()
    report, stages = ingest(settings)
    assert (report.documents.removed, report.documents.unchanged, report.embedded) == (1, 2, 0)
    assert "embedding" not in stages
    assert [summary.source for summary in opened(settings).documents()] == ["1.md", "3.md"]


def test_two_roots_and_forgetting_one(settings, folder, ingest, opened, tmp_path):
    ingest(settings, folder)
    other = write_notes(tmp_path / "other", {"1.md": "# Other\n\nthe weight.\n"})
    report, stages = ingest(settings, other)
    assert (report.documents.added, report.documents.unchanged) == (1, 3)
    assert stages["embedding"] == 1
    assert [root.name for root in opened(settings).manifest.roots] == ["notes", "other"]
    report, stages = ingest(settings, forget=["notes"])
    assert (report.documents.removed, report.documents.unchanged, report.chunks) == (3, 1, 1)
    assert "embedding" not in stages
    index = opened(settings)
    assert [root.name for root in index.manifest.roots] == ["other"]
    assert [summary.source for summary in index.documents()] == ["1.md"]


def test_forgetting_the_only_root_leaves_an_empty_index(settings, folder, ingest, opened):
    from rag.retrieval.retriever import NotesRetriever

    ingest(settings, folder)
    report, _ = ingest(settings, forget=["notes"])
    assert (report.chunks, report.documents.removed) == (0, 3)
    index = opened(settings)
    assert index.documents() == []
    encoder = E5Embeddings(find_encoder(settings).encoder, dtype="float32")
    assert NotesRetriever(index=index, encoder=encoder).retrieve("attention gate") == []
    report, _ = ingest(settings, folder)
    assert (report.documents.added, report.embedded) == (3, 4)


def test_overlapping_roots_are_refused_before_anything_is_written(settings, folder, ingest, tmp_path):
    ingest(settings, folder)
    before = Generations(settings.data_dir).stamp()
    with pytest.raises(BadNotes, match="holds notes, which is known"):
        ingest(settings, tmp_path)
    assert Generations(settings.data_dir).stamp() == before


def test_a_dry_run_writes_nothing(settings, folder, ingest):
    report, stages = ingest(settings, folder, dry_run=True)
    assert (report.generation, report.documents.added, report.chunks, report.embedded) == (None, 3, 4, 4)
    assert not settings.data_dir.exists()
    assert "embedding" not in stages and "writing" not in stages
    ingest(settings, folder)
    write_notes(folder, {"2.md": "# Kitten\n\nanother kitten.\n"})
    before = tree(settings.data_dir)
    report, _ = ingest(settings, folder, dry_run=True)
    assert (report.documents.changed, report.embedded, report.generation) == (1, 1, "gen-000001")
    assert tree(settings.data_dir) == before


def test_a_root_that_is_gone_keeps_its_documents(settings, folder, ingest, opened):
    ingest(settings, folder)
    folder.rename(folder.with_name("moved"))
    report, _ = ingest(settings)
    assert (report.documents.unchanged, report.documents.removed) == (3, 0)
    assert report.failures[0].source == "notes"
    assert len(opened(settings).documents()) == 3


def test_index_and_notes_can_be_moved_together(settings, folder, ingest, tmp_path):
    ingest(settings, folder)
    (tmp_path / "elsewhere").mkdir()
    for name in ("data", "notes"):
        (tmp_path / name).rename(tmp_path / "elsewhere" / name)
    moved = settings.model_copy(update={"data_dir": tmp_path / "elsewhere" / "data"})
    report, _ = ingest(moved)
    assert (report.documents.unchanged, report.embedded, report.failures) == (3, 0, ())


def test_bad_files_are_listed_and_the_rest_is_ingested(settings, folder, ingest, opened):
    write_notes(folder, {"bad.md": "한글".encode("cp949"), "empty.md": b""})
    report, _ = ingest(settings, folder)
    assert (report.documents.added, report.documents.failed) == (3, 2)
    assert [failure.source for failure in report.failures] == ["bad.md", "empty.md"]
    assert len(opened(settings).documents()) == 3


def test_nothing_to_ingest(settings, ingest, tmp_path):
    empty = write_notes(tmp_path / "empty", {"x.py": "x = 1"})
    with pytest.raises(BadNotes, match="No notes found"):
        ingest(settings, empty)
    bad = write_notes(tmp_path / "bad", {"a.md": b"", "b.md": "한글".encode("cp949")})
    with pytest.raises(BadNotes, match=r"None of the 2 files could be used \(a.md: empty"):
        ingest(settings, bad)
    with pytest.raises(BadNotes, match="Nothing to ingest"):
        ingest(settings)
    assert Generations(settings.data_dir).current() is None


@pytest.fixture
def other_encoder(tmp_path):
    return save_tiny_encoder(tmp_path / "models" / "e5-other", seed=1)


def test_another_encoder_is_refused_until_it_is_asked_for(settings, folder, ingest, opened, other_encoder):
    ingest(settings, folder)
    other = settings.model_copy(update={"encoder": EncoderSettings(path=other_encoder, dtype="float32")})
    with pytest.raises(EncoderMismatch, match=r"made with e5-tiny.*e5-other.*--re-embed"):
        ingest(other)
    report, stages = ingest(other, re_embed=True)
    assert report.embedded == stages["embedding"] == 4
    # Words do not depend on the encoder.
    assert "reading words" not in stages
    assert opened(other).manifest.encoder.id == "e5-other"
    with pytest.raises(EncoderMismatch, match="made with e5-other"):
        ingest(settings)


def test_other_weights_under_the_same_name_are_refused(settings, folder, ingest, tmp_path):
    ingest(settings, folder)
    twin = save_tiny_encoder(tmp_path / "twin" / "e5-tiny", seed=7)
    other = settings.model_copy(update={"encoder": EncoderSettings(path=twin, dtype="float32")})
    with pytest.raises(NoModel, match="other weights"):
        ingest(other)
    report, _ = ingest(other, re_embed=True)
    assert report.embedded == 4


def test_an_index_stays_with_its_encoder_whatever_comes_into_reach(
    settings, folder, ingest, opened, e5_tiny, monkeypatch
):
    """Made with the embedded one as nothing better was there; then the first choice can be had."""
    monkeypatch.setattr(models, "hub_reachable", lambda: False)
    plain = Settings(data_dir=settings.data_dir, encoder=EncoderSettings(dtype="float32"))
    first, _ = ingest(plain, folder)
    assert opened(plain).manifest.encoder.id == models.EMBEDDED_ENCODER
    assert first.fallbacks
    assert opened(plain).manifest.fallbacks == list(first.fallbacks)
    files = models.ModelFiles("intfloat/e5-small-v2", e5_tiny, "cache")
    monkeypatch.setattr(models, "from_hub", lambda _: (files, ""))
    write_notes(folder, {"4.md": "# Four\n\nthe token.\n"})
    report, _ = ingest(plain)
    assert report.embedded == 1
    assert opened(plain).manifest.encoder.id == models.EMBEDDED_ENCODER
    report, _ = ingest(plain, re_embed=True)
    assert report.embedded == report.chunks
    assert opened(plain).manifest.encoder.id == "intfloat/e5-small-v2"


def test_an_index_of_words_only(settings, folder, ingest, opened, monkeypatch):
    monkeypatch.setattr(models, "hub_reachable", lambda: False)
    plain = Settings(data_dir=settings.data_dir, encoder=EncoderSettings(dtype="float32"))
    with monkeypatch.context() as patch:
        patch.setattr(models, "embedded_files", lambda: None)
        report, stages = ingest(plain, folder)
        assert any("by words only" in reason for reason in report.fallbacks)
        assert (report.chunks > 0, report.embedded, report.reused) == (True, 0, 0)
        assert "embedding" not in stages
        index = opened(plain)
        assert (index.manifest.encoder, index.dense, index.manifest.dense) == (None, None, "none")
        report, _ = ingest(plain)
        assert report.generation == "gen-000001"
    # The encoder is back: the index is made whole.
    report, stages = ingest(plain)
    assert report.embedded == stages["embedding"] == report.chunks
    assert opened(plain).manifest.encoder.id == models.EMBEDDED_ENCODER


def rewrite_manifest(settings, name, **changes):
    file = settings.data_dir / "index" / name / MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_an_index_of_older_words_is_made_anew(settings, folder, ingest, opened):
    ingest(settings, folder)
    versions = opened(settings).manifest.versions
    assert {"lexical", "kiwipiepy", "bm25s"} <= set(versions)
    rewrite_manifest(settings, "gen-000001", versions=versions | {"lexical": "0"})
    report, stages = ingest(settings)
    assert (report.generation, report.embedded) == ("gen-000002", 0)
    assert stages["reading words"] == 4
    assert opened(settings).manifest.versions == versions


def test_other_chunks_when_their_size_changes(settings, folder, ingest, opened):
    long = " ".join(f"gate {number} of the weight is value {number}." for number in range(30))
    write_notes(folder, {"long.md": f"# Long\n\n{long}\n"})
    first, _ = ingest(settings, folder)
    smaller = settings.model_copy(update={"ingest": IngestSettings(chunk_tokens=64)})
    report, stages = ingest(smaller)
    assert report.chunks > first.chunks
    assert report.documents.unchanged == 4
    # What is read as before keeps its vector.
    assert report.embedded == stages["embedding"] < report.chunks
    assert max(stored.chunk.tokens for stored in opened(smaller).stored_chunks()) <= 64
    again, _ = ingest(smaller)
    assert (again.generation, again.embedded) == (report.generation, 0)


def test_another_prefix_makes_other_vectors(settings, folder, ingest, opened):
    ingest(settings, folder)
    encoder = settings.encoder.model_copy(update={"passage_prefix": "text: "})
    prefixed = settings.model_copy(update={"encoder": encoder})
    report, stages = ingest(prefixed)
    assert report.embedded == stages["embedding"] == 4
    assert report.generation == "gen-000002"
    assert opened(prefixed).manifest.encoder.passage_prefix == "text: "
    again, _ = ingest(prefixed)
    assert (again.generation, again.embedded) == ("gen-000002", 0)


def test_equal_texts_are_embedded_once(settings, ingest, opened, tmp_path):
    block = "# Licence\n\nthe same text of a licence.\n"
    folder = write_notes(tmp_path / "notes", {f"{number}.md": block for number in range(5)})
    report, stages = ingest(settings, folder)
    assert report.chunks == 5
    assert stages["embedding"] == 1
    rows = opened(settings).dense.vectors(np.arange(5))
    np.testing.assert_array_equal(rows, np.repeat(rows[:1], 5, axis=0))


def test_many_chunks_go_to_the_encoder_in_portions(settings, folder, ingest, monkeypatch):
    monkeypatch.setattr(vectors, "_CALL", 2)
    report, stages = ingest(settings, folder)
    assert report.embedded == stages["embedding"] == 4


def test_a_damaged_generation_is_passed_over_and_made_good(settings, folder, ingest, opened):
    ingest(settings, folder)
    write_notes(folder, {"4.md": "# Four\n\nthe token.\n"})
    ingest(settings)
    (settings.data_dir / "index" / "gen-000002" / "notes.sqlite").write_bytes(b"cut")
    report, stages = ingest(settings)
    assert "gen-000002" in report.passed_over[0]
    assert (report.generation, stages["embedding"]) == ("gen-000003", 1)
    assert len(opened(settings).documents()) == 4
    again, _ = ingest(settings)
    assert (again.generation, again.passed_over) == ("gen-000003", ())


def test_a_lost_current_is_written_again(settings, folder, ingest, opened):
    ingest(settings, folder)
    (settings.data_dir / "index" / "CURRENT").unlink()
    report, _ = ingest(settings)
    assert report.embedded == 0
    assert Generations(settings.data_dir).current() == report.generation
    assert opened(settings).pin.passed_over == ()


def test_nothing_good_is_left_and_the_notes_are_ingested_anew(settings, folder, ingest, opened):
    ingest(settings, folder)
    (settings.data_dir / "index" / "gen-000001" / "notes.sqlite").write_bytes(b"cut")
    report, _ = ingest(settings, folder)
    assert (report.documents.added, report.embedded) == (3, 4)
    assert "gen-000001" in report.passed_over[0]
    assert len(opened(settings).documents()) == 3


@pytest.mark.parametrize("where", ["database", "dense", "lexical"])
def test_a_full_disk_leaves_the_old_generation(settings, folder, ingest, opened, monkeypatch, where):
    import ingest.write as module
    from rag.retrieval.dense import DenseIndex

    ingest(settings, folder)
    write_notes(folder, {"4.md": "# Four\n\n" + "the token. " * 40})

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if where == "database":
            # SQLite's own words for it.
            patch.setattr(module, "SCHEMA", "PRAGMA max_page_count = 3;" + module.SCHEMA)
        else:
            patch.setattr(DenseIndex if where == "dense" else Postings, "write", full)
        with pytest.raises(StorageRefused, match="No space left"):
            ingest(settings)
    assert opened(settings).generation == "gen-000001"
    report, _ = ingest(settings)
    assert report.generation == "gen-000002"
    assert [name.name for name in sorted((settings.data_dir / "index").glob("gen-*"))] == ["gen-000001", "gen-000002"]


def test_an_interruption_leaves_the_old_generation(settings, folder, ingest, opened, monkeypatch):
    ingest(settings, folder)
    write_notes(folder, {"4.md": "# Four\n\nthe token.\n"})

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Postings, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ingest(settings)
    assert opened(settings).generation == "gen-000001"
    report, _ = ingest(settings)
    assert (report.documents.added, report.embedded) == (1, 1)


def test_one_writer_at_a_time(settings, folder, ingest):
    with Generations(settings.data_dir).writing(), pytest.raises(IndexLocked, match="is writing this index"):
        ingest(settings, folder)
    # A dry run only looks.
    with Generations(settings.data_dir).writing():
        assert ingest(settings, folder, dry_run=True)[0].chunks == 4


def test_a_reader_keeps_its_generation_while_notes_change(settings, folder, ingest, opened):
    ingest(settings, folder)
    reader = opened(settings)
    before = content(reader)
    for number in range(3):
        write_notes(folder, {"1.md": f"# New\n\nthe token {number}.\n"})
        ingest(settings)
    assert_same(content(reader), before)
    assert (settings.data_dir / "index" / "gen-000001").is_dir()
    reader.close()
    ingest(settings)
    assert not (settings.data_dir / "index" / "gen-000001").exists()


def test_old_generations_go(settings, folder, ingest):
    for number in range(4):
        write_notes(folder, {"1.md": f"# New\n\nthe token {number}.\n"})
        ingest(settings, folder)
    kept = sorted(path.name for path in (settings.data_dir / "index").glob("gen-*"))
    assert kept == ["gen-000003", "gen-000004"]


def test_notes_and_klue_side_by_side(settings, folder, ingest, opened, tmp_path):
    row = {"guid": "g", "title": "한글", "context": "한글은 1446년에 반포되었다.", "question": "언제?",
           "answers": {"text": ["1446년"], "answer_start": [4]}, "is_impossible": False}  # fmt: skip
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    report, _ = ingest(settings, folder, klue_mrc=[str(tmp_path / "rows.jsonl")])
    assert report.documents.added == 4
    (chunk,) = [one.chunk for one in opened(settings).stored_chunks() if "1446" in one.chunk.text]
    assert (chunk.text, chunk.heading) == ("한글은 1446년에 반포되었다.", "한글")
    again, _ = ingest(settings)
    assert (again.embedded, again.documents.unchanged) == (0, 4)


def test_forgetting_a_source_leaves_the_passages_that_another_one_holds(settings, ingest, opened, tmp_path):
    shared, own = ({"guid": guid, "title": "한글", "context": f"한글은 {year}년에 반포되었다.", "question": "언제?",
                    "answers": {"text": [f"{year}년"], "answer_start": [4]}, "is_impossible": False}
                   for guid, year in (("g", 1446), ("h", 1447)))  # fmt: skip
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_text(json.dumps(shared) + "\n" + json.dumps(own))
    second.write_text(json.dumps(shared))
    ingest(settings, klue_mrc=[str(first), str(second)])
    report, _ = ingest(settings, forget=[str(first)])
    assert (report.chunks, report.embedded) == (1, 0)
    assert [one.chunk.text for one in opened(settings).stored_chunks()] == ["한글은 1446년에 반포되었다."]


def test_without_a_progress_nothing_is_said(settings, folder, capfd):
    build(settings, IngestRequest(paths=[folder]))
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_the_sample_notes_are_read_whole(settings, ingest, tmp_path):
    """The notes that the project ships: no failure, nothing truncated."""
    if not (ROOT / "notes").is_dir():
        pytest.skip("the sample notes are not here")
    plain = Settings(data_dir=tmp_path / "sample")
    report, _ = ingest(plain, ROOT / "notes", dry_run=True)
    assert (report.failures, report.audit.truncated_tokens) == ((), 0)
    assert report.documents.added >= 12


KILLED = """
import sys
from pathlib import Path
from ingest.build import build
from ingest.request import IngestRequest
from rag import models
from rag.retrieval.lexical import Postings
from rag.settings import Settings
def stuck(self, folder):
    (folder / "data.npy").write_bytes(b"half")
    print("writing", flush=True)
    sys.stdin.read()
Postings.write = stuck
models.embedded_files = lambda: None
build(Settings(data_dir=Path(sys.argv[1]), models="embedded"), IngestRequest(paths=[Path(sys.argv[2])]))
"""


def test_kill_9_in_the_middle_of_an_ingest(settings, folder, ingest, opened, monkeypatch):
    monkeypatch.setattr(models, "embedded_files", lambda: None)
    plain = Settings(data_dir=settings.data_dir, models="embedded")
    ingest(plain, folder)
    write_notes(folder, {"4.md": "# Four\n\nthe token.\n"})
    arguments = [str(settings.data_dir), str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout.readline() == "writing\n"
        with pytest.raises(IndexLocked, match=f"Process {process.pid}"):
            ingest(plain)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
    assert (settings.data_dir / "index" / "gen-000002").is_dir()
    index = opened(plain)
    assert (index.generation, len(index.documents()), index.pin.passed_over) == ("gen-000001", 3, ())
    report, _ = ingest(plain)
    assert (report.generation, report.documents.added) == ("gen-000002", 1)


def test_notes_of_every_kind_in_one_course(course_index):
    found = {summary.source: summary for summary in course_index.documents()}
    assert set(found) == set(NOTES)
    assert all(summary.chunks > 0 for summary in found.values())
    assert found["week1/02-LSTM.md"].title == "LSTM"
    assert Path(course_index.manifest.roots[0].location).name == "notes"
