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


@pytest.mark.parametrize("name", ["klue", "notes", "answers_klue", "answers_courses"])
def test_the_set_is_balanced(name):
    found = rows(name)
    assert Counter(row["label"] for row in found) == dict.fromkeys(LABELS, 50)
    assert len({row["id"] for row in found}) == len(found)
    assert len({row["sentence"] for row in found}) == len(found)


@pytest.mark.parametrize(
    ("name", "named_by"),
    [
        ("klue", "guid"),
        ("answers_klue", "guid"),
        ("more_klue", "guid"),
        ("answers_courses", "source"),
        ("more_courses", "source"),
    ],
)
def test_rows_over_texts_that_are_not_ours_hold_no_passage(name, named_by):
    found = rows(name)
    assert {key for row in found for key in row} == {"id", named_by, "evidence", "label", "change", "sentence"}
    assert all(0 <= start < end for row in found for start, end in row["evidence"])


def test_half_of_the_answer_sentences_are_kept_for_the_report(support_check):
    for name in support_check.HALVED:
        labels = Counter()
        for row in rows(name):
            case = support_check.Case(row["id"], row["label"], "", row["sentence"], "", "", (), name)
            labels[row["label"], support_check.is_reported(case)] += 1
        assert set(labels.values()) == {25}
        assert len(labels) == 8


def test_what_is_reported_shares_no_passage_with_what_is_tuned_on():
    guids = {row["guid"] for row in rows("answers_klue")}
    for name in ("klue", "hard_klue", "fresh_klue", "fresh2_klue", "more_klue"):
        assert guids.isdisjoint(row["guid"] for row in rows(name))


def test_the_notes_still_say_what_is_quoted():
    for row in rows("notes"):
        text = (ROOT / "notes" / row["source"]).read_text(encoding="utf-8")
        assert all(quote in text for quote in row["evidence"]), row["id"]


@pytest.fixture
def support_check(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    import support_check

    return support_check


def verdicts(support_check, cases):
    return [(c, support_check.check(c.sentence, c.passage, context=c.context)) for c in cases]


def test_the_check_holds_on_the_notes(support_check):
    figures = support_check.figures(verdicts(support_check, support_check.note_cases(ROOT / "notes")))
    assert figures["precision"] >= 0.9
    assert figures["recall"] >= 0.75


def test_the_check_holds_on_what_was_written_for_it(support_check):
    found = verdicts(support_check, support_check.written_cases())
    supported = Counter(case.label for case, verdict in found if verdict.support == "supported")
    assert supported["altered"] <= 2
    assert supported["faithful"] >= 21


def test_the_check_holds_on_the_hard_sentences(support_check):
    figures = support_check.figures(verdicts(support_check, support_check.written_cases("hard_written")))
    assert figures["precision"] >= 0.8
    assert figures["recall"] >= 0.55


@pytest.mark.parametrize("name", ["fresh_notes", "fresh2_notes"])
def test_the_fresh_sentences_are_still_where_they_were(support_check, name):
    cases = list(support_check.note_cases(ROOT / "notes", name))
    assert len(cases) == len(rows(name))
    assert Counter(case.label for case in cases) == dict.fromkeys(LABELS, 30)


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    # Worked examples of Wilson's interval: Newcombe 1998, Statistics in Medicine 17, table I.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(support_check, right, n, low, high):
    assert support_check.interval(right, n) == pytest.approx((low, high), abs=5e-5)


def test_the_notes_still_hold_the_answers_that_were_read():
    for line in (ROOT / "benchmarks" / "answers" / "notes.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = (ROOT / "notes" / row["evidence"]["source"]).read_text(encoding="utf-8")
        assert row["evidence"]["text"] in text, row["id"]
