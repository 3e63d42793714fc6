from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from rag.errors import GenerationFailed, NoModel
from rag.generation import paged
from rag.generation.openvino import LocalOpenVINO
from rag.generation.paged import PagedModel, Row

SYSTEM = SystemMessage("노트로 답하세요. " * 12)
LONG = [HumanMessage("어텐션은 가중합을 계산한다. " * 60)]


@pytest.fixture
def model(tiny_ir_folder):
    return LocalOpenVINO.load(tiny_ir_folder, name="tiny/ir", dtype="float32")


@pytest.fixture
def steps(monkeypatch):
    """The lengths of the rows of every step."""
    taken = []
    step = PagedModel.step

    def counted(self, rows):
        taken.append([len(row.ids) for row in rows])
        return step(self, rows)

    monkeypatch.setattr(PagedModel, "step", counted)
    return taken


def text_of(model, messages, **options):
    return "".join(chunk.content for chunk in model.stream(messages, **{"temperature": 0.0, **options}))


@pytest.mark.parametrize(("speed", "longest"), [(None, 256), (511.0, 256), (512.0, 512)])
def test_a_long_prompt_is_read_in_blocks_and_can_be_left_between_them(model, steps, speed, longest):
    model._steps.tokens_per_s = speed
    longer = [*LONG, AIMessage("그렇다."), *LONG]
    stream = model.stream(longer)
    assert next(stream).content == ""
    stream.close()
    assert len(steps) <= 2
    assert sum(steps[0]) == longest < len(model._prompt_ids(longer))


def test_who_writes_waits_for_smaller_blocks(model, steps):
    model._steps.tokens_per_s = 10_000.0
    writing = model.stream([HumanMessage("x")], max_new_tokens=200, temperature=1.0, seed=3)
    next(writing)
    done = threading.Event()

    def read():
        text_of(model, LONG, max_new_tokens=2)
        done.set()

    thread = threading.Thread(target=read)
    thread.start()
    while not done.is_set() and next(writing, None) is not None:
        pass
    together = [lengths for lengths in steps if len(lengths) == 2]
    thread.join()
    writing.close()
    assert 1 < max(max(lengths) for lengths in together) <= 256


def test_closing_the_stream_stops_the_model_within_one_token(model, steps):
    stream = model.stream([HumanMessage("x")], max_new_tokens=200, seed=3)
    next(stream)
    seen = len(steps)
    stream.close()
    assert len(steps) <= seen + 1


def test_the_shared_beginning_is_computed_once(model, steps, tiny_ir_folder):
    first = text_of(model, [SYSTEM, HumanMessage("하나")], max_new_tokens=4)
    read = sum(steps[0])
    del steps[:]
    other = text_of(model, [SYSTEM, HumanMessage("둘")], max_new_tokens=4)
    assert sum(steps[0]) < read - model.get_num_tokens(str(SYSTEM.content)) // 2
    del steps[:]
    assert text_of(model, [SYSTEM, HumanMessage("하나")], max_new_tokens=4) == first
    assert sum(steps[0]) <= 32
    fresh = LocalOpenVINO.load(tiny_ir_folder, dtype="float32")
    assert other == text_of(fresh, [SYSTEM, HumanMessage("둘")], max_new_tokens=4)


def test_those_who_write_at_once_share_steps(model, steps):
    def ask(number):
        text_of(model, [HumanMessage(f"{number}")], max_new_tokens=40, temperature=1.0, seed=number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(map(len, steps)) > 1


def test_who_finds_no_room_waits_for_it(tiny_ir_folder):
    small = LocalOpenVINO.load(tiny_ir_folder, dtype="float32", cache_tokens=512)
    texts = {}

    def ask(number):
        texts[number] = text_of(small, [HumanMessage(f"{number} " * 60)], max_new_tokens=100)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) == 4
    assert texts[2] == text_of(small, [HumanMessage("2 " * 60)], max_new_tokens=100)


def test_all_blocks_come_back(model):
    text_of(model, LONG, max_new_tokens=3)
    stream = model.stream(LONG)
    next(stream)
    stream.close()
    text_of(model, [HumanMessage("x")], max_new_tokens=1)
    model._steps._give_back()
    assert model._steps._blocks.free == model._steps._blocks.count


def test_those_who_wait_to_read_hear_of_every_step(model):
    """Or one who left could not be noticed before it is his turn."""
    reading = model.stream(LONG)
    waiting = model.stream([HumanMessage("가중합 " * 100)])
    heard = []
    thread = threading.Thread(target=lambda: heard.append(next(waiting).content))
    next(reading)
    thread.start()
    while not heard:
        next(reading)
    thread.join()
    reading.close()
    waiting.close()
    assert heard == [""]


