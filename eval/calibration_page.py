"""The risk-coverage curves of a calibration as one self-contained page.

Enters: what was fitted. Leaves: HTML text with inline SVG and styles, nothing from another host.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from eval.charts import risk_coverage

if TYPE_CHECKING:
    from eval.calibrating import Fitted

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#1d2733;"
    "background:#fff}h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2rem 0 .3rem}svg{width:100%;height:auto}"
)
# For a picture that stands alone as well: classes of eval/charts.py.
_INK = (
    ".line{fill:none;stroke:#2f6f6a;stroke-width:2}.area{fill:#2f6f6a;opacity:.12}.dot{fill:#2f6f6a}"
    ".tick{stroke:#d8dee4}.rail{stroke:#8a949e}.name,.axis,.mark{font:11px system-ui,sans-serif;fill:#4b5763}"
    ".mark{font-weight:600}"
)
_SHOWN_POINTS = 200
_WORDS = {
    "ko": (
        "보정: 언제 답하지 않을까",
        "한국어 질문",
        "영어 질문",
        "답한 질문의 비율",
        "답했지만 노트에 답이 없는 비율",
    ),
    "en": (
        "Calibration: when not to answer",
        "Questions in Korean",
        "Questions in English",
        "share of questions answered",
        "share of those that the notes do not answer",
    ),
}


def page(found: Sequence[Fitted], language: str) -> str:
    """One section a language, with its curve where there is one."""
    title, korean, english, *_ = _WORDS[language]
    parts = [f"<h1>{title}</h1>"]
    for one in found:
        parts.append(f"<h2>{korean if one.language == 'ko' else english}</h2>")
        parts.append(f"<p>{one.answerable} + {one.unanswerable}")
        if one.auroc is not None:
            parts.append(f" · AUROC {one.auroc:.3f} [{one.low:.3f}, {one.high:.3f}]")
        parts.append(f"</p>{curve(one, language)}" if one.points else f"</p><p>{escape(one.why)}</p>")
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}{_INK}</style>{''.join(parts)}</html>\n"
    )


def curve(one: Fitted, language: str, *, alone: bool = False) -> str:
    """Risk over coverage as SVG; `alone` carries its own colours, for a file of its own."""
    *_, coverage, risk = _WORDS[language]
    step = max(1, len(one.points) // _SHOWN_POINTS)
    # The first few are noise: a risk of one question in three says nothing.
    points = [*one.points[max(4, step - 1) :: step], one.points[-1]]
    drawn = risk_coverage(points, coverage, risk)
    if not alone:
        return drawn
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(
        ">", f"><style>{_INK}</style>", 1
    )
