"""Quantities that tables and pictures take from a result, with suitable scales and units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from membrane_pde.physics.constants import AVOGADRO
from membrane_pde.physics.curvature import DIMENSION
from membrane_pde.results.quantities import OBJECTS
from membrane_pde.show import presets
from membrane_pde.show.formatting import ROUND_OFF, number

if TYPE_CHECKING:
    from membrane_pde.results.result import Result

SIDES = ("left", "right")
RADIUS = "radius of the membrane"  # a row of a table


def labels_of(case: Any) -> dict[str, str]:
    """Return the labels of the two sides, or left and right where there is none."""
    return {side: getattr(case, side).label or side for side in SIDES}


def depth_words(case: Any) -> str:
    """The name that tables give to the volume of a side per membrane area."""
    if case.phase == "gas":
        return "length (volume ÷ cross-sectional area)"
    if case.left.radius is None:
        return "depth of liquid (volume ÷ membrane area)"
    return "volume ÷ membrane area at the start"


def radius_at(case: Any, area_ratio: Any) -> Any:
    """Radius (m) of a curved membrane with this ratio of its area to the initial area."""
    return case.left.radius * area_ratio ** (1.0 / (DIMENSION[case.geometry] - 1))


def concentration_unit(case: Any, solutes: Iterable[str], largest: float) -> tuple[str, dict[str, float]]:
    """Choose one concentration unit for some solutes.

    Parameters
    ----------
    case : Case
    solutes : iterable of str
    largest : float
        Largest value to be shown, mol/m^3; it decides between g/L and mg/L, for example.

    Returns
    -------
    unit : str
        g/L (or mg/L) for one solute of known molar mass, otherwise mmol/L (always in physiological units); mol/m³ in
        gases and in SI units; particles per mL below 1e-6 mol/m^3.
    factors : dict of str to float
        For each solute the factor from mol/m^3 to that unit.
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
    """Return an array of `Result.arrays`: values at the stored times, of one solute if `solute` is given."""
    values = result.arrays[key]
    return values if solute is None else values[:, result.solutes.index(solute)]


def has_film(case: Any, side: str) -> bool:
    """True if a side is a reservoir behind an unstirred film."""
    compartment = getattr(case, side)
    return bool(compartment.far_end.endless and not compartment.stirred)


def standing(result: Result, quantity: str, side: str, solute: str | None = None) -> Any:
    """Return concentration or osmotic pressure of a side at the stored times; for a reservoir, that outside its film.

    Parameters
    ----------
    result : Result
    quantity : str
        "concentration_mol_per_m3" or "osmotic_pressure_Pa".
    side : str
    solute : str, optional
        Needed for a concentration.

    Returns
    -------
    ndarray, shape (time,)
        The mean of the side (or of the bath). For a reservoir behind a film the constant value of the reservoir; the
        series of this name holds the mean of the film.
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
    """Water flux that the largest pressure would drive, m/s: the scale on which a flux counts as zero."""
    return float(result.case.membrane.water_permeability) * largest_pressure(result)


def peak(values: Any) -> float:
    """Largest magnitude; NaN counts as 0 (the osmotic pressure of a gas is NaN)."""
    import numpy as np

    return float(np.abs(np.nan_to_num(values)).max(initial=0.0))


def displaced(result: Result) -> float:
    """Displaced volume at the end, m; exactly 0 below 1e-9 of the total length, as for `process` in the summary."""
    moved = float(stored(result, "displaced_volume_m")[-1])
    total = sum(float(stored(result, f"length_{side}_m")[0]) for side in SIDES)
    return 0.0 if abs(moved) < 1e-9 * total else moved


def power_density(result: Result) -> Any:
    """Power of osmosis against a higher pressure at the stored times, ``J_v (p_right - p_left)``, W/m^2.

    None where osmosis has done no work against applied pressures. (The head that water raises itself is none of them.)
    """
    work = stored(result, "energy_J_per_m2")
    if result.summary["process"] != "osmosis" or not work[-1] < -1e-9 * peak(work):
        return None
    pressures = [stored(result, f"pressure_{side}_Pa") for side in SIDES]
    return stored(result, "water_flux_m_per_s") * (pressures[1] - pressures[0])


def flux_text(result: Result, index: int) -> str:
    """Format the water flux at a stored time; "0" for round-off and below 1e-7 of the largest flux of the run."""
    flux, (_, per_si) = stored(result, "water_flux_m_per_s"), presets.unit("water flux")
    negligible = max(1e-9 * flux_scale(result), 1e-7 * peak(flux))
    return number(float(flux[index]) * per_si, scale=negligible * per_si / ROUND_OFF)


def collected_concentration(result: Result, solute: str) -> float | None:
    """Concentration in the permeate collected so far, mol/m^3; None if pressure drove no water through."""
    if result.summary["process"] not in ("reverse osmosis", "filtration"):
        return None
    found = (result.summary["collected_concentration_mol_per_m3"] or {}).get(solute)
    return None if found is None else float(found)


def largest_mean(result: Result, solute: str) -> float:
    """Largest mean concentration of a solute on either side, mol/m^3."""
    return max(float(stored(result, f"concentration_{side}_mol_per_m3", solute).max()) for side in SIDES)


def flat(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten a summary: values for each solute get keys such as `rejection[NaCl]`; nested objects are left out."""
    plain: dict[str, Any] = {}
    for key, value in summary.items():
        if key in OBJECTS:
            continue
        if isinstance(value, Mapping):
            plain |= {f"{key}[{solute}]": v for solute, v in value.items()}
        else:
            plain[key] = value
    return plain
