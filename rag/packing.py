"""Linear layers with their bfloat16 weights laid out once as the CPU's kernels want them.

torch lays the weights out anew in every product; done once it saves a tenth of the time with many rows and
more than half with one. What comes after a product (silu, a factor, a summand) is done while its result is
still in the cache. The operators are what torch's own compiler emits; they are private, so without them the
plain ones compute.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

# The layout is chosen for products of so many rows; those of other heights stay correct.
_ROWS = 1024


class Weights:
    """Tensors of a folder's safetensors by name, each read from the disk anew and held by nobody else.

    A tensor of a file that is mapped as a whole keeps every page in memory that was ever touched; one from here
    leaves nothing behind once it is laid out.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors import safe_open

        self._files: dict[str, Path] = {}
        for file in sorted(folder.glob("*.safetensors")):
            with safe_open(file, "pt") as opened:
                self._files |= dict.fromkeys(opened.keys(), file)

    def read(self, name: str, like: torch.Tensor) -> torch.Tensor:
        """The tensor of this name if it has the shape and dtype of `like`, otherwise `like`."""
        from safetensors import safe_open

        if name not in self._files:
            return like
        with safe_open(self._files[name], "pt") as opened:
            found: torch.Tensor = opened.get_tensor(name)
        return found if (found.shape, found.dtype) == (like.shape, like.dtype) else like


def pack_linears(model: Any, weights: Weights | None = None) -> int:
    """Replace every bfloat16 `nn.Linear` below `model` in place; returns how many were replaced.

    Only for inference on a CPU. `weights`: the files that the model was loaded from, if nothing was changed since;
    then never more than one weight is in memory twice. What is packed has `product(rows, after, other)`.
    """
    import torch

    if not can_pack():
        return 0
    operators = torch.ops.mkldnn

    class PackedLinear(torch.nn.Module):
        def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
            super().__init__()
            self.weight = operators._reorder_linear_weight(weight.detach(), _ROWS)
            self.bias = None if bias is None else bias.detach()

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            packed: torch.Tensor = operators._linear_pointwise(rows, self.weight, self.bias, "none", [], "")
            return packed

        def product(self, rows: torch.Tensor, after: str, other: torch.Tensor | None = None) -> torch.Tensor:
            if other is None:
                done = operators._linear_pointwise(rows, self.weight, self.bias, _NAMES[after], [], "")
            else:
                done = operators._linear_pointwise.binary(rows, other, self.weight, self.bias, after)
            packed: torch.Tensor = done
            return packed

    replaced = 0
    # A weight that is used twice stands in the files under its first name.
    names = {id(weight): name for name, weight in model.named_parameters()}
    # Paths alone: a list of the modules would hold every plain weight until the last is packed. The largest goes
    # first, while the least is in memory beside it.
    sizes = {
        path: module.weight.numel()
        for path, module in model.named_modules()
        if type(module) is torch.nn.Linear and module.weight.dtype is torch.bfloat16
    }
    for path in sorted(sizes, key=lambda path: -sizes[path]):
        plain = model.get_submodule(path)
        weight = plain.weight if weights is None else weights.read(names[id(plain.weight)], plain.weight)
        model.set_submodule(path, PackedLinear(weight, plain.bias))
        replaced += 1
    return replaced


def can_pack() -> bool:
    """Whether this torch has the operators."""
    import torch

    operators = torch.ops.mkldnn
    return hasattr(operators, "_reorder_linear_weight") and hasattr(operators, "_linear_pointwise")


def product(linear: Any, rows: torch.Tensor, after: str, other: torch.Tensor | None = None) -> torch.Tensor:
    """`linear(rows)`, then "silu" of it, or "mul" or "add" with `other`, which has the result's shape."""
    from torch.nn.functional import silu

    if hasattr(linear, "product"):
        packed: torch.Tensor = linear.product(rows, after, other)
        return packed
    plain: torch.Tensor = linear(rows)
    if other is None:
        return silu(plain, inplace=True)
    return plain.mul_(other) if after == "mul" else plain.add_(other)


_NAMES = {"silu": "swish"}
