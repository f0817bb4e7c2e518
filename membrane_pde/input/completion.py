"""Fill in values that depend on other parts of a case: amounts, values at its temperature, membrane coefficients."""

from __future__ import annotations

import math
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from membrane_pde.input.checks import (
    check_along,
    check_boundary_keys,
    check_declared,
    check_gas_pressure,
    check_radius,
    check_reference,
)
from membrane_pde.input.concentrations import initial_amounts, inlet_schedules, supplied_amounts
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import WITHOUT_REFLECTION, Compartment, Membrane, MembraneSolute, Solute
from membrane_pde.input.values import SAME, Feed, alike

if TYPE_CHECKING:
    from membrane_pde.input.case import Case

_Part = TypeVar("_Part", bound=BaseModel)


def put(part: _Part, **values: Any) -> _Part:
    """Set values of a frozen part that nothing else refers to yet; this is faster than to copy it."""
    part.__dict__.update(values)
    part.model_fields_set.update(values)
    return part


def complete_side(side: Compartment, name: str, data: Mapping[str, Any]) -> Compartment:
    """Complete a compartment: its label, its drawing, and all concentrations in mol/m^3."""
    solutes: dict[str, Solute] = data["solutes"]
    if data["phase"] == "gas":
        check_gas_pressure(side, name)
    check_boundary_keys(side, name)
    check_along(side, name)
    check_radius(side, name, data["geometry"])
    if side.radius is not None:
        put(side, length=side.radius)
    if side.far_end.tank and side.stirred:  # the one cell is the bath
        put(side, length=side.volume)
    check_declared(side.concentration, solutes, f"{name}.concentration")
    check_declared(side.diffusivity, solutes, f"{name}.diffusivity")
    for solute in solutes:
        path = f"{name}.concentration.{solute}"
        if solute not in side.concentration:
            zero = "0 mol/mol" if data["phase"] == "gas" else "0 mol/L"
            raise CaseError(
                f'{path} is missing: every declared solute needs a concentration; give "{zero}" where it is absent'
            )
        written: Any = side.concentration[solute]  # what `_read_initial` made of it
        if not isinstance(written[1], str) and side.stirred:
            raise CaseError(f"{path}: a stirred side has one concentration, not a profile")
        if not isinstance(written[1], str) and written[0][-1] > side.length * (1 + SAME):
            raise CaseError(
                f"{path}: the profile's last distance, {written[0][-1]:.6g} m, is beyond "
                f"{name}.{'length' if side.radius is None else 'radius'}, {side.length:.6g} m"
            )
    update: dict[str, Any] = {"label": side.label or name, "drawing": _drawing(side, name, data["phase"])}
    update["concentration"] = initial_amounts(side.concentration, f"{name}.concentration", side, data)
    if isinstance(side.backflow, dict):
        update["backflow"] = supplied_amounts(side.backflow, f"{name}.backflow", ', or backflow = "last"', side, data)
    if side.channel is not None:
        update["inlet"] = inlet_schedules(side, update["concentration"], name, data)
    if side.feed is not None:
        fed, flow = typing.cast(Any, side.feed)  # what `_read_feed` made of it
        update["feed"] = Feed(
            supplied_amounts(fed, f"{name}.feed", ', "0 mol/L" where there is none', side, data), flow
        )
    return put(side, **update)


def _drawing(side: Compartment, name: str, phase: str) -> str:
    """Style in which pictures draw a side."""
    if side.drawing == "tube" and side.far_end.drawing != "tube":
        raise CaseError(f'{name}.drawing = "tube": only a "standpipe" has a tube; {name}.boundary is "{side.boundary}"')
    if phase == "gas" and side.drawing not in (None, "tank"):
        raise CaseError(f'{name}.drawing = "{side.drawing}": it has no effect on a gas; leave the key out')
    return side.drawing or side.far_end.drawing


