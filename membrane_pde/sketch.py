"""The schematic: two compartments with their levels, the membrane between them, and arrows of what passes it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde import drawing, report, titles
from membrane_pde.drawing import HATCHED, LEFT, MEMBRANE, RIGHT, WATER_ARROW
from membrane_pde.report import stored

if TYPE_CHECKING:
    from membrane_pde.case import Case
    from membrane_pde.result import Result

LEADING = 3  # solutes
SOLUTE_ARROWS = ("#E69F00", "#CC79A7", "#F0E442")  # Okabe and Ito, apart from the blue of the liquids
TANK, FULL, LOWEST = 1.0, 0.74, 0.12  # heights: of the walls, of the longer side at the start, of one nearly empty
LONGEST, THICKEST = 0.42, 0.11  # half the length and the thickness of the largest arrow of water
NOTHING = 1e-6  # of the largest: what has died away
POINTS = 160  # of the shading of a side


def schematic(
    shown: Result | Case, axes: Any = None, time: float | None = None, full_flux: float | None = None
) -> np.ndarray:
    """Draw the two compartments and what passes the membrane at one time, with numbers.

    The level of a side is its length over the initial one; where it stood at the start is dashed. Darker is more
    concentrated, by all particles, from the far end to the membrane.

    Parameters
    ----------
    shown : Result or Case
        Of a Case, which nothing is solved of, what it starts from, without arrows.
    axes : Axes, optional
        By default a new figure. Drawn again into the same axes, the picture is updated.
    time : float, optional
        In s; the nearest stored time is drawn. By default the end of the run.
    full_flux : float, optional
        Water flux of an arrow of full length, m/s; the length follows the square root of the flux. By default the
        largest of the run. The arrow of a solute has full length at the largest flux of that solute in the run.

    Returns
    -------
    ndarray with one Axes
        Pressures and osmotic pressures at the membrane, mean concentrations and, where they differ, those at the wall,
        water flux and solute fluxes, in the units in use (`use_units`).
    """
    result: Any = shown if hasattr(shown, "arrays") else None
    case: Any = shown if result is None else result.case
    if axes is None:
        figure = drawing.figure(8.0, 5.0)
        figure.suptitle(titles.in_lines(case.title))
        axes = figure.add_subplot()
    axes = drawing.as_array(axes)
    ax = axes.flat[0]
    if drawing.begin(ax):
        ax.set(xlim=(-1.06, 1.06), ylim=(-0.6, 1.28))
        ax.axis("off")
    index = -1
    if result is not None:
        times = stored(result, "time")
        index = int(np.argmin(np.abs(times - (times[-1] if time is None else time))))
    levels = _levels(case, result, index)
    highest = _highest(case, result)
    pressures = {side: _pressure(case, result, side, index) for side in report.SIDES}
    for side, x0, colour in (("left", -1.0, LEFT), ("right", 0.0, RIGHT)):
        _side(ax, case, side, x0, colour, levels[side])
        _shade(ax, case, result, side, index, (x0, x0 + 1.0, 0.0, levels[side][1]), highest)
        _press(ax, case, side, x0, levels[side][1], pressures)
        words = _numbers(case, result, side, index, pressures[side])
        lines = textwrap.fill(report.labels_of(case)[side], 26).count("\n")
        style = {"ha": "center", "va": "top", "fontsize": 9.5, "color": "0.15", "linespacing": 1.4}
        drawing.text(ax, f"{side} numbers", x0 + 0.5, -0.17 - 0.09 * lines, words, **style)
    _partition(ax, case)
    if result is not None:
        _flows(ax, result, index, min(level for _, level in levels.values()), full_flux)
        at = float(stored(result, "time")[index])
        when = "at the start" if at == 0 else f"after {report.duration(at)}"
        drawing.text(ax, "time", 0.0, 1.28, when, ha="center", va="top", fontsize=10, color="0.3")
    return axes


# --- the parts ---


def _levels(case: Any, result: Any, index: int) -> dict[str, tuple[float, float]]:
    """Height of each side at the start and now; a side of which nothing moves keeps its height."""
    first = {side: _length(case, side) for side in report.SIDES}
    base = {side: FULL * max((length / max(first.values())) ** 0.5, 0.6) for side, length in first.items()}
    if result is None:
        return {side: (height, height) for side, height in base.items()}
    over = {side: stored(result, f"length_{side}_m") / stored(result, f"length_{side}_m")[0] for side in report.SIDES}
    fit = min(1.0, 0.88 / max(float(base[side] * over[side].max()) for side in report.SIDES))
    return {side: (fit * base[side], max(float(fit * base[side] * over[side][index]), LOWEST)) for side in report.SIDES}


def _length(case: Any, side: str) -> float:
    compartment = getattr(case, side)
    return float(getattr(compartment, "volume_per_area", compartment.length))


def _side(ax: Any, case: Any, side: str, x0: float, colour: str, level: tuple[float, float]) -> None:
    """Walls, surface, where it stood at the start, and the name."""
    before, now = level
    far = x0 if side == "left" else x0 + 1.0
    open_end = getattr(case, side).boundary in ("reservoir", "bath", "outflow")
    wall: dict[str, Any] = {"color": "0.25", "lw": 1.2 if open_end else 2.2, "zorder": 4, "solid_capstyle": "round"}
    drawing.line(ax, f"{side} wall", [far, far], [0.0, TANK], ls=(0, (1, 1.5)) if open_end else "-", **wall)
    drawing.line(ax, f"{side} floor", [x0, x0 + 1.0], [0.0, 0.0], **wall | {"lw": 2.2})
    drawing.line(ax, f"{side} surface", [x0 + 0.02, x0 + 0.98], [now, now], color="0.25", lw=1.2, zorder=3)
    if abs(now - before) > 0.01:
        dashed: dict[str, Any] = {"color": "0.35", "lw": 1.0, "ls": (0, (4, 3)), "zorder": 3}
        drawing.line(ax, f"{side} start", [x0 + 0.02, x0 + 0.98], [before, before], **dashed)
    style: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": 12, "weight": "bold", "color": colour}
    drawing.text(ax, f"{side} name", x0 + 0.5, -0.05, textwrap.fill(report.labels_of(case)[side], 26), **style)


def _shade(
    ax: Any, case: Any, result: Any, side: str, index: int, extent: tuple[float, float, float, float], highest: float
) -> None:
    """The liquid, darker where it is more concentrated."""
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("liquid", ["#EEF7F4", "#A8DDB5", "#4EB3D3", "#0868AC"])
    values = _row(case, result, side, index)
    drawing.shading(ax, f"{side} liquid", values, extent, highest or 1.0, cmap=shades, zorder=1)


def _row(case: Any, result: Any, side: str, index: int) -> np.ndarray:
    """Particles (mol/m^3) from left to right; of a gas, whose particles are everywhere as many, its first solute."""
    names = list(case.solutes)
    particles = np.array([case.solutes[name].dissociation for name in names])
    if case.phase == "gas":
        particles[1:] = 0.0
    if result is None:
        distance = np.linspace(0.0, getattr(case, side).length, POINTS)
        given = [getattr(case, side).concentration[name] for name in names]
        columns = [np.array([c.at(x) if hasattr(c, "at") else c for x in distance]) for c in given]
        row = particles @ np.array(columns)
        return np.asarray(row[::-1] if side == "left" else row)
    here = result.arrays["side"] == side
    x, values = result.arrays["position"][index, here], particles @ result.arrays["concentration"][index][:, here]
    reach = float(result.arrays["width"][index, here].sum())
    places = np.linspace(-reach, 0.0, POINTS) if side == "left" else np.linspace(0.0, reach, POINTS)
    wall = particles @ stored(result, f"wall_concentration_{side}_mol_per_m3")[index]
    x, values = (
        (np.append(x, 0.0), np.append(values, wall)) if side == "left" else (np.append(0.0, x), np.append(wall, values))
    )
    return np.interp(places, x, values)


def _highest(case: Any, result: Any) -> float:
    """The most particles (mol/m^3) anywhere at any time."""
    if result is None:
        return max(float(_row(case, None, side, 0).max()) for side in report.SIDES)
    particles = np.array([solute.dissociation for solute in case.solutes.values()])
    if case.phase == "gas":
        particles[1:] = 0.0
    return float(np.einsum("s,tsc->tc", particles, result.arrays["concentration"]).max())


def _pressure(case: Any, result: Any, side: str, index: int) -> float | None:
    """Hydrostatic pressure on a side, Pa; None where only a run knows it."""
    if result is not None:
        pressure = float(stored(result, f"pressure_{side}_Pa")[index])
        return 0.0 if abs(pressure) <= NOTHING * report.largest_pressure(result) else pressure
    compartment = getattr(case, side)
    return None if compartment.boundary == "rigid" or compartment.pressure.flux else float(compartment.pressure.at(0.0))


def _press(ax: Any, case: Any, side: str, x0: float, level: float, pressures: dict[str, float | None]) -> None:
    """What presses on a side: a plate on the liquid, and an arrow as long as the pressure is high beside the other."""
    pressure, highest = pressures[side] or 0.0, max(abs(value or 0.0) for value in pressures.values())
    if case.phase == "gas" or case.membrane.type == "none" or pressure <= 1e-3 * highest:
        return
    style: dict[str, Any] = {"facecolor": "0.45", "edgecolor": "0.25", "lw": 0.8, "zorder": 4}
    drawing.rectangle(ax, f"{side} plate", (x0 + 0.03, level), 0.94, 0.045, **style)
    length = 0.08 + 0.13 * pressure / highest
    top = (x0 + 0.5, level + 0.045 + length)
    look: dict[str, Any] = {"color": "0.25", "lw": 0, "zorder": 5, "head": 0.5 * length}
    drawing.arrow(ax, f"{side} weight", top, (x0 + 0.5, level + 0.045), 0.022, **look)
    words: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 11, "weight": "bold", "color": "0.2"}
    drawing.text(
        ax, f"{side} pressure", top[0], top[1] + 0.01, report.quantity(pressure, "pressure"), zorder=6, **words
    )


def _partition(ax: Any, case: Any) -> None:
    if case.membrane.type == "none":
        style: dict[str, Any] = {"color": MEMBRANE, "lw": 1.4, "ls": (0, (4, 3)), "zorder": 4}
        drawing.line(ax, "partition", [0, 0], [0, TANK], **style)
    else:
        drawing.rectangle(ax, "membrane", (-0.017, 0.0), 0.034, TANK, edgecolor="0.4", zorder=4, **HATCHED)


def _flows(ax: Any, result: Any, index: int, level: float, full_flux: float | None) -> None:
    """Arrows of water and of the solutes that pass, each with its number; those that are held back by name."""
    case, room = result.case, max(level, 0.42)
    boxed: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 7}
    boxed["bbox"] = {"facecolor": "white", "alpha": 0.88, "lw": 0, "boxstyle": "round,pad=0.2"}
    permeable = case.membrane.type != "none" and case.membrane.water_permeability > 0
    passing, held = _passing(result)
    places = (
        np.linspace(0.72, 0.1, 1 + len(passing)) * room if permeable else np.linspace(0.65, 0.2, len(passing)) * room
    )
    if permeable:
        flux = stored(result, "water_flux_m_per_s")
        y, places = float(places[0]), places[1:]
        words = "no water moves"
        if report.flux_text(result, index) != "0":
            size = min(abs(float(flux[index])) / (full_flux or report.peak(flux)), 1.5) ** 0.5
            _across(ax, "water", y, float(flux[index]), size, THICKEST, WATER_ARROW)
            words = f"water {report.quantity(abs(float(flux[index])), 'water flux')}"
        drawing.text(ax, "water flux", 0.0, y + 0.105, words, fontsize=11, weight="bold", color=WATER_ARROW, **boxed)
    for name, colour, y in zip(passing, SOLUTE_ARROWS, places, strict=False):
        flux = stored(result, "solute_flux_mol_per_m2_s", name)
        share = abs(float(flux[index])) / report.peak(flux)
        unit, factor = _flux_unit(result, name)
        number = report.number(abs(float(flux[index])) * factor, digits=3) if share > NOTHING else "0"
        if share > NOTHING:
            _across(ax, name, float(y), float(flux[index]), 0.7 * share**0.5, 0.5 * THICKEST, colour)
        drawing.text(ax, f"{name} flux", 0.0, float(y) + 0.075, f"{name} {number} {unit}", fontsize=9.5, **boxed)
    names = ", ".join(held) if len(held) < LEADING else f"{held[0]} and {len(held) - 1} more"
    above = [f"held back: {names}"] if held else []
    if case.membrane.type == "none":
        above = ["no membrane: they mix"]
    drawing.text(ax, "held", 0.0, TANK + 0.03, "\n".join(above), ha="center", va="bottom", fontsize=9.5, color="0.3")


def _across(ax: Any, name: str, y: float, flux: float, size: float, thickest: float, colour: str) -> None:
    """An arrow through the membrane, the way the flux goes."""
    reach = (0.1 + (LONGEST - 0.1) * size) * (1 if flux > 0 else -1)
    look: dict[str, Any] = {"facecolor": colour, "edgecolor": "white", "lw": 0.8, "zorder": 6}
    head = min(0.16, abs(reach))
    drawing.arrow(ax, f"{name} arrow", (-reach, y), (reach, y), thickest * (0.25 + 0.75 * size), head=head, **look)


def _passing(result: Any) -> tuple[list[str], list[str]]:
    """The most concentrated solutes that pass the membrane in this run, and those that do not."""
    carried = {}
    for name in result.solutes:
        scale = largest(result, name) * max(_length(result.case, side) for side in report.SIDES)
        moved = report.peak(stored(result, "amount_transferred_mol_per_m2", name))
        carried[name] = moved > 1e-9 * scale and report.peak(stored(result, "solute_flux_mol_per_m2_s", name)) > 0
    passing = [name for name in leading(result, len(carried)) if carried[name]]
    ranked = sorted(passing, key=lambda name: -largest(result, name))[:LEADING]
    return [name for name in passing if name in ranked], [name for name, passes in carried.items() if not passes]


# --- numbers ---

_AMOUNTS = {"g/L": ("g", 3.6e6), "mg/L": ("mg", 3.6e6), "mol/m³": ("mol", 3.6e3), "1/mL": ("1", 3.6e9)}


def _flux_unit(result: Any, name: str) -> tuple[str, float]:
    """Unit of a solute's flux, that of its concentration over m² and h, and its number in a mol/m^2/s."""
    unit, factor = report.concentration_unit(result.case, [name], largest(result, name))
    if unit in _AMOUNTS:
        amount, scale = _AMOUNTS[unit]
        return f"{amount}/m²/h", factor[name] * scale
    return "mmol/m²/h", 3.6e6


