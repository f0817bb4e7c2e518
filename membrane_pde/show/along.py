"""Pictures of a state along a membrane: profiles over the length, and the vessel as a strip of elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.show import drawing, presets
from membrane_pde.show.drawing import LEFT, RIGHT, WATER
from membrane_pde.show.formatting import number, time_unit
from membrane_pde.show.readings import concentration_unit, labels_of

if TYPE_CHECKING:
    from membrane_pde.results.result import Result

_MOST = 3  # largest number of solutes with separate panels


def along(result: Result, axes: Any = None, time: float | None = None) -> np.ndarray:
    """Draw water flux, concentrations and pressures against the distance from the feed's inlet.

    Parameters
    ----------
    result : Result
        Of a case with [module].
    axes : sequence of Axes, optional
        One for the flux, one for each solute (at most three), one for the pressures; by default a new figure.
    time : float, optional
        In s; by default the last stored one.

    Returns
    -------
    ndarray of Axes
        Borders of elements as thin lines. Bulk solid, at the membrane dashed; the side drawn off dotted, on an axis of
        its own on the right.
    """
    case, arrays = result.case, result.arrays
    now = -1 if time is None else int(np.argmin(np.abs(arrays["time"] - time)))
    solutes = list(case.solutes)[:_MOST]
    if axes is None:
        count = 2 + len(solutes)
        figure = drawing.figure(8.0, 2.3 * count + 0.6)
        drawing.headline(figure, case.title)
        axes = [figure.add_subplot(count, 1, i + 1) for i in range(count)]
    axes = drawing.as_array(axes)
    x, labels = arrays["position"], labels_of(case)
    flux, *panels, pressures = axes.flat
    unit, per_si = presets.unit("water flux")
    flux.plot(x, arrays["water_flux"][now] * per_si, color=WATER, lw=1.8)
    flux.axhline(0.0, color="0.6", lw=0.8)
    drawing.labels(flux, y=f"water flux ({unit})")
    for ax, solute in zip(panels, solutes, strict=True):
        _concentrations(ax, result, solute, now)
    unit, per_si = presets.unit("pressure")
    for side, colour in (("left", LEFT), ("right", RIGHT)):
        values = arrays[f"pressure_{side}"][now] * per_si
        pressures.plot(x, values, color=colour, lw=1.6, label=labels[side])
    pressures.legend(frameon=False, fontsize=8)
    drawing.labels(pressures, x="distance from the feed's inlet (m)", y=f"pressure ({unit})")
    edges = _edges(result)
    for ax in axes.flat:
        for edge in edges[1:-1]:
            ax.axvline(edge, color="0.85", lw=0.8, zorder=0)
        ax.set_xlim(0.0, edges[-1])
    return axes


def _concentrations(ax: Any, result: Result, solute: str, now: int) -> None:
    """Draw one solute on both sides."""
    case, arrays, x = result.case, result.arrays, result.arrays["position"]
    s, labels = result.solutes.index(solute), labels_of(case)
    largest = {side: float(arrays[f"wall_concentration_{side}"][now, s].max(initial=0.0)) for side in ("left", "right")}
    feed, other = case.plant.feed, case.plant.other
    apart = largest[other] < 0.2 * largest[feed]
    for side, colour in (("left", LEFT), ("right", RIGHT)):
        target = ax.twinx() if apart and side == other else ax
        unit, factor = concentration_unit(case, [solute], largest[side] if apart else max(largest.values()))
        bulk, wall = (arrays[f"{kind}concentration_{side}"][now, s] * factor[solute] for kind in ("", "wall_"))
        target.plot(x, bulk, color=colour, lw=1.6, ls=":" if apart and side == other else "-", label=labels[side])
        if np.abs(wall - bulk).max() > 1e-6 * np.abs(wall).max(initial=1e-300):
            target.plot(x, wall, color=colour, lw=1.2, ls="--", label=f"{labels[side]}, at the membrane")
        if target is ax:
            drawing.labels(ax, y=f"{solute} ({unit})")
        else:
            target.set_ylabel(f"{labels[side]} ({unit})", color=colour, fontsize=8)
            target.tick_params(labelsize=8, colors=colour)
            target.set_ylim(bottom=0.0)
    ax.set_ylim(bottom=0.0)  # after both sides are drawn: it keeps the top as it is then
    ax.legend(frameon=False, fontsize=8)


def _edges(result: Result) -> np.ndarray:
    """Borders of the elements, m."""
    return np.cumsum([0.0, *(element.length for _, element in result.case.plant.elements)])


def vessel(result: Result, axes: Any = None) -> np.ndarray:
    """Draw one vessel of each stage as a strip of elements, coloured by water flux, with numbers.

    Parameters
    ----------
    result : Result
        Of a case with [module].
    axes : Axes, optional
        By default a new figure.

    Returns
    -------
    ndarray of Axes
        One. In each element its mean water flux; below what enters it: flow, concentration of the first solute,
        pressure; above the concentration of its permeate, or of the other side's liquid where it leaves the element.
    """
    from matplotlib.colors import Normalize
    from matplotlib.patches import Rectangle

    elements, case = result.summary["elements"], result.case
    stages = sorted({each["stage"] for each in elements})
    most = max(sum(each["stage"] == stage for each in elements) for stage in stages)
    if axes is None:
        figure = drawing.figure(1.9 + 1.25 * most, 0.9 + 1.9 * len(stages))
        drawing.headline(figure, case.title)
        axes = [figure.add_subplot(1, 1, 1)]
    axes = drawing.as_array(axes)
    (ax,) = axes.flat
    unit, per_si = presets.unit("water flux")
    fluxes = [each["water_flux_m_per_s"] * per_si for each in elements]
    colours, norm = _colours(), Normalize(min(0.0, *fluxes), max(0.0, *fluxes, 1e-300))
    solute = next(iter(case.solutes))
    pressure, per_pa = presets.unit("pressure")
    from membrane_pde.show.report_along import flow_unit, made_by

    flow, per_flow = flow_unit(elements[0]["feed_flow_m3_per_s"])
    fed = [each["feed_concentration_mol_per_m3"][solute] or 0.0 for each in elements]
    key, _, beside = made_by(case)
    mixed = [each[key][solute] or 0.0 for each in elements]
    above = f"{beside}{solute}" if beside else "permeate"
    feed_unit, feed_factor = concentration_unit(case, [solute], max(fed))
    permeate_unit, permeate_factor = concentration_unit(case, [solute], max(mixed))
    for n, each in enumerate(elements):
        row, place = stages.index(each["stage"]), each["element"] - 1
        y = -1.9 * row
        ax.add_patch(Rectangle((place, y), 0.94, 0.6, facecolor=colours(norm(fluxes[n])), edgecolor="0.3", lw=0.8))
        dark = norm(fluxes[n]) > 0.6
        middle = place + 0.47
        ax.text(middle, y + 0.3, number(fluxes[n], digits=3), ha="center", va="center", color="w" if dark else "k")
        text = number(mixed[n] * permeate_factor[solute], digits=3) if mixed[n] else "–"
        ax.text(middle, y + 0.66, text, ha="center", va="bottom", fontsize=8, color=RIGHT)
        for line, text in enumerate(
            (
                number(each["feed_flow_m3_per_s"] * per_flow, digits=3),
                number(fed[n] * feed_factor[solute], digits=3),
                number(each["feed_pressure_Pa"] * per_pa, digits=3),
            )
        ):
            ax.text(place, y - 0.08 - 0.2 * line, text, ha="left", va="top", fontsize=8, color=LEFT)
        if each["warning"]:
            ax.text(place + 0.88, y + 0.54, "!", ha="right", va="top", color=RIGHT, weight="bold")
    for row, stage in enumerate(stages):
        y = -1.9 * row
        count = next(each["vessels"] for each in elements if each["stage"] == stage)
        name = (f"stage {stage}: " if len(stages) > 1 else "") + (f"{count} vessels" if count > 1 else "one vessel")
        ax.text(-0.1, y + 0.3, f"{name}\nflux, {unit}", ha="right", va="center", fontsize=8)
        ax.text(-0.1, y + 0.66, f"{above}, {permeate_unit}", ha="right", va="bottom", fontsize=8, color=RIGHT)
        for line, text in enumerate((f"feed, {flow}", f"{solute}, {feed_unit}", f"pressure, {pressure}")):
            ax.text(-0.1, y - 0.08 - 0.2 * line, text, ha="right", va="top", fontsize=8, color=LEFT)
    ax.set_xlim(-1.5, most)
    ax.set_ylim(-1.9 * (len(stages) - 1) - 0.75, 1.0)
    ax.set_axis_off()
    return axes


def _colours() -> Any:
    import matplotlib

    return matplotlib.colormaps["Blues"]


def compared_along(results: Sequence[Result], axes: Any = None) -> np.ndarray:
    """Draw the water flux of several cases with [module] along the membrane.

    Parameters
    ----------
    results : sequence of Result
        One curve each.
    axes : Axes, optional
        By default a new figure.

    Returns
    -------
    ndarray of Axes
        One.
    """
    if axes is None:
        axes = [drawing.figure(7.5, 4.4).add_subplot(1, 1, 1)]
    axes = drawing.as_array(axes)
    unit, per_si = presets.unit("water flux")
    for i, result in enumerate(results):
        colour = drawing.CASES[i % len(drawing.CASES)]
        flux = result.arrays["water_flux"][-1] * per_si
        axes.flat[0].plot(result.arrays["position"], flux, color=colour, lw=1.6, label=result.case.name)
    axes.flat[0].axhline(0.0, color="0.6", lw=0.8)
    axes.flat[0].legend(frameon=False)
    drawing.labels(axes.flat[0], x="distance from the feed's inlet (m)", y=f"water flux ({unit})")
    return axes


def along_history(result: Result, axes: Any = None) -> np.ndarray:
    """Draw quantities along a membrane over time: water flux, pressures, concentrations.

    Parameters
    ----------
    result : Result
        Of a case with [module] that ran in time.
    axes : sequence of Axes, optional
        One for the flux, one for the pressures, one for each solute (at most three); by default a new figure.

    Returns
    -------
    ndarray of Axes
        The mean flux as a line in the band between its extremes along the membrane; pressures at the inlets;
        concentrations of what leaves the feed's side (solid), their mean at the membrane (dashed), and what passes
        (dotted, on an axis of its own on the right).
    """
    case, arrays = result.case, result.arrays
    solutes = list(case.solutes)[:_MOST]
    if axes is None:
        count = 2 + len(solutes)
        figure = drawing.figure(8.0, 2.2 * count + 0.6)
        drawing.headline(figure, case.title)
        axes = [figure.add_subplot(count, 1, i + 1) for i in range(count)]
    axes = drawing.as_array(axes)
    name, per_second = time_unit(float(arrays["time"][-1]))
    t, labels, feed = arrays["time"] * per_second, labels_of(case), case.plant.feed
    flux, pressures, *panels = axes.flat
    unit, per_si = presets.unit("water flux")
    every = arrays["water_flux"] * per_si
    flux.fill_between(
        t, every.min(axis=1), every.max(axis=1), color=WATER, alpha=0.15, lw=0, label="along the membrane"
    )
    flux.plot(t, arrays["water_flux_m_per_s"] * per_si, color=WATER, lw=1.6, label="mean")
    flux.axhline(0.0, color="0.6", lw=0.8)
    flux.legend(frameon=False, fontsize=8)
    drawing.labels(flux, y=f"water flux ({unit})")
    unit, per_si = presets.unit("pressure")
    for side, colour in (("left", LEFT), ("right", RIGHT)):
        pressures.plot(t, arrays[f"pressure_{side}_Pa"] * per_si, color=colour, lw=1.6, label=labels[side])
    pressures.legend(frameon=False, fontsize=8)
    drawing.labels(pressures, y=f"pressure ({unit})")
    for ax, solute in zip(panels, solutes, strict=True):
        s = result.solutes.index(solute)
        leaving = arrays["concentrate_concentration_mol_per_m3"][:, s]
        wall = arrays[f"wall_concentration_{feed}_mol_per_m3"][:, s]
        unit, factor = concentration_unit(case, [solute], float(max(leaving.max(), wall.max())))
        colour, other = (LEFT, RIGHT) if feed == "left" else (RIGHT, LEFT)
        ax.plot(t, leaving * factor[solute], color=colour, lw=1.6, label=f"{labels[feed]}, leaving")
        ax.plot(t, wall * factor[solute], color=colour, lw=1.2, ls="--", label="at the membrane, mean")
        ax.legend(frameon=False, fontsize=8, loc="upper left", ncols=2)
        drawing.labels(ax, y=f"{solute} ({unit})")
        mean = arrays[f"concentration_{case.plant.other}_mol_per_m3"][:, s]
        unit, factor = concentration_unit(case, [solute], float(mean.max()))
        target = ax.twinx()
        target.plot(t, mean * factor[solute], color=other, lw=1.4, ls=":")
        for each in (ax, target):
            each.set_ylim(0.0, 1.15 * each.get_ylim()[1])  # room for the legend above all lines
        target.set_ylabel(f"{labels[case.plant.other]} ({unit})", color=other, fontsize=8)
        target.tick_params(labelsize=8, colors=other)
    for ax in axes.flat:
        ax.set_xlim(t[0], t[-1])
    drawing.labels(axes.flat[-1], x=f"time ({name})")
    return axes
