"""The generator of the settings, for commands that want a model that writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.errors import NoModel
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.wiring import OpenGenerator


def writing_model(settings: Settings, flag: str) -> OpenGenerator:
    """The chat model that the settings choose; `flag` is what asked for it.

    Raises:
        NoModel: there is only the extractive answerer, which writes nothing of its own.
        BadConfiguration: a backend that lacks a setting.
    """
    from rag.wiring import open_generator

    found = open_generator(settings)
    if found.name == "extractive":
        # Why there is none, without what answers instead: it cannot do this.
        why = " ".join(found.fallbacks).partition(" Answers are ")[0] or "The settings choose the extractive answerer."
        raise NoModel(
            f"{flag} needs a model that writes. {why} "
            "Set generator.path to a model's folder, or generator.base_url to a server that has one."
        )
    return found
