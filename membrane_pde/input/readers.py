"""Readers of values as they are written in a case file, and their JSON schemas.

A new kind of value is a reader here, its schema, and a type at the end for the fields of the models in `parts`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar

from pydantic_core import core_schema

from membrane_pde.input import units
from membrane_pde.input.errors import UnitError
from membrane_pde.input.values import ApparentVolume, Feed, Pressure, Profile, Total
from membrane_pde.input.wording import cut, nearest, show


@dataclass(frozen=True, eq=False)
class Reader:
    """Annotation with which pydantic reads a value as written, and its JSON schema."""

    read: Callable[[Any], Any]
    schema: dict[str, Any]
    keys: tuple[str, ...] = ()  # keys below the value that an override may name
    lists: tuple[str, ...] = ()  # those of them that hold a list of numbers, which an override may name by place: a.0
    number: bool = False  # a bare number is possible
    dimension: str = ""  # of a quantity: a key of `units.DIMENSIONS`
    sign: units.Sign = "any"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return copy.deepcopy(self.schema)


def is_number(value: Any) -> bool:
    """True for a number as TOML has it; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_text(value: Any, dimension: str) -> None:
    if not isinstance(value, str):
        known = units.DIMENSIONS[dimension]
        what = "a number without a unit" if is_number(value) else "not a quantity"
        raise UnitError(f'{what}; expected {known.words}, for example "{known.example}"')


def read_quantity(value: Any, dimension: str, sign: units.Sign = "any") -> float:
    """A quantity with a unit, in SI units."""
    _check_text(value, dimension)
    return _quantity_of(value, dimension, sign)


# A sweep reads the same texts many times.
@lru_cache(maxsize=4096)
def _quantity_of(text: str, dimension: str, sign: units.Sign) -> float:
    return units.parse(text, dimension, sign)


@lru_cache(maxsize=4096)
def _concentration_of(text: str) -> tuple[float, str]:
    return units.parse_concentration(text)


def _read_temperature(value: Any) -> float:
    kelvin = round(read_quantity(value, "temperature"), 9)  # 32 degF is freezing, not a round-off below it
    if kelvin <= 0:
        raise UnitError("must be above absolute zero, -273.15 degC")
    return kelvin


def _read_ratio(value: Any) -> float:
    if not is_number(value) and not isinstance(value, str):
        raise UnitError('expected a number, for example 0.1 or "0.1 m^2/m^2"')
    number = value if is_number(value) else units.parse(value, "ratio")
    if not 0 < number < 1e300:
        raise UnitError("must be a finite number above zero")
    return float(number)


def read_concentration(value: Any) -> tuple[float, str]:
    """Number and kind of unit; `Case` makes mol/m^3 of it, which may take the solute's molar mass."""
    _check_text(value, "concentration")
    return _concentration_of(value)


_PROFILE = [["0 mm", "1 g/L"], ["1 mm", "2 g/L"]]
_SCHEDULE = [["0 s", "0 bar"], ["1 min", "60 bar"]]
_FLUX_SCHEDULE = [["0 s", "10 L/m^2/hour"], ["10 min", "20 L/m^2/hour"]]
_OSCILLATION = 'for example { mean = "50 bar", amplitude = "5 bar", period = "10 s" }'


def _read_initial(value: Any) -> Any:
    """A concentration, or distances and a concentration at each, not yet in mol/m^3."""
    if not isinstance(value, dict):
        return read_concentration(value)
    only_keys(value, ("profile",))
    rows = pairs(value, "profile", _PROFILE)
    distances = increasing(rows, "length", "distances", "a distance from the membrane must not be negative")
    return distances, [entry(i, read_concentration, concentration) for i, (_, concentration) in enumerate(rows)]


def _read_pressure(value: Any) -> Pressure:
    if not isinstance(value, dict):
        return Pressure((0.0,), (read_quantity(value, "pressure"),))
    forms: dict[str, tuple[str, ...]] = {
        "schedule": ("shape",),
        "flux": (),
        "recovery": (),
        "permeate": (),
        "mean": ("amplitude", "period", "frequency", "shape", "duty"),
    }
    only_keys(value, (*forms, *forms["mean"]))
    some_mean = value.keys() & {"amplitude", "period", "frequency", "duty"}
    form = next((form for form in forms if form in value), "mean" if some_mean else "schedule")
    for key in value:
        if key not in (form, *forms[form]):
            raise UnitError(
                f'"{key}" does not go with "{form}"; expected one of {{ schedule = …, shape = … }}, '
                "{ flux = … } and { mean = …, amplitude = …, period = … }; along a membrane also { recovery = … } and "
                "{ permeate = … }"
            )
    if form == "recovery":
        return Pressure((0.0,), (entry("recovery", read_recovery, value["recovery"]),), total="recovery")
    if form == "permeate":
        flow = entry("permeate", lambda x: read_quantity(x, "flow", "positive"), value["permeate"])
        return Pressure((0.0,), (flow,), total="permeate")
    if form == "mean":
        return _read_oscillation(value)
    if form == "schedule":
        return _read_schedule(value, "pressure")
    flux = value["flux"]
    if isinstance(flux, dict):
        only_keys(flux, ("schedule", "shape"))
        return replace(_read_schedule(flux, "flux"), flux=True)
    return Pressure((0.0,), (read_quantity(flux, "flux"),), flux=True)


