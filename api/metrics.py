"""Counts and durations in Prometheus' text format; no dependency, no thread of its own.

Knows names, labels and buckets; what is counted is the caller's business. Safe to use from any thread.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4).
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)


class _Histogram:
    def __init__(self) -> None:
        self.buckets = [0] * (len(_SECONDS) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.buckets[bisect_left(_SECONDS, value)] += 1
        self.sum += value


class Metrics:
    """What one server counted since it started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self._answers = {"answered": 0, "abstained": 0, "failed": 0}
        self._answer_seconds = _Histogram()
        self._first_token_seconds = _Histogram()

    def request(self, method: str, route: str, status: int) -> None:
        """Count a request by its route's template, never by its path."""
        with self._lock:
            self._requests[method, route, status] += 1

    def answered(self, seconds: float, *, abstained: bool) -> None:
        """Count an answer that reached its end."""
        with self._lock:
            self._answers["abstained" if abstained else "answered"] += 1
            self._answer_seconds.observe(seconds)

    def failed(self) -> None:
        """Count an answer that ended in an error, the client's leaving included."""
        with self._lock:
            self._answers["failed"] += 1

    def first_token(self, seconds: float) -> None:
        """Note how long a person looked at nothing."""
        with self._lock:
            self._first_token_seconds.observe(seconds)

    def render(self, gauges: Mapping[str, Callable[[], float]] | None = None) -> str:
        """The whole exposition; `gauges` by name are read now."""
        with self._lock:
            lines = list(self._lines())
        for name, read in (gauges or {}).items():
            lines += [f"# TYPE {name} gauge", f"{name} {read():g}"]
        return "\n".join(lines) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "# HELP ask_notes_requests_total Requests by method, route and status."
        yield "# TYPE ask_notes_requests_total counter"
        for (method, route, status), count in sorted(self._requests.items()):
            yield f'ask_notes_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}'
        yield "# HELP ask_notes_answers_total Answers by how they ended."
        yield "# TYPE ask_notes_answers_total counter"
        for outcome, count in self._answers.items():
            yield f'ask_notes_answers_total{{outcome="{outcome}"}} {count}'
        yield from _histogram("ask_notes_answer_seconds", "Question to whole answer.", self._answer_seconds)
        yield from _histogram("ask_notes_first_token_seconds", "Question to first token.", self._first_token_seconds)


class CountRequests:
    """Middleware: counts every response by route and status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app below."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 499  # nothing was sent: the client left first

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            # Any other method is the client's own word and must not become a label.
            method = scope["method"] if scope["method"] in ("GET", "POST", "HEAD", "OPTIONS") else "other"
            self._metrics.request(method, str(getattr(scope.get("route"), "path", "other")), status)


def _histogram(name: str, text: str, histogram: _Histogram) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} histogram"
    total = 0
    for bound, count in zip(_SECONDS, histogram.buckets, strict=False):
        total += count
        yield f'{name}_bucket{{le="{bound:g}"}} {total}'
    total += histogram.buckets[-1]
    yield f'{name}_bucket{{le="+Inf"}} {total}'
    yield f"{name}_sum {histogram.sum:g}"
    yield f"{name}_count {total}"
