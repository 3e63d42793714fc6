import json

import pytest

from ingest import klue
from ingest.klue import load_klue
from rag import models
from rag.errors import BadNotes, NotReady

PASSAGE = "세종대왕은 1443년에 한글을 창제했다. 😀 한글은 1446년에 반포되었다."
OTHER = "LSTM은 1997년에 제안되었다."


def row(guid, question, answers, *, context=PASSAGE, impossible=False, **more):
    return {
        "guid": guid,
        "title": "한글",
        "context": context,
        "question": question,
        "answers": [{"text": text, "answer_start": context.index(text)} for text in answers],
        "is_impossible": impossible,
        "question_type": 1,
        "news_category": None,
        "source": "wikipedia",
        **more,
    }


ROWS = [
    row("g1", "한글은 언제 창제되었나?", ["1443년", "1443년에"]),
    row("g2", "한글은 언제 반포되었나?", ["1446년"]),
    # Some copies carry plausible answers among the answers of a question without one.
    row("g3", "한글은 어디에서 반포되었나?", ["1446년"], impossible=True, question_type=3),
    row("g4", "LSTM은 언제 제안되었나?", ["1997년"], context=OTHER, title="LSTM", source="paper", news_category="과학"),
]


def as_columns(answers):
    return {key: [answer[key] for answer in answers] for key in ("text", "answer_start")}


def as_jsonl(folder):
    file = folder / "rows.jsonl"
    file.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in ROWS), encoding="utf-8")
    return file


def as_columns_jsonl(folder):
    file = folder / "columns.jsonl"
    rows = [one | {"answers": as_columns(one["answers"])} for one in ROWS]
    file.write_text("\n".join(json.dumps(one) for one in rows), encoding="utf-8")
    return file


def as_release(folder):
    file = folder / "release.json"
    articles = {}
    for one in ROWS:
        article = {key: one[key] for key in ("title", "news_category", "source")} | {"paragraphs": []}
        article = articles.setdefault(one["title"], article)
        question = {key: one[key] for key in ("guid", "question", "answers", "is_impossible", "question_type")}
        if one["is_impossible"]:
            question |= {"answers": [], "plausible_answers": one["answers"]}
        for paragraph in article["paragraphs"]:
            if paragraph["context"] == one["context"]:
                paragraph["qas"].append(question)
                break
        else:
            article["paragraphs"].append({"context": one["context"], "qas": [question]})
    content = {"version": "klue-mrc-v1.1", "data": list(articles.values())}
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return file


def as_list(folder):
    file = folder / "list.json"
    file.write_text(json.dumps(ROWS), encoding="utf-8")
    return file


def as_parquet(folder):
    from datasets import Dataset, Features, Sequence, Value

    text, number = Value("string"), Value("int32")
    features = Features(
        {
            **dict.fromkeys(("guid", "title", "context", "question", "news_category", "source"), text),
            "is_impossible": Value("bool"),
            "question_type": number,
            "answers": Sequence({"answer_start": number, "text": text}),
        }
    )
    file = folder / "train-00000.parquet"
    rows = [one | {"news_category": one["news_category"] or ""} for one in ROWS]
    rows = [one | {"answers": as_columns(one["answers"])} for one in rows]
    Dataset.from_list(rows, features=features).to_parquet(file)
    return file


def as_arrow_lists(folder):
    """Parquet whose answers are a list of records, as pyarrow writes them by itself."""
    import pyarrow
    from pyarrow import parquet

    file = folder / "lists.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), file)
    return file


FORMATS = [as_jsonl, as_columns_jsonl, as_release, as_list, as_parquet, as_arrow_lists]


@pytest.fixture(scope="module", params=FORMATS, ids=lambda make: make.__name__)
def data(request, tmp_path_factory):
    return load_klue(str(request.param(tmp_path_factory.mktemp("klue"))))


def test_a_passage_that_questions_share_is_one_document(data):
    assert [document.text for document in data.documents] == [PASSAGE, OTHER]
    assert data.failures == []
    first, second = (document.doc_id for document in data.documents)
    assert [question.doc_id for question in data.questions] == [first, first, first, second]


def test_questions_with_their_answers(data):
    assert [question.guid for question in data.questions] == ["g1", "g2", "g3", "g4"]
    assert [question.answers for question in data.questions] == [("1443년", "1443년에"), ("1446년",), (), ("1997년",)]
    texts = {document.doc_id: document.text for document in data.documents}
    for question in data.questions:
        for answer, start in zip(question.answers, question.answer_starts, strict=True):
            assert texts[question.doc_id][start : start + len(answer)] == answer
    assert [question.question_type for question in data.questions] == [1, 1, 3, 1]


def test_plausible_answers_are_no_answers(data):
    impossible = data.questions[2]
    assert (impossible.is_impossible, impossible.answers, impossible.answer_starts) == (True, (), ())
    assert [question.is_impossible for question in data.questions] == [False, False, True, False]


def test_documents_keep_their_title_apart(data):
    assert [document.title for document in data.documents] == ["한글", "LSTM"]
    assert [document.source for document in data.documents] == ["g1", "g4"]
    first, second = (document.metadata for document in data.documents)
    assert first == {"origin": "klue", "format": "passage", "language": "ko", "source": "wikipedia"}
    assert second["news_category"] == "과학"


def test_ids_are_the_same_wherever_the_rows_come_from(data):
    from ingest.notes import document_id

    assert [document.doc_id for document in data.documents] == [
        document_id("klue-mrc", PASSAGE), document_id("klue-mrc", OTHER),
    ]  # fmt: skip


