"""What was ingested before and what is asked for now -> the documents of the next generation.

Each folder, file or KLUE-MRC source is a root; going over one adds, changes and removes within it only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.klue import SPLITS, load_klue
from ingest.notes import Failure, read_notes
from ingest.progress import Progress
from ingest.request import IngestRequest
from rag.errors import BadInput, BadNotes, NotReady
from rag.retrieval.index import NotesIndex
from rag.retrieval.manifest import Root
from rag.settings import Settings
from rag.types import Document

_EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class RootPlan:
    """`known` roots of the next generation, and which of them are read anew."""

    known: list[Root]
    refresh: list[Root]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document with the root it belongs to and the digest of all that was read of it."""

    document: Document
    root: str
    digest: str


@dataclass(slots=True)
class Gathered:
    """Documents of the next generation, in the order of their roots, and what became of them."""

    documents: list[StoredDocument] = field(default_factory=list)
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    failures: list[Failure] = field(default_factory=list)


def resolve_roots(data_dir: Path, request: IngestRequest, known: Sequence[Root]) -> RootPlan:
    """Which roots to read: those named, or all known ones when none is named.

    Raises:
        BadNotes: a root that overlaps another, an unknown one to forget, or nothing to go over.
    """
    base = data_dir.resolve().parent
    roots = {root.name: root for root in known}
    forgotten: list[Root] = []
    for name in request.forget:
        candidates = [name, _relative(Path(name), base), f"klue-mrc:{name}", f"klue-mrc:{_relative(Path(name), base)}"]
        found = next((candidate for candidate in candidates if candidate in roots), None)
        if found is None:
            listed = ", ".join(roots) or "none"
            raise BadNotes(f"{name} was never ingested. Known: {listed}.")
        forgotten.append(roots.pop(found))
    asked = [_notes_root(path, base) for path in request.paths]
    asked += [_klue_root(source, base) for source in request.klue_mrc]
    for root in asked:
        _refuse_overlap(root, [other for other in roots.values() if other.name != root.name], base)
        roots[root.name] = root
    if not asked and not request.forget and not roots:
        raise BadNotes("Nothing to ingest: no folder is named and none is known. Try `ask-notes ingest notes/`.")
    names = [root.name for root in asked] if asked or request.forget else list(roots)
    if any(root.kind == "klue-mrc" for root in forgotten):
        # Passages that two sources share were kept under the first of them: the others are read again for theirs.
        names += [name for name, root in roots.items() if root.kind == "klue-mrc" and name not in names]
    return RootPlan(list(roots.values()), [roots[name] for name in names])


def gather(settings: Settings, plan: RootPlan, before: NotesIndex | None, progress: Progress) -> Gathered:
    """Read the roots that are to be refreshed; take the documents of the others from the index before."""
    gathered = Gathered()
    kept: dict[str, dict[str, StoredDocument]] = {}
    for document, name, digest in before.stored_documents() if before else ():
        kept.setdefault(name, {})[document.doc_id] = StoredDocument(document, name, digest)
    refresh = {root.name for root in plan.refresh}
    seen: set[str] = set()
    with progress.stage("reading", len(plan.refresh), "roots") as stage:
        for root in plan.known:
            old = kept.pop(root.name, {})
            if root.name in refresh:
                documents = _refresh(settings, root, old, gathered, explicit=before is None or not old)
                stage.advance(1)
            else:
                documents = list(old.values())
                gathered.unchanged += len(documents)
            # The same KLUE-MRC passage may come from two roots: the first keeps it.
            fresh = [stored for stored in documents if stored.document.doc_id not in seen]
            seen.update(stored.document.doc_id for stored in fresh)
            gathered.documents += fresh
    gathered.removed += sum(len(documents) for documents in kept.values())
    return gathered


def _refresh(
    settings: Settings, root: Root, old: dict[str, StoredDocument], gathered: Gathered, *, explicit: bool
) -> list[StoredDocument]:
    """One root, read anew; one that is gone keeps what was indexed unless it is asked for the first time."""
    try:
        found = list(_read(settings, root))
    except (BadInput, NotReady) as error:
        if explicit:
            raise
        gathered.failures.append(
            Failure(root.name, f"{error} What was indexed is kept; `ask-notes ingest --forget {root.name}` drops it.")
        )
        gathered.unchanged += len(old)
        return list(old.values())
    documents: list[StoredDocument] = []
    for item in found:
        if isinstance(item, Failure):
            gathered.failures.append(item)
            continue
        stored = StoredDocument(item, root.name, _digest(item))
        previous = old.get(item.doc_id)
        if previous is None:
            gathered.added += 1
        elif previous.digest != stored.digest:
            gathered.changed += 1
        else:
            gathered.unchanged += 1
        documents.append(stored)
    present = {stored.document.doc_id for stored in documents}
    broken = {item.source for item in found if isinstance(item, Failure) and not item.error.startswith(_EMPTY)}
    for doc_id, previous_one in old.items():
        if doc_id in present:
            continue
        if previous_one.document.source in broken:  # it is still there and cannot be read now: keep the last good text
            documents.append(previous_one)
            gathered.unchanged += 1
        else:
            gathered.removed += 1
    return documents


def _read(settings: Settings, root: Root) -> Iterable[Document | Failure]:
    base = settings.data_dir.resolve().parent
    if root.kind == "notes":
        return read_notes(base / root.location, root.name, settings.ingest.max_file_bytes)
    data = load_klue(root.location if root.location in SPLITS else str(base / root.location))
    return [*data.documents, *data.failures]


def _notes_root(path: Path, base: Path) -> Root:
    location = _relative(path, base)
    return Root(name=location, kind="notes", location=location)


def _klue_root(source: str, base: Path) -> Root:
    hub = source in SPLITS and not Path(source).exists()
    location = source if hub else _relative(Path(source), base)
    return Root(name=f"klue-mrc:{location}", kind="klue-mrc", location=location)


def _relative(path: Path, base: Path) -> str:
    """A path relative to the folder of data_dir where it lies inside it, so that the pair can be moved."""
    absolute = path.expanduser().resolve()
    return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else absolute.as_posix()


def _refuse_overlap(root: Root, others: Iterable[Root], base: Path) -> None:
    if root.kind != "notes":
        return
    path = base / root.location
    for other in others:
        if other.kind != "notes":
            continue
        theirs = base / other.location
        if path.is_relative_to(theirs):
            raise BadNotes(
                f"{root.name} lies inside {other.name}, which is known: run `ask-notes ingest {other.name}`."
            )
        if theirs.is_relative_to(path):
            raise BadNotes(
                f"{root.name} holds {other.name}, which is known. First `ask-notes ingest --forget {other.name}`."
            )


def _digest(document: Document) -> str:
    parts = [document.source, document.title, document.text, json.dumps(dict(document.metadata), sort_keys=True)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
