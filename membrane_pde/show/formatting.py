"""Numbers as a person reads them: few digits, the unit that suits them, and no noise of round-off."""

from __future__ import annotations

import math
from functools import cache

from membrane_pde.input import units
from membrane_pde.show import presets

ROUND_OFF = 1e-12  # of its scale: below it a number is shown as 0


@cache
def factor(unit: str) -> float:
    """Number of `unit` in one SI unit, e.g. 1e-5 for "bar"."""
    return units.to(1.0, unit)


def number(value: float | None, *, scale: float = 0.0, digits: int = 4) -> str:
    """A number with few significant digits: no "-0", no noise of round-off; "–" where there is none.

    Parameters
    ----------
    value : float or None
    scale : float
        Size of the quantity: below 1e-12 of it the value is shown as 0.
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
    """Unit for times up to this one, and its number in a second: s, min, h or d (in SI s)."""
    if (chosen := presets.unit("time"))[0]:
        return chosen
    for unit, name, limit in (("s", "s", 90.0), ("min", "min", minutes_up_to), ("hour", "h", 72.0 * 3600)):
        if seconds < limit:
            return name, factor(unit)
    return "d", factor("day")


def duration(seconds: float) -> str:
    """A time with the unit that suits it, e.g. "2 h"."""
    unit, per_second = time_unit(seconds, minutes_up_to=3600.0)
    return f"{number(seconds * per_second, digits=3)} {unit}"


def length_unit(length: float) -> str:
    """The unit of length that is in use or, where it goes by size, suits this one, as units.py spells it."""
    if chosen := presets.PRESETS[presets.in_use()]["length"]:
        return chosen
    return "um" if length < 0.5e-3 else "mm" if length < 1.0 else "m"


def quantity(value: float, of: str, digits: int = 3) -> str:
    """A value in SI with the unit of its quantity, a name of `presets.PRESETS`: "4.1 L/m²"."""
    unit, per_si = presets.unit(of)
    return f"{number(value * per_si, digits=digits)} {unit}"


def unit_text(unit: str) -> str:
    """A unit as it is shown: L/m²/h for "L/m^2/hour"."""
    return unit.replace("^2", "²").replace("^3", "³").replace("hour", "h").replace("um", "µm")
