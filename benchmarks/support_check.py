"""How good is the support check? Its verdicts on hand-written sentences over real passages.

    .venv/bin/python benchmarks/support_check.py DATA=train.jsonl COURSES=folder [--set reported] [--errors] [--keep]

Sentences are in benchmarks/support (README.md there): faithful paraphrases, sentences altered in a number, name,
negation or the like, stitched from two places, invented. Those of the `tuning` set were looked at while the check was
built; the `reported` ones are the odd passages of the 400 answer sentences, which nobody looked at. KLUE's texts and
those of the courses are not ours to copy: rows hold guids or paths, and offsets; the text comes from DATA (JSON lines
with guid, title, context) and COURSES (the folder that holds hf-course and d2l-ko).
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from rag.grounding.spans import MAX_QUOTE, MIN_QUOTE  # noqa: E402
from rag.grounding.support import Check, check  # noqa: E402
from rag.text import language, normalise, sentences  # noqa: E402
from rag.types import Support  # noqa: E402

PASSAGE_CHARS = 1200
NOTES = HERE.parent / "notes"
KEPT = HERE.parent / "eval" / "assets" / "support_check.json"
LABELS = ("faithful", "altered", "stitched", "invented")
VERDICTS: tuple[Support, ...] = ("supported", "partly", "altered", "unsupported")
SetName = Literal["tuning", "reported"]
KINDS = {
    "klue": "klue",
    "notes": "notes",
    "written": "written",
    "hard_klue": "klue",
    "hard_written": "written",
    "fresh_klue": "klue",
    "fresh_notes": "notes",
    "fresh2_klue": "klue",
    "fresh2_notes": "notes",
    "more_klue": "klue",
    "more_courses": "courses",
    "answers_klue": "klue",
    "answers_courses": "courses",
}
# Of these the odd passages are reported, the even ones tuned on.
HALVED = ("answers_klue", "answers_courses")
FILES: dict[SetName, dict[str, str]] = {"tuning": KINDS, "reported": {file: KINDS[file] for file in HALVED}}
_HEADING = re.compile(r"^(#+)\s+(.+?)(?:\s*\[\[.*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence with the passage it is about; `evidence` are ranges of `passage`, `source` is its file."""

    id: str
    label: str
    change: str
    sentence: str
    passage: str
    context: str
    evidence: tuple[tuple[int, int], ...]
    source: str


def load_cases(name: SetName, data: Path | None, courses: Path | None, notes: Path = NOTES) -> list[Case]:
    """The cases of a set; without `data` those over KLUE-MRC are left out, without `courses` those over courses."""
    cases: list[Case] = []
    for file, kind in FILES[name].items():
        found: list[Case] = []
        if kind == "klue" and data is not None:
            found += klue_cases(data, file)
        elif kind == "courses" and courses is not None:
            found += course_cases(courses, file)
        elif kind == "notes":
            found += note_cases(notes, file)
        elif kind == "written":
            found += written_cases(file)
        cases += [case for case in found if file not in HALVED or is_reported(case) == (name == "reported")]
    return cases


def is_reported(case: Case) -> bool:
    """Whether the case belongs to an odd passage of the 400 answer sentences."""
    number = re.match(r"a[kn](\d+)-", case.id)
    return number is not None and int(number[1]) % 2 == 1


def klue_cases(data: Path, file: str = "klue") -> Iterator[Case]:
    """Cases over KLUE-MRC; their passages are short enough to be read whole."""
    wanted = rows_of(file)
    guids = {row["guid"] for row in wanted}
    texts = {row["guid"]: row for row in lines(data) if row["guid"] in guids}
    for row in wanted:
        source = texts[row["guid"]]
        spans = [tuple(span) for span in row["evidence"]]
        yield from case_of(row, normalise(source["context"]), source["title"], spans, file)


