"""Plots of figures as SVG, made here: a page needs no script for them, and a file of the public can hold them.

A month whose count is small is drawn as a hatched stump of one height, whatever the count; one that nobody told of
stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from oversight.comparing.figures import Figure, Figures, Month
from records.small_counts import HIDDEN

_WIDTH, _HEIGHT, _BASE, _LEFT, _TOP = 640, 200, 168, 44, 14
_STUMP = 5
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Plot:
    """One figure over the months."""

    name: str  # of `figures.NAMES`
    svg: Markup


def draw_plots(figures: Figures, names: Sequence[str]) -> list[Plot]:
    """Return a plot for each name, the oldest month at the left."""
    months = figures.months[::-1]
    return [Plot(name, draw_bars([(each, each.figures[name]) for each in months])) for name in names]


def draw_bars(bars: Sequence[tuple[Month, Figure]]) -> Markup:
    """Return the bars of a row of months as SVG; it says to a screen reader what it shows."""
    top = _round_up(max((figure.n or 0 for _, figure in bars), default=0))
    step = (_WIDTH - _LEFT) / max(1, len(bars))
    drawn = [_draw_grid(top)]
    for place, (month, figure) in enumerate(bars):
        left = _LEFT + place * step
        drawn.append(_draw_bar(left + step * 0.15, step * 0.7, figure, top, f"{month.first_day:%Y-%m}"))
        drawn.append(
            Markup('<text class="plot-ink" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                _trim(left + step / 2), _BASE + 20, f"{month.first_day:%m}"
            )
        )
    said = ", ".join(f"{month.first_day:%Y-%m}: {figure.write() or '–'}" for month, figure in bars)
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, said, Markup("").join(drawn)
    )


def _draw_grid(top: int) -> Markup:
    lines = []
    for n in (0, top // 2, top) if top > 1 else (0, top):
        y = _trim(_find_y(n, top))
        lines.append(
            Markup(
                '<line class="plot-grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<text class="plot-ink" x="{}" y="{}" text-anchor="end" dominant-baseline="middle">{}</text>'
            ).format(_LEFT, _WIDTH, y, y, _LEFT - 6, y, n)
        )
    return Markup("").join(lines)


def _draw_bar(left: float, width: float, figure: Figure, top: int, month: str) -> Markup:
    if not figure.is_known or figure.n == 0:
        return Markup("")
    height = _STUMP if figure.n is None else max(1.0, _BASE - _find_y(figure.n, top))
    kind = "plot-few" if figure.n is None else "plot-bar"
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>').format(
        kind, _trim(left), _trim(_BASE - height), _trim(width), _trim(height), month, figure.write() or HIDDEN
    )


def _find_y(n: int, top: int) -> float:
    return _BASE - (_BASE - _TOP) * n / max(1, top)


def _round_up(n: int) -> int:
    power = 1
    while True:
        for step in _STEPS:
            if step * power >= max(n, 5):
                return step * power
        power *= 10


def _trim(value: float) -> str:
    return f"{value:.1f}"
