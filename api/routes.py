"""Our own routes, thin: a request in, the service asked, a wire model out."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import HTTPBearer
from starlette.responses import PlainTextResponse, Response

from api import feedback, metrics, problems
from api.events import EventStream, frame
from api.messages import in_language
from api.schemas import (
    AskRequest,
    AskResponse,
    CitationOut,
    DocumentResponse,
    DocumentsResponse,
    DocumentSummaryOut,
    FeedbackRequest,
    PassageOut,
    Problem,
    ReadyResponse,
    SearchRequest,
    SearchResponse,
)
from api.service import Asked, Service
from api.streams import unless_gone
from rag.types import AnswerDone, CitationFound, Event, PassagesFound, TokenWritten


def the_service(request: Request) -> Service:
    """The service of the app that a request came to."""
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(the_service)]
# Only says in /docs that a key may be needed; api/security.py asks for it before a body is read.
NEEDS_KEY = Security(HTTPBearer(auto_error=False, description="One of server.api_keys, if any are set."))

_PROBLEM = {"model": Problem, "content": {problems.MEDIA_TYPE: {}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    422: {**_PROBLEM, "description": "The request, or the question, does not fit."},
    429: {**_PROBLEM, "description": "The queue is full; Retry-After says when to come back."},
    503: {**_PROBLEM, "description": "No index, no model, or shutting down."},
}

health = APIRouter(tags=["health"])
notes = APIRouter(prefix="/v1", tags=["notes"], dependencies=[NEEDS_KEY], responses=PROBLEMS)


# HEAD, too: that is how many a health check asks.
@health.head("/healthz", include_in_schema=False)
@health.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process lives, whether or not it can answer."""
    return {"status": "ok"}


@health.head("/readyz", include_in_schema=False)
@health.get("/readyz", responses={503: PROBLEMS[503]})
async def readyz(service: ServiceDep) -> ReadyResponse:
    """A question can be answered now, by what, and what fell back and why."""
    ready = await service.readiness()
    return ReadyResponse(
        generation=ready.generation,
        embedder=ready.embedder,
        generator=ready.generator,
        generator_backend=ready.generator_backend,
        fallbacks=list(ready.fallbacks),
        fallbacks_ko=[in_language("ko", why) for why in ready.fallbacks],
    )


@health.get("/metrics", response_class=PlainTextResponse, dependencies=[NEEDS_KEY])
async def read_metrics(service: ServiceDep) -> Response:
    """Counts and durations in Prometheus' text format."""
    return PlainTextResponse(service.metrics.render(service.gauges()), media_type=metrics.CONTENT_TYPE)


@notes.post("/search")
async def search(body: SearchRequest, request: Request, service: ServiceDep) -> SearchResponse:
    """Passages of the notes for a query."""
    found = service.search(body.query, body.k, body.scope.record(), explain=body.explain)
    return SearchResponse.of(await unless_gone(request, found))


@notes.post(
    "/ask",
    response_model=AskResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "The answer, as JSON or as events."}},
)
async def ask(body: AskRequest, request: Request, service: ServiceDep) -> AskResponse | Response:
    """An answer with citations; `stream` sends the events passages, token, citation, done or error."""
    asked = await unless_gone(request, service.ask(body.record()))
    if body.stream:
        return EventStream(asked, lambda item: _frame(item, asked))
    try:
        return AskResponse.of(await unless_gone(request, asked.answer()), body.question)
    finally:
        asked.leave()


@notes.get("/documents")
async def documents(service: ServiceDep) -> DocumentsResponse:
    """What is indexed, a line a document."""
    pipeline = await service.pipeline()
    found = await anyio.to_thread.run_sync(pipeline.documents)
    return DocumentsResponse(documents=[DocumentSummaryOut.of(summary) for summary in found])


@notes.get("/documents/{doc_id}", responses={404: {**_PROBLEM, "description": "No such document."}})
async def document(doc_id: str, service: ServiceDep) -> DocumentResponse:
    """A note's whole text; citations count its code points."""
    pipeline = await service.pipeline()
    return DocumentResponse.of(await anyio.to_thread.run_sync(pipeline.document, doc_id))


@notes.post("/feedback", status_code=201)
async def leave_feedback(body: FeedbackRequest, service: ServiceDep) -> dict[str, bool]:
    """Keep what a person thought of an answer, on this machine only."""
    await anyio.to_thread.run_sync(feedback.append, service.settings.data_dir, body.model_dump())
    return {"saved": True}


def _frame(item: Event | Exception | None, asked: Asked) -> str:
    match item:
        case PassagesFound(passages):
            return frame({"passages": [PassageOut.of(passage).model_dump() for passage in passages]}, "passages")
        case TokenWritten(text):
            return frame({"text": text}, "token")
        case CitationFound(citation):
            return frame(CitationOut.of(citation).model_dump(), "citation")
        case AnswerDone(answer):
            return frame(AskResponse.of(answer, asked.question.text).model_dump(), "done")
        case Exception():
            return frame(problems.body_of(item), "error")
    return ""
