"""Which version this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The version of the installed package; "0" for a checkout that was never installed."""
    try:
        return version("ask-notes")
    except PackageNotFoundError:
        return "0"
