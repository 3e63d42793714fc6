from __future__ import annotations

import contextlib
import http.client
import json
import logging
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.cli import main
from api.commands.serve import InWords, listen
from api.terminal import Terminal
from rag.errors import AddressTaken
from rag.settings import load


@contextlib.contextmanager
def serving(tmp_path, *flags: str):
    script = Path(__file__).parent / "server_process.py"
    command = [sys.executable, str(script), "--language", "en", "serve", "--port", "0", *flags]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = process.stderr.readline()
        port = re.search(r"http://127\.0\.0\.1:(\d+)", said)
        assert port, said + process.stderr.read()
        yield process, int(port[1])
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def _asking(port: int, question: str):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        body = json.dumps({"question": question, "stream": True})
        connection.request("POST", "/v1/ask", body, {"Content-Type": "application/json"})
        with connection.getresponse() as response:
            assert response.readline() == b"event: passages\n"
            yield response


def test_sigterm_lets_a_running_answer_finish_and_exits_0(tmp_path):
    with serving(tmp_path) as (process, port), _asking(port, "LoRA는 무엇을 학습하나요?") as response:
        process.send_signal(signal.SIGTERM)
        assert "event: done" in response.read().decode()
        assert process.wait(20) == 0


def test_the_time_to_stop_is_bounded(tmp_path):
    with (
        serving(tmp_path, "--set", "server.shutdown_s=1") as (process, port),
        _asking(port, "막아 주세요") as response,
    ):
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert '"code":"shutting_down"' in response.read().decode()
        assert process.wait(20) == 0
        assert time.monotonic() - began < 8


def test_ctrl_c_is_130(tmp_path):
    with serving(tmp_path) as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_a_taken_port_says_what_to_do(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--language", "en", "serve", "--port", str(port)]) == 4
    assert f"--port {port + 1}" in capsys.readouterr().err


def test_an_address_of_another_machine(monkeypatch):
    server = load({"server.host": "203.0.113.9", "server.port": 8000}, environ={}).settings.server
    with pytest.raises(AddressTaken, match="not an address of this machine"):
        listen(server)


def test_beyond_loopback_without_a_key_is_4(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["--language", "en", "serve", "--host", "0.0.0.0", "--port", "0"]) == 4
    assert "api_keys" in capsys.readouterr().err


def test_a_warning_is_a_note_in_the_language_spoken():
    def told(language, level, message):
        record = logging.LogRecord("api.service", level, "", 0, message, None, None)
        return InWords(Terminal(language)).format(record)

    known = "Not ready: There is no index in data. Run `ask-notes ingest FOLDER` first."
    assert told("en", logging.WARNING, known) == f"Note: {known}"
    assert told("ko", logging.WARNING, known).startswith("알림: 아직 준비되지 않았습니다: data 폴더에 색인이 없습니다.")
    assert told("ko", logging.ERROR, "Boom") == "ERROR: Boom"
