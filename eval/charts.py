"""Small pictures as inline SVG: an interval on a scale, a line, bars. No library, no script.

Colours and fonts come from the page's style sheet through classes, so that one picture serves light
and dark. Enters: numbers. Leaves: SVG text, already escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log10


def interval(value: float, low: float, high: float, *, best: float = 1.0) -> str:
    """A dot with its interval on a scale from 0 to `best`; stretches to the width it is given."""
    scale = 100 / best
    x, start, end = (min(100.0, max(0.0, number * scale)) for number in (value, low, high))
    ticks = "".join(f'<line class="tick" x1="{at}%" x2="{at}%" y1="3" y2="21"/>' for at in (0, 25, 50, 75, 100))
    return (
        f'<svg class="interval" width="100%" height="24" role="img" aria-label="{_percent(value)}, '
        f'{_percent(low)} – {_percent(high)}">{ticks}'
        f'<line class="rail" x1="0%" x2="100%" y1="12" y2="12"/>'
        f'<line class="range" x1="{start:.2f}%" x2="{end:.2f}%" y1="12" y2="12"/>'
        f'<circle class="dot" cx="{x:.2f}%" cy="12" r="5"/></svg>'
    )


_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 460, 250, 44, 14, 20, 36


def risk_coverage(points: Sequence[Mapping[str, float]], x_label: str, y_label: str) -> str:
    """Risk over coverage, both in percent; the last point is where the run stands."""
    top = max(0.1, *(point["risk"] for point in points))
    top = next(step for step in (0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0) if step >= top)
    spots = [(_x(point["coverage"]), _y(point["risk"] / top)) for point in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    base = _y(0)
    area = f"{spots[0][0]:.1f},{base} {line} {spots[-1][0]:.1f},{base}"
    last_x, last_y = spots[-1]
    anchor = "end" if last_x > _WIDTH * 0.7 else "start"
    label = _percent(points[-1]["risk"])
    return _framed(
        f'<polygon class="area" points="{area}"/><polyline class="line" points="{line}"/>'
        f'<circle class="dot" cx="{last_x:.1f}" cy="{last_y:.1f}" r="4.5"/>'
        f'<text class="mark" x="{last_x:.1f}" y="{max(last_y - 10, 12):.1f}" text-anchor="{anchor}">{label}</text>',
        [(share, _percent(share, 0)) for share in (0, 0.25, 0.5, 0.75, 1)],
        [(share, _percent(share * top, 0)) for share in (0, 0.5, 1)],
        x_label,
        y_label,
    )


def bars(values: Mapping[str, int], x_label: str, y_label: str, *, loss: Sequence[str] = ()) -> str:
    """A bar for each name with its share above it; the names in `loss` take the colour of a loss."""
    total, highest = max(1, sum(values.values())), max(1, *values.values())
    room = (_WIDTH - _LEFT - _RIGHT) / len(values)
    drawn = []
    for place, (name, count) in enumerate(values.items()):
        x, y = _LEFT + room * place, _y(count / highest * 0.92)
        kind = "bar lost" if name in loss else "bar"
        share = count / total
        drawn.append(
            f'<rect class="{kind}" x="{x + room * 0.12:.1f}" y="{y:.1f}" width="{room * 0.76:.1f}" '
            f'height="{_y(0) - y:.1f}" rx="2"><title>{escape(name)}: {count:,} ({_percent(share)})</title></rect>'
            f'<text class="name" x="{x + room / 2:.1f}" y="{_y(0) + 15:.1f}" text-anchor="middle">{escape(name)}</text>'
        )
        if share >= 0.005:
            label = _percent(share, 0) if share >= 0.095 else _percent(share)
            drawn.append(
                f'<text class="mark" x="{x + room / 2:.1f}" y="{y - 5:.1f}" text-anchor="middle">{label}</text>'
            )
    return _framed("".join(drawn), [], [], x_label, y_label)


def durations(values: Sequence[float], median: float, p95: float, x_label: str, y_label: str) -> str:
    """Histogram of milliseconds on a logarithmic scale, median and 95th percentile marked."""
    low, high = log10(max(min(values), 0.1)), log10(max(values) + 0.1)
    spread = max(high - low, 0.3)
    middle = (low + high) / 2
    low, high = middle - spread / 2 - 0.05, middle + spread / 2 + 0.05
    bins = min(36, max(10, round(2 * len(values) ** 0.5)))
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((log10(max(value, 0.1)) - low) / (high - low) * bins))] += 1
    room, highest = (_WIDTH - _LEFT - _RIGHT) / bins, max(counts)
    drawn = [
        f'<rect class="bar" x="{_LEFT + room * place + 0.75:.1f}" y="{_y(count / highest * 0.86):.1f}" '
        f'width="{room - 1.5:.1f}" height="{_y(0) - _y(count / highest * 0.86):.1f}" rx="1.5"/>'
        for place, count in enumerate(counts)
        if count
    ]
    place_of = {name: _x((log10(max(at, 0.1)) - low) / (high - low)) for name, at in (("p50", median), ("p95", p95))}
    for name, at in (("p50", median), ("p95", p95)):
        x = place_of[name]
        anchor = "end" if name == "p50" or x > _WIDTH - 80 else "start"
        drawn.append(
            f'<line class="pin" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP + 4}" y2="{_y(0):.1f}"/>'
            f'<text class="mark" x="{x + (-5 if anchor == "end" else 5):.1f}" '
            f'y="{_TOP + (10 if name == "p50" else 24)}" text-anchor="{anchor}">{name} {seconds(at)}</text>'
        )
    ends = [10.0**power * step for power in range(-1, 8) for step in (1, 3)]
    ticks = [((log10(at) - low) / (high - low), seconds(at)) for at in ends if low <= log10(at) <= high]
    return _framed("".join(drawn), ticks, [], x_label, y_label)


def seconds(milliseconds: float) -> str:
    """Milliseconds in the unit a person would choose."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 100_000 else f"{milliseconds / 60_000:.1f} min"


def _framed(
    inside: str, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]], x_label: str, y_label: str
) -> str:
    grid = "".join(
        f'<line class="tick" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(share):.1f}" y2="{_y(share):.1f}"/>'
        f'<text class="name" x="{_LEFT - 7}" y="{_y(share) + 4:.1f}" text-anchor="end">{escape(name)}</text>'
        for share, name in y_ticks
    ) + "".join(
        f'<text class="name" x="{_x(share):.1f}" y="{_y(0) + 15:.1f}" text-anchor="middle">{escape(name)}</text>'
        for share, name in x_ticks
    )
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(y_label)}: {escape(x_label)}">'
        f'{grid}<line class="rail" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(0):.1f}" y2="{_y(0):.1f}"/>{inside}'
        f'<text class="axis" x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 4}" text-anchor="end">{escape(x_label)}</text>'
        f'<text class="axis" x="{_LEFT}" y="{_TOP - 6}">{escape(y_label if y_ticks else "")}</text>'
        "</svg>"
    )


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f}%"
