from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from rag.generation import attention
from rag.generation.attention import Part
from rag.generation.layers import fuse, is_fused, rms_norm
from rag.generation.memory import Memory
from rag.packing import pack_linears

BLOCKS = [(0, 150), (150, 1), (151, 140)]  # positions and rows of one sequence


def load(folder, dtype=torch.float32):
    attention.register()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attention.RAGGED)
    return model.eval()


@torch.inference_mode()
def states(model, sequences, blocks=BLOCKS):
    """Hidden states behind the last layer, block after block; all sequences share each pass."""
    memories, out = [Memory() for _ in sequences], []
    for known, rows in blocks:
        ids = [token for sequence in sequences for token in sequence[known : known + rows]]
        parts = [Part(memory, at * rows, (at + 1) * rows) for at, memory in enumerate(memories)]
        positions = list(range(known, known + rows)) * len(sequences)
        out.append(
            model.base_model(
                input_ids=torch.tensor([ids]), position_ids=torch.tensor([positions]), parts=parts, use_cache=False
            ).last_hidden_state[0]
        )
        for memory in memories:
            memory.length += rows
    return out


@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-4), (torch.bfloat16, 0.15)])
@pytest.mark.parametrize("packed", [False, True])
def test_each_parts_last_row_is_that_of_transformers(tiny_qwen_folder, dtype, near, packed):
    stock, ours = load(tiny_qwen_folder), load(tiny_qwen_folder, dtype)
    for layer in (*stock.model.layers, *ours.model.layers):  # or all ones, and a weight left out would not be seen
        for norm in (layer.input_layernorm, layer.post_attention_layernorm, layer.self_attn.q_norm):
            norm.weight.data = torch.linspace(0.5, 1.5, len(norm.weight)).to(norm.weight.dtype)
    if packed:
        pack_linears(ours)
    assert fuse(ours)
    assert is_fused(ours)
    assert not is_fused(stock)
    sequences = torch.randint(3, 300, (2, 291), generator=torch.Generator().manual_seed(0)).tolist()
    for theirs, last, (_, rows) in zip(states(stock, sequences), states(ours, sequences), BLOCKS, strict=True):
        assert last.shape == (2, 32)
        torch.testing.assert_close(last.float(), theirs[[rows - 1, 2 * rows - 1]], atol=near, rtol=near)


def test_other_models_are_left_alone():
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=20, **shape))
    layer = model.model.layers[0]
    assert not fuse(model)
    assert not is_fused(model)
    assert model.model.layers[0] is layer


@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-6), (torch.bfloat16, 2**-8)])
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_a_row_is_divided_by_the_root_of_its_mean_square(dtype, near, scale):
    rows = torch.randn(5, 3, 48, generator=torch.Generator().manual_seed(0)).to(dtype) * 7
    rows[2] = 0
    exact = rows.double()
    exact = scale * exact * (exact.square().mean(-1, keepdim=True) + 1e-6).rsqrt()
    torch.testing.assert_close(rms_norm(rows, 1e-6, scale).double(), exact, atol=near, rtol=near)
