"""Quantities as people write them ("60 bar") to SI floats, and back. The only module that uses pint.

A quantity is one number with a decimal point and a unit expression. Only the unit ever reaches pint: pint reads
"1,5 bar" as 15 bar and "bar" as 1 bar without a word. Importing pint and making its registry takes many times as long
as solving a case, so what it says of common units is written down here (and a test asks it again), and both wait for
the first other unit. Every unit is looked up once.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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

# To guess what a misspelt unit was meant to be.
_COMMON_TEXT = (
    "Pa kPa MPa hPa bar mbar barg psi psig atm mmHg torr m cm mm um nm L mL uL dL s ms min h hour day mol mmol umol "
    "nmol kmol M mM uM g kg mg ug Da kDa K degC degF LMH gfd ppm percent Osm mOsm ft in gallon"
)
_COMMON = _COMMON_TEXT.split()
_COMMON_BY_LOWER = {unit.lower(): unit for unit in _COMMON}

_LARGEST = 1e60  # in SI units; beyond it, and below its inverse, computing runs out of numbers
_LONGEST = 100  # characters; also keeps pint's parser from working on rubbish
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_TEMPERATURE_SLIP = re.compile(r"(?:deg(?:rees?)?\s*|[°º]\s*)?([cf])(?:elsius|ahrenheit)?", re.IGNORECASE)


class UnitError(ValueError):
    """A text that is not a quantity, or one of the wrong dimension. The message is a part of a sentence."""


@dataclass(frozen=True)
class Unit:
    """A unit: SI value = number * factor / divisor + offset, one of the two being 1 wherever that is exact."""

    factor: float
    divisor: float
    offset: float
    dimensionality: Dimensionality
    fraction: str  # for a dimensionless unit "mole", "mass", "volume" or "unclear"; else ""

    def si(self, number: float) -> float:
        """SI value of a number in this unit."""
        return number * self.factor / self.divisor + self.offset


def cut(text: str, length: int = 60) -> str:
    """A text short enough for a message."""
    return text if len(text) <= length else text[: length - 1] + "…"


@lru_cache(maxsize=4096)  # in a sweep the same texts are read time and again
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
    if "℃" in body or "℉" in body:
        raise UnitError(f'did you mean "{body.replace("℃", "degC").replace("℉", "degF")}"?')
    match = _NUMBER.match(body)
    if match is None:
        if re.match(r"[+-]?(nan|inf)", body, re.IGNORECASE):
            raise UnitError("not a finite number")
        if body.startswith(("−", "–")):
            raise UnitError(f'write an ordinary minus sign: "-{body[1:].lstrip()}"')
        if body.startswith(","):
            raise UnitError(f'write a decimal point, not a comma: "0.{body[1:]}"')
        if re.match(r"[^\W\d_]|[%°/]", body):
            raise UnitError(f'a unit without a number: write "1 {body}" if one is meant')
        raise UnitError("expected one number with a decimal point, then a unit")
    number, unit = match.group(), body[match.end() :].lstrip()
    if not unit:
        raise UnitError("a number without a unit")
    if unit.startswith(","):
        decimal = re.fullmatch(r"([+-]?[0-9]+),([0-9]+(?![0-9.,]).*)", body)
        meant = f': "{decimal[1]}.{decimal[2]}"' if decimal else ""
        raise UnitError(f"write a decimal point, and no commas{meant}")
    if unit[0] in "'_" or (re.match(r"[0-9.]", unit) and not re.match(r"1\s*/\s*[^\W0-9_]", unit)):
        raise UnitError("more than one number: write one, without separators, and then the unit")
    if unit[0] in "*+^(-×·−–" or re.match(r"/\s*[0-9]", unit):
        raise UnitError("arithmetic is not understood: write one number and a unit")
    value = float(number)
    if not math.isfinite(value):
        raise UnitError("the number is too large")
    return value, unit


def parse(text: str, dimension: str) -> float:
    """Read a quantity.

    Parameters
    ----------
    text : str
        For example "50 bar".
    dimension : str
        A key of `DIMENSIONS` other than "concentration", for example "pressure".

    Returns
    -------
    float
        The value in SI units.

    Raises
    ------
    UnitError
        Not a quantity (see `split`), an unknown unit, or a unit of another dimension.
    """
    wanted = DIMENSIONS[dimension]
    expected = f'expected {wanted.words}, for example "{wanted.example}"'
    try:
        number, unit_text = split(text)
        if dimension == "molar_mass":  # a dalton is meant per particle: 40 kDa is 40 kg/mol
            unit_text = re.sub(r"\b([kM]?)Da\b", _dalton, unit_text)
        unit = _unit(unit_text)
    except UnitError as error:
        reason = str(error)
        if dimension == "temperature" and "degC" not in reason:
            reason += _temperature_hint(text)
        raise UnitError(_with_expectation(reason, expected)) from None
    if unit.dimensionality != _unit(wanted.si).dimensionality:
        hint = _temperature_hint(text) if dimension == "temperature" else ""
        hint = hint or _case_hint(number, unit_text, (_unit(wanted.si).dimensionality,))
        raise UnitError(f"this is {_words(unit.dimensionality)}, {expected}{hint}")
    value = unit.si(number)
    _check_size(value, expected)
    return value


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
        Not a quantity, an unknown unit, or no concentration.
    """
    wanted = DIMENSIONS["concentration"]
    expected = f'expected {wanted.words}, for example "{wanted.example}"'
    try:
        number, unit_text = split(text)
        unit = _unit(unit_text)
    except UnitError as error:
        reason = str(error)
        raise UnitError(_with_expectation(reason, expected)) from None
    kinds = _concentration_kinds()
    kind = kinds.get(unit.dimensionality, "")
    if unit.fraction:
        kind = "fraction" if unit.fraction == "unclear" else f"{unit.fraction} fraction"
    elif kind == "count" and re.search(r"%|percent|pp[mb]", unit_text):
        kind = ""
    if not kind:
        hint = _case_hint(number, unit_text, tuple(kinds))
        raise UnitError(f"this is {_words(unit.dimensionality)}, {expected}{hint}")
    value = unit.si(number)
    _check_size(value, expected)
    return value, kind


