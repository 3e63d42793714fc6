"""Linear layers with their bfloat16 weights laid out once as the CPU's kernels want them.

torch lays the weights out anew in every product; done once it saves about a tenth of the time. The two
operators are what torch's own compiler emits; they are private, so without them nothing is changed.
"""

from __future__ import annotations

from typing import Any

_ROWS = 1024


def pack_linears(model: Any) -> int:
    """Replace every bfloat16 `nn.Linear` below `model` in place; returns how many were replaced.

    Only for inference on a CPU. `_ROWS` is the number of rows that the layout is chosen for; products of
    other heights stay correct.
    """
    import torch

    operators = torch.ops.mkldnn
    if not hasattr(operators, "_reorder_linear_weight") or not hasattr(operators, "_linear_pointwise"):
        return 0

    class PackedLinear(torch.nn.Module):
        def __init__(self, linear: torch.nn.Linear) -> None:
            super().__init__()
            self.weight = operators._reorder_linear_weight(linear.weight.detach(), _ROWS)
            self.bias = None if linear.bias is None else linear.bias.detach()

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            packed: torch.Tensor = operators._linear_pointwise(rows, self.weight, self.bias, "none", [], "")
            return packed

    replaced = 0
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is torch.nn.Linear and child.weight.dtype is torch.bfloat16:
                setattr(parent, name, PackedLinear(child))
                replaced += 1
    return replaced
