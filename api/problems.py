"""Errors -> application/problem+json (RFC 9457), one shape for all.

{type, title, status, detail, code, title_ko, detail_ko} and, where a request does not fit its
schema, errors: [{field, message}]. STATUS is the only table from an error to a status; an error that
nobody foresaw becomes a 500 that tells nothing of the inside.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from http.client import responses as phrases
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.messages import PROBLEMS, code_of, detail_ko
from rag import errors

MEDIA_TYPE = "application/problem+json"
CLIENT_LEFT = 499  # as nginx logs it: nobody is there to read the status

STATUS: Mapping[type[errors.AskNotesError], int] = {
    errors.AskNotesError: 500,
    errors.BadInput: 422,
    errors.EmptyQuestion: 422,
    errors.QuestionTooLong: 422,
    errors.BadNotes: 422,
    errors.BadDataset: 422,
    errors.UnknownDocument: 404,
    errors.BadConfiguration: 503,
    errors.EncoderMismatch: 503,
    errors.StorageRefused: 503,
    errors.AddressTaken: 503,
    errors.NotReady: 503,
    errors.NoIndex: 503,
    errors.DamagedIndex: 503,
    errors.NoModel: 503,
    errors.GenerationFailed: 500,
    errors.DeadlineExceeded: 504,
    errors.Cancelled: CLIENT_LEFT,
    errors.Busy: 429,
    errors.QueueFull: 429,
    errors.ShuttingDown: 503,
    errors.IndexLocked: 503,
    errors.GateNotMet: 500,
}

_CODE_OF_STATUS = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    421: "wrong_host",
    422: "invalid_request",
    500: "internal_error",
}

logger = logging.getLogger(__name__)


def status_of(error: BaseException) -> int:
    """The status of an error; one that is not of the house is a 500."""
    for cls in type(error).__mro__:
        if cls in STATUS:
            return STATUS[cls]
    return 500


def body_of(error: BaseException) -> dict[str, Any]:
    """The problem body of an error; of one that is not of the house only that it happened."""
    if isinstance(error, errors.AskNotesError):
        return _body(code_of(_known(type(error))), status_of(error), str(error))
    return _body("internal_error", 500)


def of_error(error: BaseException) -> JSONResponse:
    """The response for an error, with Retry-After where trying again helps."""
    headers = {}
    if isinstance(error, errors.Busy):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    return _response(body_of(error), headers)


def of_status(status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response for what HTTP itself refuses."""
    code = _CODE_OF_STATUS.get(status, "http_error")
    body = _body(code, status)
    if code == "http_error":
        body["title"] = phrases.get(status, body["title"])
    return _response(body, headers)


def of_validation(failures: Sequence[Mapping[str, Any]]) -> JSONResponse:
    """The response for a request that does not fit its schema; never echoes what was sent."""
    fields = [
        {"field": ".".join(str(part) for part in failure["loc"] if part != "body") or "body", "message": failure["msg"]}
        for failure in failures
    ]
    told = "; ".join(f"{field['field']}: {field['message']}" for field in fields[:3])
    return _response({**_body("invalid_request", 422, f"The request does not fit: {told}."), "errors": fields})


def install(app: FastAPI) -> None:
    """Make `app` answer every error in this shape."""

    async def on_house_error(request: Request, error: Exception) -> Response:
        return of_error(error)

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code < 400:
            return Response(status_code=error.status_code, headers=error.headers)
        return of_status(error.status_code, error.headers)

    async def on_validation_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return of_validation(error.errors())

    app.add_exception_handler(errors.AskNotesError, on_house_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)


class CatchUnexpected:
    """Logs what nobody foresaw and answers 500 without internals.

    Starlette's own outermost handler would answer outside the security headers and raise again.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app below."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            logger.exception("Unexpected error in %s %s", scope["method"], scope["path"])
            await of_error(error)(scope, receive, send)


def _known(cls: type[BaseException]) -> type[BaseException]:
    return next(base for base in cls.__mro__ if base in STATUS)


def _body(code: str, status: int, detail: str = "") -> dict[str, Any]:
    text = PROBLEMS[code]
    return {
        "type": f"urn:ask-notes:problem:{code}",
        "title": text.title,
        "status": status,
        "detail": detail or text.detail or text.title,
        "code": code,
        "title_ko": text.title_ko,
        "detail_ko": detail_ko(code, detail),
    }


def _response(body: dict[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(body, status_code=body["status"], headers=dict(headers or {}), media_type=MEDIA_TYPE)