def note_cases(notes: Path, file: str = "notes") -> Iterator[Case]:
    """Cases over the sample notes; evidence is quoted, since notes are edited."""
    for row in rows_of(file):
        text = normalise((notes / row["source"]).read_text(encoding="utf-8"))
        spans = []
        for quote in row["evidence"]:
            start = text.find(quote)
            if start < 0:
                sys.stderr.write(f"{row['id']}: {row['source']} no longer says {quote!r}\n")
                break
            spans.append((start, start + len(quote)))
        else:
            yield from case_of(row, text, row["source"].removesuffix(".md"), spans, file)


def course_cases(courses: Path, file: str) -> Iterator[Case]:
    """Cases over the courses; what stands over them are the headings above."""
    for row in rows_of(file):
        text = normalise((courses / row["source"]).read_text(encoding="utf-8"))
        spans = [tuple(span) for span in row["evidence"]]
        above: dict[int, str] = {}
        for match in _HEADING.finditer(text, 0, min(span[0] for span in spans)):
            above = {depth: name for depth, name in above.items() if depth < len(match[1])} | {len(match[1]): match[2]}
        yield from case_of(row, text, "\n".join(above.values()), spans, file)


def written_cases(file: str = "written") -> Iterator[Case]:
    """Cases over short passages of our own: their sentences must not be mixed up."""
    for row in rows_of(file):
        whole = ((0, len(row["passage"])),)
        yield Case(row["id"], row["label"], row.get("change", ""), row["sentence"], row["passage"], "", whole, file)


def case_of(
    row: Mapping[str, Any], text: str, context: str, spans: Sequence[tuple[int, ...]], file: str
) -> Iterator[Case]:
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
    yield Case(
        row["id"], row["label"], row.get("change", ""), row["sentence"], text[begin:stop], context, evidence, file
    )


def rows_of(file: str) -> list[dict[str, Any]]:
    """The rows of a file of benchmarks/support."""
    return lines(HERE / "support" / f"{file}.jsonl")


