import pytest

from ingest.build import build
from ingest.request import IngestRequest
from rag.retrieval.generations import Generations
from rag.retrieval.index import NotesIndex
from rag.settings import EncoderSettings, Settings
from tests.helpers import Recorder


@pytest.fixture
def settings(tmp_path, monkeypatch, e5_tiny):
    """An index to be, made with a small encoder: cheap, and all of the real path."""
    monkeypatch.chdir(tmp_path)
    return Settings(data_dir=tmp_path / "data", encoder=EncoderSettings(path=e5_tiny, dtype="float32"))


@pytest.fixture
def ingest():
    """build(), with the stages it went through: (report, {stage: total})."""

    def run(settings, *paths, **request):
        recorder = Recorder()
        return build(settings, IngestRequest(paths=paths, **request), recorder), recorder.stages

    return run


@pytest.fixture
def opened():
    """The live generation of some settings, opened."""
    indexes = []

    def open_index(settings):
        indexes.append(NotesIndex(Generations(settings.data_dir).pin()))
        return indexes[-1]

    yield open_index
    for index in indexes:
        index.close()
