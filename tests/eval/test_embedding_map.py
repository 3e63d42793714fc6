import json
import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from eval import embedding_map
from eval.embedding_map import figure, page, project, write_map
from rag.errors import BadConfiguration, NoModel
from rag.types import Chunk


@dataclass
class Found:
    chunk: Chunk
    source: str
    title: str


def chunk(n: int, source: str = "a.md", text: str = "본문", heading: str = "장 > 절") -> Found:
    return Found(Chunk(f"c{n}", "d", 0, len(text), text, heading, 3), source, "제목")


def vectors(n: int = 50, dim: int = 12) -> Any:
    rows = np.random.default_rng(1).normal(size=(n, dim)) * np.linspace(3, 0.1, dim)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_projection_is_pca_on_the_unit_sphere() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    rows = vectors()
    found = project(rows)
    assert found.points.shape == (50, 3)
    assert np.linalg.norm(found.points, axis=1) == pytest.approx(1)
    theirs = decomposition.PCA(3).fit(rows)
    assert found.explained == pytest.approx(theirs.explained_variance_ratio_.sum())
    other = theirs.transform(rows)
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    assert np.abs(found.points) == pytest.approx(np.abs(other), abs=1e-8)
    assert found.place(rows) == pytest.approx(found.points)


def test_the_same_notes_give_the_same_map() -> None:
    rows = vectors()
    assert (project(rows).points == project(rows.copy()).points).all()


@pytest.mark.parametrize("rows", [np.ones((1, 5)), np.ones((4, 5)), np.eye(2, 2)])
def test_few_or_equal_vectors_do_not_break(rows: Any) -> None:
    found = project(rows)
    assert np.isfinite(found.points).all()
    assert 0 <= found.explained <= 1 + 1e-9


def test_a_trace_for_each_file_and_the_rest_together() -> None:
    chunks: Any = [chunk(n, f"{min(n, 30)}.md") for n in range(50)]
    drawn = figure(chunks, project(vectors()), "file")
    named = [trace for trace in drawn["data"] if trace.get("showlegend") is not False]
    assert len(named) == 24
    assert "30.md (20)" in [trace["name"] for trace in named]
    assert named[-1]["name"] == "… (8)"
    assert sum(len(trace["x"]) for trace in named) == 50
    by_heading = figure([chunk(n) for n in range(50)], project(vectors()), "heading")  # type: ignore[misc]
    assert [trace["name"] for trace in by_heading["data"][1:]] == ["장 (50)"]


def test_text_of_a_note_stays_text() -> None:
    nasty = "</script><b>굵게</b> <a href='javascript:x'>"
    drawn = figure([chunk(0, text=nasty, source=nasty)] * 50, project(vectors()), "file")  # type: ignore[list-item]
    text = page(drawn, "/* plotly */", 50, 50, 0.5)
    assert text.count("</script>") == 3
    assert "&lt;b&gt;굵게" in text
    assert "50 chunks" in text
    data = re.search(r'id="figure">(.*?)</script>', text)
    assert data
    assert json.loads(data[1]) == drawn


class FakeDense:
    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def vectors(self, rows: Any) -> Any:
        return self.rows[rows]

    def search(self, vector: Any, k: int) -> Any:
        order = np.argsort(-(self.rows @ vector))[:k]
        return SimpleNamespace(rows=order, scores=(self.rows @ vector)[order])


def retriever(dense: Any, encoder: Any = None) -> Any:
    index = SimpleNamespace(dense=dense, chunks=lambda rows: [chunk(row) for row in rows])
    return SimpleNamespace(index=index, encoder=encoder)


def test_a_question_lies_beside_its_nearest_passages(tmp_path, monkeypatch) -> None:
    rows = vectors()
    monkeypatch.setattr(embedding_map, "plotly_script", lambda: "/* plotly */")
    asked = retriever(FakeDense(rows), SimpleNamespace(queries=lambda texts: rows[7:8]))
    made = write_map(asked, tmp_path / "map.html", question="질문 <b>?", nearest=3)
    assert (made.points, made.of) == (50, 50)
    data = re.search(r'id="figure">(.*?)</script>', (tmp_path / "map.html").read_text(encoding="utf-8"))
    assert data
    *_, lines, point = json.loads(data[1])["data"]
    assert len(lines["x"]) == 3 * 3
    # Its own vector is the nearest: the first line goes nowhere.
    assert lines["x"][0] == pytest.approx(lines["x"][1])
    assert point["text"] == ["질문 &lt;b&gt;?"]


def test_what_is_missing_is_said(tmp_path, monkeypatch) -> None:
    with pytest.raises(NoModel, match="no vectors"):
        write_map(retriever(None), tmp_path / "map.html")
    monkeypatch.setattr(embedding_map, "plotly_script", lambda: "")
    with pytest.raises(NoModel, match="out of reach"):
        write_map(retriever(FakeDense(vectors())), tmp_path / "map.html", question="?")
    monkeypatch.undo()
    monkeypatch.setattr(embedding_map, "find_spec", lambda name: None)
    with pytest.raises(BadConfiguration, match="pip install plotly"):
        write_map(retriever(FakeDense(vectors())), tmp_path / "map.html")


def test_a_large_index_is_sampled_by_seed(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(embedding_map, "MOST_POINTS", 10)
    monkeypatch.setattr(embedding_map, "plotly_script", lambda: "")
    made = write_map(retriever(FakeDense(vectors())), tmp_path / "map.html")
    assert (made.points, made.of) == (10, 50)
    assert "10 chunks (of 50)" in (tmp_path / "map.html").read_text(encoding="utf-8")
