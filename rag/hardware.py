"""Where models compute and in which numbers; asked of torch, which is loaded by then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "float32", "bfloat16"]


def device() -> str:
    """The first of cuda, mps and cpu that is there."""
    import torch

    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def precision(wanted: Precision, on: str) -> torch.dtype:
    """The torch dtype for a setting on a device; auto is bfloat16 where the device multiplies in it."""
    import torch

    if wanted != "auto":
        return torch.float32 if wanted == "float32" else torch.bfloat16
    return torch.bfloat16 if on != "cpu" or cpu_computes_bfloat16() else torch.float32


def cpu_computes_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 in hardware; without, it is slower than float32."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(unit, False) for unit in ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16"))
