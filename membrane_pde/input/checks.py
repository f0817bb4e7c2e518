"""Checks of combinations: of several keys of one part of a case, and of several parts. An error is a `CaseError`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

from membrane_pde.input.boundaries import BOUNDARIES, CURVED_BOUNDARIES, OWN_KEYS, Kind, listed
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import SIDES, Compartment, General, Solute
from membrane_pde.input.values import SAME, Pressure, Profile, Total, alike
from membrane_pde.input.wording import cut, key_text, nearest
from membrane_pde.physics.constants import GAS_CONSTANT
from membrane_pde.physics.curvature import CURVED, DIMENSION, Geometry

if TYPE_CHECKING:
    from membrane_pde.input.case import Case

MAX_UNKNOWNS = 1_000_000
MAX_PERIODS = 100_000  # largest number of periods of an oscillating pressure in a run


def misplaced(loc: list[str]) -> str | None:
    """The message for a key in the wrong table, a common mistake as a TOML table ends only where the next begins.

    Parameters
    ----------
    loc : list of str
        The key's path.

    Returns
    -------
    str or None
        None if the key is neither one of the whole case nor one of the side around its table.
    """
    if len(loc) < 2:
        return None
    *tables, key = loc
    path = cut(".".join(loc), 120)
    if key in General.model_fields:
        return f"{path}: {key} belongs to the whole case; move it above the first [table]"
    if len(tables) > 1 and tables[0] in SIDES and key in Compartment.model_fields:
        return f"{path}: {key} belongs to [{tables[0]}]; move it above [{'.'.join(tables)}]"
    return None


def check_declared(names: Iterable[str], solutes: Iterable[str], where: str) -> None:
    """Raise a CaseError if a table has a value for a solute that is not declared.

    Parameters
    ----------
    names : iterable of str
        The keys of a table by solute.
    solutes : iterable of str
        The declared solutes.
    where : str
        The table's path, "left.concentration".

    Raises
    ------
    CaseError
        For the first name that is not declared.
    """
    for name in names:
        if name in solutes:
            continue
        if message := misplaced([*where.split("."), name]):
            raise CaseError(message)
        hint = nearest(name, solutes, substance=True) or f"; declare it with [solutes.{key_text(cut(name))}]"
        raise CaseError(f'{where}.{cut(name)}: "{cut(name)}" is not a declared solute{hint}')


def density_problem(path: str, solute: Solute) -> str:
    """The message for a value of a solute that is missing to compute the density of its solution; "" if none is."""
    if solute.apparent_volume is None:
        return f'solutes.{path}.apparent_volume is missing (for example "20 cm^3/mol" or "0.7 mL/g")'
    if solute.apparent_volume.basis == "mass" and solute.molar_mass is None:
        return f'solutes.{path}.molar_mass is missing (for example "58.44 g/mol")'
    return ""


def check_temperature(temperature: float, phase: str) -> None:
    """Raise a CaseError unless a liquid's temperature is between freezing and boiling of water."""
    from membrane_pde.physics.temperature import BOILING, FREEZING

    if phase == "liquid" and not FREEZING <= temperature <= BOILING:
        what = "water is frozen below 0 degC" if temperature < FREEZING else "water boils above 100 degC"
        raise CaseError(
            f"temperature = {temperature - FREEZING:.6g} degC: {what}; expected a temperature from 0 to 100 degC"
        )


def check_reference(path: str, reference: float) -> None:
    """Raise a CaseError unless a reference temperature is between freezing and boiling of water."""
    from membrane_pde.physics.temperature import BOILING, FREEZING

    if not FREEZING <= reference <= BOILING:
        raise CaseError(
            f"{path}.reference_temperature: expected a temperature from 0 to 100 degC, where water is liquid"
        )


