from __future__ import annotations

import json
import shutil

import pytest
import torch
from langchain_core.messages import AIMessage, ChatMessage, FunctionMessage, HumanMessage, SystemMessage
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, MistralConfig

from rag.errors import GenerationFailed, NoModel
from rag.generation.engine import Engine
from rag.generation.qwen import LocalQwen
from rag.settings import GeneratorSettings
from rag.types import Usage

MESSAGES = [SystemMessage("한국어로 답하세요."), HumanMessage("어텐션은 무엇인가?")]
LONG = [HumanMessage("어텐션은 가중합을 계산한다. " * 60)]


@pytest.fixture(scope="module")
def qwen(tiny_qwen_folder):
    return LocalQwen.load(tiny_qwen_folder, name="tiny/qwen", dtype="float32")


@pytest.fixture
def steps(qwen):
    """Sizes of the blocks that the model was run on."""
    sizes = []
    hook = qwen._model.base_model.register_forward_pre_hook(
        lambda module, args, kwargs: sizes.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    yield sizes
    hook.remove()


def text_of(qwen, messages=MESSAGES, **options):
    return "".join(chunk.content for chunk in qwen.stream(messages, **options))


@pytest.mark.parametrize("messages", [MESSAGES, LONG], ids=["one block", "many blocks"])
def test_greedy_tokens_are_those_of_transformers(qwen, tiny_qwen_folder, messages):
    tokenizer = AutoTokenizer.from_pretrained(tiny_qwen_folder)
    model = AutoModelForCausalLM.from_pretrained(tiny_qwen_folder, dtype=torch.float32)
    roles = {"system": "system", "human": "user"}
    prompt = tokenizer.apply_chat_template(
        [{"role": roles[m.type], "content": m.content} for m in messages],
        add_generation_prompt=True,
        enable_thinking=False,
        return_tensors="pt",
    )["input_ids"]
    whole = model.generate(prompt, max_new_tokens=24, do_sample=False, attention_mask=torch.ones_like(prompt))
    expected = tokenizer.decode(whole[0, prompt.shape[1] :], skip_special_tokens=True)
    ours = text_of(qwen, messages, temperature=0, max_new_tokens=24)
    assert ours == expected.replace("\ufffd", "").strip() or ours == expected.replace("\ufffd", "").lstrip()


def test_the_prompt_is_the_template_without_thinking(qwen):
    ids = qwen._prompt_ids([SystemMessage("s"), HumanMessage("u"), AIMessage("a"), ChatMessage("c", role="user")])
    assert qwen._tokenizer.decode(ids) == (
        "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n"
        "<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )
    assert qwen.get_num_tokens_from_messages([HumanMessage("u")]) == len(qwen._prompt_ids([HumanMessage("u")]))


def test_a_seed_repeats_an_answer(qwen):
    first = text_of(qwen, seed=1, temperature=1.0, max_new_tokens=30)
    assert first == text_of(qwen, seed=1, temperature=1.0, max_new_tokens=30)
    assert first != text_of(qwen, seed=2, temperature=1.0, max_new_tokens=30)
    assert first == qwen.invoke(MESSAGES, seed=1, temperature=1.0, max_new_tokens=30).content


def test_random_weights_write_no_broken_characters(qwen):
    for seed in range(5):
        assert "\ufffd" not in text_of(qwen, seed=seed, temperature=1.5, top_k=0, top_p=1.0, max_new_tokens=40)


def test_usage_and_reason_come_with_the_last_piece(qwen):
    chunks = list(qwen.stream(MESSAGES, temperature=0, max_new_tokens=5))
    assert [chunk.usage_metadata for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    usage = chunks[-1].usage_metadata
    assert usage["input_tokens"] == len(qwen._prompt_ids(MESSAGES))
    assert 0 < usage["output_tokens"] <= 5
    assert chunks[-1].response_metadata["finish_reason"] in ("length", "stop")


def test_a_limit_of_tokens_holds_under_both_names(qwen, steps):
    list(qwen.stream(MESSAGES, max_new_tokens=3, seed=5))
    assert steps[1:] == [1] * (len(steps) - 1)
    assert len(steps) <= 3
    assert text_of(qwen, seed=5, max_tokens=3) == text_of(qwen, seed=5, max_new_tokens=3)


def test_it_ends_at_the_end_token(qwen):
    first = next(t for t in qwen._tokens(qwen._prompt_ids(MESSAGES), _greedy(), 1) if t is not None)
    ends, qwen._ends = qwen._ends, frozenset([first])
    try:
        (last,) = qwen.stream(MESSAGES, temperature=0)
    finally:
        qwen._ends = ends
    assert last.content == ""
    assert last.usage_metadata["output_tokens"] == 0
    assert last.response_metadata["finish_reason"] == "stop"


def _greedy():
    from rag.generation.sampling import Sampler

    return Sampler(temperature=0, top_p=1, top_k=0, seed=0)


def test_a_stop_string_ends_the_text_before_it(qwen, steps):
    whole = text_of(qwen, seed=4, temperature=1.0, max_new_tokens=40)
    stop = whole[len(whole) // 2 : len(whole) // 2 + 3]
    before = len(steps)
    pieces = [c.content for c in qwen.stream(MESSAGES, stop=[stop], seed=4, temperature=1.0, max_new_tokens=40)]
    assert "".join(pieces) == whole[: whole.index(stop)]
    assert len(steps) - before < before


def test_closing_the_stream_stops_the_model_within_one_token(qwen, steps):
    stream = qwen.stream(MESSAGES, seed=3, max_new_tokens=200)
    next(stream)
    done = len(steps)
    stream.close()
    assert len(steps) == done


def test_a_long_prompt_is_read_in_blocks_and_can_be_left_between_them(qwen, steps):
    prompt = len(qwen._prompt_ids(LONG))
    stream = qwen.stream(LONG)
    assert next(stream).content == ""
    stream.close()
    assert len(steps) == 1
    assert steps[0] < prompt


def test_the_mode_of_inference_does_not_leak_into_the_consumer(qwen):
    stream = qwen.stream(MESSAGES, max_new_tokens=4)
    next(stream)
    assert not torch.is_inference_mode_enabled()
    stream.close()


def test_a_prompt_beyond_the_window_is_refused(qwen):
    with pytest.raises(GenerationFailed, match=r"2,048"):
        qwen.invoke([HumanMessage("가나다라마바사 " * 1000)])


def test_a_message_of_no_known_role_is_refused(qwen):
    with pytest.raises(GenerationFailed, match="function"):
        qwen.invoke([FunctionMessage("x", name="f")])


def test_behind_the_engine_it_counts_and_stops(qwen, steps):
    engine = Engine(qwen, queue_size=2, deadline_s=60)
    try:
        generation = engine.submit(MESSAGES, max_new_tokens=8, seed=1)
        assert "".join(generation) == text_of(qwen, max_new_tokens=8, seed=1)
        assert generation.usage == Usage(len(qwen._prompt_ids(MESSAGES)), generation.usage.completion_tokens)
        before = len(steps)
        for _ in engine.submit(MESSAGES, max_new_tokens=1500, seed=1, temperature=1.5, top_p=1.0, top_k=0):
            break
    finally:
        engine.close(timeout_s=0)
    assert len(steps) - before < 1500


@pytest.mark.parametrize("broken", ["config.json", "model.safetensors", "tokenizer.json"])
def test_missing_files_are_no_model(tiny_qwen_folder, tmp_path, broken):
    folder = shutil.copytree(tiny_qwen_folder, tmp_path / "qwen")
    (folder / broken).unlink()
    with pytest.raises(NoModel, match="tiny/qwen cannot be loaded"):
        LocalQwen.load(folder, name="tiny/qwen")


def test_a_damaged_file_is_no_model(tiny_qwen_folder, tmp_path):
    folder = shutil.copytree(tiny_qwen_folder, tmp_path / "qwen")
    (folder / "model.safetensors").write_bytes(b"not a model")
    with pytest.raises(NoModel):
        LocalQwen.load(folder)


def test_pickled_weights_are_never_read(tiny_qwen_folder, tmp_path):
    folder = shutil.copytree(tiny_qwen_folder, tmp_path / "qwen")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(NoModel):
        LocalQwen.load(folder)


def test_a_model_without_chat_template_is_refused(tiny_qwen_folder, tmp_path):
    folder = shutil.copytree(tiny_qwen_folder, tmp_path / "qwen")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(NoModel, match="chat template"):
        LocalQwen.load(folder)


def test_bfloat16_can_be_asked_for(tiny_qwen_folder):
    model = LocalQwen.load(tiny_qwen_folder, dtype="bfloat16")
    assert model._model.dtype == torch.bfloat16
    assert isinstance(text_of(model, max_new_tokens=4), str)
    assert model.name == tiny_qwen_folder.name


def test_a_penalty_in_the_models_files_is_heeded(qwen, tiny_qwen_folder, tmp_path):
    folder = shutil.copytree(tiny_qwen_folder, tmp_path / "qwen")
    file = folder / "generation_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"repetition_penalty": 3.0}))
    strict = LocalQwen.load(folder, dtype="float32")
    ids, theirs = strict._prompt_ids(MESSAGES), AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    prompt = torch.tensor([ids])
    expected = theirs.generate(prompt, max_new_tokens=20, do_sample=False, attention_mask=torch.ones_like(prompt))
    written = strict._tokenizer.decode(expected[0, len(ids) :], skip_special_tokens=True).replace("\ufffd", "")
    assert text_of(strict, temperature=0, max_new_tokens=20).strip() == written.strip()
    assert text_of(qwen, temperature=0, max_new_tokens=20).strip() != written.strip()


def test_defaults_are_the_models_card_for_the_mode_without_thinking():
    # Source: https://huggingface.co/Qwen/Qwen3-0.6B, "Best Practices"; min_p is 0, which is none.
    settings = GeneratorSettings()
    assert (settings.temperature, settings.top_p, settings.top_k) == (0.7, 0.8, 20)
    fields = LocalQwen.model_fields
    assert [fields[name].default for name in ("temperature", "top_p", "top_k")] == [0.7, 0.8, 20]


def test_layers_that_are_not_known_are_no_model(tiny_qwen_folder, tmp_path):
    folder = shutil.copytree(tiny_qwen_folder, tmp_path / "qwen")
    file = folder / "config.json"
    config = json.loads(file.read_text()) | {"layer_types": ["full_attention", "linear_attention"]}
    file.write_text(json.dumps(config))
    with pytest.raises(NoModel, match="linear_attention"):
        LocalQwen.load(folder, name="tiny/qwen")


def test_askers_at_once_get_what_each_gets_alone(qwen):
    asked = [
        (MESSAGES, {"temperature": 0, "max_new_tokens": 20}),
        (LONG, {"temperature": 1.0, "seed": 1, "max_new_tokens": 9}),
        (MESSAGES, {"temperature": 1.3, "top_k": 0, "top_p": 1.0, "seed": 2, "max_new_tokens": 30}),
        ([HumanMessage("나")], {"temperature": 0.7, "seed": 3, "max_new_tokens": 25, "stop": ["a", "e", "다"]}),
    ]
    expected = [text_of(qwen, messages, **options) for messages, options in asked]
    engine = Engine(qwen, queue_size=4, deadline_s=60, parallel=4)
    try:
        begun = [engine.submit(messages, **options) for messages, options in asked]
        assert ["".join(generation) for generation in begun] == expected
    finally:
        engine.close()


@pytest.mark.parametrize("kind", [LlamaConfig, MistralConfig])
def test_other_chat_models_write_as_with_transformers(tiny_qwen_folder, tmp_path, kind):
    folder = shutil.copytree(tiny_qwen_folder, tmp_path / "other")
    known = json.loads((folder / "config.json").read_text())
    shape = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "head_dim")
    options = {name: known[name] for name in (*shape, "num_key_value_heads", "initializer_range")}
    if kind is MistralConfig:
        options["sliding_window"] = 60
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(kind(**options)).eval()
    model.save_pretrained(folder)
    ours = LocalQwen.load(folder, dtype="float32")
    prompt = torch.tensor([ours._prompt_ids(LONG)])
    theirs = model.generate(
        prompt, max_new_tokens=24, do_sample=False, attention_mask=torch.ones_like(prompt), eos_token_id=None
    )
    tokens = [token for token in ours._steps.tokens(prompt[0].tolist(), _greedy(), 24) if token is not None]
    assert tokens == theirs[0, prompt.shape[1] :].tolist()
