"""Values of the tables about the direction along the membrane: readers and JSON schemas."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from membrane_pde.input import units
from membrane_pde.input.errors import UnitError
from membrane_pde.input.readers import (
    JSON_CONCENTRATION,
    JSON_SHAPE,
    Reader,
    entry,
    increasing,
    is_number,
    json_pairs,
    json_table,
    only_keys,
    pairs,
    quantity_schema,
    read_concentration,
    read_quantity,
    read_recovery,
)
from membrane_pde.input.values import Schedule
from membrane_pde.input.wording import nearest, show

MassTransferLaw = Literal["none", "constant", "leveque", "graetz", "guillen-hoek", "schock-miquel", "sherwood"]
PressureDropLaw = Literal["none", "constant", "laminar", "guillen-hoek", "friction", "measured"]


@dataclass(frozen=True)
class MassTransfer:
    """Mass transfer of solutes between the bulk of a channel and the membrane.

    `coefficient` in m/s, of the law "constant"; `sherwood` a, b and c of ``Sh = a Re^b Sc^c``, of the law "sherwood".
    """

    law: MassTransferLaw
    coefficient: float = math.nan
    sherwood: tuple[float, ...] = ()

    @property
    def one_number(self) -> float | None:
        """The coefficient, m/s, if it is a constant."""
        return self.coefficient if self.law == "constant" else None


@dataclass(frozen=True)
class PressureDrop:
    """Pressure drop along a channel.

    `gradient` in Pa/m, of the law "constant"; `friction` f0, f1 and n of the Darcy friction factor ``f0 + f1/Re^n``, of
    the law "friction"; `drop` (Pa, over one element) `at` a flow (m^3/s) and `exponent`, of the law "measured".
    """

    law: PressureDropLaw
    gradient: float = math.nan
    friction: tuple[float, ...] = ()
    at: float = math.nan
    drop: float = math.nan
    exponent: float = math.nan

    @property
    def one_number(self) -> float | None:
        """The pressure gradient, Pa/m, if it is a constant."""
        return self.gradient if self.law == "constant" else None


@dataclass(frozen=True)
class Polynomial:
    """A property of the solution as a polynomial in the mass fraction of the one solute; without terms if not given.

    `polynomial` as written, in a `unit` whose SI value is `size`.
    """

    polynomial: tuple[float, ...] = ()
    unit: str = ""
    size: float = 1.0

    @property
    def coefficients(self) -> tuple[float, ...]:
        """In SI units; empty if the property is not given."""
        return tuple(self.size * each for each in self.polynomial)


def read_flow(value: Any) -> Schedule:
    """A flow, or a schedule of flows, m^3/s."""
    if not isinstance(value, dict):
        return Schedule((0.0,), (read_quantity(value, "flow", "not negative"),))
    only_keys(value, ("schedule", "shape"))
    example = [["0 s", "8 m^3/h"], ["10 min", "0 m^3/h"]]
    rows = pairs(value, "schedule", example)
    times = increasing(rows, "time", "times of the schedule", "the first time must not be negative")
    flows = tuple(
        entry(i, lambda x: read_quantity(x, "flow", "not negative"), each) for i, (_, each) in enumerate(rows)
    )
    return Schedule(times, flows, read_shape(value))


def read_shape(value: dict[str, Any]) -> Literal["step", "ramp"]:
    """The shape of a schedule."""
    shape = value.get("shape", "step")
    if shape not in ("step", "ramp"):
        raise UnitError(f'shape must be "step" or "ramp", not {show(shape)}')
    return "ramp" if shape == "ramp" else "step"


def _read_inlet(value: Any) -> Any:
    """Times, a concentration at each, not yet in mol/m^3, and the shape."""
    if not isinstance(value, dict):
        return (0.0,), [read_concentration(value)], "step"
    only_keys(value, ("schedule", "shape"))
    rows = pairs(value, "schedule", [["0 s", "35 g/L"], ["10 min", "40 g/L"]])
    times = increasing(rows, "time", "times of the schedule", "the first time must not be negative")
    return times, [entry(i, read_concentration, each) for i, (_, each) in enumerate(rows)], read_shape(value)


def _read_elements(value: Any) -> int | tuple[str, ...]:
    if is_number(value) and 1 <= value <= MAX_ELEMENTS and float(value).is_integer():
        return int(value)
    named = isinstance(value, list) and bool(value) and all(isinstance(each, str) and each for each in value)
    if named and len(value) <= MAX_ELEMENTS:
        return tuple(value)
    raise UnitError(
        f"expected a whole number from 1 to {MAX_ELEMENTS}, or the names of the elements in their order, for example "
        '["SW30HR-380", "SW30HR-LE-400"]'
    )


MAX_ELEMENTS = 100  # largest number of elements in series in a vessel

_CYCLE_END = re.compile(r"\s*recovery\s*=\s*(.*\S)\s*")


def _read_cycle_end(value: Any) -> float:
    match = _CYCLE_END.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise UnitError('expected when the bleed opens, for example "recovery = 85 %"')
    return read_recovery(match[1])


_NAMED_TRANSFER = ("leveque", "graetz", "guillen-hoek", "schock-miquel", "none")
_TRANSFER = 'or { sherwood = [0.46, 0.36, 0.36] }, or a number such as "3e-5 m/s"'


def _read_mass_transfer(value: Any) -> MassTransfer:
    if isinstance(value, dict):
        only_keys(value, ("sherwood",))
        return MassTransfer("sherwood", sherwood=entry("sherwood", _read_sherwood, value.get("sherwood")))
    if isinstance(value, str) and value in _NAMED_TRANSFER:
        return MassTransfer(value)  # type: ignore[arg-type]
    return MassTransfer("constant", _named_or_quantity(value, _NAMED_TRANSFER, "velocity", "positive", _TRANSFER))


def _named_or_quantity(value: Any, names: tuple[str, ...], dimension: str, sign: units.Sign, more: str) -> float:
    """A quantity where a name is possible, too."""
    if isinstance(value, str) and re.match(r"\s*[+-]?[0-9.]", value):
        return read_quantity(value, dimension, sign)
    known = ", ".join(f'"{name}"' for name in names)
    hint = nearest(value, names) if isinstance(value, str) else ""
    raise UnitError(f"expected {known}, {more}{hint}")


def _read_sherwood(value: Any) -> tuple[float, ...]:
    if not (isinstance(value, list) and len(value) == 3 and all(is_number(x) and abs(x) < 1e6 for x in value)):
        raise UnitError("expected the three numbers a, b, c of Sh = a Re^b Sc^c, for example [0.46, 0.36, 0.36]")
    if value[0] <= 0 or value[1] < 0 or value[2] < 0:
        raise UnitError("a must be more than 0, b and c not negative")
    return tuple(float(each) for each in value)


_NAMED_DROP = ("laminar", "guillen-hoek", "none")
_DROP = (
    'or a gradient such as "0.1 bar/m", or { friction = [0.42, 189.3, 1] }, or { at = "8 m^3/h", drop = "0.2 bar", '
    "exponent = 1.5 }"
)


def _read_pressure_drop(value: Any) -> PressureDrop:
    if not isinstance(value, dict):
        if isinstance(value, str) and value in _NAMED_DROP:
            return PressureDrop(value)  # type: ignore[arg-type]
        gradient = _named_or_quantity(value, _NAMED_DROP, "pressure_gradient", "not negative", _DROP)
        return PressureDrop("constant", gradient=gradient)
    if "friction" in value:
        only_keys(value, ("friction",))
        return PressureDrop("friction", friction=entry("friction", _read_friction, value["friction"]))
    only_keys(value, ("friction", "at", "drop", "exponent"))
    for key in ("at", "drop"):
        if key not in value:
            raise UnitError(f"{key} is missing; expected {_DROP.removeprefix('or ')}")
    exponent = value.get("exponent", 1.0)
    if not is_number(exponent) or not 1 <= exponent <= 2:
        raise UnitError(f"exponent, {show(exponent)}: expected a number from 1 (laminar) to 2 (fully turbulent)")
    return PressureDrop(
        "measured",
        at=entry("at", lambda x: read_quantity(x, "flow", "positive"), value["at"]),
        drop=entry("drop", lambda x: read_quantity(x, "pressure", "not negative"), value["drop"]),
        exponent=float(exponent),
    )


def _read_friction(value: Any) -> tuple[float, ...]:
    if not (isinstance(value, list) and len(value) == 3 and all(is_number(x) and 0 <= x < 1e9 for x in value)):
        raise UnitError(
            "expected the three numbers f0, f1, n of f0 + f1/Re^n, none negative, for example [0, 6.23, 0.3]"
        )
    if value[2] > 1:
        raise UnitError("n must be at most 1, as in laminar flow; above it the pressure would rise as the flow stops")
    return tuple(float(each) for each in value)


def _polynomial(dimension: str, example: list[float]) -> Reader:
    """A polynomial whose values have a dimension."""
    si = units.DIMENSIONS[dimension].si
    unit = f', unit = "{si}"' if si else ""
    wanted = f"expected for example {{ polynomial = {show(example)}{unit} }}"

    def read(value: Any) -> Polynomial:
        if value == {}:
            return Polynomial()
        if not isinstance(value, dict):
            raise UnitError(wanted)
        only_keys(value, ("polynomial", "unit"))
        numbers = value.get("polynomial")
        good = isinstance(numbers, list) and numbers and all(is_number(x) and abs(x) < 1e60 for x in numbers)
        if not good or not isinstance(numbers, list) or len(numbers) > MAX_TERMS:
            raise UnitError(f"polynomial: expected 1 to {MAX_TERMS} numbers; {wanted}")
        text = value.get("unit", "")
        if not isinstance(text, str) or (si and not text):
            raise UnitError(f"unit is missing; {wanted}")
        try:
            size = units.parse(f"1 {text}", dimension, "positive") if text else 1.0
        except UnitError as error:
            raise UnitError(f"unit, {show(text)}: {error}") from None
        if units.parse(f"2 {text}", dimension, "positive") != 2 * size if text else False:
            raise UnitError(f"unit, {show(text)}: expected a unit that counts from zero")
        return Polynomial(tuple(float(x) for x in numbers), text, size)

    schema = json_table(
        {"polynomial": {"type": "array", "items": {"type": "number"}, "minItems": 1}, "unit": {"type": "string"}},
        ["polynomial"],
    )
    return Reader(read, schema, keys=("polynomial", "unit"), lists=("polynomial",))


MAX_TERMS = 12


def _json_schedule(value: dict[str, Any], example: list[list[str]]) -> dict[str, Any]:
    return {
        "anyOf": [
            value,
            json_table({"schedule": json_pairs("time", value, example), "shape": JSON_SHAPE}, ["schedule"]),
        ]
    }


_NUMBERS_3 = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
_JSON_TRANSFER = {
    "anyOf": [
        {"enum": list(_NAMED_TRANSFER)},
        json_table({"sherwood": _NUMBERS_3 | {"examples": [[0.46, 0.36, 0.36]]}}, ["sherwood"]),
        quantity_schema("velocity") | {"examples": ["3e-5 m/s"]},
    ]
}
_JSON_DROP = {
    "anyOf": [
        {"enum": list(_NAMED_DROP)},
        quantity_schema("pressure_gradient"),
        json_table({"friction": _NUMBERS_3 | {"examples": [[0.42, 189.3, 1]]}}, ["friction"]),
        json_table(
            {
                "at": quantity_schema("flow"),
                "drop": quantity_schema("pressure"),
                "exponent": {"type": "number", "minimum": 1, "maximum": 2, "default": 1},
            },
            ["at", "drop"],
        ),
    ]
}
_JSON_ELEMENTS = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": MAX_ELEMENTS},
        {"type": "array", "items": {"type": "string"}, "minItems": 1, "examples": [["SW30HR-380", "SW30HR-LE-400"]]},
    ]
}
_JSON_CYCLE_END = {"type": "string", "pattern": r"^\s*recovery\s*=.*$", "examples": ["recovery = 85 %"]}

Flow = Annotated[
    Schedule,
    Reader(
        read_flow,
        _json_schedule(quantity_schema("flow"), [["0 s", "8 m^3/h"], ["10 min", "0 m^3/h"]]),
        keys=("schedule", "shape"),
        dimension="flow",
        sign="not negative",
    ),
]
Inlet = Annotated[
    Schedule,
    Reader(
        _read_inlet,
        _json_schedule(JSON_CONCENTRATION, [["0 s", "35 g/L"], ["10 min", "40 g/L"]]),
        keys=("schedule", "shape"),
        dimension="concentration",
        sign="not negative",
    ),
]
Elements = Annotated[int | tuple[str, ...], Reader(_read_elements, _JSON_ELEMENTS, number=True)]
CycleEnd = Annotated[float, Reader(_read_cycle_end, _JSON_CYCLE_END)]
Transfer = Annotated[
    MassTransfer,
    Reader(
        _read_mass_transfer,
        _JSON_TRANSFER,
        keys=("sherwood",),
        lists=("sherwood",),
        dimension="velocity",
        sign="positive",
    ),
]
Drop = Annotated[
    PressureDrop,
    Reader(
        _read_pressure_drop,
        _JSON_DROP,
        keys=("friction", "at", "drop", "exponent"),
        lists=("friction",),
        dimension="pressure_gradient",
        sign="not negative",
    ),
]
DensityOfW = Annotated[Polynomial, _polynomial("density", [995.0, 756.0])]
ViscosityOfW = Annotated[Polynomial, _polynomial("viscosity", [9.8e-4, 2.15e-3])]
DiffusivityOfW = Annotated[Polynomial, _polynomial("diffusivity", [1.51e-9, -2e-9])]
OsmoticCoefficientOfW = Annotated[Polynomial, _polynomial("share", [0.918, 0.0889, 4.92])]
