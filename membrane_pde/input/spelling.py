"""Common spellings of numbers and units that pint, which knows nearly every unit, would misread.

Functions of text alone, without pint: what %, w/v and their like mean; which short symbols are usual in this field
(pint has hundreds more: gr is a grain, ppt a picopint, a a year); what a slip was probably meant to be; numbers with
separators.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator

# Short symbols that are usual, with the prefixes that are usual with them: MM is no megamolar, Mg/L a slip for mg/L.
_PREFIXES = {
    "m": "f p n u µ m c d k",
    "g": "f p n u µ mc m c k",
    "s": "p n u µ m",
    "mol mole": "f p n u µ m c k",
    "M molar": "f p n u µ m",
    "L l liter litre": "f p n u µ mc m c d h k",
    "Osm osm osmol Osmol osmole OsM osM": "n u µ m",
    "Pa": "n u µ m d h k M G",
    "bar": "n u µ m d k",
    "psi atm": "m k",
    "torr": "u µ m",
    "J": "u µ m k M G",
    "cal": "m k",
    "W": "u µ m k M G",
    "Wh eV": "m k M",
    "N": "u µ m k M",
    "Hz": "u µ m k M G",
    "K": "m",
    "Da": "k M",
}
_UNPREFIXED = (
    "h hr hrs d day min sec yr yrs ft in mi yd t lb lbs oz gal cc at ksi lbf kgf Å St cSt dyn erg gfd LMH degC degF "
    "degK degR"
)
_USUAL = frozenset(_UNPREFIXED.split()) | {
    prefix + symbol
    for symbols, prefixes in _PREFIXES.items()
    for symbol in symbols.split()
    for prefix in ("", *prefixes.split())
}
_SHORT = 3  # letters; longer words without a prefix have one meaning only

# Spellings that pint lacks or reads as something else, and that are unambiguous here; mil is an angle there.
_SAME = {"Torr": "torr", "mTorr": "mtorr", "mil": "thou", "mils": "thou"}

# What a word was probably meant to be.
_MEANT = {
    "gr": "g",
    "gm": "g",
    "gms": "g",
    "mgr": "mg",
    "kgr": "kg",
    "lt": "L",
    "Lt": "L",
    "ltr": "L",
    "Ba": "bar",
    "kD": "kDa",
    "D": "Da",
    "amu": "Da",
    "u": "Da",
    "kg": "kgf",
    "kp": "kgf",
    "lb": "lbf",
    "lbs": "lbf",
    "mpercent": "percent",
    "mppm": "ppm",
    "rpm": "1/min",
    "rps": "1/s",
    "cps": "1/s",
    "cells": "1",
    "cell": "1",
    "cfu": "1",
    "CFU": "1",
    "mws": "mH2O",
    "a": "yr",
    "Kelvin": "K",
    "celcius": "degC",
    "Celcius": "degC",
    "per": "/",
    "centigrade": "degC",
    "Centigrade": "degC",
}
# What a whole unit was probably meant to be.
_WHOLE = {
    "m": "mol/kg",
    "molal": "mol/kg",
    "mmolal": "mmol/kg",
    "°": "degC",
    "deg": "degC",
    "degrees": "degC",
    "m%": "% w/w",
    "g%": "g/dL",
    "mg%": "mg/dL",
    "pct": "%",
    "per cent": "%",
    "per mille": "‰",
    "per mil": "‰",
    "per thousand": "‰",
    "parts per thousand": "‰",
    "parts per million": "ppm",
    "parts per billion": "ppb",
    "brix": "% w/w",
    "bx": "% w/w",
}
_COMMON_TEXT = (
    "Pa kPa MPa hPa bar mbar barg psi psig atm mmHg torr m cm mm um nm L mL uL dL s ms min h hour day mol mmol umol "
    "nmol kmol M mM uM g kg mg ug J kJ Da kDa K degC degF LMH gfd ppm percent Osm mOsm ft in gallon"
)
_COMMON = _COMMON_TEXT.split()
_COMMON_BY_LOWER = {unit.lower(): unit for unit in _COMMON}
_WORD = re.compile(r"[A-Za-zµΩÅ_][A-Za-zµΩÅ_0-9]*")
_TEMPERATURE_SLIP = re.compile(
    r"(?:(?:deg(?:rees?)?|grad|o)[\s._]*|[°º]\s*)?([cf])(?:elsius|ahrenheit)?", re.IGNORECASE
)
_GAUGE = re.compile(
    r"([hkM]?Pa|m?bar|atm|psi|torr)\s*[(\[]?\s*(?:(g|gauge)|(a|abs\.?|absolute))\s*[)\]]?", re.IGNORECASE
)

# ---------------------------------------------------------------------------------------------------------------
# Shares.

_SHARES = {"percent": 10**2, "permille": 10**3, "ppm": 10**6, "ppb": 10**9, "ppq": 10**15}
_BASES = {
    "mass": "w/w m/m g/g kg/kg wt/wt wt weight mass w",
    "volume": "v/v l/l ml/ml vol/vol vol volume v",
    "mole": "mol/mol n/n mol mole",
    "mass per volume": "w/v m/v wt/vol",
}
_BASE_OF = {word: base for base, words in _BASES.items() for word in words.split()}


def share(text: str) -> tuple[int, int, str] | None:
    """The meaning of a unit such as %, "% w/v" or "vol%".

    Parameters
    ----------
    text : str
        A unit.

    Returns
    -------
    tuple of int, int and str, or None
        SI value of one as numerator and denominator, and what it is: a "mass", "volume" or "mole" fraction, a "share"
        (of what is not said), or "mass per volume", kg/m^3: 1 % w/v is 1 g in 100 mL. None for any other unit.
    """
    plain = text.strip().lower().replace("%", " percent ").replace("‰", " permille ")
    plain = re.sub(r"\b(pp[mbq])([vw])\b", r"\1 \2", plain)
    if re.search(r"\b[GM]/", text):  # gauss and molar, not g/g and m/m
        return None
    words = [word for word in re.sub(r"[().\-]", " ", plain).split() if word != "by"]
    shares = [word for word in words if word in _SHARES]
    bases = [word for word in words if word in _BASE_OF]
    if len(shares) + len(bases) != len(words) or max(len(shares), len(bases)) != 1 or len(words) > 2:
        return None
    kind = _BASE_OF[bases[0]] if bases else "share"
    if not shares and ("/" not in bases[0] or kind == "mass per volume"):
        return None
    divisor = _SHARES[shares[0]] if shares else 1
    return (1000 if kind == "mass per volume" else 1), divisor, kind


def refused(text: str) -> tuple[str, tuple[str | Callable[[float], str], ...]] | None:
    """Reason why a unit is not accepted, and replacements: a unit, or a function from the number to a quantity.

    Parameters
    ----------
    text : str
        A unit.

    Returns
    -------
    tuple of str and tuple, or None
        None where there is no objection to it.
    """
    plain = text.strip()
    if re.search(r"\bppt\b", plain, re.IGNORECASE):
        per_trillion = lambda number: f"{number / 1000:.12g} ppb"  # noqa: E731
        return "ppt is per thousand to some and per trillion to others", ("‰", per_trillion)
    if re.search(r"\bpsu\b", plain, re.IGNORECASE):
        return "psu is no unit of concentration; seawater has about as many grams of salt per kilogram", ("g/kg",)
    if re.fullmatch(r"(w|m|wt)/(v|vol)", plain, re.IGNORECASE):
        return f'"{plain}" does not say in which units', ("g/mL", "% w/v")
    if re.fullmatch(r"m?g\s*(%|percent)", plain):
        return f'"{plain}" is read in several ways', (_WHOLE[plain.replace(" ", "").replace("percent", "%")],)
    if re.fullmatch(r"(m|mass\s*m)\s*(%|percent)", plain):
        return f'"{plain}" may be milli-per-cent or per cent by mass', ("% w/w",)
    if re.fullmatch(r"(% ?)?abv", plain, re.IGNORECASE):
        return "ABV is a share of the volume", ("% v/v",)
    if re.fullmatch(r"[km]?g ?(/|per) ?100 ?k?g", plain):
        return f'"{plain}" is per mass of solution to some and of water to others', _of_solution_or_water(plain)
    if re.search(r"\b(m|µ|u)?(eq|val)\b", plain, re.IGNORECASE):
        return "an equivalent is a mole of charges: divide by the solute's charge, and write mol/L or mmol/L", ()
    return None


def _of_solution_or_water(unit: str) -> tuple[Callable[[float], str], Callable[[float], str]]:
    """Two functions that rewrite a value in "g/100 g" as % w/w, for 100 g of solution and for 100 g of water."""
    grams = {"k": 1000.0, "m": 0.001}
    percent = grams.get(unit[0], 1.0) / (1000.0 if unit.endswith("kg") else 1.0)

    def of_solution(number: float) -> str:
        return f"{number * percent:.6g} % w/w"

    def of_water(number: float) -> str:
        share = number * percent
        return f"{100.0 * share / (100.0 + share):.6g} % w/w" if share > 0.0 else of_solution(number)

    return of_solution, of_water


# ---------------------------------------------------------------------------------------------------------------
# Units.


def words(unit: str) -> list[str]:
    """The words of a unit, each once, in their order."""
    return list(dict.fromkeys(_WORD.findall(unit)))


def is_usual(word: str, prefixed: bool) -> bool:
    """True if a word means in this field what pint takes it for.

    Parameters
    ----------
    word : str
        One of a unit.
    prefixed : bool
        It has a prefix, as pint reads it.
    """
    if word in _USUAL or (len(word) > _SHORT and word.removesuffix("s") in _USUAL):
        return True
    long_prefix = re.match(r"(femto|pico|nano|micro|milli|centi|deci|deca|hecto|kilo|mega|giga)(?=...)", word)
    water_or_mercury = re.fullmatch(r"(m|c)m_?(Hg|H2O)", word)
    return bool(long_prefix or water_or_mercury) if prefixed else len(word) > _SHORT


def same(unit: str) -> str:
    """Replace unambiguous spellings that pint lacks by those of pint."""
    unit = re.sub(r"\b(mm|cm|m|in|ft) (Hg|H2O)\b", r"\1\2", unit)
    unit = re.sub(r"/ ?100 ?m[lL]\b", "/dL", unit)
    return _WORD.sub(lambda m: _SAME.get(m.group(), m.group()), unit)


def reference(unit: str) -> tuple[str, str]:
    """Split a unit of pressure into the unit and the mark for gauge or absolute.

    Parameters
    ----------
    unit : str
        For example "barg", "bar(g)" or "psia".

    Returns
    -------
    tuple of str
        The unit alone, and "gauge", "absolute" or "".
    """
    match = _GAUGE.fullmatch(unit.strip())
    if match is None:
        return unit, ""
    return match[1], "gauge" if match[2] else "absolute"


def near(word: str) -> Iterator[str]:
    """Common units that a word may have been meant to be, the nearest first."""
    if same_letters := _COMMON_BY_LOWER.get(word.lower()):
        yield same_letters
    if word in _MEANT:
        yield _MEANT[word]
    if len(word) > _SHORT:
        yield word.lower()  # Pascal
    yield from (_COMMON_BY_LOWER[each] for each in difflib.get_close_matches(word.lower(), _COMMON_BY_LOWER, 3, 0.75))


def meant(unit: str) -> Iterator[str]:
    """Units that this one may have been meant to be, the likeliest first; the caller sees whether they fit."""
    plain = unit.strip()
    if plain in _WHOLE:
        yield _WHOLE[plain]
    if word := _WHOLE.get(plain.lower().strip("%° ")):  # 12 °Bx
        yield word
    if slip := _TEMPERATURE_SLIP.fullmatch(plain):
        yield f"deg{slip[1].upper()}"
    yield _COMMON_BY_LOWER.get(plain.lower(), plain)  # mM of mm
    yield _WORD.sub(lambda m: m[0] if m[0] in _COMMON else _COMMON_BY_LOWER.get(m[0].lower(), m[0]), plain)
    yield _WORD.sub(lambda m: _MEANT.get(m[0], m[0]), plain)
    for word in words(plain):
        if word in _MEANT:
            yield replaced(plain, word, _MEANT[word])
        if word.startswith("M") and "m" + word[1:] in _USUAL:
            yield replaced(plain, word, "m" + word[1:])
    if below := _whole_denominator(plain):
        yield below
    yield re.sub(r"(?<=[A-Za-z0-9²³])\.(?=[A-Za-zµ])", " ", plain)  # g.L-1
    if re.fullmatch(r"[kmuµn]?(mol|g|Osm|osm|Osmol|osmol)", plain):
        yield f"{plain}/L"


def one(unit: str) -> str:
    """A unit divided by itself inside this one: "abs/abs" in "bar abs/abs"; "" if there is none."""
    found = re.search(r"(?<![\w/^])([A-Za-zµ]\w*(?:\^[0-9]+)?) ?/ ?\1(?![\w^])", unit)
    return found[0] if found else ""


def replaced(unit: str, word: str, other: str) -> str:
    """A unit with one word in place of another."""
    return re.sub(rf"(?<![A-Za-zµ_]){re.escape(word)}(?![A-Za-zµ_])", other, unit)


def _whole_denominator(unit: str) -> str:
    """ "L/m2.h.bar", whose denominator is only m2, with all units in the denominator: "L/m2/h/bar"."""
    above, line, below = unit.partition("/")
    parts = [part for part in re.split(r"[\s.*·⋅×()/-]+|(?<=[23²³])(?=[A-Za-z])", below) if part]
    if not line or len(parts) < 2 or not all(re.fullmatch(r"[A-Za-zµ]+(\^?[23]|[²³])?", part) for part in parts):
        return ""
    return "/".join([above.strip(), *parts])


# ---------------------------------------------------------------------------------------------------------------
# Numbers.


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_POWER_OF_TEN = (
    r"([+-]?[0-9]+(?:\.[0-9]+)?) ?[x×·*] ?10 ?(?:\^|\*\*)? ?([-−]?[0-9]{1,2}|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})(?![0-9.])(.*)"
)


def numbers_meant(text: str) -> list[str]:
    """Possible readings of a number with separators and the text after it, each with at most one decimal point.

    Parameters
    ----------
    text : str
        For example "35,000 mg/L", which is 35000 mg/L to some and 35.0 mg/L to others.

    Returns
    -------
    list of str
        One or two texts; none if it cannot be told.
    """
    if product := re.fullmatch(_POWER_OF_TEN, text.strip()):
        exponent = product[2].translate(_SUPERSCRIPTS).replace("−", "-")
        return [f"{product[1]}e{exponent} {product[3].lstrip()}".rstrip()]
    match = re.fullmatch(r"([+-]?)([0-9]*+(?:[.,'_ \u00a0\u2009\u202f][0-9]++)*+)([eE][+-]?[0-9]+)?(.*)", text.strip())
    if match is None:
        return []
    sign, digits, power, rest = match[1], match[2], match[3] or "", match[4]
    rest = f" {rest.lstrip()}" if rest.strip() else ""

    def whole(number: str) -> str:
        return f"{sign}{number}{power}{rest}"

    def decimal(before: str, after: str) -> str:
        number = f"{int(before or '0')}.{after.rstrip('0') or '0'}"
        return f"{sign}{number}{power}{rest}"

    groups = re.split(r"[.,'_ \u00a0\u2009\u202f]", digits)
    marks = re.sub(r"[0-9]", "", digits)
    thousands = groups[0] not in ("", "0") and len(groups[0]) <= 3 and all(len(each) == 3 for each in groups[1:])
    if not marks or marks == ".":
        return []
    if marks == ",":
        both = [whole("".join(groups))] if thousands else []
        return [*both, decimal(*groups)]
    last, others = marks[-1], set(marks[:-1])
    if last in ".," and len(others) == 1 and last not in others:  # 1,000.5 and 1.000,5
        return [decimal("".join(groups[:-1]), groups[-1])]
    return [whole("".join(groups))] if thousands and len(set(marks)) == 1 else []
