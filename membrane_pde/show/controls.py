"""The sliders of a case: one for each of its numbers, and a text on the values without a slider."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from membrane_pde.input.case import Case
from membrane_pde.input.completion import at_reference
from membrane_pde.input.parts import SIDES, WITHOUT_REFLECTION, Membrane, MembraneSolute
from membrane_pde.input.values import Pressure, Profile
from membrane_pde.physics.constants import ZERO_CELSIUS
from membrane_pde.show import formatting, presets, readings

if TYPE_CHECKING:
    from membrane_pde.results.result import Result

ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
DECADE = 10.0  # range of a logarithmic slider: value ÷ this to value × this


@dataclass(frozen=True)
class Control:
    """A slider: one number of a case.

    Attributes
    ----------
    path : str
        Of the key.
    label : str
        What it is, with its unit.
    unit : str
        As it is written in a case file.
    read : callable
        The number that a case has, in this unit.
    low, high : float
        What the slider reaches, in this unit.
    logarithmic : bool
    write : callable, optional
        What stands in a case file for a number; by default the number and the unit.
    group : str
        Of the sliders that it stands with.
    """

    path: str
    label: str
    unit: str
    read: Callable[[Case], float]
    low: float
    high: float
    logarithmic: bool
    write: Callable[[float], Any] | None = None
    group: str = ""

    @property
    def step(self) -> float:
        """Step of the value, or of its decimal logarithm."""
        return 0.01 if self.logarithmic else 10.0 ** math.floor(math.log10((self.high - self.low) / 100.0) + 1e-9)

    def of(self, case: Case) -> float:
        """Position of the slider for a case."""
        return float(f"{min(max(self.read(case), self.low), self.high):.12g}")  # 60 bar in Pa and back is a bit more

    def at(self, value: float, case: Case) -> bool:
        """True if a value is that of the case, to the nearest step, on which the browser places the slider."""
        own = self.of(case)
        if self.logarithmic:
            value, own = math.log10(value), math.log10(own)
        return abs(value - own) <= 0.501 * self.step

    def written(self, value: float) -> Any:
        """The value as a case file writes it."""
        return self.write(value) if self.write else f"{value:.6g} {self.unit}".strip()


def controls(case: Case, start: Result) -> list[Control]:
    """The sliders of a case for all its numbers, the most frequently used ones first.

    Parameters
    ----------
    case : Case
    start : Result
        Of the case, whose osmotic pressures at the start say how far a pressure should reach.

    Returns
    -------
    list of Control
        Pressures (or water fluxes that are held; a schedule is scaled as a whole), concentrations, permeabilities,
        reflection coefficients or the pore radius, sizes of the sides, temperature, duration and diffusivities.
    """
    groups = (
        ("pressures", _pressures(case, start)),
        ("concentrations", _concentrations(case)),
        ("liquids fed and drawn off", _supplies(case, start)),
        ("membrane", _permeabilities(case)),
        ("sizes", _sizes(case)),
        ("temperature and time", iter((_temperature(case), _duration(case)))),
        ("diffusion", _diffusivities(case)),
    )
    return [replace(control, group=group) for group, found in groups for control in found]


def without_slider(case: Case, found: list[Control]) -> list[str]:
    """Explain which values of a case have no slider, and why.

    Parameters
    ----------
    case : Case
    found : list of Control
        From `controls`.
    """
    words, labels, paths = [], readings.labels_of(case), {control.path for control in found}
    if case.phase == "gas":
        words.append("mole fractions (they must add up), pressure and diffusivity (one for all)")
    for side in SIDES:
        compartment = getattr(case, side)
        if compartment.far_end.fixed_volume and case.membrane.type != "none":
            words.append(f"pressure, {labels[side]} (rigid: it is computed)")
        if compartment.far_end.drains and case.phase != "gas":
            words.append(f"concentrations, {labels[side]} (outflow: they are computed)")
    membrane = case.membrane
    held = [name for name in case.solutes if name in membrane.solutes and membrane.solutes[name].permeability == 0.0]
    if held and membrane.type != "none" and membrane.pore_radius is None:
        words.append(f"permeability of {', '.join(held)} (0: held back)")
    absent = [
        name
        for name in case.solutes
        if case.phase != "gas" and not any(path.endswith(f"concentration.{name}") for path in paths)
    ]
    if absent:
        words.append(f"concentration of {', '.join(absent)} (0 everywhere at the start)")
    if membrane.type != "none" and case.phase != "gas" and membrane.water_permeability == 0.0:
        words.append("water permeability and reflection coefficients (0: no water passes)")
    words.append("the solutes themselves (dissociation, molar mass, sizes)")
    words.append("settings of the model and of the solver: boundaries, laws, mesh, tolerances")
    return words


def _round_up(value: float) -> float:
    """The next round number."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(each for each in ROUND if each >= value / power * (1.0 - 1e-12)) * power


