"""The manifest of a generation: what is in it, how it was made, and what each file must look like."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rag.errors import DamagedIndex

FORMAT = 1
MANIFEST = "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EncoderPin(_Part):
    """The encoder whose vectors are in the index; every query uses it."""

    id: str
    digest: str
    origin: str
    query_prefix: str
    passage_prefix: str
    pooling: str
    dim: int
    window: int


class SplitterPin(_Part):
    """How documents were cut; another value means that all of them are cut again."""

    version: int
    chunk_tokens: int
    section_chars: int


class Counts(_Part):
    """How much is in the index."""

    documents: int
    sections: int
    chunks: int
    characters: int


class Root(_Part):
    """Something that was ingested: a folder or file of notes, or a KLUE-MRC source.

    `location` is relative to the folder that holds `data_dir` where it lies inside it.
    """

    name: str
    kind: str
    location: str


class Audit(_Part):
    """How well the encoder reads the notes; counts are of words, tokens and documents."""

    words: int
    unk_words: int
    unk_share: float
    read_share: float
    tokens: int
    tokens_per_character: float
    truncated_tokens: int
    languages: dict[str, int]
    worst: list[str]
    advice: str


class Background(_Part):
    """Cosine of two chunks that have nothing to do with each other: mean and standard deviation."""

    mean: float
    deviation: float


class LanguageFusion(_Part):
    """How far the dense leg is to be trusted with one language, found out at ingest without labels.

    `probes` sentences were taken out of their chunks and looked up; `words` and `meaning` are the mean reciprocal
    ranks of those chunks by one leg alone. `background` is the cosine of two readable chunks of that language that
    have nothing to do with each other.
    """

    probes: int
    words: float
    meaning: float
    weight: float
    background: float


class FileRecord(_Part):
    """Size and sha256 of a file."""

    bytes: int
    sha256: str


class Manifest(_Part):
    """The whole manifest, as it stands in manifest.json."""

    format: int
    generation: str
    created: str
    encoder: EncoderPin | None
    splitter: SplitterPin
    counts: Counts
    roots: list[Root]
    audit: Audit
    background: Background
    dense: str
    versions: dict[str, str]
    fallbacks: list[str]
    # Absent from indexes made before these were measured.
    windows: int = 0
    kin: int = 0
    fusion: dict[str, LanguageFusion] | None = None
    files: dict[str, FileRecord]


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation's folder.

    Raises:
        DamagedIndex: none there, unreadable, or of another format.
    """
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
        if content.get("format") != FORMAT:
            raise DamagedIndex(
                f"{folder.name} has format {content.get('format')}, this version reads {FORMAT}. "
                "Run `ask-notes ingest`."
            )
        return Manifest.model_validate(content)
    except OSError as error:
        raise DamagedIndex(f"{folder.name} has no readable manifest ({error.strerror}).") from error
    except (ValueError, ValidationError, AttributeError) as error:
        raise DamagedIndex(f"The manifest of {folder.name} is damaged.") from error


def record_files(folder: Path) -> dict[str, FileRecord]:
    """Size and digest of every file below a folder but the manifest, by relative name."""
    return {
        file.relative_to(folder).as_posix(): FileRecord(bytes=file.stat().st_size, sha256=file_digest(file))
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }


def check_sizes(folder: Path, manifest: Manifest) -> None:
    """Compare every file's size with the manifest.

    Raises:
        DamagedIndex: a file is missing or has another size.
    """
    for name, record in manifest.files.items():
        file = folder / name
        size = file.stat().st_size if file.is_file() else None
        if size != record.bytes:
            found = "is missing" if size is None else f"has {size:,} bytes"
            raise DamagedIndex(f"{folder.name}/{name} {found}, expected {record.bytes:,} bytes.")


def check_digests(folder: Path, manifest: Manifest) -> list[str]:
    """Names of the files whose content is not what was published."""
    return [
        name
        for name, record in manifest.files.items()
        if not (folder / name).is_file() or file_digest(folder / name) != record.sha256
    ]


def file_digest(file: Path) -> str:
    """sha256 of a file as hex."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
