"""LoRA adapters: checked before they are trusted, then merged into the weights of the model below them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from rag.errors import BadConfiguration, NoModel

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def check_adapter(adapter: Path, model: str, path: Path) -> None:
    """Whether the folder holds a LoRA in safetensors that was trained over `model`, whose files lie in `path`.

    Raises:
        NoModel: no adapter there, a pickled one, or one that cannot be read.
        BadConfiguration: it was trained over another model.
    """
    if not (adapter / CONFIG).is_file():
        raise NoModel(f"No adapter at {adapter}: it holds no {CONFIG}. Set generator.adapter to a folder of PEFT.")
    if not (adapter / WEIGHTS).is_file():
        pickled = " adapter_model.bin is a pickle, which can run code and is never read." * any(adapter.glob("*.bin"))
        raise NoModel(f"{adapter} holds no {WEIGHTS}.{pickled} Save the adapter again with safe_serialization=True.")
    try:
        config = json.loads((adapter / CONFIG).read_text(encoding="utf-8"))
        kind, base = config["peft_type"], config["base_model_name_or_path"]
    except (ValueError, KeyError, TypeError) as error:
        raise NoModel(f"{CONFIG} of {adapter} cannot be read ({error!r}). Save the adapter again with PEFT.") from None
    if kind != "LORA":
        raise NoModel(f"The adapter at {adapter} is of kind {kind}; only LORA can be merged into the weights.")
    if not _same(str(base), model, path):
        raise BadConfiguration(
            f"The adapter at {adapter} was trained over {base}, and the generator is {model}. "
            "Set generator.id to the adapter's model, or take another adapter."
        )


def merge_adapter(model: Any, adapter: Path) -> Any:
    """The model with the adapter's products added to its weights; nothing of PEFT stays in it.

    Raises:
        NoModel: its weights are damaged, or do not fit the model's layers.
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    try:
        with warnings.catch_warnings():
            # PEFT asks transformers for a name that is on its way out.
            warnings.simplefilter("ignore", FutureWarning)
            return PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        raise NoModel(f"The adapter at {adapter} cannot be loaded: {error}. Train or fetch it again.") from error


def _same(base: str, model: str, path: Path) -> bool:
    if base in (model, str(path)):
        return True
    # A folder's name stands for the model where one side knows no organisation.
    return Path(base).name == Path(model).name and (_local(base) or _local(model))


def _local(name: str) -> bool:
    return "/" not in name or Path(name).is_absolute()
