"""Where models compute and in which numbers; torch is asked where it may know of more than the CPU."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "float32", "bfloat16"]
T = TypeVar("T")
# Where Linux shows a driver: NVIDIA's, AMD's, and either's under Windows.
_NODES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


def device() -> str:
    """The first of cuda, mps and cpu that is there; loads torch only where a GPU is in sight."""
    if not gpu_in_sight():
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def gpu_in_sight() -> bool:
    """Whether this machine may hold a GPU that torch computes on; no library is loaded to find out.

    False is certain, True is not: a driver without a card looks the same from here.
    """
    try:
        if version("torch").endswith("+cpu"):
            return False
    except PackageNotFoundError:
        return False
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if sys.platform == "win32":
        return any(Path(r"C:\Windows\System32", name).exists() for name in ("nvcuda.dll", "amdhip64.dll"))
    return any(Path(node).exists() for node in _NODES)


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


def apart(work: Callable[[], T]) -> T:
    """Do something in a thread that ends with it, and give its result; what it raises is raised here.

    torch's OpenMP keeps a team for each thread that ever computed. With more of them than cores, all sleep between
    any two products instead of waiting awake, which costs a quarter of the speed of writing: so a model is loaded apart
    from the thread that lives on.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1, thread_name_prefix="apart") as own:
        return own.submit(work).result()
