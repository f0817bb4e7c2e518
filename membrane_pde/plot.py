"""Pictures of a Result: matplotlib Axes in, Axes out.

Every function takes `axes=None`: without it a new Figure is made (`axes.flat[0].figure`), never through pyplot, so that
nothing global changes and files can be written without a display. Blue is left, vermillion right. `profiles`, `history`
and `schematic`, drawn again into the axes they returned, update what is there (see `drawing`).
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from membrane_pde import drawing, presets, report, titles
from membrane_pde.drawing import CASES, HATCHED, HYDROSTATIC, LEFT, MEMBRANE, OSMOTIC, RIGHT, WATER, WATER_ARROW
from membrane_pde.maps import phase_map
from membrane_pde.report import stored
from membrane_pde.residuals import fit
from membrane_pde.sketch import LEADING, cells, felt, largest, leading, schematic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from membrane_pde.result import Result

__all__ = [
    "comparison",
    "fit",
    "history",
    "mixing",
    "phase_map",
    "profiles",
    "rejection",
    "save_all",
    "save_comparison",
    "save_fit",
    "schematic",
]

MARKERS = ("", "o", "s")  # the first solute has plain lines
PANELS, CURVES = 6, 12
# m: Stokes radius k T/(6 pi mu D) of its self-diffusivity 2.299e-9 m^2/s at 25 degC (Holz, Heil & Sacco 2000, Phys.
# Chem. Chem. Phys. 2, 4740-4742, doi:10.1039/B005319H); only where a picture puts it
WATER_RADIUS = 0.107e-9
_BARS: WeakKeyDictionary[Axes, tuple[Axes, list[str]]] = WeakKeyDictionary()  # beside the first axes; its numbers


def profiles(result: Result, axes: Any = None, solute: str | None = None, time: float | None = None) -> np.ndarray:
    """Draw concentration against position, one curve a time and one panel a solute.

    Parameters
    ----------
    result : Result
    axes : Axes or sequence of Axes, optional
        One for each panel; by default a new figure.
    solute : str, optional
        Only this one. By default all, or the six most concentrated ones if there are more.
    time : float, optional
        In s; the profile at the nearest stored time is drawn in black.

    Returns
    -------
    ndarray of Axes
        Membrane at 0, position in m, mm or µm by size; concentration in g/L where the molar mass is known, else mmol/L.

    Raises
    ------
    KeyError
        If the solute is not in the result.
    """
    chosen = [solute] if solute else leading(result, PANELS)
    if missing := [s for s in chosen if s not in result.case.solutes]:
        raise KeyError(f"no solute {missing[0]!r}; there are {', '.join(result.case.solutes)}")
    if axes is None:
        columns = min(len(chosen), 3)
        rows = math.ceil(len(chosen) / columns)
        figure = drawing.figure(7.5 if columns == 1 else 3.9 * columns + 0.8, 4.4 if rows == 1 else 3.4 * rows)
        figure.suptitle(_title(result, chosen) if solute is None else titles.in_lines(result.case.title))
        axes = [figure.add_subplot(rows, columns, i + 1) for i in range(len(chosen))]
    axes = drawing.as_array(axes)
    times = _times(stored(result, "time"), CURVES, _change(result, chosen))
    for ax, name in zip(axes.flat, chosen, strict=True):
        first = drawing.begin(ax)
        scale = _position_axis(ax, result)
        drawing.membrane(ax, result.case)
        unit, factor = report.concentration_unit(result.case, [name], largest(result, name))
        for i, (index, colour) in enumerate(zip(times, _time_colours(result, times), strict=True)):
            _profile(ax, str(i), result, name, index, scale, factor[name], color=colour, lw=1.4)
        if time is not None:
            now = int(np.argmin(np.abs(stored(result, "time") - time)))
            _profile(ax, "now", result, name, now, scale, factor[name], color="black", lw=2.6, zorder=3)
        values = cells(result, name)[times] * factor[name]
        walls = _walls(result, name)[times] * factor[name]
        drawing.limits(ax, np.append(values.ravel(), walls.ravel()), lowest=0.0)
        drawing.labels(ax, y=f"{name} ({unit})")
        if first:
            _side_names(ax, result.case)
    _time_bar(axes, float(stored(result, "time")[-1]))
    return axes


def history(result: Result, axes: Any = None, time: float | None = None) -> np.ndarray:
    """Draw what happened over time: water flux, lengths, concentrations, pressures.

    Parameters
    ----------
    result : Result
    axes : (2, 2) array of Axes, optional
        By default a new figure.
    time : float, optional
        In s; a line stands there.

    Returns
    -------
    (2, 2) ndarray of Axes
        Water flux; length of both sides, or the displaced volume where no length changes;
        concentrations at the membrane wall (solid) and in the mean (dashed); hydrostatic and wall osmotic pressure
        differences, left minus right; in the units in use (`use_units`).
    """
    if axes is None:
        figure = drawing.figure(9.0, 6.2)
        figure.suptitle(titles.in_lines(result.case.title))
        axes = figure.subplots(2, 2, sharex=True)
    axes = drawing.as_array(axes)
    for ax in axes.flat:
        if drawing.begin(ax):
            ax.grid(color="0.93")
            ax.set_axisbelow(True)
    labels, times = report.labels_of(result.case), stored(result, "time")
    unit, time_factor = report.time_unit(float(times[-1]))
    times = times * time_factor
    flux, lengths, concentrations, pressures = axes.flat
    fluid = "gas" if result.case.phase == "gas" else "water"

    flux_unit, per_si = presets.unit("water flux")
    values = _clean(stored(result, "water_flux_m_per_s"), report.flux_scale(result)) * per_si
    drawing.zero(flux)
    drawing.line(flux, "flux", times, values, color=WATER)
    drawing.limits(flux, np.append(values, 0.0), flat=1.0)
    drawing.labels(flux, y=f"{fluid} flux ({flux_unit})")

    both = {s: stored(result, f"length_{s}_m") for s in report.SIDES}
    (volume, per_volume), (length, per_length) = presets.unit("water moved"), presets.unit("side")
    total = sum(v[0] for v in both.values())
    if all(np.ptp(v) <= 1e-9 * total for v in both.values()):
        moved = _clean(stored(result, "displaced_volume_m"), total) * per_volume
        drawing.zero(lengths)
        drawing.line(lengths, "moved", times, moved, color=WATER)
        drawing.limits(lengths, np.append(moved, 0.0), flat=1.0)
        drawing.labels(lengths, y=f"{fluid} moved to the right ({volume})")
        drawing.legend(lengths, [])
    else:
        uneven = max(v[0] for v in both.values()) > 5 * min(v[0] for v in both.values())
        drawn = {side: v / v[0] if uneven else v * per_length for side, v in both.items()}
        for side, colour in (("left", LEFT), ("right", RIGHT)):
            drawing.line(lengths, side, times, drawn[side], color=colour, label=labels[side])
        drawing.limits(lengths, np.concatenate([*drawn.values()]))
        drawing.labels(lengths, y="length over initial length" if uneven else f"length of the side ({length})")
        drawing.legend(lengths, fontsize=9)

    _concentration_history(concentrations, result, times)

    pressure, per_pascal = presets.unit("pressure")
    osmotic = felt(result, "left") - felt(result, "right")
    hydrostatic = stored(result, "pressure_left_Pa") - stored(result, "pressure_right_Pa")
    scale = report.largest_pressure(result)
    osmotic, hydrostatic = _clean(osmotic, scale) * per_pascal, _clean(hydrostatic, scale) * per_pascal
    drawing.zero(pressures)
    if result.case.membrane.water_permeability > 0:  # the distance between the two is what drives the water
        drawing.between(pressures, "driving", times, osmotic, hydrostatic, color="0.92", lw=0)
    if np.isfinite(osmotic).any():
        drawing.line(pressures, "osmotic", times, osmotic, color=OSMOTIC, label="osmotic Σσπ, at the membrane")
    drawing.line(pressures, "hydrostatic", times, hydrostatic, color=HYDROSTATIC, ls="--", label="hydrostatic")
    drawing.limits(pressures, np.concatenate([osmotic, hydrostatic, [0.0]]), flat=1.0, room=0.34)
    drawing.labels(pressures, y=f"pressure, left − right ({pressure})")
    drawing.legend(pressures, fontsize=9, loc="upper center", handlelength=1.8, labelspacing=0.3)

    for ax in axes.flat:
        drawing.span(ax, times[0], times[-1] if times[-1] > times[0] else times[0] + 1)
        if time is not None:
            style = {"transform": ax.get_xaxis_transform(), "color": "0.45", "lw": 1.0, "ls": ":", "zorder": 1}
            drawing.line(ax, "now", [time * time_factor] * 2, [0, 1], **style)
    for ax in axes[-1]:
        drawing.labels(ax, x=f"time ({unit})")
    _directions(flux, 0.98, "right")
    return axes


def comparison(results: Sequence[Result], axes: Any = None) -> np.ndarray:
    """Draw several cases side by side: what was set up, where the water went, how the concentrations changed.

    Parameters
    ----------
    results : sequence of Result
        One column each.
    axes : sequence of 2 n + 1 Axes, optional
        The schematics, the profiles, and the displaced volume over time of all; by default a new figure.

    Returns
    -------
    ndarray of 2 n + 1 Axes
    """
    n = len(results)
    if axes is None:
        figure = drawing.figure(max(9.0, 3.2 * n), 8.2)
        grid = figure.add_gridspec(3, n, height_ratios=[1.55, 1.0, 0.85])
        first = [figure.add_subplot(grid[0, i]) for i in range(n)]
        second = [figure.add_subplot(grid[1, i]) for i in range(n)]
        axes = [*first, *second, figure.add_subplot(grid[2, :])]
    axes = drawing.as_array(axes)
    darkest = max(max(_osmotic_level(r, side, i) for side in ("left", "right") for i in (0, -1)) for r in results)
    for ax, result in zip(axes[:n], results, strict=True):
        _columns(ax, result, darkest)
    tops: dict[str, list[tuple[Any, float]]] = {}
    for ax, result in zip(axes[n : 2 * n], results, strict=True):
        label, top = _first_mid_last(ax, result)
        tops.setdefault(label, []).append((ax, top))
    for same in tops.values():  # one scale where the same quantity is shown
        for ax, _ in same:
            top = max(top for _, top in same)
            ax.set_ylim(-0.02 * top, top)
    _displaced(axes[2 * n], results)
    return axes


def rejection(result: Result, axes: Any = None) -> np.ndarray:
    """Draw what the membrane's pores hold back, against the radius of a sphere, from water to a bacterium.

    Parameters
    ----------
    result : Result
        Of a case whose membrane has a `pore_radius`.
    axes : Axes, optional
        By default a new figure.

    Returns
    -------
    ndarray with one Axes
        Reflection coefficient, which is the rejection at an endless flux, and the rejection at the flux of the run's
        end (both %), of spheres that diffuse as Stokes and Einstein say, without polarization; the case's solutes as
        points: what the run held back if it pressed water through, else their reflection coefficient.

    Raises
    ------
    ValueError
        If the membrane has no pores.
    """
    case, summary = result.case, result.summary
    membrane = case.membrane
    if membrane.pore_radius is None:
        raise ValueError("the case's membrane has no pore_radius")
    if axes is None:
        figure = drawing.figure(8.0, 4.8)
        figure.suptitle(titles.in_lines(case.title))
        axes = figure.add_subplot()
    axes = drawing.as_array(axes)
    ax = axes.flat[0]
    nm = report.factor("nm")
    sizes = {name: solute.radius for name, solute in case.solutes.items() if solute.radius}
    smallest, widest = (f([WATER_RADIUS, membrane.pore_radius, *sizes.values()]) for f in (min, max))
    pressed = summary["process"] in ("reverse osmosis", "filtration") and bool(summary["water_flux_m_per_s"])
    flux = abs(summary["water_flux_m_per_s"]) if pressed else 0.0
    fits = np.geomspace(0.3 * smallest, membrane.pore_radius, 300)  # the curves end in 100 % there
    radii = np.append(fits, 8 * widest)
    limit, here = 100 * np.array([membrane.sieving(float(r), case.temperature, flux or 1.0) for r in radii]).T
    wider = f"wider than the pores ({report.number(membrane.pore_radius * nm)} nm): does not pass"
    ax.axvspan(membrane.pore_radius * nm, radii[-1] * nm, color="0.94", lw=0, zorder=0, label=wider)
    ax.axvline(membrane.pore_radius * nm, color=MEMBRANE, lw=1.2, ls=(0, (4, 3)), zorder=1)
    ax.plot(radii * nm, limit, color=WATER, lw=1.6, ls="--", label="reflection coefficient: the limit at high flux")
    if flux:
        ax.plot(radii * nm, here, color=LEFT, lw=2.2, label=f"rejection at {report.quantity(flux, 'water flux')}")
    ax.plot(WATER_RADIUS * nm, 0.0, "o", mfc="white", mec="0.2", ms=7, zorder=4, clip_on=False)
    points = [("water", WATER_RADIUS, 0.0)]
    for name, radius in sizes.items():
        seen = (summary["rejection"] or {}).get(name) if flux else None
        share = 100 * (membrane.solutes[name].reflection if seen is None else seen)
        ax.plot(radius * nm, share, "o", color=RIGHT, ms=7, zorder=4, clip_on=False)
        points.append((name, radius, share))
    _name_points(ax, [(name, radius * nm, share) for name, radius, share in points])
    ax.set_xscale("log")
    ax.set_xlim(radii[0] * nm, radii[-1] * nm)
    ax.set_ylim(-3, 108)
    ax.xaxis.set_major_formatter(lambda value, _: report.number(value))
    ax.set_xlabel("radius (nm)")
    ax.set_ylabel("held back (%)")
    ax.grid(color="0.93")
    ax.set_axisbelow(True)
    ax.legend(frameon=False, fontsize=9, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.14))
    return axes


def mixing(results: Sequence[Result], axes: Any = None) -> np.ndarray:
    """Draw how far several runs have mixed over time: the same experiment at several temperatures, for one.

    The degree of mixing is ``1 − Δc(t)/Δc(0)``, Δc the difference of the two sides' means, of the solute that differs
    most at the start (Loschmidt): 0 % at the start, 100 % when the sides are level.

    Parameters
    ----------
    results : sequence of Result
        One curve each, named by its temperature, or by its case if the temperatures are the same.
    axes : Axes, optional
        By default a new figure.

    Returns
    -------
    ndarray with one Axes

    Raises
    ------
    ValueError
        If a run starts with two equal sides.
    """
    if axes is None:
        figure = drawing.figure(7.5, 4.6)
        figure.suptitle(titles.in_lines(titles.of_all([result.case.title for result in results])))
        axes = figure.add_subplot()
    axes = drawing.as_array(axes)
    ax = axes.flat[0]
    celsius = [r.case.temperature - 273.15 for r in results]
    curves, end = [], 0.0
    for result in results:
        left, right = (stored(result, f"concentration_{s}_mol_per_m3") for s in ("left", "right"))
        difference = left - right
        leading = int(np.argmax(np.abs(difference[0])))
        if difference[0, leading] == 0:
            raise ValueError(f"{result.case.name}: the two sides are equal at the start")
        curves.append(100 * (1 - difference[:, leading] / difference[0, leading]))
        reached = np.flatnonzero(curves[-1] >= 99)
        end = max(end, float(stored(result, "time")[reached[0] if reached.size else -1]))
    unit, time_factor = report.time_unit(end)
    for result, degrees, mixed, colour in zip(results, celsius, curves, _temperature_colours(celsius), strict=True):
        time = stored(result, "time")
        named = titles.short(result.case.title, result.case.name)
        if len(set(celsius)) > 1:
            named = f"{report.number(degrees, digits=3)} °C"
        if mixed.max() >= 50:
            after = int(np.argmax(mixed >= 50))  # between two stored times it is straight in √t
            half = float(np.interp(50, mixed[after - 1 : after + 1], np.sqrt(time[after - 1 : after + 1]))) ** 2
            named += f": half mixed in {report.duration(half)}"
            ax.plot(half * time_factor, 50, "o", color=colour, ms=6, zorder=4)
        ax.plot(time * time_factor, mixed, color=colour, lw=2.2, label=named)
    ax.axhline(50, color="0.8", lw=0.8, zorder=0)
    ax.set_xlim(0, end * time_factor or 1.0)
    ax.set_ylim(0, 102)
    ax.set_xlabel(f"time ({unit})")
    ax.set_ylabel("mixed (%)")
    ax.grid(color="0.93")
    ax.set_axisbelow(True)
    ax.legend(frameon=False, fontsize=10, loc="lower right")
    return axes


def save_all(result: Result, folder: Path | str) -> list[Path]:
    """Write profiles.png and history.png into a folder that exists, rejection.png if the membrane has pores.

    Returns their paths.
    """
    pictures = {"profiles": profiles(result), "history": history(result)}
    if result.case.membrane.pore_radius is not None:
        pictures["rejection"] = rejection(result)
    paths = []
    for name, axes in pictures.items():
        paths.append(Path(folder) / f"{name}.png")
        _write(axes.flat[0].figure, paths[-1])
    return paths


def save_comparison(results: Sequence[Result], path: Path | str) -> None:
    """Write the figure of `comparison` to a file."""
    _write(comparison(results).flat[0].figure, path)


def save_fit(found: Any, path: Path | str) -> None:
    """Write the figure of `fit` to a file."""
    _write(fit(found).flat[0].figure, path)


def _write(figure: Figure, path: Path | str) -> None:
    """Write a picture, drawn once: `savefig` draws it twice, though to the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(150)
    FigureCanvasAgg(figure).print_png(str(path))


