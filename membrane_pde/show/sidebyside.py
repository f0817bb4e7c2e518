"""Several cases side by side: the vessels, the displaced water, and the change of the concentrations."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.input import titles
from membrane_pde.show import curves, drawing, dyes, formatting, presets, readings, roundvessels, sketch, vessels
from membrane_pde.show.drawing import CASES, LEFT, RIGHT, WATER_ARROW
from membrane_pde.show.readings import stored
from membrane_pde.show.sketch import cells, largest, leading

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from membrane_pde.results.result import Result


def comparison(results: Sequence[Result], axes: Any = None) -> np.ndarray:
    """Draw several cases side by side: the vessels, the displaced water, and the change of the concentrations.

    Parameters
    ----------
    results : sequence of Result
        One column each.
    axes : sequence of 2 n + 1 Axes, optional
        The vessels, the profiles, and what moved over time of all; by default a new figure, which also has the colour
        scales of the solutes, the same for all cases.

    Returns
    -------
    ndarray of 2 n + 1 Axes
        In the last the displaced volumes of the cases in which water can move or, if it can in none, how far the sides
        have mixed.
    """
    n, common = len(results), sketch.scales(results)
    if axes is None:
        figure = drawing.figure(max(9.0, 3.4 * n), 9.0)
        grid = figure.add_gridspec(4, n, height_ratios=[1.75, 0.3, 1.0, 0.85])
        first = [figure.add_subplot(grid[0, i]) for i in range(n)]
        second = [figure.add_subplot(grid[2, i]) for i in range(n)]
        axes = [*first, *second, figure.add_subplot(grid[3, :])]
        _key(figure.add_subplot(grid[1, :]), results, common)
    axes = drawing.as_array(axes)
    for ax, result in zip(axes[:n], results, strict=True):
        _vessels(ax, result, common)
    tops: dict[str, list[tuple[Any, float]]] = {}
    for ax, result in zip(axes[n : 2 * n], results, strict=True):
        label, top = _first_mid_last(ax, result)
        tops.setdefault(label, []).append((ax, top))
    for same in tops.values():  # one scale where the same quantity is shown
        for ax, _ in same:
            top = max(top for _, top in same)
            ax.set_ylim(-0.02 * top, top)
    _moved(axes[2 * n], results)
    return axes


def _key(ax: Axes, results: Sequence[Result], common: sketch.Scales) -> None:
    """The colour scales, which all columns share."""
    ax.set(xlim=(-1.0, 1.0), ylim=(0.0, 0.27))
    ax.axis("off")
    if any(result.case.phase != "gas" for result in results):
        wide = min(0.3 * max(len(common.dyes), 2), 1.0)
        dyes.key(ax, common.dyes, -wide, wide, 0.25, 8.5)
        return
    for place, (name, dye) in enumerate(common.dyes.items()):
        x = 0.4 * (place - 0.5 * (len(common.dyes) - 1))
        ax.text(x, 0.1, f"● {name}", ha="center", color=dye.arrow, fontsize=11)


def _vessels(ax: Axes, result: Result, common: sketch.Scales) -> None:
    """Draw the vessels at the end, their initial levels dashed, and the amount of displaced water."""
    case, labels = result.case, readings.labels_of(result.case)
    ax.set(xlim=(-1.1, 1.1), ylim=(-0.66, 1.45))
    ax.axis("off")
    ax.set_title(titles.short(case.title, case.name).replace(", ", "\n", 1), fontsize=13, weight="bold")
    x, low, high = roundvessels.draw(ax, sketch.moment_of(result, None, common))
    for side, place, colour in (("left", -0.52, LEFT), ("right", 0.52, RIGHT)):
        label = textwrap.fill(labels[side], 16)
        ax.text(place, -0.05, label, ha="center", va="top", fontsize=11, weight="bold", color=colour)
        below = -0.19 - 0.13 * label.count("\n")
        text = _concentrations_text(result, side)
        ax.text(place, below, text, ha="center", va="top", fontsize=8.5, color="0.15", linespacing=1.3)
    moved = readings.displaced(result)
    if moved:
        reach = 0.36 if moved > 0 else -0.36
        y = low + 0.4 * (min(high, 0.6) - low)
        look: dict[str, Any] = {"facecolor": WATER_ARROW, "edgecolor": "white", "lw": 0.8, "zorder": 6, "head": 0.16}
        drawing.arrow(ax, "water arrow", (x - reach, y), (x + reach, y), 0.06, **look)
        amount = f"{formatting.quantity(abs(moved), 'water moved')} of water"
        text = f"{amount} →" if moved > 0 else f"← {amount}"
    elif readings.peak(stored(result, "displaced_volume_m")) > 1e-6 * sum(
        vessels.volume_at_start(case, s) for s in labels
    ):
        text = "water moved, and all of it came back"
    else:
        text = "no membrane: both sides mix" if case.membrane.type == "none" else "no water moves"
    ax.text(0, 1.44, text, ha="center", va="top", fontsize=11, color=WATER_ARROW, weight="bold")


def _first_mid_last(ax: Axes, result: Result) -> tuple[str, float]:
    """Profiles at the start, half way (in displaced volume or time) and the end; returns the axis label and top."""
    name = leading(result, 1)[0]
    unit, factor = readings.concentration_unit(result.case, [name], largest(result, name))
    scale = curves.position_axis(ax, result)
    curves.membrane(ax, result)
    time = stored(result, "time")
    middle = int(np.argmin(np.abs(time - 0.25 * time[-1])))  # a quarter in time is half way in √t
    change = curves.change(result, [name])
    if change[middle] > 0.9:  # all but over by then
        middle = int(np.argmin(np.abs(change - 0.5)))
    shades = curves.viridis()
    for index, position, width in ((0, 0.0, 1.3), (middle, 0.5, 1.6), (time.size - 1, 1.0, 2.2)):
        label = "start" if index == 0 else formatting.duration(float(time[index]))
        curves.profile(
            ax, label, result, name, index, scale, factor[name], color=shades(position), lw=width, label=label
        )
    ax.set_ylabel(f"{name} ({unit})")
    curves.side_names(ax, result.case)
    legend = ax.legend(frameon=False, fontsize=8.5, loc="best", handlelength=1.4, labelspacing=0.3)
    for line in legend.get_lines():
        line.set_marker("")
    indices = [0, middle, -1]
    values = cells(result, name)[indices]
    top = max(values.max(), curves.walls(result, name)[indices].max()) * factor[name]
    return ax.get_ylabel(), 1.1 * float(top) or 1.0


def _concentrations_text(result: Result, side: str) -> str:
    """Mean concentration (of a reservoir its own) of the leading solutes, before and after."""
    lines = []
    for name in leading(result, 2):
        unit, factor = readings.concentration_unit(result.case, [name], largest(result, name))
        values = readings.standing(result, "concentration_mol_per_m3", side, name)[[0, -1]] * factor[name]
        before, after = (
            formatting.number(float(v), scale=largest(result, name) * factor[name], digits=3) for v in values
        )
        change = before if before == after else f"{before} → {after}"
        lines.append(f"{name}\n{change} {unit}")
    return "\n".join(lines)


def _moved(ax: Axes, results: Sequence[Result]) -> None:
    """Displaced volume over time, or how far the sides have mixed; each case is named by its line."""
    flowing = [r for r in results if r.case.membrane.type != "none" and r.case.membrane.water_permeability > 0.0]
    drawn = flowing or list(results)
    end = max(float(stored(r, "time")[-1]) for r in drawn)
    unit, time_factor = formatting.time_unit(end)
    (volume, per_volume), curves_drawn = presets.unit("water moved"), [np.zeros(1)]
    ax.axhline(0, color="0.6", lw=0.8)
    for i, result in enumerate(results):
        if result not in drawn:
            continue
        length = sum(float(stored(result, f"length_{s}_m")[0]) for s in ("left", "right"))
        values = curves.clean(stored(result, "displaced_volume_m"), length) * per_volume
        if not flowing:
            values = curves.mixed(result)
        curves_drawn.append(values)
        name = titles.short(result.case.title, result.case.name)
        ax.plot(stored(result, "time") * time_factor, values, lw=2.2, color=CASES[i % len(CASES)], label=name)
    drawing.limits(ax, np.concatenate(curves_drawn), flat=1.0, room=0.08)
    ax.set_xlim(0, end * time_factor or 1.0)
    ax.set_xlabel(f"time ({unit})")
    ax.set_ylabel(f"water moved ({volume})" if flowing else "mixed (%)")
    ax.grid(color="0.93")
    ax.set_axisbelow(True)
    if flowing:
        curves.directions(ax, 0.008, "left")
    ax.legend(frameon=False, fontsize=10, loc="lower left", bbox_to_anchor=(0.0, 0.98), ncols=min(len(results), 4))
