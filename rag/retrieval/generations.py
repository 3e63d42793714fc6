"""The life of an index on disk: numbered folders, one of them live, swapped atomically.

    <data_dir>/index/CURRENT          the name of the live generation
    <data_dir>/index/gen-000007/      written once, never changed after it was published
    <data_dir>/index/LOCK             who is writing

A reader holds a shared lock on the manifest of the generation that it opened; the writer removes old
generations only where it gets that lock alone. A kill at any moment leaves the old or the new: a folder
that CURRENT never named is not looked at and goes with the next ingest.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.errors import DamagedIndex, IndexLocked, NoIndex, StorageRefused
from rag.retrieval.manifest import MANIFEST, Manifest, check_sizes, read_manifest

KEEP = 2
_CURRENT = "CURRENT"
_LOCK = "LOCK"
INGEST_FIRST = "Run `ask-notes ingest FOLDER` first."


@dataclass(slots=True)
class Pin:
    """A generation that is open for reading; `close` lets go of it."""

    folder: Path
    manifest: Manifest
    passed_over: tuple[str, ...]
    _descriptor: int

    def close(self) -> None:
        """Let the writer remove the folder once it is old."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Generations:
    """The index folder of one data_dir."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "index"

    def current(self) -> str | None:
        """What CURRENT names: the live generation, or whatever a damaged file says; None where there is none."""
        try:
            name = (self.folder / _CURRENT).read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DamagedIndex(f"{_CURRENT} cannot be read. Run `ask-notes ingest` to publish anew.") from error
        return name or None

    def stamp(self) -> tuple[int, int] | None:
        """Changes whenever a generation is published; costs one stat."""
        try:
            status = (self.folder / _CURRENT).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def pin(self, unusable: Mapping[str, str] | None = None) -> Pin:
        """Open the live generation, or the newest good one before it.

        `unusable` names generations whose files were found bad further in, each with why.

        Raises:
            NoIndex: nothing was ingested yet.
            DamagedIndex: there are generations, and none of them is good.
        """
        live = self.current()
        names = self._published(live)
        if not names:
            raise NoIndex(f"There is no index in {self.folder.parent.name}. {INGEST_FIRST}")
        passed_over = [] if live and _is_name(live) else [f"{_CURRENT} is lost or damaged."]
        for name in names:
            if unusable and name in unusable:
                passed_over.append(unusable[name])
                continue
            try:
                return self._pin(name, tuple(passed_over))
            except DamagedIndex as error:
                passed_over.append(str(error))
        raise DamagedIndex(
            f"No generation of the index can be opened: {' '.join(passed_over)} Run `ask-notes ingest` to make it anew."
        )

    def _published(self, live: str | None) -> list[str]:
        """Live generation first, then the ones before it; newer ones were never published."""
        numbers = sorted((_number(folder.name) for folder in self._folders()), reverse=True)
        limit = _number(live) if live and _is_name(live) else max(numbers, default=0)
        # A lost or damaged CURRENT: fall back on whatever opens, newest first.
        names = [_name(number) for number in numbers if number <= limit]
        return [live, *names] if live and _is_name(live) and live not in names and self._folders() else names

    def _folders(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return [folder for folder in self.folder.iterdir() if folder.is_dir() and _is_name(folder.name)]

    def _pin(self, name: str, passed_over: tuple[str, ...]) -> Pin:
        folder = self.folder / name
        try:
            descriptor = os.open(folder / MANIFEST, os.O_RDONLY)
        except OSError as error:
            raise DamagedIndex(f"{name} has no readable manifest ({error.strerror}).") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            # The writer may have removed the folder between open and lock.
            if os.fstat(descriptor).st_nlink == 0:
                raise DamagedIndex(f"{name} was removed while it was being opened.")
            manifest = read_manifest(folder)
            check_sizes(folder, manifest)
        except BaseException:
            os.close(descriptor)
            raise
        return Pin(folder, manifest, passed_over, descriptor)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the one writer's lock.

        Raises:
            IndexLocked: another ingest holds it; the message says which.
            StorageRefused: the folder cannot be written.
        """
        with refusing_storage(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise IndexLocked(f"{_holder(descriptor)} is writing this index. Wait for it to end.", 5.0) from error
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid()}).encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def begin(self) -> Path:
        """A new empty folder for the next generation; the writer's lock must be held."""
        live = self.current()
        named = _number(live) if live and _is_name(live) else None
        for folder in self._folders():
            # Left behind by a writer that was killed: CURRENT never named it. Where CURRENT is lost nobody
            # knows, so what can be opened stays.
            if _number(folder.name) > named if named is not None else not _is_good(folder):
                shutil.rmtree(folder, ignore_errors=True)
        numbers = [named or 0, *(_number(folder.name) for folder in self._folders())]
        folder = self.folder / _name(max(numbers) + 1)
        with refusing_storage(self.folder):
            folder.mkdir()
        return folder

    def publish(self, folder: Path, manifest: Manifest) -> None:
        """Make a written folder the live generation, all or nothing.

        Raises:
            StorageRefused: no space or no permission; the live generation is still the one before.
        """
        with refusing_storage(self.folder):
            (folder / MANIFEST).write_text(
                json.dumps(manifest.model_dump(), ensure_ascii=False, indent=1), encoding="utf-8"
            )
            for path in [*folder.rglob("*"), folder]:
                _sync(path)
            _sync(self.folder)
            temporary = self.folder / f"{_CURRENT}.tmp"
            temporary.write_text(folder.name + "\n", encoding="utf-8")
            _sync(temporary)
            temporary.replace(self.folder / _CURRENT)
            _sync(self.folder)

    def collect(self) -> list[str]:
        """Remove all but the two newest good generations, save those that somebody reads."""
        live = self.current()
        if live is None or not _is_name(live):
            return []
        kept, removed = 0, []
        for number in sorted((_number(folder.name) for folder in self._folders()), reverse=True):
            folder = self.folder / _name(number)
            if number > _number(live):
                continue
            if kept < KEEP and _is_good(folder):
                kept += 1
            elif _remove_unread(folder):
                removed.append(folder.name)
        return removed


@contextmanager
def refusing_storage(folder: Path) -> Iterator[None]:
    """Turn what a disk refuses into one line that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageRefused(
                f"No space left for the index in {folder}. Free some, or set data_dir elsewhere."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StorageRefused(f"No permission to write {folder}. Allow it, or set data_dir elsewhere.") from error
        if error.errno == errno.ENOENT:
            raise StorageRefused(f"{folder} cannot be made there. Set data_dir elsewhere.") from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            raise StorageRefused(
                f"{folder} cannot be a folder: a file is in the way. Set data_dir elsewhere."
            ) from error
        raise


def _is_good(folder: Path) -> bool:
    try:
        check_sizes(folder, read_manifest(folder))
    except DamagedIndex:
        return False
    return True


def _remove_unread(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / MANIFEST, os.O_RDONLY)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    try:
        return f"Process {json.loads(os.pread(descriptor, 200, 0))['pid']}"
    except (ValueError, KeyError, TypeError):
        return "Another process"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_name(name: str) -> bool:
    return name.startswith("gen-") and name[4:].isdecimal()


def _number(name: str) -> int:
    return int(name[4:])


def _name(number: int) -> str:
    return f"gen-{number:06d}"