def read_share(value: Any) -> float:
    """A share from 0 to 1, as a number or in per cent."""
    if not is_number(value) and not isinstance(value, str):
        raise UnitError('expected a share, for example "45 %" or 0.45')
    number = value if is_number(value) else units.parse(value, "share")
    if not 0 <= number <= 1:
        raise UnitError("must be a share from 0 to 100 %")
    return float(number)


def read_recovery(value: Any) -> float:
    """Read a recovery, the fraction of the feed that passes the membrane."""
    share = read_share(value)
    if share == 1:
        raise UnitError("at a recovery of 100 % the channel runs dry; expected less")
    if share == 0:
        raise UnitError("at a recovery of 0 no permeate is made; expected more than 0 %")
    return share


def _read_pump_efficiency(value: Any) -> float:
    share = read_share(value)
    if share == 0:
        raise UnitError("a pump of 0 % moves nothing; expected more than 0")
    return share


def _read_mixing(value: Any) -> float:
    share = read_share(value)
    if share == 1:
        raise UnitError("with a mixing of 100 % all the brine's salt comes back with the feed; expected less")
    return share


def _read_schedule(value: dict[str, Any], dimension: str) -> Pressure:
    rows = pairs(value, "schedule", _SCHEDULE if dimension == "pressure" else _FLUX_SCHEDULE)
    times = increasing(rows, "time", "times of the schedule", "the first time must not be negative")
    values = tuple(entry(i, lambda p: read_quantity(p, dimension), written) for i, (_, written) in enumerate(rows))
    shape = value.get("shape", "step")
    if shape not in ("step", "ramp"):
        raise UnitError(f'shape must be "step" or "ramp", not {show(shape)}')
    return Pressure(times, values, shape)


def _read_oscillation(value: dict[str, Any]) -> Pressure:
    for key in ("mean", "amplitude"):
        if key not in value:
            raise UnitError(f"{key} is missing, {_OSCILLATION}")
    if ("period" in value) == ("frequency" in value):
        both = "both are given" if "period" in value else "neither is given"
        raise UnitError(f"expected a period or a frequency, but {both}, {_OSCILLATION}")
    mean = entry("mean", lambda x: read_quantity(x, "pressure"), value["mean"])
    amplitude = entry("amplitude", lambda x: read_quantity(x, "pressure", "not negative"), value["amplitude"])
    if "period" in value:
        period = entry("period", lambda x: read_quantity(x, "time", "positive"), value["period"])
    else:
        period = 1.0 / entry("frequency", lambda x: read_quantity(x, "frequency", "positive"), value["frequency"])
    shape, duty = value.get("shape", "sine"), value.get("duty", 0.5)
    if shape not in ("sine", "pulse"):
        raise UnitError(f'shape must be "sine" or "pulse" beside a mean, not {show(shape)}')
    if "duty" in value and shape != "pulse":
        raise UnitError('duty, the share of a period that is high, is for shape = "pulse"')
    if not is_number(duty) or not 0 < duty < 1:
        raise UnitError(f"duty must be a number between 0 and 1, the share of a period that is high, not {show(duty)}")
    return Pressure((0.0,), (mean,), shape, amplitude, period, float(duty))


def _read_feed(value: Any) -> Any:
    """Concentrations by solute and the flow, not yet in mol/m^3."""
    example = 'for example { NaCl = "35 g/L" }, or { flow = "20 L/m^2/hour", concentration = { NaCl = "35 g/L" } }'
    if not isinstance(value, dict) or not value:
        raise UnitError(f"expected a concentration for each solute, {example}")
    by_solute: Any = value
    flow = None
    if isinstance(value.get("concentration"), dict) or "flow" in value:
        only_keys(value, ("flow", "concentration"))
        by_solute = value.get("concentration")
        if not isinstance(by_solute, dict) or "flow" not in value:
            raise UnitError(f"a constant feed has a flow and a concentration, {example}")
        flow = entry("flow", read_flux_or_total, value["flow"])
    return {name: entry(name, read_concentration, each) for name, each in by_solute.items()}, flow


