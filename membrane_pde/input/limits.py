"""Upper limits of a concentration: solubility, density of the pure substance, and the volume that solutes take up.

A concentration is bounded three ways, each where the solute's data allow it:

    c ≤ c(m_sat)     the saturated solution, of molality m_sat; 5 % are granted to tables, which differ by as much
    c ≤ ρ/M          the pure substance, of density ρ; without one that of osmium, the densest there is
    Σ c_i V_i < 1    the solutes leave room for water; V_i their apparent volumes in a solution of solutes alone

Between two temperatures of a table the larger solubility of the two counts; outside it none is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from membrane_pde.physics import density
from membrane_pde.physics.constants import ZERO_CELSIUS
from membrane_pde.physics.temperature import water_density

_GRANTED = 1.05  # allowed concentration ÷ tabulated solubility
_DENSEST = (
    22587.2  # kg/m^3, osmium: CRC Handbook, physical constants of inorganic compounds, as in the package chemicals
)


@dataclass(frozen=True)
class Limit:
    """The largest concentration of a single solute (mol/m^3), and the reason for it, as a clause of a message."""

    concentration: float
    words: str


def limit(name: str, solute: Any, volume: density.Volume | None, temperature: float) -> Limit | None:
    """The largest concentration of a solution of one solute.

    Parameters
    ----------
    name : str
        Name of the solute.
    solute : case.Solute
    volume : tuple of float or None
        Its apparent volume at this temperature (`physics.density`), where it is known.
    temperature : float
        K.

    Returns
    -------
    Limit or None
        None if no limit is known.
    """
    found, mass = [], solute.molar_mass
    if mass is not None:
        found.append(Limit(_DENSEST / mass, f"the densest substance, osmium, has {_grams(_DENSEST)}"))
        if solute.density is not None:
            # % and mol/kg are converted with the apparent volume: use the larger of the two densities of the pure
            # substance
            pure = solute.density / mass
            molar_volume = 0.0 if volume is None else (volume[0] + volume[1]) / (volume[2] + volume[3])
            own = 1.0 / molar_volume if molar_volume * pure * 1.1 > 1.0 else 1.1 * pure
            found.append(Limit(pure if volume is None else max(own, pure), f"pure {name} has {_grams(solute.density)}"))
    molality = _saturated(solute.solubility or (), temperature)
    if molality is not None and mass is not None and volume is not None:
        most = _GRANTED * density.molarity(molality, volume, mass, float(water_density(temperature)))
        clause = (
            f"{most * mass / _GRANTED:.3g} g/L of {name} dissolve in water at {temperature - ZERO_CELSIUS:.4g} degC"
        )
        found.append(Limit(most, f"no more than about {clause}"))
    return min(found, key=lambda each: each.concentration, default=None)


def _grams(mass_concentration: float) -> str:
    """A concentration in kg/m^3 as text in g/L, without a power of ten."""
    return f"{mass_concentration:.0f} g/L" if mass_concentration >= 1000.0 else f"{mass_concentration:.4g} g/L"


def _saturated(table: Sequence[tuple[float, float]], temperature: float) -> float | None:
    """Molality of the saturated solution, mol/kg; None outside the table."""
    near = [max(a[1], b[1]) for a, b in pairwise(table) if a[0] - 0.01 <= temperature <= b[0] + 0.01]
    return min(near, default=None)  # two at a temperature of the table, of which the lower one is as good


def no_room(concentration: Iterable[float], volume: Iterable[density.Volume | None]) -> bool:
    """True if the solutes with known apparent volumes fill the whole volume of their solution.

    Parameters
    ----------
    concentration : iterable of float
        mol/m^3, one a solute.
    volume : iterable of (tuple of float or None)
        Apparent volumes (`physics.density`).
    """
    both = zip(concentration, volume, strict=True)
    return sum([c * (v[0] + v[1]) / (v[2] + v[3]) for c, v in both if v is not None and c > 0.0]) >= 1.0


def in_words(concentration: float, molar_mass: float | None) -> str:
    """A concentration for a message: in g/L, or in mol/L for a solute without a molar mass."""
    return f"{concentration / 1000.0:.4g} mol/L" if molar_mass is None else _grams(concentration * molar_mass)


def problem(
    amounts: Mapping[str, float],
    solutes: Mapping[str, Any],
    volumes: Mapping[str, density.Volume | None],
    temperature: float,
) -> tuple[str, str] | None:
    """Reason why a solution is impossible, if it is.

    Parameters
    ----------
    amounts : mapping of str to float
        Concentrations by solute, mol/m^3.
    solutes, volumes : mapping
        By solute, as in `limit`.
    temperature : float
        K.

    Returns
    -------
    tuple of str, or None
        The solute ("" for all together) and what is wrong, to be read after its key.
    """
    for name, amount in amounts.items():
        solute = solutes[name]
        most = limit(name, solute, volumes[name], temperature) if amount > 0.0 else None
        if most is not None and amount > most.concentration * (1.0 + 1e-9):
            return name, f"{in_words(amount, solute.molar_mass)} is impossible: {most.words}; is the unit right?"
    if no_room(amounts.values(), volumes.values()):
        return (
            "",
            "the solutes alone take up more than the solution's volume, which leaves no water; is the unit right?",
        )
    return None
