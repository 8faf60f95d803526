"""The figures of the report: matplotlib SVG whose colours become the page's CSS variables (light and dark)."""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib

matplotlib.use("svg")

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from matplotlib.dates import DateFormatter, YearLocator, date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from krimp.outputs import words
from krimp.outputs.folder import CITY, Run
from krimp.outputs.observed import Beside

#: Colours by role, light value then dark value. The light value is drawn and then replaced by var(--name).
THEME: dict[str, tuple[str, str]] = {
    "ink": ("#20262d", "#e8e6e1"),
    "soft": ("#68707a", "#a2a8b0"),
    "grid": ("#e2e4e1", "#343b45"),
    "page": ("#fbfaf7", "#14181d"),
    "c1": ("#2b6390", "#6fa8d6"),
    "c2": ("#cd5a35", "#ea8860"),
    "c3": ("#5f8f47", "#93c47b"),
    "c4": ("#c29319", "#e3bd55"),
    "c5": ("#76599a", "#b199d4"),
    "c6": ("#3f979f", "#74c6cd"),
    "c7": ("#9f4567", "#d5809f"),
    "c8": ("#8b8f94", "#787e87"),
    "lit": ("#e8b23a", "#f5c95c"),
    "dark": ("#3a4450", "#2a323c"),
}
INK, SOFT, GRID, PAGE = (THEME[n][0] for n in ("ink", "soft", "grid", "page"))
C = [THEME[f"c{i}"][0] for i in range(1, 9)]
LIT, UNLIT = THEME["lit"][0], THEME["dark"][0]
#: Line styles of the runs of a report with several.
STYLES: tuple[Any, ...] = (
    "-",
    (0, (4, 1.6)),
    (0, (1.2, 1.4)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (9, 2)),
    (0, (2, 3)),
)
WIDE, HALF = (7.6, 3.1), (4.9, 3.1)

_RC: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "krimp", "font.size": 9.5, "font.family": "sans-serif",
    "axes.edgecolor": SOFT, "axes.labelcolor": SOFT, "text.color": INK, "xtick.color": SOFT, "ytick.color": SOFT,
    "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False, "axes.grid": True,
    "axes.grid.axis": "y", "grid.color": GRID, "grid.linewidth": 0.8, "axes.axisbelow": True, "axes.linewidth": 0.8,
    "xtick.major.size": 3, "ytick.major.size": 0, "lines.linewidth": 1.7, "lines.solid_capstyle": "round",
    "legend.frameon": False, "legend.fontsize": 9, "axes.titlesize": 10.5, "axes.titlelocation": "left",
    "axes.titleweight": "bold", "legend.handlelength": 1.5,
    "legend.columnspacing": 1.1, "legend.handletextpad": 0.5, "legend.borderaxespad": 0.1,
}  # fmt: skip


@dataclass(frozen=True)
class Plot:
    """A figure for the page: SVG, title, keys (text, colour, "line" or "box"), a line of text under it."""

    svg: str
    title: str
    keys: tuple[tuple[str, str, str], ...] = ()
    note: str = ""
    show_keys: bool = True


def figure(
    size: tuple[float, float] = HALF,
    rows: int = 1,
    columns: int = 1,
    left: float = 0.52,
    bottom: float = 0.3,
    **keys: Any,
) -> tuple[Figure, Any]:
    """A figure and its axes in the report's style; `left`, `bottom` are the margins for the labels in inches."""
    with matplotlib.rc_context(_RC):
        fig = Figure(figsize=size)
        fig.patch.set_alpha(0)
        fig.subplots_adjust(
            left=left / size[0], right=1 - 0.1 / size[0], bottom=bottom / size[1], top=1 - 0.08 / size[1]
        )
        axes = fig.subplots(rows, columns, **keys)
    for ax in np.atleast_1d(axes).ravel():
        ax.patch.set_alpha(0)
    return fig, axes


