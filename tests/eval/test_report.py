import base64
import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from eval import bundle, report, results
from eval.dataset import Dataset, EvalQuestion, Evidence
from eval.runner import run
from rag.settings import Settings
from rag.types import Document
from tests.eval.conftest import FakePipeline

NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"'"


@pytest.fixture
def folder(tmp_path: Path, dataset: Dataset, pipeline: FakePipeline) -> Path:
    run(Settings(data_dir=tmp_path), dataset, tmp_path / "run", pipeline=pipeline, progress=False)  # type: ignore[arg-type]
    return tmp_path / "run"


class Page(HTMLParser):
    """What a browser would make of the page: elements, and what lies in each script block."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.unbalanced = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
        if tag not in ("meta", "input", "br", "line", "circle", "rect", "polyline", "polygon"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("line", "circle", "rect", "polyline", "polygon"):
            return
        self.unbalanced += not self._open or self._open.pop() != tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts[-1] += data


def unpacked(page: str) -> dict[str, object]:
    packed = re.search(r'id="data">([^<]*)<', page)
    assert packed
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def test_the_page_is_one_file_that_loads_nothing(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.unbalanced == 0
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
        assert "src" not in attributes
        assert not (attributes.get("href") or "#").removeprefix("#").count(":")
    policy = dict(page.tags)["meta"]
    assert "default-src 'none'" in str([a for t, a in page.tags if t == "meta"]), policy
    assert "@import" not in text
    assert "url(" not in text


def test_the_policy_names_the_script_that_is_there(folder: Path) -> None:
    import hashlib

    text = (folder / "report.html").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(Page(text).scripts[-1].encode()).digest()).decode()
    assert f"sha256-{allowed}" in text


def test_nothing_of_the_machine_is_in_a_report(folder: Path, tmp_path: Path) -> None:
    import platform

    for name in ("report.json", "report.html", "run.json", "results.jsonl"):
        text = (folder / name).read_text(encoding="utf-8")
        assert str(tmp_path) not in text
        assert str(Path.home()) not in text or Path.home() == Path("/")
        assert f'"{platform.node()}"' not in text


def test_every_question_is_in_the_bundle_once_and_texts_once(folder: Path) -> None:
    data = unpacked((folder / "report.html").read_text(encoding="utf-8"))
    questions, segments = data["questions"], data["segments"]
    assert [q["i"] for q in questions] == ["q1", "q2", "q3", "q4", "q5", "q6"]  # type: ignore[index, attr-defined]
    texts = [segment["t"] for segment in segments]  # type: ignore[attr-defined]
    assert len(texts) == len(set(texts)) == 5


def test_a_citation_stands_where_the_bundle_says(folder: Path) -> None:
    data = unpacked((folder / "report.html").read_text(encoding="utf-8"))
    cited = 0
    for question in data["questions"]:  # type: ignore[attr-defined]
        for _, _, _, quote, segment, start, end in question["c"]:
            units = data["segments"][segment]["t"].encode("utf-16-le")  # type: ignore[index]
            assert units[2 * start : 2 * end].decode("utf-16-le") == quote
            cited += 1
    assert cited >= 3


def test_offsets_count_utf_16_units_after_an_emoji(tmp_path: Path) -> None:
    pipeline = FakePipeline()
    text = "😀😀 머리말. 이모지 뒤의 문장은 두 칸씩 밀린다."
    pipeline.library = {"e": Document("e", "e.md", "E", text)}
    asked = Dataset(
        "emoji", "jsonl", (EvalQuestion("1", "이모지 뒤의 문장은?", ("두 칸",), evidence=(Evidence(text),)),)
    )
    run(Settings(data_dir=tmp_path), asked, tmp_path / "run", pipeline=pipeline, progress=False)  # type: ignore[arg-type]
    data = unpacked((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    *_, quote, segment, start, end = data["questions"][0]["c"][0]  # type: ignore[index]
    units = data["segments"][segment]["t"].encode("utf-16-le")  # type: ignore[index]
    assert units[2 * start : 2 * end].decode("utf-16-le") == quote


def test_no_text_can_leave_its_place(tmp_path: Path) -> None:
    pipeline = FakePipeline()
    pipeline.library = {"x": Document("x", NASTY, NASTY, f"무엇이 답인가 하면 {NASTY} 이다.")}
    question = EvalQuestion(
        NASTY, f"무엇이 답인가 {NASTY}?", (NASTY,), evidence=(Evidence(NASTY),), slices={"a": NASTY}
    )
    plain = EvalQuestion("b", "what", ("x",), slices={"a": "other"})
    asked = Dataset(NASTY, "jsonl", (question, plain))
    run(Settings(data_dir=tmp_path), asked, tmp_path / "run", pipeline=pipeline, progress=False)  # type: ignore[arg-type]
    text = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.scripts) == 3
    assert "<img" not in text
    assert "alert(1)</script>" not in text
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]
    assert unpacked(text)["questions"][0]["i"] == NASTY  # type: ignore[index]


def test_a_page_stays_small_by_leaving_texts_of_low_ranks_away(folder: Path) -> None:
    found, passages = results.read(folder), results.read(folder).passages(folder)
    whole = bundle.pack(found, passages)
    small = bundle.pack(found, passages, max_bytes=len(whole) - 1)
    assert len(small) < len(whole)
    data = json.loads(gzip.decompress(base64.b64decode(small)))
    assert len(data["questions"]) == 6
    # What was cited is shown whatever the budget.
    least = bundle.build(found, passages, depth=0)
    assert all(citation[4] >= 0 for question in least["questions"] for citation in question["c"])
    assert len(least["segments"]) < 5
    assert any(passage[1] == -1 for question in least["questions"] for passage in question["p"])


def test_overlapping_passages_of_a_document_become_one_text() -> None:
    text = "가나다라마바사아자차카타파하"

    def part(start: int, end: int) -> results.PassageText:
        return results.PassageText(f"c{start}", "d", "s", "t", "", start, end, text[start:end])

    library = bundle._Library([part(0, 5), part(3, 9), part(11, 14)], [part(0, 5), part(3, 9), part(11, 14)])
    assert [segment.text for segment in library.segments] == [text[:9], text[11:]]
    assert library.place("d", 4, 8) == [0, 4, 8]
    assert library.place("d", 11, 13) == [1, 0, 2]
    assert library.place("d", 8, 12) == [-1, 0, 0]
    assert library.place("other", 0, 1) == [-1, 0, 0]


def test_a_report_can_be_made_anew_from_its_folder(folder: Path) -> None:
    before = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    after = report.write(folder)
    for key in ("metrics", "failures", "steps", "slices", "curves", "verdict", "notes"):
        assert after[key] == before[key]


def test_verdict_names_where_most_is_lost(folder: Path) -> None:
    made = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert "first five passages" in made["verdict"]["en"]
    assert "처음 다섯 구절" in made["verdict"]["ko"]
    lost = max(list(made["failures"].items())[1:5], key=lambda pair: pair[1])[0]
    assert lost in made["verdict"]["en"]


def test_an_unfinished_run_says_so(folder: Path) -> None:
    rows = (folder / "results.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "results.jsonl").write_text("".join(rows[:2]), encoding="utf-8")
    made = report.write(folder)
    assert "Not finished: 4 questions" in made["notes"][0]["en"]
    assert any("stands in no indexed document" in note["en"] for note in made["notes"])


def test_ranks_come_from_the_scores() -> None:
    from tests.eval.conftest import result

    rows = [
        result(str(n), {"rr@10": reciprocal, "recall@20": within})
        for n, (reciprocal, within) in enumerate(
            [(1.0, 1.0), (1 / 3, 1.0), (1 / 7, 1.0), (0.0, 1.0), (0.0, 0.0), (None, None)]
        )
    ]
    counted = report.ranks(rows)
    assert counted == {"1": 1, "2": 0, "3": 1, "4": 0, "5": 0, "6–10": 1, "11–20": 1, ">20": 1}
