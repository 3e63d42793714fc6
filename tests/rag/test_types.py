import dataclasses
import inspect

import pytest

from rag import types
from rag.types import Answer, Citation, Passage, Question, Scope, Sentence, Timings, Usage
from tests.helpers import chunk

RECORDS = [
    thing
    for thing in vars(types).values()
    if inspect.isclass(thing) and dataclasses.is_dataclass(thing) and thing.__module__ == "rag.types"
]
# What the contract names, in its order; further fields may follow.
FIELDS = {
    "Document": ["doc_id", "source", "title", "text", "metadata"],
    "Chunk": ["chunk_id", "doc_id", "start", "end", "text", "heading", "tokens"],
    "Passage": ["chunk", "rank", "score", "start", "end", "text"],
    "Citation": ["marker", "chunk_id", "doc_id", "source", "start", "end", "quote", "support"],
    "Sentence": ["start", "end", "support", "markers"],
    "Answer": [
        "text", "sentences", "citations", "passages", "abstained", "generator", "usage", "timings_ms",
    ],
}  # fmt: skip


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_records_are_frozen_and_slotted(record):
    assert record.__dataclass_params__.frozen
    assert "__slots__" in vars(record)
    assert record.__doc__


@pytest.mark.parametrize("name", FIELDS)
def test_fields_are_those_of_the_contract(name):
    found = [field.name for field in dataclasses.fields(getattr(types, name))]
    assert found[: len(FIELDS[name])] == FIELDS[name]
    extra = dataclasses.fields(getattr(types, name))[len(FIELDS[name]) :]
    assert all(field.default is not dataclasses.MISSING for field in extra)


def test_a_record_cannot_be_changed_nor_given_more():
    one = Passage(chunk("text"), 1, 0.5, 0, 4, "text")
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.rank = 2
    with pytest.raises((AttributeError, TypeError)):
        one.colour = "red"


def test_records_are_values():
    citation = Citation(1, "c", "d", "d.md", 0, 4, "text", "supported")
    assert citation == dataclasses.replace(citation)
    assert hash(Sentence(0, 4, "supported", (1,))) == hash(Sentence(0, 4, "supported", (1,)))
    assert Question("왜?") == Question("왜?", None, "sentence", (), Scope())


def test_an_answer_needs_no_more_than_the_contract():
    answer = Answer("말.", (), (), (), False, "extractive", Usage(), Timings())
    assert answer.generator == "extractive"
    assert answer.timings_ms.first_token is None
