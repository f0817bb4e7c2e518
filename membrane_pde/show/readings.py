"""Quantities that text and pictures read off a result: a series, the value outside a film, scales, units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from membrane_pde.input.values import alike
from membrane_pde.physics.constants import AVOGADRO
from membrane_pde.show import presets
from membrane_pde.show.formatting import ROUND_OFF, number

if TYPE_CHECKING:
    from membrane_pde.results.result import Result

SIDES = ("left", "right")


def labels_of(case: Any) -> dict[str, str]:
    """What to call the two sides: their labels, or left and right."""
    return {side: getattr(case, side).label or side for side in SIDES}


def concentration_unit(case: Any, solutes: Iterable[str], largest: float) -> tuple[str, dict[str, float]]:
    """One unit for these solutes, and for each the factor from mol/m^3.

    Parameters
    ----------
    case : Case
    solutes : iterable of str
    largest : float
        The largest value to be shown, mol/m^3: what is very dilute gets a smaller unit.

    Returns
    -------
    unit : str
        g/L (or mg/L) where there is one solute of known molar mass, mmol/L otherwise (and in physiology), mol/m³ in a
        gas (and in SI), and a number per mL for what is so dilute that it must be particles.
    factors : dict
    """
    names = list(solutes)
    masses = [case.solutes[s].molar_mass for s in names]
    if case.phase == "gas" or presets.in_use() == "SI":
        return "mol/m³", dict.fromkeys(names, 1.0)
    if 0 < largest < 1e-6:
        return "1/mL", dict.fromkeys(names, AVOGADRO * 1e-6)
    if len(names) == 1 and masses[0] and presets.in_use() == "engineering":
        if 0 < largest * masses[0] < 0.05:
            return "mg/L", {names[0]: 1000 * masses[0]}
        return "g/L", {names[0]: masses[0]}
    return "mmol/L", dict.fromkeys(names, 1.0)


def stored(result: Result, key: str, solute: str | None = None) -> Any:
    """What `Result.arrays` holds over the stored times, of one solute where there is one a solute."""
    values = result.arrays[key]
    return values if solute is None else values[:, result.solutes.index(solute)]


def has_film(case: Any, side: str) -> bool:
    """A side is a reservoir behind an unstirred film."""
    compartment = getattr(case, side)
    return bool(compartment.boundary == "reservoir" and not compartment.stirred)


def standing(result: Result, quantity: str, side: str, solute: str | None = None) -> Any:
    """Concentration or osmotic pressure of a side over the stored times; of a reservoir what stands outside its film.

    Parameters
    ----------
    result : Result
    quantity : str
        "concentration_mol_per_m3" or "osmotic_pressure_Pa".
    side : str
    solute : str, optional
        Of a concentration.

    Returns
    -------
    ndarray, shape (time,)
        The mean of the side, a bath included. Of a reservoir its own value, which does not change (its mean, under the
        name of the series, is that of the film).
    """
    import numpy as np

    name, unit = quantity.replace("_mol", " mol").replace("_Pa", " Pa").split()
    values = stored(result, f"{name}_{side}_{unit}", solute)
    given = getattr(result.case, side).concentration
    if not has_film(result.case, side):
        return values
    if solute is None:
        uniform = all(isinstance(each, int | float) for each in given.values())
        return np.full_like(values, values[0]) if uniform else values
    far = given[solute]
    return np.full_like(values, far if isinstance(far, int | float) else far.value[-1])


def largest_pressure(result: Result) -> float:
    """Largest hydrostatic or osmotic pressure anywhere at any time, Pa."""
    return max(peak(values) for key, values in result.arrays.items() if key.endswith("_Pa"))


def flux_scale(result: Result) -> float:
    """Water flux that the largest pressure would drive, m/s: what a flux must be compared with to be called zero."""
    return float(result.case.membrane.water_permeability) * largest_pressure(result)


def peak(values: Any) -> float:
    """Largest magnitude, 0 where nothing applies (the osmotic pressure of a gas is NaN)."""
    import numpy as np

    return float(np.abs(np.nan_to_num(values)).max(initial=0.0))


def displaced(result: Result) -> float:
    """Displaced volume at the end, m; exactly 0 where it is below 1e-9 of the total length, as in `process`."""
    moved = float(stored(result, "displaced_volume_m")[-1])
    total = sum(float(stored(result, f"length_{side}_m")[0]) for side in SIDES)
    return 0.0 if abs(moved) < 1e-9 * total else moved


def pressing(result: Result) -> float:
    """What presses at the end, left minus right, Pa; exactly 0 where it is round-off.

    The applied pressure, without the head of a standpipe; the computed one on a side that is rigid or holds the flux.
    """
    sides, end = [], float(stored(result, "time")[-1])
    for name in SIDES:
        side = getattr(result.case, name)
        held = side.boundary == "rigid" or side.pressure.flux
        sides.append(float(stored(result, f"pressure_{name}_Pa")[-1]) if held else side.pressure.at(end))
    left, right = sides
    return 0.0 if alike(left, right) else left - right


def flux_text(result: Result, index: int) -> str:
    """Water flux at a stored time; 0 where it is round-off or has died away to 1e-7 of what it was."""
    flux, (_, per_si) = stored(result, "water_flux_m_per_s"), presets.unit("water flux")
    negligible = max(1e-9 * flux_scale(result), 1e-7 * peak(flux))
    return number(float(flux[index]) * per_si, scale=negligible * per_si / ROUND_OFF)


def collected_concentration(result: Result, solute: str) -> float | None:
    """Concentration of what was pressed through the membrane, mol/m^3; None where nothing was."""
    if result.summary["process"] not in ("reverse osmosis", "filtration"):
        return None
    found = (result.summary["collected_concentration_mol_per_m3"] or {}).get(solute)
    return None if found is None else float(found)


def largest_mean(result: Result, solute: str) -> float:
    """Largest mean concentration of a solute on either side, mol/m^3."""
    return max(float(stored(result, f"concentration_{side}_mol_per_m3", solute).max()) for side in SIDES)


def flat(summary: Mapping[str, Any]) -> dict[str, Any]:
    """A summary without nesting: a value of a solute becomes `rejection[NaCl]`; objects within it are left out."""
    plain: dict[str, Any] = {}
    for key, value in summary.items():
        if key in ("equilibrium", "error_estimate"):
            continue
        if isinstance(value, Mapping):
            plain |= {f"{key}[{solute}]": v for solute, v in value.items()}
        else:
            plain[key] = value
    return plain
