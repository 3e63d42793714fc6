"""How good is the support check? Its verdicts on hand-written sentences over real passages.

    .venv/bin/python benchmarks/support_check.py DATA=train.jsonl [--half report] [--errors]

Sentences are in benchmarks/support: a faithful paraphrase, one altered in a number, name, negation or
the like, one stitched from two places, one invented, about each passage. Passages with an even number
were tuned on, those with an odd number are reported. KLUE's texts are not ours to copy: klue.jsonl
holds guids and offsets, the text comes from DATA (JSON lines with guid, title, context).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from rag.grounding.spans import MAX_QUOTE, MIN_QUOTE  # noqa: E402
from rag.grounding.support import Check, check  # noqa: E402
from rag.text import normalise, sentences  # noqa: E402
from rag.types import Support  # noqa: E402

PASSAGE_CHARS = 1200
KEPT = HERE.parent / "eval" / "assets" / "support_check.json"
LABELS = ("faithful", "altered", "stitched", "invented")
VERDICTS: tuple[Support, ...] = ("supported", "partly", "altered", "unsupported")


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence with the passage it is about; `evidence` are ranges of `passage`."""

    id: str
    label: str
    change: str
    sentence: str
    passage: str
    context: str
    evidence: tuple[tuple[int, int], ...]

    @property
    def half(self) -> str:
        """Passages with an even number are for tuning, and so are all that were written for it."""
        if self.id.startswith("w-"):
            return "tune"
        return "report" if int("".join(filter(str.isdigit, self.id))) % 2 else "tune"


def klue_cases(data: Path) -> Iterator[Case]:
    """Cases over KLUE-MRC; their passages are short enough to be read whole."""
    wanted = _lines(HERE / "support" / "klue.jsonl")
    guids = {row["guid"] for row in wanted}
    texts = {row["guid"]: row for row in _lines(data) if row["guid"] in guids}
    for row in wanted:
        source = texts[row["guid"]]
        yield from _case(row, normalise(source["context"]), source["title"], [tuple(span) for span in row["evidence"]])


def note_cases(notes: Path) -> Iterator[Case]:
    """Cases over the sample notes; evidence is quoted, since notes are edited."""
    file = HERE / "support" / "notes.jsonl"
    for row in _lines(file) if file.exists() else []:
        text = normalise((notes / row["source"]).read_text(encoding="utf-8"))
        spans = []
        for quote in row["evidence"]:
            start = text.find(quote)
            if start < 0:
                sys.stderr.write(f"{row['id']}: {row['source']} no longer says {quote!r}\n")
                break
            spans.append((start, start + len(quote)))
        else:
            yield from _case(row, text, row["source"].removesuffix(".md"), spans)


def written_cases() -> Iterator[Case]:
    """Cases over short passages of our own: their sentences must not be mixed up. All are tuned on."""
    for row in _lines(HERE / "support" / "written.jsonl"):
        yield Case(row["id"], row["label"], "", row["sentence"], row["passage"], "", ((0, len(row["passage"])),))


