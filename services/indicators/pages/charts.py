"""The geometry of a line chart: from values to places in a box, so that the template only draws."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 150, 16, 36
_STEPS = (1, 2, 5)
_MOST_X_LABELS = 7


@dataclass(frozen=True)
class Tick:
    """A mark on an axis, and what it stands for."""

    at: float
    value: int


@dataclass(frozen=True)
class Dot:
    """A point of a line: its place in the box, its index and value."""

    x: float
    y: float
    index: int
    value: int


@dataclass(frozen=True)
class Line:
    """A line of the chart; `paths` breaks where a value is missing. `label_y` keeps labels of close lines apart."""

    name: str
    paths: tuple[str, ...]
    dots: tuple[Dot, ...]
    label_y: float


@dataclass(frozen=True)
class LineChart:
    """Lines over common points; the vertical axis begins at 0."""

    lines: tuple[Line, ...]
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM


def nice_step(largest: int, ticks: int = 4) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50, … that divides 0 to `largest` into at most `ticks` parts."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power * ticks >= largest:
                return step * power
        power *= 10


def line_chart(series: Sequence[tuple[str, Sequence[int | None]]]) -> LineChart | None:
    """Return the chart of named series of one length, or None when they hold fewer than two values.

    Values are 0 or more.
    """
    values = [value for _, each in series for value in each if value is not None]
    if len(values) < 2:
        return None
    step = nice_step(max(*values, 1))
    top = step * -(-max(*values, 1) // step)
    count = len(series[0][1])

    def x(index: int) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * (index / max(count - 1, 1)), 1)

    def y(value: int) -> float:
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top, 1)

    every = -(-count // _MOST_X_LABELS)
    dots = [
        (name, tuple(Dot(x(i), y(value), i, value) for i, value in enumerate(each) if value is not None))
        for name, each in series
    ]
    return LineChart(
        lines=_labelled(dots),
        y_ticks=tuple(Tick(y(value), value) for value in range(0, top + 1, step)),
        x_ticks=tuple(Tick(x(index), index) for index in range(count - 1, -1, -every)),
    )


def _labelled(series: Sequence[tuple[str, tuple[Dot, ...]]]) -> tuple[Line, ...]:
    """Return the lines, the labels at their ends at least two rows of text apart."""
    places: dict[str, float] = {}
    last = -100.0
    for name, dots in sorted((each for each in series if each[1]), key=lambda each: each[1][-1].y):
        last = places[name] = max(dots[-1].y, last + 38)
    overflow = max(0.0, last - (HEIGHT - _BOTTOM))
    return tuple(Line(name, _paths(dots), dots, places[name] - overflow) for name, dots in series if dots)


def _paths(dots: Sequence[Dot]) -> tuple[str, ...]:
    """Return a path for each run of neighbours."""
    runs: list[list[Dot]] = []
    for dot in dots:
        if runs and runs[-1][-1].index == dot.index - 1:
            runs[-1].append(dot)
        else:
            runs.append([dot])
    return tuple("M" + "L".join(f"{dot.x} {dot.y}" for dot in run) for run in runs)
