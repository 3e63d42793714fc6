"""What the real server does when clients leave, when too many come, and when it is told to stop.

    python -m benchmarks.serving INDEX_DIR GENERATOR_DIR QUESTION [QUESTION ...]

Starts `ask-notes serve` on a free port over an index that was built before. Times are seen from outside: a slot
counts as released once /metrics says so, which is asked every 5 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator

ASKERS = 64
QUEUE = 16
LATE = 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", help="a data_dir")
    parser.add_argument("generator", help="folder of a local generator")
    parser.add_argument("questions", nargs="+")
    args = parser.parse_args()
    with serving(args, parallel=1) as (_, port):
        cuts(port, args.questions)
    with serving(args, parallel=8) as (_, port):
        crowd(port, args.questions)
    with serving(args, parallel=1) as (process, port):
        stopped(process, port, args.questions)


@contextlib.contextmanager
def serving(args: argparse.Namespace, *, parallel: int, **more: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The server, ready, and its port; `args` name an index and a generator, `more` is environment."""
    environ = os.environ | {
        "ASK_NOTES_DATA_DIR": args.index,
        "ASK_NOTES_GENERATOR__PATH": str(args.generator),
        "ASK_NOTES_GENERATOR__PARALLEL": str(parallel),
        "ASK_NOTES_GENERATOR__QUEUE_SIZE": str(QUEUE),
        "ASK_NOTES_GENERATOR__MAX_NEW_TOKENS": "64",
        "ASK_NOTES_GENERATOR__FIRST_TOKEN_BUDGET_S": "0",
        **more,
    }
    command = [sys.executable, "-m", "api.cli", "--language", "en", "serve", "--port", "0"]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        assert process.stderr is not None
        port = 0
        while not port:
            said = process.stderr.readline()
            found = re.search(r"http://127\.0\.0\.1:(\d+)", said)
            port = int(found[1]) if found else 0
            if not said:
                raise SystemExit("The server did not start.")
        threading.Thread(target=process.stderr.read, daemon=True).start()
        while get(port, "/readyz")[0] != 200:
            time.sleep(0.2)
        ready = json.loads(get(port, "/readyz")[1])
        print(f"parallel {parallel}: {ready['generator']} on {ready['generator_backend']}")
        yield process, port
    finally:
        process.kill()
        process.wait()


def cuts(port: int, questions: list[str]) -> None:
    """Leave while the answer waits, is being read for, or writes."""
    for when in ("in prefill", "at token 5", "queued"):
        released = []
        for number in range(3):
            # Another beginning each time, or the prompt would be known.
            asked = f"{questions[number % len(questions)]} ({when} {number})"
            before = Ask(port, questions[0] + " " * number) if when == "queued" else None
            if before:
                before.until_token(1)
            answer = Ask(port, asked)
            if when == "at token 5":
                answer.until_token(5)
            else:
                until(port, "ask_notes_queue_length" if before else "ask_notes_generating", 1)
                time.sleep(0.15)
            left = time.perf_counter()
            answer.leave()
            until(port, "ask_notes_queue_length" if before else "ask_notes_generating", 0)
            released.append(time.perf_counter() - left)
            if before:
                before.leave()
                until(port, "ask_notes_generating", 0)
        print(f"  left {when:10}: slot released after {', '.join(f'{1000 * s:.0f}' for s in released)} ms")


def crowd(port: int, questions: list[str]) -> None:
    """ASKERS at once on a queue of QUEUE: every one gets an answer or is told when to come back."""
    results: list[tuple[int, float, str | None]] = []
    together = threading.Barrier(ASKERS)

    def ask(number: int) -> None:
        body = json.dumps({"question": f"{questions[number % len(questions)]} ({number})"})
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=600)) as connection:
            connection.connect()
            together.wait()
            started = time.perf_counter()
            connection.request("POST", "/v1/ask", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            results.append((response.status, time.perf_counter() - started, response.headers.get("retry-after")))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(ASKERS)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    one_more = []
    while len(one_more) < LATE and len(results) < ASKERS:
        started = time.perf_counter()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=600)) as connection:
            body = json.dumps({"question": questions[0]})
            connection.request("POST", "/v1/ask", body, {"Content-Type": "application/json"})
            if connection.getresponse().status != 429:
                break
        one_more.append(time.perf_counter() - started)
    for thread in threads:
        thread.join()
    counts = Counter(status for status, _, _ in results)
    refused = sorted(seconds for status, seconds, _ in results if status == 429)
    told = sum(again is not None for status, _, again in results if status == 429)
    print(f"  {ASKERS} at once, queue of {QUEUE}: {dict(counts)}, {sum(counts.values())} in all")
    if refused:
        print(
            f"  429 after {1000 * statistics.median(refused):.0f} ms (median), {1000 * refused[-1]:.0f} ms (longest), "
            f"{told} of {len(refused)} with Retry-After"
        )
    if one_more:
        print(
            f"  one more, while the queue is full: 429 after {1000 * statistics.median(one_more):.0f} ms (median), "
            f"{1000 * max(one_more):.0f} ms (longest of {len(one_more)})"
        )
    answered = sorted(seconds for status, seconds, _ in results if status == 200)
    print(f"  200 after {answered[0]:.1f} to {answered[-1]:.1f} s")


def stopped(process: subprocess.Popen[str], port: int, questions: list[str]) -> None:
    """SIGTERM while one answer is written and one waits."""
    running = Ask(port, questions[0])
    running.until_token(1)
    waiting = Ask(port, questions[-1] + " (2)")
    until(port, "ask_notes_queue_length", 1)
    started = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    try:
        ready: object = get(port, "/readyz")[0]
    except OSError:
        ready = "refused"
    print(f"  SIGTERM: /readyz {ready} after {1000 * (time.perf_counter() - started):.0f} ms")
    print(f"  the waiting one: {waiting.outcome()}")
    print(f"  the running one: {running.outcome()}")
    print(f"  exit {process.wait(60)} after {time.perf_counter() - started:.1f} s")


class Ask:
    """A streamed answer as a client sees it."""

    def __init__(self, port: int, question: str) -> None:
        """Ask; events are read by a thread."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        body = json.dumps({"question": question, "stream": True})
        self._connection.request("POST", "/v1/ask", body, {"Content-Type": "application/json"})
        self._socket = self._connection.sock
        self._tokens, self._status, self._last = 0, 0, ""
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def until_token(self, number: int) -> None:
        """Wait for so many pieces of text, or the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._tokens >= number or not self._thread.is_alive(), 600)

    def leave(self) -> None:
        """Hang up."""
        import socket

        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def outcome(self) -> str:
        """Status and last event, once it ended."""
        self._thread.join(120)
        return f"status {self._status}, last event {self._last or 'none'}"

    def _read(self) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            response = self._connection.getresponse()
            self._status = response.status
            for line in response:
                if line.startswith(b"event: "):
                    with self._changed:
                        self._last = line[7:].decode().strip()
                        self._tokens += self._last == "token"
                        self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def get(port: int, path: str) -> tuple[int, str]:
    """Status and body."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()


def until(port: int, gauge: str, value: float) -> None:
    """Wait until a gauge has a value."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        found = re.search(rf"^{gauge} (\S+)$", get(port, "/metrics")[1], re.MULTILINE)
        if found and float(found[1]) == value:
            return
        time.sleep(0.005)
    raise SystemExit(f"{gauge} did not become {value}.")


if __name__ == "__main__":
    main()
