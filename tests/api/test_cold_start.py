"""A question in a fresh process must not pay for libraries that it does not use."""

import json
import subprocess
import sys

import pytest

from tests.helpers import ROOT

pytest.importorskip("openvino")
PROGRAM = """
import io, json, sys
from contextlib import redirect_stdout
from api.cli import main
sys.argv = ["ask-notes", *sys.argv[1:]]
out = io.StringIO()
with redirect_stdout(out):
    try:
        code = main()
    except SystemExit as end:
        code = end.code
print(json.dumps({"code": code, "loaded": sorted(sys.modules), "found": json.loads(out.getvalue())}))
"""


@pytest.mark.parametrize("command", ["search", "ask"])
def test_a_question_loads_openvino_and_no_torch(course, command):
    asked = [command, "How does scaling by the dimension keep the softmax from saturating?", "--json"]
    settings = ["--set", "models=embedded", "--set", "encoder.dtype=float32", "--set", f"data_dir={course.data_dir}"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *asked, *settings],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["code"] in (0, None), done.stderr
    assert told["found"]["passages"][0]["source"] == "week2/attention.md"
    assert "openvino" in told["loaded"], "the question was not encoded"
    heavy = {"torch", "transformers", "sentence_transformers", "datasets", "pandas", "onnx"}
    assert heavy.isdisjoint(told["loaded"])
