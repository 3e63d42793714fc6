import pytest

from ingest.build import build
from ingest.encoder import INT8
from ingest.request import IngestRequest
from rag.errors import EncoderMismatch
from rag.retrieval.generations import Generations
from rag.settings import EncoderSettings, GeneratorSettings, Settings
from rag.wiring import open_pipeline
from tests.helpers import Recorder, write_notes

NOTES = {"gate.md": "# Gate\n\nThe gate of the weight.\n", "kitten.md": "# Kitten\n\nThe kitten is in the passage.\n"}


@pytest.fixture
def settings(tmp_path, e5_tiny):
    """Settings of an index over NOTES, by backend and dtype."""
    folder = write_notes(tmp_path / "notes", NOTES)

    def make(backend="auto", dtype="float32"):
        encoder = EncoderSettings(path=e5_tiny, backend=backend, dtype=dtype)
        return Settings(
            data_dir=tmp_path / "data", encoder=encoder, generator=GeneratorSettings(backend="extractive")
        ), IngestRequest(paths=[folder])

    return make


def pinned(settings):
    pin = Generations(settings.data_dir).pin()
    pin.close()
    return pin.manifest.encoder


def first(settings, query):
    pipeline = open_pipeline(settings, generate=False, warm=True)
    try:
        return pipeline.search(query).passages[0].source, pipeline.readiness().fallbacks
    finally:
        pipeline.close()


def test_the_encoder_is_prepared_once_and_not_by_a_dry_run(settings, monkeypatch, tmp_path):
    pytest.importorskip("openvino")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_ASSETS_CACHE", str(tmp_path / "assets"))
    chosen, request = settings()
    dry, once, again = Recorder(), Recorder(), Recorder()
    build(chosen, IngestRequest(paths=request.paths, dry_run=True), dry)
    assert not (tmp_path / "assets").exists()
    report = build(chosen, request, once)
    assert report.fallbacks == ()
    build(chosen, request, again)
    stage = "preparing the encoder"
    assert [stage in recorder.stages for recorder in (dry, once, again)] == [False, True, False]
    assert first(chosen, "the gate") == ("gate.md", ())
    # An index without a copy (made by torch, or the cache was emptied) is searched by torch, which says so.
    monkeypatch.setattr(constants, "HF_ASSETS_CACHE", str(tmp_path / "empty"))
    source, (why,) = first(chosen, "the gate")
    assert source == "gate.md"
    assert "e5-tiny runs on torch" in why
    assert not (tmp_path / "empty").exists()


def test_backends_share_an_index(settings):
    pytest.importorskip("openvino")
    made = build(*settings("torch"))
    assert made.embedded == 2
    for backend in ("openvino", "torch", "auto"):
        report = build(*settings(backend, "auto"))
        assert (report.embedded, report.reused, report.generation) == (0, 2, made.generation)
        assert first(settings(backend)[0], "the gate")[0] == "gate.md"


def test_int8_is_told_and_never_mixed(settings):
    pytest.importorskip("openvino")
    exact, rough = settings()[0], settings(dtype="int8")[0]
    assert build(*settings()).embedded == 2
    with pytest.raises(EncoderMismatch, match=r"float vectors of e5-tiny.*int8.*--re-embed"):
        build(*settings(dtype="int8"))
    with pytest.raises(EncoderMismatch, match="--re-embed"):
        open_pipeline(rough)

    request = IngestRequest(re_embed=True)
    report = build(rough, request)
    assert (report.embedded, report.reused, report.fallbacks) == (2, 0, (INT8,))
    assert pinned(rough).digest.endswith("-int8")
    assert first(rough, "the gate") == ("gate.md", (INT8,))
    with pytest.raises(EncoderMismatch, match=r"int8 vectors of e5-tiny.*float"):
        open_pipeline(exact)

    report = build(exact, request)
    assert (report.embedded, report.reused, report.fallbacks) == (2, 0, ())
    assert first(exact, "the gate") == ("gate.md", ())
