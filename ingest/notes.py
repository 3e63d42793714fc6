"""Folders of notes -> Documents. A file that cannot be read is listed with its reason, the rest goes on."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.blocks import looks_like_markdown, markdown_blocks, plain_blocks
from rag.errors import BadNotes
from rag.text import language, normalise
from rag.types import Document

MARKDOWN = frozenset([".md", ".mdx", ".markdown"])
PLAIN = frozenset([".txt", ".text"])


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that was not ingested, and why."""

    source: str
    error: str


def document_id(root: str, source: str) -> str:
    """The id of a document: a hash of its root and its source."""
    return hashlib.sha256(f"{root}\0{source}".encode()).hexdigest()[:16]


def read_notes(path: Path, root: str, max_file_bytes: int) -> Iterator[Document | Failure]:
    """Every note below a folder (or the one file), in order of its path.

    `root` is the name under which the folder is known; `source` is relative to it.

    Raises:
        BadNotes: no such path, or a file of a kind that is not read.
    """
    if not path.exists():
        raise BadNotes(f"There is no {path}. Name a folder or a file of notes ({_kinds()}).")
    if path.is_file() and path.suffix.lower() not in MARKDOWN | PLAIN:
        raise BadNotes(f"{path.name} is not a kind of note that is read here. Expected {_kinds()}.")
    seen: set[str] = set()
    for file in _files(path):
        source = file.name if path.is_file() else file.relative_to(path).as_posix()
        try:
            source.encode()
        except UnicodeEncodeError:
            # Archives from old Korean Windows unpack to names in CP949.
            yield Failure(source.encode("utf-8", "replace").decode(), "its name is not UTF-8: rename it")
            continue
        source = unicodedata.normalize("NFC", source)
        if source in seen:
            yield Failure(source, "another file has the same name, composed differently: rename one")
            continue
        seen.add(source)
        yield _read(file, root, source, max_file_bytes)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    # Folders that are links are not followed: they may lead in a circle.
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in MARKDOWN | PLAIN:
                yield Path(folder) / name


def _read(file: Path, root: str, source: str, max_file_bytes: int) -> Document | Failure:
    try:
        size = file.stat().st_size
        if size > max_file_bytes:
            return Failure(source, f"{size:,} bytes, more than ingest.max_file_bytes ({max_file_bytes:,}): split it")
        raw = file.read_bytes()
    except OSError as error:
        return Failure(source, f"cannot be read: {error.strerror}")
    try:
        text = normalise(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Failure(source, f"not UTF-8 (byte {error.start}){_encoding_hint(raw)}")
    if "\0" in text:
        return Failure(source, "holds NUL characters: not a text file")
    if not any(character.isalnum() for character in text):
        return Failure(source, "empty: no letter or digit in it")
    kind = "markdown" if file.suffix.lower() in MARKDOWN else "text"
    metadata = {"origin": "notes", "format": kind, "language": language(text)}
    return Document(document_id(root, source), source, _title(text, kind, source), text, metadata)


def _encoding_hint(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ": it looks like UTF-16, save it as UTF-8"
    try:
        raw.decode("cp949")
    except UnicodeDecodeError:
        return ""
    return ": it looks like CP949 (old Korean Windows), save it as UTF-8"


def _title(text: str, kind: str, source: str) -> str:
    """The first heading if the text opens with one (front matter and imports aside), else the file's name."""
    blocks = (
        markdown_blocks(text[:4000]) if kind == "markdown" or looks_like_markdown(text) else plain_blocks(text[:4000])
    )
    first = next((block for block in blocks[:6] if block.kind == "heading" and block.heading[-1]), None)
    return first.heading[-1] if first else Path(source).stem


def _kinds() -> str:
    return ", ".join(sorted(MARKDOWN | PLAIN))