def svg(fig: Figure, label: str) -> str:
    """The figure as inline SVG that takes the page's colours and width; `label` is read by screen readers."""
    buffer = io.StringIO()
    with matplotlib.rc_context(_RC):
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', rf'\1 role="img" aria-label="{label}"', text, count=1)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r"font: (?:\w+ )?([\d.]+px) [^;\"]*", r"font-size: \1", text)  # the family is the page's
    text = re.sub(r" font-family: [^;\"]*;", "", text)
    text = re.sub(r' transform="rotate\(-0[^"]*"', "", text)
    text = re.sub(r"(-?\d+\.\d{2})\d+", r"\1", text)
    for name, (light, _) in THEME.items():
        text = text.replace(light, f"var(--{name})")
    return re.sub(r">\s+<", "><", text).strip()


def drawing(fig: Figure, title: str, note: str = "", show_keys: bool = True) -> Plot:
    """The figure with its title and a key for every labelled artist, both to be set by the page."""
    keys: list[tuple[str, str, str]] = []
    seen: set[str] = set()
    for ax in fig.axes:
        for handle, text in zip(*ax.get_legend_handles_labels(), strict=True):
            if text in seen:
                continue
            seen.add(text)
            if isinstance(handle, Line2D):
                keys.append((text, _variable(handle.get_color()), "line"))
            else:
                patch: Any = handle.patches[0] if isinstance(handle, BarContainer) else handle
                colour = np.atleast_2d(patch.get_facecolor())[0]
                keys.append((text, _variable(colour), "box"))
    return Plot(svg(fig, title), title, tuple(keys), note, show_keys)


def _variable(colour: Any) -> str:
    found = to_hex(colour, keep_alpha=False)
    return next((f"var(--{name})" for name, (light, _) in THEME.items() if light == found), found)


def short(value: float, _: Any = None) -> str:
    """Axis numbers: 1.2 m, 350 k, 0.5."""
    size = abs(value)
    for top, unit in ((1e9, " bn"), (1e6, " m"), (1e3, " k")):
        if size >= top:
            return f"{value / top:g}{unit}" if size < 1e3 * top or top == 1e9 else f"{value / top:,.0f}{unit}"
    return f"{value:g}"


def dress(ax: Axes, kind: str = "number", zero: bool = True, ticks: int = 5) -> None:
    """Number format of the y axis and whether it starts at zero."""
    formats = {"number": FuncFormatter(short), "share": FuncFormatter(lambda v, _: f"{100 * v:g}%")}
    ax.yaxis.set_major_locator(MaxNLocator(ticks))
    ax.yaxis.set_major_formatter(formats[kind])
    low, high = ax.dataLim.y0, ax.dataLim.y1
    if zero and low >= 0 and math.isfinite(high):
        ax.set_ylim(0, high * 1.06 if high > 0 else 1.0)
    ax.tick_params(labelsize=9)
    if ax.get_ylim()[0] < 0 < ax.get_ylim()[1]:
        ax.axhline(0, color=SOFT, linewidth=0.8, zorder=1)


def lines(
    runs: Sequence[Run], variables: Iterable[tuple[str, str]], title: str, kind: str = "number", zero: bool = True,
    observed: Sequence[Beside] = (), size: tuple[float, float] = HALF, factor: float = 1.0, note: str = "",
) -> Plot | None:  # fmt: skip
    """City-wide lines of one or more variables (colour) and runs (style), with observations as marks."""
    asked = list(variables)
    have = [(v, text) for v, text in asked if any(r.has_series(v) for r in runs)]
    if not have:
        return None
    fig, ax = figure(size)
    for i, (variable, text) in enumerate(have):
        for j, run in enumerate(runs):
            if run.has_series(variable):
                ax.plot(run.months, np.array(run.line(variable)) * factor, color=C[i % 8], linestyle=STYLES[j % len(STYLES)],
                        label=text if j == 0 else None)  # fmt: skip
        marks(ax, [o for o in observed if o.variable == variable and o.district == CITY], C[i % 8], factor)
    dress(ax, kind, zero)
    return drawing(fig, title, note, len(asked) > 1)


