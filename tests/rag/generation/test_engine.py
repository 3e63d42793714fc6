from __future__ import annotations

import threading
import time

import pytest
from langchain_core.messages import HumanMessage

from rag.errors import Busy, Cancelled, DeadlineExceeded, GenerationFailed, NoModel, QueueFull, ShuttingDown
from rag.types import Usage
from tests.rag.generation.scripted import PATIENCE_S, ScriptedModel


def ask(text="?"):
    return [HumanMessage(text)]


def eventually(condition):
    """True as soon as the condition holds; for counters that a worker changes after the consumer is woken."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.001)
    return True


def in_thread(work):
    """Runs `work` in a thread; `result()` is its value, or raises what it raised."""
    outcome = {}

    def run():
        try:
            outcome["value"] = work()
        except Exception as error:
            outcome["error"] = error

    thread = threading.Thread(target=run)
    thread.start()

    def result():
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        if "error" in outcome:
            raise outcome["error"]
        return outcome["value"]

    return result


def test_pieces_arrive_as_they_are_written(engine_for):
    model = ScriptedModel(gated=True)
    pieces = iter(engine_for(model).submit(ask()))
    model.let()
    assert next(pieces) == "one "
    assert model.count("written") == 1
    model.let(2)
    assert list(pieces) == ["two ", "three"]


def test_usage_is_what_the_generator_counted(engine_for):
    generation = engine_for(ScriptedModel()).submit(ask())
    assert generation.usage == Usage()
    assert "".join(generation) == "one two three"
    assert generation.usage == Usage(7, 3)


def test_options_reach_the_generator_and_none_does_not(engine_for):
    model = ScriptedModel()
    options = {"temperature": 0.5, "top_p": 0.9, "top_k": 3, "max_new_tokens": 9, "seed": 1, "stop": ["x"]}
    list(engine_for(model).submit(ask(), **options))
    list(engine_for(model).submit(ask(), temperature=0.0, seed=None))
    assert model.options == [options, {"temperature": 0.0, "stop": None}]


def test_empty_pieces_are_not_handed_on(engine_for):
    assert list(engine_for(ScriptedModel(pieces=("", "a", "", "b"))).submit(ask())) == ["a", "b"]


def test_content_blocks_of_a_foreign_model_are_text(engine_for):
    blocks = [{"type": "text", "text": "hello", "index": 0}]
    assert list(engine_for(ScriptedModel(pieces=(blocks,))).submit(ask())) == ["hello"]


def test_one_at_a_time_in_the_order_they_came(engine_for):
    model = ScriptedModel(pieces=("x",), gated=True)
    engine = engine_for(model)
    generations = [engine.submit(ask(str(number))) for number in range(4)]
    assert model.wait_for("begun", 1)
    assert (engine.running, engine.waiting, model.count("begun")) == (1, 3, 1)
    model.let(4)
    assert [list(generation) for generation in generations] == [["x"]] * 4
    assert model.prompts == ["0", "1", "2", "3"]
    assert eventually(lambda: engine.running == 0)


def test_parallel_generators_run_side_by_side(engine_for):
    model = ScriptedModel(gated=True)
    engine = engine_for(model, parallel=3)
    generations = [engine.submit(ask()) for _ in range(4)]
    assert model.wait_for("begun", 3)
    assert (engine.running, engine.waiting) == (3, 1)
    model.let(12)
    assert ["".join(generation) for generation in generations] == ["one two three"] * 4


def test_a_full_queue_refuses_at_once_and_says_when(engine_for):
    model = ScriptedModel(gated=True)
    engine = engine_for(model, queue_size=2)
    for _ in range(3):
        engine.submit(ask())
    with pytest.raises(QueueFull, match="2 questions") as refused:
        engine.submit(ask())
    assert 1 <= refused.value.retry_after_s <= 60


def test_an_idle_engine_takes_as_many_as_run_and_wait_together(engine_for):
    # Whether the worker has already taken the first must not matter.
    engine = engine_for(ScriptedModel(gated=True), queue_size=1)
    engine.submit(ask())
    engine.submit(ask())
    with pytest.raises(QueueFull):
        engine.submit(ask())


def test_what_belongs_to_an_answer_goes_before_those_who_wait(engine_for):
    model = ScriptedModel(pieces=("x",), gated=True)
    engine = engine_for(model, queue_size=2)
    answer = engine.submit(ask("answer"))
    assert model.wait_for("begun")
    others = [engine.submit(ask(f"other {number}")) for number in range(2)]
    checks = [engine.submit(ask(f"check {number}"), after=answer) for number in range(3)]
    assert engine.waiting == 2  # they take no place from those who come to ask
    with pytest.raises(QueueFull):
        engine.submit(ask("one too many"))
    model.let(6)
    assert [list(generation) for generation in (answer, *checks, *others)] == [["x"]] * 6
    assert model.prompts == ["answer", "check 0", "check 1", "check 2", "other 0", "other 1"]


def test_what_belongs_to_an_answer_ends_with_its_asker(engine_for):
    model = ScriptedModel(pieces=("x",), gated=True)
    engine = engine_for(model)
    left = threading.Event()
    answer = engine.submit(ask(), cancel=left)
    check = engine.submit(ask(), after=answer)
    left.set()
    with pytest.raises(Cancelled):
        list(check)
    model.let(2)
    assert eventually(lambda: engine.running == 0 and engine.waiting == 0)


def test_what_belongs_to_an_answer_has_the_rest_of_its_time(engine_for):
    model = ScriptedModel(pieces=("x",), gated=True)
    engine = engine_for(model)
    answer = engine.submit(ask(), deadline_s=100.0)
    answer._submitted -= 100.0
    check = engine.submit(ask(), after=answer, deadline_s=1000.0)
    with pytest.raises(DeadlineExceeded):
        list(check)
    model.let(2)


def test_what_belongs_to_an_answer_is_refused_when_the_engine_closes(engine_for):
    engine = engine_for(ScriptedModel(pieces=("x",)))
    answer = engine.submit(ask())
    list(answer)
    engine.close()
    with pytest.raises(ShuttingDown):
        engine.submit(ask(), after=answer)


def test_how_long_an_answer_takes_is_told_by_answers_alone(engine_for):
    model = ScriptedModel(pieces=("x",))
    engine = engine_for(model)
    answer = engine.submit(ask())
    list(answer)
    for _ in range(3):
        list(engine.submit(ask(), after=answer))
    assert eventually(lambda: engine.running == 0)
    assert len(engine._answer_s) == 1


def test_what_the_generator_tells_besides_text_is_kept(engine_for):
    generation = engine_for(ScriptedModel(shares=lambda prompt: {"yes": 0.5})).submit(ask(), among={"yes": ("yes",)})
    assert generation.metadata == {}
    assert list(generation) == []
    assert generation.metadata["among"] == {"yes": 0.5}


def test_the_queue_comes_on_top_of_those_that_run_at_once(engine_for):
    model = ScriptedModel(gated=True)
    engine = engine_for(model, queue_size=2, parallel=3)
    assert engine.idle == 3
    running = [engine.submit(ask()) for _ in range(5)]
    with pytest.raises(QueueFull):
        engine.submit(ask())
    assert model.wait_for("begun", 3)
    assert (engine.idle, engine.waiting) == (0, 2)
    running[0].cancel()
    running[3].cancel()
    model.let(9)  # or the cancelled one notices at the end of the gate's patience only
    assert eventually(lambda: engine.waiting == 0 or model.count("begun") == 4)
    engine.submit(ask())


@pytest.mark.parametrize("how", ["event", "method"])
def test_cancel_stops_a_running_answer_within_one_piece(engine_for, how):
    model = ScriptedModel(pieces=tuple("abcdefgh"), gated=True)
    engine = engine_for(model)
    event = threading.Event()
    generation = engine.submit(ask(), cancel=event)
    pieces = iter(generation)
    model.let()
    assert next(pieces) == "a"
    if how == "event":
        event.set()
    else:
        generation.cancel()
    with pytest.raises(Cancelled):
        next(pieces)
    model.let()
    assert model.wait_for("closed")
    assert model.count("written") <= 2
    assert eventually(lambda: engine.running == 0)


def test_a_waiting_answer_leaves_the_queue_when_cancelled(engine_for):
    model = ScriptedModel(gated=True)
    engine = engine_for(model)
    first = engine.submit(ask("first"))
    assert model.wait_for("begun")
    event = threading.Event()
    waiting = in_thread(lambda: list(engine.submit(ask("waiting"), cancel=event)))
    assert eventually(lambda: engine.waiting == 1)
    event.set()
    with pytest.raises(Cancelled):
        waiting()
    assert engine.waiting == 0
    model.let(3)
    assert "".join(first) == "one two three"
    assert model.prompts == ["first"]


def test_a_cancelled_asker_that_never_looked_holds_no_place(engine_for):
    model = ScriptedModel(gated=True)
    engine = engine_for(model, queue_size=1)
    engine.submit(ask())
    assert model.wait_for("begun")
    gone = threading.Event()
    engine.submit(ask("gone"), cancel=gone)
    gone.set()
    engine.submit(ask("new"))
    model.let(6)
    assert model.wait_for("closed", 2)
    assert model.prompts == ["?", "new"]


def test_leaving_the_iteration_cancels(engine_for):
    model = ScriptedModel(pieces=tuple("abcdefgh"), gated=True)
    engine = engine_for(model)
    model.let()
    for _ in engine.submit(ask()):
        break
    model.let()
    assert model.wait_for("closed")
    assert model.count("written") <= 2


def test_a_cancel_set_before_asking_generates_nothing(engine_for):
    model = ScriptedModel()
    event = threading.Event()
    event.set()
    with pytest.raises(Cancelled):
        list(engine_for(model).submit(ask(), cancel=event))
    assert model.count("written") <= 1


def test_the_deadline_counts_the_wait(engine_for):
    model = ScriptedModel(gated=True)
    engine = engine_for(model)
    engine.submit(ask())
    assert model.wait_for("begun")
    with pytest.raises(DeadlineExceeded, match=r"0\.05 s"):
        list(engine.submit(ask(), deadline_s=0.05))
    assert engine.waiting == 0


def test_the_deadline_ends_a_running_answer_and_keeps_what_was_written(engine_for):
    model = ScriptedModel(gated=True)
    engine = engine_for(model, deadline_s=0.2)
    model.let()
    pieces = []
    with pytest.raises(DeadlineExceeded):
        pieces.extend(_collected(engine.submit(ask()), pieces))
    assert pieces == ["one "]
    model.let()
    assert model.wait_for("closed")
    assert model.count("written") <= 2


def _collected(generation, into):
    for piece in generation:
        into.append(piece)
    return []


def test_a_failing_generator_is_generation_failed_with_its_cause(engine_for):
    broken = ValueError("no memory")
    engine = engine_for(ScriptedModel(pieces=("well ", broken)))
    pieces = []
    with pytest.raises(GenerationFailed, match="no memory") as failure:
        _collected(engine.submit(ask()), pieces)
    assert pieces == ["well "]
    assert failure.value.__cause__ is broken
    # and the next question is answered again, by the same worker
    engine.generator.pieces = ("fine",)
    assert list(engine.submit(ask())) == ["fine"]


@pytest.mark.parametrize("error", [NoModel("gone"), Busy("later", 7.0)])
def test_errors_of_the_house_keep_their_kind(engine_for, error):
    with pytest.raises(type(error)) as raised:
        list(engine_for(ScriptedModel(pieces=(error,))).submit(ask()))
    assert raised.value is error


def test_close_sends_the_waiting_away_and_lets_the_running_finish(engine_for):
    model = ScriptedModel(gated=True)
    engine = engine_for(model)
    running, waiting = engine.submit(ask()), engine.submit(ask())
    assert model.wait_for("begun")
    closing = in_thread(lambda: engine.close(timeout_s=PATIENCE_S))
    with pytest.raises(ShuttingDown):
        list(waiting)
    with pytest.raises(ShuttingDown):
        engine.submit(ask())
    model.let(3)
    assert "".join(running) == "one two three"
    closing()
    assert not any(thread.name.startswith("generator-") for thread in threading.enumerate())


def test_close_ends_the_running_answer_at_the_timeout(engine_for):
    model = ScriptedModel(gated=True)
    engine = engine_for(model)
    running = engine.submit(ask())
    assert model.wait_for("begun")
    closing = in_thread(lambda: engine.close(timeout_s=0.05))
    with pytest.raises(ShuttingDown):
        list(running)
    model.let()
    closing()
    assert model.count("closed") == 1
    engine.close()  # a second time does nothing


def test_every_one_of_many_askers_is_accounted_for(engine_for):
    model = ScriptedModel()
    engine = engine_for(model, queue_size=16)
    outcomes = []

    def asker(number):
        event = threading.Event()
        try:
            generation = engine.submit(ask(str(number)), cancel=event)
            if number % 3 == 0:
                event.set()
            outcomes.append("".join(generation))
        except (QueueFull, Cancelled) as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=asker, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(outcomes) == 64
    assert set(outcomes) <= {"one two three", "QueueFull", "Cancelled"}
    assert "one two three" in outcomes
    assert eventually(lambda: (engine.running, engine.waiting) == (0, 0))
    assert model.count("begun") == model.count("closed")