def check_boundary_keys(side: Compartment, name: str) -> None:
    """Raise a CaseError if a key belongs to another kind of boundary, or one that this kind needs is missing."""
    given = side.model_fields_set
    for kind, key in OWN_KEYS:
        if side.boundary != kind:
            if key.name in given:
                article = "an" if kind[0] in "aeiou" else "a"
                raise CaseError(
                    f'{name}.{key.name}: only {article} "{kind}" takes it; {name}.boundary is "{side.boundary}"'
                )
        elif key.meaning and getattr(side, key.name) is None:
            raise CaseError(f'{name}.{key.name} is missing: {key.meaning}, for example {key.name} = "{key.example}"')


def check_radius(side: Compartment, name: str, geometry: Geometry) -> None:
    """Raise a CaseError unless the left side of a curved membrane, and no other, has a radius in place of a length."""
    given, inside = side.radius is not None, name == "left" and geometry in CURVED
    length: float | None = side.length
    if given and not inside:
        where = "only the left side, which lies inside the membrane, has one"
        if name == "left":
            where = f'only the inside of a cylindrical or spherical membrane has one, and geometry is "{geometry}"'
        raise CaseError(f"{name}.radius: {where}; give {name}.length in its place")
    if inside and not given:
        raise CaseError(
            f'{name}.length: with geometry = "{geometry}" the left side lies inside the membrane; give {name}.radius, '
            "the radius of the membrane, in its place"
        )
    if inside and length is not None:
        raise CaseError(
            f"{name}.length: {name}.radius stands in its place inside a {geometry} membrane; remove the length"
        )


def check_along(side: Compartment, name: str) -> None:
    """Raise a CaseError for a key that only a side with a channel takes, or a total where there is no total area."""
    if side.channel is None:
        if side.inlet:
            raise CaseError(
                f"{name}.inlet: this is what enters a channel, and there is no table [{name}.channel]; remove the key"
            )
        flow = side.feed[1] if isinstance(side.feed, tuple) else None  # what `_read_feed` made of it
        for key, value in (("volume", side.volume), ("feed.flow", flow), ("bleed", side.bleed)):
            if isinstance(value, Total):
                raise CaseError(
                    f"{name}.{key}: this is a total; without a [module] everything is per membrane area, for example "
                    f'"{"10 mm" if key == "volume" else "20 L/m^2/hour"}"'
                )


def check_gas_pressure(side: Compartment, name: str) -> None:
    """Raise a CaseError unless the pressure of a gas is constant, absolute and above zero."""
    if side.pressure.flux:
        raise CaseError(f"{name}.pressure: a gas has no water flux; give its pressure")
    if len(side.pressure.times) > 1 or side.pressure.oscillates:
        what = "oscillation" if side.pressure.oscillates else "schedule"
        raise CaseError(f"{name}.pressure: a gas has one constant pressure, not a{'n' * (what[0] == 'o')} {what}")
    if side.pressure.values[0] <= 0:
        what = f"= {side.pressure.values[0]:.6g} Pa" if "pressure" in side.model_fields_set else "is missing"
        raise CaseError(f'{name}.pressure {what}: a gas needs its absolute pressure, above zero, for example "1 atm"')


def check_together(case: Case) -> None:
    """Check combinations of several parts of a case."""
    _check_properties(case)
    if case.module is not None:
        _check_osmotic_model(case)
        _check_oscillation(case)
        return
    _check_planar(case)
    _check_boundaries(case)
    _check_curved_support(case)
    _check_osmotic_model(case)
    _check_oscillation(case)
    _check_size(case)


def _check_properties(case: Case) -> None:
    """Check that polynomials in a mass fraction have one solute, whose molar mass is known."""
    if not case.properties.given:
        return
    key = case.properties.given[0]
    if len(case.solutes) > 1:
        raise CaseError(
            f"properties.{key}: a polynomial in the mass fraction needs exactly one solute; there are "
            f"{len(case.solutes)}: {cut(', '.join(case.solutes))}"
        )
    ((name, solute),) = case.solutes.items()
    if solute.molar_mass is None:
        raise CaseError(f'solutes.{key_text(name)}.molar_mass is missing: properties.{key} needs it, "58.44 g/mol"')
    problem = density_problem(key_text(name), solute)
    if problem and not case.properties.density.polynomial:
        raise CaseError(f"{problem}: properties.{key} needs it; or give properties.density")


