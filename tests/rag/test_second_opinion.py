"""The cross-check through the whole pipeline, with a generator that says what the test tells it to."""

from __future__ import annotations

import logging
import threading
from contextlib import closing

import pytest

from rag.errors import Cancelled, GenerationFailed
from rag.generation.engine import Engine
from rag.generation.extractive import ExtractiveAnswerer
from rag.pipeline import Pipeline, Writer
from rag.settings import Settings
from rag.types import AnswerDone, CitationFound, Question, TokenWritten, Turn
from tests.rag.generation.scripted import ScriptedModel
from tests.rag.test_pipeline import GATES, UNKNOWN, Notes

# In other words than the note: what stands there word for word is not asked about.
SAID = ("셀 상태에서 ", "무엇을 지울지는 ", "망각 게이트가 ", "정해요 [1].")
LOSS = " 기울기 소실은 LSTM의 게이트가 줄여 준다 [1]."
VERBATIM = "망각 게이트는 셀 상태에서 무엇을 지울지 정한다 [1]."
INVENTED = " 나폴레옹은 1815년에 워털루에서 졌다 [1]."


def yes(share):
    return lambda prompt: {"yes": share / 10, "no": (1 - share) / 10}


@pytest.fixture
def pipeline(course_retriever):
    opened = []

    def make(*pieces, model=None, shares=None, name="scripted", deadline_s=30.0, **changes):
        model = model or ScriptedModel(pieces=pieces or SAID, shares=shares)
        engine = Engine(model, queue_size=1, deadline_s=deadline_s)
        settings = Settings(**({"cross_check": True} | changes))
        writer = Writer(name, engine, lambda text: len(text.split()))
        opened.append(Pipeline(settings, Notes(course_retriever), writer))
        return opened[-1], model

    yield make
    for one in opened:
        if isinstance(one.engine.generator, ScriptedModel):
            one.engine.generator.let(100)
        one.close()


def verdicts(answer):
    return [(sentence.support, sentence.model_yes) for sentence in answer.sentences]


def test_a_no_lowers_and_a_yes_leaves(pipeline):
    doubted = pipeline(shares=yes(0.02))[0].ask(Question(GATES))
    believed = pipeline(shares=yes(0.8))[0].ask(Question(GATES))
    assert verdicts(doubted) == [("partly", pytest.approx(0.02))]
    assert verdicts(believed) == [("supported", pytest.approx(0.8))]
    assert [citation.support for citation in doubted.citations] == ["partly"]
    assert [citation.support for citation in believed.citations] == ["supported"]
    assert (doubted.text, doubted.usage) == (believed.text, believed.usage)


@pytest.mark.parametrize(("threshold", "support"), [(0.0, "supported"), (1.0, "partly")])
def test_the_threshold_is_a_setting(pipeline, threshold, support):
    made, _ = pipeline(shares=yes(0.3), cross_check_threshold=threshold)
    assert made.ask(Question(GATES)).sentences[0].support == support


def test_a_yes_does_not_raise_what_no_word_says(pipeline):
    made, model = pipeline("".join(SAID) + INVENTED, shares=yes(1.0))
    answer = made.ask(Question(GATES))
    assert [sentence.support for sentence in answer.sentences] == ["supported", "unsupported"]
    assert answer.sentences[1].model_yes is None
    assert len(model.prompts) == 2
    assert "나폴레옹" not in model.prompts[1]


def test_what_stands_there_word_for_word_is_not_asked_about(pipeline):
    made, model = pipeline(VERBATIM, shares=yes(0.0))
    assert verdicts(made.ask(Question(GATES))) == [("supported", None)]
    assert len(model.prompts) == 1


def test_off_by_default_and_then_nothing_is_asked(pipeline):
    assert Settings().cross_check is False
    made, model = pipeline(shares=yes(0.0), cross_check=False)
    assert verdicts(made.ask(Question(GATES))) == [("supported", None)]
    assert len(model.prompts) == 1


def test_every_supported_sentence_is_asked_about_once(pipeline):
    made, model = pipeline("".join(SAID) + LOSS, shares=yes(0.9))
    answer = made.ask(Question(GATES))
    assert verdicts(answer) == [("supported", pytest.approx(0.9))] * 2
    asked = model.prompts[1:]
    assert len(asked) == 2
    for sentence, words in zip(answer.sentences, ("망각 게이트가", "기울기 소실"), strict=True):
        (prompt,) = [p for p in asked if words in p.partition("<hypothesis")[2]]
        assert answer.text[sentence.start : sentence.end].partition(" [")[0] in prompt


def test_each_sentence_has_its_own_answer(pipeline):
    said = "".join(SAID) + LOSS
    made, _ = pipeline(
        said, shares=lambda prompt: yes(0.1 if "소실" in prompt.partition("<hypothesis")[2] else 0.9)(prompt)
    )
    assert verdicts(made.ask(Question(GATES))) == [
        ("supported", pytest.approx(0.9)),
        ("partly", pytest.approx(0.1)),
    ]


