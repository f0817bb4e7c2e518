"""Quantities as people write them ("60 bar") to SI floats, and back. The only module that uses pint.

A quantity is one number with a decimal point and a unit expression. Only the unit ever reaches pint: pint reads
"1,5 bar" as 15 bar and "bar" as 1 bar without a word. Importing pint and making its registry takes many times as long
as solving a case, so what it says of common units is written down here (and a test asks it again), and both wait for
the first other unit. Every unit is looked up once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from membrane_pde.input import spelling

Dimensionality = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Dimension:
    """What a key of the case file measures: in words, as an example, and its SI unit."""

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
    "concentration": Dimension("a concentration", "35 g/L", "mol/m^3"),
    "molality": Dimension("a molality", "6 mol/kg", "mol/kg"),
    "density": Dimension("a density", "2.2 g/mL", "kg/m^3"),
    "molar_volume": Dimension("a molar volume", "16.6 cm^3/mol", "m^3/mol"),
    "specific_volume": Dimension("a specific volume", "0.73 mL/g", "m^3/kg"),
    "molar_volume_squared": Dimension("a third virial coefficient", "0.1 L^2/mol^2", "m^6/mol^2"),
}

# Only to say what a unit of the wrong dimension is.
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

# Units pint lacks. A gauge pressure is what every pressure here is, so barg is bar.
_DEFINITIONS = (
    "osmole = [osmoles] = Osm = osmol = osm = Osmol",
    "osmolar = osmole / liter = OsM = osM",
    "LMH = liter / meter**2 / hour",
    "gfd = gallon / foot**2 / day",
    "barg = bar",
    "psig = psi",
)


def _powers(**powers: int) -> Dimensionality:
    return tuple(sorted((f"[{name}]", float(power)) for name, power in powers.items()))


# What pint says of units that are often met, as it reads them: by dimension the size of each in SI units.
_SIZES = {
    _powers(): "percent=0.01 ppm=1e-6 mol/mol=1 g/g=1 g/kg=1e-3 mg/kg=1e-6 kg/kg=1 L/L=1 m^2/m^2=1 cm^2/cm^2=1",
    _powers(length=1): "m=1 dm=0.1 cm=0.01 mm=1e-3 um=1e-6 µm=1e-6 nm=1e-9 L/m^2=1e-3",
    _powers(length=-1): "1/m=1 1/mm=1e3 1/um=1e6 m^-1=1",
    _powers(length=2): "m^2=1 cm^2=1e-4",
    _powers(length=3): "m^3=1 L=1e-3 dL=1e-4 mL=1e-6 uL=1e-9",
    _powers(length=-3): "1/m^3=1 1/L=1e3 1/mL=1e6 1/cm^3=1e6",
    _powers(time=1): "s=1 ms=1e-3 min=60 h=3600 hour=3600 d=86400 day=86400 days=86400",
    _powers(time=-1): "1/s=1 Hz=1 1/min=0.016666666666666666 1/hour=0.0002777777777777778",
    _powers(length=1, time=-1): (
        "m/s=1 cm/s=0.01 mm/s=1e-3 um/s=1e-6 L/m^2/hour=2.7777777777777776e-07 L/m^2/h=2.7777777777777776e-07 "
        "LMH=2.7777777777777776e-07"
    ),
    _powers(length=2, time=-1): "m^2/s=1 cm^2/s=1e-4 mm^2/s=1e-6 um^2/s=1e-12",
    _powers(length=-1, mass=1, time=-2): (
        "Pa=1 hPa=100 kPa=1e3 MPa=1e6 mbar=100 bar=1e5 barg=1e5 atm=101325 psi=6894.7572931683635 "
        "psig=6894.7572931683635 mmHg=133.322387415 torr=133.32236842105263 J/m^3=1 J/L=1e3 kW*hour/m^3=3600000"
    ),
    _powers(length=2, mass=-1, time=1): (
        "m/s/Pa=1 m/s/bar=1e-5 cm/s/bar=1e-7 um/s/bar=1e-11 L/m^2/hour/bar=2.7777777777777777e-12 "
        "L/m^2/h/bar=2.7777777777777777e-12 LMH/bar=2.7777777777777777e-12"
    ),
    _powers(mass=1): "kg=1 g=1e-3 mg=1e-6 ug=1e-9",
    _powers(substance=1): "mol=1 mmol=1e-3 umol=1e-6 nmol=1e-9 kmol=1e3",
    _powers(mass=1, substance=-1): "kg/mol=1 g/mol=1e-3 (g/mol)=1e-3 (kg/mol)=1",
    _powers(length=-3, substance=1): "mol/m^3=1 mol/L=1e3 mmol/L=1 umol/L=1e-3 mmol/m^3=1e-3 M=1e3 mM=1 uM=1e-3",
    _powers(length=-3, mass=1): "kg/m^3=1 g/L=1 mg/L=1e-3 ug/L=1e-6 g/m^3=1e-3 mg/mL=1 g/mL=1e3 g/cm^3=1e3 mg/dL=0.01",
    _powers(osmoles=1): "Osm=1 mOsm=1e-3",
    _powers(length=-3, osmoles=1): "Osm/m^3=1 Osm/L=1e3 mOsm/L=1",
    _powers(mass=-1, substance=1): "mol/kg=1 mmol/kg=1e-3",
    _powers(mass=-1, osmoles=1): "Osm/kg=1 mOsm/kg=1e-3",
    _powers(length=3, substance=-1): "m^3/mol=1 L/mol=1e-3 mL/mol=1e-6 cm^3/mol=1e-6",
    _powers(length=6, substance=-2): "m^6/mol^2=1 L^2/mol^2=1e-6",
    _powers(length=3, mass=-1): "m^3/kg=1 L/kg=1e-3 mL/g=1e-3 cm^3/g=1e-3",
    _powers(length=2, mass=1, time=-2): "J=1 kJ=1e3 kW*hour=3600000",
    _powers(length=2, mass=1, substance=-1, time=-2): "J/mol=1 kJ/mol=1e3 kcal/mol=4184",
    _powers(temperature=1): "K=1 degC=1 degF=0.5555555555555556",
}
_KNOWN = {
    unit: (float(size), dimensionality)
    for dimensionality, sizes in _SIZES.items()
    for unit, size in (each.split("=") for each in sizes.split())
}

_LARGEST = 1e60  # in SI units; beyond it, and below its inverse, computing runs out of numbers
_LONGEST = 100  # characters; also keeps pint's parser from working on rubbish
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_ATMOSPHERE = 101325.0  # Pa


class UnitError(ValueError):
    """A text that is not a quantity, or one of the wrong dimension. The message is a part of a sentence.

    Parameters
    ----------
    reason : str
        What is wrong.
    readings : iterable of str, or of functions from a number to a text
        All that it may mean: quantities or, where a unit is wrong, units; a function makes the whole quantity.
    near : iterable of str
        What is near to it; the first that fits is shown.
    """

    def __init__(
        self, reason: str, readings: Iterable[str | Callable[[float], str]] = (), near: Iterable[str] = ()
    ) -> None:
        super().__init__(reason)
        self.readings, self.near = tuple(readings), tuple(near)


@dataclass(frozen=True)
class Unit:
    """A unit: SI value = number * factor / divisor + offset, one of the two being 1 wherever that is exact."""

    factor: float
    divisor: float
    offset: float
    dimensionality: Dimensionality
    fraction: str = ""  # of a dimensionless unit: a "mole", "mass" or "volume" fraction, an "area" ratio, a "share"
    doubt: str = ""  # why it is not read although its dimension fits

    def si(self, number: float) -> float:
        """SI value of a number in this unit."""
        return number * self.factor / self.divisor + self.offset


def cut(text: str, length: int = 60) -> str:
    """A text short enough for a message."""
    return text if len(text) <= length else text[: length - 1] + "…"


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
        if unit.dimensionality != _unit(wanted.si).dimensionality:
            return f"this is {_words(unit.dimensionality)}"
        if not wanted.si and unit.fraction not in ("share", "area"):
            return f"this is a {unit.fraction} fraction" if unit.fraction else "this is no ratio of areas"
        return unit.doubt

    def look_up(unit_text: str) -> Unit:
        if dimension == "molar_mass":  # a dalton is meant per particle: 40 kDa is 40 kg/mol
            unit_text = re.sub(r"\b([kM]?)Da\b", _dalton, unit_text)
        return _gauge_unit(unit_text) if dimension == "pressure" else _unit(unit_text)

    number, unit = _quantity(text, look_up, misfit, expected, sign)
    value = unit.si(number)
    _check_size(value, expected)
    _check_sign(value, sign)
    return value


def _check_sign(number: float, sign: Sign) -> None:
    if number < 0 and sign != "any":
        raise UnitError("must not be negative")
    if number == 0 and sign == "positive":
        raise UnitError("must be more than zero")


def parse_concentration(text: str) -> tuple[float, str]:
    """Read a concentration in whatever kind of unit it is written; what to make of it needs the solute.

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

    number, unit = _quantity(text, _unit, misfit, expected, "not negative")
    value = unit.si(number)
    _check_size(value, expected)
    _check_sign(value, "not negative")
    if unit.dimensionality:
        return value, kinds[unit.dimensionality]
    return value, "fraction" if unit.fraction == "share" else f"{unit.fraction} fraction"


