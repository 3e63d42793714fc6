"""An encoder's token vectors by OpenVINO on the CPU, from a copy that torch exported once.

Token ids go in, unit vectors of float32 come out; torch is needed for the export only. Knows no text.
"""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rag.errors import BadConfiguration, NoModel
from rag.hardware import device
from rag.retrieval.exported import MODEL
from rag.retrieval.pooling import Batch, unit_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

Backend = Literal["auto", "openvino", "torch"]
Numbers = Literal["auto", "float32", "bfloat16", "int8"]
Hint = Literal["LATENCY", "THROUGHPUT"]

# Rows of activations that share a scale in int8; finer is slower, coarser is no faster here.
_INT8_GROUP = 128
# float32 on both sides: what differs is the order of sums.
_SAME = 1e-4


def runs_on_openvino(backend: Backend, numbers: Numbers) -> bool:
    """Whether the settings come down to OpenVINO: asked for, or `auto` on a CPU that has it.

    Raises:
        BadConfiguration: it is asked for and not installed, or int8 is asked of torch.
    """
    from importlib.util import find_spec

    missing = [name for name in ("openvino", "onnx") if find_spec(name) is None]
    if backend == "openvino" and missing:
        raise BadConfiguration(
            f"encoder.backend = openvino needs the packages openvino and onnx; {' and '.join(missing)} is not "
            "installed. `pip install openvino onnx`, or set encoder.backend = auto."
        )
    chosen = backend == "openvino" or (backend == "auto" and not missing and device() == "cpu")
    if numbers == "int8" and not chosen:
        raise BadConfiguration(
            "encoder.dtype = int8 needs OpenVINO, and the encoder runs on torch. "
            "`pip install openvino onnx` and set encoder.backend = openvino, or set encoder.dtype = auto."
        )
    return chosen


