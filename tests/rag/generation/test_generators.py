"""What every generator must do behind the seam: ours, and one of LangChain's own."""

from __future__ import annotations

import gc
import threading
from itertools import cycle

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from rag.generation.engine import Engine
from rag.generation.extractive import ExtractiveAnswerer
from rag.generation.openvino import LocalOpenVINO
from rag.generation.prompt import build_messages
from rag.generation.qwen import LocalQwen
from rag.types import Question, Turn

OPTIONS = {"temperature": 0.7, "top_p": 0.8, "top_k": 20, "max_new_tokens": 24, "seed": 3}


@pytest.fixture(params=["local", "openvino", "extractive", "foreign"])
def generator(request):
    if request.param == "local":
        folder = request.getfixturevalue("tiny_qwen_folder")
        return LocalQwen.load(folder, name="tiny/qwen", dtype="float32")
    if request.param == "openvino":
        folder = request.getfixturevalue("tiny_ir_folder")
        return LocalOpenVINO.load(folder, name="tiny/ir", dtype="float32")
    if request.param == "extractive":
        return ExtractiveAnswerer()
    answer = AIMessage("어텐션은 가중합을 계산한다 [1].")
    return GenericFakeChatModel(messages=cycle([answer]), custom_get_token_ids=lambda text: [0] * len(text.split()))


@pytest.fixture
def messages(passage, generator):
    passages = [passage("어텐션은 가중합을 계산한다. 게이트는 LSTM에 있다."), passage("BERT는 인코더다.", number=2)]
    question = Question("어텐션은 무엇을 계산하나?", history=(Turn("user", "안녕"), Turn("assistant", "네")))
    return build_messages(question, passages, count_tokens=generator.get_num_tokens, max_prompt_tokens=1800).messages


def test_a_stream_spells_what_invoke_returns(generator, messages):
    streamed = "".join(chunk.content for chunk in generator.stream(messages, **OPTIONS))
    assert streamed
    assert streamed == generator.invoke(messages, **OPTIONS).content


def test_it_comes_in_pieces(generator, messages):
    assert sum(bool(chunk.content) for chunk in generator.stream(messages, **OPTIONS)) > 1


def test_the_same_request_gives_the_same_answer(generator, messages):
    assert generator.invoke(messages, **OPTIONS).content == generator.invoke(messages, **OPTIONS).content


def test_a_stream_can_be_left_at_any_piece(generator, messages):
    threads = set(threading.enumerate())
    stream = generator.stream(messages, **OPTIONS)
    next(stream)
    stream.close()
    del stream
    gc.collect()
    assert set(threading.enumerate()) <= threads


def test_the_engine_hands_on_what_it_streams(generator, messages):
    engine = Engine(generator, queue_size=2, deadline_s=60)
    try:
        generation = engine.submit(messages, **OPTIONS)
        text = "".join(generation)
        assert text == generator.invoke(messages, **OPTIONS).content
        assert generation.usage.prompt_tokens >= 0
        with pytest.raises(StopIteration):
            next(iter(generation))
    finally:
        engine.close()


def test_tokens_are_counted_without_a_network(generator):
    assert generator.get_num_tokens("") == 0
    assert generator.get_num_tokens("어텐션은 가중합이다") <= generator.get_num_tokens("어텐션은 가중합이다 정말로")


async def _astream(generator, messages):
    return "".join([chunk.content async for chunk in generator.astream(messages, **OPTIONS)])


def test_asynchronous_callers_get_the_same(generator, messages):
    import asyncio

    assert asyncio.run(_astream(generator, messages)) == generator.invoke(messages, **OPTIONS).content


def test_names_are_strings(tiny_qwen_folder):
    assert ExtractiveAnswerer().name == "extractive"
    assert LocalQwen.load(tiny_qwen_folder, name="tiny/qwen").name == "tiny/qwen"
