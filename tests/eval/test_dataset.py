import json
from pathlib import Path

import pytest

from eval.dataset import BadRow, Dataset, EvalQuestion, golds_are_spans, leave_out, row_question, select
from eval.loading import load
from rag.errors import BadDataset


def write(path: Path, *rows: object) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


GOOD = {"id": "a", "question": "무엇?", "answers": ["답"], "is_impossible": False, "evidence": [{"text": "답이다"}]}


def test_our_rows_with_their_slices(tmp_path: Path) -> None:
    row = {**GOOD, "lang": "ko", "type": "why", "week": 3, "tags": ["x"]}
    found = load(write(tmp_path / "set.jsonl", row, {"id": "b", "question": "What?", "is_impossible": True}))
    assert found.name == "set"
    first, second = found.questions
    assert first.slices == {"language": "ko", "answerable": "yes", "question type": "why", "week": "3"}
    assert first.evidence[0].text == "답이다"
    assert not first.evidence[0].whole
    assert (second.is_impossible, second.answers) == (True, ())
    assert second.slices == {"language": "en", "answerable": "no"}


def test_bad_rows_are_listed_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    lines = [
        json.dumps(GOOD).encode(),
        b"not json",
        "\ufeff".encode() + b'{"question": "??"}',
        b'{"question": "\xff\xfe"}',
        b"[1]",
        b'{"question": "what", "answers": "text"}',
        b'{"question": "what", "is_impossible": "no"}',
        b'{"question": "what", "evidence": [{"source": "a"}]}',
        b'{"question": "what"}',
        json.dumps(GOOD).encode(),
        b'{"question": "what", "answers": ["x"], "status": "draft"}',
        b"",
    ]
    path.write_bytes(b"\n".join(lines))
    found = load(str(path))
    assert [question.id for question in found.questions] == ["a"]
    assert len(found.bad_rows) == 10
    reasons = " ".join(row.reason for row in found.bad_rows)
    for words in ("not JSON", "missing or empty", "not UTF-8", "object", "answers", "is_impossible", "evidence",
                  "nothing to score", "came before", "status"):  # fmt: skip
        assert words in reasons
    assert all(row.where for row in found.bad_rows)


def test_plausible_answers_of_an_unanswerable_question_are_no_gold() -> None:
    found = row_question({"question": "what", "is_impossible": True, "answers": ["plausible"]}, "line 1")
    assert isinstance(found, EvalQuestion)
    assert found.answers == ()


def test_a_row_without_an_id_is_named_after_its_line() -> None:
    found = row_question({"question": "what", "answers": ["x"]}, "line 7")
    assert isinstance(found, EvalQuestion)
    assert found.id == "line-7"
    assert isinstance(row_question(3, "line 8"), BadRow)


