"""The fake stands for the real pipeline: same methods, same parameters."""

from __future__ import annotations

import inspect

import pytest

from rag.generation.engine import Engine
from rag.pipeline import Pipeline
from tests.api.fake_pipeline import FakeEngine, FakePipeline

METHODS = ["ask", "stream", "search", "document", "documents", "readiness", "close"]


@pytest.mark.parametrize("name", METHODS)
def test_same_parameters(name):
    real, fake = (inspect.signature(getattr(cls, name)).parameters for cls in (Pipeline, FakePipeline))
    assert list(real) == list(fake)
    assert [p.default is p.empty for p in real.values()] == [p.default is p.empty for p in fake.values()]


def test_the_queue_has_what_the_server_reads():
    assert isinstance(Pipeline.engine, property)
    assert all(hasattr(Engine, name) for name in ("waiting", "running", "idle", "close"))
    assert all(hasattr(FakeEngine(1), name) for name in ("waiting", "running", "idle", "close"))
