from __future__ import annotations

import json
import math
import socket

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from pydantic import SecretStr

from rag.errors import BadConfiguration, Busy, GenerationFailed, NoModel
from rag.generation.engine import Engine
from rag.generation.prompt import build_messages
from rag.generation.remote import estimate_tokens, remote_model
from rag.settings import GeneratorSettings
from rag.types import Question, Usage
from tests.rag.generation.loopback import event, serving

MESSAGES = [SystemMessage("s"), HumanMessage("u"), AIMessage("a"), HumanMessage("q")]


@pytest.fixture
def server():
    with serving() as loopback:
        yield loopback


@pytest.fixture
def model(server):
    return make(server)


def make(server, **settings):
    silence_s = settings.pop("silence_s", 5.0)
    chosen = GeneratorSettings(id="some/model", base_url=server.base_url, **settings)
    model = remote_model(chosen, silence_s=silence_s)
    model.back_off_s = 0.0
    return model


def text_of(model, **options):
    return "".join(chunk.content for chunk in model.stream(MESSAGES, **options))


def test_pieces_and_usage_come_through(server, model):
    server.say("어텐", "션은 ", "가중합")
    chunks = list(model.stream(MESSAGES))
    assert [chunk.content for chunk in chunks if chunk.content] == ["어텐", "션은 ", "가중합"]
    (usage,) = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert (usage["input_tokens"], usage["output_tokens"]) == (11, 3)
    assert model.name == "some/model"


def test_the_request_is_what_vllm_expects(server):
    server.say("x")
    model = make(server, api_key=SecretStr("secret"), temperature=0.5, top_p=0.9, seed=4, max_new_tokens=99)
    text_of(model)
    (request,) = server.requests
    assert request["messages"] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": "q"},
    ]
    assert request | {"messages": 0} == {
        "messages": 0,
        "model": "some/model",
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 4,
        "max_tokens": 99,
        "stream": True,
        "stream_options": {"include_usage": True},
        "chat_template_kwargs": {"enable_thinking": False},
    }
    assert server.paths == ["/v1/chat/completions"]
    assert server.headers[0]["authorization"] == "Bearer secret"


def test_options_of_a_call_override_those_of_the_settings(server, model):
    server.say("x")
    text_of(model, temperature=0.0, top_p=0.5, top_k=7, seed=9, max_new_tokens=5, stop=["\n\n"])
    request = server.requests[0]
    sent = {name: request[name] for name in ("temperature", "top_p", "top_k", "seed", "max_tokens", "stop")}
    assert sent == {"temperature": 0.0, "top_p": 0.5, "top_k": 7, "seed": 9, "max_tokens": 5, "stop": ["\n\n"]}
    assert request["chat_template_kwargs"] == {"enable_thinking": False}


def test_records_in_the_prompt_stay_here(server, model, passage):
    server.say("x")
    prompt = build_messages(
        Question("무엇?"), [passage("글.")], count_tokens=model.get_num_tokens, max_prompt_tokens=2000
    )
    model.invoke(prompt.messages)
    assert [set(message) for message in server.requests[0]["messages"]] == [{"role", "content"}] * 2


def test_thoughts_are_hidden(server, model):
    server.say("<thi", "nk>\n음", "</think>\n\n", "답")
    assert text_of(model) == "답"


def test_openai_itself_gets_no_unknown_fields(server):
    model = make(server)
    model.openai_api_base = "https://api.openai.com/v1"
    payload = model._get_request_payload(MESSAGES, top_k=5, max_new_tokens=7)
    assert payload["max_completion_tokens"] == 7
    assert not {"top_k", "extra_body", "max_tokens", "max_new_tokens"} & set(payload)


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (401, NoModel, "generator.api_key"),
        (403, NoModel, "generator.api_key"),
        (404, NoModel, "some/model"),
        (400, GenerationFailed, "400"),
        (500, GenerationFailed, "500"),
        (503, Busy, "busy"),
    ],
)
def test_a_refusal_is_an_error_of_the_house(server, model, status, error, says):
    server.fail(status)
    with pytest.raises(error, match=says):
        text_of(model)


@pytest.mark.parametrize(
    ("header", "seconds"), [({"retry-after": "17"}, 17.0), ({}, 1.0), ({"retry-after": "soon"}, 1.0)]
)
def test_too_many_requests_say_when_to_come_back_and_are_not_repeated(server, model, header, seconds):
    server.fail(429, header)
    with pytest.raises(Busy) as busy:
        text_of(model)
    assert busy.value.retry_after_s == seconds
    assert len(server.requests) == 1


def test_a_failure_inside_the_server_is_tried_again_a_few_times(server, model):
    server.fail(500)
    server.fail(502)
    server.say("doch")
    assert text_of(model) == "doch"
    server.answers = server.answers[:1]
    server.requests.clear()
    with pytest.raises(GenerationFailed):
        text_of(model)
    assert len(server.requests) == 3


def test_nobody_listens():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    model = remote_model(GeneratorSettings(base_url=f"http://user:pass@127.0.0.1:{port}/v1"))
    model.back_off_s = 0.0
    with pytest.raises(NoModel, match=r"generator\.base_url") as error:
        text_of(model)
    assert "pass" not in str(error.value)