def _around(path: str, label: str, unit: str, factor: float, read: Callable[[Case], float], case: Case) -> Control:
    """A logarithmic slider around the number of the case."""
    value = read(case) * factor
    return Control(path, label, unit, lambda other: read(other) * factor, value / DECADE, value * DECADE, True)


def _pressures(case: Case, start: Result) -> Iterator[Control]:
    if case.phase == "gas" or case.membrane.type == "none" or case.membrane.water_permeability == 0.0:
        return
    labels = readings.labels_of(case)
    turned = [side for side in SIDES if not getattr(case, side).far_end.fixed_volume]
    (pressure_text, per_pascal), (flux_text, per_si) = presets.unit("pressure"), presets.unit("water flux")
    units = presets.PRESETS[presets.in_use()]
    osmotic = [float(start.arrays[f"wall_osmotic_pressure_{side}_Pa"][0]) for side in SIDES]
    given = [getattr(case, side).pressure.largest for side in turned if not getattr(case, side).pressure.flux]
    highest = max([abs(osmotic[0] - osmotic[1]), *given]) or max(osmotic)
    for side in turned:
        pressure: Pressure = getattr(case, side).pressure
        value = pressure.values[0]
        if len(pressure.times) > 1:
            what = "prescribed water flux" if pressure.flux else "pressure"
            yield _programme(side, f"{what}, {labels[side]}: factor of the whole schedule", pressure)
        elif pressure.flux and value > 0.0:
            label = f"prescribed water flux out of {labels[side]} ({flux_text})"
            yield _around(f"{side}.pressure.flux", label, units["water flux"], per_si, _applied(side), case)
        elif not pressure.flux and highest > 0.0:
            top = _round_up(2.0 * highest * per_pascal)
            mean = ".mean" if pressure.oscillates else ""
            label = f"{'mean ' if mean else ''}pressure, {labels[side]} ({pressure_text})"
            low = -top if value < 0.0 else 0.0
            read = _applied(side, per_pascal)
            yield Control(f"{side}.pressure{mean}", label, units["pressure"], read, low, top, False)
            if pressure.oscillates:
                label = f"amplitude of the pressure, {labels[side]} ({pressure_text})"
                path = f"{side}.pressure.amplitude"
                yield Control(path, label, units["pressure"], _amplitude(side, per_pascal), 0.0, top, False)
                unit, factor = formatting.time_unit(pressure.period)
                label = f"period of the pressure, {labels[side]} ({unit})"
                if _writes(case, f"{side}.pressure.period"):
                    yield _around(f"{side}.pressure.period", label, unit, factor, _period(side), case)


def _programme(side: str, label: str, start: Pressure) -> Control:
    """One slider for a schedule, which multiplies all of its values by a factor."""

    def read(case: Case) -> float:
        return getattr(case, side).pressure.largest / start.largest if start.largest else 1.0

    def write(times: float) -> Any:
        unit = "m/s" if start.flux else "Pa"
        pairs = zip(start.times, start.values, strict=True)
        schedule = {"schedule": [[f"{time:.9g} s", f"{times * value:.9g} {unit}"] for time, value in pairs]}
        programme = schedule | {"shape": start.shape}
        return {"flux": programme} if start.flux else programme

    return Control(f"{side}.pressure", label, "", read, 0.0, 2.0, False, write)


def _amplitude(side: str, factor: float) -> Callable[[Case], float]:
    return lambda case: float(getattr(case, side).pressure.amplitude) * factor


def _period(side: str) -> Callable[[Case], float]:
    return lambda case: float(getattr(case, side).pressure.period)


def _writes(case: Case, path: str) -> bool:
    """True if a key is given in the case file, where one of several equivalent keys may be given."""
    here: Any = case._origin.written
    for part in path.split("."):
        if not isinstance(here, dict) or part not in here:
            return False
        here = here[part]
    return True


def _applied(side: str, factor: float = 1.0) -> Callable[[Case], float]:
    return lambda case: float(getattr(case, side).pressure.values[0]) * factor