def _check_size(value: float, expected: str) -> None:
    """Refuse what no product of a few quantities could be computed with."""
    if not abs(value) < _LARGEST or 0.0 < abs(value) < 1.0 / _LARGEST:
        raise UnitError(f"the number is too {'small' if abs(value) < 1.0 else 'large'}; {expected}")


def _with_expectation(reason: str, expected: str) -> str:
    if "expected" in reason:
        return reason
    return f"{reason} E{expected[1:]}" if reason.endswith("?") else f"{reason}; {expected}"


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
    found = _unit(unit)
    if found.dimensionality != _unit(like).dimensionality:
        hint = _case_hint(1.0, unit, (_unit(like).dimensionality,)).replace('"1 ', '"')
        raise UnitError(f"this is {_words(found.dimensionality)}; expected a unit like {like}{hint}")
    return found.factor / found.divisor


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
    plain = text if text in _KNOWN else _normalise(text)
    if not plain:  # the SI unit of a ratio
        return Unit(1.0, 1.0, 0.0, (), "unclear")
    try:
        size, dimensionality = _KNOWN.get(plain) or _asked(plain)
        if plain in ("degC", "degF"):
            factor, divisor, offset = (1.0, 1.0, 273.15) if plain == "degC" else (5.0, 9.0, 459.67 * 5 / 9)
        else:
            factor, divisor, offset = _round_number(size), 1.0, 0.0
            if size < 1 and _round_number(1 / size) == round(1 / size):
                factor, divisor = 1.0, float(round(1 / size))
    except Exception:  # pint's parser fails in many ways on what is not a unit
        raise UnitError(_unknown(plain, text)) from None
    return Unit(factor, divisor, offset, dimensionality, "" if dimensionality else _fraction(plain))


def _asked(plain: str) -> tuple[float, Dimensionality]:
    """What pint says of a unit: its size in SI units, and its dimensionality."""
    registry = _registry()
    parsed = registry.parse_units(plain)
    return float(registry.Quantity(1.0, parsed).to_base_units().magnitude), _sorted(parsed.dimensionality)


def _round_number(factor: float) -> float:
    """Undo pint's round-off where a factor is plainly a short decimal (999.9999999999999 for g/L)."""
    short = float(f"{factor:.12g}")
    return short if abs(short - factor) <= 1e-15 * abs(factor) else factor