def _numbers(case: Any, result: Any, side: str, index: int, pressure: float | None) -> str:
    """Concentrations, in the mean and at the membrane, and pressures of a side."""
    lines = []
    names = leading(result, LEADING) if result is not None else list(case.solutes)[:LEADING]
    for name in names:
        if result is None:
            lines.append(f"{name} {_given(case, side, name)}")
            continue
        scale = largest(result, name)
        unit, factor = report.concentration_unit(case, [name], scale)
        mean, wall = (
            report.number(
                float(stored(result, f"{key}concentration_{side}_mol_per_m3", name)[index]) * factor[name],
                scale=scale * factor[name],
                digits=3,
            )
            for key in ("", "wall_")
        )
        lines.append(f"{name} {mean} {unit}" + ("" if wall == mean else f" (wall {wall})"))
    pressures = []
    if pressure is not None:
        pressures.append(f"pressure {report.quantity(pressure, 'pressure')}")
    if result is not None and case.phase != "gas" and case.membrane.type != "none":
        osmotic = float(felt(result, side)[index])
        negligible = report.ROUND_OFF * report.largest_pressure(result)
        pressures.append(f"osmotic {report.quantity(osmotic if abs(osmotic) > negligible else 0.0, 'pressure')}")
    if pressure is None and getattr(case, side).boundary == "rigid":
        pressures.append("rigid: its pressure is the answer")
    lines += pressures if len(names) < LEADING else [", ".join(pressures)]  # there is room for four
    return "\n".join(lines)


