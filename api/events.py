"""Server-sent events: an answer on its way, as frames of text.

Frames are made by a function, so that /v1/ask and the OpenAI route share the stream: keep-alives,
an error as the last event, and freeing the generator as soon as the client leaves.
Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.service import Asked
from api.streams import watching
from rag.errors import AskNotesError
from rag.types import Event

# Proxies cut a connection on which nothing happens for a minute; a question may wait longer.
_KEEP_ALIVE_S = 15.0

Frames = Callable[[Event | Exception | None], str]

logger = logging.getLogger(__name__)


def frame(data: dict[str, Any] | str, event: str | None = None) -> str:
    """One event; JSON never holds a line end, so one data line is enough."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return (f"event: {event}\n" if event else "") + f"data: {text}\n\n"


class EventStream(Response):
    """Sends what `frames` makes of each event, of the error that ended them, and of None, the end."""

    media_type = "text/event-stream"

    def __init__(self, asked: Asked, frames: Frames) -> None:
        # x-accel-buffering: nginx would otherwise hold the tokens back.
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._asked = asked
        self._frames = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all of it, unless the client leaves."""
        try:
            async with watching(Request(scope, receive)) as gone:
                sending = asyncio.ensure_future(self._send_all(send))
                try:
                    await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
                    if sending.done():
                        sending.result()
                finally:
                    sending.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        await sending
        finally:
            self._asked.leave()

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        item: Event | Exception | None
        while True:
            try:
                item = await self._asked.next(_KEEP_ALIVE_S)
            except TimeoutError:
                await _write(send, ": still here\n\n")
                continue
            except AskNotesError as error:
                item = error
            except Exception as error:
                logger.exception("Unexpected error while answering")
                item = error
            await _write(send, self._frames(item))
            if item is None or isinstance(item, Exception):
                break
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _write(send: Send, text: str) -> None:
    if text:
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
