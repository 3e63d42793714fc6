from ingest.progress import Bars, Silent


def test_bars_count_on_standard_error(capfd):
    with Bars().stage("embedding", 3, "chunks") as stage:
        stage.advance(1)
        stage.advance(2)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "embedding" in shown.err and "3/3" in shown.err and "chunks/s" in shown.err


def test_silence(capfd):
    with Silent().stage("embedding", 3, "chunks") as stage:
        stage.advance(3)
    assert capfd.readouterr() == ("", "")
