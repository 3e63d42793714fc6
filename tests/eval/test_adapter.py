from __future__ import annotations

import json

import pytest
import torch
from langchain_core.messages import HumanMessage, SystemMessage
from transformers import AutoModelForCausalLM, AutoTokenizer

from eval.adapter import example_ids, main, train
from eval.examples import Example, from_feedback, from_run
from rag.errors import BadDataset
from rag.generation.qwen import LocalQwen
from rag.types import Chunk, Passage
from tests.rag.conftest import tiny_qwen_folder

__all__ = ["tiny_qwen_folder"]  # a fixture of the generators' tests


def words(text):
    return len(text.split())


def passage(text, rank=1):
    return Passage(Chunk(f"c{rank}", "d", 0, len(text), text, "", 1), rank, 1.0, 0, len(text), text)


@pytest.fixture
def run_folder(tmp_path):
    """Writes a run: `run_folder(rows)`, a row is (question, golds, is_impossible, chunk ids)."""
    texts = {"c1": "어텐션은 가중합을 계산한다.", "c2": "BERT는\n인코더만 쓴다.", "c3": "고양이는 잔다."}

    def make(rows, style="short", k=2):
        folder = tmp_path / "run"
        folder.mkdir()
        frame = {"asked": {"style": style}, "settings": {"retrieval": {"k": k}}}
        (folder / "run.json").write_text(json.dumps(frame))
        common = {
            "answer": "", "prediction": "", "abstained": False, "citations": [], "scores": {}, "unscored": {},
            "failure": None, "timings_ms": {},
        }  # fmt: skip
        results = [
            {"id": str(n), "question": q, "answers": golds, "is_impossible": impossible, **common}
            | {"passages": [{"rank": r, "doc_id": "d", "chunk_id": c, "score": 1.0} for r, c in enumerate(chunks, 1)]}
            for n, (q, golds, impossible, chunks) in enumerate(rows)
        ]
        (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in results))
        (folder / "questions.jsonl").write_text("".join(json.dumps({"id": row["id"]}) + "\n" for row in results))
        held = [
            {"chunk_id": c, "doc_id": "d", "source": "s", "title": "t", "heading": "h", "start": 0, "end": len(t)}
            | {"text": t}
            for c, t in texts.items()
        ]
        (folder / "passages.jsonl").write_text("".join(json.dumps(row) + "\n" for row in held))
        return folder

    return make


def test_the_answer_is_the_gold_one_with_the_passage_that_holds_it(run_folder):
    rows = [("무엇을 계산하나?", ["가중합"], False, ["c3", "c1"]), ("BERT는?", ["bert는 인코더만"], False, ["c2"])]
    found = from_run(run_folder(rows), count_tokens=words, max_prompt_tokens=900)
    assert [example.answer for example in found.usable] == ["가중합 [2]", "bert는 인코더만 [1]"]
    assert "[2] h\n어텐션은 가중합을 계산한다." in found.usable[0].messages[-1].content
    assert isinstance(found.usable[0].messages[0], SystemMessage)


def test_sentences_carry_their_marker_before_the_full_stop(run_folder):
    folder = run_folder([("무엇을?", ["어텐션은 가중합을 계산한다."], False, ["c1"])], style="sentence")
    (example,) = from_run(folder, count_tokens=words, max_prompt_tokens=900).usable
    assert example.answer == "어텐션은 가중합을 계산한다 [1]."


def test_the_unanswerable_is_refused_in_its_language(run_folder):
    rows = [("무엇을?", [], True, ["c3"]), ("What?", [], True, ["c3"])]
    found = from_run(run_folder(rows), count_tokens=words, max_prompt_tokens=900)
    assert [example.answer for example in found.usable] == ["노트에 답이 없습니다.", "The notes don't say."]
    # The words are those that the model is told to use.
    assert all(example.answer in example.messages[0].content for example in found.usable)


def test_what_would_teach_to_invent_is_left_out(run_folder):
    rows = [
        ("무엇을?", ["가중합"], False, ["c3", "c2", "c1"]),  # found third, and two are read
        ("무엇을?", [], False, ["c1"]),
        ("무엇을?", ["가중합"], False, []),
        ("무엇을?", ["가중합"], False, ["c1"]),
    ]
    found = from_run(run_folder(rows), count_tokens=words, max_prompt_tokens=900)
    assert len(found.usable) == 1
    assert sorted(found.left_out.values()) == [1, 1, 1]
    assert "no gold answer" in found.left_out