class OpenVINOEncoder:
    """A model compiled for one batch at a time on all cores, and once it is needed for one a core.

    Safe for many threads; make one with `load`.
    """

    name = "openvino"

    def __init__(self, compile_for: Callable[[Hint], Any]) -> None:
        """`compile_for` gives an openvino.CompiledModel of ids and mask to token vectors."""
        self._one = compile_for("LATENCY")
        self._compile_for = compile_for
        self._idle: list[Any] = []
        self._lock = threading.Lock()
        self._many: Any = None

    @classmethod
    def load(cls, copy: Path, numbers: Numbers, threads: int | None) -> OpenVINOEncoder:
        """Compile a copy for this CPU.

        Raises:
            RuntimeError: OpenVINO cannot read it.
        """
        import openvino

        core = openvino.Core()
        model = core.read_model(copy)
        if numbers == "int8":
            _to_int8(model)
        return cls(_compiler(core, model, numbers, threads))

    def vectors(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Unit vectors, float32 (batch, dim), of padded token ids and their mask, int64 (batch, width)."""
        with self._lock:
            request = self._idle.pop() if self._idle else self._one.create_infer_request()
        try:
            request.infer([ids, mask])
            # The mean is taken outside of the graph: there it might be summed in bfloat16.
            return unit_means(request.get_output_tensor(0).data, mask)
        finally:
            with self._lock:
                self._idle.append(request)

    def stream(self, batches: Iterable[Batch]) -> Iterator[NDArray[np.float32]]:
        """`vectors` of many batches, in their order, several at a time."""
        with self._lock:
            if self._many is None:
                self._many = self._compile_for("THROUGHPUT")
        # One more than run, so that no core waits for the next batch.
        free = [self._many.create_infer_request() for _ in range(_at_once(self._many) + 1)]
        running: deque[tuple[Any, NDArray[np.int64]]] = deque()
        for ids, mask in batches:
            if not free:
                yield self._finish(running, free)
            request = free.pop()
            request.start_async([ids, mask])
            running.append((request, mask))
        while running:
            yield self._finish(running, free)

    def _finish(self, running: deque[tuple[Any, NDArray[np.int64]]], free: list[Any]) -> NDArray[np.float32]:
        request, mask = running.popleft()
        request.wait()
        free.append(request)
        return unit_means(request.get_output_tensor(0).data, mask)


def export(folder: Path, encoder_id: str, into: Path) -> None:
    """Write an encoder as OpenVINO's model.xml and model.bin, in float32; needs torch, takes seconds.

    Raises:
        NoModel: the copy computes something else than the model.
        Exception: whatever torch, the model's own code or OpenVINO raises on a model that they cannot take.
    """
    import openvino
    import torch
    from transformers import AutoModel
    from transformers.utils import logging as transformers_logging

    class TokenVectors(torch.nn.Module):
        def __init__(self, model: Any) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            states: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            return states

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # OpenVINO reads plain products and softmax and makes its own attention of them.
    model: Any = AutoModel.from_pretrained(
        folder,
        dtype=torch.float32,
        attn_implementation="eager",
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
    )
    plain = TokenVectors(model).eval()
    axes = {0: "batch", 1: "width"}
    traced, written = _probe(2, 7), into / "model.onnx"
    with torch.inference_mode(), warnings.catch_warnings():
        # The tracer warns of every constant that it keeps; `_same` below sees whether one of them mattered.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            plain,
            tuple(torch.from_numpy(part) for part in traced),
            written,
            input_names=["input_ids", "attention_mask"],
            output_names=["token_vectors"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "token_vectors": axes},
            dynamo=False,
        )
    core = openvino.Core()
    copy = core.read_model(written)
    encoder = OpenVINOEncoder(_compiler(core, copy, "float32", None))
    for ids, mask in (traced, _probe(3, 20), _probe(1, 2)):
        with torch.inference_mode():
            hidden = plain(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
        if not np.allclose(encoder.vectors(ids, mask), unit_means(hidden, mask), atol=_SAME):
            raise NoModel(f"OpenVINO's copy of {encoder_id} computes other vectors than torch.")
    openvino.save_model(copy, into / MODEL, compress_to_fp16=False)
    written.unlink()


def _probe(batch: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and a mask that pads every row but the first."""
    ids = np.arange(batch * width, dtype=np.int64).reshape(batch, width) % 97 + 1
    mask = (np.arange(width) < np.maximum(1, width - 2 * np.arange(batch))[:, None]).astype(np.int64)
    return ids, mask


def _compiler(core: Any, model: Any, numbers: Numbers, threads: int | None) -> Callable[[Hint], Any]:
    if numbers == "auto":
        # OpenVINO's own default is bfloat16 where the CPU multiplies in it (and float16 on Arm: not measured).
        native = core.get_property("CPU", "INFERENCE_PRECISION_HINT").get_type_name()
        numbers = "bfloat16" if native == "bf16" else "float32"
    options = {"INFERENCE_PRECISION_HINT": "f32" if numbers == "float32" else "bf16"}
    if numbers == "int8":
        options["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = str(_INT8_GROUP)
    if threads:
        options["INFERENCE_NUM_THREADS"] = str(threads)
    return lambda hint: core.compile_model(model, "CPU", options | {"PERFORMANCE_HINT": hint})


def _at_once(compiled: Any) -> int:
    return int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))


def _to_int8(model: Any) -> None:
    """Round the weights of all products to int8 with a scale an output channel, in place.

    OpenVINO then rounds the activations while it computes, so that no calibration text is needed.
    """
    from openvino import opset13 as ops

    for node in model.get_ops():
        if node.get_type_name() != "MatMul" or node.get_attributes()["transpose_a"]:
            continue
        source, turned = node.input_value(1).get_node(), not node.get_attributes()["transpose_b"]
        while source.get_type_name() in ("Transpose", "Convert"):
            turned ^= source.get_type_name() == "Transpose"
            source = source.input_value(0).get_node()
        if source.get_type_name() != "Constant" or len(source.shape) != 2:
            continue
        weight = np.asarray(source.data, dtype=np.float32)
        weight = np.ascontiguousarray(weight.T if turned else weight)  # (out, in)
        scale = np.maximum(np.abs(weight).max(1, keepdims=True), 1e-12).astype(np.float32) / np.float32(127)
        rounded = ops.convert(ops.constant(np.rint(weight / scale).astype(np.int8)), np.float32)
        product = ops.matmul(node.input_value(0), ops.multiply(rounded, ops.constant(scale)), False, True)
        for target in list(node.output(0).get_target_inputs()):
            target.replace_source_output(product.output(0))
    model.validate_nodes_and_infer_types()
