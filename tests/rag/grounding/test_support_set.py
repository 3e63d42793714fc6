import json
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LABELS = ("faithful", "altered", "stitched", "invented")


def rows(name):
    file = ROOT / "benchmarks" / "support" / f"{name}.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", ["klue", "notes"])
def test_the_set_is_balanced(name):
    found = rows(name)
    assert Counter(row["label"] for row in found) == dict.fromkeys(LABELS, 50)
    assert len({row["id"] for row in found}) == len(found)
    assert len({row["sentence"] for row in found}) == len(found)


def test_klue_rows_hold_no_passage():
    assert {key for row in rows("klue") for key in row} == {"id", "guid", "evidence", "label", "change", "sentence"}


def test_the_notes_still_say_what_is_quoted():
    for row in rows("notes"):
        text = (ROOT / "notes" / row["source"]).read_text(encoding="utf-8")
        assert all(quote in text for quote in row["evidence"]), row["id"]


def test_the_check_holds_on_the_notes(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    import support_check

    cases = [case for case in support_check.note_cases(ROOT / "notes") if case.half == "report"]
    found = [(c.label, support_check.check(c.sentence, c.passage, context=c.context).support) for c in cases]
    supported = Counter(label for label, verdict in found if verdict == "supported")
    wrong = supported["altered"] + supported["invented"]
    assert supported["faithful"] / (supported["faithful"] + wrong) >= 0.9
    assert supported["faithful"] / Counter(label for label, _ in found)["faithful"] >= 0.75


def test_the_check_holds_on_what_was_written_for_it(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    import support_check

    found = [(c.label, support_check.check(c.sentence, c.passage).support) for c in support_check.written_cases()]
    supported = Counter(label for label, verdict in found if verdict == "supported")
    assert supported["altered"] <= 2
    assert supported["faithful"] >= 25


def test_the_notes_still_hold_the_answers_that_were_read():
    for line in (ROOT / "benchmarks" / "answers" / "notes.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = (ROOT / "notes" / row["evidence"]["source"]).read_text(encoding="utf-8")
        assert row["evidence"]["text"] in text, row["id"]
