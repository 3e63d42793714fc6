from __future__ import annotations

import json

import pytest
from starlette.responses import Response

from api import problems
from api.cli import EXIT_CODES, exit_code
from api.messages import PROBLEMS, code_of
from rag import errors

SHAPE = {"type", "title", "status", "detail", "code", "title_ko", "detail_ko"}


def _tree(cls: type[errors.AskNotesError]) -> list[type[errors.AskNotesError]]:
    return [cls, *(found for child in cls.__subclasses__() for found in _tree(child))]


EVERY = _tree(errors.AskNotesError)


def test_the_walk_sees_every_error_of_the_module():
    drawn = {value for value in vars(errors).values() if isinstance(value, type)}
    assert set(EVERY) >= drawn


@pytest.mark.parametrize("cls", [cls for cls in EVERY if cls.__module__ == "rag.errors"], ids=lambda cls: cls.__name__)
def test_no_error_lacks_a_status_an_exit_code_or_its_texts(cls):
    assert cls in problems.STATUS
    assert cls in EXIT_CODES
    text = PROBLEMS[code_of(cls)]
    assert all((text.title, text.title_ko, text.detail_ko))


@pytest.mark.parametrize("cls", [cls for cls in EVERY if cls.__module__ == "rag.errors"], ids=lambda cls: cls.__name__)
def test_every_error_becomes_the_one_shape(cls):
    response = problems.of_error(cls("What was found. What to do."))
    body = json.loads(response.body)
    assert set(body) == SHAPE
    assert response.media_type == "application/problem+json"
    assert response.status_code == body["status"] == problems.STATUS[cls]
    assert body["detail"] == "What was found. What to do."
    assert body["type"].endswith(body["code"])


def test_a_class_below_a_known_one_is_treated_like_it():
    class Odd(errors.NoIndex):
        pass

    assert problems.status_of(Odd("x")) == 503
    assert problems.body_of(Odd("x"))["code"] == "no_index"
    assert exit_code(Odd("x")) == 5


def test_exit_codes_are_those_of_the_design():
    wanted = {
        errors.BadInput: 3,
        errors.BadConfiguration: 4,
        errors.NotReady: 5,
        errors.GenerationFailed: 6,
        errors.Busy: 7,
        errors.GateNotMet: 8,
        errors.AskNotesError: 1,
    }
    assert {cls: EXIT_CODES[cls] for cls in wanted} == wanted


def test_an_unforeseen_error_tells_nothing_of_the_inside():
    body = problems.body_of(RuntimeError("password in /home/somebody"))
    assert body["status"] == 500
    assert "somebody" not in json.dumps(body)


def test_busy_says_when_to_come_back():
    assert problems.of_error(errors.QueueFull("full", 2.4)).headers["retry-after"] == "3"
    assert problems.of_error(errors.ShuttingDown("down", 0.1)).headers["retry-after"] == "1"
    assert "retry-after" not in problems.of_error(errors.NoIndex("none")).headers


@pytest.mark.parametrize("status", [400, 401, 404, 405, 413, 418, 421, 500])
def test_what_http_refuses_has_the_same_shape(status):
    response: Response = problems.of_status(status)
    assert set(json.loads(response.body)) == SHAPE
    assert response.status_code == status
