"""Convert quantities such as "60 bar" to SI numbers, and back.

A quantity is one number with a decimal point and a unit expression, which `unit_lookup` looks up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from membrane_pde.input import spelling
from membrane_pde.input.errors import UnitError
from membrane_pde.input.unit_lookup import Dimensionality, Unit, find_unit
from membrane_pde.physics.constants import STANDARD_ATMOSPHERE


@dataclass(frozen=True)
class Dimension:
    """The dimension of a key of the case file: its name in messages, an example, and its SI unit."""

    words: str
    example: str
    si: str


DIMENSIONS = {
    "pressure": Dimension("a pressure", "50 bar", "Pa"),
    "length": Dimension("a length", "50 um", "m"),
    "time": Dimension("a time", "2 h", "s"),
    "temperature": Dimension("a temperature", "25 degC", "K"),
    "diffusivity": Dimension("a diffusivity", "1.6e-9 m^2/s", "m^2/s"),
    "permeability": Dimension("a permeability for a solute", "3e-8 m/s", "m/s"),
    "water_permeability": Dimension("a water permeability", "1 L/m^2/hour/bar", "m/s/Pa"),
    "molar_mass": Dimension("a molar mass", "58.44 g/mol", "kg/mol"),
    "flux": Dimension("a volume flux", "20 L/m^2/hour", "m/s"),
    "frequency": Dimension("a frequency", "0.1 Hz", "Hz"),
    "molar_energy": Dimension("an energy per amount", "20 kJ/mol", "J/mol"),
    "inverse_length": Dimension("a number per length", "2e5 1/m", "1/m"),
    "ratio": Dimension("a ratio of areas", "0.1 m^2/m^2", ""),
    "share": Dimension("a share", "45 %", ""),
    "area": Dimension("an area", "37 m^2", "m^2"),
    "volume": Dimension("a volume", "2 m^3", "m^3"),
    "flow": Dimension("a volume flow", "8 m^3/h", "m^3/s"),
    "velocity": Dimension("a velocity", "0.15 m/s", "m/s"),
    "pressure_gradient": Dimension("a pressure per length", "0.1 bar/m", "Pa/m"),
    "viscosity": Dimension("a viscosity", "0.9 mPa*s", "Pa*s"),
    "concentration": Dimension("a concentration", "35 g/L", "mol/m^3"),
    "molality": Dimension("a molality", "6 mol/kg", "mol/kg"),
    "density": Dimension("a density", "2.2 g/mL", "kg/m^3"),
    "molar_volume": Dimension("a molar volume", "16.6 cm^3/mol", "m^3/mol"),
    "specific_volume": Dimension("a specific volume", "0.73 mL/g", "m^3/kg"),
    "molar_volume_squared": Dimension("a third virial coefficient", "0.1 L^2/mol^2", "m^6/mol^2"),
}
# Names of other dimensions, for messages about a unit of the wrong dimension.
_OTHER_WORDS = {
    "": "a plain ratio",
    "m^2": "an area",
    "m^3": "a volume",
    "m/s": "a velocity",
    "m^3/s": "a volume flow",
    "kg": "a mass",
    "mol": "an amount of substance",
    "mol/m^3": "an amount per volume",
    "kg/m^3": "a mass per volume",
    "1/m^3": "a number per volume",
    "mol/kg": "a molality",
    "Osm": "a number of osmoles",
    "Osm/m^3": "an osmolarity",
    "1/s": "a rate",
    "N": "a force",
    "J": "an energy",
    "W": "a power",
    "C": "an electric charge",
    "A": "an electric current",
    "V": "a voltage",
    "F": "an electric capacitance",
    "S": "an electric conductance",
    "H": "an inductance",
    "T": "a magnetic field",
    "Pa*s": "a viscosity",
}
_LARGEST = 1e60  # in SI units; products of values beyond it, or below its inverse, overflow or underflow
_LONGEST = 100  # characters; also keeps pint's parser from working on rubbish
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@lru_cache(maxsize=4096)  # in a sweep the same texts are read time and again
def number(text: str) -> float:
    """Read a number without a unit, in ASCII digits with a decimal point.

    Python's own `float` also reads ``4_0`` as 40, and digits of other scripts.

    Parameters
    ----------
    text : str
        For example "0.5"; also "nan" and "inf", which whoever asks for a number refuses in words of its own.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        Anything else.
    """
    stripped = text.strip()
    if not NUMBER.fullmatch(stripped) and stripped.lower().lstrip("+-") not in ("nan", "inf", "infinity"):
        raise ValueError(text)
    return float(stripped)


def split(text: str) -> tuple[float, str]:
    """Split a quantity into its number and its unit's text, without looking at the unit.

    Parameters
    ----------
    text : str
        For example "35 g/L".

    Returns
    -------
    tuple of float and str
        For example ``(35.0, "g/L")``.

    Raises
    ------
    UnitError
        Not exactly one finite number with a decimal point, followed by something that may be a unit.
    """
    if len(text) > _LONGEST:
        raise UnitError(f"longer than {_LONGEST} characters: expected one number and a unit")
    body = text.strip()
    if not body:
        raise UnitError("an empty text: expected a number and a unit")
    if body[0] in "−–":  # what text processors make of a minus sign
        body = "-" + body[1:].lstrip()
    match = NUMBER.match(body)
    if match is None:
        if re.match(r"[+-]?(nan|inf)", body, re.IGNORECASE):
            raise UnitError("not a finite number")
        if re.match(r"[+-]?,[0-9]", body):
            raise UnitError("write a decimal point, not a comma", spelling.numbers_meant(body))
        if re.match(r"[^\W\d_]|[%°/]", body):
            raise UnitError("a unit without a number", [f"1 {body}"])
        raise UnitError("expected one number with a decimal point, then a unit")
    number, unit = match.group(), body[match.end() :].lstrip()
    if not unit:
        raise UnitError("a number without a unit")
    if unit.startswith(","):
        readings = spelling.numbers_meant(body)
        reason = "a comma can be read in two ways" if len(readings) > 1 else "write a decimal point, and no commas"
        raise UnitError(reason, readings)
    if unit[0] in "'_" or (re.match(r"[0-9.]", unit) and not re.match(r"1\s*/\s*[^\W0-9_]", unit)):
        reason = "more than one number: write one, without separators, and then the unit"
        raise UnitError(reason, spelling.numbers_meant(body))
    if unit[0] in "*+^(-×·−–" or re.match(r"/\s*[0-9]|x ?10[*^⁻⁰¹²³⁴⁵⁶⁷⁸⁹-]", unit):
        raise UnitError("arithmetic is not understood: write one number and a unit", spelling.numbers_meant(body))
    value = float(number)
    if not math.isfinite(value):
        raise UnitError("the number is too large")
    return value, unit


Sign = Literal["any", "not negative", "positive"]


def parse(text: str, dimension: str, sign: Sign = "any") -> float:
    """Read a quantity.

    Parameters
    ----------
    text : str
        For example "50 bar".
    dimension : str
        A key of `DIMENSIONS` other than "concentration", for example "pressure".
    sign : {"any", "not negative", "positive"}
        What the number may be.

    Returns
    -------
    float
        The value in SI units.

    Raises
    ------
    UnitError
        Not a quantity (see `split`), an unknown unit, one that is easily taken for another one, a unit of another
        dimension, or a number of the wrong sign.
    """
    wanted = DIMENSIONS[dimension]
    expected = f'expected {wanted.words}, for example "{wanted.example}"'

    def misfit(unit: Unit) -> str:
        if unit.dimensionality != find_unit(wanted.si).dimensionality:
            return f"this is {_words(unit.dimensionality)}"
        if not wanted.si and unit.fraction not in (("share",) if dimension == "share" else ("share", "area")):
            return f"this is a {unit.fraction} fraction" if unit.fraction else f"this is not {wanted.words}"
        return unit.doubt

    def look_up(unit_text: str) -> Unit:
        if dimension == "molar_mass":  # a dalton is meant per particle: 40 kDa is 40 kg/mol
            unit_text = re.sub(r"\b([kM]?)Da\b", _dalton, unit_text)
        return _gauge_unit(unit_text) if dimension == "pressure" else find_unit(unit_text)

    number, unit = _quantity(text, look_up, misfit, expected, sign)
    value = unit.si(number)
    _check_size(value, expected)
    _check_sign(value, sign)
    return value


def _check_sign(number: float, sign: Sign) -> None:
    if number < 0 and sign == "not negative":
        raise UnitError("must not be negative")
    if number <= 0 and sign == "positive":
        raise UnitError("must be more than zero")


def parse_concentration(text: str) -> tuple[float, str]:
    """Read a concentration in any kind of unit; its conversion to mol/m^3 needs the solute.

    Parameters
    ----------
    text : str
        For example "35 g/L".

    Returns
    -------
    tuple of float and str
        SI value and kind: "amount" (mol/m^3), "mass" (kg/m^3), "count" (1/m^3), "osmoles" (Osm/m^3), "molality"
        (mol/kg), "osmolality" (Osm/kg), or a "mole fraction", "mass fraction", "volume fraction" or "fraction"
        ("ppm" and "%", which do not say of what).

    Raises
    ------
    UnitError
        Not a quantity, an unknown unit, one that is easily taken for another one, no concentration, or a negative one.
    """
    wanted = DIMENSIONS["concentration"]
    expected = f'expected {wanted.words}, for example "{wanted.example}"'
    kinds = _concentration_kinds()

    def misfit(unit: Unit) -> str:
        if unit.dimensionality not in kinds and unit.fraction not in ("mole", "mass", "volume", "share"):
            return f"this is {_words(unit.dimensionality)}"
        return unit.doubt

    number, unit = _quantity(text, find_unit, misfit, expected, "not negative")
    value = unit.si(number)
    _check_size(value, expected)
    _check_sign(value, "not negative")
    if unit.dimensionality:
        return value, kinds[unit.dimensionality]
    return value, "fraction" if unit.fraction == "share" else f"{unit.fraction} fraction"


def _quantity(
    text: str, look_up: Callable[[str], Unit], misfit: Callable[[Unit], str], expected: str, sign: Sign
) -> tuple[float, Unit]:
    """Number and unit of a quantity; or a UnitError with suggestions that fit and with what was expected."""
    try:
        number, unit_text = split(text)
    except UnitError as error:
        problem, readings, near = str(error), [*map(str, error.readings)], [*error.near]
    else:
        problem, units_meant, units_near = _problem(unit_text, look_up, misfit)
        if not problem:
            return number, look_up(unit_text)
        body = text.strip()
        number_text = body[: len(body) - len(unit_text)].strip()
        readings = [_rewritten(number, number_text, other) for other in units_meant]
        near = [_rewritten(number, number_text, other) for other in (*units_near, *spelling.meant(unit_text))]

    def fits(other: str) -> bool:
        try:
            number, unit_text = split(other)
            if problem := _problem(unit_text, look_up, misfit)[0]:
                return not problem
            _check_sign(look_up(unit_text).si(number), sign)
        except UnitError:
            return False
        return True

    shown = [other for other in readings if fits(other)] or [other for other in near if fits(other)][:1]
    if shown:
        alike = shown[0].lower() == text.strip().lower()
        asked = " or ".join(f'"{other}"' for other in dict.fromkeys(shown))
        problem += f"; did you mean {asked}?{' (units are case-sensitive)' * alike} E{expected[1:]}"
    elif "expected" not in problem:
        problem += f"{',' if problem.startswith('this is') else ';'} {expected}"
    raise UnitError(problem)


def _problem(
    unit_text: str, look_up: Callable[[str], Unit], misfit: Callable[[Unit], str]
) -> tuple[str, tuple[str | Callable[[float], str], ...], tuple[str, ...]]:
    """The error in a unit ("" if there is none), and suggestions."""
    try:
        return misfit(look_up(unit_text)), (), ()
    except UnitError as error:
        return str(error), error.readings, error.near


def _rewritten(number: float, number_text: str, unit: str | Callable[[float], str]) -> str:
    """A quantity with another unit, or as the function makes it of the number."""
    return f"{number_text} {unit}" if isinstance(unit, str) else unit(number)


def _gauge_unit(text: str) -> Unit:
    """A unit of gauge pressure: "barg" and "bar(g)" are bar. UnitError of an absolute one."""
    unit, counted_from = spelling.reference(text)
    found = find_unit(unit)
    if counted_from == "absolute":
        raise UnitError(
            "pressures are gauge pressures here, counted from that of the atmosphere (1.01325 bar)",
            [lambda number: f"{to(found.si(number) - STANDARD_ATMOSPHERE, unit):.6g} {unit}"],
        )
    return found


def _check_size(value: float, expected: str) -> None:
    """Raise a UnitError for a value so large or small that products of a few such values overflow or underflow."""
    if not abs(value) < _LARGEST or 0.0 < abs(value) < 1.0 / _LARGEST:
        raise UnitError(f"the number is too {'small' if abs(value) < 1.0 else 'large'}; {expected}")


def to(value: float, unit: str) -> float:
    """Convert an SI value for people.

    Parameters
    ----------
    value : float
        In SI units.
    unit : str
        The wanted unit, for example "L/m^2/hour" or "degC". Its dimension is taken on trust.

    Returns
    -------
    float
        The number that stands before the unit.

    Raises
    ------
    UnitError
        An unknown unit.
    """
    found = find_unit(unit)
    return (value - found.offset) / found.factor * found.divisor


def size(unit: str, like: str) -> float:
    """SI value of one unit.

    Parameters
    ----------
    unit : str
        For example "L/m^2/hour".
    like : str
        A unit of the dimension that it must have, for example "m/s".

    Returns
    -------
    float

    Raises
    ------
    UnitError
        An unknown unit, or one of another dimension.
    """
    wanted = find_unit(like)

    def misfit(found: Unit) -> str:
        if found.dimensionality != wanted.dimensionality:
            return f"this is {_words(found.dimensionality)}"
        if not like and found.fraction != "share":
            return "this is not a plain number or a share of one"
        return found.doubt

    look_up = _gauge_unit if like == "Pa" else find_unit
    problem, readings, near = _problem(unit, look_up, misfit)
    if not problem:
        found = look_up(unit)
        return found.factor / found.divisor
    meant = [other for other in (*readings, *near, *spelling.meant(unit)) if isinstance(other, str)]
    fitting = next((other for other in meant if not _problem(other, look_up, misfit)[0]), None)
    if fitting is None:
        raise UnitError(f"{problem}; expected a unit like {like or '%'}")
    case_sensitive = " (units are case-sensitive)" * (fitting.lower() == unit.lower())
    raise UnitError(f'{problem}; did you mean "{fitting}"?{case_sensitive} Expected a unit like {like or "%"}')


def _dalton(match: re.Match[str]) -> str:
    return {"": "(g/mol)", "k": "(kg/mol)", "M": "(kg/mmol)"}[match.group(1)]


@lru_cache(maxsize=1)
def _concentration_kinds() -> dict[Dimensionality, str]:
    names = {
        "mol/m^3": "amount",
        "kg/m^3": "mass",
        "1/m^3": "count",
        "Osm/m^3": "osmoles",
        "mol/kg": "molality",
        "Osm/kg": "osmolality",
    }
    return {find_unit(unit).dimensionality: kind for unit, kind in names.items()}


def _words(dimensionality: Dimensionality) -> str:
    """A dimension in words."""
    for unit, words in [(d.si, d.words) for d in DIMENSIONS.values()] + list(_OTHER_WORDS.items()):
        if find_unit(unit).dimensionality == dimensionality:
            return _OTHER_WORDS.get(unit, words)
    powers = [name.strip("[]") + (f"^{power:g}" if power != 1 else "") for name, power in dimensionality]
    return "a quantity of dimension " + " ".join(powers)