@pytest.mark.parametrize("name", ["missing.jsonl", "nowhere"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadDataset, match=name):
        load(str(tmp_path / name))


def test_nothing_usable_is_an_error_that_shows_the_first_reason(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(BadDataset, match=r"no usable question.*line 1"):
        load(str(path))
    (tmp_path / "set.txt").write_text("x", encoding="utf-8")
    with pytest.raises(BadDataset, match=r"\.txt"):
        load(str(tmp_path / "set.txt"))


def klue_row(number: int, **fields: object) -> dict[str, object]:
    return {
        "guid": f"g{number}", "title": "제목", "context": f"문맥 {number // 2}이다.", "news_category": None,
        "source": "wikipedia", "question": f"질문 {number}?", "question_type": 1, "is_impossible": False,
        "answers": {"text": ["문맥"], "answer_start": [0]}, **fields,
    }  # fmt: skip


def test_klue_in_three_shapes_is_one_data_set(tmp_path: Path) -> None:
    rows = [klue_row(0), klue_row(1), klue_row(2, is_impossible=True)]
    lines = load(write(tmp_path / "klue.jsonl", *rows))
    release = {"data": [
        {"title": "제목", "source": "wikipedia", "news_category": None, "paragraphs": [{
            "context": row["context"],
            "qas": [{"guid": row["guid"], "question": row["question"], "question_type": 1,
                     "is_impossible": row["is_impossible"], "answers": [{"text": "문맥", "answer_start": 0}]}],
        }]} for row in rows
    ]}  # fmt: skip
    (tmp_path / "klue.json").write_text(json.dumps(release), encoding="utf-8")
    tree = load(str(tmp_path / "klue.json"))
    assert lines.kind == tree.kind == "klue"
    assert lines.style == "short"
    assert [q.answers for q in lines.questions] == [("문맥",), ("문맥",), ()]
    assert lines.questions[0].evidence[0].doc_id == lines.questions[1].evidence[0].doc_id
    assert lines.questions[0].evidence[0].whole
    assert lines.questions[0].slices["source"] == "wikipedia"
    assert [(q.id, q.question, q.answers, q.is_impossible) for q in lines.questions] == [
        (q.id, q.question, q.answers, q.is_impossible) for q in tree.questions
    ]


def test_korquad_and_squad(tmp_path: Path) -> None:
    tree = {"data": [{"title": "한글", "paragraphs": [{"context": "한글은 1443년에.", "qas": [
        {"id": "1", "question": "언제?", "answers": [{"text": "1443년", "answer_start": 4}] * 2},
        {"id": "2", "question": "왜?", "answers": [], "is_impossible": True, "plausible_answers": []},
        {"id": "3", "question": "누가?", "answers": []},
        {"id": "4", "answers": []},
    ]}, {"qas": [{"id": "5", "question": "어디?", "answers": []}]}]}]}  # fmt: skip
    (tmp_path / "korquad.json").write_text(json.dumps(tree), encoding="utf-8")
    found = load(str(tmp_path / "korquad.json"))
    assert (found.kind, found.style) == ("squad", "short")
    assert [(q.id, q.answers, q.is_impossible) for q in found.questions] == [("1", ("1443년",), False), ("2", (), True)]
    assert found.questions[0].evidence[0].whole
    assert [row.where for row in found.bad_rows] == ["3", "4", "5"]


@pytest.mark.parametrize("text", ["[]", "{}", "nonsense", '{"data": 3}'])
def test_json_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadDataset, match=r"x\.json"):
        load(str(tmp_path / "x.json"))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv(tmp_path: Path, separator: str) -> None:
    rows = [
        ["id", "question", "answers", "is_impossible", "evidence", "week"],
        ["a", '"무엇, 왜?"', '"[""하나"", ""둘""]"', "", "근거", "1"],
        ["b", "what", "[not json", "false", "", "1"],
        ["c", "what", "", "TRUE", "", "2"],
        ["d", "what", "", "perhaps", "", "2"],
        ["e", "what", "x", "", "", "2", "too many"],
        ["f", '"two\nlines"', "x", "", "", "2"],
    ]
    path = tmp_path / "set.csv"
    path.write_text("\ufeff" + "\r\n".join(separator.join(row) for row in rows), encoding="utf-8", newline="")
    found = load(str(path))
    assert [(q.id, q.answers, q.is_impossible) for q in found.questions] == [
        ("a", ("하나", "둘"), False), ("b", ("[not json",), False), ("c", (), True), ("f", ("x",), False),
    ]  # fmt: skip
    assert found.questions[0].evidence[0].text == "근거"
    assert found.questions[0].slices["week"] == "1"
    assert len(found.bad_rows) == 2


def test_csv_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_bytes("question,answers\n질문,답".encode("cp949"))
    with pytest.raises(BadDataset, match="UTF-8"):
        load(str(path))
    path.write_text("frage,antwort\n", encoding="utf-8")
    with pytest.raises(BadDataset, match="frage"):
        load(str(path))


def many(n: int = 100) -> Dataset:
    return Dataset("many", "jsonl", tuple(EvalQuestion(f"q{i}", f"질문 {i}", ("답",)) for i in range(n)))


def test_selection_is_seeded_and_in_order() -> None:
    dataset = many()
    some = select(dataset, sample=10, seed=1)
    assert [q.id for q in some.questions] == [q.id for q in dataset.questions if q in some.questions]
    assert some == select(dataset, sample=10, seed=1)
    assert some != select(dataset, sample=10, seed=2)
    assert len(select(dataset, sample=10, limit=3).questions) == 3
    assert select(dataset, sample=1000) == dataset
    assert select(dataset, limit=0).questions == ()


def test_leave_out_takes_a_seeded_share_and_remembers() -> None:
    dataset = many()
    documents = {f"q{i}": (f"d{i}",) for i in range(80)}
    found = leave_out(dataset, 0.5, documents, seed=3)
    taken = [q for q in found.questions if q.left_out]
    assert len(taken) == 40  # half of those whose documents are known
    for question in taken:
        assert question.is_impossible
        assert question.answers == ()
        assert question.removed_answers == ("답",)
        assert question.left_out == documents[question.id]
        assert question.slices["answerable"] == "left out"
    assert dataset.questions[0].left_out == ()  # the input stays as it was
    assert {q.id for q in leave_out(select(dataset, limit=20), 0.5, documents, seed=3).questions if q.left_out}
    assert leave_out(dataset, 0.0, documents).questions == dataset.questions


def test_digest_is_of_the_questions_not_of_the_file(tmp_path: Path) -> None:
    row = {**GOOD, "evidence": [{"text": "답이다", "source": None, "doc_id": None}]}
    one = load(write(tmp_path / "one.jsonl", GOOD))
    two = load(write(tmp_path / "two.jsonl", "bad row", dict(reversed(row.items()))))
    assert one.digest == two.digest
    assert one.digest != load(write(tmp_path / "three.jsonl", {**GOOD, "answers": ["딴 답"]})).digest


def test_short_answers_are_asked_for_where_golds_are_spans() -> None:
    spans = [EvalQuestion(str(i), "?", ("세 단어 정답",)) for i in range(9)]
    assert golds_are_spans(spans)
    sentences = [EvalQuestion("s", "?", ("이것은 여섯 단어보다 훨씬 더 긴 문장으로 된 정답이다.",))] * 4
    assert not golds_are_spans([*spans, *sentences])
    assert not golds_are_spans([])
