"""What a run was made of: settings, versions, machine, revision, index. No secret, no path, no host.

A report is shown to others: it says which processor it ran on, never whose, and which settings
held, never where files lie.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rag.settings import Settings

_PACKAGES = (
    "ask-notes",
    "torch",
    "transformers",
    "sentence-transformers",
    "faiss-cpu",
    "bm25s",
    "kiwipiepy",
    "numpy",
    "ir-measures",
    "langchain-core",
    "openvino",
    "langchain-openai",
)
_MANIFEST_KEYS = ("format", "created", "encoder", "splitter", "counts", "dense", "files")


def shown_settings(settings: Settings) -> dict[str, Any]:
    """Settings for a report: what has a bearing on answers, without secrets, paths or addresses."""
    tree = settings.model_dump(mode="json", exclude={"server", "data_dir", "language"})
    tree["generator"]["base_url"] = "set" if settings.generator.base_url else None
    return dict(_without_secrets(tree))


def _without_secrets(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    shown: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            shown[key] = _without_secrets(value)
        elif key.endswith("_key"):
            continue
        else:
            shown[key] = _name_only(value) if isinstance(value, str) else value
    return shown


def _name_only(value: str) -> str:
    """The last part of an absolute path; anything else as it is."""
    return Path(value).name if Path(value).is_absolute() else value


def versions() -> dict[str, str]:
    """Installed versions of Python and what the answers rest on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory in GiB, system; no name of the machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": _cpu(), "cores": cores, "memory_gib": _memory_gib(), "system": platform.system()}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def revision() -> str | None:
    """The git revision of this code, "+" at its end if it was changed since; None outside a checkout."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", "*.py")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{head}+" if changed else head


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    return done.stdout.strip()


def index(data_dir: Path, generation: str) -> dict[str, Any]:
    """What the index's manifest says of itself: encoder, splitter, counts and the digest of every file."""
    try:
        manifest = json.loads((data_dir / "index" / generation / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"generation": generation}
    return {"generation": generation} | dict(
        _without_secrets({key: manifest[key] for key in _MANIFEST_KEYS if key in manifest})
    )