def solute_at_temperature(name: str, solute: Solute, temperature: float, phase: str) -> Solute:
    """The solute with its diffusivity at the case's temperature."""
    from membrane_pde.physics.temperature import diffusivity_scaling

    reference = solute.reference_temperature
    if reference is None:
        return solute
    if phase == "gas":
        from membrane_pde.physics import gas

        factor = gas.diffusivity_scaling(temperature, reference)
    else:
        check_reference(f"solutes.{name}", reference)
        factor = float(diffusivity_scaling(temperature, reference))
    return put(solute, diffusivity=solute.diffusivity * factor)


def gas_diffusivities(case: Case) -> dict[str, Solute]:
    """Two gases with their common diffusivity: the given one, or the one of Fuller's method."""
    from membrane_pde.physics.gas import fuller_diffusivity

    known = [each.diffusivity for each in case.solutes.values() if each.diffusivity is not None]
    missing = [name for name, each in case.solutes.items() if each.diffusivity is None]
    if not missing:
        return case.solutes
    path = f"solutes.{missing[0]}"
    if len(case.solutes) != 2:
        raise CaseError(
            f"{path}.diffusivity is missing: it can be computed for two gases only, not for "
            f'{len(case.solutes)}; give it, for example "2e-5 m^2/s"'
        )
    if known:
        common = known[0]
    else:
        for key, example in (("molar_mass", "28.014 g/mol"), ("diffusion_volume", "18.5 cm^3/mol")):
            without = next((name for name, each in case.solutes.items() if getattr(each, key) is None), None)
            if without is not None:
                raise CaseError(
                    f"solutes.{without}.{key} is missing: the diffusivity of two gases follows from their molar masses "
                    f'and diffusion volumes; give it, for example "{example}", or give the diffusivity'
                )
        first, second = case.solutes.values()
        common = fuller_diffusivity(
            case.temperature,
            case.left.pressure.values[0],
            (typing.cast(float, first.molar_mass), typing.cast(float, second.molar_mass)),
            (typing.cast(float, first.diffusion_volume), typing.cast(float, second.diffusion_volume)),
        )
    return {name: put(each, diffusivity=common) for name, each in case.solutes.items()}


def complete_membrane(membrane: Membrane, data: Mapping[str, Any]) -> Membrane:
    """Complete a membrane: an entry for each declared solute, in their order, with values at the case's temperature."""
    solutes: dict[str, Solute] = data["solutes"]
    if membrane.type == "none":
        return put(membrane, solutes={}, water_permeability=0.0)
    if data["phase"] == "liquid":
        membrane = _porous(membrane, solutes, data["temperature"])
    without_water, all_reflected = membrane.water_permeability == 0, membrane.flux_law in WITHOUT_REFLECTION
    for solute in solutes:
        path = f"membrane.solutes.{solute}"
        if solute not in membrane.solutes:
            kind = membrane.element or membrane.type
            source = f'the library\'s "{kind}" has no numbers for it; ' if kind else ""
            instead = "" if membrane.element else ', or the membrane type = "ideal"'
            raise CaseError(f"{path} is missing: {source}give its permeability and reflection{instead}")
        if without_water:
            continue
        numbers = membrane.solutes[solute]
        if all_reflected and not alike(numbers.reflection, 1.0):
            raise CaseError(
                f"{path}.reflection = {numbers.reflection:g}: {membrane.flux_law} means a reflection of 1; leave it "
                f'out, or take flux_law = "spiegler-kedem"'
            )
        if not all_reflected and "reflection" not in numbers.model_fields_set:
            raise CaseError(f"{path}.reflection is missing: {membrane.flux_law} needs it, from 0 to 1")
        if not alike(numbers.partition, 1.0):
            raise CaseError(
                f"{path}.partition = {numbers.partition:g}: other than 1 only with water_permeability = "
                f'"0 L/m^2/hour/bar"'
            )
        put(numbers, partition=1.0)
        if all_reflected:
            put(numbers, reflection=1.0)
    for name in solutes:
        numbers = membrane.solutes[name]
        put(numbers, permeability=_at_temperature(numbers, "permeability", name, data))
        put(numbers, permeability=numbers.permeability * membrane.salt_passage_factor)
    return put(
        membrane,
        solutes={name: membrane.solutes[name] for name in solutes},
        water_permeability=_at_temperature(membrane, "water_permeability", None, data) * membrane.flow_factor,
    )


