import json
from pathlib import Path

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from eval.loading import load
from eval.questions import by_model, by_rule, make
from rag.errors import BadDataset
from rag.types import Document

NOTE = """# 2. 임베딩이란 무엇인가?

임베딩은 단어를 실수 벡터로 바꾼 표현이다. 이것은 정의가 아니라 예시이다.

- **OOV**: 어휘에 없어서 [UNK]가 되는 단어를 말함.

## 2.1 비교

| 방식 | 차원 | 학습 |
|---|---|---|
| word2vec | 300 | 예측 |
| `GloVe` | 50 | |

```python
코드는 질문이 아닌 것이다.
```

Dropout is a way to switch units off at random. It is a good idea.
"""


def document(text: str = NOTE, source: str = "note.md") -> Document:
    return Document("d", source, "note", text)


def test_rules_find_definitions_tables_and_questions() -> None:
    drafts = {draft.question: draft for draft in by_rule(document())}
    assert drafts["임베딩이란 무엇인가요?"].answers == ("단어를 실수 벡터로 바꾼 표현",)
    assert drafts["OOV(이)란 무엇인가요?"].quote.startswith("- **OOV**")
    assert drafts["What is Dropout?"].answers == ("a way to switch units off at random",)
    assert drafts["비교: word2vec의 차원은?"].answers == ("300",)
    assert drafts["비교: GloVe의 차원은?"].quote == "| `GloVe` | 50 | |"
    assert drafts["임베딩이란 무엇인가?"].quote == "임베딩은 단어를 실수 벡터로 바꾼 표현이다."
    assert not any("이것" in question or "코드" in question or "It" in question for question in drafts)
    assert not any(draft.answers == ("",) for draft in drafts.values())


def test_every_quote_stands_in_the_note() -> None:
    for draft in by_rule(document()):
        assert draft.quote in NOTE


def test_drafts_count_only_once_accepted_and_decisions_stay(tmp_path: Path) -> None:
    out = tmp_path / "drafts.jsonl"
    first = make([document()], out, per_document=4)
    assert (first.added, first.kept) == (4, 0)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert {row["status"] for row in rows} == {"draft"}
    assert len({row["type"] for row in rows}) == 3  # rules take turns
    rows[0] |= {"status": "accept", "question": "고친 질문?"}
    rows[1]["status"] = "reject"
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    again = make([document(), document("**새말**: 새로 나온 말의 뜻이다.", "b.md")], out, per_document=4)
    assert (again.added, again.kept) == (1, 4)
    dataset = load(str(out))
    assert [question.question for question in dataset.questions] == ["고친 질문?"]
    assert len(dataset.bad_rows) == 4
    assert "status is 'reject'" in dataset.bad_rows[0].reason


def test_the_same_notes_give_the_same_drafts(tmp_path: Path) -> None:
    for name in "ab":
        make([document()], tmp_path / name, per_document=3, seed=1)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_model_may_only_quote_the_note() -> None:
    rows = [
        {"question": "임베딩은?", "answer": "실수 벡터", "quote": "임베딩은 단어를  실수 벡터로 바꾼 표현이다."},
        {"question": "지어낸 것?", "answer": "예", "quote": "노트에 없는 문장을 인용한다."},
        {"question": "답이 없는 것?", "answer": "다른 말", "quote": "임베딩은 단어를 실수 벡터로 바꾼 표현이다."},
        {"question": "", "answer": "x", "quote": "y"},
        "text",
    ]
    replies = ["Here: " + json.dumps(rows, ensure_ascii=False), "nothing to ask", "[{broken}]"]
    for reply, kept in zip(replies, (1, 0, 0), strict=True):
        model = GenericFakeChatModel(messages=iter([AIMessage(reply)]))
        drafts = list(by_model(document(), model))
        assert [draft.question for draft in drafts] == ["임베딩은?"][:kept]


def test_a_model_is_asked_in_turn_with_the_rules(tmp_path: Path) -> None:
    reply = json.dumps(
        [{"question": "모델이 묻는다?", "answer": "실수 벡터", "quote": "임베딩은 단어를 실수 벡터로 바꾼 표현이다."}]
    )
    model = GenericFakeChatModel(messages=iter([AIMessage(reply)]))
    made = make([document()], tmp_path / "x.jsonl", per_document=4, model=model)
    assert made.added == 4
    assert "모델이 묻는다?" in (tmp_path / "x.jsonl").read_text(encoding="utf-8")


def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "drafts.jsonl"
    out.write_text("half a li", encoding="utf-8")
    with pytest.raises(BadDataset):
        make([document()], out)
    assert out.read_text(encoding="utf-8") == "half a li"
