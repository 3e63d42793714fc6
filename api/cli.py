"""The terminal door: runs one command, and holds the one table from error to exit code.

Imports nothing heavy: each command names the module that runs it, which is imported when it runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from api.arguments import parse
from rag import errors

if TYPE_CHECKING:
    from api.terminal import Terminal
    from rag.settings import LoadedSettings

Command = Callable[[argparse.Namespace, "LoadedSettings", "Terminal"], int]


INTERRUPTED = 130
READER_GONE = 141  # as a shell reports SIGPIPE: `ask-notes search x | head`

EXIT_CODES: Mapping[type[errors.AskNotesError], int] = {
    errors.AskNotesError: 1,
    errors.BadInput: 3,
    errors.EmptyQuestion: 3,
    errors.QuestionTooLong: 3,
    errors.BadNotes: 3,
    errors.BadDataset: 3,
    errors.UnknownDocument: 3,
    errors.BadConfiguration: 4,
    errors.EncoderMismatch: 4,
    errors.StorageRefused: 4,
    errors.AddressTaken: 4,
    errors.NotReady: 5,
    errors.NoIndex: 5,
    errors.DamagedIndex: 5,
    errors.NoModel: 5,
    errors.GenerationFailed: 6,
    errors.DeadlineExceeded: 6,
    errors.Cancelled: INTERRUPTED,
    errors.Busy: 7,
    errors.QueueFull: 7,
    errors.ShuttingDown: 7,
    errors.IndexLocked: 7,
    errors.GateNotMet: 8,
}


def exit_code(error: errors.AskNotesError) -> int:
    """The exit code of an error."""
    return next(EXIT_CODES[cls] for cls in type(error).__mro__ if cls in EXIT_CODES)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Usage errors leave through SystemExit(2)."""
    args = parse(argv)

    from api.terminal import Terminal, locale_language

    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show Korean gets escapes instead of a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    terminal = Terminal(args.language if args.language in ("ko", "en") else locale_language())
    try:
        code = _run(args, terminal)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        terminal.note("")
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return READER_GONE
    except errors.AskNotesError as error:
        code = exit_code(error)
        if code != INTERRUPTED:
            terminal.complain(error)
        return code
    except Exception as error:
        if args.debug:
            raise
        terminal.say("unexpected", "error", what=f"{type(error).__name__}: {error}")
        return 1


def _run(args: argparse.Namespace, terminal: Terminal) -> int:
    from rag import settings

    loaded = settings.load(_flags(args), config=args.config)
    if loaded.settings.language != "auto":
        terminal.language = loaded.settings.language
    module, _, name = args.run.partition(":")
    command: Command = getattr(import_module(module), name)
    return command(args, loaded, terminal)


def _flags(args: argparse.Namespace) -> dict[str, Any]:
    flags: dict[str, Any] = {"data_dir": args.data_dir, "models": args.models, "language": args.language}
    flags["server.host"] = getattr(args, "host", None)
    flags["server.port"] = getattr(args, "port", None)
    for assignment in (*args.set, *getattr(args, "set_here", ())):
        name, _, value = assignment.partition("=")
        flags[name.strip()] = _value(value)
    return flags


def _value(text: str) -> Any:
    import json

    # Lists are written as JSON; anything else is a word that the settings read themselves.
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError as error:
            raise errors.BadConfiguration(f'--set: {text} is not a JSON list: {error}. Write ["a", "b"].') from None
    return text


def _forget_stdout() -> None:
    # Python flushes standard output once more when it ends, and would complain again.
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