def read_length_or_total(value: Any) -> Any:
    """The volume of a bath per membrane area, m, or the `Total`, which `Case` divides by the area."""
    return _or_total(value, "length", "volume", "positive")


def read_flux_or_total(value: Any) -> Any:
    """A flow per membrane area, m/s, or the `Total`."""
    return _or_total(value, "flux", "flow", "not negative")


def _or_total(value: Any, per_area: str, total: str, sign: units.Sign) -> float | Total:
    try:
        return read_quantity(value, per_area, sign)
    except UnitError as error:
        try:
            read_quantity(value, total)
        except UnitError:
            raise error from None
        return Total(read_quantity(value, total, sign))  # its unit is right: only its sign may be wrong


def _read_backflow(value: Any) -> Any:
    if value in ("last", "collected"):
        return value
    if not isinstance(value, dict):
        raise UnitError('expected "last" or a concentration for each solute, for example { NaCl = "0 mol/L" }')
    return {name: entry(name, read_concentration, each) for name, each in value.items()}


def _read_apparent_volume(value: Any) -> ApparentVolume:
    if isinstance(value, list):
        if len(value) != 5 or not all(is_number(each) and abs(each) < 2e4 for each in value) or value[1] <= 0:
            raise UnitError(
                'expected a volume such as "16.6 cm^3/mol", or the five numbers of Laliberté and Cooper, the second '
                "above zero, all below 2e4"
            )
        return ApparentVolume(tuple(float(each) for each in value), "mass")
    _check_text(value, "molar_volume")
    try:
        return ApparentVolume((units.parse(value, "molar_volume"),), "mole")
    except UnitError as error:
        try:
            return ApparentVolume((units.parse(value, "specific_volume"),), "mass")
        except UnitError:
            raise error from None


_SOLUBILITY = [["20 degC", "6.1 mol/kg"], ["40 degC", "6.2 mol/kg"]]


def _read_solubility(value: Any) -> tuple[tuple[float, float], ...]:
    """Temperatures (K) and molalities of saturated solutions; one molality holds for water from 0 to 100 degC."""
    if not isinstance(value, list):
        from membrane_pde.physics.temperature import BOILING, FREEZING

        molality = read_quantity(value, "molality", "positive")
        return (FREEZING, molality), (BOILING, molality)
    rows = pairs({"solubility": value}, "solubility", _SOLUBILITY)
    temperatures = tuple(entry(i, _read_temperature, each) for i, (each, _) in enumerate(rows))
    if len(rows) < 2 or any(not a < b for a, b in pairwise(temperatures)):
        raise UnitError("expected two or more temperatures that increase, each with a molality")
    molalities = [
        entry(i, lambda x: read_quantity(x, "molality", "positive"), each) for i, (_, each) in enumerate(rows)
    ]
    return tuple(zip(temperatures, molalities, strict=True))


def _read_virial(value: Any) -> tuple[float, ...]:
    if not (isinstance(value, list) and 1 <= len(value) <= 2):
        raise UnitError('expected one or two coefficients, for example ["0.1 L/mol", "0.01 L^2/mol^2"]')
    return tuple(
        entry(i, lambda x, d=dimension: read_quantity(x, d), each)  # type: ignore[misc]
        for i, (each, dimension) in enumerate(zip(value, ("molar_volume", "molar_volume_squared"), strict=False))
    )


def _read_numbers(value: Any) -> tuple[float, ...]:
    if not (isinstance(value, list) and value and all(is_number(each) and abs(each) < 1e300 for each in value)):
        raise UnitError("expected a list of numbers, for example [0.08, -0.001]")
    return tuple(float(each) for each in value)


def only_keys(table: dict[str, Any], keys: tuple[str, ...]) -> None:
    """Raise a UnitError for a key of a table that is not among `keys`."""
    for key in table:
        if key not in keys:
            raise UnitError(f'unknown key "{cut(key)}"{nearest(key, keys, always=True)}')


def pairs(table: dict[str, Any], key: str, example: list[list[str]]) -> list[list[Any]]:
    """The list of pairs under a key of a table."""
    value = table.get(key)
    if not (isinstance(value, list) and value and all(isinstance(p, list) and len(p) == 2 for p in value)):
        raise UnitError(f"expected {key} = a list of pairs, for example {key} = {show(example)}")
    return value


