"""The kinds of figures: a heat map, bars side by side, bars one above the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from cablecrawl.report.colours import INK, LINE, SOFT, stand_in, written_on
from cablecrawl.report.drawing import TEXT_SIZE, canvas
from cablecrawl.report.scale import Scale

SMALL = TEXT_SIZE - 1
ROW = 17
"""Height of a row of a heat map, in pixels."""
BAR = 24
"""Height of a row of bars."""

# Cells of a heat map: so wide that all columns fit, and numbers where there is room for them.
WIDEST_CELL, NARROWEST_CELL, GRID = 48, 14, 700
ROOM_FOR_NUMBER = 38

BARS_WIDTH = 340
OUTLINE = 1.5
LONGEST_LABEL = 34

FARTHEST_MARK = 2
"""Times the longest bar: marks beyond that would leave no room for the bars."""


class Series(NamedTuple):
    """One value for each bar, in one colour."""

    name: str
    colour: str
    values: Sequence[float]
    is_outlined: bool = False
    """Bars are drawn by their outline, to be told from others without colours."""


class Cell(NamedTuple):
    """A field of a heat map."""

    value: int
    """What its colour goes by; 0: it is left empty."""
    text: str
    """What stands in it, where there is room."""
    tip: str
    """What is said of it when it is pointed at."""


@dataclass(frozen=True)
class Chart:
    """A figure of matplotlib, and what is said of its parts."""

    canvas: Canvas
    tips: dict[str, str] = field(default_factory=dict)
    """By gid."""


def short(label: str) -> str:
    """A label that leaves room for the figure."""
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Mapping[tuple[int, int], Cell],
    scale: Scale,
    colours: tuple[str, ...],
    *,
    upright: bool = False,
) -> Chart:
    """A field for each row and column. `upright`: long labels of columns are turned."""
    width = max(min(GRID / len(columns), WIDEST_CELL), NARROWEST_CELL)
    height = ROW if width < ROOM_FOR_NUMBER else ROW + 5
    figure = canvas(width * len(columns), height * len(rows))
    axes = _bare(figure)
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.set_xticks(range(len(columns) + 1), minor=True)
    axes.set_yticks(range(len(rows) + 1), minor=True)
    axes.grid(which="minor")
    for side in axes.spines.values():
        side.set_visible(True)
    tips = {}
    for (row, column), cell in cells.items():
        if not cell.value:
            continue
        colour = scale.colour(cell.value, colours)
        patch = Rectangle((column, row), 1, 1, facecolor=stand_in(colour), edgecolor="none")
        patch.set_clip_on(False)
        patch.set_gid(f"cell-{row}-{column}")
        tips[f"cell-{row}-{column}"] = cell.tip
        axes.add_patch(patch)
        if width >= ROOM_FOR_NUMBER:
            axes.text(
                column + 0.5,
                row + 0.54,
                cell.text,
                ha="center",
                va="center",
                size=SMALL,
                color=stand_in(written_on(colour)),
            )
    axes.set_yticks([row + 0.5 for row in range(len(rows))], [short(row) for row in rows])
    shown = range(len(columns)) if upright else _shown(columns, width)
    axes.set_xticks(
        [place + 0.5 for place in shown],
        [short(columns[place]) for place in shown],
        rotation=50 if upright else 0,
        ha="left" if upright else "center",
        rotation_mode="anchor" if upright else "default",
        size=SMALL,
    )
    return Chart(figure, tips)


def bars(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    notes: Sequence[str] | None = None,
    marks: Sequence[float | None] | None = None,
) -> Chart:
    """A row for each label, the series one behind the other, and the sum or a note at its end.

    `marks` are strokes across a row, at another value.
    """
    figure = canvas(BARS_WIDTH, BAR * len(labels))
    axes = _bare(figure)
    ends = [0.0] * len(labels)
    places = range(len(labels))
    for one in series:
        colour = stand_in(one.colour)
        if one.is_outlined:
            style: dict[str, Any] = {"color": "none", "edgecolor": colour, "lw": OUTLINE}
        else:
            style = {"color": colour, "edgecolor": "none"}
        drawn = [place for place in places if one.values[place]]
        axes.barh(
            drawn,
            [one.values[place] for place in drawn],
            0.6 if one.is_outlined else 0.7,
            left=[ends[place] for place in drawn],
            clip_on=False,
            **style,
        )
        ends = [end + value for end, value in zip(ends, one.values, strict=True)]
    axes.set_xlim(0, max([*ends, *(mark for mark in marks or () if mark is not None)]) or 1)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    for place, end in enumerate(ends):
        mark = marks[place] if marks is not None else None
        if mark is not None:
            axes.plot(
                [mark, mark],
                [place - 0.42, place + 0.42],
                color=stand_in(INK),
                lw=2,
                solid_capstyle="butt",
                clip_on=False,
            )
        text = notes[place] if notes is not None else f"{end:,.0f}"
        axes.annotate(
            text,
            (max(end, mark or 0), place),
            (6, 0),
            textcoords="offset points",
            va="center",
            size=SMALL,
            color=stand_in(SOFT),
            annotation_clip=False,
        )
    axes.set_yticks(places, [short(label) for label in labels])
    axes.plot([0, 0], [-0.5, len(labels) - 0.5], color=stand_in(LINE), lw=1, clip_on=False)
    return Chart(figure)


def near(marks: Sequence[float | None], longest: float) -> list[float | None]:
    """The marks that can be drawn beside bars as long as that; None for the others."""
    return [
        mark if mark is not None and mark <= longest * FARTHEST_MARK else None for mark in marks
    ]


def columns(labels: Sequence[str], series: Sequence[Series], height: int = 200) -> Chart:
    """A column for each label, the series one upon the other."""
    widest = max(WIDEST_CELL, _room(labels))
    width = max(min(GRID / len(labels), widest), NARROWEST_CELL - 4)
    figure = canvas(max(width * len(labels), 120), height)
    axes = _bare(figure)
    ends = [0.0] * len(labels)
    places = range(len(labels))
    for one in series:
        axes.bar(places, one.values, 0.8, bottom=ends, color=stand_in(one.colour), edgecolor="none")
        ends = [end + value for end, value in zip(ends, one.values, strict=True)]
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.set_ylim(0, max(ends, default=0) or 1)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.tick_params(axis="y", labelsize=SMALL, labelcolor=stand_in(SOFT))
    axes.grid(axis="y")
    axes.xaxis.tick_bottom()
    axes.tick_params(bottom=False)
    shown = _shown(labels, width)
    axes.set_xticks(shown, [labels[place] for place in shown], size=SMALL)
    axes.axhline(0, color=stand_in(LINE), lw=1)
    return Chart(figure)


def _bare(figure: Canvas) -> Axes:
    """Axes that fill a figure, without frame and ticks; labels of columns stand above."""
    axes = figure.add_axes((0, 0, 1, 1))
    for side in axes.spines.values():
        side.set_visible(False)
    axes.xaxis.tick_top()
    axes.tick_params(
        which="both", left=False, top=False, bottom=False, pad=5, labelcolor=stand_in(INK)
    )
    axes.tick_params(axis="x", labelcolor=stand_in(SOFT))
    axes.set_xticks([])
    axes.patch.set_visible(False)
    return axes


def _room(labels: Sequence[str]) -> float:
    """The width that the longest needs beside others, in pixels."""
    return max(map(len, labels), default=1) * SMALL * 0.68 + 5


def _shown(labels: Sequence[str], width: float) -> list[int]:
    """Which of the labels can stand beside one another: each, or years that are round.

    Those of what is put together at the ends (`<1995`) are there in any case.
    """
    room = _room(labels)
    every = next((every for every in (1, 2, 5, 10) if every * width >= room), 20)
    ends = [place for place, label in enumerate(labels) if label.startswith(("<", ">"))]
    return sorted(
        {
            place
            for place, label in enumerate(labels)
            if (int(label) if label.isdecimal() else place) % every == 0
            and all(abs(place - end) >= every for end in ends)
        }.union(ends)
    )