def _case(row: dict[str, Any], text: str, context: str, spans: Sequence[tuple[int, ...]]) -> Iterator[Case]:
    """The case with a passage of whole sentences around its evidence, as retrieval would widen it."""
    start, end = min(span[0] for span in spans), max(span[1] for span in spans)
    whole = [(span.start, span.end) for span in sentences(text)]
    first = next(n for n, span in enumerate(whole) if span[1] > start)
    last = max(n for n, span in enumerate(whole) if span[0] < end)
    grown = True
    while grown:
        grown = False
        if last + 1 < len(whole) and whole[last + 1][1] - whole[first][0] <= PASSAGE_CHARS:
            last, grown = last + 1, True
        if first and whole[last][1] - whole[first - 1][0] <= PASSAGE_CHARS:
            first, grown = first - 1, True
    begin, stop = whole[first][0], whole[last][1]
    evidence = tuple((span[0] - begin, span[1] - begin) for span in spans)
    yield Case(row["id"], row["label"], row.get("change", ""), row["sentence"], text[begin:stop], context, evidence)


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def report(cases: list[Case], errors: bool) -> dict[str, float]:
    """Print the confusion table and where quotes lie; returns precision and recall of "supported"."""
    found = [(case, check(case.sentence, case.passage, context=case.context)) for case in cases]
    table = Counter((case.label, verdict.support) for case, verdict in found)
    print(f"{'label':<10}" + "".join(f"{verdict:>13}" for verdict in VERDICTS) + f"{'n':>8}")
    for label in LABELS:
        row = [table[label, verdict] for verdict in VERDICTS]
        print(f"{label:<10}" + "".join(f"{count:>13}" for count in row) + f"{sum(row):>8}")
    right = table["faithful", "supported"]
    wrong = table["altered", "supported"] + table["invented", "supported"]
    faithful = sum(table["faithful", verdict] for verdict in VERDICTS)
    print(f"supported against altered and invented: precision {right / max(1, right + wrong):.3f}", end=", ")
    print(f"recall {right / max(1, faithful):.3f}")
    stitched = table["stitched", "supported"]
    print(f"with stitched counted as wrong too: precision {right / max(1, right + wrong + stitched):.3f}")
    changes = Counter(case.change for case, _ in found if case.label == "altered")
    caught = Counter(
        case.change for case, verdict in found if case.label == "altered" and verdict.support != "supported"
    )
    print(
        "altered, not called supported:", ", ".join(f"{c or '?'} {caught[c]}/{n}" for c, n in sorted(changes.items()))
    )
    good = [(c, v) for c, v in found if c.label == "faithful" and v.support == "supported"]
    hits = sum(1 for c, v in good if any(v.start < end and start < v.end for start, end in c.evidence))
    lengths = sorted(v.end - v.start for _, v in good)
    if lengths:
        inside = sum(MIN_QUOTE <= length <= MAX_QUOTE for length in lengths)
        print(f"quotes: {hits}/{len(good)} at the evidence, median {lengths[len(lengths) // 2]} characters, ", end="")
        print(f"{inside}/{len(good)} within {MIN_QUOTE}..{MAX_QUOTE}")
    if errors:
        for case, verdict in found:
            _print_error(case, verdict)
    return {
        "sentences": len(found),
        "precision": round(right / max(1, right + wrong), 3),
        "recall": round(right / max(1, faithful), 3),
    }


def _print_error(case: Case, verdict: Check) -> None:
    if (case.label == "faithful") != (verdict.support == "supported"):
        print(f"\n{case.id} {case.label} {case.change} -> {verdict.support} {verdict.score:.2f} {verdict.why}")
        print(f"  said:  {case.sentence}\n  quote: {case.passage[verdict.start : verdict.end]!r}")


def main() -> None:
    """Parse the arguments and print a report for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", help="[DATA=]PATH of KLUE-MRC as JSON lines; left out: only the notes")
    parser.add_argument("--notes", type=Path, default=HERE.parent / "notes", help="folder of the sample notes")
    parser.add_argument("--half", choices=("tune", "report", "all"), default="report")
    parser.add_argument("--keep", action="store_true", help="keep the figures for the footer of eval's reports")
    parser.add_argument("--errors", action="store_true", help="list every sentence that was judged wrongly")
    arguments = parser.parse_args()
    data = (arguments.data or "").removeprefix("DATA=")
    sets = {
        "klue": list(klue_cases(Path(data))) if data else [],
        "notes": list(note_cases(arguments.notes)),
        "written": list(written_cases()),
    }
    sets["both"] = sets["klue"] + sets["notes"]
    for name, cases in sets.items():
        chosen = [case for case in cases if arguments.half in ("all", case.half)]
        if chosen:
            print(f"\n== {name}, {arguments.half}: {len(chosen)} sentences")
            figures = report(chosen, arguments.errors and name != "both")
            if arguments.keep and name == "both":
                if not data or arguments.half != "report":
                    raise SystemExit("--keep takes DATA and the reported half.")
                KEPT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