def _check_planar(case: Case) -> None:
    """Check that no key is given that needs a [module]."""
    for name, side in sides_of(case).items():
        if side.backflow == "collected":
            raise CaseError(
                f'{name}.backflow = "collected": this needs a [module]; give "last", or a concentration for each solute'
            )
        if (held := side.pressure.held) in ("recovery", "permeate"):
            raise CaseError(f"{name}.pressure.{held}: this needs a [module]; give a pressure or a flux")
    if "energy" in case.model_fields_set:
        raise CaseError("energy: this table is about the pumps of a [module]; add that table, or remove this one")


def sides_of(case: Case) -> dict[str, Compartment]:
    """The two compartments by name."""
    return {"left": case.left, "right": case.right}


def _check_boundaries(case: Case) -> None:
    """Check that the two boundaries and the membrane can be combined (DESIGN §3a)."""
    open_partition = case.membrane.type == "none"
    for name, side in sides_of(case).items():
        if open_partition and side.far_end.needs_membrane:
            expected = listed([kind for kind, boundary in BOUNDARIES.items() if not boundary.needs_membrane])
            raise CaseError(
                f'{name}.boundary = "{side.boundary}": without a membrane no liquid flows; expected {expected}'
            )
        if side.far_end.fixed_volume and not open_partition and "pressure" in side.model_fields_set:
            raise CaseError(f"{name}.pressure: the pressure of a rigid side is computed; remove the key")
    _check_held_flux(case)
    if open_partition:
        _check_without_support(case)
        left, right = case.left, case.right
        if not _same_pressure(left.pressure, right.pressure):
            raise CaseError(
                'left.pressure and right.pressure differ: with membrane.type = "none" both sides have one pressure; '
                "make them equal"
            )
        if left.stirred and right.stirred:
            raise CaseError(
                "left.stirred and right.stirred: two stirred sides without a membrane mix at once; expected stirred = "
                "false on at least one"
            )
    elif case.left.far_end.fixed_volume and case.right.far_end.fixed_volume and case.membrane.water_permeability == 0.0:
        pass  # no water flows, and both sides have the same pressure
    elif case.left.boundary == case.right.boundary and (why := case.left.far_end.one_side_only):
        raise CaseError(
            f'left.boundary and right.boundary are both "{case.left.boundary}": at most one may be; otherwise {why}'
        )


def _check_without_support(case: Case) -> None:
    """Check that a case without a membrane has no support layer."""
    what = "a gas" if case.phase == "gas" else 'membrane.type = "none"'
    for name, side in sides_of(case).items():
        if side.support is not None:
            raise CaseError(f"{name}.support: {what} has no membrane that a layer could support; remove the table")


def check_curved_boundaries(written: Mapping[str, Any]) -> None:
    """Raise a CaseError for a boundary that is not available inside or around a curved membrane.

    Parameters
    ----------
    written : mapping
        The case as written, with a curved geometry; it may be invalid, and parts of it may already be validated.

    Raises
    ------
    CaseError
        For the first side whose boundary is known, but is not one of `CURVED_BOUNDARIES`.
    """
    for name, possible in CURVED_BOUNDARIES.items():
        boundary = _entry_of(written.get(name), "boundary")
        if boundary not in get_args(Kind) or boundary in possible:
            continue
        without = _entry_of(written.get("membrane"), "type") == "none"
        expected = [kind for kind in possible if kind != "elastic" or not without]
        lies = "lies inside the membrane" if name == "left" else "lies around the membrane"
        raise CaseError(
            f'{name}.boundary = "{boundary}": with geometry = "{written["geometry"]}" this side {lies}; expected '
            f"{listed(expected)}"
        )


def _entry_of(part: object, key: str) -> object:
    """Value of a key in a part of a case, which may be as written or validated."""
    return part.get(key) if isinstance(part, dict) else getattr(part, key, None)


def _check_curved_support(case: Case) -> None:
    """Check that a curved membrane has no support layer."""
    if case.geometry not in CURVED:
        return
    for name, side in sides_of(case).items():
        if side.support is not None:
            raise CaseError(
                f"{name}.support: a support layer on a curved membrane is not available; remove the table, or take "
                'geometry = "planar" with a left.length'
            )