def marks(ax: Axes, rows: Sequence[Beside], colour: str, factor: float = 1.0) -> None:
    """Observations: filled = used for fitting (in sample), open = out of sample, small = shown only."""
    looks = {"calibrate": (colour, colour, 26), "validate": (PAGE, colour, 26), "context": (PAGE, SOFT, 12)}
    for row in rows:
        face, edge, area = looks.get(row.role, looks["context"])
        year = int(row.date[:4])
        when = dt.date(year, int(row.date[5:7]) if len(row.date) >= 7 else 7, 1)
        ax.scatter(
            [date2num(when)],
            [row.observed * factor],
            s=area,
            facecolors=face,
            edgecolors=edge,
            linewidths=1.2,
            zorder=5,
        )


def yearly_bars(
    run: Run, up: Sequence[tuple[str, str]], down: Sequence[tuple[str, str]], title: str, total: str = "",
    size: tuple[float, float] = HALF, line: Sequence[tuple[str, str]] = (), runs: Sequence[Run] = (), note: str = "",
) -> Plot | None:  # fmt: skip
    """Stacked bars by calendar year: `up` above zero, `down` below, `total` as a line of the net; whole years only."""
    years = run.full_years()
    if not years or not any(run.has_series(v) for v, _ in (*up, *down, *line)):
        return None
    fig, ax = figure(size)
    net = np.zeros(len(years))
    colour = 0
    for sign, group in ((1, up), (-1, down)):
        base = np.zeros(len(years))
        for variable, text in group:
            if not run.has_series(variable):
                continue
            values = np.nan_to_num(np.array([run.year(variable, y) for y in years])) * sign
            ax.bar(years, values, 0.72, bottom=base, color=C[colour % 8], label=text, linewidth=0)
            base += values
            net += values
            colour += 1
    if total:
        ax.plot(years, net, color=INK, marker="o", markersize=3, linewidth=1.2, label=total)
    for k, (variable, text) in enumerate(line):
        for j, other in enumerate(runs or [run]):
            if other.has_series(variable):
                ax.plot(years, [other.year(variable, y) for y in years], color=INK if k == 0 else C[7], marker="o",
                        markersize=3, linewidth=1.3, linestyle=STYLES[j % len(STYLES)], label=text if j == 0 else None)  # fmt: skip
    dress(ax)
    ax.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    return drawing(fig, title, note)


def stacked(
    run: Run,
    variables: Sequence[tuple[str, str]],
    title: str,
    size: tuple[float, float] = HALF,
    note: str = "",
) -> Plot | None:
    """Stacked areas of parts of a whole."""
    have = [(v, text) for v, text in variables if run.has_series(v) and max(run.line(v)) > 0]
    if not have:
        return None
    fig, ax = figure(size)
    values = [np.nan_to_num(np.array(run.line(v))) for v, _ in have]
    ax.stackplot(run.months, values, colors=[C[i % 8] for i in range(len(have))], labels=[t for _, t in have], alpha=0.92,
                 linewidth=0)  # fmt: skip
    ax.set_xlim(run.months[0], run.months[-1])
    dress(ax)
    return drawing(fig, title, note)


AGES = list(range(0, 90, 5))