def test_nothing_shown_is_taken_back(pipeline):
    streams = []
    for on in (False, True):
        made, _ = pipeline(shares=yes(0.0), cross_check=on)
        streams.append(list(made.stream(Question(GATES))))
    plain, checked = streams
    shown = [[e for e in events if isinstance(e, TokenWritten | CitationFound)] for events in streams]
    assert shown[0] == shown[1]
    assert (plain[-1].answer.sentences[0].support, checked[-1].answer.sentences[0].support) == ("supported", "partly")


def test_strict_mode_keeps_what_was_shown(pipeline):
    made, _ = pipeline(shares=yes(0.0), grounding="strict")
    answer = made.ask(Question(GATES))
    assert "망각 게이트가 정해요" in answer.text
    assert [sentence.support for sentence in answer.sentences] == ["partly"]


@pytest.mark.parametrize("said", ["노트에 답이 없습니다.", "", INVENTED])
def test_with_nothing_supported_nobody_is_asked(pipeline, said):
    made, model = pipeline(said, shares=yes(0.0))
    made.ask(Question(GATES))
    made.ask(Question(UNKNOWN))
    assert len(model.prompts) == 1


def test_the_history_is_no_part_of_it(pipeline):
    made, model = pipeline(shares=yes(0.9))
    made.ask(Question(GATES, history=(Turn("user", "고양이는?"), Turn("assistant", "사료."))))
    assert len(model.prompts) == 2
    assert "고양이" not in model.prompts[1]


def test_the_embedded_answerer_is_not_asked(pipeline):
    made, _ = pipeline(model=ExtractiveAnswerer(), name="extractive")
    answer = made.ask(Question(GATES))
    assert {sentence.model_yes for sentence in answer.sentences} == {None}
    assert "supported" in {sentence.support for sentence in answer.sentences}


def test_a_server_without_logprobs_is_found_out_once(pipeline, caplog):
    made, model = pipeline(shares=None)
    assert made.readiness().fallbacks == ()
    with caplog.at_level(logging.WARNING):
        assert verdicts(made.ask(Question(GATES))) == [("supported", None)]
    assert caplog.text.count("logprobs") == 1
    (why,) = made.readiness().fallbacks
    assert "cross_check = false" in why
    made.ask(Question(GATES))
    assert len(model.prompts) == 3  # an answer, its check, and the second answer alone
    assert caplog.text.count("logprobs") == 1


class Breaking(ScriptedModel):
    """Fails whenever it is asked for a first token."""

    def _stream(self, messages, stop=None, run_manager=None, **kw):
        if "among" in kw:
            self._add("begun")
            raise GenerationFailed("Out of memory.")
        yield from super()._stream(messages, stop, run_manager, **kw)


def test_a_check_that_fails_leaves_the_answer_as_it_was(pipeline, caplog):
    made, model = pipeline(model=Breaking(pieces=SAID))
    for _ in range(2):  # the next answer is tried again
        assert verdicts(made.ask(Question(GATES))) == [("supported", None)]
    assert model.count("begun") == 4
    assert caplog.text.count("This answer was not cross-checked. Out of memory.") == 2
    assert made.readiness().fallbacks == ()


def test_who_leaves_during_the_check_frees_the_generator(pipeline):
    model = ScriptedModel(pieces=SAID, shares=yes(0.9), gated=True)
    made, _ = pipeline(model=model)
    gone = threading.Event()
    events = made.stream(Question(GATES), gone)
    model.let(len(SAID))
    seen = []

    def take():
        with pytest.raises(Cancelled):
            seen.extend(events)

    thread = threading.Thread(target=take)
    thread.start()
    assert model.wait_for("begun", 2)  # the answer is written, the check waits at the gate
    gone.set()
    thread.join(10)
    assert not thread.is_alive()
    assert not any(isinstance(event, AnswerDone) for event in seen)
    model.let()
    assert model.wait_for("closed", 2)


def test_the_answers_deadline_holds_for_the_check_and_costs_no_answer(pipeline, caplog):
    model = ScriptedModel(pieces=SAID, shares=yes(0.0), gated=True)
    made, _ = pipeline(model=model, deadline_s=1.0)
    model.let(len(SAID))
    answer = made.ask(Question(GATES))
    assert verdicts(answer) == [("supported", None)]
    assert "not cross-checked" in caplog.text


def test_a_full_queue_refuses_others_and_not_the_check(pipeline):
    model = ScriptedModel(pieces=SAID, shares=yes(0.1), gated=True)
    made, _ = pipeline(model=model)
    first, second = (made.stream(Question(GATES)) for _ in range(2))
    with closing(first), closing(second):
        next(first)
        assert model.wait_for("begun")
        next(second)  # waits behind it, and the queue is full
        model.let(100)
        assert [list(stream)[-1].answer.sentences[0].support for stream in (first, second)] == ["partly"] * 2
    assert "<hypothesis" in model.prompts[1] or "<hypothesis" in model.prompts[2]