def _check_held_flux(case: Case) -> None:
    """Check that a prescribed water flux is possible (DESIGN §3a, "Constant flux")."""
    held = [name for name, side in sides_of(case).items() if side.pressure.flux]
    if not held:
        return
    path = f"{held[0]}.pressure.flux"
    if len(held) == 2:
        raise CaseError(
            "left.pressure.flux and right.pressure.flux: only one side can prescribe the water flux; give the other a "
            'pressure, for example left.pressure = "0 bar"'
        )
    if case.membrane.type == "none":
        raise CaseError(f'{path}: with membrane.type = "none" no water flows; give a pressure instead')
    if case.membrane.water_permeability == 0:
        raise CaseError(
            f"{path}: membrane.water_permeability is 0, so that no pressure drives water through; give one above 0"
        )
    for name, side in sides_of(case).items():
        if side.far_end.fixed_volume:
            raise CaseError(
                f'{path}: {name}.boundary = "{side.boundary}" lets no water flow; expected another boundary'
            )


def _same_pressure(a: Pressure, b: Pressure) -> bool:
    """True if two pressures are equal at all times; between its times a schedule is constant or linear."""
    if a.oscillates or b.oscillates:
        numbers = ((*p.values, p.amplitude, p.period, p.duty) for p in (a, b))
        return a.shape == b.shape and all(alike(x, y) for x, y in zip(*numbers, strict=True))
    times = sorted({0.0, *a.times, *b.times})
    # two times in each interval, as a ramp is linear there; not in one between two spellings of the same time
    apart = [(s, t) for s, t in pairwise(times) if t - s > SAME * t]
    at = [times[-1] + 1.0, *(s + part * (t - s) for s, t in apart for part in (0.25, 0.75))]
    return all(abs(a.at(t) - b.at(t)) <= SAME * max(a.largest, b.largest) for t in at)


def _check_osmotic_model(case: Case) -> None:
    """Check that every solute has the data of the osmotic model, and that `pitzer` gets neutral solutions."""
    for name, solute in case.solutes.items():
        if case.osmotic_model == "virial" and solute.virial is None:
            raise CaseError(
                f'solutes.{key_text(name)}.virial is missing: osmotic_model = "virial" needs it, for example '
                '["0.1 L/mol"]; ["0 L/mol"] for an ideal solute'
            )
        if case.osmotic_model == "pitzer" and (problem := density_problem(key_text(name), solute)):
            raise CaseError(f'{problem}: osmotic_model = "pitzer" needs it; "0 cm^3/mol" where it takes up no room')
    if case.osmotic_model == "pitzer" and (odd := next(charge_imbalance(case), "")):
        raise CaseError(
            f'{odd}; osmotic_model = "pitzer" needs neutral solutions: give the ion that is missing, or take '
            'osmotic_model = "ideal"'
        )


def charge_imbalance(case: Case) -> Iterator[str]:
    """A message for each side whose ions' charges do not add up to zero within 1 %."""
    ions = {name: each.charge for name, each in case.solutes.items() if each.charge}
    for name, side in sides_of(case).items():
        parts = [
            charge * _mean(side.concentration[ion], side.length, _areas(case, name)) for ion, charge in ions.items()
        ]
        positive, negative = sum(p for p in parts if p > 0), -sum(p for p in parts if p < 0)
        if abs(positive - negative) > 0.01 * max(positive, negative):
            yield (
                f"{name}.concentration: positive charges ({positive:.4g} mol/m^3) and negative ones "
                f"({negative:.4g} mol/m^3) do not balance"
            )


def _areas(case: Case, side: str) -> Callable[[float], float]:
    """Area at a distance from the membrane ÷ membrane area: 1, ``1 ± x/R`` or ``(1 ± x/R)²``."""
    outwards, radius = -1.0 if side == "left" else 1.0, case.left.radius or math.inf
    return lambda distance: float((1.0 + outwards * distance / radius) ** (DIMENSION[case.geometry] - 1))