def _normalise(text: str) -> str:
    """Rewrite a unit's text to what pint reads, refusing what it would misread."""
    unit = text.strip().replace("μ", "µ").replace("**", "^")
    unit = re.sub(r"[·⋅×]", "*", unit)
    unit = re.sub(r"[°º]([CF])\b", r"deg\1", unit)
    unit = re.sub(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + m.group().translate(_SUPERSCRIPTS), unit)
    unit = unit.replace("%", "percent")
    unit = re.sub(r"(?<=[A-Za-zµ])-([1-9])(?![0-9])", r"^-\1", unit)  # m s-1
    unit = re.sub(r"(?<=[A-Za-zµ])([23])(?![0-9A-Za-z])", r"^\1", unit)  # m2, cm3
    unit = re.sub(r"\^\((-?[1-9])\)", r"^\1", unit)
    if unit.startswith("/"):
        unit = "1" + unit
    rest = unit[1:] if re.match(r"1\s*/", unit) else unit
    rest = re.sub(r"\^-?[1-9](?![0-9.])", "", rest)
    odd = re.search(r"[^A-Za-z0-9µΩÅ_*/() ]", rest)
    if odd:
        raise UnitError(f'"{odd.group()}" does not belong in a unit')
    if re.search(r"(?<![A-Za-zµ])[0-9]", rest):
        raise UnitError("more than one number: write one, without separators, and then the unit")
    return unit


def _dalton(match: re.Match[str]) -> str:
    return {"": "(g/mol)", "k": "(kg/mol)", "M": "(Mg/mol)"}[match.group(1)]


def _sorted(dimensionality: Any) -> Dimensionality:
    return tuple(sorted((str(name), float(power)) for name, power in dimensionality.items()))


def _fraction(unit: str) -> str:
    """What a dimensionless unit is a fraction of, by what stands before its first slash."""
    numerator, slash, _ = unit.partition("/")
    names = {"[substance]": "mole", "[mass]": "mass", "[length]": "volume"}
    if slash and numerator.strip() != "1":
        try:
            dimensionality = _unit(numerator.strip()).dimensionality
        except UnitError:
            return "unclear"
        if len(dimensionality) == 1:
            name, power = dimensionality[0]
            if (name, power) != ("[length]", 2.0):  # an area ratio is no concentration
                return names.get(name, "unclear")
    return "unclear"


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


def _temperature_hint(text: str) -> str:
    """Ask for what was meant by "20 C", which is 20 coulomb."""
    try:
        number, unit = split(text)
    except UnitError:
        return ""
    match = _TEMPERATURE_SLIP.fullmatch(unit.strip())
    if match is None:
        return ""
    number_text = text.strip()[: len(text.strip()) - len(unit)].strip()
    return f'; did you mean "{number_text or number} deg{match.group(1).upper()}"?'


def _case_hint(number: float, unit: str, wanted: tuple[Dimensionality, ...]) -> str:
    """A unit that fits if capital and small letters are changed, "10 Mpa" for "10 MPa"."""
    other = re.sub(r"[A-Za-zµ]+", lambda m: _COMMON_BY_LOWER.get(m.group().lower(), m.group()), unit)
    if other == unit:
        return ""
    try:
        fits = _unit(other).dimensionality in wanted
    except UnitError:
        return ""
    return f'; did you mean "{number:g} {other}"? (units are case-sensitive)' if fits else ""


def _unknown(plain: str, text: str) -> str:
    """Say which part of a unit is not known, and what it may have been meant to be."""
    registry = _registry()
    for token in re.findall(r"[A-Za-zµΩÅ_][A-Za-zµΩÅ_0-9]*", plain):
        try:
            registry.parse_units(token)
        except Exception:
            break
    else:
        return f'"{cut(text)}" is not a unit expression'
    same = _COMMON_BY_LOWER.get(token.lower())
    if same:
        return f'unknown unit "{cut(token)}"; did you mean "{same}"? (units are case-sensitive)'
    if token in ("bara", "psia"):
        return f'unknown unit "{token}": pressures are gauge pressures here, write bar or psi'
    near = difflib.get_close_matches(token, _COMMON, n=1, cutoff=0.6)
    return f'unknown unit "{cut(token)}"' + (f'; did you mean "{near[0]}"?' if near else "")
