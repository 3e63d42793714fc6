"""The notes' chunks on a sphere: PCA of their vectors to three dimensions, drawn by Plotly.

Enters: a retriever over an index with vectors. Leaves: one HTML file that works offline (Plotly's
script is inlined, about 5 MB). Near points mean alike as far as three dimensions can show it; the
page says what share of the variance that is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from eval.results import replace_text
from rag.errors import BadConfiguration, NoModel
from rag.types import HEADING_SEPARATOR

if TYPE_CHECKING:
    from rag.retrieval.index import IndexedChunk
    from rag.retrieval.retriever import NotesRetriever

Matrix = npt.NDArray[np.float64]
Colour = Literal["file", "heading"]

_PAGE = Path(__file__).parent / "assets" / "map.html"

MOST_POINTS = 20_000
_MOST_GROUPS = 24
_HOVER_CHARS = 280
_LINE_CHARS = 60
# Okabe and Ito's colours, told apart by colour-blind eyes too, then the same ones darker and lighter.
_COLOURS = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#b8a400", "#7f6bb0",
    "#004c78", "#a66f00", "#00694d", "#943f00", "#8f4f73", "#2f86b5", "#7d7000", "#54457c",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Projection:
    """Where chunks lie: unit `points` (n, 3); `centre` (dim,) and `axes` (dim, 3) place other vectors.

    `explained` is the share of the variance in the three axes.
    """

    points: Matrix
    centre: Matrix
    axes: Matrix
    explained: float

    def place(self, vectors: Matrix) -> Matrix:
        """Other vectors (m, dim) -> unit points (m, 3) in the same axes."""
        return _unit((np.asarray(vectors, dtype=np.float64) - self.centre) @ self.axes)


@dataclass(frozen=True, slots=True)
class MapWritten:
    """What a map came to."""

    points: int
    of: int
    explained: float


def write_map(
    retriever: NotesRetriever,
    out: Path,
    *,
    question: str | None = None,
    colour: Colour = "file",
    nearest: int = 5,
    seed: int = 0,
) -> MapWritten:
    """Draw every chunk of the index (a seeded sample above 20,000), and a question among them, to `out`.

    Raises:
        NoModel: the index holds no vectors, or the question cannot be embedded.
        BadConfiguration: plotly is not installed.
        StorageRefused: `out` cannot be written.
    """
    index = retriever.index
    if index.dense is None or not len(index.dense):
        raise NoModel("This index holds no vectors: it was made without an encoder. Ingest again with one.")
    script = plotly_script()
    count = len(index.dense)
    rows = np.arange(count)
    if count > MOST_POINTS:
        rows = np.sort(np.random.default_rng(seed).choice(count, MOST_POINTS, replace=False))
    projection = project(index.dense.vectors(rows).astype(np.float64))
    chunks = index.chunks(rows.tolist())
    drawn = figure(chunks, projection, colour)
    if question:
        drawn["data"] += _question(retriever, projection, question, nearest)
    replace_text(out, page(drawn, script, len(rows), count, projection.explained))
    return MapWritten(len(rows), count, projection.explained)


def project(vectors: Matrix) -> Projection:
    """PCA of (n, dim) vectors to three axes, each point then pushed to the unit sphere.

    An axis points to where its largest weight is positive, so that the same notes give the same map.
    """
    n, dim = vectors.shape
    centre = vectors.mean(axis=0)
    values, directions = np.linalg.eigh((vectors - centre).T @ (vectors - centre) / max(n - 1, 1))
    axes = np.zeros((dim, 3))
    kept = directions[:, ::-1][:, :3]
    axes[:, : kept.shape[1]] = kept * np.sign(kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])])
    spread = float(values.clip(min=0).sum())
    explained = float(values[::-1][:3].clip(min=0).sum()) / spread if spread > 0 else 0.0
    return Projection(_unit((vectors - centre) @ axes), centre, axes, explained)


def _unit(points: Matrix) -> Matrix:
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    unit: Matrix = np.divide(points, lengths, out=np.zeros_like(points), where=lengths > 1e-12)
    return unit


def figure(chunks: Sequence[IndexedChunk], projection: Projection, colour: Colour) -> dict[str, Any]:
    """Plotly's figure as plain data: a trace for each file or top heading, the rarest ones together."""
    names = [_group(chunk, colour) for chunk in chunks]
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    shown = ranked if len(ranked) <= _MOST_GROUPS else ranked[: _MOST_GROUPS - 1]
    groups: dict[str, list[int]] = {name: [] for name in sorted(shown)}
    for place, name in enumerate(names):
        groups.setdefault(name if name in counts and name in groups else "…", []).append(place)
    traces = [_sphere()]
    for number, (name, places) in enumerate(groups.items()):
        at = projection.points[places]
        traces.append(
            {
                "type": "scatter3d",
                "mode": "markers",
                "name": f"{_text(name)} ({len(places):,})",
                "x": at[:, 0].round(4).tolist(),
                "y": at[:, 1].round(4).tolist(),
                "z": at[:, 2].round(4).tolist(),
                "text": [_hover(chunks[place]) for place in places],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"size": 4, "opacity": 0.85, "color": _COLOURS[number % len(_COLOURS)]},
            }
        )
    axis = {"visible": False, "showspikes": False, "range": [-1.1, 1.1]}
    return {
        "data": traces,
        "layout": {
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "legend": {"itemsizing": "constant", "y": 0.98, "font": {"size": 12}},
            "hoverlabel": {"align": "left", "font": {"size": 12}},
            "scene": {
                "xaxis": axis,
                "yaxis": axis,
                "zaxis": axis,
                "aspectmode": "cube",
                "dragmode": "orbit",
                "camera": {"eye": {"x": 1.05, "y": 1.05, "z": 0.55}},
            },
        },
    }