def _porous(membrane: Membrane, solutes: Mapping[str, Solute], temperature: float) -> Membrane:
    """Compute the coefficients of a membrane that are not given from its pores."""
    radius, porosity = membrane.pore_radius, membrane.porosity_over_thickness
    if radius is None and porosity is None:
        return membrane
    from membrane_pde.physics import hindered
    from membrane_pde.physics.temperature import water_viscosity

    if radius is None:
        raise CaseError('membrane.pore_radius is missing: porosity_over_thickness needs it, for example "0.5 nm"')
    if porosity is None:
        raise CaseError('membrane.porosity_over_thickness is missing: pore_radius needs it, for example "2e5 1/m"')
    if membrane.flux_law in WITHOUT_REFLECTION:
        raise CaseError(
            f'membrane.flux_law = "{membrane.flux_law}": it means a reflection of 1, and pores have less; leave it '
            'out, or take flux_law = "spiegler-kedem"'
        )
    if membrane.water_permeability is None:
        viscosity = float(water_viscosity(temperature))
        put(membrane, water_permeability=hindered.water_permeability(radius, porosity, viscosity))
    for name, numbers in membrane.solutes.items():
        given = {"reflection": numbers.reflection} if "reflection" in numbers.model_fields_set else {}
        if numbers.permeability is not None:
            given["permeability"] = numbers.permeability
        if len(given) == 2:
            continue
        size = solutes[name].radius
        if size is None:
            raise CaseError(
                f"solutes.{name}.radius is missing: it decides whether {name} fits through the pores, for example "
                f'"0.3 nm"; or give membrane.solutes.{name}.permeability and reflection'
            )
        permeability, reflection = hindered.pore_transport(size, radius, porosity, solutes[name].diffusivity)
        put(numbers, **{"permeability": permeability, "reflection": reflection} | given)
    return membrane


def _at_temperature(numbers: Membrane | MembraneSolute, key: str, solute: str | None, data: Mapping[str, Any]) -> float:
    """A permeability at the case's temperature."""
    value: float = getattr(numbers, key)
    reference, energy = numbers.reference_temperature, numbers.activation_energy
    if reference is None:
        return value
    path = "membrane" if solute is None else f"membrane.solutes.{solute}"
    check_reference(path, reference)
    if energy is None:
        return value
    from membrane_pde.physics.temperature import arrhenius_scaling

    try:
        scaled = value * arrhenius_scaling(data["temperature"], reference, energy)
    except OverflowError:
        scaled = math.inf
    if not math.isfinite(scaled) or (scaled == 0) != (value == 0):
        raise CaseError(
            f"{path}.activation_energy = {energy:.6g} J/mol: no {key} can follow that from {reference:.6g} K to "
            f"{data['temperature']:.6g} K; is the unit right?"
        )
    return scaled


def at_reference(case: Case, solute: str | None = None) -> float:
    """A permeability of the membrane as it would be written: at its `reference_temperature`, if it has one.

    Parameters
    ----------
    case : Case
    solute : str, optional
        Whose permeability; without it that of water.

    Returns
    -------
    float
        m/s/Pa, or of a solute m/s.
    """
    numbers = case.membrane if solute is None else case.membrane.solutes[solute]
    whole = case.membrane
    value = (
        whole.water_permeability / whole.flow_factor
        if isinstance(numbers, Membrane)
        else numbers.permeability / whole.salt_passage_factor
    )
    reference, energy = numbers.reference_temperature, numbers.activation_energy
    if reference is None or energy is None:
        return value
    from membrane_pde.physics.temperature import arrhenius_scaling

    return value / arrhenius_scaling(case.temperature, reference, energy)
