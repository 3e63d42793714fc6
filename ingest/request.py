"""What an ingest is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to ingest; without paths, sources and forgets, every known root is gone over."""

    paths: Sequence[Path] = ()
    klue_mrc: Sequence[str] = ()
    forget: Sequence[str] = ()
    dry_run: bool = False
    re_embed: bool = False