def _concentrations(case: Case) -> Iterator[Control]:
    if case.phase == "gas":  # mole fractions that must add up
        return
    labels = readings.labels_of(case)
    for name in case.solutes:
        values = {side: getattr(case, side).concentration[name] for side in SIDES}
        level = {
            side: float(value)
            for side, value in values.items()
            if not isinstance(value, Profile) and not getattr(case, side).far_end.drains  # it takes what comes
        }
        highest = max(level.values(), default=0.0)
        if highest == 0.0:
            continue
        unit, factors = readings.concentration_unit(case, [name], highest)
        factor, lowest = factors[name], min(level.values())
        logarithmic = 0.0 < lowest < highest / DECADE
        low = lowest / DECADE * factor if logarithmic else 0.0
        high = _round_up(2.0 * highest * factor)
        for side in level:
            read = _level(side, name, factor)
            label = f"{name}, {labels[side]} ({unit})"
            yield Control(f"{side}.concentration.{name}", label, unit, read, low, high, logarithmic)


def _level(side: str, name: str, factor: float) -> Callable[[Case], float]:
    return lambda case: float(getattr(case, side).concentration[name]) * factor


def _supplies(case: Case, start: Result) -> Iterator[Control]:
    """Sliders for feeds and bleeds of baths, and for the backflow of an outflow."""
    labels = readings.labels_of(case)
    flux_text, per_si = presets.unit("water flux")
    flux_unit = presets.PRESETS[presets.in_use()]["water flux"]
    for side in SIDES:
        compartment = getattr(case, side)
        if compartment.feed is not None:
            flowing = compartment.feed.flow is not None
            table = f"{side}.feed.concentration" if flowing else f"{side}.feed"
            for name, value in compartment.feed.concentration.items():
                if value > 0.0:
                    unit, factors = readings.concentration_unit(case, [name], value)
                    read = _fed(side, name)
                    yield _around(
                        f"{table}.{name}",
                        f"{name} in the feed, {labels[side]} ({unit})",
                        unit,
                        factors[name],
                        read,
                        case,
                    )
            if flowing and compartment.feed.flow > 0.0:
                label = f"feed flow, {labels[side]} ({flux_text})"
                yield _around(f"{side}.feed.flow", label, flux_unit, per_si, _feed_flow(side), case)
        if compartment.far_end.tank:
            flow = compartment.feed.flow if compartment.feed else 0.0
            water = readings.peak(start.arrays["water_flux_m_per_s"]) if compartment.feed else 0.0
            if (scale := compartment.bleed or flow or water) > 0.0:
                top = _round_up(2.0 * scale * per_si)
                label = f"bleed, {labels[side]} ({flux_text})"
                yield Control(f"{side}.bleed", label, flux_unit, _bleed(side, per_si), 0.0, top, False)
        if isinstance(compartment.backflow, dict):
            for name, value in compartment.backflow.items():
                if value > 0.0:
                    unit, factors = readings.concentration_unit(case, [name], value)
                    label = f"{name} that flows back, {labels[side]} ({unit})"
                    yield _around(f"{side}.backflow.{name}", label, unit, factors[name], _back(side, name), case)


def _fed(side: str, name: str) -> Callable[[Case], float]:
    return lambda case: float(getattr(case, side).feed.concentration[name])


def _feed_flow(side: str) -> Callable[[Case], float]:
    return lambda case: float(getattr(case, side).feed.flow)


def _bleed(side: str, factor: float) -> Callable[[Case], float]:
    return lambda case: float(getattr(case, side).bleed) * factor


def _back(side: str, name: str) -> Callable[[Case], float]:
    return lambda case: float(getattr(case, side).backflow[name])


def _permeabilities(case: Case) -> Iterator[Control]:
    membrane = case.membrane
    if membrane.type == "none":
        return
    if membrane.pore_radius is not None:  # all else follows from it
        label, nm = "pore radius (nm)", formatting.factor("nm")
        yield _around("membrane.pore_radius", label, "nm", nm, lambda c: float(c.membrane.pore_radius or 0.0), case)
        label, per_metre = "porosity ÷ thickness of the membrane (1/µm)", formatting.factor("1/um")
        path = "membrane.porosity_over_thickness"
        yield _around(path, label, "1/um", per_metre, lambda c: float(c.membrane.porosity_over_thickness or 0.0), case)
        return
    if membrane.water_permeability > 0.0:
        label, unit = f"{_at(membrane) or 'water permeability'} (L/m²/h/bar)", "L/m^2/hour/bar"
        yield _around("membrane.water_permeability", label, unit, formatting.factor(unit), at_reference, case)
    for name in case.solutes:
        numbers, path = membrane.solutes[name], f"membrane.solutes.{name}"
        if numbers.permeability > 0.0:
            label = f"{_at(numbers) or 'permeability'}, {name} (µm/s)"
            yield _around(f"{path}.permeability", label, "um/s", formatting.factor("um/s"), _permeability(name), case)
        carried = membrane.flux_law not in WITHOUT_REFLECTION and membrane.water_permeability > 0.0
        if carried and membrane.type != "ideal":
            label = f"reflection coefficient, {name}"
            yield Control(f"{path}.reflection", label, "", _reflection(name), 0.0, 1.0, False, _plain)


