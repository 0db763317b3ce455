"""Plots of figures as SVG, made here: a page needs no script for them, and a file of the public can hold them.

A month whose count is small is drawn as a hatched stump of one height, whatever the count; one that nobody told of
stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from oversight.comparing.figures import UNKNOWN, Figure, Figures, Month, PerAct
from records.small_counts import HIDDEN

_WIDTH, _HEIGHT, _BASE, _LEFT, _TOP = 640, 200, 168, 44, 14
_STUMP = 5
_STEPS = (1, 2, 5)
_LINE_WIDTH, _LINE_HEIGHT = 200, 14
SHARES = ("precision", "uploaded")
ACTS_PLOTTED = ("raised", "confirmed", "other_person", "precision", "deleted")


@dataclass(frozen=True, slots=True)
class Plot:
    """One figure over the months."""

    name: str  # of `figures.NAMES`, or of `SHARES`
    svg: Markup


def draw_plots(figures: Figures, names: Sequence[str]) -> list[Plot]:
    """Return a plot for each name of which somebody told anything, the oldest month at the left."""
    months = figures.months[::-1]
    found = {name: [(each, _read(each, name)) for each in months] for name in names}
    told = {name: bars for name, bars in found.items() if any(figure.is_known for _, figure in bars)}
    return [Plot(name, draw_bars(bars)) for name, bars in told.items()]


@dataclass(frozen=True, slots=True)
class ActPlot:
    """One figure over courts and acts: a bar beside each of them."""

    name: str  # of `figures.ACT_COLUMNS`
    bars: tuple[tuple[PerAct, Figure, Markup], ...]


def draw_act_plots(figures: Figures) -> list[ActPlot]:
    """Return a plot of each figure over the acts. The rows of whole courts stand in the table alone."""
    acts = [each for each in figures.per_act if each.act]
    return [ActPlot(name, _draw_lines(acts, name)) for name in ACTS_PLOTTED] if acts else []


def _draw_lines(acts: Sequence[PerAct], name: str) -> tuple[tuple[PerAct, Figure, Markup], ...]:
    found = [(each, _read(each, name)) for each in acts]
    top = _round_up(max((figure.n or 0 for _, figure in found), default=0))
    return tuple((each, figure, _draw_line(figure, top)) for each, figure in found)


def _read(each: Month | PerAct, name: str) -> Figure:
    """Return a figure, or a share in per cent, which nobody tells where the cases are few."""
    if name in SHARES:
        share: int | None = getattr(each, name)
        return UNKNOWN if share is None else Figure(share)
    figure: Figure = each.figures[name] if isinstance(each, Month) else getattr(each, name)
    return figure


def _draw_line(figure: Figure, top: int) -> Markup:
    if not figure.is_known or figure.n == 0:
        bar = Markup("")
    else:
        length = _STUMP * 2 if figure.n is None else max(2.0, _LINE_WIDTH * figure.n / top)
        kind = "plot-few" if figure.n is None else "plot-bar"
        bar = Markup('<rect class="{}" x="0" y="2" width="{}" height="{}"/>').format(
            kind, _trim(length), _LINE_HEIGHT - 4
        )
    return Markup(
        '<svg class="plot-line" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
    ).format(_LINE_WIDTH, _LINE_HEIGHT, bar)


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
