import io

import pytest

from ingest.progress import Bars, Silent


class FakeTerminal(io.StringIO):
    def isatty(self):
        return True


def test_bars_count_on_a_terminal():
    out = FakeTerminal()
    with Bars(out=out).stage("embedding", 3, "chunks") as stage:
        stage.advance(1)
        stage.advance(2)
    assert "embedding" in out.getvalue() and "3/3" in out.getvalue() and "chunks/s" in out.getvalue()
    assert "\r" in out.getvalue()


def test_a_file_gets_one_line_a_stage(capfd):
    with Bars().stage("embedding", 3000, "chunks") as stage:
        stage.advance(1000)
        assert capfd.readouterr() == ("", "")
        stage.advance(2000)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("embedding: 3,000/3,000 chunks, ") and err.endswith(" s\n")
    assert err.count("\n") == 1 and "\r" not in err


def test_a_stage_that_breaks_off_says_how_far_it_came(capfd):
    with pytest.raises(KeyError), Bars().stage("embedding", 3, "chunks") as stage:
        stage.advance(1)
        raise KeyError
    assert capfd.readouterr().err.startswith("embedding: 1/3 chunks, ")


@pytest.mark.parametrize("out", [FakeTerminal(), io.StringIO()])
def test_names_and_units_in_another_language(out):
    with Bars({"embedding": "임베딩", "chunks": "조각"}, out).stage("embedding", 3, "chunks") as stage:
        stage.advance(3)
    assert "임베딩" in out.getvalue() and "조각" in out.getvalue()
    assert "embedding" not in out.getvalue() and "chunks" not in out.getvalue()


def test_silence(capfd):
    with Silent().stage("embedding", 3, "chunks") as stage:
        stage.advance(3)
    assert capfd.readouterr() == ("", "")