def lines(file: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def interval(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share. Source: Wilson 1927, J. Am. Stat. Assoc. 22."""
    if not n:
        return 0.0, 1.0
    z = 1.96
    share, turn = right / n, z * z / n
    middle = (share + turn / 2) / (1 + turn)
    half = z * math.sqrt(share * (1 - share) / n + turn / (4 * n)) / (1 + turn)
    return middle - half, middle + half


def figures(found: Sequence[tuple[Case, Check]]) -> dict[str, float]:
    """Precision and recall of "supported" against altered and invented, with their intervals."""
    table = Counter((case.label, verdict.support) for case, verdict in found)
    right = table["faithful", "supported"]
    called = right + table["altered", "supported"] + table["invented", "supported"]
    faithful = sum(table["faithful", verdict] for verdict in VERDICTS)
    precision, recall = interval(right, called), interval(right, faithful)
    return {
        "sentences": len(found),
        "precision": round(right / max(1, called), 3),
        "precision_low": round(precision[0], 3),
        "precision_high": round(precision[1], 3),
        "recall": round(right / max(1, faithful), 3),
        "recall_low": round(recall[0], 3),
        "recall_high": round(recall[1], 3),
    }


def report(found: Sequence[tuple[Case, Check]]) -> None:
    """Print the confusion table, what was caught by kind of change, and where quotes lie."""
    table = Counter((case.label, verdict.support) for case, verdict in found)
    print(f"{'label':<10}" + "".join(f"{verdict:>13}" for verdict in VERDICTS) + f"{'n':>8}")
    for label in LABELS:
        row = [table[label, verdict] for verdict in VERDICTS]
        if sum(row):
            print(f"{label:<10}" + "".join(f"{count:>13}" for count in row) + f"{sum(row):>8}")
    print(_told(found))
    stitched = table["stitched", "supported"]
    right = table["faithful", "supported"]
    called = sum(table[label, "supported"] for label in LABELS)
    print(f"with the {stitched} stitched ones counted as wrong too: precision {right / max(1, called):.3f}")
    changes = Counter(case.change for case, _ in found if case.label == "altered")
    caught = Counter(
        case.change for case, verdict in found if case.label == "altered" and verdict.support != "supported"
    )
    print("not called supported:", ", ".join(f"{c or 'other'} {caught[c]}/{n}" for c, n in sorted(changes.items())))
    good = [(c, v) for c, v in found if c.label == "faithful" and v.support == "supported"]
    hits = sum(1 for c, v in good if any(v.start < end and start < v.end for start, end in c.evidence))
    lengths = sorted(v.end - v.start for _, v in good)
    if lengths:
        inside = sum(MIN_QUOTE <= length <= MAX_QUOTE for length in lengths)
        print(f"quotes: {hits}/{len(good)} at the evidence, median {lengths[len(lengths) // 2]} characters, ", end="")
        print(f"{inside}/{len(good)} within {MIN_QUOTE}..{MAX_QUOTE}")


def _told(found: Sequence[tuple[Case, Check]]) -> str:
    f = figures(found)
    return (
        f"precision {f['precision']:.3f} [{f['precision_low']:.3f}, {f['precision_high']:.3f}], "
        f"recall {f['recall']:.3f} [{f['recall_low']:.3f}, {f['recall_high']:.3f}], {f['sentences']} sentences"
    )


def _cross_checked(model: str | None, found: Sequence[tuple[Case, Check]]) -> None:
    """The same once a generator was asked about each sentence that is called supported."""
    if model is not None:
        from benchmarks.cross_check import told_of

        told_of(model, found, lambda heard: print(_told(heard)))


def _print_error(case: Case, verdict: Check) -> None:
    if (case.label == "faithful") != (verdict.support == "supported"):
        print(f"\n{case.id} {case.label} {case.change} -> {verdict.support} {verdict.score:.2f} {verdict.why}")
        print(f"  said:  {case.sentence}\n  quote: {case.passage[verdict.start : verdict.end]!r}")


def folders(given: Sequence[str]) -> tuple[Path | None, Path | None]:
    """DATA and COURSES out of "DATA=path" and "COURSES=path", in any order; a bare path is DATA."""
    named = dict(one.split("=", 1) if "=" in one else ("DATA", one) for one in given)
    if unknown := named.keys() - {"DATA", "COURSES"}:
        raise SystemExit(f"{', '.join(sorted(unknown))}: only DATA= and COURSES= are known.")
    data, courses = (Path(named[name]) if name in named else None for name in ("DATA", "COURSES"))
    return data, courses


def main() -> None:
    """Parse the arguments and print a report for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("where", nargs="*", help="DATA=path of KLUE-MRC as JSON lines, COURSES=folder of both courses")
    parser.add_argument("--set", choices=[*FILES, "both"], default="both", help="which sentences")
    parser.add_argument("--keep", action="store_true", help="keep the reported figures for eval's footer")
    parser.add_argument("--errors", action="store_true", help="list every sentence that was judged wrongly")
    parser.add_argument("--cross-check", metavar="M", help="ask a generator too: a folder, or an id of the hub")
    arguments = parser.parse_args()
    data, courses = folders(arguments.where)
    for name in FILES if arguments.set == "both" else [arguments.set]:
        found = [(c, check(c.sentence, c.passage, context=c.context)) for c in load_cases(name, data, courses)]
        print(f"\n== {name}")
        report(found)
        _cross_checked(arguments.cross_check, found)
        for file in FILES[name]:
            if part := [one for one in found if one[0].source == file]:
                print(f"  {file}: {_told(part)}")
        for code in ("ko", "en"):
            if part := [one for one in found if language(one[0].sentence) == code]:
                print(f"  {code}: {_told(part)}")
        if arguments.errors:
            for case, verdict in found:
                _print_error(case, verdict)
        if arguments.keep and name == "reported":
            if data is None or courses is None:
                raise SystemExit("--keep takes DATA and COURSES: the reported set is half of each.")
            KEPT.write_text(json.dumps(figures(found), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
