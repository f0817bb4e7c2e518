"""Convert concentrations in any kind of unit to mol/m^3, with the data of the solutes where the unit needs them."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

from membrane_pde.input.checks import check_declared, density_problem
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import Compartment, Solute
from membrane_pde.input.values import Profile, Schedule, interpolate
from membrane_pde.input.wording import cut, key_text
from membrane_pde.physics.constants import AVOGADRO, GAS_CONSTANT


def apparent_volume(solute: Solute, temperature: float) -> tuple[float, float, float, float]:
    """The apparent volume as the four numbers that `physics.density` takes. Only without a `density_problem`."""
    from membrane_pde.physics import density

    assert solute.apparent_volume is not None
    scale = 1.0 if solute.apparent_volume.basis == "mole" else solute.molar_mass or 0.0
    return density.apparent_volume(solute.apparent_volume.coefficients, scale, temperature)


def known_volume(solute: Solute, temperature: float) -> tuple[float, float, float, float] | None:
    """The `apparent_volume` of a solute, or None if the case does not give it."""
    return None if density_problem("", solute) else apparent_volume(solute, temperature)


def initial_amounts(
    written: Mapping[str, Any], where: str, side: Compartment, data: Mapping[str, Any]
) -> dict[str, float | Profile]:
    """Initial concentrations, numbers or profiles, in mol/m^3."""
    if all(isinstance(written[s][1], str) for s in data["solutes"]):
        levels = {s: _part(written[s], f"{where}.{s}", s, side, data) for s in data["solutes"]}
        return {**_amounts(levels, where, data)}
    parts: dict[str, tuple[tuple[float, ...], list[tuple[float, str]]]] = {}
    for s in data["solutes"]:
        level = isinstance(written[s][1], str)
        distances, values = ((0.0,), [written[s]]) if level else written[s]
        parts[s] = distances, [_part(each, f"{where}.{s}", s, side, data) for each in values]
        if len({kind for _, kind in parts[s][1]}) > 1:
            raise CaseError(f"{where}.{s}: a profile is either per volume, per mass of water or per mass of solution")
    points = sorted(set().union(*(distances for distances, _ in parts.values())))
    at = {}
    for x in points:
        there = {
            s: (interpolate(x, distances, tuple(number for number, _ in values)), values[0][1])
            for s, (distances, values) in parts.items()
        }
        at[x] = _amounts(there, where, data)
    concentration: dict[str, float | Profile] = {}
    for s, (distances, _) in parts.items():
        if not isinstance(written[s][1], str):
            concentration[s] = Profile(distances, tuple(at[x][s] for x in distances))
        elif len({amounts[s] for amounts in at.values()}) == 1:
            concentration[s] = at[0.0][s]
        else:  # a fraction or molality beside the profile of another solute
            concentration[s] = Profile(tuple(points), tuple(at[x][s] for x in points))
    return concentration


def supplied_amounts(
    written: Mapping[str, Any], where: str, instead: str, side: Compartment, data: Mapping[str, Any]
) -> dict[str, float]:
    """Concentrations (mol/m^3) of a solution that flows in from outside; every declared solute must be given."""
    check_declared(written, data["solutes"], where)
    for solute in data["solutes"]:
        if solute not in written:
            raise CaseError(f"{where}.{solute} is missing: give every declared solute{instead}")
    parts = {s: _part(written[s], f"{where}.{s}", s, side, data) for s in data["solutes"]}
    return _amounts(parts, where, data)


def inlet_schedules(
    side: Compartment, inside: Mapping[str, float | Profile], name: str, data: Mapping[str, Any]
) -> dict[str, Schedule]:
    """Inlet concentrations of a channel: a schedule (mol/m^3) for each solute, by default its initial concentration.

    Fractions and molalities depend on all solutes, so that they are converted at every time of any schedule.
    """
    where = f"{name}.inlet"
    check_declared(side.inlet, data["solutes"], where)
    written: dict[str, Any] = dict(side.inlet)  # what `_read_inlet` made of it: times, values, shape
    times = sorted({0.0, *(time for at, _, _ in written.values() for time in at)})
    rows = []
    for time in times:
        parts: dict[str, tuple[float, str]] = {}
        for solute in data["solutes"]:
            if solute not in written:
                parts[solute] = typing.cast(float, inside[solute]), "amount"
                continue
            at, values, _ = written[solute]
            if len({kind for _, kind in values}) > 1:
                raise CaseError(f"{where}.{solute}: a schedule is either per volume, per mass of water or per mass")
            number = Schedule(at, tuple(each for each, _ in values), written[solute][2]).at(time)
            parts[solute] = _part((number, values[0][1]), f"{where}.{solute}", solute, side, data)
        rows.append(_amounts(parts, where, data))
    schedules = {}
    for solute in data["solutes"]:
        given = tuple(row[solute] for row in rows)
        one = solute not in written or all(each == given[0] for each in given)
        schedules[solute] = Schedule((0.0,), given[:1]) if one else Schedule(tuple(times), given, written[solute][2])
    return schedules


def _amounts(parts: Mapping[str, tuple[float, str]], where: str, data: Mapping[str, Any]) -> dict[str, float]:
    """Convert the results of `_part` for one solution to mol/m^3, and check that such a solution is possible."""
    amounts = _in_amounts(parts, where, data)
    if data["phase"] == "liquid":
        from membrane_pde.input import limits

        solutes: dict[str, Solute] = data["solutes"]
        volumes = {s: known_volume(solutes[s], data["temperature"]) for s in amounts}
        if found := limits.problem(amounts, solutes, volumes, data["temperature"]):
            raise CaseError(": ".join([f"{where}.{key_text(found[0])}" if found[0] else where, found[1]]))
    return amounts


def _in_amounts(parts: Mapping[str, tuple[float, str]], where: str, data: Mapping[str, Any]) -> dict[str, float]:
    needing = next((s for s, (number, kind) in parts.items() if kind != "amount" and number > 0), None)
    if needing is None:
        return {s: number for s, (number, _) in parts.items()}
    from membrane_pde.physics import density
    from membrane_pde.physics.temperature import water_density

    there = {s: part for s, part in parts.items() if part[0] > 0}
    solutes: dict[str, Solute] = {s: data["solutes"][s] for s in there}
    properties = data.get("properties")
    if properties is not None and properties.density.polynomial and len(data["solutes"]) == 1:
        ((s, (number, kind)),) = there.items()
        try:
            amount = density.of_polynomial(number, kind, properties.density.coefficients, solutes[s].molar_mass or 0.0)
        except ValueError as error:
            raise CaseError(f"{where}.{s}: {error}") from None
        return {s: amount}
    for s, solute in solutes.items():
        if problem := density_problem(key_text(s), solute):
            what = "per mass of water" if parts[needing][1] == "molality" else "a mass fraction"
            raise CaseError(
                f"{problem}: {where}.{needing} is {what}, which needs the solution's density; or give an amount or a "
                "mass per volume (mol/L, g/L)"
            )
    try:
        amounts = density.concentrations(
            list(there.values()),
            [apparent_volume(solute, data["temperature"]) for solute in solutes.values()],
            [solute.molar_mass or 0.0 for solute in solutes.values()],
            float(water_density(data["temperature"])),
        )
    except ValueError as error:
        raise CaseError(f"{where}: {error}") from None
    return dict.fromkeys(parts, 0.0) | dict(zip(there, amounts, strict=True))


def _part(
    written: tuple[float, str], path: str, name: str, side: Compartment, data: Mapping[str, Any]
) -> tuple[float, str]:
    """A concentration of any kind as "amount" (mol/m^3), or in a liquid also "molality" or "mass fraction"."""
    number, kind = written
    solute: Solute = data["solutes"][name]
    fractions = ("mole fraction", "volume fraction", "mass fraction", "fraction")
    if kind in ("mass", "mass fraction", "fraction") and data["phase"] == "liquid" and solute.molar_mass is None:
        what = "mass per volume" if kind == "mass" else "mass fraction"
        raise CaseError(
            f'{path}: a {what} needs solutes.{name}.molar_mass, for example "58.44 g/mol"; or give an amount per '
            "volume (mol/L)"
        )
    if kind == "amount":
        return number, "amount"
    if kind == "mass" and solute.molar_mass is not None:
        return number / solute.molar_mass, "amount"
    if kind == "count":
        return number / AVOGADRO, "amount"
    if data["phase"] == "gas":
        if kind in fractions and kind != "mass fraction":
            return number * side.pressure.values[0] / (GAS_CONSTANT * data["temperature"]), "amount"
        what = {"mass": "a mass per volume", "osmoles": "an osmolarity", "osmolality": "an osmolality"}.get(
            kind, f"a {kind}"
        )
        raise CaseError(f'{path}: this is {what}; in a gas give a mole fraction, for example "0.5 mol/mol" or "20 %"')
    if kind in ("osmoles", "osmolality"):
        return number / solute.dissociation, "amount" if kind == "osmoles" else "molality"
    if kind == "volume fraction":
        if number >= 1.0:
            raise CaseError(f"{path}: a volume fraction of 1 or more leaves no water")
        if solute.solid:
            raise CaseError(
                f"{path}: a volume fraction is for a liquid, and pure {cut(name)} is a solid; give an amount or a mass "
                "per volume (mol/L, g/L, % w/v) or a mass fraction (% w/w)"
            )
        if solute.density is not None and solute.molar_mass is not None:
            return number * solute.density / solute.molar_mass, "amount"
        missing = "density" if solute.density is None else "molar_mass"
        example = "0.789 g/mL" if missing == "density" else "58.44 g/mol"
        raise CaseError(
            f"{path}: a volume fraction needs solutes.{key_text(name)}.{missing}, of the pure substance, for example "
            f'"{example}"; or give an amount or a mass per volume (mol/L, g/L, % w/v)'
        )
    if kind == "mole fraction":
        raise CaseError(
            f"{path}: a mole fraction is for a gas; in a liquid give an amount or a mass per volume (mol/L, g/L), a "
            "molality (mol/kg) or a mass fraction (ppm, g/kg)"
        )
    return number, "molality" if kind == "molality" else "mass fraction"
