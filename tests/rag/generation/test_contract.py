"""What every model that writes must do behind BaseChatModel: on torch, on OpenVINO, and on another machine.

All three have the same weights in float32 here, so that one is the other's oracle: the server answers with the
torch model.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from rag.errors import GenerationFailed
from rag.generation.engine import Engine
from rag.generation.openvino import LocalOpenVINO
from rag.generation.qwen import LocalQwen
from rag.generation.remote import remote_model
from rag.settings import GeneratorSettings
from tests.rag.generation.loopback import event, serving

MESSAGES = [SystemMessage("한국어로 답하세요."), HumanMessage("어텐션은 무엇인가?")]
LONG = [HumanMessage("어텐션은 가중합을 계산한다. " * 60)]
GREEDY = {"temperature": 0.0, "max_new_tokens": 24}
SAMPLED = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "max_new_tokens": 24}


@pytest.fixture(scope="module")
def on_torch(tiny_qwen_folder):
    return LocalQwen.load(tiny_qwen_folder, name="tiny/qwen", dtype="float32")


@pytest.fixture(scope="module", params=["torch", "openvino", "remote"])
def model(request, on_torch):
    if request.param == "torch":
        yield on_torch
    elif request.param == "openvino":
        yield LocalOpenVINO.load(request.getfixturevalue("tiny_ir_folder"), name="tiny/ir", dtype="float32")
    else:
        with serving() as server:
            server.answers.append(lambda body: _served(on_torch, body))
            settings = GeneratorSettings(backend="openai", base_url=server.base_url, id="tiny/qwen")
            yield remote_model(settings, count_tokens=on_torch.get_num_tokens)


def _served(model, body):
    """Events of a chat completion as a server of this model streams them."""
    kinds = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    names = ("temperature", "top_p", "top_k", "seed", "stop", "max_tokens")
    options = {name: body[name] for name in names if body.get(name) is not None}
    usage = None
    for chunk in model.stream([kinds[m["role"]](m["content"]) for m in body["messages"]], **options):
        usage = chunk.usage_metadata or usage
        if chunk.content:
            yield event(chunk.content)
    yield event(finish="stop")
    told = {"prompt_tokens": usage["input_tokens"], "completion_tokens": usage["output_tokens"]}
    yield event(usage=told | {"total_tokens": usage["total_tokens"]})
    yield "data: [DONE]\n\n"


def text_of(model, messages=MESSAGES, **options):
    return "".join(chunk.content for chunk in model.stream(messages, **options))


@pytest.mark.parametrize("messages", [MESSAGES, LONG], ids=["one block", "many blocks"])
def test_greedy_text_is_the_same_on_every_backend(model, on_torch, messages):
    ours = text_of(model, messages, **GREEDY)
    assert ours == text_of(on_torch, messages, **GREEDY)
    assert ours == model.invoke(messages, **GREEDY).content


def test_a_seed_repeats_an_answer_and_another_does_not(model):
    first = text_of(model, seed=1, **SAMPLED)
    assert first == text_of(model, seed=1, **SAMPLED)
    assert first != text_of(model, seed=2, **SAMPLED)


def test_a_seed_means_the_same_on_every_backend(model, on_torch):
    options = {"temperature": 0.9, "top_p": 0.9, "top_k": 20, "seed": 5, "max_new_tokens": 24}
    assert text_of(model, **options) == text_of(on_torch, **options)


def test_temperature_reaches_the_model(model):
    assert len({text_of(model, seed=seed, **GREEDY) for seed in range(4)}) == 1
    assert len({text_of(model, seed=seed, **SAMPLED) for seed in range(4)}) > 1


@pytest.mark.parametrize("name", ["max_new_tokens", "max_tokens"])
def test_the_limit_of_tokens_holds(model, name):
    (*_, last) = [c for c in model.stream(MESSAGES, temperature=0.0, **{name: 3}) if c.usage_metadata]
    assert 0 < last.usage_metadata["output_tokens"] <= 3


def test_tokens_are_counted(model, on_torch):
    usage = model.invoke(MESSAGES, **GREEDY).usage_metadata
    assert usage["input_tokens"] == on_torch.get_num_tokens_from_messages(MESSAGES)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_a_stop_string_ends_the_text_before_it_wherever_the_tokens_end(model):
    whole = text_of(model, seed=4, **SAMPLED)
    middle = len(whole) // 2
    for length in (1, 3, 5):
        stop = whole[middle : middle + length]
        assert text_of(model, seed=4, stop=[stop], **SAMPLED) == whole[: whole.index(stop)]


def test_random_weights_write_no_broken_characters(model):
    for seed in range(4):
        assert "\ufffd" not in text_of(model, seed=seed, temperature=1.5, top_p=1.0, top_k=0, max_new_tokens=40)


def test_answers_written_at_once_are_those_written_alone(model):
    """Greedy: sums are rounded otherwise in a larger batch, which a random draw may show even in float32."""

    def ask(number):
        messages = [MESSAGES[0], HumanMessage(f"어텐션은 무엇인가? {'정말로 ' * (40 * (number % 4))}")]
        return text_of(model, messages, **GREEDY)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(ask, range(8)))
    assert together == [ask(number) for number in range(8)]


def test_a_stream_that_is_left_does_not_disturb_the_others(model):
    stream = model.stream(LONG, seed=3, **SAMPLED | {"max_new_tokens": 200})
    next(stream)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(text_of, model, **GREEDY)
        next(stream)
        stream.close()
        assert other.result() == text_of(model, **GREEDY)


def test_behind_the_engine_many_share_and_all_are_answered(model):
    engine = Engine(model, queue_size=8, deadline_s=60, parallel=4)
    try:
        prompts = [[HumanMessage(f"{number} 어텐션?")] for number in range(8)]
        running = [engine.submit(prompt, **GREEDY) for prompt in prompts]
        texts = ["".join(generation) for generation in running]
    finally:
        engine.close()
    assert texts == [text_of(model, prompt, **GREEDY) for prompt in prompts]
    assert all(generation.usage.prompt_tokens > 0 for generation in running)


def test_a_prompt_beyond_the_window_is_refused(model):
    with pytest.raises(GenerationFailed):
        model.invoke([HumanMessage("가나다라마바사 " * 1000)])