def _quantity(
    text: str, look_up: Callable[[str], Unit], misfit: Callable[[Unit], str], expected: str, sign: Sign
) -> tuple[float, Unit]:
    """Number and unit of a quantity; or what is wrong with it, what it may mean that fits, and what was expected."""
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
    """What is wrong with a unit, or "", and what may have been meant."""
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
    found = _unit(unit)
    if counted_from == "absolute":
        raise UnitError(
            "pressures are gauge pressures here, counted from that of the atmosphere (1.01325 bar)",
            [lambda number: f"{to(found.si(number) - _ATMOSPHERE, unit):.6g} {unit}"],
        )
    return found


def _check_size(value: float, expected: str) -> None:
    """Refuse what no product of a few quantities could be computed with."""
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
    found = _unit(unit)
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
    wanted = _unit(like)

    def misfit(found: Unit) -> str:
        if found.dimensionality != wanted.dimensionality:
            return f"this is {_words(found.dimensionality)}"
        if not like and found.fraction != "share":
            return "this is not a plain number or a share of one"
        return found.doubt

    look_up = _gauge_unit if like == "Pa" else _unit
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


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry()
    for definition in _DEFINITIONS:
        registry.define(definition)
    return registry


@lru_cache(maxsize=1024)
def _unit(text: str) -> Unit:
    """Look a unit up."""
    if not text:  # the SI unit of a ratio
        return Unit(1.0, 1.0, 0.0, (), "share")
    if text not in _KNOWN:
        if (objection := spelling.refused(text)) is not None:
            raise UnitError(*objection)
        if (share := spelling.share(text)) is not None:
            numerator, denominator, kind = share
            per_volume = kind == "mass per volume"
            common = math.gcd(numerator, denominator)
            dimensionality = _unit("kg/m^3").dimensionality if per_volume else ()
            factor, divisor = float(numerator // common), float(denominator // common)
            return Unit(factor, divisor, 0.0, dimensionality, "" if per_volume else kind)
    plain = text if text in _KNOWN else _normalise(text)
    if plain in _OFFSETS:
        return Unit(*_OFFSETS[plain], _powers(temperature=1))
    offset, doubt = 0.0, ""
    if plain in _KNOWN:
        size, dimensionality = _KNOWN[plain]
    else:
        size, offset, dimensionality, doubt = _asked(plain, text)
    factor, divisor = _round_number(size), 1.0
    if size < 1 and _round_number(1 / size) == round(1 / size):
        factor, divisor = 1.0, float(round(1 / size))
    return Unit(factor, divisor, offset, dimensionality, "" if dimensionality else _fraction(plain), doubt)


# factor, divisor and offset of what everybody writes, exactly
_OFFSETS = {"degC": (1.0, 1.0, 273.15), "degF": (5.0, 9.0, 459.67 * 5 / 9)}


def _asked(plain: str, text: str) -> tuple[float, float, Dimensionality, str]:
    """What pint says of a unit: the size of one in SI units, the offset, the dimension; and why it is not to be read.

    A unit with an offset is one whose zero is not the SI unit's. It is a temperature alone; beside other words a
    difference is meant, which is written in K.
    """
    registry = _registry()
    words = spelling.words(plain)
    for word in words:  # one by one: pint does not look at what cancels
        try:
            registry.parse_units(word)
        except Exception:  # pint's parser fails in many ways on what is not a unit
            near = [spelling.replaced(plain, word, other) for other in (*spelling.near(word), "")]  # "": g/L NaCl
            near = [re.sub(r" ?/ ?", "/", " ".join(other.split())) for other in near]
            near = [other for other in near if not other.startswith("/")]  # of gNaCl/L, where the mass is gone with it
            raise UnitError(f'unknown unit "{cut(word)}"', near=near) from None
    try:
        parsed = registry.parse_units(plain)
        zero, one, two = (_base_number(parsed, number) for number in (0.0, 1.0, 2.0))
        dimensionality = _sorted(parsed.dimensionality)
    except Exception:
        raise UnitError(f'"{cut(text)}" is not a unit expression') from None
    if not math.isclose(two - one, one - zero, rel_tol=1e-9):
        raise UnitError(f'"{cut(text)}" is a logarithmic unit, which is not read')
    return one - zero, zero, dimensionality, _doubt(plain, words, dimensionality)


def _base_number(unit: Any, number: float) -> float:
    quantity: Any = _registry().Quantity(number, unit).to_base_units()
    return float(quantity.magnitude)


def _doubt(plain: str, words: list[str], dimensionality: Dimensionality) -> str:
    """Why a unit that pint reads is not to be read: what people mean by it may be something else."""
    from pint.util import to_units_container

    if dimensionality and (nothing := spelling.one(plain)):
        return f'"{nothing}" is 1, which says nothing'
    registry = _registry()
    parsed: dict[str, Any] = dict(to_units_container(registry.parse_units(plain)))
    powers: dict[str, float] = dict.fromkeys((_stem(word) for word in words), 0.0)
    for name, power in parsed.items():
        powers[_stem(name)] = powers.get(_stem(name), 0.0) + float(power)
    for word in words:
        (prefix, name, _), *_ = registry.parse_unit_name(word)
        if name.startswith("delta_"):
            return f'"{word}" is a difference of two temperatures'
        if len(words) > 1 or powers[_stem(word)] != 1.0:
            if _base_number(word, 0.0) != 0.0:
                return f'"{word}" beside other units: a difference of temperatures is written in K'
            if dimensionality and name in ("percent", "permille", "ppm"):
                return f'"{"%" if word == "percent" else word}" does not go with other units'
        if not spelling.is_usual(word, bool(prefix)):
            full = f"{prefix}{name}".replace("_", " ")
            return f'"{word}" is the symbol of {full}, which is unusual here'
        if powers[_stem(word)] == 0.0 and dimensionality:
            return f'"{word}" stands above and below the line, which says nothing'
    for angle in ("radian", "bit"):
        if angle in to_units_container(registry.Quantity(1.0, plain).to_base_units()):
            return "an angle or a number of bits is no unit here" if dimensionality else ""
    return ""


def _stem(word: str) -> str:
    """The name of a unit without its prefix, as pint has it."""
    (_, name, _), *_ = _registry().parse_unit_name(word)
    return str(name)


def _round_number(factor: float) -> float:
    """Undo pint's round-off where a factor is plainly a short decimal (999.9999999999999 for g/L)."""
    short = float(f"{factor:.12g}")
    return short if abs(short - factor) <= 1e-15 * abs(factor) else factor


def _normalise(text: str) -> str:
    """Rewrite a unit's text to what pint reads, refusing what it would misread."""
    unit = spelling.same(text.strip()).replace("μ", "µ").replace("−", "-").replace("**", "^")
    unit = re.sub(r"[\u00a0\u2009\u202f]", " ", unit)
    unit = re.sub(r"[·⋅×]", "*", unit)
    unit = re.sub(r"[°º˚∘⁰]\s?([CFKR])\b", r"deg\1", unit).replace("℃", "degC").replace("℉", "degF")
    unit = re.sub(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + m.group().translate(_SUPERSCRIPTS), unit)
    unit = unit.replace("%", "percent").replace("‰", "permille")
    unit = re.sub(r"(?<=[A-Za-zµ])-([1-9])(?![0-9])", r"^-\1", unit)  # m s-1
    unit = re.sub(r"(?<=[A-Za-zµ])([23])(?![0-9A-Za-z])", r"^\1", unit)  # m2, cm3
    unit = re.sub(r"\^\((-?[1-9])\)", r"^\1", unit)
    if unit.startswith("/"):
        unit = "1" + unit
    rest = unit[1:] if re.match(r"1\s*/", unit) else unit
    rest = re.sub(r"\^-?[1-9](?![0-9]|\.[0-9])", "", rest)
    odd = re.search(r"[^A-Za-z0-9µΩÅ_*/() ]", rest)
    if odd:
        raise UnitError(f'"{odd.group()}" does not belong in a unit')
    if re.search(r"(?<![A-Za-zµ])[0-9]", rest):
        raise UnitError("more than one number: write one, without separators, and then the unit")
    return unit


def _dalton(match: re.Match[str]) -> str:
    return {"": "(g/mol)", "k": "(kg/mol)", "M": "(kg/mmol)"}[match.group(1)]


def _sorted(dimensionality: Any) -> Dimensionality:
    return tuple(sorted((str(name), float(power)) for name, power in dimensionality.items()))


def _fraction(unit: str) -> str:
    """What a dimensionless unit, one word over another, is a fraction of; "" where that says nothing."""
    if unit in ("percent", "ppm"):
        return "share"
    numerator = unit.partition("/")[0].strip()
    names = {
        _powers(substance=1): "mole",
        _powers(mass=1): "mass",
        _powers(length=3): "volume",
        _powers(length=2): "area",
    }
    if not re.fullmatch(r"[^\s*/]+ ?/ ?[^\s*/]+", unit):
        return ""
    try:
        return names.get(_unit(numerator).dimensionality, "")
    except UnitError:
        return ""


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
    return {_unit(unit).dimensionality: kind for unit, kind in names.items()}


def _words(dimensionality: Dimensionality) -> str:
    """A dimension in words."""
    for unit, words in [(d.si, d.words) for d in DIMENSIONS.values()] + list(_OTHER_WORDS.items()):
        if _unit(unit).dimensionality == dimensionality:
            return _OTHER_WORDS.get(unit, words)
    powers = [name.strip("[]") + (f"^{power:g}" if power != 1 else "") for name, power in dimensionality]
    return "a quantity of dimension " + " ".join(powers)
