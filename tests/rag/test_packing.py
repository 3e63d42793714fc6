import weakref

import pytest
import torch
from safetensors.torch import save_file

from rag.packing import Weights, pack_linears, product


def layers(dtype):
    torch.manual_seed(0)
    inner = torch.nn.Sequential(torch.nn.Linear(48, 96), torch.nn.GELU(), torch.nn.Linear(96, 32, bias=False))
    return torch.nn.Sequential(torch.nn.LayerNorm(48), inner).to(dtype).eval()


def test_packed_layers_compute_the_same():
    model = layers(torch.bfloat16)
    rows = torch.randn(3, 17, 48, dtype=torch.bfloat16)
    with torch.inference_mode():
        plain = model(rows).float()
        assert pack_linears(model) == 2
        packed = model(rows).float()
    torch.testing.assert_close(packed, plain, rtol=2e-2, atol=2e-2)


def test_float32_layers_are_left_alone():
    model = layers(torch.float32)
    assert pack_linears(model) == 0
    assert type(model[1][0]) is torch.nn.Linear


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 17])
def test_what_comes_after_a_product(dtype, rows):
    model = layers(dtype)
    pack_linears(model)
    given, other = torch.randn(rows, 48).to(dtype), torch.randn(rows, 96).to(dtype)
    with torch.inference_mode():
        plain = model[1][0](given).float()
        expected = {
            "silu": torch.nn.functional.silu(plain),
            "mul": plain * other.float(),
            "add": plain + other.float(),
        }
        kept = other.clone()
        for after, value in expected.items():
            found = product(model[1][0], given, after, None if after == "silu" else other)
            torch.testing.assert_close(found.float(), value, rtol=2e-2, atol=2e-2)
        assert torch.equal(other, kept)


class Tied(torch.nn.Module):
    """A model whose output matrix is its embedding."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(64, 32)
        self.inner = torch.nn.Linear(32, 32, bias=False)
        self.head = torch.nn.Linear(32, 64, bias=False)
        self.to(torch.bfloat16)
        self.head.weight = self.embedding.weight


@pytest.fixture
def saved(tmp_path):
    """A folder with the weights of a Tied in two files, and that Tied."""
    torch.manual_seed(1)
    model = Tied()
    save_file({"embedding.weight": model.embedding.weight.detach()}, tmp_path / "model-1-of-2.safetensors")
    save_file({"inner.weight": model.inner.weight.detach()}, tmp_path / "model-2-of-2.safetensors")
    return tmp_path, model


def test_weights_come_from_the_files_under_their_first_name(saved):
    folder, model = saved
    rows = torch.randn(5, 32, dtype=torch.bfloat16)
    other = Tied()
    with torch.inference_mode():
        expected = model.head(model.inner(rows))
        assert pack_linears(other, Weights(folder)) == 2
        torch.testing.assert_close(other.head(other.inner(rows)), expected, rtol=2e-2, atol=2e-2)


def test_no_plain_weight_is_kept_but_an_embedding(saved):
    folder, model = saved
    plain = weakref.ref(model.inner.weight)
    pack_linears(model, Weights(folder))
    assert plain() is None
    assert model.embedding(torch.tensor([63])).shape == (1, 32)


def test_a_weight_of_another_kind_in_the_files_is_not_taken(saved):
    folder, _ = saved
    weights, like = Weights(folder), torch.empty(32, 32)
    assert weights.read("inner.weight", like) is like
    assert weights.read("unknown", like) is like
    assert weights.read("inner.weight", like.bfloat16()).dtype is torch.bfloat16
    assert Weights(folder / "nothing").read("inner.weight", like) is like
