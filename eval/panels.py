"""The pictures and tables of a report as HTML: where it went wrong, metrics, curves, slices.

Enters: what report.json holds. Leaves: sections of HTML in both languages, no script needed. Every
text that comes from a data set is escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from eval import charts
from eval.metrics import FAMILIES, METRICS, Metric
from eval.results import FAILURES, Run

FAILURE_KOREAN: Mapping[str, str] = {
    "right": "정답",
    "not retrieved": "근거를 찾지 못함",
    "retrieved, wrongly refused": "찾았지만 잘못 거절",
    "retrieved, wrong answer": "찾았지만 답이 틀림",
    "answered though unanswerable": "답이 없는데 답함",
    "unscored": "채점 안 됨",
}
_FAMILY_TITLES = {
    "retrieval": ("Finding the evidence", "근거 찾기"),
    "answers": ("The answer's text", "답변의 글"),
    "citations": ("Citations", "인용"),
    "refusals": ("Refusing when due", "마땅할 때 거절"),
    "judge": ("The judge's opinion", "심사 모델의 의견"),
    "cost": ("Cost", "비용"),
}
_ANSWERABLE = {"yes": ("yes", "있음"), "no": ("no", "없음"), "left out": ("taken out", "빼냄")}
_SLICE_TITLES = {
    "language": ("language", "언어"),
    "question type": ("question type", "질문 유형"),
    "source": ("source", "출처"),
    "answerable": ("answerable", "답이 있는가"),
}


def both(english: str, korean: str) -> str:
    """A text in both languages; the page shows one of them. Takes plain text."""
    return f'<span lang="en">{escape(english)}</span><span lang="ko">{escape(korean)}</span>'


def value(metric: Metric, number: float) -> str:
    """A number in the unit of its metric."""
    if metric.unit == "ms":
        return charts.seconds(number)
    return f"{number:,.0f}" if metric.unit == "tokens" else f"{100 * number:.1f}%"


def went_wrong(report: Mapping[str, Any]) -> str:
    """The picture of the run: a bar for each step, what is lost there hanging at its right."""
    counts = report["steps"]
    answerable, unanswerable = counts["answerable"], counts.get("unanswerable", 0)
    steps = [("Retrieval", "검색", "evidence found", "근거를 찾음", "not retrieved", counts["not retrieved"])]
    if "right" in counts:
        steps += [
            ("Refusal", "거절", "answered", "답함", "retrieved, wrongly refused", counts["wrongly refused"]),
            ("Answer", "답변", "right", "정답", "retrieved, wrong answer", counts["wrong answer"]),
        ]
    rows = []
    if answerable:
        rows.append(
            _group(f"{answerable:,} questions with an answer in the notes", f"노트에 답이 있는 질문 {answerable:,}개")
        )
    left = answerable
    for number, (english, korean, kept_en, kept_ko, failure, lost) in enumerate(steps if answerable else [], 1):
        left -= lost
        last = number == 3
        rows.append(_step(str(number), (english, korean), (kept_en, kept_ko), left, failure, lost, answerable, last))
    if unanswerable:
        rows.append(
            _group(f"{unanswerable:,} without an answer in the notes", f"노트에 답이 없는 질문 {unanswerable:,}개")
        )
        kept, failure = counts["rightly refused"], "answered though unanswerable"
        words = ("rightly refused", "옳게 거절")
        rows.append(_step("", ("Refusal", "거절"), words, kept, failure, counts["answered"], unanswerable, True))
    if rest := counts.get("unscored", 0):
        aside = both(f"{rest:,} questions could not be judged.", f"질문 {rest:,}개는 판정할 수 없었습니다.")
        rows.append(f'<p class="aside">{aside}</p>')
    title = both("Where it went wrong", "어디서 틀렸나")
    return f'<section id="wrong"><h2>{title}</h2>{"".join(rows)}</section>' if rows else ""


def _group(english: str, korean: str) -> str:
    return f'<p class="group">{both(english, korean)}</p>'


def _step(
    number: str,
    title: tuple[str, str],
    words: tuple[str, str],
    kept: int,
    failure: str,
    lost: int,
    total: int,
    last: bool,
) -> str:
    """One step: of what came in, a part is kept and a part lost; widths are shares of `total`."""
    share, gone = 100 * kept / total, 100 * lost / total
    colour = f"f{FAILURES.index(failure)}"
    badge = f'<i class="no">{number}</i>' if number else ""
    return (
        f'<div class="step"><div class="says" style="width:{share + gone:.3f}%">'
        f'<span class="name">{badge}{both(*title)}</span>'
        f'<span class="keeps">{both(words[0], words[1])} <b>{kept:,}</b> <small>{share:.1f}%</small></span>'
        f'<a class="loses {colour}{"" if lost else " none"}" href="#questions" data-failure="{escape(failure)}">'
        f"{both(failure, FAILURE_KOREAN[failure])} <b>{lost:,}</b> <small>{gone:.1f}%</small></a></div>"
        f'<div class="track"><span class="kept{" final" if last else ""}" style="width:{share:.3f}%"></span>'
        f'<span class="lost {colour}" style="width:{gone:.3f}%"></span></div></div>'
    )


def metrics(report: Mapping[str, Any]) -> str:
    """Every metric with its interval, by family."""
    groups = []
    for family in FAMILIES:
        members = [metric for metric in METRICS if metric.family == family and metric.name in report["metrics"]]
        if members:
            groups.append(_family(family, members, report["metrics"]))
    explained = both(
        "Every number with its 95 % interval: bootstrap over questions, 10,000 resamples, seeded; exact binomial where "
        "all came out alike, order statistics for medians.",
        "모든 값에 95 % 구간을 붙였습니다. 시드를 고정하고 질문을 10,000번 재표집한 부트스트랩이며, 결과가 모두 같으면 "
        "정확 이항, 중앙값은 순서 통계량입니다.",
    )
    title = both("Measured", "측정값")
    return f'<section id="metrics"><h2>{title}</h2><p class="lead">{explained}</p>{"".join(groups)}</section>'


def _family(family: str, members: Sequence[Metric], measured: Mapping[str, Any]) -> str:
    """A row a metric; one line for a family in which nothing could be scored, all for one reason."""
    title = both(*_FAMILY_TITLES[family])
    reasons = {measured[metric.name].get("why") for metric in members}
    if len(reasons) == 1 and None not in reasons:
        why = reasons.pop()
        names = f"<code>{' '.join(metric.name for metric in members)}</code>"
        line = both(f"unscored: {why}", f"채점 안 됨: {why}")
        return f'<div class="family none"><h3><span>{title}</span></h3><p>{line} {names}</p></div>'
    rows = "".join(_metric(metric, measured[metric.name]) for metric in members)
    scale = '<span class="scale"><i>0</i><i>50</i><i>100%</i></span>' if members[0].unit == "share" else ""
    return f'<div class="family"><h3><span>{title}</span>{scale}</h3>{rows}</div>'


def _metric(metric: Metric, entry: Mapping[str, Any]) -> str:
    name = f'<span class="label">{both(metric.english, metric.korean)}<code>{metric.name}</code></span>'
    if entry["value"] is None:
        why = both(f"unscored: {entry['why']}", f"채점 안 됨: {entry['why']}")
        return f'<div class="metric none">{name}<span class="why">{why}</span></div>'
    plot = charts.interval(entry["value"], entry["low"], entry["high"]) if metric.unit == "share" else ""
    extra = f" · p95 {value(metric, entry['p95'])}" if "p95" in entry else ""
    return (
        f'<div class="metric">{name}<span class="plot">{plot}</span><b>{value(metric, entry["value"])}</b>'
        f'<span class="ends">{value(metric, entry["low"])} – {value(metric, entry["high"])}{extra}</span>'
        f'<span class="n">n {entry["n"]:,}</span></div>'
    )


def curves(report: Mapping[str, Any], run: Run) -> str:
    """Rank of the evidence, risk over coverage, durations; those that there are numbers for."""
    figures = []
    ranks = report["curves"]["rank"]
    if sum(ranks.values()):
        drawn = charts.bars(ranks, "rank of the evidence · 근거의 순위", "questions", loss=(">20",))
        figures.append(_figure("At which rank the evidence stood", "근거가 나온 순위", drawn))
    if points := report["curves"]["risk_coverage"]:
        drawn = charts.risk_coverage(points, "questions answered · 답한 질문", "wrong among them · 그중 오답")
        figures.append(
            _figure("Wrong answers as fewer questions are answered", "덜 답할 때 줄어드는 오답 (위험–범위)", drawn)
        )
    for name, english, korean in (
        ("first_token_ms", "Time to the first word", "첫 글자까지 걸린 시간"),
        ("total_ms", "Time to the whole answer", "답변 끝까지 걸린 시간"),
    ):
        values = [value for result in run.results if (value := result.scores.get(name)) is not None]
        entry = report["metrics"][name]
        if values:
            drawn = charts.durations(values, entry["value"], entry["p95"], "time (log) · 시간(로그)", english)
            figures.append(_figure(english, korean, drawn))
    if not figures:
        return ""
    return (
        f'<section id="curves"><h2>{both("Curves", "곡선")}</h2><div class="figures">{"".join(figures)}</div></section>'
    )


def _figure(english: str, korean: str, drawn: str) -> str:
    return f"<figure><figcaption>{both(english, korean)}</figcaption>{drawn}</figure>"


def slices(report: Mapping[str, Any]) -> str:
    """A table for each slice of the questions."""
    wanted = [
        ("right", "right", "바르게 처리"),
        ("recall@5", "evidence in first 5", "근거 5위 안"),
        ("contains", "gold in answer", "정답 포함"),
        ("citation_recall", "citation recall", "인용 재현율"),
    ]
    entries = [entry for values in report["slices"].values() for entry in values.values()]
    columns = [column for column in wanted if any(entry[column[0]]["value"] is not None for entry in entries)]
    tables = []
    for name, values in report["slices"].items():
        head = "".join(f'<th scope="col">{both(english, korean)}</th>' for _, english, korean in columns)
        rows = "".join(
            f'<tr><th scope="row">{_slice_value(name, kind)}<small>{entry["n"]:,}</small></th>'
            + "".join(_cell(entry[column]) for column, *_ in columns)
            + "</tr>"
            for kind, entry in values.items()
        )
        title = both(*_SLICE_TITLES.get(name, (name, name)))
        top = f'<thead><tr><th scope="col">{title}</th>{head}</tr></thead>'
        tables.append(f'<div class="slice"><table>{top}<tbody>{rows}</tbody></table></div>')
    return f'<section id="slices"><h2>{both("Slices", "부분별")}</h2>{"".join(tables)}</section>' if tables else ""


def _slice_value(name: str, kind: str) -> str:
    return both(*_ANSWERABLE[kind]) if name == "answerable" and kind in _ANSWERABLE else escape(kind)


def _cell(entry: Mapping[str, Any]) -> str:
    if entry["value"] is None:
        return '<td class="none">–</td>'
    share, low, high = (100 * entry[key] for key in ("value", "low", "high"))
    return (
        f'<td title="{low:.1f} – {high:.1f} %, n {entry["n"]:,}"><span class="mini"><i style="width:{share:.2f}%"></i>'
        f'<u style="left:{low:.2f}%;width:{high - low:.2f}%"></u></span>'
        f"{share:.1f}<small>{low:.0f}–{high:.0f}</small></td>"
    )
