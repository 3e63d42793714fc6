"""One settings model; every value knows where it came from.

Later wins: defaults < ask-notes.toml < ASK_NOTES_* < flags. Nested names are joined by "." in
messages, tables and `--set`, by "__" in the environment: ASK_NOTES_GENERATOR__BACKEND. An unknown
key, wherever it stands, is an error. No other module reads os.environ.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError

from rag.errors import BadConfiguration

CONFIG_FILE = "ask-notes.toml"
ENV_PREFIX = "ASK_NOTES_"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EncoderSettings(_Section):
    """What turns chunks and questions into vectors."""

    id: str = Field(
        "intfloat/e5-small-v2", description="Hub id of the encoder; intfloat/multilingual-e5-small reads Korean better."
    )
    path: Path | None = Field(None, description="Local folder of an encoder; wins over the id.")
    query_prefix: str | None = Field(
        None, description='Put before a question; unset: the encoder\'s own ("query: " for E5).'
    )
    passage_prefix: str | None = Field(
        None, description='Put before a passage; unset: the encoder\'s own ("passage: " for E5).'
    )
    backend: Literal["auto", "openvino", "torch"] = Field(
        "auto", description="What computes vectors; auto: OpenVINO on a CPU where it is installed, else torch."
    )
    dtype: Literal["auto", "float32", "bfloat16", "int8"] = Field(
        "auto",
        description="auto: bfloat16 where the CPU computes in it, else float32; int8 (OpenVINO) changes hits.",
    )
    batch_tokens: int = Field(1024, ge=64, description="Padded tokens in one batch of embedding.")


class IngestSettings(_Section):
    """How notes become chunks."""

    chunk_tokens: int | None = Field(
        None,
        ge=32,
        description="Encoder tokens of a chunk, prefix and heading included; unset: the encoder's window, at most 256.",
    )
    max_file_bytes: int = Field(20_000_000, ge=1, description="A larger file is listed as failed instead of read.")


class RetrievalSettings(_Section):
    """What is handed to the generator."""

    k: int = Field(5, ge=1, le=100, description="Passages of one answer.")
    passage_chars: int = Field(1200, ge=200, le=8000, description="Longest passage, in characters.")
    candidates: int = Field(200, ge=10, le=10_000, description="Chunks that each leg proposes before fusion.")
    condense: bool = Field(
        False, description="Let the generator write a follow-up question out, if it does so within a second."
    )


class GeneratorSettings(_Section):
    """What writes the answer."""

    backend: Literal["auto", "openvino", "torch", "openai", "extractive"] = Field(
        "auto", description="What writes answers; auto takes the best one at hand."
    )
    id: str = Field(
        "Qwen/Qwen3-0.6B", description="Hub id of the generator, or the model's name on the server of base_url."
    )
    path: Path | None = Field(None, description="Local folder of a generator; wins over the id.")
    openvino_id: str = Field(
        "OpenVINO/Qwen3-0.6B-int8-ov", description="Hub id of the same model as OpenVINO IR, for backend openvino."
    )
    adapter: Path | None = Field(None, description="Folder of a PEFT (LoRA) adapter that was trained over the model.")
    base_url: str | None = Field(
        None, description="OpenAI-compatible server (vLLM and others), for backend openai: http://host:port/v1."
    )
    api_key: SecretStr | None = Field(None, description="Key for base_url.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 where the CPU computes in it, else float32."
    )
    max_prompt_tokens: int = Field(
        1536, ge=256, description="Budget of the whole prompt in the generator's tokens; passages beyond it are cut."
    )
    first_token_budget_s: float = Field(
        1.5,
        ge=0,
        description="The prompt is cut so that a local model is likely to write its first word by then; 0: it is not.",
    )
    parallel: int = Field(8, ge=1, le=256, description="Answers that are written at once, sharing steps.")
    max_new_tokens: int = Field(256, ge=1, description="Longest answer in the generator's tokens.")
    temperature: float = Field(
        0.7, ge=0, le=2, description="0 is greedy. Defaults are the model card's for the non-thinking mode."
    )
    top_p: float = Field(0.8, gt=0, le=1, description="Nucleus sampling.")
    top_k: int = Field(20, ge=0, description="Sample among that many tokens; 0: all.")
    seed: int = Field(0, ge=0, description="Same seed, same question, same notes: same answer.")
    deadline_s: float = Field(120.0, gt=0, description="Longest time for one answer, waiting included.")
    queue_size: int = Field(16, ge=1, description="Questions that may wait; the next is told to come back.")


class ServerSettings(_Section):
    """The HTTP door."""

    host: str = Field("127.0.0.1", description="Address to listen on; one that others can reach needs api_keys.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    api_keys: tuple[SecretStr, ...] = Field(
        (), description="Keys that a request must carry as Authorization: Bearer KEY; empty: none asked for."
    )
    cors_origins: tuple[str, ...] = Field((), description="Other sites whose pages may call the API; empty: none.")
    max_body_bytes: int = Field(1_000_000, ge=1000, description="Largest request body.")
    encode_concurrency: int = Field(2, ge=1, description="Searches that run at a time.")
    encode_queue_size: int = Field(64, ge=1, description="Searches that may wait; the next is told to come back.")
    shutdown_s: float = Field(
        30.0, gt=0, description="Longest wait for running answers when the server is told to stop."
    )


class Settings(BaseSettings):
    """Every setting of ask-notes."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix=ENV_PREFIX, env_nested_delimiter="__")

    data_dir: Path = Field(Path(".ask-notes"), description="Where the index lives.")
    models: Literal["auto", "hub", "embedded"] = Field(
        "auto",
        description="auto: cache, hub, else the embedded models; hub: never fall back; embedded: never look further.",
    )
    language: Literal["auto", "ko", "en"] = Field(
        "auto", description="Language of messages; auto: the terminal's or the browser's."
    )
    grounding: Literal["mark", "strict"] = Field(
        "mark", description="mark: show how well a sentence is supported; strict: withhold unsupported ones."
    )
    cross_check: bool = Field(
        False, description="Ask the generator too whether the note says a sentence, and weigh its yes with the words."
    )
    cross_check_threshold: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Least probability, by words and generator, with which cross_check calls a sentence supported.",
    )
    max_question_chars: int = Field(2000, ge=10, description="Longest question, in characters.")
    threads: int | None = Field(None, ge=1, description="CPU threads for models; unset: every core.")
    encoder: EncoderSettings = Field(EncoderSettings())
    ingest: IngestSettings = Field(IngestSettings())
    retrieval: RetrievalSettings = Field(RetrievalSettings())
    generator: GeneratorSettings = Field(GeneratorSettings())
    server: ServerSettings = Field(ServerSettings())

    @classmethod
    def settings_customise_sources(  # noqa: D102
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # load() reads file, environment and flags itself, so as to know the origin of each value.
        return (init_settings,)


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of `ask-notes settings`."""

    name: str
    value: str
    origin: str
    description: str


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings together with where each value came from, by dotted name; absent: the default."""

    settings: Settings
    origins: Mapping[str, str]

    def rows(self) -> list[SettingRow]:
        """Every setting in the model's order; secrets are shown as stars."""
        rows = []
        for name, info in leaves(Settings):
            value: Any = self.settings
            for part in name.split("."):
                value = getattr(value, part)
            rows.append(SettingRow(name, _shown(value), self.origins.get(name, "default"), info.description or ""))
        return rows


def load(
    flags: Mapping[str, Any] | None = None, config: Path | None = None, environ: Mapping[str, str] | None = None
) -> LoadedSettings:
    """Settings from defaults, `config` (./ask-notes.toml if there), the environment and flags.

    `flags` is keyed by dotted name; a None value counts as not given. `environ` stands in for the
    process's environment in tests.

    Raises:
        BadConfiguration: unknown key, value that does not fit, or a file that is not TOML.
    """
    names = dict(leaves(Settings))
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, values in (
        *_from_file(config),
        (None, _from_environment(environ, names)),
        ("flag", {name: value for name, value in (flags or {}).items() if value is not None}),
    ):
        for name, value in values.items():
            if name not in names:
                raise BadConfiguration(_unknown(name, origin or "the environment", names))
            _put(merged, name, value)
            origins[name] = origin or ENV_PREFIX + name.upper().replace(".", "__")
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(str(part) for part in problem["loc"])
        where = origins.get(name, next((o for n, o in origins.items() if name.startswith(n)), "default"))
        field = next((info for known, info in names.items() if name == known or name.startswith(f"{known}.")), None)
        # A key that was written down wrongly is still a key.
        shown = "..." if field is not None and "Secret" in str(field.annotation) else repr(problem["input"])
        raise BadConfiguration(
            f"{name} = {shown} (from {where}) does not fit: {problem['msg']}. "
            "Correct it; `ask-notes settings` lists what each one takes."
        ) from None
    return LoadedSettings(settings, origins)


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Dotted name and field of every setting, in the order of the model."""
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, _Section):
            yield from leaves(info.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, info


def _from_file(config: Path | None) -> list[tuple[str, dict[str, Any]]]:
    file = config or Path(CONFIG_FILE)
    if not file.exists():
        if config is not None:
            raise BadConfiguration(f"No settings file at {config}. Name one that exists, or leave --config out.")
        return []
    try:
        nested = TomlConfigSettingsSource(Settings, toml_file=file)()
    except (ValueError, OSError) as error:
        raise BadConfiguration(f"{file} cannot be read as TOML: {error}. Mend that line.") from None
    return [(file.name, dict(_flatten(nested)))]


def _from_environment(environ: Mapping[str, str] | None, names: Mapping[str, FieldInfo]) -> dict[str, Any]:
    variables = os.environ if environ is None else environ
    by_variable = {ENV_PREFIX + name.upper().replace(".", "__"): name for name in names}
    for variable in variables:
        if variable.upper().startswith(ENV_PREFIX) and variable.upper() not in by_variable:
            raise BadConfiguration(_unknown(variable, "the environment", by_variable))
    source = EnvSettingsSource(Settings)
    source.env_vars = {key.lower(): value for key, value in variables.items()}
    try:
        return dict(_flatten(source()))
    except SettingsError as error:
        raise BadConfiguration(
            f"A variable {ENV_PREFIX}* cannot be read: {error}. Lists are written as JSON."
        ) from None


def _flatten(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _put(target: dict[str, Any], name: str, value: object) -> None:
    *sections, last = name.split(".")
    for section in sections:
        target = target.setdefault(section, {})
    target[last] = value


def _unknown(name: str, where: str, known: Mapping[str, Any]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    hint = f"Did you mean {close[0]}?" if close else "`ask-notes settings` lists every one."
    return f"Unknown setting {name} in {where}. {hint}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return "" if value is None else str(value)
