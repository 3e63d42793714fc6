from __future__ import annotations

import asyncio
import json
import threading

import pytest

from api.app import create_app
from api.streams import Gate
from rag.errors import QueueFull
from rag.settings import load
from tests.api.calls import Call, until
from tests.api.fake_pipeline import FakePipeline
from tests.api.test_problems import SHAPE


def events(text: str) -> list[tuple[str, dict]]:
    found = []
    for frame in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_events_come_in_order_and_spell_the_answer(client):
    with client.stream("POST", "/v1/ask", json={"question": "softmax 점수", "stream": True}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        assert "content-length" not in response.headers
        found = events(response.read().decode())
    names = [name for name, _ in found]
    assert names[0] == "passages"
    assert names[-1] == "done"
    assert names.count("done") == 1
    assert set(names[1:-1]) == {"token", "citation"}
    done = found[-1][1]
    assert "".join(data["text"] for name, data in found if name == "token") == done["answer"]
    assert [data for name, data in found if name == "citation"] == done["citations"]
    assert found[0][1]["passages"] == done["passages"]
    assert done == {**client.post("/v1/ask", json={"question": "softmax 점수"}).json()}


def test_an_error_on_the_way_is_the_last_event(client):
    response = client.post("/v1/ask", json={"question": "고장 LoRA", "stream": True})
    assert response.status_code == 200
    found = events(response.text)
    assert [name for name, _ in found] == ["passages", "token", "token", "error"]
    assert set(found[-1][1]) == SHAPE
    assert found[-1][1]["code"] == "generation_failed"


def test_an_error_before_the_first_event_is_a_status(client):
    response = client.post("/v1/ask", json={"question": "터짐", "stream": True})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"


def _app(pipeline: FakePipeline, tmp_path, **flags):
    given = {"data_dir": str(tmp_path), **{name.replace("__", "."): value for name, value in flags.items()}}
    return create_app(load(given, environ={}).settings, pipeline)


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_frees_the_generator(tmp_path, stream):
    async def main():
        pipeline = FakePipeline()
        app = _app(pipeline, tmp_path)
        asked = Call(app, "/v1/ask", {"question": "막아", "stream": stream})
        await until(lambda: pipeline.engine.running)
        asked.leave()
        await until(pipeline.cancelled.is_set)
        await asked.task
        await until(lambda: pipeline.engine.running == 0)
        assert app.state.service.metrics.render().count('outcome="failed"} 1') == 1

    asyncio.run(main())


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_while_waiting_leaves_the_queue(tmp_path, stream):
    async def main():
        pipeline = FakePipeline()
        app = _app(pipeline, tmp_path)
        first = Call(app, "/v1/ask", {"question": "막아"})
        await until(lambda: pipeline.engine.running)
        second = Call(app, "/v1/ask", {"question": "막아", "stream": stream})
        await until(lambda: pipeline.engine.waiting == 1)
        second.leave()
        await second.task
        await until(lambda: pipeline.engine.waiting == 0)
        assert not first.task.done()
        pipeline.hold.set()
        await first.task
        assert first.status == 200

    asyncio.run(main())


def test_leaving_a_stream_after_its_first_tokens(tmp_path):
    async def main():
        pipeline = FakePipeline(token_delay_s=0.005)
        asked = Call(_app(pipeline, tmp_path), "/v1/ask", {"question": "LoRA", "stream": True})
        await until(lambda: "event: token" in asked.text)
        asked.leave()
        await until(pipeline.cancelled.is_set)
        await asked.task

    asyncio.run(main())


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions"])
def test_a_full_queue_is_429_at_once(tmp_path, stream, path):
    async def main():
        pipeline = FakePipeline(queue_size=1)
        app = _app(pipeline, tmp_path, generator__queue_size=1)
        body = {"question": "막아", "messages": [{"role": "user", "content": "막아"}], "stream": stream}
        body.pop("messages" if path == "/v1/ask" else "question")
        running = Call(app, path, body)
        await until(lambda: pipeline.engine.running)
        waiting = Call(app, path, body)
        await until(lambda: pipeline.engine.waiting == 1)
        refused = Call(app, path, body)
        await refused.task
        assert refused.status == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["code"] == "queue_full"
        pipeline.hold.set()
        await asyncio.gather(running.task, waiting.task)
        assert (running.status, waiting.status) == (200, 200)

    asyncio.run(main())


def test_questions_that_still_retrieve_count_as_waiting(tmp_path):
    async def main():
        pipeline = FakePipeline(queue_size=1)
        pipeline.search_hold = threading.Event()
        app = _app(pipeline, tmp_path, generator__queue_size=1, server__encode_concurrency=4)
        calls = [Call(app, "/v1/ask", {"question": "LoRA", "stream": True}) for _ in range(3)]
        await until(lambda: any(call.status == 429 for call in calls))
        pipeline.search_hold.set()
        await asyncio.gather(*(call.task for call in calls))
        assert sorted(call.status for call in calls) == [200, 200, 429]
        assert all("event: done" in call.text for call in calls if call.status == 200)

    asyncio.run(main())


def test_searches_are_bounded_too(tmp_path):
    async def main():
        pipeline = FakePipeline()
        pipeline.search_hold = threading.Event()
        app = _app(pipeline, tmp_path, server__encode_concurrency=1, server__encode_queue_size=1)
        running = Call(app, "/v1/search", {"query": "LoRA"})
        await until(lambda: pipeline.searching.acquire(blocking=False))
        waiting = Call(app, "/v1/search", {"query": "LoRA"})
        await until(lambda: "ask_notes_searches_waiting" in app.state.service.gauges())
        await until(lambda: app.state.service.gauges()["ask_notes_searches_waiting"]() == 1)
        refused = Call(app, "/v1/search", {"query": "LoRA"})
        await refused.task
        assert refused.status == 429
        assert "retry-after" in refused.headers
        pipeline.search_hold.set()
        await asyncio.gather(running.task, waiting.task)
        assert (running.status, waiting.status) == (200, 200)

    asyncio.run(main())


def test_a_search_that_nobody_waits_for_keeps_its_place_until_it_ends(tmp_path):
    async def main():
        pipeline = FakePipeline()
        pipeline.search_hold = threading.Event()
        app = _app(pipeline, tmp_path, server__encode_concurrency=1, server__encode_queue_size=1)
        left = Call(app, "/v1/search", {"query": "LoRA"})
        await until(lambda: pipeline.searching.acquire(blocking=False))
        left.leave()
        await left.task
        waiting = Call(app, "/v1/search", {"query": "LoRA"})
        await until(lambda: app.state.service.gauges()["ask_notes_searches_waiting"]() == 1)
        pipeline.search_hold.set()
        await waiting.task
        assert waiting.status == 200

    asyncio.run(main())


def test_a_gate_refuses_beyond_its_queue():
    async def main():
        gate = Gate(running=1, queue_size=1)
        await gate.enter()
        second = asyncio.create_task(gate.enter())
        await until(lambda: gate.waiting == 1)
        with pytest.raises(QueueFull):
            await gate.enter()
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        assert gate.waiting == 0
        gate.leave()
        await gate.enter()

    asyncio.run(main())


def test_a_long_wait_is_filled_with_comments(tmp_path, monkeypatch):
    monkeypatch.setattr("api.events._KEEP_ALIVE_S", 0.01)

    async def main():
        pipeline = FakePipeline()
        asked = Call(_app(pipeline, tmp_path), "/v1/ask", {"question": "막아", "stream": True})
        await until(lambda: ": still here" in asked.text)
        pipeline.hold.set()
        await asked.task
        assert events(asked.text)[-1][0] == "done"

    asyncio.run(main())


def test_stopping_sends_the_waiting_away_and_lets_the_running_finish(tmp_path):
    async def main():
        pipeline = FakePipeline()
        app = _app(pipeline, tmp_path)
        service = app.state.service
        await service.start()
        running = Call(app, "/v1/ask", {"question": "막아", "stream": True})
        await until(lambda: pipeline.engine.running)
        waiting = Call(app, "/v1/ask", {"question": "막아"})
        streaming = Call(app, "/v1/ask", {"question": "막아", "stream": True})
        await until(lambda: pipeline.engine.waiting == 2)
        service.stop()
        late = Call(app, "/v1/ask", {"question": "LoRA"})
        ready = Call(app, "/readyz", b"", method="GET")
        await asyncio.gather(late.task, ready.task, waiting.task, streaming.task)
        assert (late.status, ready.status, waiting.status) == (503, 503, 503)
        assert late.json()["code"] == waiting.json()["code"] == "shutting_down"
        assert events(streaming.text)[-1][0] == "error"
        assert not running.task.done()
        pipeline.hold.set()
        await running.task
        assert events(running.text)[-1][0] == "done"
        await service.close()
        assert pipeline.closed

    asyncio.run(main())


def test_what_still_runs_when_the_time_is_over_ends_with_an_event(tmp_path):
    async def main():
        pipeline = FakePipeline()
        app = _app(pipeline, tmp_path, server__shutdown_s=0.05)
        await app.state.service.start()
        running = Call(app, "/v1/ask", {"question": "막아", "stream": True})
        await until(lambda: pipeline.engine.running)
        app.state.service.stop()
        await running.task
        name, body = events(running.text)[-1]
        assert (name, body["code"]) == ("error", "shutting_down")
        await until(pipeline.cancelled.is_set)

    asyncio.run(main())


def test_stopping_does_not_forget_those_before_the_queue(tmp_path):
    async def main():
        pipeline = FakePipeline()
        pipeline.search_hold = threading.Event()
        app = _app(pipeline, tmp_path, server__encode_concurrency=1)
        await app.state.service.start()
        retrieving = Call(app, "/v1/ask", {"question": "LoRA"})
        await until(lambda: pipeline.searching.acquire(blocking=False))
        behind = Call(app, "/v1/ask", {"question": "LoRA", "stream": True})
        await until(lambda: app.state.service.gauges()["ask_notes_searches_waiting"]() == 1)
        app.state.service.stop()
        await asyncio.gather(retrieving.task, behind.task)
        assert (retrieving.status, behind.status) == (503, 503)
        pipeline.search_hold.set()

    asyncio.run(main())