def _mean(concentration: float | Profile, length: float, area: Callable[[float], float]) -> float:
    """Mean concentration in a compartment, weighted with the area at each distance from the membrane.

    Between two points a profile is linear and the area at most quadratic: Simpson's rule is exact.
    """
    if not isinstance(concentration, Profile):
        return concentration
    points = [0.0, *(x for x in concentration.distance if 0 < x < length), length]
    whole = held = 0.0
    for a, b in pairwise(points):
        for x, weight in ((a, 1.0), (0.5 * (a + b), 4.0), (b, 1.0)):
            whole += weight * (b - a) * area(x)
            held += weight * (b - a) * area(x) * concentration.at(x)
    return held / whole


def _check_oscillation(case: Case) -> None:
    """Check the number of periods in the run, and that it does not wait for a steady state under an oscillation."""
    for name, side in sides_of(case).items():
        if not side.pressure.oscillates:
            continue
        if case.run.duration is None:
            raise CaseError(
                f"{name}.pressure oscillates: a steady state needs constant inputs; give run.duration, or one pressure"
            )
        periods = case.run.duration / side.pressure.period
        if periods > MAX_PERIODS:
            raise CaseError(
                f"{name}.pressure: run.duration holds {periods:.3g} periods of {side.pressure.period:.6g} s; at most "
                f"{MAX_PERIODS}: give a shorter duration, or the mean alone"
            )
        if case.run.until != "duration":
            raise CaseError(
                f'run.until = "{case.run.until}": {name}.pressure oscillates, so that it is never reached; '
                'expected until = "duration"'
            )


_USUAL_CELLS = 200  # typical number of cells of the default mesh


def _check_size(case: Case) -> None:
    cells = case.mesh.cells
    unknowns = 2 * (cells or _USUAL_CELLS) * len(case.solutes)
    if unknowns > MAX_UNKNOWNS:
        raise CaseError(f"mesh.cells = {cells}: 2 x cells x solutes are {unknowns} unknowns; at most {MAX_UNKNOWNS}")
    for name, side in sides_of(case).items():
        uniform = side.length / (cells or 1)
        if case.mesh.finest is not None and not side.stirred and case.mesh.finest > uniform * (1 + SAME):
            what = f"{cells} equal cells on the {name} side" if cells and cells > 1 else f"the whole {name} side"
            raise CaseError(
                f"mesh.finest = {case.mesh.finest:.6g} m is wider than {what}; expected at most {uniform:.6g} m"
            )


def check_gas(case: Case) -> None:
    """Check a case whose compartments hold gas: no membrane, rigid ends, mole fractions, one common diffusivity."""
    if case.membrane.type != "none":
        raise CaseError('membrane.type: a membrane between gases is not available; expected type = "none"')
    used = [(each.diffusivity, f"solutes.{s}.diffusivity") for s, each in case.solutes.items()]
    for name, side in sides_of(case).items():
        if not side.far_end.fixed_volume:
            raise CaseError(
                f'{name}.boundary = "{side.boundary}": in a gas both ends are rigid, because the model has diffusion '
                'without bulk flow; expected "rigid"'
            )
        used += [(value, f"{name}.diffusivity.{s}") for s, value in side.diffusivity.items()]
        total = side.pressure.values[0] / (GAS_CONSTANT * case.temperature)
        profiles = [c for c in side.concentration.values() if isinstance(c, Profile)]
        for x in sorted({0.0, *(x for profile in profiles for x in profile.distance)}):
            fraction = sum(_at(c, x) for c in side.concentration.values()) / total
            if fraction > 1 + SAME:
                raise CaseError(
                    f"{name}.concentration: the mole fractions add up to {fraction:.6g}; expected at most 1"
                )
    for value, path in used:
        if not alike(value, used[0][0]):
            raise CaseError(f"{path} differs from {used[0][1]}: two gases have one common diffusivity; make them equal")


def _at(concentration: float | Profile, distance: float) -> float:
    return concentration.at(distance) if isinstance(concentration, Profile) else concentration