def pyramid(
    model: dict[str, np.ndarray], census: dict[str, np.ndarray] | None, title: str, top: float,
    others: Sequence[dict[str, np.ndarray]] = (), note: str = "",
) -> Plot:  # fmt: skip
    """Population pyramid by five-year age (last band open): bars the run, outline the census, dashes other runs."""
    fig, ax = figure((3.5, 3.8), left=0.3)
    y = np.arange(len(AGES))
    ax.barh(y, -model["male"], 0.86, color=C[0], linewidth=0, label="men", alpha=0.9)
    ax.barh(y, model["female"], 0.86, color=C[1], linewidth=0, label="women", alpha=0.9)
    if census is not None:
        for sign, sex in ((-1, "male"), (1, "female")):
            edge = np.repeat(census[sex] * sign, 2)
            rim = np.column_stack([y - 0.5, y + 0.5]).ravel()
            ax.plot(edge, rim, color=INK, linewidth=1.3, label="census" if sign < 0 else None)
    for j, other in enumerate(others, 1):
        for sign, sex in ((-1, "male"), (1, "female")):
            ax.plot(np.repeat(other[sex] * sign, 2), np.column_stack([y - 0.5, y + 0.5]).ravel(), color=SOFT,
                    linewidth=1, linestyle=STYLES[j % len(STYLES)])  # fmt: skip
    ax.set_xlim(-top, top)
    ax.set_ylim(-0.6, len(AGES) - 0.4)
    ax.set_yticks(y[::2], [f"{a}" if a < AGES[-1] else f"{a}+" for a in AGES[::2]])
    ax.xaxis.set_major_locator(MaxNLocator(5, symmetric=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: short(abs(v))))
    ax.grid(False)
    ax.axvline(0, color=PAGE, linewidth=1)
    ax.tick_params(labelsize=9)
    return drawing(fig, title, note)


def by_age(groups: Sequence[tuple[str, np.ndarray]], title: str, note: str = "") -> Plot | None:
    """Persons a year by single year of age, one step line a group (events of the whole run)."""
    if not any(values.sum() for _, values in groups):
        return None
    fig, ax = figure(HALF, bottom=0.45)
    for i, (text, values) in enumerate(groups):
        if values.sum():
            sign = -1 if text.startswith(("left", "student")) else 1
            ax.fill_between(
                np.arange(len(values)), values * sign, step="mid", alpha=0.25, color=C[i], linewidth=0
            )
            ax.plot(
                np.arange(len(values)),
                values * sign,
                drawstyle="steps-mid",
                color=C[i],
                linewidth=1.1,
                label=text,
            )
    dress(ax)
    ax.set_xlabel("age")
    ax.set_xlim(0, 90)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: short(abs(v))))
    return drawing(fig, title, note)


def district_card(
    runs: Sequence[Run], district: str, name: str, limits: dict[str, tuple[float, float]]
) -> Plot:
    """One district in three small plots with common scales: people (base = 100), vacancy, asking price."""
    wanted = [
        ("population", "people, start = 100"),
        ("vacancy_rate", "vacant"),
        ("median_ask_m2", "ask a m2"),
    ]
    have = [(v, t) for v, t in wanted if v in limits]
    fig, axes = figure((2.9, 3.3), len(have), 1, left=0.42, sharex=True)
    fig.subplots_adjust(top=0.93, hspace=0.32)
    for i, (ax, (variable, text)) in enumerate(zip(np.atleast_1d(axes), have, strict=True)):
        for j, run in enumerate(runs):
            values = district_line(run, variable, district)
            ax.plot(
                run.months, values, color=C[(0, 1, 3)[i]], linestyle=STYLES[j % len(STYLES)], linewidth=1.5
            )
            if j == 0:
                known = values[np.isfinite(values)]
                if len(known):
                    last = words.percent(known[-1], 0) if variable == "vacancy_rate" else f"{known[-1]:,.0f}"
                    ax.text(
                        1.0,
                        1.02,
                        last,
                        transform=ax.transAxes,
                        ha="right",
                        va="bottom",
                        fontsize=9,
                        color=C[(0, 1, 3)[i]],
                    )
        ax.set_ylim(*limits[variable])
        ax.text(0, 1.02, text, transform=ax.transAxes, ha="left", va="bottom", fontsize=8.5, color=SOFT)
        ax.yaxis.set_major_locator(MaxNLocator(2))
        ax.yaxis.set_major_formatter(
            FuncFormatter(lambda v, _: f"{100 * v:g}%")
            if variable == "vacancy_rate"
            else FuncFormatter(short)
        )
        ax.xaxis.set_major_locator(YearLocator(5))
        ax.xaxis.set_major_formatter(DateFormatter("%Y"))
        ax.tick_params(labelsize=8.5)
    return drawing(fig, name)