def increasing(rows: list[list[Any]], dimension: str, what: str, not_negative: str) -> tuple[float, ...]:
    """The first quantity of every pair."""
    numbers = tuple(entry(i, lambda x: read_quantity(x, dimension), first) for i, (first, _) in enumerate(rows))
    if numbers[0] < 0:
        raise UnitError(not_negative)
    for i, (a, b) in enumerate(pairwise(numbers)):
        if not a < b:
            raise UnitError(f"the {what} must increase; entry {i + 2} does not come after entry {i + 1}")
    return numbers


_T = TypeVar("_T")


def entry(index: int | str, read: Callable[[Any], _T], value: Any) -> _T:
    """Read one entry of a list or table, naming it if that fails."""
    try:
        return read(value)
    except UnitError as error:
        name = f"entry {index + 1}" if isinstance(index, int) else index
        raise UnitError(f"{name}, {show(value)}: {error}") from None


# JSON schemas.

_QUANTITY_PATTERN = r"^\s*[+−–-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*[^\s0-9].*$"


def quantity_schema(dimension: str) -> dict[str, Any]:
    """JSON schema of a quantity."""
    known = units.DIMENSIONS[dimension]
    return {
        "type": "string",
        "pattern": _QUANTITY_PATTERN,
        "examples": [known.example],
        "x-dimension": known.words.split(" ", 1)[1],
    }


def json_pairs(first: str, second: dict[str, Any], example: list[list[str]]) -> dict[str, Any]:
    """JSON schema of a list of pairs: a quantity of the dimension `first`, and what `second` says."""
    pair = {
        "type": "array",
        "prefixItems": [quantity_schema(first), second],
        "items": False,
        "minItems": 2,
        "maxItems": 2,
    }
    return {"type": "array", "items": pair, "minItems": 1, "examples": [example]}


