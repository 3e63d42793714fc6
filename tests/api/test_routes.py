from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rag import errors
from rag.types import AnswerDone
from tests.api.fake_pipeline import NOTES, FakePipeline
from tests.api.test_problems import SHAPE


def _is_problem(response, status: int, code: str) -> dict:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert set(body) - {"errors"} == SHAPE
    assert (body["status"], body["code"]) == (status, code)
    return body


def test_alive_and_ready(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {
        "generation": "gen-000007",
        "embedder": "intfloat/e5-small-v2",
        "generator": "extractive",
        "generator_backend": "extractive",
        "fallbacks": [],
        "fallbacks_ko": [],
    }


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_health_checks_may_ask_for_the_head_only(client, path):
    response = client.head(path)
    assert response.status_code == 200
    assert response.text == ""


def test_what_fell_back_is_said(client_for, settings):
    known = "X/y is not in the cache and the hub is out of reach."
    client = client_for(settings, FakePipeline(fallbacks=(known, "Something new.")))
    body = client.get("/readyz").json()
    assert body["fallbacks"] == [known, "Something new."]
    assert body["fallbacks_ko"] == ["X/y 모델이 캐시에 없고 허브에도 연결할 수 없습니다.", "Something new."]


def test_not_ready_while_the_pipeline_says_so(client, pipeline):
    pipeline.ready = False
    _is_problem(client.get("/readyz"), 503, "not_ready")
    assert client.get("/healthz").status_code == 200


def test_search_has_the_fields_of_the_design(client):
    body = client.post("/v1/search", json={"query": "softmax 점수", "k": 2}).json()
    assert set(body) == {"query", "generation", "embedder", "passages"}
    assert len(body["passages"]) == 2
    for rank, passage in enumerate(body["passages"], 1):
        assert set(passage) == {
            "rank", "score", "chunk_id", "doc_id", "source", "title", "heading", "start", "end", "text",
        }  # fmt: skip
        assert passage["rank"] == rank
        text = client.get(f"/v1/documents/{passage['doc_id']}").json()["text"]
        assert text[passage["start"] : passage["end"]] == passage["text"]


def test_scope_reaches_the_pipeline(client):
    body = client.post("/v1/search", json={"query": "BM25", "scope": {"sources": ["week1/"]}}).json()
    assert {passage["source"] for passage in body["passages"]} == {"week1/rag.md"}


def test_ask_has_the_fields_of_the_design(client):
    body = client.post("/v1/ask", json={"question": "LoRA는 무엇을 학습하나요?"}).json()
    assert set(body) == {
        "question", "answer", "abstained", "citations", "passages", "sentences", "generator", "embedder",
        "generation", "usage", "timings_ms", "query",
    }  # fmt: skip
    assert set(body["usage"]) == {"prompt_tokens", "completion_tokens"}
    assert set(body["timings_ms"]) == {"retrieve", "first_token", "total"}
    assert body["question"] == "LoRA는 무엇을 학습하나요?"
    assert not body["abstained"]
    for citation in body["citations"]:
        assert set(citation) == {"marker", "chunk_id", "doc_id", "source", "start", "end", "quote", "support"}
        text = client.get(f"/v1/documents/{citation['doc_id']}").json()["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert [set(sentence) for sentence in body["sentences"]] == [{"start", "end", "support", "markers"}] * 2


@pytest.mark.parametrize("yes", [0.0, 0.123456, None])
def test_how_sure_the_model_was_is_there_only_where_it_was_asked(client, pipeline, monkeypatch, yes):
    stream = pipeline.stream

    def asked(*args):
        for event in stream(*args):
            if isinstance(event, AnswerDone):
                first, second = event.answer.sentences
                first = replace(first, support="partly", model_yes=yes)
                event = replace(event, answer=replace(event.answer, sentences=(first, second)))
            yield event

    monkeypatch.setattr(pipeline, "stream", asked)
    first, second = client.post("/v1/ask", json={"question": "LoRA는 무엇을 학습하나요?"}).json()["sentences"]
    assert first["support"] == "partly"
    assert first.get("model_yes", "absent") == ("absent" if yes is None else round(yes, 4))
    assert "model_yes" not in second


def test_a_scope_narrows_an_answer(client):
    body = client.post("/v1/ask", json={"question": "BM25", "scope": {"sources": ["week1/"]}}).json()
    assert {passage["source"] for passage in body["passages"]} == {"week1/rag.md"}


def test_notes_that_do_not_say_are_an_answer(client):
    body = client.post("/v1/ask", json={"question": "오늘 날씨는?"}).json()
    assert body["abstained"] is True
    assert body["citations"] == []
    assert body["passages"]


def test_history_style_and_k_reach_the_pipeline(client, pipeline):
    history = [{"role": "user", "content": "안녕"}, {"role": "assistant", "content": "네"}]
    client.post("/v1/ask", json={"question": "LoRA", "k": 3, "style": "short", "history": history})
    asked = pipeline.questions[-1]
    assert (asked.k, asked.style) == (3, "short")
    assert [(turn.role, turn.content) for turn in asked.history] == [("user", "안녕"), ("assistant", "네")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"question": ""}, "empty_question"),
        ({"question": " ?! "}, "empty_question"),
        ({"question": "가" * 2001}, "question_too_long"),
        ({}, "invalid_request"),
        ({"question": 3}, "invalid_request"),
        ({"question": "x", "k": 0}, "invalid_request"),
        ({"question": "x", "k": 101}, "invalid_request"),
        ({"question": "x", "style": "poem"}, "invalid_request"),
        ({"question": "x", "strem": True}, "invalid_request"),
        ({"question": "x", "history": [{"role": "system", "content": "y"}]}, "invalid_request"),
        ([], "invalid_request"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_questions_that_cannot_be_asked(client, body, code, stream):
    if isinstance(body, dict) and stream:
        body = {**body, "stream": True}
    _is_problem(client.post("/v1/ask", json=body), 422, code)


def test_half_a_character_is_refused_not_a_crash(client):
    raw = b'{"question": "\\ud83d"}'
    headers = {"content-type": "application/json"}
    body = _is_problem(client.post("/v1/ask", content=raw, headers=headers), 422, "invalid_request")
    assert body["errors"][0]["field"] == "question"


@pytest.mark.parametrize("raw", [b'{"question": ', b'{"question": "\xff"}', b"", b"[" * 5000, b'{"question": 1e999}'])
def test_what_is_not_json(client, raw):
    response = client.post("/v1/ask", content=raw, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422)
    assert set(response.json()) - {"errors"} == SHAPE


def test_a_form_of_another_site_is_not_read(client):
    # A page elsewhere may post text/plain without asking; JSON only counts when it says that it is JSON.
    response = client.post("/v1/ask", content=json.dumps({"question": "LoRA"}), headers={"content-type": "text/plain"})
    _is_problem(response, 422, "invalid_request")


def test_unforeseen_errors_are_500_without_internals(client, caplog):
    response = client.post("/v1/ask", json={"question": "터짐"})
    _is_problem(response, 500, "internal_error")
    assert "somebody" not in response.text
    assert "secret" in caplog.text


def test_errors_of_routing(client):
    _is_problem(client.get("/nope"), 404, "not_found")
    _is_problem(client.get("/static/nope.js"), 404, "not_found")
    _is_problem(client.get("/static/..%2f..%2fpyproject.toml"), 404, "not_found")
    response = client.put("/v1/ask", json={})
    _is_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


def test_documents(client):
    listed = client.get("/v1/documents").json()["documents"]
    assert [entry["source"] for entry in listed] == list(NOTES)
    assert set(listed[0]) == {"doc_id", "source", "title", "characters", "chunks"}
    whole = client.get(f"/v1/documents/{listed[0]['doc_id']}").json()
    assert set(whole) == {"doc_id", "source", "title", "text", "metadata"}
    assert len(whole["text"]) == listed[0]["characters"]
    _is_problem(client.get("/v1/documents/none"), 404, "unknown_document")


def test_feedback_is_a_line_each(client, settings):
    sent = {"question": "왜?\n둘째 줄", "answer": "그래서 [1]", "verdict": "down", "why": "부족해요"}
    assert client.post("/v1/feedback", json=sent).status_code == 201
    assert client.post("/v1/feedback", json={"question": "q", "answer": "", "verdict": "up"}).json() == {"saved": True}
    lines = (settings.data_dir / "feedback.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["verdict"] for line in lines] == ["down", "up"]
    assert {key: json.loads(lines[0])[key] for key in sent} == sent
    _is_problem(client.post("/v1/feedback", json={**sent, "verdict": "meh"}), 422, "invalid_request")


def test_feedback_says_why_it_cannot_be_kept(client, settings):
    settings.data_dir.parent.joinpath("data").write_text("a file is in the way")
    body = _is_problem(
        client.post("/v1/feedback", json={"question": "q", "answer": "a", "verdict": "up"}), 503, "storage_refused"
    )
    assert "Free some space" in body["detail"]


def test_metrics_count_by_route_and_status(client):
    client.post("/v1/ask", json={"question": "LoRA"})
    client.post("/v1/ask", json={"question": "날씨"})
    client.post("/v1/ask", json={"question": ""})
    client.get("/v1/documents/none")
    client.get("/whatever/a/scanner/asks")
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = response.text.splitlines()
    assert 'ask_notes_requests_total{method="POST",route="/v1/ask",status="200"} 2' in lines
    assert 'ask_notes_requests_total{method="POST",route="/v1/ask",status="422"} 1' in lines
    assert 'ask_notes_requests_total{method="GET",route="/v1/documents/{doc_id}",status="404"} 1' in lines
    assert 'ask_notes_requests_total{method="GET",route="other",status="404"} 1' in lines
    assert 'ask_notes_answers_total{outcome="abstained"} 1' in lines
    assert 'ask_notes_answers_total{outcome="answered"} 1' in lines
    assert 'ask_notes_answers_total{outcome="failed"} 1' in lines
    assert 'ask_notes_answer_seconds_bucket{le="+Inf"} 2' in lines
    assert "ask_notes_answer_seconds_count 2" in lines
    assert "ask_notes_first_token_seconds_count 2" in lines
    assert "ask_notes_queue_length 0" in lines


@pytest.mark.parametrize(
    "error", [errors.NoIndex("No index. Run `ask-notes ingest notes/`."), errors.NoModel("No model."), OSError("disk")]
)
def test_without_an_index_the_server_lives_and_says_what_to_do(client_for, settings, monkeypatch, error):
    attempts = []

    def refuse(given, **options):
        attempts.append(given)
        raise error

    _wire(monkeypatch, refuse)
    client = client_for(settings)
    assert client.get("/healthz").status_code == 200
    assert client.get("/").status_code == 200
    for response in (
        client.get("/readyz"),
        client.post("/v1/ask", json={"question": "LoRA"}),
        client.post("/v1/ask", json={"question": "LoRA", "stream": True}),
        client.post("/v1/search", json={"query": "LoRA"}),
        client.get("/v1/documents"),
    ):
        if isinstance(error, OSError):
            _is_problem(response, 500, "internal_error")
        else:
            assert _is_problem(response, 503, problems_code(error))["detail"] == str(error)
    assert attempts


def problems_code(error: Exception) -> str:
    from api.messages import code_of

    return code_of(type(error))


def test_an_ingest_meanwhile_is_noticed(client_for, settings, pipeline, monkeypatch):
    monkeypatch.setattr("api.service._OPEN_AGAIN_S", 0.0)
    outcomes = iter([errors.NoIndex("none yet"), pipeline])

    def opens(given, **options):
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    _wire(monkeypatch, opens)
    client = client_for(settings)
    statuses = {client.get("/readyz").status_code for _ in range(3)}
    assert statuses <= {503, 200}
    assert client.post("/v1/search", json={"query": "LoRA"}).status_code == 200
    assert client.get("/readyz").status_code == 200


def test_the_pipeline_is_given_back(settings, pipeline):
    from starlette.testclient import TestClient

    from api.app import create_app

    with TestClient(create_app(settings, pipeline), base_url="http://127.0.0.1"):
        pass
    assert pipeline.closed


def _wire(monkeypatch, open_pipeline) -> None:
    """Stand in for what opens models: this floor must not care which."""
    import sys
    import types

    wiring = types.ModuleType("rag.wiring")
    wiring.open_pipeline = open_pipeline
    monkeypatch.setitem(sys.modules, "rag.wiring", wiring)
