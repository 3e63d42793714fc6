"""create_app(): settings -> the HTTP door, with the chat page and the documentation.

Makes the app and its middleware; opens no file and no model before the lifespan begins.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from api import openai, problems, routes
from api.metrics import CountRequests
from api.security import Guard, SecurityHeaders
from api.service import Service
from api.version import installed_version
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.pipeline import Pipeline

STATIC = Path(__file__).parent / "static"

_DESCRIPTION = """Ask your course notes, in Korean or English. Every sentence of the answer points at
the exact words of a note; where the notes do not say, the answer says so (`abstained`).

Offsets count Unicode code points and are half open. Errors are `application/problem+json`."""


def create_app(settings: Settings, pipeline: Pipeline | None = None) -> FastAPI:
    """The app; without a pipeline it opens its own, and serves 503 with the way out until it can."""
    service = Service(settings, pipeline)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        yield
        await service.close()

    app = FastAPI(
        title="ask-notes",
        description=_DESCRIPTION,
        version=installed_version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    for router in (routes.notes, openai.router, routes.health):
        app.include_router(router)
    _add_pages(app)
    # The last one added is the outermost: errors of those below still get headers and are counted.
    app.add_middleware(Guard, server=settings.server)
    app.add_middleware(problems.CatchUnexpected)
    if settings.server.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.server.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Retry-After"],
        )
    app.add_middleware(CountRequests, metrics=service.metrics)
    app.add_middleware(SecurityHeaders)
    return app


def _add_pages(app: FastAPI) -> None:
    @app.head("/", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(STATIC / "docs.html")

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> FileResponse:
        return FileResponse(STATIC / "icon.svg")

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
