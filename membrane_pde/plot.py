"""Pictures of a Result: matplotlib Axes in, Axes out.

Every function takes `axes=None`: without it a new Figure is made (`axes.flat[0].figure`), never through pyplot, so that
nothing global changes and files can be written without a display. Colours are those of Okabe and Ito (blue for left,
vermillion for right) and viridis for time: both stay apart for the colour-blind.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde import report
from membrane_pde.report import stored

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from membrane_pde.result import Result

LEFT, RIGHT = "#0072B2", "#D55E00"
HYDROSTATIC, OSMOTIC, WATER = "#333333", "#009E73", "#000000"
CASES = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
WATER_ARROW = "#0B3C5D"
MEMBRANE, MEMBRANE_WIDTH = "#777777", 6.0  # points: a real membrane is far too thin to be drawn to scale
MARKERS = ("", "o", "s")  # the first solute has plain lines
PANELS, CURVES, LEADING = 6, 12, 3
# m: Stokes radius k T/(6 pi mu D) of its self-diffusivity 2.299e-9 m^2/s at 25 degC (Holz, Heil & Sacco 2000, Phys.
# Chem. Chem. Phys. 2, 4740-4742, doi:10.1039/B005319H); only where a picture puts it
WATER_RADIUS = 0.107e-9


def profiles(result: Result, axes: Any = None, solute: str | None = None) -> np.ndarray:
    """Draw concentration against position, one curve a time and one panel a solute.

    Parameters
    ----------
    result : Result
    axes : Axes or sequence of Axes, optional
        One for each panel; by default a new figure.
    solute : str, optional
        Only this one. By default all, or the six most concentrated ones if there are more.

    Returns
    -------
    ndarray of Axes
        Membrane at 0, position in m, mm or µm by size; concentration in g/L where the molar mass is known, else mmol/L.

    Raises
    ------
    KeyError
        If the solute is not in the result.
    """
    chosen = [solute] if solute else _leading(result, PANELS)
    if missing := [s for s in chosen if s not in result.case.solutes]:
        raise KeyError(f"no solute {missing[0]!r}; there are {', '.join(result.case.solutes)}")
    if axes is None:
        columns = min(len(chosen), 3)
        rows = math.ceil(len(chosen) / columns)
        figure = _figure(7.5 if columns == 1 else 3.9 * columns + 0.8, 4.4 if rows == 1 else 3.4 * rows)
        figure.suptitle(_title(result, chosen) if solute is None else result.case.title)
        axes = [figure.add_subplot(rows, columns, i + 1) for i in range(len(chosen))]
    axes = _as_array(axes)
    times = _times(stored(result, "time"), CURVES, _change(result, chosen))
    colours, mappable = _time_colours(result, times)
    for ax, name in zip(axes.flat, chosen, strict=True):
        scale = _position_axis(ax, result)
        _membrane(ax, result.case)
        unit, factor = report.concentration_unit(result.case, [name], _largest(result, name))
        for index, colour in zip(times, colours, strict=True):
            _profile(ax, result, name, index, scale, factor[name], color=colour, lw=1.4)
        values = _cells(result, name)[times] * factor[name]
        _limits(ax, np.append(values.ravel(), _walls(result, name)[times].ravel() * factor[name]), lowest=0.0)
        ax.set_ylabel(f"{name} ({unit})")
        _side_names(ax, result.case)
    end = float(stored(result, "time")[-1])
    unit, time_factor = report.time_unit(end)
    bar = axes.flat[0].figure.colorbar(mappable, ax=list(axes.flat), label=f"time ({unit})", pad=0.02, aspect=30)
    ticks = _time_ticks(end * time_factor)
    bar.set_ticks([t / time_factor for t in ticks], labels=[report.number(t, digits=3) for t in ticks])
    bar.minorticks_off()
    return axes


def history(result: Result, axes: Any = None) -> np.ndarray:
    """Draw what happened over time: water flux, lengths, concentrations, pressures.

    Parameters
    ----------
    result : Result
    axes : (2, 2) array of Axes, optional
        By default a new figure.

    Returns
    -------
    (2, 2) ndarray of Axes
        Water flux (L/m²/h); length of both sides (mm), or the displaced volume (L/m²) where no length changes;
        concentrations at the membrane wall (solid) and in the mean (dashed); hydrostatic and wall osmotic pressure
        differences, left minus right (bar).
    """
    if axes is None:
        figure = _figure(9.0, 6.2)
        figure.suptitle(result.case.title)
        axes = figure.subplots(2, 2, sharex=True)
    axes = _as_array(axes)
    labels, time = report.labels_of(result.case), stored(result, "time")
    unit, time_factor = report.time_unit(float(time[-1]))
    time = time * time_factor
    flux, lengths, concentrations, pressures = axes.flat
    fluid = "gas" if result.case.phase == "gas" else "water"

    values = _clean(stored(result, "water_flux_m_per_s"), report.flux_scale(result)) * report.factor("L/m^2/hour")
    flux.axhline(0, color="0.7", lw=0.8)
    flux.plot(time, values, color=WATER)
    _limits(flux, np.append(values, 0.0), flat=1.0)
    flux.set_ylabel(f"{fluid} flux (L/m²/h)")

    both = {s: stored(result, f"length_{s}_m") for s in ("left", "right")}
    mm = report.factor("mm")
    total = sum(v[0] for v in both.values())
    if all(np.ptp(v) <= 1e-9 * total for v in both.values()):
        moved = _clean(stored(result, "displaced_volume_m"), total) * mm
        lengths.axhline(0, color="0.7", lw=0.8)
        lengths.plot(time, moved, color=WATER)
        _limits(lengths, np.append(moved, 0.0), flat=1.0)
        lengths.set_ylabel(f"{fluid} moved to the right (L/m²)")
    else:
        uneven = max(v[0] for v in both.values()) > 5 * min(v[0] for v in both.values())
        drawn = {side: v / v[0] if uneven else v * mm for side, v in both.items()}
        for side, colour in (("left", LEFT), ("right", RIGHT)):
            lengths.plot(time, drawn[side], color=colour, label=labels[side])
        _limits(lengths, np.concatenate([*drawn.values()]))
        lengths.set_ylabel("length over initial length" if uneven else "length of the side (mm)")
        lengths.legend(frameon=False, fontsize=9)

    _concentration_history(concentrations, result, time)

    bar = report.factor("bar")
    osmotic = _felt(result, "left") - _felt(result, "right")
    hydrostatic = stored(result, "pressure_left_Pa") - stored(result, "pressure_right_Pa")
    scale = report.largest_pressure(result)
    osmotic, hydrostatic = _clean(osmotic, scale) * bar, _clean(hydrostatic, scale) * bar
    pressures.axhline(0, color="0.7", lw=0.8)
    if result.case.membrane.water_permeability > 0:  # the distance between the two is what drives the water
        pressures.fill_between(time, osmotic, hydrostatic, color="0.92", lw=0)
    if np.isfinite(osmotic).any():
        pressures.plot(time, osmotic, color=OSMOTIC, label="osmotic Σσπ, at the membrane")
    pressures.plot(time, hydrostatic, color=HYDROSTATIC, ls="--", label="hydrostatic")
    _limits(pressures, np.concatenate([osmotic, hydrostatic, [0.0]]), flat=1.0, room=0.22)
    pressures.set_ylabel("pressure, left − right (bar)")
    pressures.legend(frameon=False, fontsize=9, ncols=2, loc="upper center", columnspacing=1.2, handlelength=1.6)

    for ax in axes.flat:
        ax.set_xlim(time[0], time[-1] if time[-1] > time[0] else time[0] + 1)
        ax.grid(color="0.93")
        ax.set_axisbelow(True)
    for ax in axes[-1]:
        ax.set_xlabel(f"time ({unit})")
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
        figure = _figure(max(9.0, 3.2 * n), 8.2)
        grid = figure.add_gridspec(3, n, height_ratios=[1.55, 1.0, 0.85])
        first = [figure.add_subplot(grid[0, i]) for i in range(n)]
        second = [figure.add_subplot(grid[1, i]) for i in range(n)]
        axes = [*first, *second, figure.add_subplot(grid[2, :])]
    axes = _as_array(axes)
    darkest = max(max(_osmotic_level(r, side, i) for side in ("left", "right") for i in (0, -1)) for r in results)
    for ax, result in zip(axes[:n], results, strict=True):
        _schematic(ax, result, darkest)
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
        figure = _figure(8.0, 4.8)
        figure.suptitle(case.title)
        axes = figure.add_subplot()
    axes = _as_array(axes)
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
        at = report.number(flux * report.factor("L/m^2/hour"), digits=3)
        ax.plot(radii * nm, here, color=LEFT, lw=2.2, label=f"rejection at {at} L/m²/h")
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
        figure = _figure(7.5, 4.6)
        figure.suptitle(results[0].case.title)
        axes = figure.add_subplot()
    axes = _as_array(axes)
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
        named = f"{report.number(degrees, digits=3)} °C" if len(set(celsius)) > 1 else report.short_title(result.case)
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


def _write(figure: Figure, path: Path | str) -> None:
    """Write a picture, drawn once: `savefig` draws it twice, though to the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(150)
    FigureCanvasAgg(figure).print_png(str(path))


