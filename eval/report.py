"""A run -> report.json and one self-contained report.html.

Enters: a run's folder. Leaves: the two files beside its results. report.json is for programs, the
page (page.py) for people; both say the same numbers. Nothing is asked again and no index is opened,
so a report can be made anew from any finished run.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval import grounding, page, results, stats
from eval.metrics import ANSWERABLE_SCORE, CROSS_CHECKED, CROSS_DOUBTED
from eval.panels import FAILURE_KOREAN
from eval.results import FAILURES, Result, Run

REPORT, PAGE = "report.json", "report.html"

# Written by `python benchmarks/support_check.py DATA --keep`.
_SUPPORT_CHECK = Path(__file__).parent / "assets" / "support_check.json"


def write(folder: Path, *, seconds: float | None = None, asked_now: int | None = None) -> dict[str, Any]:
    """Make report.json and report.html of the run in `folder`; returns what report.json holds.

    `seconds` is how long `asked_now` questions took, if that is known.

    Raises:
        BadDataset: no run there, or it cannot be read.
        StorageRefused: the folder cannot be written.
    """
    run = results.read(folder)
    report = summarise(run, seconds=seconds, asked_now=asked_now)
    results.replace_json(folder / REPORT, report)
    results.replace_text(folder / PAGE, page.html(report, run, run.passages(folder)))
    return report


def summarise(run: Run, *, seconds: float | None = None, asked_now: int | None = None) -> dict[str, Any]:
    """Everything report.json holds, as plain data."""
    frame, asked = run.frame, run.frame["asked"]
    seed = int(asked["seed"])
    groups = {name: row["slices"] for name, row in run.asked.items()}
    report: dict[str, Any] = {
        "format": 1,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "name": run.name,
        "dataset": frame["dataset"],
        "asked": {
            **asked,
            "questions": len(run.asked),
            "results": len(run.results),
            "failed": sum(result.failed for result in run.results),
            "seconds": None if seconds is None else round(seconds, 1),
            "in_flight": frame["in_flight"],
            "questions_per_minute": round(60 * asked_now / seconds, 1) if seconds and asked_now else None,
        },
        "metrics": stats.metrics(run.results, seed=seed),
        "failures": stats.failures(run.results),
        "steps": stats.steps(run.results),
        "right": "a refusal where the notes hold no answer, else contains or em_klue is 1",
        "slices": stats.slices(run.results, groups, seed=seed),
        "curves": {"risk_coverage": curve(run.results), "rank": ranks(run.results)},
        **{key: frame[key] for key in ("embedder", "generator", "fallbacks", "judge", "settings", "index")},
        **{key: frame[key] for key in ("versions", "machine", "git")},
    }
    report["verdict"] = {"en": verdict(report, "en"), "ko": verdict(report, "ko")}
    report["notes"] = notes(report, run)
    return report


def curve(found: Sequence[Result]) -> list[dict[str, float]]:
    """Risk over coverage for the questions that were answered and have a score."""
    asked = [result for result in found if result.abstained is not None and result.failure]
    answered = [
        (score, result.failure == "right")
        for result in asked
        if not result.abstained and (score := result.scores.get(ANSWERABLE_SCORE)) is not None
    ]
    points = grounding.risk_coverage([score for score, _ in answered], [right for _, right in answered], len(asked))
    return [{"coverage": round(p.coverage, 4), "risk": round(p.risk, 4), "score": round(p.score, 4)} for p in points]


def ranks(found: Sequence[Result]) -> dict[str, int]:
    """At which rank the evidence stood first; only questions with gold evidence."""
    counted = dict.fromkeys(("1", "2", "3", "4", "5", "6–10", "11–20", ">20"), 0)
    for result in found:
        reciprocal, within = result.scores.get("rr@10"), result.scores.get("recall@20")
        if reciprocal is None or within is None:
            continue
        rank = round(1 / reciprocal) if reciprocal else 0
        counted[str(rank) if 1 <= rank <= 5 else "6–10" if rank else "11–20" if within else ">20"] += 1
    return counted


def verdict(report: Mapping[str, Any], language: str) -> str:
    """What a person would say of the run, in two or three sentences."""
    measured, failures = report["metrics"], report["failures"]
    judged = sum(failures[name] for name in FAILURES)
    korean = language == "ko"
    parts = []
    recall = measured["recall@5"]
    if recall["value"] is not None:
        share = _percent(recall["value"])
        parts.append(
            f"근거의 {share}가 처음 다섯 구절 안에 있습니다."
            if korean
            else f"{share} of the evidence is within the first five passages."
        )
    if report["asked"]["retrieval_only"] or not judged:
        return " ".join(parts) or ("채점된 것이 없습니다." if korean else "Nothing could be scored.")
    right = _percent(failures["right"] / judged)
    parts.append(f"질문의 {right}를 바르게 처리했습니다." if korean else f"{right} of the questions come out right.")
    worst, count = max(((name, failures[name]) for name in FAILURES[1:]), key=lambda pair: pair[1])
    if count:
        share = _percent(count / judged)
        parts.append(
            f"가장 많이 잃은 곳: {FAILURE_KOREAN[worst]} ({count:,}개, {share})."
            if korean
            else f"Most is lost at: {worst} ({count:,} questions, {share})."
        )
    return " ".join(parts)


def notes(report: Mapping[str, Any], run: Run) -> list[dict[str, str]]:
    """What a reader must know before comparing these numbers with others, in both languages."""
    found: list[dict[str, str]] = []

    def note(english: str, korean: str) -> None:
        found.append({"en": english, "ko": korean})

    unfinished = len(run.asked) - len(run.results)
    if unfinished:
        note(
            f"Not finished: {unfinished:,} questions have no result yet.",
            f"끝나지 않은 실행입니다: 질문 {unfinished:,}개의 결과가 아직 없습니다.",
        )
    if homeless := sum(_homeless(row) for row in run.asked.values()):
        note(
            f"The gold evidence of {homeless:,} questions stands in no indexed document: it can never be found.",
            f"질문 {homeless:,}개의 정답 근거가 색인된 어느 문서에도 없습니다. 찾을 수 없는 근거입니다.",
        )
    for fallback in report["fallbacks"]:
        note(f"Fallback: {fallback}", f"대체됨: {fallback}")
    if failed := report["asked"]["failed"]:
        note(
            f"{failed:,} questions got no answer because generation failed; they are unscored, and KLUE counts them 0.",
            f"질문 {failed:,}개는 생성이 실패해 답을 얻지 못했습니다. 채점에서 빠지며 KLUE 지표에서는 0입니다.",
        )
    if not report["asked"]["retrieval_only"]:
        _notes_on_answers(report, run, note)
    if bad := report["dataset"].get("bad_rows"):
        note(
            f"{len(bad):,} rows of the data set were left out; they are listed below.",
            f"데이터셋의 {len(bad):,}개 행을 제외했습니다. 아래에 나열했습니다.",
        )
    return found


def _homeless(asked: Mapping[str, Any]) -> bool:
    return bool(asked["evidence"]) and not asked["is_impossible"] and not asked["gold_documents"]


def _notes_on_answers(report: Mapping[str, Any], run: Run, note: Any) -> None:
    published = report["dataset"]["kind"] in ("klue", "squad")
    if published and report["metrics"]["em_klue"]["value"] is not None:
        note(
            "Exact match, ROUGE-W and F1 do not compare with published span readers: those are given the gold "
            "passage and copy a span out of it (KLUE-RoBERTa-large: EM 75.58, ROUGE-W 80.59); here the passage has "
            "to be found first and the answer is written.",
            "정확 일치·ROUGE-W·F1은 논문의 스팬 추출 모델과 비교할 수 없습니다. 그 모델은 정답 지문을 받아 일부를 "
            "복사합니다(KLUE-RoBERTa-large: EM 75.58, ROUGE-W 80.59). 여기서는 지문부터 찾고 답을 글로 씁니다.",
        )
    if report["metrics"]["citation_recall"]["value"] is not None:
        note(
            "Citations are scored by ALCE's rules, but with this project's own support check instead of an English "
            "entailment model.",
            "인용은 ALCE의 규칙으로 채점하되, 영어 함의 모델 대신 이 프로젝트의 뒷받침 검사를 씁니다.",
        )
        check = json.loads(_SUPPORT_CHECK.read_text(encoding="utf-8"))
        note(
            f"That check, on {check['sentences']} hand-written sentences it was not tuned on: what it calls supported "
            f"is so in {check['precision']:.0%} (against altered and invented ones), and it finds "
            f"{check['recall']:.0%} of the faithful ones.",
            f"이 검사를 조정에 쓰지 않은 문장 {check['sentences']}개로 재 보니, 뒷받침된다고 한 것 가운데 "
            f"{check['precision']:.0%}가 맞았고(바꾸거나 지어낸 문장 대비), 충실한 문장의 {check['recall']:.0%}를 "
            "찾아냈습니다.",
        )
    if report["settings"].get("cross_check"):
        checked, doubted = (
            sum(r.scores.get(name) or 0 for r in run.results) for name in (CROSS_CHECKED, CROSS_DOUBTED)
        )
        note(
            f"cross_check was on: the generator was asked about {checked:,.0f} sentences, and {doubted:,.0f} of them "
            "are not called supported by both together. Metrics of citations are counted by words alone.",
            f"cross_check를 켜고 쟀습니다: 문장 {checked:,.0f}개를 답변 모델에 물었고, 그 가운데 {doubted:,.0f}개는 "
            "낱말과 모델을 함께 볼 때 근거가 있다고 하지 않습니다. 인용 지표는 낱말만으로 셉니다.",
        )
    if (at_a_time := report["asked"]["in_flight"]) > 1:
        note(
            f"Times include waiting: {at_a_time} questions were asked at a time.",
            f"시간에는 기다린 시간이 들어 있습니다. 질문을 한 번에 {at_a_time}개씩 물었습니다.",
        )
    if judge := report["judge"]:
        known = judge["agreement"] != "unknown"
        measured = (
            "; ".join(f"{row['dimension']} kappa {row['kappa']} (n {row['n']})" for row in judge["agreement"])
            if known
            else ""
        )
        note(
            f"Judged by {judge['model']}. Its agreement with people: {measured or 'unknown (see --judge-agreement)'}.",
            f"심사 모델: {judge['model']}. 사람과의 일치도: {measured or '알 수 없음 (--judge-agreement 참고)'}.",
        )
    removed = [result for result in run.results if run.asked[result.id]["left_out"]]
    if removed:
        elsewhere = sum(_holds_removed(result, run.asked[result.id]["removed_answers"]) for result in removed)
        note(
            f"{len(removed):,} questions were made unanswerable by taking their documents out of retrieval. "
            f"{elsewhere:,} of them were answered with the gold answer all the same: other documents hold it too.",
            f"질문 {len(removed):,}개는 정답 문서를 검색에서 빼서 답할 수 없게 만들었습니다. 그중 {elsewhere:,}개는 "
            "그래도 정답이 나왔습니다. 다른 문서에도 답이 있다는 뜻입니다.",
        )


def _holds_removed(result: Result, removed: Sequence[str]) -> bool:
    from eval.answers import contains

    return bool(result.prediction and removed and contains(result.prediction, removed))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