def json_table(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """JSON schema of a table with these keys and no others."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


JSON_CONCENTRATION = quantity_schema("concentration") | {
    "examples": ["35 g/L", "0.6 mol/L", "300 mOsm/L", "1e8/mL", "0.2 mol/mol"]
}
_JSON_INITIAL = {
    "anyOf": [
        JSON_CONCENTRATION,
        json_table({"profile": json_pairs("length", JSON_CONCENTRATION, _PROFILE)}, ["profile"]),
    ]
}
JSON_SHAPE = {"enum": ["step", "ramp"], "default": "step"}
_JSON_FLUX = {
    "anyOf": [
        quantity_schema("flux"),
        json_table(
            {"schedule": json_pairs("time", quantity_schema("flux"), _FLUX_SCHEDULE), "shape": JSON_SHAPE},
            ["schedule"],
        ),
    ]
}
_JSON_OSCILLATION = json_table(
    {
        "mean": quantity_schema("pressure"),
        "amplitude": quantity_schema("pressure"),
        "period": quantity_schema("time"),
        "frequency": quantity_schema("frequency"),
        "shape": {"enum": ["sine", "pulse"], "default": "sine"},
        "duty": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 0.5},
    },
    ["mean", "amplitude"],
) | {"oneOf": [{"required": ["period"]}, {"required": ["frequency"]}]}
JSON_SHARE = {"anyOf": [quantity_schema("share"), {"type": "number", "minimum": 0, "maximum": 1}]}
_JSON_PRESSURE = {
    "anyOf": [
        quantity_schema("pressure"),
        json_table(
            {"schedule": json_pairs("time", quantity_schema("pressure"), _SCHEDULE), "shape": JSON_SHAPE},
            ["schedule"],
        ),
        _JSON_OSCILLATION,
        json_table({"flux": _JSON_FLUX}, ["flux"]),
        json_table({"recovery": JSON_SHARE}, ["recovery"]),
        json_table({"permeate": quantity_schema("flow")}, ["permeate"]),
    ]
}
_JSON_BY_SOLUTE = {"type": "object", "additionalProperties": JSON_CONCENTRATION}
_JSON_TANK_FLOW = {"anyOf": [quantity_schema("flux"), quantity_schema("flow")]}
_JSON_FEED = {
    "anyOf": [
        _JSON_BY_SOLUTE,
        json_table({"flow": _JSON_TANK_FLOW, "concentration": _JSON_BY_SOLUTE}, ["flow", "concentration"]),
    ]
}
_JSON_BACKFLOW = {
    "anyOf": [{"enum": ["last", "collected"]}, {"type": "object", "additionalProperties": JSON_CONCENTRATION}],
    "examples": ["last"],
}
_JSON_NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 1}
_JSON_APPARENT_VOLUME = {
    "anyOf": [
        quantity_schema("molar_volume"),
        quantity_schema("specific_volume"),
        _JSON_NUMBERS | {"minItems": 5, "maxItems": 5},
    ]
}
_JSON_VIRIAL = {
    "type": "array",
    "prefixItems": [quantity_schema("molar_volume"), quantity_schema("molar_volume_squared")],
    "items": False,
    "minItems": 1,
    "examples": [["0.1 L/mol", "0.01 L^2/mol^2"]],
}
_JSON_RATIO = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, quantity_schema("ratio")]}


def _quantity(dimension: str, sign: Literal["not negative", "positive"] = "positive") -> Reader:
    read = partial(read_quantity, dimension=dimension, sign=sign)
    return Reader(read, quantity_schema(dimension), dimension=dimension, sign=sign)


def _derivable(dimension: str, sign: Literal["not negative", "positive"] = "positive") -> Reader:
    """A quantity that may be computed from others: `defaults` then sets None, and `completion` the number."""
    given = _quantity(dimension, sign)
    return replace(given, read=lambda value: None if value is None else given.read(value))


Length = Annotated[float, _quantity("length")]
LengthOrRadius = Annotated[float, _derivable("length")]
OwnTime = Annotated[float, _derivable("time")]
Temperature = Annotated[
    float, Reader(_read_temperature, quantity_schema("temperature"), dimension="temperature", sign="positive")
]
Diffusivity = Annotated[float, _quantity("diffusivity")]
OwnDiffusivity = Annotated[float, _derivable("diffusivity")]
Permeability = Annotated[float, _derivable("permeability", "not negative")]
WaterPermeability = Annotated[float, _derivable("water_permeability", "not negative")]
MolarMass = Annotated[float, _quantity("molar_mass")]
Molality = Annotated[float, _quantity("molality")]
Density = Annotated[float, _quantity("density")]
Solubility = Annotated[
    tuple[tuple[float, float], ...],
    Reader(
        _read_solubility,
        {
            "anyOf": [
                quantity_schema("molality"),
                json_pairs("temperature", quantity_schema("molality"), _SOLUBILITY) | {"minItems": 2},
            ]
        },
    ),
]
Volume = Annotated[ApparentVolume, Reader(_read_apparent_volume, _JSON_APPARENT_VOLUME)]
Virial = Annotated[tuple[float, ...], Reader(_read_virial, _JSON_VIRIAL)]
Numbers = Annotated[tuple[float, ...], Reader(_read_numbers, _JSON_NUMBERS)]
MolarVolume = Annotated[float, _quantity("molar_volume")]
MolarEnergy = Annotated[float, _quantity("molar_energy", "not negative")]
InverseLength = Annotated[float, _quantity("inverse_length")]
Ratio = Annotated[float, Reader(_read_ratio, _JSON_RATIO, number=True, dimension="ratio", sign="positive")]
Share = Annotated[float, Reader(read_share, JSON_SHARE, number=True, dimension="share", sign="not negative")]
PumpEfficiency = Annotated[
    float, Reader(_read_pump_efficiency, JSON_SHARE, number=True, dimension="share", sign="positive")
]
Mixing = Annotated[float, Reader(_read_mixing, JSON_SHARE, number=True, dimension="share", sign="not negative")]
TankVolume = Annotated[
    float,
    Reader(
        read_length_or_total,
        {"anyOf": [quantity_schema("length"), quantity_schema("volume")]},
        dimension="length",
        sign="positive",
    ),
]
TankFlow = Annotated[float, Reader(read_flux_or_total, _JSON_TANK_FLOW, dimension="flux", sign="not negative")]
Recovery = Annotated[float, Reader(read_recovery, JSON_SHARE, number=True, dimension="share", sign="positive")]
Area = Annotated[float, _quantity("area")]
Velocity = Annotated[float, _quantity("velocity", "not negative")]
Dispersion = Annotated[float, _quantity("diffusivity", "not negative")]
GaugePressure = Annotated[float, _quantity("pressure", "not negative")]
Modulus = Annotated[float, _quantity("pressure", "not negative")]
Applied = Annotated[
    Pressure,
    Reader(
        _read_pressure,
        _JSON_PRESSURE,
        keys=("schedule", "shape", "flux", "recovery", "permeate", "mean", "amplitude", "period", "frequency", "duty"),
        dimension="pressure",
    ),
]
Initial = Annotated[
    float | Profile,
    Reader(_read_initial, _JSON_INITIAL, keys=("profile",), dimension="concentration", sign="not negative"),
]
Fed = Annotated[Feed, Reader(_read_feed, _JSON_FEED, keys=("*",))]
Backflow = Annotated[
    dict[str, float] | Literal["last", "collected"], Reader(_read_backflow, _JSON_BACKFLOW, keys=("*",))
]
