"""`settings`: what is set, and by whom."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from api.settings_ko import DESCRIPTIONS, ORIGINS
from api.terminal import Terminal, wrap
from rag.settings import LoadedSettings


def settings(args: argparse.Namespace, loaded: LoadedSettings, terminal: Terminal) -> int:
    """Every setting, its value and where it came from."""
    rows = loaded.rows()
    if args.json:
        terminal.json({"settings": [asdict(row) for row in rows]})
        return 0
    korean = terminal.language == "ko"
    for row in rows:
        value = row.value or "-"
        origin = ORIGINS.get(row.origin, row.origin) if korean else row.origin
        terminal.write_raw(
            f"{terminal.style(row.name, 'bold')} = {terminal.style(value, 'marker')}"
            f"  {terminal.style(f'({origin})', 'dim')}"
        )
        description = DESCRIPTIONS.get(row.name, row.description) if korean else row.description
        for text in wrap(description, terminal.columns, "    "):
            terminal.write(text, "dim")
    return 0