def test_a_silent_server_is_given_up(server):
    server.answers.append([None])
    with pytest.raises(GenerationFailed, match="silent"):
        text_of(make(server, silence_s=0.05))
    assert len(server.requests) == 1


def test_silence_in_the_middle_keeps_what_was_written(server):
    server.answers.append([event("well"), None])
    pieces = []
    with pytest.raises(GenerationFailed, match="silent"):
        pieces.extend(_collected(make(server, silence_s=0.1), pieces))
    assert "".join(pieces) == "well"


def _collected(model, into):
    for chunk in model.stream(MESSAGES):
        into.append(chunk.content)
    return []


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param([], id="no end"),
        pytest.param(["data: {"], id="half an event"),
        pytest.param(['data: {"choices": [\n\n'], id="an event that is no JSON"),
        pytest.param(['data: {"error": {"message": "out of memory", "code": 500}}\n\n'], id="an error as event"),
        pytest.param(["data: [DONE]\n\n"], id="done without a reason"),
    ],
)
def test_an_answer_that_breaks_off_is_an_error(server, model, ending):
    server.answers.append([event("well"), *ending])
    pieces = []
    with pytest.raises(GenerationFailed):
        _collected(model, pieces)
    assert "".join(pieces) == "well"
    assert len(server.requests) == 1


def test_a_page_instead_of_an_answer_is_an_error(server, model):
    server.fail(200, {"content-type": "text/html"}, "<html>login</html>")
    with pytest.raises(GenerationFailed, match=r"generator\.base_url"):
        text_of(model)


def test_leaving_the_stream_closes_the_connection(server, model):
    server.answers.append([event("a"), None, *[event("b" * 1000)] * 5000])
    stream = model.stream(MESSAGES)
    assert next(stream).content == "a"
    stream.close()
    server.hang.set()
    assert server.left.wait(10)


def test_behind_the_engine(server, model):
    server.say("하나 ", "둘")
    engine = Engine(model, queue_size=1, deadline_s=10, parallel=2)
    try:
        generation = engine.submit(MESSAGES, temperature=0.0, top_k=20, max_new_tokens=8)
        assert "".join(generation) == "하나 둘"
        assert generation.usage == Usage(11, 2)
        server.answers[:] = [(429, {"retry-after": "3"}, "{}")]
        with pytest.raises(Busy):
            list(engine.submit(MESSAGES))
    finally:
        engine.close()


def test_tokens_are_counted_by_the_given_tokenizer_or_estimated(server):
    settings = GeneratorSettings(base_url=server.base_url)
    assert remote_model(settings, count_tokens=lambda text: 42).get_num_tokens("x") == 42
    assert remote_model(settings).get_num_tokens("가나다") == 4
    assert estimate_tokens("") == 0
    assert estimate_tokens("ab cd 12") == 4
    assert remote_model(settings).get_num_tokens_from_messages([HumanMessage("가나다")] * 2) == 20


@pytest.mark.parametrize("base_url", [None, "127.0.0.1:8001", "ftp://host/v1"])
def test_an_address_that_is_none_is_refused(base_url):
    with pytest.raises(BadConfiguration, match="base_url"):
        remote_model(GeneratorSettings(base_url=base_url))


def test_the_first_token_of_an_answer_is_asked_for_by_logprobs(server):
    tokens = [{"token": "Yes", "logprob": math.log(0.5)}, {"token": " no", "logprob": math.log(0.25)}]
    server.answers.append(foretelling(tokens))
    groups = {"yes": ("yes", "Yes"), "no": ("no",)}
    chunks = list(make(server).stream(MESSAGES, among=groups, max_new_tokens=1, temperature=0.0))
    (shares,) = [c.response_metadata["among"] for c in chunks if "among" in c.response_metadata]
    assert (shares["yes"], shares["no"]) == (pytest.approx(0.5), pytest.approx(0.25))
    (request,) = server.requests
    assert (request["logprobs"], request["top_logprobs"], request["max_tokens"]) == (True, 20, 1)
    assert "among" not in request


def test_a_server_that_tells_no_logprobs_tells_nothing(server):
    server.say("Yes")
    chunks = list(make(server).stream(MESSAGES, among={"yes": ("Yes",)}, max_new_tokens=1))
    assert all("among" not in chunk.response_metadata for chunk in chunks)


def test_an_answer_asks_for_no_logprobs(server, model):
    server.say("Yes")
    text_of(model)
    assert "logprobs" not in server.requests[0]


def foretelling(tokens):
    """Events of an answer of one token, with the likeliest ones that could have stood there."""
    choice = {"index": 0, "delta": {"content": tokens[0]["token"]}, "finish_reason": None}
    choice["logprobs"] = {"content": [{**tokens[0], "top_logprobs": tokens}, {**tokens[0], "top_logprobs": []}]}
    body = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return [f"data: {json.dumps(body)}\n\n", event(finish="length"), "data: [DONE]\n\n"]
