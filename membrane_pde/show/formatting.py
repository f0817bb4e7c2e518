"""Format numbers for readers: few digits, a suitable unit, no round-off errors."""

from __future__ import annotations

import math
from functools import cache

from membrane_pde.input import units
from membrane_pde.show import presets

ROUND_OFF = 1e-12  # number ÷ its scale below which it is shown as 0


@cache
def factor(unit: str) -> float:
    """Factor from the SI unit to `unit`, e.g. 1e-5 for "bar"."""
    return units.to(1.0, unit)


def number(value: float | None, *, scale: float = 0.0, digits: int = 4) -> str:
    """Format a number with few significant digits: no "-0", 0 in place of round-off, "–" for None and NaN.

    Parameters
    ----------
    value : float or None
    scale : float
        Typical magnitude of the quantity: a value below 1e-12 of it is shown as 0.
    digits : int
        Significant digits.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) <= ROUND_OFF * abs(scale) or value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    exponent = math.floor(math.log10(abs(rounded)))
    if not -4 <= exponent < 6:
        mantissa, power = f"{rounded:.{digits - 1}e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(power)}"
    text = f"{rounded:.{max(0, digits - 1 - exponent)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def time_unit(seconds: float, minutes_up_to: float = 5.0 * 3600) -> tuple[str, float]:
    """Choose s, min, h or d for times up to this one (in SI units always s). Return unit and factor from seconds."""
    if (chosen := presets.unit("time"))[0]:
        return chosen
    for unit, name, limit in (("s", "s", 90.0), ("min", "min", minutes_up_to), ("hour", "h", 72.0 * 3600)):
        if seconds < limit:
            return name, factor(unit)
    return "d", factor("day")


def duration(seconds: float) -> str:
    """Format a time with a suitable unit, e.g. "2 h"."""
    unit, per_second = time_unit(seconds, minutes_up_to=3600.0)
    return f"{number(seconds * per_second, digits=3)} {unit}"


def length_unit(length: float) -> str:
    """Unit of length in use, or one that suits this length, as units.py spells it."""
    if chosen := presets.PRESETS[presets.in_use()]["length"]:
        return chosen
    return "um" if length < 0.5e-3 else "mm" if length < 1.0 else "m"


def quantity(value: float, of: str, digits: int = 3) -> str:
    """Format an SI value in the unit in use for its quantity (a name in `presets.PRESETS`), e.g. "4.1 L/m²"."""
    unit, per_si = presets.unit(of)
    return f"{number(value * per_si, digits=digits)} {unit}"


def unit_text(unit: str) -> str:
    """Format a unit for readers: L/m²/h for "L/m^2/hour"."""
    return unit.replace("^2", "²").replace("^3", "³").replace("hour", "h").replace("um", "µm")
