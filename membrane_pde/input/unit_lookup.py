"""The size and dimension of a unit such as "L/m^2/hour/bar". The only module that uses pint.

Only the unit of a quantity ever reaches pint: pint reads "1,5 bar" as 15 bar and "bar" as 1 bar without a word.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from membrane_pde.input import spelling
from membrane_pde.input.errors import UnitError
from membrane_pde.input.wording import cut
from membrane_pde.physics.constants import STANDARD_ATMOSPHERE, ZERO_CELSIUS

Dimensionality = tuple[tuple[str, float], ...]
# Units that pint lacks. All pressures here are gauge pressures, so barg is bar.
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


# Size of common units in SI units, by dimension. Importing pint and making its registry takes 0.26 s of CPU even with
# pint's own cache on disk (0.42 s without), three times what `import membrane_pde` and reading a case take: so pint is
# loaded for other units only, and a test compares this table with pint.
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
    _powers(length=3, time=-1): (
        "m^3/s=1 m^3/h=0.0002777777777777778 m^3/hour=0.0002777777777777778 m^3/d=1.1574074074074073e-05 "
        "m^3/day=1.1574074074074073e-05 L/s=1e-3 L/min=1.6666666666666667e-05 mL/min=1.6666666666666667e-08 "
        "L/h=2.7777777777777776e-07 L/hour=2.7777777777777776e-07"
    ),
    _powers(length=-2, mass=1, time=-2): "Pa/m=1 bar/m=1e5",
    _powers(length=-1, mass=1, time=-1): "Pa*s=1 mPa*s=1e-3",
    _powers(length=2, time=-1): "m^2/s=1 cm^2/s=1e-4 mm^2/s=1e-6 um^2/s=1e-12",
    _powers(length=-1, mass=1, time=-2): (
        f"Pa=1 hPa=100 kPa=1e3 MPa=1e6 mbar=100 bar=1e5 barg=1e5 atm={STANDARD_ATMOSPHERE} psi=6894.7572931683635 "
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
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


@dataclass(frozen=True)
class Unit:
    """A unit: SI value = number * factor / divisor + offset. Factor or divisor is 1 where the other is then exact."""

    factor: float
    divisor: float
    offset: float
    dimensionality: Dimensionality
    fraction: str = ""  # of a dimensionless unit: a "mole", "mass" or "volume" fraction, an "area" ratio, a "share"
    doubt: str = ""  # why it is not accepted although its dimension is right

    def si(self, number: float) -> float:
        """SI value of a number in this unit."""
        return number * self.factor / self.divisor + self.offset


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry()
    for definition in _DEFINITIONS:
        registry.define(definition)
    return registry


@lru_cache(maxsize=1024)
def find_unit(text: str) -> Unit:
    """Look up a unit: in the table, or with pint."""
    if not text:  # the SI unit of a ratio
        return Unit(1.0, 1.0, 0.0, (), "share")
    if text not in _KNOWN:
        if (objection := spelling.refused(text)) is not None:
            raise UnitError(*objection)
        if (share := spelling.share(text)) is not None:
            numerator, denominator, kind = share
            per_volume = kind == "mass per volume"
            common = math.gcd(numerator, denominator)
            dimensionality = find_unit("kg/m^3").dimensionality if per_volume else ()
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


# exact factor, divisor and offset of the common scales of temperature
_OFFSETS = {"degC": (1.0, 1.0, ZERO_CELSIUS), "degF": (5.0, 9.0, 459.67 * 5 / 9)}


def _asked(plain: str, text: str) -> tuple[float, float, Dimensionality, str]:
    """Ask pint for a unit: its size in SI units, its offset, its dimension, and why it is refused ("" if it is not).

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
        raise UnitError(f'"{cut(text)}" is a logarithmic unit, which is not supported')
    return one - zero, zero, dimensionality, _doubt(plain, words, dimensionality)


def _base_number(unit: Any, number: float) -> float:
    quantity: Any = _registry().Quantity(number, unit).to_base_units()
    return float(quantity.magnitude)


def _doubt(plain: str, words: list[str], dimensionality: Dimensionality) -> str:
    """Reason why an ambiguous unit that pint reads is not accepted; "" if it is accepted."""
    from pint.util import to_units_container

    if dimensionality and (nothing := spelling.one(plain)):
        return f'"{nothing}" cancels to 1: leave it out'
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
            return f'"{word}" stands in the numerator and in the denominator, so that it cancels'
    for angle in ("radian", "bit"):
        if angle in to_units_container(registry.Quantity(1.0, plain).to_base_units()):
            return "an angle or a number of bits has no meaning here" if dimensionality else ""
    return ""


def _stem(word: str) -> str:
    """The name of a unit without its prefix, as pint has it."""
    (_, name, _), *_ = _registry().parse_unit_name(word)
    return str(name)


def _round_number(factor: float) -> float:
    """Undo the round-off of pint if a factor is evidently a short decimal (999.9999999999999 for g/L)."""
    short = float(f"{factor:.12g}")
    return short if abs(short - factor) <= 1e-15 * abs(factor) else factor


def _normalise(text: str) -> str:
    """Rewrite a unit in the spelling of pint; raise a UnitError for what pint would misread."""
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


def _sorted(dimensionality: Any) -> Dimensionality:
    return tuple(sorted((str(name), float(power)) for name, power in dimensionality.items()))


def _fraction(unit: str) -> str:
    """Kind of fraction that a dimensionless unit (one word over another) denotes; "" if it is not clear."""
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
        return names.get(find_unit(numerator).dimensionality, "")
    except UnitError:
        return ""
