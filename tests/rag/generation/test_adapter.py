from __future__ import annotations

import json
import warnings

import pytest
import torch
from langchain_core.messages import HumanMessage
from transformers import AutoModelForCausalLM

from rag.errors import BadConfiguration, NoModel
from rag.generation.qwen import LocalQwen

MESSAGES = [HumanMessage("어텐션은 무엇인가?")]


@pytest.fixture(scope="module")
def adapter_for(tiny_qwen_folder, tmp_path_factory):
    """Makes a LoRA over the tiny model that changes it much; `base` is the name it keeps."""

    def make(base="tiny/qwen", **options):
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(1)
        model = AutoModelForCausalLM.from_pretrained(tiny_qwen_folder, dtype=torch.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            learner = get_peft_model(
                model, LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False)
            )
            learner.peft_config["default"].base_model_name_or_path = base
            folder = tmp_path_factory.mktemp("adapter")
            learner.save_pretrained(folder)
        return folder, learner

    return make


def load(folder, adapter=None, name="tiny/qwen"):
    return LocalQwen.load(folder, name=name, dtype="float32", adapter=adapter)


def answer(model):
    return model.invoke(MESSAGES, temperature=0, max_new_tokens=16).content


def test_a_merged_adapter_computes_what_peft_computes(tiny_qwen_folder, adapter_for):
    adapter, learner = adapter_for()
    merged = load(tiny_qwen_folder, adapter)
    ids = torch.tensor([merged._prompt_ids(MESSAGES)])
    with torch.inference_mode():
        expected = learner.eval()(input_ids=ids).logits[0, -1].argmax()
    assert next(t for t in merged._tokens(ids[0].tolist(), _greedy(), 1) if t is not None) == expected
    assert not [name for name, _ in merged._model.named_modules() if "lora" in name]
    assert answer(merged) != answer(load(tiny_qwen_folder))


def test_in_bfloat16_the_merged_weights_are_packed_not_those_of_the_files(tiny_qwen_folder, adapter_for):
    merged, plain = (
        LocalQwen.load(tiny_qwen_folder, name="tiny/qwen", dtype="bfloat16", adapter=adapter)
        for adapter in (adapter_for()[0], None)
    )
    assert answer(merged) != answer(plain)


def _greedy():
    from rag.generation.sampling import Sampler

    return Sampler(temperature=0, top_p=1, top_k=0, seed=0)


@pytest.mark.parametrize("base", ["tiny/qwen", "qwen", "/home/somebody/qwen"])
def test_the_base_may_be_named_by_id_or_by_folder(tiny_qwen_folder, adapter_for, base):
    load(tiny_qwen_folder, adapter_for(base)[0])


@pytest.mark.parametrize("base", ["other/qwen", "tiny/qwen2", "/home/somebody/llama", "None"])
def test_an_adapter_of_another_model_is_refused_by_both_names(tiny_qwen_folder, adapter_for, base):
    with pytest.raises(BadConfiguration) as caught:
        load(tiny_qwen_folder, adapter_for(base)[0])
    assert base in str(caught.value)
    assert "tiny/qwen" in str(caught.value)


def test_a_pickled_adapter_is_never_read(tiny_qwen_folder, adapter_for):
    adapter, _ = adapter_for()
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(NoModel, match="pickle"):
        load(tiny_qwen_folder, adapter)


def test_beside_safetensors_a_pickle_is_not_looked_at(tiny_qwen_folder, adapter_for):
    adapter, _ = adapter_for()
    (adapter / "adapter_model.bin").write_bytes(b"not even a pickle")
    load(tiny_qwen_folder, adapter)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("adapter_config.json", None, "holds no adapter_config.json"),
        ("adapter_config.json", "{", "cannot be read"),
        ("adapter_config.json", "[]", "cannot be read"),
        ("adapter_config.json", json.dumps({"peft_type": "PROMPT_TUNING", "base_model_name_or_path": "x"}), "LORA"),
        ("adapter_model.safetensors", "damaged", "cannot be loaded"),
    ],
)
def test_what_is_no_adapter_is_no_model(tiny_qwen_folder, adapter_for, file, content, said):
    adapter, _ = adapter_for()
    (adapter / file).unlink()
    if content is not None:
        (adapter / file).write_text(content)
    with pytest.raises(NoModel, match=said):
        load(tiny_qwen_folder, adapter)


def test_weights_of_other_shapes_are_no_model(tiny_qwen_folder, adapter_for):
    from safetensors.torch import load_file, save_file

    adapter, _ = adapter_for()
    weights = load_file(adapter / "adapter_model.safetensors")
    save_file({name: torch.cat([w, w], dim=-1) for name, w in weights.items()}, adapter / "adapter_model.safetensors")
    with pytest.raises(NoModel, match="cannot be loaded"):
        load(tiny_qwen_folder, adapter)
