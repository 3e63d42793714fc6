"""Requests straight into the ASGI app, and waiting for something on its loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any


class Call:
    """One request straight into the ASGI app, as a server makes it: it can leave at any moment."""

    def __init__(
        self, app: Any, path: str, body: Any, method: str = "POST", headers: dict[str, str] | None = None
    ) -> None:
        self.messages: list[dict[str, Any]] = []
        self._left = asyncio.Event()
        self._body: bytes | None = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"host": "127.0.0.1:8000", "content-type": "application/json", **(headers or {})}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 5000),
            "server": ("127.0.0.1", 8000),
            "state": {},
        }
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if not self._left.is_set():
            self.messages.append(message)

    def leave(self) -> None:
        self._left.set()

    @property
    def status(self) -> int | None:
        return self.messages[0]["status"] if self.messages else None

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.messages).decode()

    def json(self) -> Any:
        return json.loads(self.text)


async def until(happened: Callable[[], Any], timeout_s: float = 5.0) -> None:
    """Wait on the loop until something is so; the clock only bounds a test that fails."""
    async with asyncio.timeout(timeout_s):
        while not happened():
            await asyncio.sleep(0.002)
