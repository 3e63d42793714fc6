import torch

from rag.packing import pack_linears


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
