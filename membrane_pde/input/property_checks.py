"""Check of the values that polynomials in the mass fraction take in the solutions of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from membrane_pde.input.checks import density_problem, sides_of
from membrane_pde.input.concentrations import apparent_volume
from membrane_pde.input.errors import CaseError
from membrane_pde.input.values import Profile
from membrane_pde.input.wording import key_text
from membrane_pde.physics import density
from membrane_pde.physics.temperature import water_density

if TYPE_CHECKING:
    from membrane_pde.input.case import Case


def check_positive(case: Case) -> None:
    """Check that the polynomials in the mass fraction are positive in pure water and in every solution of the case."""
    ((name, solute),) = case.solutes.items()
    most, where = 0.0, ""
    for part, side in sides_of(case).items():
        given = {f"{part}.concentration": side.concentration[name]}
        if name in side.inlet:
            given[f"{part}.inlet"] = side.inlet[name].largest
        if side.feed is not None:
            given[f"{part}.feed"] = side.feed.concentration[name]
        for key, value in given.items():
            highest = max(value.value) if isinstance(value, Profile) else value
            if highest > most:
                most, where = highest, f"{key}.{key_text(name)}"
    fractions = [(0.0, "in pure water")]
    if most > 0.0:
        fraction = _mass_fraction(case, most, solute.molar_mass or 0.0)
        fractions.append((fraction, f"at the mass fraction of {where}, {fraction:.4g}"))
    for key in case.properties.given:
        one = getattr(case.properties, key)
        for fraction, place in fractions:
            value = sum(a * fraction**n for n, a in enumerate(one.polynomial))
            if not value > 0.0:
                raise CaseError(
                    f"properties.{key}.polynomial: the {key.replace('_', ' ')} is {f'{value:.4g} {one.unit}'.strip()} "
                    f"{place}; expected more than 0 there: check the signs, and that the mass fraction is a number "
                    "from 0 to 1, not per cent"
                )


def _mass_fraction(case: Case, concentration: float, molar_mass: float) -> float:
    """Mass fraction ``w = c M/ρ`` of the one solute (mol/m^3, kg/mol), with the density of the case."""
    given, (solute,) = case.properties.density.coefficients, case.solutes.values()
    solids, water = concentration * molar_mass, float(water_density(case.temperature))
    if not given:
        if not density_problem("", solute):
            volume = apparent_volume(solute, case.temperature)
            water, _ = density.water_content([concentration], [volume], [molar_mass], water)
        return solids / (water + solids)
    fraction, rho = 0.0, given[0]
    for _ in range(50):  # the density changes little with w: each round gains a digit or more
        if not rho > 0.0:
            break
        fraction = min(solids / rho, 1.0)
        rho = sum(a * fraction**n for n, a in enumerate(given))
    return fraction
