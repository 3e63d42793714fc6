"""A Qwen3 of safetensors written down as OpenVINO IR, op by op, in the form that exporters give it.

Keys and values are states (ReadValue, Assign) in front of ScaledDotProductAttention, which is what the
transformation to paged attention looks for. Its oracle is the torch model it was made from.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np


def save_ir(torch_folder: Path, folder: Path) -> Path:  # noqa: C901  (a model from top to bottom)
    """Write openvino_model.xml and .bin, float32, beside the tokenizer's and the config's files."""
    import openvino
    from openvino import opset13 as ops
    from openvino.op.util import Variable, VariableInfo
    from safetensors.numpy import load_file
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(torch_folder)
    weights = load_file(torch_folder / "model.safetensors")
    heads, kv_heads, size = config.num_attention_heads, config.num_key_value_heads, config.head_dim

    def constant(values: Any, dtype: Any = np.int64) -> Any:
        return ops.constant(np.array(values, dtype), dtype=dtype)

    def linear(x: Any, name: str) -> Any:
        return ops.matmul(x, ops.constant(weights[f"{name}.weight"].astype(np.float32)), False, True)

    def norm(x: Any, name: str) -> Any:
        mean = ops.reduce_mean(ops.power(x, constant(2, np.float32)), constant([-1]), keep_dims=True)
        root = ops.sqrt(ops.add(mean, constant(config.rms_norm_eps, np.float32)))
        scaled = ops.multiply(x, ops.divide(constant(1, np.float32), root))
        return ops.multiply(scaled, ops.constant(weights[f"{name}.weight"].astype(np.float32)))

    def split(x: Any, count: int) -> Any:
        return ops.reshape(x, constant([0, 0, count, size]), special_zero=True)

    def first(x: Any) -> Any:
        return ops.transpose(x, constant([0, 2, 1, 3]))

    def turned(x: Any) -> Any:
        low = ops.slice(x, constant([0]), constant([size // 2]), constant([1]), constant([3]))
        high = ops.slice(x, constant([size // 2]), constant([size]), constant([1]), constant([3]))
        minus = ops.concat([ops.multiply(high, constant(-1, np.float32)), low], -1)
        return ops.add(ops.multiply(x, cosine), ops.multiply(minus, sine))

    def part(shape: Any, at: int) -> Any:
        return ops.gather(shape, constant([at]), constant(0))

    def remembered(x: Any, name: str) -> Any:
        info = VariableInfo()
        info.data_shape = openvino.PartialShape([-1, kv_heads, -1, size])
        info.data_type, info.variable_id = openvino.Type.f32, name
        variable = Variable(info)
        empty_shape = ops.concat([rows, constant([kv_heads]), constant([0]), constant([size])], 0)
        before = ops.read_value(ops.broadcast(constant(0, np.float32), empty_shape), variable)
        all_of_it = ops.concat([ops.gather(before, beams, constant(0)), x], 2)
        sinks.append(ops.assign(all_of_it, variable))
        return all_of_it

    def for_every_head(x: Any) -> Any:
        shape = ops.shape_of(x)
        wanted = ops.concat(
            [part(shape, 0), constant([kv_heads]), constant([heads // kv_heads]), part(shape, 2), constant([size])], 0
        )
        wide = ops.broadcast(ops.unsqueeze(x, constant(2)), wanted, "BIDIRECTIONAL")
        return ops.reshape(wide, constant([0, heads, -1, size]), special_zero=True)

    sinks: list[Any] = []
    ids = ops.parameter([-1, -1], np.int64, name="input_ids")
    mask = ops.parameter([-1, -1], np.int64, name="attention_mask")
    positions = ops.parameter([-1, -1], np.int64, name="position_ids")
    beams = ops.parameter([-1], np.int32, name="beam_idx")
    for node in (ids, mask, positions, beams):
        node.output(0).set_names({node.get_friendly_name()})
    rows = part(ops.shape_of(ids), 0)

    theta = config.rope_parameters["rope_theta"]
    steps = (1 / theta ** (np.arange(0, size, 2) / size)).astype(np.float32)[None, :, None]
    places = ops.convert(ops.unsqueeze(positions, constant(1)), np.float32)
    angles = ops.transpose(ops.matmul(ops.constant(steps), places, False, False), constant([0, 2, 1]))
    angles = ops.concat([angles, angles], -1)
    cosine = ops.unsqueeze(ops.cos(angles), constant(1))
    sine = ops.unsqueeze(ops.sin(angles), constant(1))
    seen = ops.unsqueeze(ops.convert(mask, "boolean"), constant([1, 2]))

    table = ops.constant(weights["model.embed_tokens.weight"].astype(np.float32))
    x = ops.gather(table, ids, constant(0))
    for layer in range(config.num_hidden_layers):
        name = f"model.layers.{layer}"
        inner = norm(x, f"{name}.input_layernorm")
        query = turned(first(norm(split(linear(inner, f"{name}.self_attn.q_proj"), heads), f"{name}.self_attn.q_norm")))
        key = turned(
            first(norm(split(linear(inner, f"{name}.self_attn.k_proj"), kv_heads), f"{name}.self_attn.k_norm"))
        )
        value = first(split(linear(inner, f"{name}.self_attn.v_proj"), kv_heads))
        key, value = remembered(key, f"key.{layer}"), remembered(value, f"value.{layer}")
        attended = ops.scaled_dot_product_attention(query, for_every_head(key), for_every_head(value), seen)
        joined = ops.reshape(first(attended), constant([0, 0, heads * size]), special_zero=True)
        x = ops.add(x, linear(joined, f"{name}.self_attn.o_proj"))
        inner = norm(x, f"{name}.post_attention_layernorm")
        gate = ops.swish(linear(inner, f"{name}.mlp.gate_proj"))
        x = ops.add(x, linear(ops.multiply(gate, linear(inner, f"{name}.mlp.up_proj")), f"{name}.mlp.down_proj"))
    logits = linear(norm(x, "model.norm"), "lm_head")
    logits.output(0).set_names({"logits"})
    model = openvino.Model([ops.result(logits)], sinks, [ids, mask, positions, beams], "tiny")

    shutil.copytree(torch_folder, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    openvino.save_model(model, folder / "openvino_model.xml", compress_to_fp16=False)
    return folder
