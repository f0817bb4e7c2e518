"""Pictures of a Result: matplotlib Axes in, Axes out.

Every function takes `axes=None`: without it a new Figure is made (`axes.flat[0].figure`), never through pyplot, so that
nothing global changes and files can be written without a display. Blue is left, vermillion right. `profiles`, `history`
and `schematic`, drawn again into the axes they returned, update what is there (see `drawing`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from membrane_pde.input import titles
from membrane_pde.physics.constants import ZERO_CELSIUS
from membrane_pde.show import curves as shared
from membrane_pde.show import drawing, formatting, readings
from membrane_pde.show.along import along, along_history, compared_along, vessel
from membrane_pde.show.drawing import CASES, LEFT, MEMBRANE, RIGHT, WATER
from membrane_pde.show.maps import phase_map
from membrane_pde.show.readings import stored
from membrane_pde.show.residuals import fit
from membrane_pde.show.sidebyside import comparison
from membrane_pde.show.sketch import cells, largest, leading, scales, schematic
from membrane_pde.show.sweepcurves import sweep_picture
from membrane_pde.show.timeline import history

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from membrane_pde.results.result import Result

__all__ = [
    "along",
    "along_history",
    "compared_along",
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
    "save_sweep",
    "scales",
    "schematic",
    "sweep_picture",
    "vessel",
]

PANELS, CURVES = 6, 12
# m: Stokes radius k T/(6 pi mu D) of its self-diffusivity 2.299e-9 m^2/s at 25 degC (Holz, Heil & Sacco 2000, Phys.
# Chem. Chem. Phys. 2, 4740-4742, doi:10.1039/B005319H); only where a picture puts it
WATER_RADIUS = 0.107e-9
_BARS: WeakKeyDictionary[Axes, tuple[Axes, list[str]]] = WeakKeyDictionary()  # colour bars, and their numbers


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
        Of a case with [module] those of `along`. Else membrane at 0, a support layer as a dotted band, position in m,
        mm or µm by size; of a curved membrane the distance from the centre. Concentration in g/L where the molar mass
        is known, else mmol/L.

    Raises
    ------
    KeyError
        If the solute is not in the result.
    """
    if result.case.module is not None:
        return along(result, axes, time)
    chosen = [solute] if solute else leading(result, PANELS)
    if missing := [s for s in chosen if s not in result.case.solutes]:
        raise KeyError(f"no solute {missing[0]!r}; there are {', '.join(result.case.solutes)}")
    if axes is None:
        columns = min(len(chosen), 3)
        rows = math.ceil(len(chosen) / columns)
        figure = drawing.figure(7.5 if columns == 1 else 3.9 * columns + 0.8, 4.4 if rows == 1 else 3.4 * rows)
        drawing.headline(figure, _title(result, chosen) if solute is None else result.case.title)
        axes = [figure.add_subplot(rows, columns, i + 1) for i in range(len(chosen))]
    axes = drawing.as_array(axes)
    times = shared.times_shown(stored(result, "time"), CURVES, shared.change(result, chosen))
    for ax, name in zip(axes.flat, chosen, strict=True):
        first = drawing.start_redraw(ax)
        scale = shared.position_axis(ax, result)
        now = -1 if time is None else int(np.argmin(np.abs(stored(result, "time") - time)))
        shared.membrane(ax, result, now)
        drawing.supports(ax, result.case, scale)
        unit, factor = readings.concentration_unit(result.case, [name], largest(result, name))
        for i, (index, colour) in enumerate(zip(times, shared.time_colours(result, times), strict=True)):
            shared.profile(ax, str(i), result, name, index, scale, factor[name], color=colour, lw=1.4)
        if time is not None:
            shared.profile(ax, "now", result, name, now, scale, factor[name], color="black", lw=2.6, zorder=3)
        values = cells(result, name)[times] * factor[name]
        walls = shared.walls(result, name)[times] * factor[name]
        drawing.limits(ax, np.append(values.ravel(), walls.ravel()), lowest=0.0)
        drawing.labels(ax, y=f"{name} ({unit})")
        if first:
            shared.side_names(ax, result.case)
    _time_bar(axes, float(stored(result, "time")[-1]))
    return axes