def test_the_reading_speed_says_how_long_a_prompt_may_be(model):
    assert model.affordable_tokens([SYSTEM], 1.0) is None
    model.warm()
    speed = model._steps.tokens_per_s
    assert model.affordable_tokens([SYSTEM], 2.0) == int(speed * 2)
    text_of(model, [SYSTEM, HumanMessage("하나")], max_new_tokens=1)
    known = model.affordable_tokens([SYSTEM], 0.0)
    assert 32 <= known <= len(model._prompt_ids([SYSTEM]))


def test_the_speed_is_steady_until_it_really_changes(model):
    steps = model._steps
    steps._timed(256, 1.0)
    assert steps.tokens_per_s == 256
    for _ in range(20):
        steps._timed(256, 1.2)
    assert steps.tokens_per_s == 256
    for _ in range(20):
        steps._timed(256, 4.0)
    assert steps.tokens_per_s == 64
    steps._timed(10, 0.001)
    assert steps.tokens_per_s == 64
    steps._timed(256, 1.0)
    assert steps.tokens_per_s == 256


def test_a_failing_step_is_an_error_of_the_house_and_the_next_one_works(model, monkeypatch):
    def broken(self, rows):
        raise RuntimeError("out of order")

    with monkeypatch.context() as patch:
        patch.setattr(PagedModel, "step", broken)
        with pytest.raises(GenerationFailed, match="out of order"):
            model.invoke([HumanMessage("x")])
    assert isinstance(model.invoke([HumanMessage("x")], max_new_tokens=2).content, str)


@pytest.mark.parametrize("broken", ["config.json", "openvino_model.xml", "openvino_model.bin", "tokenizer.json"])
def test_missing_files_are_no_model(tiny_ir_folder, tmp_path, broken):
    folder = shutil.copytree(tiny_ir_folder, tmp_path / "ir")
    (folder / broken).unlink()
    with pytest.raises(NoModel, match=r"tiny/ir cannot be loaded"):
        LocalOpenVINO.load(folder, name="tiny/ir")


@pytest.mark.parametrize("broken", ["openvino_model.xml", "config.json"])
def test_a_damaged_file_is_no_model(tiny_ir_folder, tmp_path, broken):
    folder = shutil.copytree(tiny_ir_folder, tmp_path / "ir")
    (folder / broken).write_text("<not a model", encoding="utf-8")
    with pytest.raises(NoModel):
        LocalOpenVINO.load(folder)


def test_another_kind_of_network_is_no_model(tiny_ir_folder, tmp_path):
    import openvino
    from openvino import opset13 as ops

    folder = shutil.copytree(tiny_ir_folder, tmp_path / "ir")
    ids = ops.parameter([-1, -1], np.int64, name="input_ids")
    ids.output(0).set_names({"input_ids"})
    openvino.save_model(openvino.Model([ops.result(ops.abs(ids))], [ids]), folder / "openvino_model.xml")
    with pytest.raises(NoModel, match="tiny/ir"):
        LocalOpenVINO.load(folder, name="tiny/ir")


def test_rows_that_nobody_asks_for_are_left_out_behind_the_last_attention(tiny_ir_folder, monkeypatch):
    """The oracle is the same model, cut before its output matrix alone."""
    rows = [Row(range(40, 90), 0, range(2)), Row(range(7), 0, range(2, 4))]
    after = [Row([5], 50, range(2)), Row(range(7, 20), 7, range(2, 4))]
    early = PagedModel(tiny_ir_folder, cache_tokens=512, dtype="float32")
    found = []
    behind = paged._behind_the_last_attention

    def not_cut(model):
        found.extend(behind(model))
        return []

    monkeypatch.setattr(paged, "_behind_the_last_attention", not_cut)
    late = PagedModel(tiny_ir_folder, cache_tokens=512, dtype="float32")
    assert len(found) == 2
    for several in (rows, after):
        np.testing.assert_allclose(early.step(several), late.step(several), atol=1e-5)


def test_a_network_without_attention_is_not_cut():
    import openvino
    from openvino import opset13 as ops

    hidden = ops.parameter([-1, 1, 4], np.float32)
    logits = ops.matmul(hidden, ops.constant(np.ones((4, 4), np.float32)), False, True)
    assert paged._behind_the_last_attention(openvino.Model([ops.result(logits)], [hidden])) == []


def test_adapters_are_refused(tiny_ir_folder, tmp_path):
    with pytest.raises(NoModel, match="torch"):
        LocalOpenVINO.load(tiny_ir_folder, adapter=tmp_path)


def test_bfloat16_can_be_asked_for(tiny_ir_folder):
    model = LocalOpenVINO.load(tiny_ir_folder, dtype="bfloat16", threads=1)
    assert isinstance(text_of(model, LONG, max_new_tokens=4), str)
    assert model.name == tiny_ir_folder.name