def test_a_folder_of_files(tmp_path):
    for number, name in enumerate(("b.jsonl", "a.jsonl")):
        (tmp_path / name).write_text(json.dumps(ROWS[3 - number * 3]), encoding="utf-8")
    data = load_klue(str(tmp_path))
    assert [question.guid for question in data.questions] == ["g1", "g4"]


def test_a_folder_of_parquet(tmp_path):
    (tmp_path / "mrc").mkdir()
    as_parquet(tmp_path / "mrc")
    (tmp_path / "README.md").write_text("# card")
    assert len(load_klue(str(tmp_path)).questions) == 4


def test_reading_leaves_the_folder_as_it_was(tmp_path):
    as_parquet(tmp_path)
    load_klue(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["train-00000.parquet"]


BAD_LINES = {
    "not json": "{",
    "not an object": "[1, 2]",
    "cp949": '{"guid": "한글"}'.encode("cp949"),
    "no context": json.dumps({"guid": "x", "question": "?"}),
    "context is no text": json.dumps(ROWS[0] | {"context": 3}),
    "empty context": json.dumps(ROWS[0] | {"context": "  "}),
    "a NUL in the context": json.dumps(ROWS[0] | {"context": "앞\0뒤"}),
    "title is no text": json.dumps(ROWS[0] | {"title": 3}),
    "answers are no list": json.dumps(ROWS[0] | {"answers": "1443년"}),
    "an answer without a place": json.dumps(ROWS[0] | {"answers": [{"text": "1443년"}]}),
    "an answer without a text": json.dumps(ROWS[0] | {"answers": [{"text": None, "answer_start": 3}]}),
    "columns of unequal length": json.dumps(ROWS[0] | {"answers": {"text": ["a"], "answer_start": []}}),
    "half a character": '{"guid": "x", "question": "?", "context": "\\ud83d text", "answers": []}',
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_costs_that_line_only(tmp_path, name):
    bad = BAD_LINES[name]
    good = [json.dumps(one).encode() for one in ROWS]
    lines = [good[0], bad if isinstance(bad, bytes) else bad.encode(), good[3]]
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join(lines) + b"\n\n")
    data = load_klue(str(tmp_path / "rows.jsonl"))
    assert [question.guid for question in data.questions] == ["g1", "g4"]
    (failure,) = data.failures
    assert "2" in failure.source
    assert failure.error.startswith(("not a JSON line", "not a KLUE-MRC row"))


def test_places_are_those_of_the_text_that_is_kept(tmp_path):
    """Line ends and decomposed syllables shorten the text: the places of the answers move along."""
    import unicodedata

    context = "첫 줄\r\n" + unicodedata.normalize("NFD", "한글은 ") + "1446년에 반포되었다."
    one = row("g", "언제?", ["1446년"], context=context)
    (tmp_path / "rows.jsonl").write_text(json.dumps(one), encoding="utf-8")
    data = load_klue(str(tmp_path / "rows.jsonl"))
    (text,) = (document.text for document in data.documents)
    (question,) = data.questions
    assert text == "첫 줄\n한글은 1446년에 반포되었다."
    assert text[question.answer_starts[0] :].startswith("1446년")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.json", "{", "x.json is not JSON"),
        ("x.json", '{"rows": []}', 'no list "data"'),
        ("x.json", "3", 'no list "data"'),
        ("x.json", '{"data": []}', "holds no KLUE-MRC row"),
        ("x.json", '{"data": [{"title": "t", "paragraphs": null}]}', "holds no KLUE-MRC row"),
        ("x.json", '{"data": [{"paragraphs": [{"context": "c", "qas": null}]}]}', "holds no KLUE-MRC row"),
        ("x.json", '{"data": ["text"]}', "holds no KLUE-MRC row"),
        ("x.json", "[1, 2]", "holds no KLUE-MRC row"),
        ("x.jsonl", "", "holds no KLUE-MRC row"),
        ("x.csv", "a,b", "x.csv is no KLUE-MRC file"),
        ("x.parquet", "no parquet", "x.parquet cannot be read as parquet"),
    ],
)
def test_files_that_are_something_else(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(BadNotes, match=said):
        load_klue(str(tmp_path / name))


def test_what_is_not_there(tmp_path):
    with pytest.raises(BadNotes, match="train, validation, a folder"):
        load_klue(str(tmp_path / "none.jsonl"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadNotes, match=r"holds no \.parquet, \.json or \.jsonl"):
        load_klue(str(tmp_path / "empty"))


def test_the_hub_out_of_reach(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(klue, "hub_reachable", lambda: False)
    with pytest.raises(NotReady, match=r"klue/klue \(mrc, train\).*--klue-mrc FILE"):
        load_klue("train")


def test_a_folder_named_like_a_split_is_a_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(models, "hub_reachable", lambda: pytest.fail("there is a folder"))
    (tmp_path / "train").mkdir()
    as_jsonl(tmp_path / "train")
    assert len(load_klue("train").questions) == 4


def test_rows_of_the_hub(monkeypatch, tmp_path):
    """What `datasets` hands over for klue/klue: columns of answers, rows as mappings."""
    import datasets

    monkeypatch.chdir(tmp_path)
    asked = []

    def load_dataset(*args, **kwargs):
        asked.append((args, kwargs))
        return [one | {"answers": as_columns(one["answers"])} for one in ROWS]

    monkeypatch.setattr(klue, "hub_reachable", lambda: True)
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    data = load_klue("validation")
    assert asked == [(("klue/klue", "mrc"), {"split": "validation"})]
    assert [question.guid for question in data.questions] == ["g1", "g2", "g3", "g4"]
