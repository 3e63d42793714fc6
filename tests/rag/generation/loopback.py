"""A server on loopback that speaks just enough of OpenAI's chat completions, and misbehaves on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def event(content: str | None = None, *, finish: str | None = None, usage: dict[str, int] | None = None) -> str:
    """One event of a stream, as vLLM sends it."""
    choices = [] if usage else [{"index": 0, "delta": {"content": content or ""}, "finish_reason": finish}]
    body = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
    return f"data: {json.dumps(body | ({'usage': usage} if usage else {}))}\n\n"


class Loopback:
    """Answers the n-th request with the n-th of `answers`, the last one again and again.

    An answer is a list of events, an error, or a function that makes events from the request.
    """

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.hang = threading.Event()  # a hanging answer waits for it
        self.left = threading.Event()  # set when a client closed in the middle
        self.base_url = ""

    def say(self, *pieces: str, usage: bool = True) -> None:
        """Queue a whole, well-behaved answer."""
        tail = (
            [event(usage={"prompt_tokens": 11, "completion_tokens": len(pieces), "total_tokens": 11})] if usage else []
        )
        self.answers.append([*map(event, pieces), event(finish="stop"), *tail, "data: [DONE]\n\n"])

    def fail(
        self, status: int, headers: dict[str, str] | None = None, body: str = '{"error": {"message": "no"}}'
    ) -> None:
        """Queue an error."""
        self.answers.append((status, headers or {}, body))


@contextmanager
def serving() -> Iterator[Loopback]:
    """A Loopback that listens until the block ends."""
    loopback = Loopback()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            number = len(loopback.requests)
            loopback.requests.append(json.loads(body))
            loopback.headers.append({name.lower(): value for name, value in self.headers.items()})
            loopback.paths.append(self.path)
            answer = loopback.answers[min(number, len(loopback.answers) - 1)]
            self.close_connection = True
            if callable(answer):
                answer = answer(loopback.requests[number])
            if isinstance(answer, tuple):
                status, headers, text = answer
                self.send_response(status)
                for name, value in {"content-type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())
                return
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            for piece in answer:
                if piece is None:
                    loopback.hang.wait(10)
                    continue
                try:
                    self.wfile.write(piece.encode())
                    self.wfile.flush()
                except OSError:
                    loopback.left.set()
                    return

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    loopback.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield loopback
    finally:
        loopback.hang.set()
        server.shutdown()
        server.server_close()
        thread.join()
