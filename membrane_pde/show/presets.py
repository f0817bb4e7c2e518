"""The units that tables, sentences and pictures show: three sets, one of which is in use."""

from __future__ import annotations

from functools import cache

from membrane_pde.input import units
from membrane_pde.input.errors import CaseError
from membrane_pde.input.wording import cut

# quantity -> unit, as units.py spells it; "" where it goes by size
PRESETS: dict[str, dict[str, str]] = {
    "engineering": {
        "pressure": "bar",
        "water flux": "L/m^2/hour",
        "water moved": "L/m^2",
        "length": "",
        "side": "mm",
        "time": "",
        "energy": "kW*hour/m^3",
    },
    "physiology": {
        "pressure": "mmHg",
        "water flux": "um/s",
        "water moved": "um",
        "length": "um",
        "side": "um",
        "time": "",
        "energy": "J/L",
    },
    "SI": {
        "pressure": "Pa",
        "water flux": "m/s",
        "water moved": "m",
        "length": "m",
        "side": "m",
        "time": "s",
        "energy": "J/m^3",
    },
}
DEFAULT = "engineering"
_SHOWN = {"L/m^2/hour": "L/m²/h", "L/m^2": "L/m²", "kW*hour/m^3": "kWh/m³", "J/m^3": "J/m³", "um/s": "µm/s", "um": "µm"}

_used = DEFAULT


def use_units(name: str) -> None:
    """Choose the units of tables and pictures from now on; results and files stay in SI.

    Parameters
    ----------
    name : str
        ``"engineering"``: L/m²/h, bar, mm, g/L (of several solutes mmol/L); ``"physiology"``: µm/s, mmHg, mOsm/L, µm,
        mmol/L; ``"SI"``: m/s, Pa, m, mol/m³, s.

    Raises
    ------
    CaseError
        If there is no such set.
    """
    global _used
    if name not in PRESETS:
        raise CaseError(f'units = "{cut(str(name))}": expected one of {", ".join(PRESETS)}')
    _used = name


def in_use() -> str:
    """Name of the set in use."""
    return _used


def unit(quantity: str) -> tuple[str, float]:
    """Displayed unit of a quantity, and its number in one SI unit; "" and 1 if the unit depends on the value."""
    return _unit(PRESETS[_used][quantity])


@cache
def _unit(name: str) -> tuple[str, float]:
    return (_SHOWN.get(name, name), units.to(1.0, name)) if name else ("", 1.0)
