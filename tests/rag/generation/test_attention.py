from __future__ import annotations

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AutoModelForCausalLM

from rag.generation import attention
from rag.generation.memory import Memory

HEADS, SHARED, SIZE = 4, 2, 8
SCALE = SIZE**-0.5


class Layer:
    layer_idx = 0


def tensors(rows, length, *, batch=1, dtype=torch.float32, seed=0):
    random = torch.Generator().manual_seed(seed)
    shapes = ((batch, HEADS, rows, SIZE), (batch, SHARED, length, SIZE), (batch, SHARED, length, SIZE))
    return [torch.randn(shape, generator=random).to(dtype) for shape in shapes]


def exact(query, key, value, seen):
    """Oracle: torch's kernel in float64 on repeated heads, (b, rows, heads, size)."""
    key, value = (t.double().repeat_interleave(HEADS // SHARED, dim=1) for t in (key, value))
    return scaled_dot_product_attention(query.double(), key, value, attn_mask=seen, scale=SCALE).transpose(1, 2)


def causal(rows, length, window=None):
    last, at = torch.arange(length - rows, length)[:, None], torch.arange(length)
    return (at <= last) & (at > last - (window or length + 1))


@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-5), (torch.bfloat16, 3e-2)])
@pytest.mark.parametrize(("rows", "length"), [(1, 1), (1, 300), (5, 5), (130, 130), (256, 700), (300, 301)])
@pytest.mark.parametrize("window", [None, 40])
def test_one_sequence_is_that_of_sdpa(rows, length, dtype, near, window):
    query, key, value = tensors(rows, length, dtype=dtype)
    past = length - rows
    memory = Memory()
    memory.write(0, key[0, :, :past], value[0, :, :past])
    memory.length = past
    ours, _ = attention.ragged(
        Layer, query, key[:, :, past:], value[:, :, past:], None, SCALE,
        parts=[attention.Part(memory, 0, rows)], sliding_window=window,
    )  # fmt: skip
    theirs = exact(query, key, value, causal(rows, length, window))
    torch.testing.assert_close(ours.double(), theirs, atol=near, rtol=near)


@pytest.mark.parametrize(("rows", "length"), [(1, 9), (6, 6), (6, 20)])
def test_where_a_gpu_computes_the_kernel_is_torchs_own(rows, length):
    query, key, value = tensors(rows, length)
    seen = attention._causal(rows, length, None, query.device)
    ours = attention._kernel(query[0], key[0], value[0], SCALE, seen)
    theirs = exact(query, key, value, causal(rows, length))[0]
    torch.testing.assert_close(ours.double(), theirs, atol=1e-5, rtol=1e-5)


def test_sequences_side_by_side_do_not_see_each_other():
    lengths = [(1, 50), (200, 400), (1, 3)]
    alone, pieces, parts, start = [], [], [], 0
    for seed, (rows, length) in enumerate(lengths):
        query, key, value = tensors(rows, length, seed=seed)
        past = length - rows
        memory = Memory()
        memory.write(0, key[0, :, :past], value[0, :, :past])
        memory.length = past
        pieces.append((query, key[:, :, past:], value[:, :, past:]))
        parts.append(attention.Part(memory, start, start + rows))
        start += rows
        alone.append(exact(query, key, value, causal(rows, length)))
    joined = [torch.cat(kind, dim=2) for kind in zip(*pieces, strict=True)]
    ours, _ = attention.ragged(Layer, *joined, None, SCALE, parts=parts)
    torch.testing.assert_close(ours.double(), torch.cat(alone, dim=1), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rows", [1, 200])
def test_padding_is_not_seen(rows):
    query, key, value = tensors(rows, 200, batch=3)
    filled = torch.arange(200) >= torch.tensor([0, 70, 150])[:, None]
    seen = (causal(rows, 200) & filled[:, None])[:, None]
    ours, _ = attention.blocked(Layer, query, key, value, seen, SCALE)
    theirs = exact(query, key, value, seen)
    assert torch.isfinite(ours).all()
    real = filled[:, -rows:]
    torch.testing.assert_close(ours.double()[real], theirs[real], atol=1e-5, rtol=1e-5)


@pytest.fixture(scope="module")
def models(tiny_qwen_folder):
    attention.register()
    return [
        AutoModelForCausalLM.from_pretrained(tiny_qwen_folder, dtype=torch.float32, attn_implementation=name).eval()
        for name in ("sdpa", attention.BLOCKED)
    ]


def test_a_padded_batch_is_continued_as_with_sdpa(models):
    stock, ours = models
    ids = torch.randint(3, 300, (3, 180), generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(180) >= torch.tensor([0, 60, 171])[:, None]).long()
    written = [
        model.generate(ids, attention_mask=mask, max_new_tokens=24, do_sample=False, eos_token_id=None)[:, 180:]
        for model in (stock, ours)
    ]
    assert torch.equal(*written)
    assert written[0].shape == (3, 24)


def test_what_it_cannot_compute_is_refused(models):
    query, key, value = tensors(2, 2)
    with pytest.raises(ValueError, match="softcap"):
        attention.blocked(Layer, query, key, value, None, SCALE, softcap=30.0)
    attention.check(models[1])
    models[0].config.layer_types = ["full_attention", "linear_attention"]
    with pytest.raises(ValueError, match="linear_attention"):
        attention.check(models[0])