def _group(chunk: IndexedChunk, colour: Colour) -> str:
    if colour == "file":
        return chunk.source.split("#")[0]
    return chunk.chunk.heading.split(HEADING_SEPARATOR)[0] or chunk.title or chunk.source


def _sphere() -> dict[str, Any]:
    """Meridians and parallels as one line; the page gives it the colour of its paper."""
    x: list[float | None] = []
    y: list[float | None] = []
    z: list[float | None] = []
    turn = np.linspace(0, 2 * np.pi, 49)
    for tilt in np.linspace(0, np.pi, 7)[:-1]:
        x += [*(np.sin(turn) * np.cos(tilt)).round(4).tolist(), None]
        y += [*(np.sin(turn) * np.sin(tilt)).round(4).tolist(), None]
        z += [*np.cos(turn).round(4).tolist(), None]
    for height in (-0.6, 0.0, 0.6):
        radius = (1 - height**2) ** 0.5
        x += [*(radius * np.cos(turn)).round(4).tolist(), None]
        y += [*(radius * np.sin(turn)).round(4).tolist(), None]
        z += [*[height] * len(turn), None]
    return {
        "type": "scatter3d", "mode": "lines", "x": x, "y": y, "z": z, "hoverinfo": "skip", "showlegend": False,
        "line": {"color": "#c9c5ba", "width": 1},
    }  # fmt: skip


def _question(
    retriever: NotesRetriever, projection: Projection, question: str, nearest: int
) -> list[Mapping[str, Any]]:
    """The question and lines to the chunks whose vectors are nearest to its own."""
    if retriever.encoder is None or retriever.index.dense is None:
        raise NoModel("The encoder of this index is out of reach: the question cannot be placed on the map.")
    vector = np.asarray(retriever.encoder.queries([question]), dtype=np.float64)
    hits = retriever.index.dense.search(vector[0].astype(np.float32), nearest)
    near = retriever.index.chunks(hits.rows.tolist())
    spots = projection.place(retriever.index.dense.vectors(hits.rows).astype(np.float64))
    here = projection.place(vector)[0]
    x, y, z = ([value for spot in spots for value in (float(here[i]), float(spot[i]), None)] for i in range(3))
    lines: dict[str, Any] = {
        "type": "scatter3d", "mode": "lines", "x": x, "y": y, "z": z, "hoverinfo": "skip", "showlegend": False,
        "line": {"color": "#d1495b", "width": 4},
    }  # fmt: skip
    listed = "<br>".join(
        f"{score:.3f} {_text(chunk.source)} › {_text(_short(chunk.chunk.text, 40))}"
        for chunk, score in zip(near, hits.scores.tolist(), strict=True)
    )
    point: dict[str, Any] = {
        "type": "scatter3d", "mode": "markers+text", "name": _text(_short(question, 40)),
        "x": [float(here[0])], "y": [float(here[1])], "z": [float(here[2])], "text": [_text(_short(question, 40))],
        "textposition": "top center", "hovertext": [f"<b>{_wrapped(question)}</b><br>{listed}"],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "marker": {"size": 9, "symbol": "diamond", "color": "#d1495b", "line": {"color": "#ffffff", "width": 1}},
    }  # fmt: skip
    return [lines, point]


def _hover(chunk: IndexedChunk) -> str:
    above = " › ".join(part for part in (chunk.source, *chunk.chunk.heading.split(HEADING_SEPARATOR)) if part)
    return f"<b>{_wrapped(above)}</b><br>{_wrapped(_short(chunk.chunk.text, _HOVER_CHARS))}"


def _short(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def _wrapped(text: str) -> str:
    """Lines short enough for a hover label; Plotly does not break them itself."""
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + len(word) >= _LINE_CHARS:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
    return "<br>".join(_text(part) for part in [*lines, line])


def _text(text: str) -> str:
    """Plotly reads labels as a small HTML: what a note says must stay text."""
    return escape(text, quote=False)


def plotly_script() -> str:
    """Plotly's own script, from the installed package; its Python code is not imported.

    Raises:
        BadConfiguration: plotly is not installed.
    """
    found = find_spec("plotly")
    folder = Path(found.origin).parent if found and found.origin else None
    file = folder / "package_data" / "plotly.min.js" if folder else None
    if file is None or not file.is_file():
        raise BadConfiguration("The map is drawn by plotly, which is not installed. Run `pip install plotly`.")
    return file.read_text(encoding="utf-8")


def page(drawn: Mapping[str, Any], script: str, points: int, of: int, explained: float) -> str:
    """One HTML file: Plotly's script, the figure, and a line that says what is seen."""
    sampled = f" (of {of:,})" if of > points else ""
    facts = f"{points:,} chunks{sampled} · PCA, three axes hold {100 * explained:.1f}% of the variance"
    # JSON in which no text can end the script element it stands in.
    data = json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    filled = {"facts": escape(facts), "plotly": script, "figure": data}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled[found[1]], _PAGE.read_text(encoding="utf-8"))