def _reflection(name: str) -> Callable[[Case], float]:
    return lambda case: float(case.membrane.solutes[name].reflection)


def _plain(value: float) -> float:
    """A number without a unit, as a case file has it."""
    return float(f"{value:.6g}")


def _at(numbers: Membrane | MembraneSolute) -> str:
    """Text on the reference temperature of a permeability, or ""."""
    reference = numbers.reference_temperature
    return "" if reference is None else f"permeability at {reference - ZERO_CELSIUS:.4g} °C"


def _permeability(name: str) -> Callable[[Case], float]:
    return lambda case: at_reference(case, name)


def _sizes(case: Case) -> Iterator[Control]:
    """Lengths, volumes of baths, areas of tubes, moduli of elastic walls."""
    labels = readings.labels_of(case)
    for side in SIDES:
        compartment = getattr(case, side)
        if compartment.has_length:
            unit = formatting.length_unit(compartment.length)
            layer = compartment.far_end.layer
            key, what = "length", "layer at" if layer else "depth of liquid,"
            if case.left.radius is not None and not layer:
                key, what = ("radius", "radius of the membrane,") if side == "left" else ("length", "shell of liquid,")
            label = f"{what} {labels[side]} ({unit.replace('u', 'µ')})"
            yield _around(f"{side}.{key}", label, unit, formatting.factor(unit), _number(side, key), case)
        if compartment.support is not None:
            key = (
                "structural_parameter"
                if "structural_parameter" in compartment.support.model_fields_set
                else "thickness"
            )
            unit = formatting.length_unit(getattr(compartment.support, key))
            label = f"{key.replace('_', ' ')} of the support, {labels[side]} ({unit.replace('u', 'µ')})"
            read = _of_support(side, key)
            yield _around(f"{side}.support.{key}", label, unit, formatting.factor(unit), read, case)
        own = {key.name for key in compartment.far_end.keys}
        if "volume" in own:
            unit = formatting.length_unit(compartment.volume)
            label = f"volume ÷ membrane area, {labels[side]} ({unit.replace('u', 'µ')})"
            yield _around(f"{side}.volume", label, unit, formatting.factor(unit), _number(side, "volume"), case)
        if "tube_area" in own:
            label = f"tube area ÷ membrane area, {labels[side]}"
            yield _around(f"{side}.tube_area", label, "m^2/m^2", 1.0, _number(side, "tube_area"), case)
        if "modulus" in own:
            text, per_pascal = presets.unit("pressure")
            unit = presets.PRESETS[presets.in_use()]["pressure"]
            label = f"modulus of the wall, {labels[side]} ({text})"
            yield _around(f"{side}.modulus", label, unit, per_pascal, _number(side, "modulus"), case)


def _number(side: str, key: str) -> Callable[[Case], float]:
    return lambda case: float(getattr(getattr(case, side), key))


def _of_support(side: str, key: str) -> Callable[[Case], float]:
    return lambda case: float(getattr(getattr(case, side).support, key))


def _diffusivities(case: Case) -> Iterator[Control]:
    """A slider for each solute; none in a gas, where one value holds for all."""
    if case.phase == "gas":
        return
    for name in case.solutes:
        path, label, read = f"solutes.{name}.diffusivity", f"diffusivity, {name} (µm²/s)", _diffusivity(name)
        yield _around(path, label, "um^2/s", formatting.factor("um^2/s"), read, case)


def _diffusivity(name: str) -> Callable[[Case], float]:
    return lambda case: float(case.solutes[name].diffusivity)


def _temperature(case: Case) -> Control:
    def read(other: Case) -> float:
        return other.temperature - ZERO_CELSIUS

    celsius = read(case)
    low, high = (celsius - 100.0, celsius + 100.0) if case.phase == "gas" else (0.0, 60.0 if celsius <= 50.0 else 100.0)
    return Control("temperature", "temperature (°C)", "degC", read, max(low, -250.0), high, False)


def _duration(case: Case) -> Control:
    unit, factor = formatting.time_unit(case.run.duration)
    return _around("run.duration", f"duration ({unit})", unit, factor, lambda c: float(c.run.duration), case)
