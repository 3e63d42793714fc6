"""A causal language model as OpenVINO IR whose keys and values live in blocks (paged attention).

Rows of token ids of several sequences go in, logits come out. Where a sequence's blocks are is told by
the caller (blocks.py). OpenVINO GenAI has such a runner too; it holds Python's lock during a step, so that
a server's other threads stand still, and it draws from one random stream for all requests.
Source: Kwon et al. 2023, Efficient Memory Management for Large Language Model Serving with PagedAttention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.hardware import Precision

IR_FILE = "openvino_model.xml"
# What may stand between the output matrix and the logits (a scale, a cap, a conversion).
_BEHIND_THE_HEAD = 8
_ROUNDED_TOGETHER = 128


@dataclass(frozen=True, slots=True)
class Row:
    """New tokens of one sequence, behind `past` earlier ones; `blocks` have room for all of them."""

    ids: Sequence[int]
    past: int
    blocks: Sequence[int]


class PagedModel:
    """A model in memory with room for `cache_tokens` tokens of all sequences together."""

    def __init__(
        self, folder: Path, *, cache_tokens: int, dtype: Precision = "auto", threads: int | None = None
    ) -> None:
        """Read and compile `folder`/openvino_model.xml for the CPU.

        Raises:
            RuntimeError, OSError: files are missing or damaged, or it is no language model with attention.
        """
        import openvino
        from openvino._offline_transformations import paged_attention_transformation

        core = openvino.Core()
        model = core.read_model(folder / IR_FILE)
        paged_attention_transformation(model)
        _pick_rows(model)
        compiled = core.compile_model(model, "CPU", _properties(core, dtype, threads))
        self._request = compiled.create_infer_request()
        self._inputs = {port.any_name for port in compiled.inputs}
        caches = [port for port in compiled.inputs if port.any_name.startswith(("key_cache.", "value_cache."))]
        if not caches:
            raise RuntimeError("it has no attention whose keys and values could be kept")
        # Values lie as (blocks, heads, tokens of a block, head size); rounded keys may lie the other way.
        value = next(port for port in caches if port.any_name.startswith("value_cache."))
        self.block_tokens: int = value.partial_shape[2].get_length()
        self.blocks = -(-cache_tokens // self.block_tokens)
        for port in caches:
            shape = [self.blocks, *(side.get_length() for side in list(port.partial_shape)[1:])]
            # Not written here, and so not taken from the system before a sequence comes to it.
            self._request.set_tensor(port.any_name, openvino.Tensor(port.element_type, openvino.Shape(shape)))

    def step(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """Logits behind the last new token of each row, float32 (rows, vocabulary); its keys and values are kept.

        They lie where the next step's will lie: eight rows are five megabytes, and nobody looks at them again.
        """
        import openvino

        lengths = [len(row.ids) for row in rows]
        begins = np.cumsum([0, *lengths])
        held = [row.blocks[: -(-(row.past + len(row.ids)) // self.block_tokens)] for row in rows]
        inputs = {
            "input_ids": np.concatenate([row.ids for row in rows]).astype(np.int64),  # (tokens,)
            "position_ids": np.concatenate(
                [np.arange(row.past, row.past + n) for row, n in zip(rows, lengths, strict=True)]
            ).astype(np.int64),
            "past_lens": np.array([row.past for row in rows], np.int32),
            "subsequence_begins": begins.astype(np.int32),  # (rows + 1,)
            "block_indices": np.concatenate(held).astype(np.int32),
            "block_indices_begins": np.cumsum([0, *map(len, held)]).astype(np.int32),
            "max_context_len": np.array(max(row.past + n for row, n in zip(rows, lengths, strict=True)), np.int32),
            _WANTED: (begins[1:] - 1).astype(np.int64),
        }
        for name, value in inputs.items():
            if name in self._inputs:
                self._request.set_tensor(name, openvino.Tensor(value))
        self._request.infer()
        logits: NDArray[np.float32] = self._request.get_output_tensor(0).data
        return logits.reshape(len(rows), -1).astype(np.float32, copy=False)


_WANTED = "wanted_rows"


def _pick_rows(model: Any) -> None:
    """Compute only the rows whose logits are wanted, from where the last keys and values are kept.

    Behind the last attention nobody looks at the other rows: there is a layer's larger part, and the output
    matrix, which is a quarter of a small model. A model of another shape is cut before its output matrix alone.
    """
    from openvino import opset13

    head = model.get_results()[0].input_value(0).get_node()
    for _ in range(_BEHIND_THE_HEAD):
        if head.get_type_name() == "MatMul":
            break
        head = head.input_value(0).get_node()
    else:
        raise RuntimeError("its output is no matrix product, so it is no language model")
    wanted = opset13.parameter([-1], np.int64, name=_WANTED)
    wanted.output(0).set_names({_WANTED})
    for entrance in _behind_the_last_attention(model) or [head.input(0)]:
        # (tokens, 1, width): paged attention lays the tokens of all sequences along the first axis.
        rows = opset13.gather(entrance.get_source_output(), wanted, opset13.constant(0, dtype=np.int64))
        entrance.replace_source_output(rows.output(0))
    model.add_parameters([wanted])
    model.validate_nodes_and_infer_types()


def _behind_the_last_attention(model: Any) -> list[Any]:
    """Where tokens enter what lies behind the last attention: its projection and the sum with what went past it.

    Empty if it is not just these two, each (tokens, 1, width).
    """
    nodes = model.get_ordered_ops()
    attention = [node for node in nodes if node.get_type_name() == "PagedAttentionExtension"]
    if not attention:
        return []
    # Between attention and projection there is only a change of shape.
    output = attention[-1].output(0)
    while len(readers := list(output.get_target_inputs())) == 1 and readers[0].get_node().get_type_name() != "MatMul":
        output = readers[0].get_node().output(0)
    if len(readers) != 1:
        return []
    behind, entrances = {readers[0].get_node().get_name()}, [readers[0]]
    for node in nodes:  # each after those that it reads
        inputs = node.inputs()
        inside = [port.get_source_output().get_node().get_name() in behind for port in inputs]
        if not any(inside):
            continue
        behind.add(node.get_name())
        for port in (port for port, known in zip(inputs, inside, strict=True) if not known):
            if port.get_partial_shape().is_dynamic:
                entrances.append(port)
            elif (
                port.get_element_type().is_integral()
                and port.get_source_output().get_node().get_type_name() != "Constant"
            ):
                return []  # perhaps a shape that counts all tokens
    shapes = [entrance.get_partial_shape() for entrance in entrances]
    alike = all(len(shape) == 3 and shape[0].is_dynamic and shape[1] == 1 for shape in shapes)
    return entrances if len(entrances) == 2 and alike else []


def _properties(core: Any, dtype: Precision, threads: int | None) -> dict[str, Any]:
    # A thread that may not leave its core waits there for whoever else is on it: our own Python, other programs.
    properties: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "ENABLE_CPU_PINNING": False}
    if threads:
        properties["INFERENCE_NUM_THREADS"] = threads
    if dtype == "float32":
        # All of it: also what is multiplied with rounded weights, and what is kept.
        return properties | {
            "INFERENCE_PRECISION_HINT": "f32",
            "KV_CACHE_PRECISION": "f32",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
        }
    if "DYNAMIC_QUANTIZATION_GROUP_SIZE" in core.get_property("CPU", "SUPPORTED_PROPERTIES"):
        # Activations beside int8 weights are rounded in groups; OpenVINO's own choice of 32 is a quarter slower.
        properties["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = str(_ROUNDED_TOGETHER)
    if dtype == "bfloat16":
        properties["INFERENCE_PRECISION_HINT"] = "bf16"
    if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        # OpenVINO's own choice is uint8, which is smaller, slower behind a long prompt and less exact.
        properties["KV_CACHE_PRECISION"] = "bf16"
    return properties
