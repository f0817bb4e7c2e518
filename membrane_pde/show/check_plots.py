"""Plots of the checks of `membrane_pde.verify`: known and computed values, and their difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.show import drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = drawing.COLOURS[:7]  # without yellow, too pale for lines
FEW = 17  # number of points of a line up to which they have markers
MANY = 40  # number of known points above which they are drawn as a broad line
SMALL = 1e-3  # difference above which it is shown in per cent with sign, else as a magnitude on a logarithmic axis
ROUND_OFF = 1e-17  # difference ÷ largest value at which smaller differences are drawn


def draw(panels: Sequence[Any]) -> Figure:
    """Draw each panel and, where its known and computed values can be compared, their difference beside it.

    Parameters
    ----------
    panels : sequence of verify.Panel
        At least one.

    Returns
    -------
    Figure
        Two plots in a row. A panel with a difference has a row for itself.
    """
    from matplotlib.figure import Figure

    places, place = [], 0
    for panel in panels:
        place += place % 2 if panel.differences() else 0
        places.append(place)
        place += 2 if panel.differences() else 1
    rows, columns = -(-place // 2), min(place, 2)
    figure = Figure(figsize=(5.6 * columns, 4.0 * rows), layout="constrained")
    for place, panel in zip(places, panels, strict=True):
        _draw_panel(figure.add_subplot(rows, columns, place + 1), panel)
        if panel.differences():
            _draw_differences(figure.add_subplot(rows, columns, place + 2), panel)
    return figure


def draw_apart(panel: Any) -> list[Figure]:
    """Draw a panel and, where its known and computed values can be compared, their difference, each as a figure.

    Parameters
    ----------
    panel : verify.Panel

    Returns
    -------
    list of Figure
        One or two.
    """
    from matplotlib.figure import Figure

    figures = []
    for drawn in (_draw_panel, _draw_differences) if panel.differences() else (_draw_panel,):
        figures.append(Figure(figsize=(5.6, 4.0), layout="constrained"))
        drawn(figures[-1].add_subplot(), panel)
    return figures


def _draw_panel(ax: Axes, panel: Any) -> None:
    """Draw known values as points with bars (many as a broad line), computed ones as a line of the same colour."""
    for each, colour, follows in _coloured(panel):
        x, y = np.asarray(each.x, float), np.asarray(each.y, float)
        style: dict[str, Any] = {"color": colour}
        if each.ours:
            style |= {"lw": 0, "marker": "x"} if panel.names else {"lw": 1.3, "marker": "." if x.size <= FEW else ""}
            ax.plot(x, y, label="" if follows and not panel.names else each.label, zorder=3, **style)
        elif x.size > MANY:
            ax.plot(x, y, lw=5.0, alpha=0.35, label=each.label, zorder=2, **style)
        else:
            style |= {"fmt": "o", "ms": 4.5, "mfc": "none", "elinewidth": 1.0, "capsize": 2.5}
            ax.errorbar(x, y, yerr=each.spread, label=each.label, zorder=2, **style)
    if "y" in panel.logarithmic:
        ax.set_yscale("log")
    _dress(ax, panel, panel.title, panel.y)


def _coloured(panel: Any) -> list[tuple[Any, str, bool]]:
    """Each series with its colour, and True for a computed line that belongs to known points."""
    colour, free, found = -1, False, []
    for each in panel.series:
        follows = each.ours and free
        colour += not follows
        found.append((each, COLOURS[colour % len(COLOURS)], follows))
        free = not each.ours
    return found


def _draw_differences(ax: Axes, panel: Any) -> None:
    """Draw computed minus known: in per cent with sign, or small differences as magnitudes on a logarithmic axis."""
    differences = panel.differences()
    colours = {id(each): colour for each, colour, _ in _coloured(panel)}
    shares = [np.asarray(each.difference) / each.scale for each in differences]
    coarse = max(float(np.abs(share).max()) for share in shares) > SMALL
    for each, share in zip(differences, shares, strict=True):
        y = 100.0 * share if coarse else np.maximum(np.abs(share), ROUND_OFF)
        line = "" if panel.names or coarse else "-"
        ax.plot(each.x, y, color=colours[id(each.of)], marker="x", ms=4, lw=0.8, ls=line, label=each.label)
    if coarse:
        ax.axhline(0.0, color="0.5", lw=0.8)
    else:
        ax.set_yscale("log")
    measure = "computed − known" if coarse else "|computed − known|"
    part = "known" if differences[0].relative else "largest"
    _dress(ax, panel, "Error", f"{measure}, {'%' if coarse else 'share'} of the {part}")


def _dress(ax: Axes, panel: Any, title: str, y: str) -> None:
    """Titles, ticks and legend."""
    if "x" in panel.logarithmic:
        ax.set_xscale("log")
    if panel.names:
        ax.set_xticks(range(len(panel.names)), panel.names, rotation=90 if len(panel.names) > 4 else 0)
    ax.set_title(title, fontsize=10)
    ax.set_xlabel(panel.x)
    ax.set_ylabel(y)
    ax.tick_params(labelsize=7 if len(panel.names) > 4 else 8)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(fontsize=7, framealpha=0.7)