# --- the parts of the figures ---


def _concentration_history(ax: Axes, result: Result, time: np.ndarray) -> None:
    """Wall (solid) and mean (dashed) concentrations of the leading solutes, which markers tell apart."""
    from matplotlib.lines import Line2D

    labels, chosen = report.labels_of(result.case), leading(result, LEADING)
    unit, factor = report.concentration_unit(result.case, chosen, max(largest(result, s) for s in chosen))
    drawn = [np.zeros(1)]
    for name, marker in zip(chosen, MARKERS, strict=False):
        for side, colour in (("left", LEFT), ("right", RIGHT)):
            for key, style in ((f"wall_concentration_{side}", "-"), (f"concentration_{side}", "--")):
                values = stored(result, f"{key}_mol_per_m3", name) * factor[name]
                drawn.append(values)
                look = {"ls": style, "color": colour, "marker": marker, "ms": 4, "markevery": max(1, time.size // 8)}
                drawing.line(ax, f"{key} {name}", time, values, **look)
    drawing.limits(ax, np.concatenate(drawn), lowest=0.0, room=0.36 if len(chosen) > 2 else 0.25)
    what = chosen[0] if len(chosen) == 1 else "concentration"
    if len(chosen) < len(result.case.solutes):
        what = f"the highest {len(chosen)} of {len(result.case.solutes)}"
    drawing.labels(ax, y=f"{what} ({unit})")
    handles = [
        Line2D([], [], color=LEFT, label=labels["left"]),
        Line2D([], [], color=RIGHT, label=labels["right"]),
        Line2D([], [], color="0.3", ls="-", label="wall"),
        Line2D([], [], color="0.3", ls="--", label="mean"),
    ]
    if len(chosen) > 1:
        marks = zip(chosen, MARKERS, strict=False)
        handles += [Line2D([], [], color="0.3", marker=m or None, ms=4, label=s) for s, m in marks]
    columns = 2 if len(chosen) == 1 else 3
    look = {"columnspacing": 0.9, "handlelength": 1.5, "handletextpad": 0.5, "labelspacing": 0.3}
    drawing.legend(ax, handles, fontsize=8, ncols=columns, loc="upper center", **look)


def _columns(ax: Axes, result: Result, darkest: float) -> None:
    """Two compartments as columns of liquid: levels before (dashed) and after, water and pressure arrows."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    case, labels = result.case, report.labels_of(result.case)
    no_membrane = case.membrane.type == "none"
    lengths = {s: stored(result, f"length_{s}_m")[[0, -1]] for s in report.SIDES}
    highest = max(v.max() for v in lengths.values())
    ax.set(xlim=(-1.08, 1.08), ylim=(-0.62, 1.72))
    ax.axis("off")
    ax.set_title(titles.short(case.title, case.name), fontsize=13, weight="bold")
    shade = colormaps["GnBu"]
    after = {}
    for side, x0, colour in (("left", -1.0, LEFT), ("right", 0.0, RIGHT)):
        before, after[side] = np.maximum(lengths[side] / highest, 0.12)
        darkness = 0.12 + 0.75 * _osmotic_level(result, side, -1) / darkest if darkest > 0 else 0.12
        ax.add_patch(Rectangle((x0, 0), 1.0, after[side], facecolor=shade(darkness), lw=0, zorder=1))
        ax.plot([x0 + 0.03, x0 + 0.97], [after[side]] * 2, color="0.25", lw=1.2, zorder=2)
        if abs(after[side] - before) > 0.012:
            ax.plot([x0 + 0.03, x0 + 0.97], [before] * 2, color="0.35", lw=1, ls=(0, (4, 3)), zorder=2)
            outer = x0 + (0.1 if side == "left" else 0.9)
            _arrow(ax, (outer, before), (outer, after[side]), "0.25", 1.2, 9)
        label = textwrap.fill(labels[side], 16)
        ax.text(x0 + 0.5, -0.07, label, ha="center", va="top", fontsize=11, weight="bold", color=colour)
        below = -0.24 - 0.15 * label.count("\n")
        text = _concentrations_text(result, side)
        ax.text(x0 + 0.5, below, text, ha="center", va="top", fontsize=8.5, color="0.15", linespacing=1.35)
    ax.plot([-1, -1, 1, 1], [1.12, 0, 0, 1.12], color="0.25", lw=2.2, solid_capstyle="round", zorder=3)
    if no_membrane:
        ax.plot([0, 0], [0, 1.12], color=MEMBRANE, lw=1.4, ls=(0, (4, 3)), zorder=3)
    else:
        ax.add_patch(Rectangle((-0.02, 0), 0.04, 1.12, edgecolor="0.4", zorder=3, **HATCHED))

    head = report.pressing(result)
    if head and case.phase != "gas" and not no_membrane:
        side, x0 = ("left", -1.0) if head > 0 else ("right", 0.0)
        top = after[side]
        ax.add_patch(Rectangle((x0 + 0.03, top), 0.94, 0.06, facecolor="0.45", edgecolor="0.25", lw=0.8, zorder=3))
        _arrow(ax, (x0 + 0.5, top + 0.37), (x0 + 0.5, top + 0.06), "0.25", 3.5, 20)
        value = report.quantity(abs(head), "pressure")
        weight = ax.text(x0 + 0.5, top + 0.38, value, ha="center", va="bottom", zorder=6)
        weight.set(fontsize=10.5, weight="bold", color="0.2", bbox={"facecolor": "white", "lw": 0, "pad": 1})
    moved = report.displaced(result)
    if moved:
        start, end = (-0.4, 0.4) if moved > 0 else (0.4, -0.4)
        y = max(0.5 * min(after.values()), 0.15)  # clear of the floor
        _arrow(ax, (start, y), (end, y), WATER_ARROW, 6, 30)
        amount = f"{report.quantity(abs(moved), 'water moved')} of water"
        text = f"{amount} →" if moved > 0 else f"← {amount}"
    else:
        text = "no membrane: they mix" if no_membrane else "no water moves"
    ax.text(0, 1.7, text, ha="center", va="top", fontsize=11, color=WATER_ARROW, weight="bold")


def _first_mid_last(ax: Axes, result: Result) -> tuple[str, float]:
    """Profiles at the start, half way (in displaced volume or time) and the end; returns the axis label and top."""
    name = leading(result, 1)[0]
    unit, factor = report.concentration_unit(result.case, [name], largest(result, name))
    scale = _position_axis(ax, result)
    drawing.membrane(ax, result.case)
    time = stored(result, "time")
    middle = int(np.argmin(np.abs(time - 0.25 * time[-1])))  # a quarter in time is half way in √t
    change = _change(result, [name])
    if change[middle] > 0.9:  # all but over by then
        middle = int(np.argmin(np.abs(change - 0.5)))
    shades = _viridis()
    for index, position, width in ((0, 0.0, 1.3), (middle, 0.5, 1.6), (time.size - 1, 1.0, 2.2)):
        label = "start" if index == 0 else report.duration(float(time[index]))
        _profile(ax, label, result, name, index, scale, factor[name], color=shades(position), lw=width, label=label)
    ax.set_ylabel(f"{name} ({unit})")
    _side_names(ax, result.case)
    legend = ax.legend(frameon=False, fontsize=8.5, loc="best", handlelength=1.4, labelspacing=0.3)
    for line in legend.get_lines():
        line.set_marker("")
    indices = [0, middle, -1]
    values = cells(result, name)[indices]
    top = max(values.max(), _walls(result, name)[indices].max()) * factor[name]
    return ax.get_ylabel(), 1.1 * float(top) or 1.0


def _displaced(ax: Axes, results: Sequence[Result]) -> None:
    """Displaced volume over time of every case, named at the end of its line."""
    end = max(float(stored(r, "time")[-1]) for r in results)
    unit, time_factor = report.time_unit(end)
    (volume, per_volume), drawn = presets.unit("water moved"), [np.zeros(1)]
    ax.axhline(0, color="0.6", lw=0.8)
    for i, result in enumerate(results):
        length = sum(float(stored(result, f"length_{s}_m")[0]) for s in ("left", "right"))
        values = _clean(stored(result, "displaced_volume_m"), length) * per_volume
        drawn.append(values)
        name = titles.short(result.case.title, result.case.name)
        ax.plot(stored(result, "time") * time_factor, values, lw=2.2, color=CASES[i % len(CASES)], label=name)
    drawing.limits(ax, np.concatenate(drawn), flat=1.0, room=0.08)
    ax.set_xlim(0, end * time_factor or 1.0)
    ax.set_xlabel(f"time ({unit})")
    ax.set_ylabel(f"water moved ({volume})")
    ax.grid(color="0.93")
    ax.set_axisbelow(True)
    _directions(ax, 0.008, "left")
    ax.legend(frameon=False, fontsize=10, loc="lower left", bbox_to_anchor=(0.0, 0.98), ncols=min(len(results), 4))


# --- one curve, one axis ---


def _profile(
    ax: Axes, curve: str, result: Result, name: str, index: int, scale: float, factor: float, **line: Any
) -> None:
    """One profile: each side from its far end to its wall value at x = 0, where the jump is left open."""
    label = line.pop("label", None)
    arrays, profile = result.arrays, cells(result, name)[index]
    for side, sign in (("left", -1), ("right", 1)):
        here = arrays["side"] == side
        x = np.abs(arrays["position"][index, here])
        order = np.argsort(x)
        end = float(arrays["width"][index, here].sum())  # without a bath behind it
        wall = float(stored(result, f"wall_concentration_{side}_mol_per_m3", name)[index])
        values = profile[here][order]
        far = _far_edge(result, side, name, index, float(values[-1]))
        drawing.line(
            ax,
            f"{curve} {side}",
            sign * np.concatenate([[0.0], x[order], [end]]) * scale,
            np.concatenate([[wall], values, [far]]) * factor,
            marker="|",  # where the side ends at this time
            markevery=[-1],
            ms=9,
            mew=1.6,
            label=label if side == "left" else None,
            **line,
        )


def _far_edge(result: Result, side: str, name: str, index: int, last: float) -> float:
    """Concentration at the far edge: that of a reservoir or a bath behind it, elsewhere the profile arrives level."""
    compartment = getattr(result.case, side)
    if compartment.boundary == "bath" and not compartment.stirred:  # what the mean has beyond the layer
        here = result.arrays["side"] == side
        width = result.arrays["width"][index, here]
        length = float(stored(result, f"length_{side}_m")[index])
        mean = float(stored(result, f"concentration_{side}_mol_per_m3", name)[index])
        return float((mean * length - cells(result, name)[index, here] @ width) / (length - width.sum()))
    if compartment.boundary != "reservoir":
        return last
    given = compartment.concentration[name]
    return float(given) if isinstance(given, int | float) else float(given.value[-1])


def _position_axis(ax: Axes, result: Result) -> float:
    """Limits, label and scale of the position axis; sides of very different length get a scale each."""
    width, side = result.arrays["width"], result.arrays["side"]
    left, right = (float(width[:, side == name].sum(axis=1).max()) for name in report.SIDES)
    longest, shortest = max(left, right), min(left, right)
    uneven = longest > 5 * shortest
    unit = report.length_unit(shortest if uneven else longest)
    scale = report.factor(unit)
    name = unit.replace("um", "µm")
    label = f"position ({name}, own scale each side)" if uneven else f"position ({name})"
    before, ends = ax.get_xlim(), (-1.06 * left * scale, 1.06 * right * scale)
    if ax.get_xlabel() == label:  # drawn again: an end stays where it may, or gets some room to move
        low = drawing.kept(ax, (before[0], 0.0), ends[0], 0.0)
        high = drawing.kept(ax, (0.0, before[1]), 0.0, ends[1])
        if low and high:
            return scale
        wider = 1.0 + drawing.SPARE
        ends = before[0] if low else wider * ends[0], before[1] if high else wider * ends[1]
    left, right = -ends[0] / 1.06, ends[1] / 1.06
    if uneven:
        from matplotlib.ticker import FixedLocator, MaxNLocator

        def forward(x: Any) -> Any:
            return np.where(np.asarray(x) < 0, np.asarray(x) / left, np.asarray(x) / right)

        def inverse(x: Any) -> Any:
            return np.where(np.asarray(x) < 0, np.asarray(x) * left, np.asarray(x) * right)

        ax.set_xscale("function", functions=(forward, inverse))
        sides = [MaxNLocator(3).tick_values(*reach) for reach in ((-left, 0.0), (0.0, right))]
        inside = [t for ticks in sides for t in ticks if -left <= t <= right]
        ax.xaxis.set_major_locator(FixedLocator(sorted(set(inside))))
        ax.xaxis.set_major_formatter(lambda value, _: report.number(value, scale=longest * scale))
    elif ax.get_xscale() != "linear":
        ax.set_xscale("linear")
    ax.set_xlim(*ends)
    ax.set_xlabel(label)
    return scale


def _directions(ax: Axes, x: float, align: str) -> None:
    """Which way the water goes above and below zero, where the axis has room on that side: in a corner free of curves.

    `x`, with `align`, is where it stands if that is free; the limits of both axes are set by now.
    """
    low, high = ax.get_ylim()
    zero = (0.0 - low) / (high - low)
    (first, last), curves = ax.get_xlim(), []
    fine = np.linspace(0.0, 1.0, 401)
    for line in (each for each in ax.get_lines() if each.get_visible() and each.get_gid() != "now"):
        along = (np.asarray(line.get_xdata(), dtype=float) - first) / (last - first)
        curves.append(np.interp(fine, along, (np.asarray(line.get_ydata(), dtype=float) - low) / (high - low)))
    other = (1.0 - x, "left" if align == "right" else "right")
    up = ("↑ left to right", high, ((0.97, "top"), (zero + 0.03, "bottom")))
    down = ("↓ right to left", -low, ((0.03, "bottom"), (zero - 0.03, "top")))

    def free(place: tuple[float, str, float, str]) -> bool:
        at, side, y, edge = place
        wide = (fine >= at - 0.24) & (fine <= at) if side == "right" else (fine <= at + 0.24) & (fine >= at)
        bottom, top = (y - 0.09, y + 0.01) if edge == "top" else (y - 0.01, y + 0.09)
        return not any(((c[wide] > bottom) & (c[wide] < top)).any() for c in curves)

    for text, limit, heights in (up, down):
        if limit > 0.15 * (high - low):
            places = [(at, side, y, edge) for y, edge in heights for at, side in ((x, align), other)]
            at, side, y, edge = next(filter(free, places), places[0])
            style = {"transform": ax.transAxes, "ha": side, "va": edge, "color": "0.4", "fontsize": 8}
            drawing.text(ax, text[0], at, y, text, **style)


def _side_names(ax: Axes, case: Any) -> None:
    labels = report.labels_of(case)
    for side, x, align, colour in (("left", 0.0, "left", LEFT), ("right", 1.0, "right", RIGHT)):
        ax.text(x, 1.02, labels[side], transform=ax.transAxes, ha=align, color=colour, weight="bold", fontsize=9)


def _clean(values: np.ndarray, scale: float) -> np.ndarray:
    """Zero where a value is round-off of its scale."""
    return np.where(np.abs(values) <= 1e-9 * scale, 0.0, values)


def _times(times: np.ndarray, count: int, change: np.ndarray | None = None) -> np.ndarray:
    """Indices of stored times, evenly spaced in √t, in which a diffusive process moves evenly.

    With `change`, how much has happened by each stored time (from 0 to 1), half of the weight is on that: curves are
    not wasted on the time after everything has come to rest.
    """
    progress = np.sqrt((times - times[0]) / max(times[-1] - times[0], 1e-300))
    if change is not None:
        progress = 0.5 * (progress + change)
    return np.unique([int(np.argmin(np.abs(progress - p))) for p in np.linspace(0.0, progress[-1], count)])


def _change(result: Result, names: list[str]) -> np.ndarray:
    """Path that the profiles have gone by each stored time, as a share of the whole; each solute counts the same."""
    total = np.zeros(stored(result, "time").size)
    for name in names:
        steps = np.abs(np.diff(cells(result, name), axis=0)).sum(axis=1)
        if steps.sum() > 1e-9 * largest(result, name):
            total[1:] += np.cumsum(steps) / steps.sum()
    return total / total[-1] if total[-1] else total


def _name_points(ax: Any, points: list[tuple[str, float, float]]) -> None:
    """Name points on a logarithmic axis; names that would meet step away, each with a thin line to its point.

    High points have their names below and to the right, the rightmost first, low ones above and to the left, the
    leftmost first, so that no line runs through the name of another point.
    """
    ordered = sorted((p for p in points if p[2] <= 50.0), key=lambda point: point[1])
    ordered += sorted((p for p in points if p[2] > 50.0), key=lambda point: -point[1])
    steps, last = 0, (-math.inf, 0.0)
    for name, x, y in ordered:
        crowded = abs(math.log10(x) - last[0]) < 0.5 and abs(y - last[1]) < 10.0
        steps, last = steps + 1 if crowded else 0, (math.log10(x), y)
        if y > 50.0:
            place, align, corner = (5, -20 - 15 * steps), "left", (0.0, 1.0)
        else:
            place, align, corner = (-8, 10 + 15 * steps), "right", (1.0, 0.0)
        ax.annotate(
            name,
            (x, y),
            place,
            textcoords="offset points",
            ha=align,
            fontsize=10,
            arrowprops={"arrowstyle": "-", "color": "0.6", "lw": 0.8, "shrinkB": 4, "relpos": corner},
            zorder=5,
        )


def _temperature_colours(celsius: list[float]) -> list[Any]:
    """From blue for the coldest to vermillion for the warmest; one colour a run if all are equally warm."""
    from matplotlib.colors import LinearSegmentedColormap

    low, high = min(celsius), max(celsius)
    if low == high:
        return [CASES[i % len(CASES)] for i in range(len(celsius))]
    shades = LinearSegmentedColormap.from_list("temperature", [LEFT, "#999999", RIGHT])
    return [shades((degrees - low) / (high - low)) for degrees in celsius]


def _viridis() -> Any:
    """Viridis without its yellow end, which is lost on white."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["viridis"](np.linspace(0, 0.9, 256)))


def _time_colours(result: Result, times: np.ndarray) -> np.ndarray:
    """Colours of the stored times, even in √t as the curves are."""
    time = stored(result, "time")
    return np.asarray(_viridis()(np.sqrt(time[times] / (time[-1] or 1.0))))


def _time_bar(axes: np.ndarray, end: float) -> None:
    """A bar beside the axes that says which colour is which time; even in √t, so that only its numbers change."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import PowerNorm

    bar, shown = _BARS.get(axes.flat[0], (None, []))
    if bar is None:
        mappable = ScalarMappable(PowerNorm(0.5, 0.0, 1.0), _viridis())
        drawn = axes.flat[0].figure.colorbar(mappable, ax=list(axes.flat), pad=0.02, aspect=30)
        drawn.minorticks_off()
        bar = drawn.ax
    unit, factor = report.time_unit(end)
    ticks = _time_ticks(end * factor)
    words = [report.number(t, digits=3) for t in ticks]
    if words != shown:
        bar.yaxis.set_ticks([t / (end * factor or 1.0) for t in ticks], labels=words)
    drawing.labels(bar, y=f"time ({unit})")
    _BARS[axes.flat[0]] = bar, words


def _time_ticks(end: float) -> list[float]:
    """Round numbers (1, 2, 5, 10, ...) from 0 to `end` that stay apart on a square-root scale."""
    ticks = [0.0]
    if end == 0.0:
        return ticks
    decade = math.floor(math.log10(end))
    for value in [m * 10.0**p for p in range(decade - 2, decade + 1) for m in (1, 2, 5)] + [end]:
        if value <= end and math.sqrt(value / end) - math.sqrt(ticks[-1] / end) > 0.085:
            ticks.append(value)
    return ticks


# --- what to show ---


def _walls(result: Result, name: str) -> np.ndarray:
    keys = [f"wall_concentration_{side}_mol_per_m3" for side in ("left", "right")]
    return np.stack([stored(result, k, name) for k in keys], axis=1)


def _title(result: Result, chosen: list[str]) -> str:
    total = len(result.solutes)
    shown = f" ({len(chosen)} of {total} solutes, the most concentrated)" if total > len(chosen) else ""
    return titles.in_lines(f"{result.case.title}{shown}")


def _osmotic_level(result: Result, side: str, index: int) -> float:
    return float(np.nan_to_num(stored(result, f"osmotic_pressure_{side}_Pa")[index]))  # NaN in a gas


def _concentrations_text(result: Result, side: str) -> str:
    """Mean concentration of the leading solutes, before and after."""
    lines = []
    for name in leading(result, 2):
        unit, factor = report.concentration_unit(result.case, [name], largest(result, name))
        values = stored(result, f"concentration_{side}_mol_per_m3", name)[[0, -1]] * factor[name]
        before, after = (report.number(float(v), scale=largest(result, name) * factor[name], digits=3) for v in values)
        change = before if before == after else f"{before} → {after}"
        lines.append(f"{name}\n{change} {unit}")
    return "\n".join(lines)


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, width: float, head: float
) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": head, "lw": width, "color": colour, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style, zorder=5)