# --- the parts of the figures ---


def _concentration_history(ax: Axes, result: Result, time: np.ndarray) -> None:
    """Wall (solid) and mean (dashed) concentrations of the leading solutes, which markers tell apart."""
    from matplotlib.lines import Line2D

    labels, chosen = report.labels_of(result.case), _leading(result, LEADING)
    unit, factor = report.concentration_unit(result.case, chosen, max(_largest(result, s) for s in chosen))
    drawn = [np.zeros(1)]
    for name, marker in zip(chosen, MARKERS, strict=False):
        for side, colour in (("left", LEFT), ("right", RIGHT)):
            for key, style in ((f"wall_concentration_{side}", "-"), (f"concentration_{side}", "--")):
                values = stored(result, f"{key}_mol_per_m3", name) * factor[name]
                drawn.append(values)
                ax.plot(time, values, style, color=colour, marker=marker, ms=4, markevery=max(1, time.size // 8))
    _limits(ax, np.concatenate(drawn), lowest=0.0, room=0.36 if len(chosen) > 2 else 0.25)
    what = chosen[0] if len(chosen) == 1 else "concentration"
    if len(chosen) < len(result.case.solutes):
        what = f"the highest {len(chosen)} of {len(result.case.solutes)}"
    ax.set_ylabel(f"{what} ({unit})")
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
    ax.legend(handles=handles, frameon=False, fontsize=8, ncols=columns, loc="upper center", columnspacing=1.0)


def _schematic(ax: Axes, result: Result, darkest: float) -> None:
    """Two compartments as columns of liquid: levels before (dashed) and after, water and pressure arrows."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    case, labels = result.case, report.labels_of(result.case)
    no_membrane = case.membrane.type == "none"
    lengths = {s: stored(result, f"length_{s}_m")[[0, -1]] for s in report.SIDES}
    highest = max(v.max() for v in lengths.values())
    ax.set(xlim=(-1.08, 1.08), ylim=(-0.62, 1.72))
    ax.axis("off")
    ax.set_title(report.short_title(case), fontsize=13, weight="bold")
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
        band: dict[str, Any] = {"facecolor": "0.88", "edgecolor": "0.4", "hatch": "/////", "lw": 0.6}
        ax.add_patch(Rectangle((-0.02, 0), 0.04, 1.12, zorder=3, **band))

    head = report.pressing(result)
    if head and case.phase != "gas" and not no_membrane:
        side, x0 = ("left", -1.0) if head > 0 else ("right", 0.0)
        top = after[side]
        ax.add_patch(Rectangle((x0 + 0.03, top), 0.94, 0.06, facecolor="0.45", edgecolor="0.25", lw=0.8, zorder=3))
        _arrow(ax, (x0 + 0.5, top + 0.37), (x0 + 0.5, top + 0.06), "0.25", 3.5, 20)
        value = report.number(abs(head) * report.factor("bar"), digits=3)
        weight = ax.text(x0 + 0.5, top + 0.38, f"{value} bar", ha="center", va="bottom", zorder=6)
        weight.set(fontsize=10.5, weight="bold", color="0.2", bbox={"facecolor": "white", "lw": 0, "pad": 1})
    moved = report.displaced(result)
    if moved:
        start, end = (-0.4, 0.4) if moved > 0 else (0.4, -0.4)
        _arrow(ax, (start, 0.5 * min(after.values())), (end, 0.5 * min(after.values())), WATER_ARROW, 6, 30)
        amount = f"{report.number(abs(moved) * report.factor('mm'), digits=3)} L/m² of water"
        text = f"{amount} →" if moved > 0 else f"← {amount}"
    else:
        text = "no membrane: they mix" if no_membrane else "no water moves"
    ax.text(0, 1.7, text, ha="center", va="top", fontsize=11, color=WATER_ARROW, weight="bold")


def _first_mid_last(ax: Axes, result: Result) -> tuple[str, float]:
    """Profiles at the start, half way (in displaced volume or time) and the end; returns the axis label and top."""
    name = _leading(result, 1)[0]
    unit, factor = report.concentration_unit(result.case, [name], _largest(result, name))
    scale = _position_axis(ax, result)
    _membrane(ax, result.case)
    time = stored(result, "time")
    middle = int(np.argmin(np.abs(time - 0.25 * time[-1])))  # a quarter in time is half way in √t
    change = _change(result, [name])
    if change[middle] > 0.9:  # all but over by then
        middle = int(np.argmin(np.abs(change - 0.5)))
    shades = _viridis()
    for index, position, width in ((0, 0.0, 1.3), (middle, 0.5, 1.6), (time.size - 1, 1.0, 2.2)):
        label = "start" if index == 0 else report.duration(float(time[index]))
        _profile(ax, result, name, index, scale, factor[name], color=shades(position), lw=width, label=label)
    ax.set_ylabel(f"{name} ({unit})")
    _side_names(ax, result.case)
    legend = ax.legend(frameon=False, fontsize=8.5, loc="best", handlelength=1.4, labelspacing=0.3)
    for line in legend.get_lines():
        line.set_marker("")
    indices = [0, middle, -1]
    values = _cells(result, name)[indices]
    top = max(values.max(), _walls(result, name)[indices].max()) * factor[name]
    return ax.get_ylabel(), 1.1 * float(top) or 1.0


def _displaced(ax: Axes, results: Sequence[Result]) -> None:
    """Displaced volume over time of every case, named at the end of its line."""
    end = max(float(stored(r, "time")[-1]) for r in results)
    unit, time_factor = report.time_unit(end)
    mm, drawn = report.factor("mm"), [np.zeros(1)]
    ax.axhline(0, color="0.6", lw=0.8)
    for i, result in enumerate(results):
        length = sum(float(stored(result, f"length_{s}_m")[0]) for s in ("left", "right"))
        values = _clean(stored(result, "displaced_volume_m"), length) * mm
        drawn.append(values)
        name = report.short_title(result.case)
        ax.plot(stored(result, "time") * time_factor, values, lw=2.2, color=CASES[i % len(CASES)], label=name)
    _limits(ax, np.concatenate(drawn), flat=1.0, room=0.08)
    ax.set_xlim(0, end * time_factor or 1.0)
    ax.set_xlabel(f"time ({unit})")
    ax.set_ylabel("water moved (L/m²)")
    ax.grid(color="0.93")
    ax.set_axisbelow(True)
    _directions(ax, 0.008, "left")
    ax.legend(frameon=False, fontsize=10, loc="lower left", bbox_to_anchor=(0.0, 0.98), ncols=min(len(results), 4))


# --- one curve, one axis ---


def _profile(ax: Axes, result: Result, name: str, index: int, scale: float, factor: float, **line: Any) -> None:
    """One profile: each side from its far end to its wall value at x = 0, where the jump is left open."""
    label = line.pop("label", None)
    arrays, profile = result.arrays, _cells(result, name)[index]
    for side, sign in (("left", -1), ("right", 1)):
        here = arrays["side"] == side
        x = np.abs(arrays["position"][index, here])
        order = np.argsort(x)
        end = float(arrays["width"][index, here].sum())  # without a bath behind it
        wall = float(stored(result, f"wall_concentration_{side}_mol_per_m3", name)[index])
        cells = profile[here][order]
        far = _far_edge(result, side, name, index, float(cells[-1]))
        ax.plot(
            sign * np.concatenate([[0.0], x[order], [end]]) * scale,
            np.concatenate([[wall], cells, [far]]) * factor,
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
        return float((mean * length - _cells(result, name)[index, here] @ width) / (length - width.sum()))
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
    ax.set_xlim(-1.06 * left * scale, 1.06 * right * scale)
    ax.set_xlabel(f"position ({name})")
    if uneven:
        from matplotlib.ticker import FixedLocator, MaxNLocator

        def forward(x: Any) -> Any:
            return np.where(np.asarray(x) < 0, np.asarray(x) / (left * scale), np.asarray(x) / (right * scale))

        def inverse(x: Any) -> Any:
            return np.where(np.asarray(x) < 0, np.asarray(x) * left * scale, np.asarray(x) * right * scale)

        ax.set_xscale("function", functions=(forward, inverse))
        sides = [MaxNLocator(3).tick_values(*ends) for ends in ((-left * scale, 0.0), (0.0, right * scale))]
        inside = [t for ticks in sides for t in ticks if -left * scale <= t <= right * scale]
        ax.xaxis.set_major_locator(FixedLocator(sorted(set(inside))))
        ax.xaxis.set_major_formatter(lambda value, _: report.number(value, scale=longest * scale))
        ax.set_xlabel(f"position ({name}, own scale each side)")
    return scale


def _membrane(ax: Axes, case: Any) -> None:
    """A hatched band of fixed width at 0, or a dashed line where the partition was."""
    from matplotlib.patches import Rectangle
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    place = blended_transform_factory(ax.transData, ax.transAxes)
    if case.membrane.type == "none":
        ax.plot([0, 0], [0, 1], transform=place, color=MEMBRANE, lw=1.2, ls=(0, (4, 3)), zorder=0, gid="partition")
        return
    # width in points, place in data: the band keeps its width whatever the lengths are
    points = ax.figure.dpi_scale_trans + ScaledTranslation(0, 0, ax.transData)  # type: ignore[arg-type]
    band = Rectangle(
        (-0.5 * MEMBRANE_WIDTH / 72, -50),
        MEMBRANE_WIDTH / 72,
        100,
        transform=points,
        facecolor="0.88",
        edgecolor="0.55",
        hatch="/////",
        lw=0.6,
        zorder=0,
        gid="membrane",
    )
    ax.add_artist(band)
    band.set_clip_path(ax.patch)


def _directions(ax: Axes, x: float, align: str) -> None:
    """Which way the water goes above and below zero, where the axis has room on that side: in a corner free of curves.

    `x`, with `align`, is where it stands if that is free; the limits of both axes are set by now.
    """
    low, high = ax.get_ylim()
    zero = (0.0 - low) / (high - low)
    (first, last), curves = ax.get_xlim(), []
    fine = np.linspace(0.0, 1.0, 401)
    for line in ax.get_lines():
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
            ax.text(at, y, text, transform=ax.transAxes, ha=side, va=edge, color="0.4", fontsize=8)


def _side_names(ax: Axes, case: Any) -> None:
    labels = report.labels_of(case)
    for side, x, align, colour in (("left", 0.0, "left", LEFT), ("right", 1.0, "right", RIGHT)):
        ax.text(x, 1.02, labels[side], transform=ax.transAxes, ha=align, color=colour, weight="bold", fontsize=9)


def _limits(
    ax: Axes, values: np.ndarray, *, lowest: float | None = None, flat: float | None = None, room: float = 0.06
) -> None:
    """Limits of the value axis that do not magnify round-off: a constant is drawn as a constant.

    `lowest` pins the lower end (0 for concentrations), `flat` is the half height around a curve of zeros.
    """
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if lowest is not None:
        low = min(low, lowest) if low < -1e-6 * abs(high) else lowest
    largest = max(abs(low), abs(high))
    if largest == 0.0:
        low, high = (-flat, flat) if flat else (0.0, 1.0)
    elif high - low <= 1e-6 * largest:
        low, high = sorted((0.0, 1.3 * (high if abs(high) == largest else low)))
    else:
        span = high - low
        low, high = low if low == lowest else low - 0.06 * span, high + room * span
    ax.set_ylim(low - 0.02 * high if low == lowest == 0.0 else low, high)  # a curve at 0 stays visible
    if 1e-3 < largest < 1e5 or largest == 0.0:
        ax.ticklabel_format(axis="y", useOffset=False)
    else:  # each tick in full, not a power of ten above the axis
        ax.yaxis.set_major_formatter(lambda value, _: report.number(value, scale=largest))


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
        steps = np.abs(np.diff(_cells(result, name), axis=0)).sum(axis=1)
        if steps.sum() > 1e-9 * _largest(result, name):
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


def _time_colours(result: Result, times: np.ndarray) -> tuple[np.ndarray, Any]:
    """Colours of the stored times, even in √t as the curves are, and what a colour bar needs."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import PowerNorm

    time = stored(result, "time")
    norm = PowerNorm(0.5, vmin=time[0], vmax=time[-1] if time[-1] > time[0] else time[0] + 1)
    cmap = _viridis()
    return cmap(norm(time[times])), ScalarMappable(norm, cmap)


def _time_ticks(end: float) -> list[float]:
    """Round numbers (1, 2, 5, 10, ...) from 0 to `end` that stay apart on a square-root scale."""
    ticks = [0.0]
    decade = math.floor(math.log10(end)) if end > 0 else 0
    for value in [m * 10.0**p for p in range(decade - 2, decade + 1) for m in (1, 2, 5)] + [end]:
        if value <= end and math.sqrt(value / end) - math.sqrt(ticks[-1] / end) > 0.085:
            ticks.append(value)
    return ticks


# --- what to show ---


def _cells(result: Result, name: str) -> np.ndarray:
    """Concentration of a solute (time, cell)."""
    return np.asarray(result.arrays["concentration"][:, result.solutes.index(name)])


def _largest(result: Result, name: str) -> float:
    return float(np.abs(_cells(result, name)).max())


def _walls(result: Result, name: str) -> np.ndarray:
    keys = [f"wall_concentration_{side}_mol_per_m3" for side in ("left", "right")]
    return np.stack([stored(result, k, name) for k in keys], axis=1)


def _leading(result: Result, count: int) -> list[str]:
    """The most concentrated solutes, in the order of the case."""
    ranked = sorted(result.solutes, key=lambda s: -_largest(result, s))[:count]
    return [s for s in result.solutes if s in ranked]


def _title(result: Result, chosen: list[str]) -> str:
    total = len(result.solutes)
    shown = f" ({len(chosen)} of {total} solutes, the most concentrated)" if total > len(chosen) else ""
    return f"{result.case.title}{shown}"


def _osmotic_level(result: Result, side: str, index: int) -> float:
    return float(np.nan_to_num(stored(result, f"osmotic_pressure_{side}_Pa")[index]))  # NaN in a gas


def _concentrations_text(result: Result, side: str) -> str:
    """Mean concentration of the leading solutes, before and after."""
    lines = []
    for name in _leading(result, 2):
        unit, factor = report.concentration_unit(result.case, [name], _largest(result, name))
        values = stored(result, f"concentration_{side}_mol_per_m3", name)[[0, -1]] * factor[name]
        before, after = (report.number(float(v), scale=_largest(result, name) * factor[name], digits=3) for v in values)
        change = before if before == after else f"{before} → {after}"
        lines.append(f"{name}\n{change} {unit}")
    return "\n".join(lines)


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, width: float, head: float
) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": head, "lw": width, "color": colour, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style, zorder=5)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _as_array(axes: Any) -> np.ndarray:
    return axes if isinstance(axes, np.ndarray) else np.array(axes if isinstance(axes, list | tuple) else [axes])


def _felt(result: Result, side: str) -> np.ndarray:
    """Osmotic pressure at the membrane that acts on the water, ``Σ σ_s π_s`` (Pa); π_s by the share of particles."""
    walls = stored(result, f"wall_concentration_{side}_mol_per_m3")
    particles = walls * [solute.dissociation for solute in result.case.solutes.values()]
    numbers = result.case.membrane.solutes
    held = particles @ [numbers[name].reflection if name in numbers else 1.0 for name in result.case.solutes]
    total = particles.sum(axis=1)
    share = np.divide(held, total, out=np.ones_like(total), where=total > 0)
    return np.asarray(share * stored(result, f"wall_osmotic_pressure_{side}_Pa"))
