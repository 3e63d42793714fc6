"""report.html: one file, in two languages, light and dark, on paper and on a phone.

Enters: what report.json holds, the run and its passages. Leaves: HTML. Everything above the list of
questions is there without a script; the list is drawn by assets/report.js from a packed block of
data, with textContent only. The page's policy lets nothing be loaded and no other script run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from eval import bundle, panels
from eval.metrics import METRICS, named
from eval.panels import FAILURE_KOREAN, both
from eval.results import PassageText, Run

_ASSETS = Path(__file__).parent / "assets"
_MOST_BAD_ROWS = 200


def html(report: Mapping[str, Any], run: Run, passages: Sequence[PassageText]) -> str:
    """The whole page."""
    script = (_ASSETS / "report.js").read_text(encoding="utf-8")
    style = (_ASSETS / "report.css").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'; "
        "base-uri 'none'; form-action 'none'"
    )
    body = (
        _head(report),
        panels.went_wrong(report),
        panels.metrics(report),
        panels.curves(report, run),
        panels.slices(report),
        _questions(),
        _foot(report),
    )
    lines = (
        "<!doctype html>",
        '<html lang="en" data-show="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(report['dataset']['name'])} · ask-notes eval</title>",
        f"<style>{style}</style></head><body>",
        f"<main>{''.join(body)}</main>",
        f'<script type="application/octet-stream" id="names">{_safe_json(_names())}</script>',
        f'<script type="application/octet-stream" id="data">{bundle.pack(run, passages)}</script>',
        f"<script>{script}</script></body></html>",
    )
    return "\n".join(lines) + "\n"


def _safe_json(tree: object) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(tree, ensure_ascii=False).replace("<", "\\u003c")


def _names() -> dict[str, Any]:
    return {
        "failures": {name: {"en": name, "ko": korean} for name, korean in FAILURE_KOREAN.items()},
        "metrics": {m.name: {"en": m.english, "ko": m.korean, "unit": m.unit} for m in METRICS},
    }


def _head(report: Mapping[str, Any]) -> str:
    asked, name = report["asked"], escape(report["dataset"]["name"])
    facts = (
        both(f"{asked['results']:,} questions", f"질문 {asked['results']:,}개"),
        both("retrieval only", "검색만") if asked["retrieval_only"] else escape(str(report["generator"] or "")),
        escape(str(report["embedder"] or "")) or both("words only", "어휘 검색만"),
        escape(report["made"][:10]),
    )
    shown = "".join(f"<span>{fact}</span>" for fact in facts if fact)
    switch = (
        '<div class="switch" role="group" hidden><button type="button" data-language="ko">한국어</button>'
        '<button type="button" data-language="en">English</button></div>'
    )
    notes = "".join(f"<li>{both(note['en'], note['ko'])}</li>" for note in report["notes"])
    return (
        f'<header><div class="top"><p class="kicker">ask-notes · eval</p>{switch}</div><h1>{name}</h1>'
        f'<p class="facts">{shown}</p>'
        f'<p class="verdict">{both(report["verdict"]["en"], report["verdict"]["ko"])}</p>'
        f'<div class="tiles">{"".join(_tile(report, name) for name in _tiles(report))}</div>'
        + (f'<ul class="notes">{notes}</ul>' if notes else "")
        + "</header>"
    )


def _tiles(report: Mapping[str, Any]) -> list[str]:
    chosen = ("recall@1", "recall@5", "contains", "citation_recall", "abstain_recall", "total_ms")
    return [name for name in chosen if report["metrics"][name]["value"] is not None]


def _tile(report: Mapping[str, Any], name: str) -> str:
    metric, entry = named(name), report["metrics"][name]
    value, low, high = (panels.value(metric, entry[key]) for key in ("value", "low", "high"))
    return (
        f'<div class="tile"><b>{value}</b><span class="what">{both(metric.english, metric.korean)}</span>'
        f'<span class="ends">{low} – {high}</span></div>'
    )


def _questions() -> str:
    return (
        f'<section id="questions"><h2>{both("Every question", "모든 질문")}</h2>'
        "<noscript>The list of questions needs JavaScript; results.jsonl holds the same. · "
        "질문 목록에는 자바스크립트가 필요합니다. results.jsonl에 같은 내용이 있습니다.</noscript>"
        '<div id="controls"></div><div id="list"></div><div id="end"></div></section>'
    )


def _foot(report: Mapping[str, Any]) -> str:
    machine, dataset = report["machine"], report["dataset"]
    rows = (
        (both("data set", "데이터셋"), f"{dataset['name']} · {dataset['kind']} · sha256 {dataset['digest'][:16]}"),
        (both("asked", "질문 방식"), _pairs(report["asked"])),
        (both("index", "색인"), _pairs(_flat(report["index"], skip=("files",)))),
        (
            both("machine", "기계"),
            f"{machine['cpu']} · {machine['cores']} cores · {machine['memory_gib']} GiB · {machine['system']}",
        ),
        (both("revision", "리비전"), str(report["git"] or "–")),
        (both("versions", "버전"), _pairs(report["versions"])),
        (both("settings", "설정"), _pairs(_flat(report["settings"]))),
    )
    table = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    rule = both(
        "“Right” is a refusal where the notes hold no answer, and otherwise an answer that contains a gold answer, "
        "wherever it was found. “Evidence found” looks at the passages that the answer was written from.",
        "“정답”은 노트에 답이 없을 때의 거절, 또는 정답을 담은 답변입니다(어디서 찾았든). "
        "“근거를 찾음”은 답변을 쓰는 데 쓰인 구절만 봅니다.",
    )
    return (
        f'<footer id="made"><h2>{both("How this was made", "이 보고서의 바탕")}</h2>'
        f'<p class="lead">{rule}</p><dl>{table}</dl>{_bad_rows(dataset.get("bad_rows") or [])}</footer>'
    )


def _bad_rows(rows: Sequence[Mapping[str, str]]) -> str:
    if not rows:
        return ""
    listed = "".join(f"<li><b>{escape(row['where'])}</b> {escape(row['reason'])}</li>" for row in rows[:_MOST_BAD_ROWS])
    more = f"<li>… {len(rows) - _MOST_BAD_ROWS:,}</li>" if len(rows) > _MOST_BAD_ROWS else ""
    title = both(f"{len(rows):,} rows left out", f"제외한 행 {len(rows):,}개")
    return f"<details><summary>{title}</summary><ul>{listed}{more}</ul></details>"


def _pairs(tree: Mapping[str, Any]) -> str:
    return " · ".join(f"{key} {value}" for key, value in tree.items() if value not in (None, "", [], {}))


def _flat(tree: Mapping[str, Any], prefix: str = "", skip: Sequence[str] = ()) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        if key not in skip:
            found.update(_flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value})
    return found