def rejection(result: Result, axes: Any = None) -> np.ndarray:
    """Draw the rejection of the membrane's pores against the radius of a sphere, from water to a bacterium.

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
        drawing.headline(figure, case.title)
        axes = figure.add_subplot()
    axes = drawing.as_array(axes)
    ax = axes.flat[0]
    nm = formatting.factor("nm")
    sizes = {name: solute.radius for name, solute in case.solutes.items() if solute.radius}
    smallest, widest = (f([WATER_RADIUS, membrane.pore_radius, *sizes.values()]) for f in (min, max))
    pressed = summary["process"] in ("reverse osmosis", "filtration") and bool(summary["water_flux_m_per_s"])
    flux = abs(summary["water_flux_m_per_s"]) if pressed else 0.0
    fits = np.geomspace(0.3 * smallest, membrane.pore_radius, 300)  # the curves end in 100 % there
    radii = np.append(fits, 8 * widest)
    limit, here = 100 * np.array([membrane.sieving(float(r), case.temperature, flux or 1.0) for r in radii]).T
    wider = f"wider than the pores ({formatting.number(membrane.pore_radius * nm)} nm): does not pass"
    ax.axvspan(membrane.pore_radius * nm, radii[-1] * nm, color="0.94", lw=0, zorder=0, label=wider)
    ax.axvline(membrane.pore_radius * nm, color=MEMBRANE, lw=1.2, ls=(0, (4, 3)), zorder=1)
    ax.plot(radii * nm, limit, color=WATER, lw=1.6, ls="--", label="reflection coefficient: the limit at high flux")
    if flux:
        ax.plot(radii * nm, here, color=LEFT, lw=2.2, label=f"rejection at {formatting.quantity(flux, 'water flux')}")
    ax.plot(WATER_RADIUS * nm, 0.0, "o", mfc="white", mec="0.2", ms=7, zorder=4, clip_on=False)
    points = [("water", WATER_RADIUS, 0.0)]
    for name, radius in sizes.items():
        seen = (summary["rejection"] or {}).get(name) if flux else None
        if seen is None or not 0.0 <= seen <= 1.0:  # it diffuses, with the water or against it
            seen = membrane.solutes[name].reflection
        share = 100 * seen
        ax.plot(radius * nm, share, "o", color=RIGHT, ms=7, zorder=4, clip_on=False)
        points.append((name, radius, share))
    _name_points(ax, [(name, radius * nm, share) for name, radius, share in points])
    ax.set_xscale("log")
    ax.set_xlim(radii[0] * nm, radii[-1] * nm)
    ax.set_ylim(-3, 108)
    ax.xaxis.set_major_formatter(lambda value, _: formatting.number(value))
    ax.set_xlabel("radius (nm)")
    ax.set_ylabel("rejection (%)")
    ax.grid(color="0.93")
    ax.set_axisbelow(True)
    ax.legend(frameon=False, fontsize=9, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.14))
    return axes


def mixing(results: Sequence[Result], axes: Any = None) -> np.ndarray:
    """Draw the degree of mixing of several runs over time, for example of one experiment at several temperatures.

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
        drawing.headline(figure, titles.of_all([result.case.title for result in results]))
        axes = figure.add_subplot()
    axes = drawing.as_array(axes)
    ax = axes.flat[0]
    celsius = [r.case.temperature - ZERO_CELSIUS for r in results]
    curves, end = [], 0.0
    for result in results:
        curves.append(shared.mixed(result))
        reached = np.flatnonzero(curves[-1] >= 99)
        end = max(end, float(stored(result, "time")[reached[0] if reached.size else -1]))
    unit, time_factor = formatting.time_unit(end)
    for result, degrees, mixed, colour in zip(results, celsius, curves, _temperature_colours(celsius), strict=True):
        time = stored(result, "time")
        named = titles.short(result.case.title, result.case.name)
        if len(set(celsius)) > 1:
            named = f"{formatting.number(degrees, digits=3)} °C"
        if mixed.max() >= 50:
            after = int(np.argmax(mixed >= 50))  # between two stored times it is straight in √t
            half = float(np.interp(50, mixed[after - 1 : after + 1], np.sqrt(time[after - 1 : after + 1]))) ** 2
            named += f": half mixed in {formatting.duration(half)}"
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
    """Write schematic.png, profiles.png and history.png into a folder, rejection.png if the membrane has pores.

    Of a case with [module] along.png and vessel.png, and history.png of a run in time.

    Returns their paths.
    """
    if result.case.module is not None:
        in_time = {"history": along_history(result)} if len(result.arrays["time"]) > 1 else {}
        return _written({"along": along(result), "vessel": vessel(result), **in_time}, folder)
    pictures = {"schematic": schematic(result), "profiles": profiles(result), "history": history(result)}
    if result.case.membrane.pore_radius is not None:
        pictures["rejection"] = rejection(result)
    return _written(pictures, folder)


def _written(pictures: dict[str, np.ndarray], folder: Path | str) -> list[Path]:
    """Write pictures to files; return their paths."""
    paths = []
    for name, axes in pictures.items():
        paths.append(Path(folder) / f"{name}.png")
        _write(axes.flat[0].figure, paths[-1])
    return paths


def save_comparison(results: Sequence[Result], path: Path | str) -> None:
    """Write the figure of `comparison` to a file; for cases with [module] that of `compared_along`."""
    modules = [result for result in results if result.case.module is not None]
    axes = compared_along(modules) if modules else comparison(results)
    _write(axes.flat[0].figure, path)


def save_fit(found: Any, path: Path | str) -> None:
    """Write the figure of `fit` to a file."""
    _write(fit(found).flat[0].figure, path)


def save_sweep(found: Any, path: Path | str) -> None:
    """Write the figure of `sweep_picture` to a file."""
    _write(sweep_picture(found).flat[0].figure, path)


def _write(figure: Figure, path: Path | str) -> None:
    """Write a picture, drawn once: `savefig` draws it twice, though to the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(150)
    FigureCanvasAgg(figure).print_png(str(path))


# --- the parts of the figures ---


def _name_points(ax: Any, points: list[tuple[str, float, float]]) -> None:
    """Label points on a logarithmic axis; labels that would overlap are moved, with a thin line to their point.

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


def _time_bar(axes: np.ndarray, end: float) -> None:
    """Draw a colour bar of the times beside the axes, linear in √t, so that only its numbers change."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import PowerNorm

    bar, shown = _BARS.get(axes.flat[0], (None, []))
    if bar is None:
        mappable = ScalarMappable(PowerNorm(0.5, 0.0, 1.0), shared.viridis())
        drawn = axes.flat[0].figure.colorbar(mappable, ax=list(axes.flat), pad=0.02, aspect=30)
        drawn.minorticks_off()
        bar = drawn.ax
    unit, factor = formatting.time_unit(end)
    ticks = _time_ticks(end * factor)
    words = [formatting.number(t, digits=3) for t in ticks]
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


def _title(result: Result, chosen: list[str]) -> str:
    total = len(result.solutes)
    shown = f" ({len(chosen)} of {total} solutes, the most concentrated)" if total > len(chosen) else ""
    return f"{result.case.title}{shown}"
