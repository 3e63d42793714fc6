from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from rag.settings import Settings, load
from tests.api.fake_pipeline import FakePipeline

BASE_URL = "http://127.0.0.1:8000"


@pytest.fixture
def settings(tmp_path) -> Settings:
    return load({"data_dir": str(tmp_path / "data"), "generator.queue_size": 2}, environ={}).settings


@pytest.fixture
def pipeline() -> FakePipeline:
    return FakePipeline()


@pytest.fixture
def client_for() -> Iterator[Callable[..., TestClient]]:
    """Clients of an app with these settings; a lifespan each, ended with the test."""
    with ExitStack() as stack:

        def make(settings: Settings, pipeline: Any = None, **options: Any) -> TestClient:
            return stack.enter_context(TestClient(create_app(settings, pipeline), base_url=BASE_URL, **options))

        yield make


@pytest.fixture
def client(client_for, settings, pipeline) -> TestClient:
    return client_for(settings, pipeline)
