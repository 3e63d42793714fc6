"""The commands of the terminal and their arguments; argparse alone, so that --help answers at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, Protocol

from api.scopes import add_scope

_EPILOG = """first steps:
  ask-notes ingest notes/
  ask-notes ask "LSTM의 게이트는 왜 필요한가?"
  ask-notes serve

exit codes: 2 usage, 3 bad input, 4 bad configuration, 5 no index or no model,
6 generation failed, 7 busy, 8 a gate not met, 1 unexpected"""


class AddCommand(Protocol):
    """Adds a command: its name, the function that runs it as module:name, its help."""

    def __call__(self, name: str, run: str, text: str, *, json: bool = False) -> argparse.ArgumentParser:
        """The command's parser, for its own arguments."""
        ...


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments of one command; what does not fit leaves through SystemExit(2)."""
    parser = build_parser()
    given = sys.argv[1:] if argv is None else list(argv)
    if not given:
        parser.print_help(sys.stderr)
        parser.exit(2)
    args, unknown = parser.parse_known_args(given)
    if unknown:
        args.refuse(f"nothing here is called {' '.join(unknown)}")
    return args


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    parser = _Parser(
        prog="ask-notes",
        description="Ask your course notes: every sentence of the answer points at the exact words of a note.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    _add_globals(parser)
    again = _Parser(add_help=False)
    _add_globals(again, again=True)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, run: str, text: str, *, json: bool = False) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, parents=[again])
        command.set_defaults(run=f"api.commands.{run}", refuse=command.error)
        if json:
            command.add_argument("--json", action="store_true", help="one JSON document on standard output")
        return command

    _add_asking(add)
    _add_keeping(add)
    _add_measuring(add)
    _add_exploring(add)
    serve = add("serve", "serve:serve", "serve the chat page and the HTTP API")
    serve.add_argument("--host", help="address to listen on; one that others can reach needs server.api_keys")
    serve.add_argument("--port", type=int, help="port to listen on")
    return parser


def _add_asking(add: AddCommand) -> None:
    ask = add("ask", "ask:ask", "ask a question; citations stand under the answer", json=True)
    # A question that somebody forgot to put in quotes is one all the same.
    ask.add_argument(
        "question", metavar="QUESTION", nargs="+", help="what you want to know; - reads it from standard input"
    )
    _add_k(ask)
    ask.add_argument(
        "--style", choices=("sentence", "short"), default="sentence", help="short: only what was asked for"
    )
    add_scope(ask)
    add_scope(add("chat", "ask:chat", "ask, and ask on, as a conversation"))
    search = add("search", "ask:search", "the passages that would answer a query", json=True)
    search.add_argument("query", metavar="QUERY", nargs="+")
    _add_k(search)
    search.add_argument("--explain", action="store_true", help="say of each passage why it was found")
    add_scope(search)


def _add_keeping(add: AddCommand) -> None:
    ingest = add("ingest", "ingest:ingest", "take notes in, or bring the index up to date", json=True)
    ingest.add_argument("paths", metavar="PATH", nargs="*", type=_path, help="folder or file; none: all known ones")
    ingest.add_argument(
        "--klue-mrc",
        metavar="SOURCE",
        action="append",
        default=[],
        help="train or validation from the hub, a folder, a .json, .jsonl or .parquet file; may be repeated",
    )
    ingest.add_argument("--forget", metavar="ROOT", action="append", default=[], help="drop something ingested before")
    ingest.add_argument("--dry-run", action="store_true", help="say what would be done, write nothing")
    ingest.add_argument(
        "--re-embed", action="store_true", help="make all vectors anew, with the encoder of the settings"
    )
    status = add("status", "status:status", "index, models, audit, what fell back and why", json=True)
    status.add_argument("--verify", action="store_true", help="check every file of the index against its digest")
    add("settings", "show:settings", "every setting, its value and where it came from", json=True)
    tokens = add("tokens", "tokens:tokens", "how the encoder reads a text: ids, mask, pieces, [UNK]", json=True)
    tokens.add_argument("text", metavar="TEXT")
    tokens.add_argument("--as", dest="kind", choices=("query", "passage"), default="query", help="which prefix it gets")


def _add_measuring(add: AddCommand) -> None:
    evaluate = add(
        "eval", "evaluate:evaluate", "ask a data set's questions and report how good the answers are", json=True
    )
    evaluate.add_argument(
        "dataset", metavar="DATASET", nargs="?", help=".jsonl, .json, .csv, .parquet, a folder, or a klue split"
    )
    evaluate.add_argument("--out", metavar="DIR", type=_path, help="where the run goes (runs/NAME)")
    evaluate.add_argument("--limit", metavar="N", type=_count, help="only the first N questions")
    evaluate.add_argument("--sample", metavar="N", type=_count, help="a seeded sample of N questions")
    evaluate.add_argument("--seed", type=int, default=0, help="of the sample and the intervals")
    evaluate.add_argument(
        "--leave-out", metavar="SHARE", type=float, default=0.0, help="make that share unanswerable (0 to 1)"
    )
    evaluate.add_argument("--retrieval-only", action="store_true", help="look up, do not answer")
    evaluate.add_argument("--resume", action="store_true", help="go on with a run that was cut off")
    evaluate.add_argument("--style", choices=("sentence", "short"), help="how to answer; unset: as the golds are")
    evaluate.add_argument(
        "--gate",
        metavar="GATE",
        action="append",
        default=[],
        help='"recall@5>=0.95": exit 8 if not met; may be repeated',
    )
    evaluate.add_argument(
        "--judge", action="store_true", help="have the generator of the settings grade support and completeness too"
    )
    evaluate.add_argument(
        "--judge-agreement",
        metavar="LABELLED",
        type=_path,
        help="how well the judge agrees with people: .jsonl of answers that people graded 0 to 2",
    )
    calibrated = add("calibrate", "calibrate:calibrate", "learn from your own questions when not to answer", json=True)
    calibrated.add_argument(
        "dataset", metavar="DATASET", nargs="?", help="questions with an answer in the notes and without one"
    )
    calibrated.add_argument(
        "--leave-out",
        metavar="SHARE",
        type=float,
        default=0.5,
        help="ask that share of the answerable ones without their documents (0.5)",
    )
    calibrated.add_argument(
        "--false-refusals", metavar="SHARE", type=float, default=0.05, help="of the answerable, refused at most (0.05)"
    )
    calibrated.add_argument("--sample", metavar="N", type=_count, help="a seeded sample of N questions")
    calibrated.add_argument("--seed", type=int, default=0, help="of the sample, what is left out and the intervals")
    calibrated.add_argument("--out", metavar="DIR", type=_path, help="where the curves go (runs/calibration)")
    calibrated.add_argument("--dry-run", action="store_true", help="say what was found, keep nothing")
    calibrated.add_argument("--reset", action="store_true", help="take your calibration away again")
    compare = add("compare", "evaluate:compare", "two runs, question by question", json=True)
    compare.add_argument("run_a", metavar="RUN_A", type=_path)
    compare.add_argument("run_b", metavar="RUN_B", type=_path)
    compare.add_argument("--seed", type=int, default=0, help="of the intervals")


def _add_exploring(add: AddCommand) -> None:
    drawn = add("map", "explore:draw_map", "the notes' embeddings in 3-D (PCA), as one HTML file", json=True)
    drawn.add_argument("--out", metavar="FILE", type=_path, help="where it goes (map.html)")
    drawn.add_argument("--question", metavar="Q", help="drop a question in, with the passages nearest to it")
    drawn.add_argument("--colour", choices=("file", "heading"), default="file", help="what a colour stands for")
    drawn.add_argument("--nearest", metavar="N", type=_count, default=5, help="lines from the question (5)")
    made = add(
        "make-questions", "explore:make_questions", "draft questions from your notes, to accept or not", json=True
    )
    made.add_argument("--out", metavar="FILE", type=_path, help="where they go, below what is there (drafts.jsonl)")
    made.add_argument("--per-document", metavar="N", type=_count, default=5, help="at most that many a note (5)")
    made.add_argument("--with-model", action="store_true", help="let the generator of the settings write some too")


def _add_globals(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    # After the command they must not put their defaults over what stood before it.
    missing = argparse.SUPPRESS if again else None
    group = parser.add_argument_group("everywhere")
    group.add_argument("--data-dir", metavar="DIR", default=missing, help="where the index lives (.ask-notes)")
    group.add_argument("--models", choices=("auto", "hub", "embedded"), default=missing, help="where models come from")
    group.add_argument("--config", metavar="FILE", type=_path, default=missing, help="settings file (ask-notes.toml)")
    group.add_argument("--language", choices=("auto", "ko", "en"), default=missing, help="language of messages")
    group.add_argument(
        "--set",
        metavar="KEY=VALUE",
        type=_assignment,
        action="append",
        default=argparse.SUPPRESS if again else [],
        dest="set_here" if again else "set",
        help="any setting; may be repeated",
    )
    group.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS if again else False, help="show where an error arose"
    )


def _add_k(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-k", type=_k, metavar="N", help="passages to look at (1 to 100)")


def _k(text: str) -> int:
    return _whole(text, 1, 100)


def _count(text: str) -> int:
    return _whole(text, 1)


def _whole(text: str, least: int, most: int | None = None) -> int:
    bounds = f"of {least} or more" if most is None else f"from {least} to {most}"
    if not text.isdecimal() or not least <= int(text) <= (most or int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {bounds}")
    return int(text)


def _path(text: str) -> Any:
    from pathlib import Path

    return Path(text)


def _assignment(text: str) -> str:
    if "=" not in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return text


class _Parser(argparse.ArgumentParser):
    # argparse answers a slip with ten lines of options; the one line that helps would drown in them.
    def error(self, message: str) -> NoReturn:
        wanted = [_shown(action) for action in self._get_positional_actions()]
        usage = " ".join([self.prog, "[options]", *wanted])
        self.exit(2, f"usage: {usage}\nError: {message}\n`{self.prog} --help` says what there is.\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if not isinstance(action, argparse._SubParsersAction) or value in action.choices:
            super()._check_value(action, value)
            return
        from difflib import get_close_matches

        close = get_close_matches(value, action.choices, n=1)
        if close:
            hint = f"did you mean {close[0]}?"
        elif value.isascii() and " " not in value:
            hint = f"there are {', '.join(action.choices)}"
        else:
            hint = f'to ask the notes, write: ask-notes ask "{value}"'
        raise argparse.ArgumentError(None, f"no command is called {value!r}; {hint}")


def _shown(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest)
    return {"?": f"[{name}]", "*": f"[{name}...]", "A...": f"{name} ..."}.get(str(action.nargs), name)


class _ShowVersion(argparse.Action):
    # Looked up when it is asked for: reading package metadata takes longer than the whole parser.
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from api.version import installed_version

        sys.stdout.write(f"ask-notes {installed_version()}\n")
        parser.exit()