@pytest.mark.parametrize("rows", [[], [("무엇을?", [], False, ["c1"])]], ids=["empty", "no golds"])
def test_a_run_without_anything_to_learn_says_why(run_folder, rows):
    with pytest.raises(BadDataset, match="nothing to learn from"):
        from_run(run_folder(rows), count_tokens=words, max_prompt_tokens=900)


def feedback(tmp_path, rows):
    file = tmp_path / "feedback.jsonl"
    file.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return file


def test_liked_answers_are_learnt_with_todays_passages(tmp_path):
    row = {
        "at": "2026",
        "question": "무엇을 계산하나?",
        "answer": "가중합을 계산한다 [1].",
        "verdict": "up",
        "why": None,
    }
    rows = [row, row | {"verdict": "down"}, row | {"answer": "가중합 [4]."}, "{torn"]
    found = from_feedback(
        feedback(tmp_path, rows),
        search=lambda question: [passage(f"어텐션은 가중합을 계산한다. {question}")],
        count_tokens=words,
        max_prompt_tokens=900,
    )
    (example,) = found.usable
    assert example.answer == "가중합을 계산한다 [1]."
    assert "어텐션은 가중합을 계산한다. 무엇을 계산하나?" in example.messages[-1].content
    assert sorted(found.left_out.values()) == [1, 1, 1]


def test_feedback_that_nobody_liked_or_nobody_gave_is_refused(tmp_path):
    options = {"search": lambda question: [passage("x")], "count_tokens": words, "max_prompt_tokens": 900}
    with pytest.raises(BadDataset, match="nothing to learn from"):
        from_feedback(feedback(tmp_path, []), **options)
    with pytest.raises(BadDataset, match="No feedback"):
        from_feedback(tmp_path / "none.jsonl", **options)


EXAMPLES = [
    Example([SystemMessage("한국어로 답하세요."), HumanMessage(f"어텐션 {n}?")], "가중합 [1]") for n in range(4)
]


def test_prompt_and_answer_are_those_of_the_generator(tiny_qwen_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_qwen_folder)
    prompt, answer = example_ids(tokenizer, EXAMPLES[0])
    assert prompt == LocalQwen.load(tiny_qwen_folder)._prompt_ids(EXAMPLES[0].messages)
    assert tokenizer.decode(answer) == "가중합 [1]<|im_end|>"


def test_the_loss_is_that_of_the_answers_tokens_alone(tiny_qwen_folder, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(tiny_qwen_folder)
    prompt, answer = example_ids(tokenizer, EXAMPLES[0])
    model = AutoModelForCausalLM.from_pretrained(tiny_qwen_folder, dtype=torch.float32)
    labels = torch.tensor([[-100] * len(prompt) + answer])
    with torch.inference_mode():
        expected = float(model(input_ids=torch.tensor([[*prompt, *answer]]), labels=labels).loss)
    # A new adapter changes nothing yet: the first step's loss is the model's own.
    (loss,) = train(model, tokenizer, EXAMPLES[:1], base="x", out=tmp_path / "adapter", steps=1, batch=1)
    assert loss == pytest.approx(expected, rel=1e-5)


def test_training_lowers_the_loss_and_the_generator_takes_the_adapter(tiny_qwen_folder, tmp_path):
    def once(out):
        model = AutoModelForCausalLM.from_pretrained(tiny_qwen_folder, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(tiny_qwen_folder)
        return train(model, tokenizer, EXAMPLES, base="tiny/qwen", out=out, steps=12, batch=2, rate=2e-2)

    losses = once(tmp_path / "adapter")
    assert losses[-1] < 0.7 * losses[0]
    assert once(tmp_path / "again") == losses

    def answer(adapter):
        model = LocalQwen.load(tiny_qwen_folder, name="tiny/qwen", dtype="float32", adapter=adapter)
        return model.invoke(EXAMPLES[0].messages, temperature=0, max_new_tokens=12).content

    assert answer(tmp_path / "adapter") != answer(None)


def test_the_command_says_what_is_wrong(tmp_path, monkeypatch, capsys, tiny_qwen_folder):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASK_NOTES_GENERATOR__PATH", str(tiny_qwen_folder))
    assert main([str(tmp_path), "--out", str(tmp_path / "out")]) == 3
    assert "holds no run" in capsys.readouterr().err
    assert main([str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 3
    monkeypatch.setenv("ASK_NOTES_GENERATOR__PATH", str(tmp_path))
    assert main([str(tmp_path), "--out", str(tmp_path / "out")]) == 5
