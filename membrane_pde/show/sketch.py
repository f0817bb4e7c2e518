"""The schematic: two vessels, the membrane between them, arrows of the fluxes, and numbers below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.physics import constants
from membrane_pde.show import drawing, dyes, formatting, readings, roundvessels, vessels
from membrane_pde.show.drawing import LEFT, RIGHT, WATER_ARROW
from membrane_pde.show.readings import stored

if TYPE_CHECKING:
    from membrane_pde.input.case import Case
    from membrane_pde.results.result import Result

LEADING = 3  # largest number of solutes in a history
SHOWN = 4  # largest number of solutes in the schematic
LONGEST, THICKEST = 0.42, 0.13  # half the length and the thickness of the largest arrow of water
SOLUTE_ARROW = 0.8  # length of the largest solute arrow ÷ length of the largest water arrow
NO_BREAK = "\N{NO-BREAK SPACE}"
NOTHING = 1e-6  # flux ÷ largest flux below which no arrow is drawn
HIGHEST, NAMES = 1.3, -0.05  # upper end of the picture; height of the names below the vessels


@dataclass(frozen=True)
class Scales:
    """Scales that several pictures share, so that they can be compared.

    Attributes
    ----------
    water : float
        Water flux of an arrow of full length, m/s.
    solute : float
        Solute flux of one, g/m^2/h, or mmol/m^2/h where a molar mass is not known (`flux_unit`).
    dyes : dict
        By solute.
    largest : float
        The largest volume of a cell over its first one.
    rise : float
        How far the level of a tube comes from its start, m.
    """

    water: float
    solute: float
    dyes: dict[str, dyes.Dye]
    largest: float
    rise: float = 0.0


def scales(shown: Sequence[Result | Case]) -> Scales:
    """The scales that suit several results, or cases that are not solved.

    Parameters
    ----------
    shown : sequence of Result or Case

    Returns
    -------
    Scales
        For `schematic`.
    """
    results: list[Any] = [each for each in shown if hasattr(each, "arrays")]
    cases: list[Any] = [getattr(each, "case", each) for each in shown]
    water, solute, largest, rise = 0.0, 0.0, 1.0, 0.0
    for result in results:
        rise = max(rise, vessels.highest_rise(vessels.Moment(result.case, result, 0, {}, 1.0)))
        water = max(water, readings.peak(stored(result, "water_flux_m_per_s")))
        _, factors = flux_unit(result)
        for name in passing(result):
            flux = np.abs(stored(result, "solute_flux_mol_per_m2_s", name))
            # a first instant does not count: beside it all that follows would be too small to be seen
            solute = max(solute, factors[name] * max(float(np.quantile(flux, 0.95)), 0.1 * readings.peak(flux)))
        for side in readings.SIDES:
            volumes = stored(result, f"length_{side}_m")
            compartment = getattr(result.case, side)
            if vessels.is_cell(getattr(compartment, "drawing", None) or "") or compartment.radius is not None:
                largest = max(largest, float(volumes.max() / volumes[0]))
    return Scales(water, solute, dyes.dyes(cases), largest, rise)


def schematic(
    shown: Result | Case,
    axes: Any = None,
    time: float | None = None,
    full_flux: float | None = None,
    scales: Scales | None = None,
) -> np.ndarray:
    """Draw the two vessels and the fluxes through the membrane at one time, with numbers.

    A side is drawn as the case's `drawing` says. The level of a tank and the area of a cell follow the volume of the
    liquid; where they were at the start is dashed. The level of a tube has a scale in cm. Each solute is drawn as a
    dye, whose scale stands below; in a gas each dot is a molecule of one kind.

    Parameters
    ----------
    shown : Result or Case
        Of a Case, which nothing is solved of, what it starts from, without arrows.
    axes : Axes, optional
        By default a new figure. Drawn again into the same axes, the picture is updated.
    time : float, optional
        In s; the nearest stored time is drawn. By default the end of the run.
    full_flux : float, optional
        Water flux of an arrow of full length, m/s. By default that of `scales`.
    scales : Scales, optional
        From `scales`, of several runs that are compared. By default those of this run.

    Returns
    -------
    ndarray with one Axes
        Mean concentrations and, where they differ, those at the membrane; hydrostatic pressures, osmotic pressures
        at the membrane; water flux and solute fluxes, in the units in use (`use_units`). The area of an arrow goes with
        its flux; the arrows of all solutes have one scale.
    """
    result: Any = shown if hasattr(shown, "arrays") else None
    case: Any = shown if result is None else result.case
    common = scales or _scales([shown])
    if axes is None:
        figure = drawing.figure(8.0, 5.8)
        drawing.headline(figure, case.title)
        axes = figure.add_subplot()
    axes = drawing.as_array(axes)
    ax = axes.flat[0]
    if drawing.start_redraw(ax):
        ax.set(xlim=(-1.1, 1.1), ylim=(_bottom(ax, case), HIGHEST))
        ax.axis("off")
    moment = moment_of(shown, time, common)
    crossing = roundvessels.draw(ax, moment)
    size, wide = _text_size(ax)
    for side, x, colour in (("left", -0.52, LEFT), ("right", 0.52, RIGHT)):
        name = textwrap.fill(readings.labels_of(case)[side], 26)
        style: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": size + 2, "weight": "bold", "color": colour}
        drawing.text(ax, f"{side} name", x, NAMES, name, **style)
        words = _numbers(moment, side, wide)
        below = NAMES - 0.01 - _lines(ax, size + 2) * (1 + name.count("\n")) * 1.25
        look: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": size, "color": "0.15", "linespacing": 1.3}
        drawing.text(ax, f"{side} numbers", x, below, words, **look)
    if result is not None:
        water = full_flux or common.water
        _flows(ax, moment, crossing, water, common.solute, size)
        at = float(stored(result, "time")[moment.index])
        when = "at the start" if at == 0 else f"after {formatting.duration(at)}"
        drawing.text(ax, "time", 0.0, HIGHEST, when, ha="center", va="top", fontsize=size + 0.5, color="0.3")
    key_top = ax.get_ylim()[0] + _KEY + 2.4 * _lines(ax, size - 1)
    if case.phase == "gas":
        _gas_key(ax, moment, size)
    else:
        dyes.key(
            ax, {name: dye for name, dye in common.dyes.items() if name in case.solutes}, -1.0, 1.0, key_top, size - 1
        )
    return axes


_scales = scales


def moment_of(shown: Any, time: float | None, common: Scales) -> vessels.Moment:
    """Contents of the schematic at the stored time nearest to a given time, by default the end."""
    result: Any = shown if hasattr(shown, "arrays") else None
    index = 0
    if result is not None:
        times = stored(result, "time")
        index = int(np.argmin(np.abs(times - (times[-1] if time is None else time))))
    case = shown if result is None else result.case
    return vessels.Moment(case, result, index, common.dyes, common.largest, common.rise)


# --- text that fits ---


_KEY = 0.08  # height of the bars of the key


def _inches(ax: Any) -> tuple[float, float]:
    """Width and height of an Axes; its `original` position, as asking for the other one has it drawn anew."""
    width, height = ax.get_position(original=True).size * ax.figure.get_size_inches()
    return float(width), float(height)


def _bottom(ax: Any, case: Any) -> float:
    """Lower end of the picture, which leaves enough space for the text below the vessels."""
    _, height = _inches(ax)
    size, wide = _text_size(ax)
    lines = min(len(case.solutes), SHOWN) + (len(case.solutes) > SHOWN) + 1
    lines += sum(
        len(name) + 31 > wide for name in list(case.solutes)[:SHOWN]
    )  # "name 0.00936 g/L (at membrane 0.00954)"
    if case.phase != "gas" and case.membrane.type != "none":
        lines += 1 + (wide < 55)
    names = max(textwrap.fill(each, 26).count("\n") + 1 for each in readings.labels_of(case).values())
    inches = (1.42 * size * lines + 1.25 * (size + 2) * names + 2.8 * (size - 1) + 10) / 72.0
    return HIGHEST - (HIGHEST - NAMES + _KEY) * height / max(height - inches, 0.4 * height)


def _text_size(ax: Any) -> tuple[float, int]:
    """Font size in points, and number of letters that fit on a side."""
    width, height = _inches(ax)
    size = min(max(9.5 * min(width / 6.6, height / 4.7), 8.3), 9.5)
    return size, int(0.47 * width * 72.0 / (0.565 * size))


def _lines(ax: Any, size: float) -> float:
    """Height of a line of text of this size (points), in data."""
    _, height = _inches(ax)
    low, high = ax.get_ylim()
    return size / 72.0 / height * float(high - low)


# --- arrows ---


def _flows(
    ax: Any, moment: vessels.Moment, crossing: tuple[float, float, float], water: float, solute: float, size: float
) -> None:
    """Arrows of water and of the solutes that pass, the largest first; those that are held back by name."""
    result, case, index = moment.result, moment.case, moment.index
    x, low, high = crossing
    boxed: dict[str, Any] = {"ha": "center", "va": "bottom", "zorder": 7}
    boxed["bbox"] = {"facecolor": "white", "alpha": 0.88, "lw": 0, "boxstyle": "round,pad=0.15"}
    permeable = case.membrane.type != "none" and case.membrane.water_permeability > 0
    chosen, unit, factors = passing(result), *flux_unit(result)
    line, count = _lines(ax, size), len(chosen) + permeable
    if not count:
        return _held(ax, result, size)
    need = count * (1.9 * line + 0.07)
    high = max(high, min(low + need, vessels.TOP - 0.05)) if high > vessels.CHAMBER else high
    step = (high - low) / count
    thick = min(THICKEST, 0.75 * (step - 1.3 * line))
    places = [high - (i + 1) * step + 0.6 * thick + 0.005 for i in range(count)]
    if permeable:
        flux, words, y = stored(result, "water_flux_m_per_s"), "no water moves", places.pop(0)
        if readings.flux_text(result, index) != "0":
            share = min(abs(float(flux[index])) / (water or 1.0), 1.5) ** 0.5
            _across(ax, "water", x, y, float(flux[index]), share, thick, WATER_ARROW)
            words = f"water {formatting.quantity(abs(float(flux[index])), 'water flux')}"
        style = {"fontsize": size + 1, "weight": "bold", "color": WATER_ARROW}
        drawing.text(ax, "water flux", x, y + 0.6 * thick + 0.015, words, **style, **boxed)
    for name, y in zip(chosen, places, strict=False):
        flux = stored(result, "solute_flux_mol_per_m2_s", name)
        now, colour = float(flux[index]), moment.dyes[name].arrow if name in moment.dyes else dyes.NONE
        moves = abs(now) > NOTHING * readings.peak(flux)
        if moves:
            share = min(abs(now) * factors[name] / (solute or 1.0), 1.5) ** 0.5
            _across(ax, name, x, y, now, SOLUTE_ARROW * share, 0.9 * thick, colour)
        number = formatting.number(abs(now) * factors[name], digits=3) if moves else "0"
        words = f"{name} {number} {unit}"
        drawing.text(ax, f"{name} flux", x, y + 0.55 * thick + 0.01, words, fontsize=size, **boxed)
    _held(ax, result, size)


def _held(ax: Any, result: Any, size: float) -> None:
    """Text on the solutes that do not pass, or on a missing membrane."""
    moving = passing(result, len(result.solutes))
    held = [name for name in result.solutes if name not in moving]
    names = ", ".join(held) if len(held) < SHOWN else f"{', '.join(held[:2])} and {len(held) - 2} more"
    words = f"held back: {names}" if held else ""
    if len(moving) > SHOWN:
        words += f"{'; ' if words else ''}{len(moving) - SHOWN} more pass"
    if result.case.membrane.type == "none":
        words = "no membrane: both sides mix"
    y = HIGHEST - 1.4 * _lines(ax, size + 0.5)
    drawing.text(ax, "held", 0.0, y, words, ha="center", va="top", fontsize=size, color="0.3")


def _across(ax: Any, name: str, x: float, y: float, flux: float, size: float, thickest: float, colour: str) -> None:
    """Draw an arrow through the membrane at x in the direction of the flux, with length and thickness by `size`."""
    reach = max(LONGEST * size, 0.02) * (1 if flux > 0 else -1)
    look: dict[str, Any] = {"facecolor": colour, "edgecolor": "white", "lw": 0.8, "zorder": 6}
    head = min(0.16, 0.8 * abs(reach))
    width = max(thickest * size, 0.012)
    drawing.arrow(ax, f"{name} arrow", (x - reach, y), (x + reach, y), 0.55 * width, head=head, **look)


def passing(result: Any, count: int = SHOWN) -> list[str]:
    """The solutes that pass the membrane best in this run, in descending order of their transfers.

    The best are those whose largest flux is the largest share of their concentration: a velocity (m/s).
    """
    speed = {}
    for name in result.solutes:
        scale = largest(result, name)
        moved = readings.peak(stored(result, "amount_transferred_mol_per_m2", name))
        flux = readings.peak(stored(result, "solute_flux_mol_per_m2_s", name))
        length = max(vessels.volume_at_start(result.case, side) for side in readings.SIDES)
        if moved > 1e-9 * scale * length and flux > 0.0:
            speed[name] = flux / scale
    best = sorted(speed, key=lambda name: -speed[name])[:count]
    _, factors = flux_unit(result)
    carried = {
        name: readings.peak(stored(result, "amount_transferred_mol_per_m2", name)) * factors[name] for name in best
    }
    return sorted(best, key=lambda name: -carried[name])


def flux_unit(result: Any) -> tuple[str, dict[str, float]]:
    """One unit for the fluxes of all solutes of a run, and the number of it in one mol/m^2/s of each."""
    solutes, names = result.case.solutes, list(result.solutes)
    tops = [largest(result, name) for name in names]
    shown = [readings.concentration_unit(result.case, [name], top)[0] for name, top in zip(names, tops, strict=True)]
    if all(unit in ("g/L", "mg/L") for unit in shown):
        return "g/m²/h", {name: 3.6e6 * solutes[name].molar_mass for name in names}
    if set(shown) == {"1/mL"}:
        return "1/m²/h", {name: 3600.0 * constants.AVOGADRO for name in names}
    if result.case.phase == "gas":
        return "mol/m²/h", dict.fromkeys(names, 3600.0)
    return "mmol/m²/h", dict.fromkeys(names, 3.6e6)


# --- numbers ---


def _numbers(moment: vessels.Moment, side: str, wide: int) -> str:
    """Concentrations, in the mean (of a reservoir its own) and at the membrane, and pressures of a side."""
    case, result, index, lines = moment.case, moment.result, moment.index, []
    names = list(moment.dyes) if moment.case.phase != "gas" else list(case.solutes)[:SHOWN]
    names = [name for name in names if name in case.solutes] or list(case.solutes)[:1]
    for name in names:
        if result is None:
            lines.append(f"{name} {given_words(case, side, name)}")
            continue
        scale = largest(result, name)
        unit, factor = readings.concentration_unit(case, [name], scale)
        mean, wall = (
            formatting.number(
                float(values[index]) * factor[name],
                scale=scale * factor[name],
                digits=3,
            )
            for values in (
                readings.standing(result, "concentration_mol_per_m3", side, name),
                stored(result, f"wall_concentration_{side}_mol_per_m3", name),
            )
        )
        lines.append(f"{name} {mean} {unit}" + ("" if wall == mean else f" (at membrane {wall})"))
    if len(case.solutes) > len(names):
        lines.append(f"and {len(case.solutes) - len(names)} more")
    pressure = moment.pressure(side)
    if pressure is not None:
        lines.append(f"pressure {formatting.quantity(pressure, 'pressure')}")
    elif getattr(case, side).far_end.fixed_volume:
        lines.append("rigid wall: its pressure is computed")
    if result is not None and case.phase != "gas" and case.membrane.type != "none":
        osmotic = float(effective_osmotic_pressure(result, side)[index])
        negligible = formatting.ROUND_OFF * readings.largest_pressure(result)
        value = formatting.quantity(osmotic if abs(osmotic) > negligible else 0.0, "pressure")
        kind = "effective osmotic pressure" if leaks(result) else "osmotic pressure"
        lines.append(f"{kind} at the membrane {value.replace(' ', NO_BREAK)}")
    return "\n".join(textwrap.fill(line, wide).replace(NO_BREAK, " ") for line in lines)


def _gas_key(ax: Any, moment: vessels.Moment, size: float) -> None:
    """Draw the key of the dots: one gas for each colour."""
    names = list(moment.case.solutes)[:SHOWN]
    for place, name in enumerate(names):
        x = 0.6 * (place - 0.5 * (len(names) - 1))
        colour = moment.dyes[name].arrow if name in moment.dyes else dyes.NONE
        drawing.text(
            ax, f"gas key {name}", x, ax.get_ylim()[0] + 0.03, f"● {name}", ha="center", fontsize=size + 1, color=colour
        )


def leaks(result: Any) -> bool:
    """True if a solute is only partly rejected, so that its osmotic pressure is not fully effective."""
    numbers = result.case.membrane.solutes
    return any(name in numbers and numbers[name].reflection < 1.0 for name in result.solutes)


def given_words(case: Any, side: str, name: str) -> str:
    """The initial concentration of a case in words."""
    value = getattr(case, side).concentration[name]
    values = list(value.value) if hasattr(value, "value") else [value]
    unit, factor = readings.concentration_unit(case, [name], dyes.given(case, name))
    texts = [formatting.number(each * factor[name], digits=3) for each in (min(values), max(values))]
    return f"{texts[0] if texts[0] == texts[1] else ' to '.join(texts)} {unit}"


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


def effective_osmotic_pressure(result: Any, side: str) -> np.ndarray:
    """Osmotic pressure at the membrane that acts on the water, ``Σ σ_s π_s`` (Pa); π_s by the share of particles."""
    walls = stored(result, f"wall_concentration_{side}_mol_per_m3")
    particles = walls * [solute.dissociation for solute in result.case.solutes.values()]
    numbers = result.case.membrane.solutes
    held = particles @ [numbers[name].reflection if name in numbers else 1.0 for name in result.case.solutes]
    total = particles.sum(axis=1)
    share = np.divide(held, total, out=np.ones_like(total), where=total > 0)
    return np.asarray(share * stored(result, f"wall_osmotic_pressure_{side}_Pa"))
