import threading

import pytest

from rag.errors import Cancelled, GenerationFailed, QueueFull
from rag.generation.condense import condense, messages
from rag.types import Turn

HISTORY = [Turn("user", "LSTM 게이트는 어떤 활성 함수를 써?"), Turn("assistant", "세 게이트 모두 sigmoid를 쓴다.")]
RULE = "LSTM 게이트는 어떤 활성 함수를 써?\n그건 왜 그래?"


def run(*pieces, history=HISTORY, **options):
    return condense("그건 왜 그래?", history, RULE, lambda asked, late: iter(pieces), **options)


def test_what_the_generator_writes_is_looked_up():
    assert run("LSTM 게이트는 ", "왜 sigmoid를 써?") == "LSTM 게이트는 왜 sigmoid를 써?"
    assert run('"게이트는 왜 sigmoid를 써?"\n', "Because it is") == "게이트는 왜 sigmoid를 써?"


@pytest.mark.parametrize("pieces", [(), ("",), (" \n ",), ("학교는 어디에 있어?",), ("x" * 400,)])
def test_nothing_too_much_or_something_else_leaves_the_rule(pieces):
    assert run(*pieces) == RULE


@pytest.mark.parametrize("error", [QueueFull("full", 1.0), Cancelled("gone"), GenerationFailed("broke")])
def test_a_generator_that_fails_leaves_the_rule(error):
    def write(asked, late):
        yield "게이트"
        raise error

    assert condense("그건?", HISTORY, RULE, write) == RULE


def test_what_comes_late_is_not_waited_for():
    gave_up = threading.Event()

    def write(asked, late):
        yield "LSTM 게이트는"
        assert late.wait(10)
        gave_up.set()

    assert condense("그건?", HISTORY, RULE, write, limit_s=0.01) == RULE
    assert gave_up.is_set()


def test_without_a_conversation_nobody_is_asked():
    def write(asked, late):
        raise AssertionError("asked")

    assert condense("LSTM이 뭐야?", [], "LSTM이 뭐야?", write) == "LSTM이 뭐야?"


def test_the_generator_sees_the_conversation_and_the_question():
    text = "\n".join(str(message.content) for message in messages("그건 왜 그래?", HISTORY))
    assert all(part in text for part in ("활성 함수", "sigmoid", "그건 왜 그래?"))
