from __future__ import annotations

import json

import pytest


def _ask(client, *messages, **more):
    body = {"model": "anything", "messages": [{"role": role, "content": content} for role, content in messages], **more}
    return client.post("/v1/chat/completions", json=body)


def _chunks(text: str) -> list[dict | str]:
    frames = [frame.removeprefix("data: ") for frame in text.strip().split("\n\n")]
    return [frame if frame == "[DONE]" else json.loads(frame) for frame in frames]


def test_models(client):
    body = client.get("/v1/models").json()
    assert body["object"] == "list"
    assert body["data"][0]["id"] == "ask-notes"
    assert body["data"][0]["object"] == "model"


def test_a_completion(client):
    body = _ask(client, ("user", "LoRA는 무엇을 학습하나요?"), temperature=0.3, max_tokens=5, tools=[]).json()
    assert body["object"] == "chat.completion"
    assert body["id"].startswith("chatcmpl-")
    assert isinstance(body["created"], int)
    choice = body["choices"][0]
    assert (choice["index"], choice["finish_reason"]) == (0, "stop")
    assert choice["message"]["role"] == "assistant"
    assert "[1]" in choice["message"]["content"]
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert body["citations"][0]["marker"] == 1
    assert body["abstained"] is False


def test_the_last_user_message_is_the_question(client, pipeline):
    _ask(
        client,
        ("system", "시를 써라"),
        ("user", "LSTM이 뭐야?"),
        ("assistant", "순환 신경망입니다."),
        ("user", [{"type": "text", "text": "그럼 LoRA는?"}, {"type": "image_url", "image_url": {"url": "x"}}]),
        ("assistant", "prefill is dropped"),
    )
    asked = pipeline.questions[-1]
    assert asked.text == "그럼 LoRA는?"
    assert [(turn.role, turn.content) for turn in asked.history] == [
        ("user", "LSTM이 뭐야?"),
        ("assistant", "순환 신경망입니다."),
    ]


def test_a_stream_of_chunks(client):
    response = _ask(client, ("user", "LoRA"), stream=True, stream_options={"include_usage": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    *chunks, end = _chunks(response.text)
    assert end == "[DONE]"
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    *spoken, last, usage = chunks
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in spoken)
    assert text == _ask(client, ("user", "LoRA")).json()["choices"][0]["message"]["content"]
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["citations"][0]["quote"] in text
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] > 0


def test_usage_only_where_it_was_asked_for(client):
    chunks = _chunks(_ask(client, ("user", "LoRA"), stream=True).text)
    assert not any("usage" in chunk for chunk in chunks[:-1])


def test_an_error_on_the_way(client):
    *_, last = _chunks(_ask(client, ("user", "고장 LoRA"), stream=True).text)
    assert last["error"]["code"] == "generation_failed"
    assert last["error"]["message"]


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([], "invalid_request"),
        ([("system", "only")], "empty_question"),
        ([("user", "")], "empty_question"),
        ([("user", [{"type": "image_url"}])], "empty_question"),
        ([("alien", "x")], "invalid_request"),
    ],
)
def test_what_cannot_be_asked(client, messages, code):
    response = _ask(client, *messages)
    assert response.status_code == 422
    assert response.json()["code"] == code
