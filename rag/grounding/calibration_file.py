"""data_dir/calibration.json: what `ask-notes calibrate` found out about the user's own questions.

Written whole or not at all; read once when a pipeline opens. Knows no signal but by name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag.errors import BadConfiguration, StorageRefused
from rag.grounding.calibration import Calibration, Language
from rag.grounding.signals import NAMES

FILE = "calibration.json"
FORMAT = 1


def load(data_dir: Path) -> Mapping[Language, Calibration]:
    """The calibration of each language that has one of its own; {} where there is no file.

    Raises:
        BadConfiguration: the file cannot be read, or was made with other signals than these.
    """
    tree = described(data_dir)
    return {} if tree is None else {name: _read(name, one) for name, one in tree["languages"].items()}


def described(data_dir: Path) -> dict[str, Any] | None:
    """The file as it stands, checked; None where there is none.

    Raises:
        BadConfiguration: see `load`.
    """
    try:
        text = (data_dir / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(f"cannot be read ({type(error).__name__})") from None
    try:
        tree = json.loads(text)
    except ValueError:
        raise _bad("is not JSON") from None
    if not isinstance(tree, dict) or tree.get("format") != FORMAT or not isinstance(tree.get("languages"), dict):
        raise _bad(f"is not of format {FORMAT}")
    for name, one in tree["languages"].items():
        _read(name, one)
    return tree


def save(data_dir: Path, languages: Mapping[Language, Calibration], made: Mapping[str, Any]) -> Path:
    """Write the file; `made` tells of the questions behind it. A reader sees the old one or the new one.

    Raises:
        StorageRefused: the disk does not take it.
    """
    tree = {
        "format": FORMAT,
        "made": dict(made),
        "languages": {
            name: {"weights": dict(one.weights), "bias": one.bias, "threshold": one.thresholds[name]}
            for name, one in languages.items()
        },
    }
    path = data_dir / FILE
    beside = path.with_name(FILE + ".tmp")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(json.dumps(tree, ensure_ascii=False, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise StorageRefused(
            f"{FILE} cannot be written: {error.strerror}. Make room, or name another folder."
        ) from None
    return path


def reset(data_dir: Path) -> bool:
    """Take the file away; False where there was none."""
    try:
        (data_dir / FILE).unlink()
    except FileNotFoundError:
        return False
    return True


def _read(name: str, one: object) -> Calibration:
    if name not in ("ko", "en") or not isinstance(one, dict):
        raise _bad(f"speaks of a language {name!r}")
    weights, numbers = one.get("weights"), [one.get("bias"), one.get("threshold")]
    if not isinstance(weights, dict) or set(weights) != set(NAMES):
        raise _bad("was made with other signals than this version has")
    if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in (*weights.values(), *numbers)):
        raise _bad("holds something that is no number")
    if not 0 <= one["threshold"] <= 1:
        raise _bad(f"has the threshold {one['threshold']}, outside 0 to 1")
    threshold = float(one["threshold"])
    return Calibration(
        {key: float(value) for key, value in weights.items()}, float(one["bias"]), {"ko": threshold, "en": threshold}
    )


def _bad(what: str) -> BadConfiguration:
    return BadConfiguration(
        f"{FILE} {what}. `ask-notes calibrate --reset` takes it away, and the calibration that ships serves again."
    )
