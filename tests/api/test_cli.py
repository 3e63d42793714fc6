from __future__ import annotations

import io
import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

from api.cli import EXIT_CODES, main
from api.settings_ko import DESCRIPTIONS
from rag import errors
from rag.settings import load
from tests.api.fake_pipeline import FakePipeline

ROOT = Path(__file__).parents[2]
COMMANDS = """ask chat search ingest status settings tokens eval compare map make-questions serve""".split()


@pytest.fixture
def wired(monkeypatch, tmp_path):
    """The fake pipeline behind `rag.wiring`, or an error; settings as if nothing were configured."""
    opened = []

    def wire(pipeline):
        def open_pipeline(settings, **options):
            opened.append((settings, options))
            if isinstance(pipeline, Exception):
                raise pipeline
            return pipeline

        wiring = types.ModuleType("rag.wiring")
        wiring.open_pipeline = open_pipeline
        monkeypatch.setitem(sys.modules, "rag.wiring", wiring)
        return opened

    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return wire


def test_help_imports_nothing_heavy():
    heavy = "torch transformers faiss kiwipiepy fastapi starlette uvicorn pydantic langchain_core numpy tqdm"
    script = (
        "import sys\n"
        "from api.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    code = end.code\n"
        f"print(code, [name for name in {heavy.split()!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == "0 []"
    assert all(f"    {command} " in done.stdout for command in COMMANDS)


def test_nothing_happens_at_import():
    script = "import api.app, api.cli, api.commands.serve, os; print(os.listdir())"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "tests" / "api", capture_output=True, text=True, timeout=60,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    assert done.stderr == ""
    assert "data" not in done.stdout


def test_ask_streams_and_cites(wired, capsys):
    wired(FakePipeline())
    assert main(["ask", "LoRA는 무엇을 학습하나요?"]) == 0
    shown = capsys.readouterr()
    answer, _, grounds = shown.out.partition("\n\n")
    assert "[1]" in answer
    assert "[1] 09-lora.md › 1. 왜 LoRA인가 (34–74)" in grounds
    assert "    “LoRA는 원래 가중치를 얼려 두고 작은 저랭크 행렬 두 개만 학습한다.”" in grounds
    assert "\x1b" not in shown.out
    assert shown.err == ""


def test_ask_as_one_json_document(wired, capsys):
    opened = wired(FakePipeline(fallbacks=("The hub is out of reach.",)))
    assert main(["ask", "LoRA", "-k", "2", "--json", "--set", "retrieval.k=7", "--data-dir", "here"]) == 0
    shown = capsys.readouterr()
    body = json.loads(shown.out)
    assert body["citations"]
    assert len(body["passages"]) == 2
    assert shown.err == "Note: The hub is out of reach.\n"
    settings = opened[0][0]
    assert (settings.retrieval.k, str(settings.data_dir)) == (7, "here")


def test_json_holds_even_when_something_prints(wired, capsys):
    class Chatty(FakePipeline):
        def search(self, *args, **options):
            sys.stdout.write("a library talks\n")
            return super().search(*args, **options)

    wired(Chatty())
    assert main(["search", "LoRA", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["passages"]
    assert "a library talks" in shown.err


def test_global_flags_stand_before_or_after(wired, capsys):
    opened = wired(FakePipeline())
    argv = ["--data-dir", "a", "--set", "retrieval.k=3", "--language", "ko", "search", "LoRA", "--set", "threads=2"]
    assert main(argv) == 0
    assert main(["search", "LoRA", "--data-dir", "b", "--models", "embedded"]) == 0
    first, second = opened[0][0], opened[1][0]
    assert (str(first.data_dir), first.retrieval.k, first.threads, first.language) == ("a", 3, 2, "ko")
    assert (str(second.data_dir), second.models) == ("b", "embedded")
    assert opened[0][1]["generate"] is False


def test_search_shows_where_and_what(wired, capsys):
    wired(FakePipeline())
    assert main(["search", "softmax 점수", "-k", "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("1. 05-attention.md › 2. Scaled dot-product (")


def test_notes_that_do_not_say(wired, capsys):
    wired(FakePipeline())
    assert main(["ask", "오늘 날씨는?", "--language", "ko"]) == 0
    out = capsys.readouterr().out
    assert "노트에는 이 질문의 답이 나오지 않아요." in out
    assert "노트에서 가장 가까운 부분" in out
    assert "3. " in out


def test_doubt_is_said(wired, capsys):
    wired(FakePipeline())
    assert main(["ask", "의심 LoRA"]) == 0
    out = capsys.readouterr().out
    assert "Sentences the notes do not clearly support" in out
    assert "(not supported)" in out
    assert "partly supported" in out


def test_a_question_without_quotes_is_one_question(wired, capsys):
    pipeline = FakePipeline()
    wired(pipeline)
    assert main(["ask", "LoRA는", "무엇을", "학습하나요?", "-k", "2"]) == 0
    assert pipeline.questions[-1].text == "LoRA는 무엇을 학습하나요?"
    assert main(["search", "LoRA", "행렬"]) == 0


@pytest.mark.parametrize("argv", [["ask", ""], ["ask", "  "], ["search", " \n"]])
def test_nothing_asked_loads_nothing(wired, capsys, argv):
    opened = wired(FakePipeline())
    assert main(argv) == 3
    assert opened == []
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("Error: The question is empty.")


def test_quotes_are_shown_without_markdown(wired, capsys):
    wired(FakePipeline())
    assert main(["search", "RNN", "고정", "길이", "-k", "1"]) == 0
    out = capsys.readouterr().out
    assert "고정 길이 벡터 하나에 눌러" in out
    assert "**" not in out


def test_what_fell_back_is_said_in_korean(wired, capsys):
    wired(FakePipeline(fallbacks=("X/y is not in the cache and the hub is out of reach.", "Something new.")))
    assert main(["--language", "ko", "ask", "LoRA"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told == ["알림: X/y 모델이 캐시에 없고 허브에도 연결할 수 없습니다.", "알림: Something new."]


def test_a_question_from_standard_input(wired, capsys, monkeypatch):
    pipeline = FakePipeline()
    wired(pipeline)
    monkeypatch.setattr("sys.stdin", io.StringIO("LoRA는?\n"))
    assert main(["ask", "-"]) == 0
    assert pipeline.questions[-1].text == "LoRA는?"


def test_a_conversation_remembers(wired, capsys, monkeypatch):
    pipeline = FakePipeline()
    wired(pipeline)
    asked = "LoRA는?\n\n고장 LoRA\n그럼 병합은?\n/new\n처음부터\n/what\n/exit\n안 읽힘\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(asked))
    assert main(["chat"]) == 0
    assert [question.text for question in pipeline.questions] == ["LoRA는?", "고장 LoRA", "그럼 병합은?", "처음부터"]
    history = pipeline.questions[2].history
    assert [turn.role for turn in history] == ["user", "assistant"]
    assert "[1]" not in history[1].content
    assert pipeline.questions[3].history == ()
    shown = capsys.readouterr()
    err = shown.err
    assert "\n> LoRA는?\n" in shown.out
    assert "The generator gave up" in err
    assert "/new" in err
    assert pipeline.closed


def test_the_end_of_input_ends_a_conversation(wired, monkeypatch, capsys):
    wired(FakePipeline())
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["chat"]) == 0


ERRORS = [cls for cls in EXIT_CODES if cls.__module__ == "rag.errors"]


@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.__name__)
def test_every_error_is_one_line_and_its_code(wired, capsys, cls):
    wired(cls("Found this.\nDo that."))
    assert main(["ask", "LoRA", "--json"]) == EXIT_CODES[cls]
    shown = capsys.readouterr()
    assert shown.out == ""
    if cls is not errors.Cancelled:
        assert shown.err == "Error: Found this. Do that.\n"
    assert main(["--language", "ko", "ask", "LoRA"]) == EXIT_CODES[cls]
    assert cls is errors.Cancelled or capsys.readouterr().err.startswith("오류: ")


def test_bad_questions_and_failures(wired, capsys):
    wired(FakePipeline())
    assert main(["ask", "?!"]) == 3
    assert main(["ask", "가" * 3000]) == 3
    assert main(["ask", "\udcff"]) == 3
    assert main(["ask", "고장 LoRA"]) == 6
    assert main(["ask", "터짐"]) == 1
    assert "Unexpected error: RuntimeError" in capsys.readouterr().err
    with pytest.raises(RuntimeError):
        main(["--debug", "ask", "터짐"])


def test_ctrl_c(wired, capsys):
    pipeline = FakePipeline()

    def interrupted(*_):
        raise KeyboardInterrupt

    pipeline.stream = interrupted
    wired(pipeline)
    assert main(["ask", "LoRA"]) == 130
    assert pipeline.closed


@pytest.mark.parametrize(
    "argv",
    [
        ["--set", "retrieval.kk=3"],
        ["--set", "retrieval.k=many"],
        ["--config", "none.toml"],
        ["--set", 'server.api_keys=["a'],
    ],
)
def test_bad_configuration_is_4(wired, capsys, argv):
    wired(FakePipeline())
    assert main([*argv, "ask", "LoRA"]) == 4
    assert capsys.readouterr().err.startswith("Error: ")


def test_settings_say_where_they_come_from(wired, capsys, tmp_path):
    Path("ask-notes.toml").write_text("[retrieval]\nk = 9\n", encoding="utf-8")
    assert main(["settings", "--json", "--set", 'server.api_keys=["hush"]']) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["settings"]}
    assert (rows["retrieval.k"]["value"], rows["retrieval.k"]["origin"]) == ("9", "ask-notes.toml")
    assert rows["server.api_keys"]["origin"] == "flag"
    assert "hush" not in json.dumps(rows)
    assert main(["settings"]) == 0
    out = capsys.readouterr().out
    assert "retrieval.k = 9  (ask-notes.toml)" in out
    assert "server.port = 8000  (default)" in out
    assert main(["settings", "--language", "ko"]) == 0
    out = capsys.readouterr().out
    assert "server.port = 8000  (기본값)\n    여는 포트." in out


def test_every_setting_has_its_korean():
    assert list(DESCRIPTIONS) == [row.name for row in load(environ={}).rows()]


def test_a_reader_that_leaves(wired):
    command = f"{sys.executable} -m api.cli settings | head -1"
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, shell=True, timeout=60)
    assert done.stdout.startswith("data_dir")
    assert done.stderr == ""