def district_line(run: Run, variable: str, district: str) -> np.ndarray:
    """Values of a district; population relative to the base month."""
    values = np.array(run.line(variable, district))
    if variable == "population" and len(values) and values[0] > 0:
        values = values / values[0] * 100
    return values


def grouped_bars(
    labels: Sequence[str],
    groups: Sequence[tuple[str, Sequence[float]]],
    title: str,
    note: str = "",
    kind: str = "share",
) -> Plot:
    """Bars side by side."""
    fig, ax = figure(HALF)
    width = 0.8 / max(len(groups), 1)
    colours = [LIT, C[0], C[7]]
    for i, (text, values) in enumerate(groups):
        ax.bar(np.arange(len(labels)) + (i - (len(groups) - 1) / 2) * width, values, width * 0.94, color=colours[i % 3],
               label=text, linewidth=0)  # fmt: skip
    ax.set_xticks(np.arange(len(labels)), labels)
    dress(ax, kind)
    return drawing(fig, title, note)


def spark(values: Sequence[float], colour: str = C[0]) -> str:
    """A tiny line without axes for a key figure."""
    known = np.array(values, float)
    fig = Figure(figsize=(1.7, 0.36))
    fig.patch.set_alpha(0)
    ax = fig.add_axes((0.01, 0.08, 0.95, 0.84))
    ax.set_axis_off()
    ax.plot(np.arange(len(known)), known, color=colour, linewidth=1.5, solid_capstyle="round")
    finite = np.flatnonzero(np.isfinite(known))
    if len(finite):
        ax.plot([finite[-1]], [known[finite[-1]]], "o", color=colour, markersize=3.2)
    return svg(fig, "trend")


def facade(share_first: float, share_last: float, first: str, last: str) -> str:
    """Two rows of houses at dusk: as many windows are lit as the share that the run observed."""
    fig = Figure(figsize=(7.6, 1.62))
    fig.patch.set_alpha(0)
    for k, (share, text) in enumerate(((share_first, first), (share_last, last))):
        ax = fig.add_axes((0.005 + 0.505 * k, 0.0, 0.485, 0.84))
        ax.set_axis_off()
        boxes, windows = [], []
        x = 0.0
        for house in range(9):
            floors, across = 4 + (house * 7 + 3) % 5, 4 + (house * 5) % 3
            boxes.append((x, floors + 0.6, across + 0.8))
            windows += [(x + 0.62 + i, 0.62 + f) for f in range(floors) for i in range(across)]
            x += across + 1.3
        for left, height, width in boxes:
            ax.bar(left, height, width, align="edge", color=UNLIT, linewidth=0)
        order = sorted(range(len(windows)), key=lambda i: math.sin(12.9898 * (i + 1)) * 43758.5453 % 1.0)
        lit = {order[i] for i in range(round(share * len(windows)))}
        for on in (False, True):
            chosen = [w for i, w in enumerate(windows) if (i in lit) == on]
            if chosen:
                ax.scatter([x for x, _ in chosen], [y for _, y in chosen], s=13, marker="s", color=LIT if on else SOFT, alpha=1 if on else 0.28,
                           linewidths=0)  # fmt: skip
        ax.set_xlim(-0.2, x)
        ax.set_ylim(0, 9.4)
        fig.text(
            0.005 + 0.505 * k,
            0.9,
            f"{text}: {words.percent(share, 0)} of windows lit at dusk",
            color=INK,
            fontsize=10,
        )
    return svg(
        fig,
        f"Windows lit at dusk: {words.percent(share_first, 0)} in {first}, {words.percent(share_last, 0)} in {last}",
    )


def css_variables(which: int) -> str:
    """CSS custom properties of the theme: 0 light, 1 dark."""
    return " ".join(f"--{name}: {pair[which]};" for name, pair in THEME.items())
