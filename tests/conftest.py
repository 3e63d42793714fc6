"""What the tests share: no network, small notes, a tiny encoder made on the spot, one index over real weights."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
from pathlib import Path

import hypothesis
import pytest

from tests.helpers import NOTES, save_tiny_encoder, write_notes

_UNDO = pytest.StashKey[pytest.MonkeyPatch]()
_CACHE = pytest.StashKey[str]()


def pytest_configure(config):
    """No test asks a hub, and none depends on what a developer's cache happens to hold."""
    undo = config.stash[_UNDO] = pytest.MonkeyPatch()
    cache = config.stash[_CACHE] = tempfile.mkdtemp(prefix="ask-notes-tests-")
    undo.setenv("HF_HUB_OFFLINE", "1")
    undo.setenv("HF_HOME", cache)
    # Models here are tiny: more threads only wait for each other, all the more on a busy machine.
    undo.setenv("OMP_NUM_THREADS", "1")
    # A busy machine is slow, not wrong; where nobody looks on, the same examples every time.
    hypothesis.settings.register_profile(
        "notes", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize="CI" in os.environ
    )
    hypothesis.settings.load_profile("notes")
    for name in [name for name in os.environ if name.upper().startswith("ASK_NOTES_")]:
        undo.delenv(name)


def pytest_unconfigure(config):
    config.stash[_UNDO].undo()
    shutil.rmtree(config.stash[_CACHE], ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def loopback_only():
    """A connection that leaves this machine fails at once, whoever opens it."""
    connect = socket.socket.connect

    def guarded(self, address):
        inside = self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost")
        if not inside:
            raise OSError(errno.ENETUNREACH, "tests use no network")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def e5_tiny(tmp_path_factory) -> Path:
    """A random two-layer BERT of 32 dimensions whose vocabulary spells Korean in jamo, as E5's does."""
    return save_tiny_encoder(tmp_path_factory.mktemp("models") / "e5-tiny")


@pytest.fixture(scope="session")
def minilm():
    """The embedded encoder's files."""
    from rag.encoders import find_encoder
    from rag.settings import Settings

    found = find_encoder(Settings(models="embedded"))
    assert found.encoder is not None, found.fallbacks
    return found.encoder


@pytest.fixture(scope="session")
def minilm_float32(minilm):
    """The embedded encoder, loaded once."""
    from rag.retrieval.embedding import E5Embeddings

    return E5Embeddings(minilm, dtype="float32")


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """Settings of an index over NOTES, made once with the embedded encoder."""
    from ingest.build import build
    from ingest.request import IngestRequest
    from rag.settings import EncoderSettings, Settings

    home = tmp_path_factory.mktemp("course")
    folder = write_notes(home / "notes", NOTES)
    settings = Settings(data_dir=home / "data", models="embedded", encoder=EncoderSettings(dtype="float32"))
    report = build(settings, IngestRequest(paths=[folder]))
    assert report.documents.added == len(NOTES)
    return settings


@pytest.fixture(scope="session")
def course_index(course):
    from rag.retrieval.generations import Generations
    from rag.retrieval.index import NotesIndex

    index = NotesIndex(Generations(course.data_dir).pin())
    yield index
    index.close()


@pytest.fixture(scope="session")
def course_retriever(course_index, minilm_float32):
    from rag.retrieval.retriever import NotesRetriever

    return NotesRetriever(index=course_index, encoder=minilm_float32)