def _given(case: Any, side: str, name: str) -> str:
    """The initial concentration of a case in words."""
    value = getattr(case, side).concentration[name]
    values = list(value.value) if hasattr(value, "value") else [value]
    highest = max(max(values), *(_top(getattr(case, s).concentration[name]) for s in report.SIDES))
    unit, factor = report.concentration_unit(case, [name], highest)
    texts = [report.number(each * factor[name], digits=3) for each in (min(values), max(values))]
    return f"{texts[0] if texts[0] == texts[1] else ' to '.join(texts)} {unit}"


def _top(value: Any) -> float:
    return float(max(value.value)) if hasattr(value, "value") else float(value)


def cells(result: Any, name: str) -> np.ndarray:
    """Concentration of a solute (time, cell), mol/m^3."""
    return np.asarray(result.arrays["concentration"][:, result.solutes.index(name)])


def largest(result: Any, name: str) -> float:
    """The highest concentration of a solute anywhere at any time, mol/m^3."""
    return float(np.abs(cells(result, name)).max())


def leading(result: Any, count: int) -> list[str]:
    """The most concentrated solutes, in the order of the case."""
    ranked = sorted(result.solutes, key=lambda s: -largest(result, s))[:count]
    return [s for s in result.solutes if s in ranked]


def felt(result: Any, side: str) -> np.ndarray:
    """Osmotic pressure at the membrane that acts on the water, ``Σ σ_s π_s`` (Pa); π_s by the share of particles."""
    walls = stored(result, f"wall_concentration_{side}_mol_per_m3")
    particles = walls * [solute.dissociation for solute in result.case.solutes.values()]
    numbers = result.case.membrane.solutes
    held = particles @ [numbers[name].reflection if name in numbers else 1.0 for name in result.case.solutes]
    total = particles.sum(axis=1)
    share = np.divide(held, total, out=np.ones_like(total), where=total > 0)
    return np.asarray(share * stored(result, f"wall_osmotic_pressure_{side}_Pa"))
