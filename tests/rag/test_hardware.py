import subprocess
import sys
import threading
from importlib.metadata import PackageNotFoundError

import pytest

from rag import hardware
from tests.helpers import ROOT


def test_a_build_for_cpus_is_not_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(hardware, "_NODES", (str(tmp_path),))
    monkeypatch.setattr(hardware, "version", lambda name: "2.13.0+cpu")
    assert hardware.gpu_in_sight() is False
    assert hardware.device() == "cpu"


@pytest.mark.skipif(sys.platform != "linux", reason="asks for Linux's device files")
def test_a_build_for_gpus_is_asked_where_a_driver_is(monkeypatch, tmp_path):
    monkeypatch.setattr(hardware, "version", lambda name: "2.13.0")
    monkeypatch.setattr(hardware, "_NODES", (str(tmp_path / "none"),))
    assert hardware.gpu_in_sight() is False
    monkeypatch.setattr(hardware, "_NODES", (str(tmp_path / "none"), str(tmp_path)))
    assert hardware.gpu_in_sight() is True
    import torch

    assert (hardware.device() == "cuda") == torch.cuda.is_available()


def test_without_torch_there_is_the_cpu(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(hardware, "version", missing)
    assert hardware.device() == "cpu"


def test_a_machine_without_a_gpu_is_known_without_torch():
    program = (
        "import sys; from rag import hardware; hardware._NODES = (); print(hardware.device(), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    if sys.platform == "linux":
        assert done.stdout.split() == ["cpu", "False"]


def test_what_is_done_apart_leaves_no_thread_behind():
    before = set(threading.enumerate())
    worked_in = hardware.apart(threading.current_thread)
    assert worked_in is not threading.current_thread()
    assert not worked_in.is_alive()
    assert set(threading.enumerate()) == before


def test_what_is_raised_apart_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        hardware.apart(lambda: 1 / 0)
