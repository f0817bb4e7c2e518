"""The case file: what the user wrote, checked and turned into SI numbers.

The way of a value: TOML text → dict as written → the library's values merged under the user's → `Case`. There is one
model a thing: `Case` and its parts read the merged dict, so an override (`Case.with_values`) changes the dict as
written and goes the whole way again, and changing the temperature rescales what came from the library.
"""

from __future__ import annotations

import copy
import difflib
import json
import re
import tomllib
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, ValidationInfo, field_validator
from pydantic_core import core_schema

from membrane_pde import library, units
from membrane_pde.units import UnitError, cut

MAX_BYTES = 10_000_000
MAX_SOLUTES = 64
MAX_UNKNOWNS = 1_000_000
MAX_OUTPUTS = 100_000
MAX_NAME = 50  # characters in a solute's name

# Liquid water at ordinary pressure, K: the range of physics.temperature.
FREEZING, BOILING = 273.15, 373.15

SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


class CaseError(Exception):
    """The user's input is wrong; the message says where, what was expected and what is near, in one or two lines."""


# ---------------------------------------------------------------------------------------------------------------
# What the design foresees and this version does not have: keys (sides written "side", solutes "*") and values.

_PLANNED_KEYS = {
    "flow",
    "side.flow",
    "side.support",
    "side.modulus",
    "side.volume",
    "side.feed",
    "side.bleed",
    "side.pressure.flux",
    "side.pressure.mean",
    "side.pressure.amplitude",
    "side.pressure.frequency",
    "side.pressure.period",
    "membrane.pore_radius",
    "membrane.porosity_over_thickness",
    "membrane.fixed_charge",
    "membrane.activation_energy",
    "membrane.solutes.*.activation_energy",
}
_PLANNED_VALUES = {
    "osmotic_model": ("virial", "pitzer"),
    "geometry": ("spherical", "cylindrical"),
    "transport": ("nernst-planck",),
    "side.boundary": ("elastic", "bath"),
}
_NOT_YET = "not available in this version"

# What to add to "… is missing".
_HINTS = {
    "solutes": "declare at least one, for example [solutes.NaCl]",
    "left": "every case has the tables [left] and [right]",
    "right": "every case has the tables [left] and [right]",
    "membrane": 'add the table [membrane], for example with type = "ideal"',
    "run": 'add the table [run] with a duration = "2 h"',
    "run.duration": 'for example duration = "2 h"',
    "side.length": 'the volume per membrane area, for example length = "1 mm"',
    "membrane.water_permeability": 'for example "1 L/m^2/hour/bar"; or give a type: "ideal", "none" or a library name',
    "membrane.solutes.*.permeability": 'for example "3e-8 m/s"; "0 m/s" for a solute that is held back',
}

# Known ranges, SI; a thousand times beyond them a value gets a warning. Water permeability: ro_elements.csv (from
# 0.45 L/m2/h/bar for seawater membranes to 7.4 for brackish water), which spans forward_osmosis.csv (0.55 to 5.81
# L/m2/h/bar) and the red cell of red_blood_cell.csv (1.8e-12 m/s/Pa). Permeability: from 2.3e-8 m/s
# (ro_elements.csv) to 0.88 L/m2/h (forward_osmosis.csv). Diffusivity in water: diffusion_water.csv, from haemoglobin
# to H+. All in the project's reference data.
_KNOWN_RANGES = {
    "water_permeability": (0.45 / 3.6e11, 7.4 / 3.6e11, "m/s/Pa"),
    "permeability": (2.3e-8, 0.88 / 3.6e6, "m/s"),
    "diffusivity": (6.9e-11, 9.311e-9, "m^2/s"),
}


# ---------------------------------------------------------------------------------------------------------------
# Values that are written as text, or in more than one way.


@dataclass(frozen=True)
class Profile:
    """An initial concentration along a compartment, linear between the points and level beyond them.

    `distance` from the membrane in m, increasing; `value` in mol/m^3.
    """

    distance: tuple[float, ...]
    value: tuple[float, ...]


@dataclass(frozen=True)
class Pressure:
    """Applied pressure: one value, or a schedule of steps or ramps.

    `times` in s, increasing; `values` in Pa. Before the first time the first value holds, after the last the last; a
    "step" holds ``values[i]`` from ``times[i]`` on, a "ramp" is linear in between.
    """

    times: tuple[float, ...]
    values: tuple[float, ...]
    shape: Literal["step", "ramp"] = "step"

    def at(self, time: float) -> float:
        """The pressure (Pa) at a time (s)."""
        if self.shape == "ramp":
            return _interpolate(time, self.times, self.values)
        started = [value for start, value in zip(self.times, self.values, strict=True) if start <= time]
        return started[-1] if started else self.values[0]


@dataclass(frozen=True, eq=False)
class _Reader:
    """How pydantic reads a value as it is written, and what the JSON schema says about it."""

    read: Callable[[Any], Any]
    schema: dict[str, Any]
    keys: tuple[str, ...] = ()  # keys below the value that an override may name
    number: bool = False  # a bare number is possible

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return copy.deepcopy(self.schema)


_QUANTITY_PATTERN = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*[^\s0-9].*$"


def _quantity_schema(dimension: str) -> dict[str, Any]:
    known = units.DIMENSIONS[dimension]
    return {
        "type": "string",
        "pattern": _QUANTITY_PATTERN,
        "examples": [known.example],
        "x-dimension": known.words.split(" ", 1)[1],
    }


def _read_quantity(value: Any, dimension: str) -> float:
    if not isinstance(value, str):
        known = units.DIMENSIONS[dimension]
        what = "a number without a unit" if _is_number(value) else "not a quantity"
        raise UnitError(f'{what}; expected {known.words}, for example "{known.example}"')
    return units.parse(value, dimension)


def _quantity(dimension: str, sign: Literal["any", "not negative", "positive"] = "positive") -> _Reader:
    def read(value: Any) -> float:
        number = _read_quantity(value, dimension)
        if sign != "any":
            _check_sign(number, sign)
        return number

    return _Reader(read, _quantity_schema(dimension))


def _check_sign(number: float, sign: str) -> None:
    if number < 0:
        raise UnitError("must not be negative")
    if number == 0 and sign == "positive":
        raise UnitError("must be more than zero")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read_temperature(value: Any) -> float:
    kelvin = round(_read_quantity(value, "temperature"), 9)  # 32 degF is freezing, not a round-off below it
    if kelvin <= 0:
        raise UnitError("must be above absolute zero, -273.15 degC")
    return kelvin


def _read_ratio(value: Any) -> float:
    if not _is_number(value) and not isinstance(value, str):
        raise UnitError('expected a number, for example 0.1 or "0.1 m^2/m^2"')
    number = value if _is_number(value) else units.parse(value, "ratio")
    if not 0 < number < 1e300:
        raise UnitError("must be a finite number above zero")
    return float(number)


def _read_concentration(value: Any) -> tuple[float, str]:
    """Number and kind of unit; `Case` makes mol/m^3 of it, which may take the solute's molar mass."""
    if not isinstance(value, str):
        what = "a number without a unit" if _is_number(value) else "not a quantity"
        raise UnitError(f'{what}; expected a concentration, for example "35 g/L"')
    number, kind = units.parse_concentration(value)
    _check_sign(number, "not negative")
    return number, kind


def _read_initial(value: Any) -> Any:
    """A concentration or a profile of them, not yet in mol/m^3."""
    if not isinstance(value, dict):
        return _read_concentration(value)
    _only_keys(value, ("profile",), "side.concentration.*")
    points = _pairs(value.get("profile"), "profile", '[["0 mm", "1 g/L"], ["1 mm", "2 g/L"]]')
    distance = tuple(_entry(i, lambda d: _read_quantity(d, "length"), point[0]) for i, point in enumerate(points))
    if distance[0] < 0:
        raise UnitError("a distance from the membrane must not be negative")
    _check_increasing(distance, "distances")
    return distance, [_entry(i, _read_concentration, point[1]) for i, point in enumerate(points)]


def _read_pressure(value: Any) -> Pressure:
    if not isinstance(value, dict):
        return Pressure((0.0,), (_read_quantity(value, "pressure"),))
    _only_keys(value, ("schedule", "shape"), "side.pressure")
    points = _pairs(value.get("schedule"), "schedule", '[["0 s", "0 bar"], ["1 min", "60 bar"]]')
    times = tuple(_entry(i, lambda t: _read_quantity(t, "time"), point[0]) for i, point in enumerate(points))
    if times[0] < 0:
        raise UnitError("a schedule starts at 0 s or later")
    _check_increasing(times, "times of the schedule")
    values = tuple(_entry(i, lambda p: _read_quantity(p, "pressure"), point[1]) for i, point in enumerate(points))
    shape = value.get("shape", "step")
    if shape not in ("step", "ramp"):
        raise UnitError(f'shape must be "step" or "ramp", not {_show(shape)}')
    return Pressure(times, values, shape)


def _read_backflow(value: Any) -> Any:
    if value == "last":
        return value
    if not isinstance(value, dict):
        raise UnitError('expected "last" or a concentration a solute, for example { NaCl = "0 mol/L" }')
    return {name: _entry(name, _read_concentration, each) for name, each in value.items()}


def _only_keys(table: dict[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in keys:
            raise UnitError(
                f'"{cut(key)}" is {_NOT_YET}'
                if f"{where}.{key}" in _PLANNED_KEYS
                else f'unknown key "{cut(key)}"{_nearest(key, keys, always=True)}'
            )


def _pairs(value: Any, key: str, example: str) -> list[list[Any]]:
    fine = isinstance(value, list) and value and all(isinstance(p, list) and len(p) == 2 for p in value)
    if not fine:
        raise UnitError(f"expected {key} = a list of pairs, for example {key} = {example}")
    return typing.cast(list[list[Any]], value)


_T = TypeVar("_T")


def _entry(index: int | str, read: Callable[[Any], _T], value: Any) -> _T:
    """Read one entry of a list or table, naming it if that fails."""
    try:
        return read(value)
    except UnitError as error:
        name = f"entry {index + 1}" if isinstance(index, int) else index
        raise UnitError(f"{name}, {_show(value)}: {error}") from None


def _check_increasing(numbers: tuple[float, ...], what: str) -> None:
    for i, (a, b) in enumerate(pairwise(numbers)):
        if not a < b:
            raise UnitError(f"the {what} must increase; entry {i + 2} does not come after entry {i + 1}")


def _interpolate(x: float, xs: tuple[float, ...], ys: tuple[float, ...]) -> float:
    """Linear between the points, level outside."""
    if x <= xs[0]:
        return ys[0]
    for i in range(1, len(xs)):
        if x <= xs[i]:
            share = (x - xs[i - 1]) / (xs[i] - xs[i - 1])
            return ys[i - 1] + share * (ys[i] - ys[i - 1])
    return ys[-1]


def _json_concentration() -> dict[str, Any]:
    quantity = _quantity_schema("concentration")
    quantity["examples"] = ["35 g/L", "0.6 mol/L", "300 mOsm/L", "1e8/mL", "0.2 mol/mol"]
    return quantity


def _json_pairs(first: str, second: dict[str, Any], example: list[list[str]]) -> dict[str, Any]:
    pair = {
        "type": "array",
        "prefixItems": [_quantity_schema(first), second],
        "items": False,
        "minItems": 2,
        "maxItems": 2,
    }
    return {"type": "array", "items": pair, "minItems": 1, "examples": [example]}


def _json_table(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_JSON_INITIAL = {
    "anyOf": [
        _json_concentration(),
        _json_table(
            {"profile": _json_pairs("length", _json_concentration(), [["0 mm", "1 g/L"], ["1 mm", "2 g/L"]])},
            ["profile"],
        ),
    ]
}
_JSON_PRESSURE = {
    "anyOf": [
        _quantity_schema("pressure"),
        _json_table(
            {
                "schedule": _json_pairs("time", _quantity_schema("pressure"), [["0 s", "0 bar"], ["1 min", "60 bar"]]),
                "shape": {"enum": ["step", "ramp"], "default": "step"},
            },
            ["schedule"],
        ),
    ]
}
_JSON_BACKFLOW = {
    "anyOf": [{"const": "last"}, {"type": "object", "additionalProperties": _json_concentration()}],
    "examples": ["last"],
}
_JSON_RATIO = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, _quantity_schema("ratio")]}

Length = Annotated[float, _quantity("length")]
Time = Annotated[float, _quantity("time")]
Temperature = Annotated[float, _Reader(_read_temperature, _quantity_schema("temperature"))]
Diffusivity = Annotated[float, _quantity("diffusivity")]
Permeability = Annotated[float, _quantity("permeability", "not negative")]
WaterPermeability = Annotated[float, _quantity("water_permeability", "not negative")]
MolarMass = Annotated[float, _quantity("molar_mass")]
Ratio = Annotated[float, _Reader(_read_ratio, _JSON_RATIO, number=True)]
Applied = Annotated[Pressure, _Reader(_read_pressure, _JSON_PRESSURE, keys=("schedule", "shape"))]
Initial = Annotated[float | Profile, _Reader(_read_initial, _JSON_INITIAL, keys=("profile",))]
Backflow = Annotated[dict[str, float] | Literal["last"], _Reader(_read_backflow, _JSON_BACKFLOW, keys=("*",))]


def _field(description: str, default: Any = ..., **more: Any) -> Any:
    """A field whose default is written as in a case file and read like a value from one."""
    return Field(default, description=description, validate_default=default is not None, **more)


def _optional(schema: dict[str, Any]) -> None:
    """Keys that the library or a membrane type may supply are not required of the file."""
    schema.pop("required", None)


def _no_default(schema: dict[str, Any]) -> None:
    """A default that holds under conditions is told in words."""
    schema.pop("default", None)


_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


# ---------------------------------------------------------------------------------------------------------------
# The parts of a case.


class Solute(BaseModel):
    """A dissolved substance. What stands in the library under its name need not be given, and may be overridden."""

    model_config = ConfigDict(**_STRICT, json_schema_extra=_optional)

    molar_mass: MolarMass | None = _field(
        "Molar mass, needed only where a concentration is a mass per volume. Inside: kg/mol.", None
    )
    diffusivity: Diffusivity = _field(
        "Diffusion coefficient, at the case's temperature unless `reference_temperature` is given. "
        "From the library if it is there, else required. Inside: m^2/s."
    )
    dissociation: float = _field("Particles per formula unit (van 't Hoff factor): 1 for sugar, 2 for NaCl.", 1.0, gt=0)
    radius: Length | None = _field("Radius of the molecule or particle; for information. Inside: m.", None)
    charge: int | None = _field(
        "Charge number of an ion given singly; used to warn of an imbalance.", None, ge=-10_000, le=10_000
    )
    reference_temperature: Temperature | None = _field(
        "Temperature at which `diffusivity` holds; it is then scaled to the case's. Liquids only. Inside: K.", None
    )


class Compartment(BaseModel):
    """The solution (or gas) on one side of the membrane."""

    model_config = _STRICT

    label: str = _field("What tables and figures call this side. Default: left or right.", "")
    boundary: Literal["piston", "standpipe", "rigid", "reservoir", "outflow"] = _field(
        "What the far end is: a free piston, an open standing tube, a rigid wall (its pressure is computed), a "
        "reservoir that holds the concentration, or a free outflow. A gas has rigid ends, by default.",
        "piston",
    )
    length: Length = _field(
        "Initial length, which is the volume per membrane area; for a reservoir or an outflow the thickness of the "
        "unstirred layer. Inside: m."
    )
    stirred: bool = _field("Perfectly mixed: one cell and no resistance at the wall.", False)
    pressure: Applied = _field(
        "Applied gauge pressure, or a schedule of steps or ramps; in a gas the absolute pressure. Not for `rigid`. "
        "Inside: Pa.",
        "0 bar",
    )
    concentration: dict[str, Initial] = Field(
        default={},
        description="Initial concentration of every solute: an amount, mass, number or osmoles per volume; in a gas "
        "a mole fraction. Or a profile by the distance from the membrane. Inside: mol/m^3.",
    )
    diffusivity: dict[str, Diffusivity] = Field(
        default={}, description="Diffusion coefficients that differ on this side (a gel, a tissue). Inside: m^2/s."
    )
    tube_area: Ratio = _field("Area of the standing tube per membrane area. `standpipe` only.", 1.0)
    backflow: Backflow | None = _field(
        'What is drawn in when liquid comes back: a concentration for every solute, or "last", what just left. '
        "Without it the run stops there. `outflow` only. Inside: mol/m^3.",
        None,
    )


class MembraneSolute(BaseModel):
    """How one solute passes the membrane."""

    model_config = ConfigDict(**_STRICT, json_schema_extra=_optional)

    permeability: Permeability = _field("Solute permeability P; 0 for a solute that is held back. Inside: m/s.")
    reflection: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="Reflection coefficient σ, 0 to 1. Required, but for `solution-diffusion` (where it is 1) and "
        "without water permeability (where it plays no part).",
        json_schema_extra=_no_default,
    )
    partition: float = _field(
        "Concentration on the right over that on the left at equilibrium, K. Other than 1 only without water "
        "permeability.",
        1.0,
        gt=0,
    )


class Membrane(BaseModel):
    """What stands between the two sides."""

    model_config = ConfigDict(**_STRICT, json_schema_extra=_optional)

    type: str | None = _field(
        '"ideal" (holds every solute back, 1 L/m^2/hour/bar unless given), "none" (the partition is removed), a '
        "membrane of the library, or left out with all numbers below given.",
        None,
        examples=["ideal", "none"],
    )
    flux_law: Literal["solution-diffusion", "kedem-katchalsky", "spiegler-kedem"] = _field(
        "How solutes pass.", "spiegler-kedem"
    )
    water_permeability: WaterPermeability = _field(
        "Water permeability L_p (A of reverse osmosis); 0 lets no water through. Required without a type. "
        "Inside: m/s/Pa."
    )
    solutes: dict[str, MembraneSolute] = Field(
        default={}, description="Numbers for every solute; they override those of the type."
    )


class Mesh(BaseModel):
    """How space is cut up."""

    model_config = _STRICT

    cells: int = _field("Cells in each compartment.", 100, ge=1)
    finest: Length | None = _field(
        "Width of the cell at the membrane; they grow outwards. Default: chosen from the physics. Inside: m.", None
    )


class Run(BaseModel):
    """How long, and how."""

    model_config = _STRICT

    duration: Time = _field("Time to simulate; with another `until` the upper limit. Inside: s.")
    until: Literal["duration", "equilibrium", "steady"] = _field("When to stop.", "duration")
    outputs: int = _field("Stored times.", 200, ge=2, le=MAX_OUTPUTS)
    rtol: float = _field("Relative tolerance of the time integration.", 1e-6, ge=1e-12, le=1e-2)
    solver: Literal["cvode", "fipy"] = _field(
        "Time integrator: SUNDIALS (fast, exact), or FiPy's own terms as a cross-check.", "cvode"
    )


class Case(BaseModel):
    """A case: two solutions, the membrane between them, and what to do. Frozen; all numbers SI.

    Made by `load_case` and `parse_case`; changed copies by `with_values`. Equal if all that decides the answer is.
    """

    model_config = _STRICT

    title: str = _field("One line that says what the case shows.", "")
    phase: Literal["liquid", "gas"] = _field(
        "What fills the compartments. A gas: no membrane, rigid ends, absolute pressure.", "liquid"
    )
    temperature: Temperature = _field(
        "Temperature, the same everywhere; a liquid is water between 0 and 100 degC. Inside: K.", "25 degC"
    )
    osmotic_model: Literal["ideal"] = _field("How osmotic pressure follows from concentration: π = ν R T c.", "ideal")
    geometry: Literal["planar"] = _field("Shape of the membrane.", "planar")
    transport: Literal["fick"] = _field("How solutes move in the solutions.", "fick")
    solutes: dict[str, Solute] = Field(
        min_length=1,
        description="The solutes by name, each a table, empty if the library has all of it. A name with a sign is "
        'quoted: [solutes."Na+"].',
    )
    left: Compartment = Field(description="The left side. Fluxes are positive from left to right.")
    right: Compartment = Field(description="The right side.")
    membrane: Membrane = Field(description="What stands between the sides.")
    mesh: Mesh = Field(
        default=Mesh.model_construct(cells=100, finest=None), description="How space is cut up; may be left out."
    )
    run: Run = Field(description="How long to run, and how.")

    _name: str = PrivateAttr("case")
    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)
    _warnings: tuple[str, ...] = PrivateAttr(())

    @property
    def name(self) -> str:
        """File stem or name of the shipped case."""
        return self._name

    @property
    def source(self) -> str:
        """The case as written, overrides included, as TOML (`to_toml`)."""
        return self.to_toml()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is legitimate but may not be meant."""
        return self._warnings

    def to_toml(self) -> str:
        """The case as written, overrides included, as the text of a case file; comments are lost."""
        import tomli_w

        return tomli_w.dumps(self._raw)

    def with_values(self, values: Mapping[str, object]) -> Case:
        """A copy of the case with some values changed.

        Parameters
        ----------
        values : mapping of str to str, bool, int, float, list or dict
            By the path of the key, for example ``{"left.pressure": "50 bar", "mesh.cells": 50}``, as written in a
            case file. The declared type of the key decides how a text is read: "50" is a number for `mesh.cells`,
            and ``{…}`` and ``[…]`` are TOML where a table or a list is possible.

        Returns
        -------
        Case
            Validated anew; library values follow a changed temperature.

        Raises
        ------
        CaseError
            An unknown path, or a case that is wrong with these values.
        """
        raw = copy.deepcopy(self._raw)
        for path, value in values.items():
            _set(raw, path, value)
        return _build(raw, self._name)

    def _key(self) -> str:
        return self.model_dump_json()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Case) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    # What needs another part of the case: pydantic hands over the fields declared (and validated) before this one.

    @field_validator("solutes")
    @classmethod
    def _at_case_temperature(cls, solutes: dict[str, Solute], info: ValidationInfo) -> dict[str, Solute]:
        temperature = info.data.get("temperature")
        if temperature is None or "phase" not in info.data:
            return solutes
        _check_temperature(temperature, info.data["phase"])
        return {name: _scaled(name, each, temperature, info.data["phase"]) for name, each in solutes.items()}

    @field_validator("left", "right")
    @classmethod
    def _in_si(cls, side: Compartment, info: ValidationInfo) -> Compartment:
        if not {"temperature", "phase", "solutes"} <= info.data.keys():
            return side
        return _with_amounts(side, str(info.field_name), info.data)

    @field_validator("membrane")
    @classmethod
    def _complete(cls, membrane: Membrane, info: ValidationInfo) -> Membrane:
        if "solutes" not in info.data:
            return membrane
        return _completed(membrane, tuple(info.data["solutes"]))

    def model_post_init(self, context: Any) -> None:
        """Check what concerns several parts at once."""
        if self.phase == "gas":
            _check_gas(self)
        _check_boundaries(self)
        _check_size(self)


# ---------------------------------------------------------------------------------------------------------------
# Steps and checks that concern several parts of a case.


def _check_temperature(temperature: float, phase: str) -> None:
    if phase == "liquid" and not FREEZING <= temperature <= BOILING:
        what = "water is frozen below 0 degC" if temperature < FREEZING else "water boils above 100 degC"
        raise CaseError(
            f"temperature = {temperature - FREEZING:.6g} degC: {what}; expected a temperature from 0 to 100 degC"
        )


def _scaled(name: str, solute: Solute, temperature: float, phase: str) -> Solute:
    """The solute with its diffusivity at the case's temperature."""
    reference = solute.reference_temperature
    if reference is None:
        return solute
    path = f"solutes.{name}.reference_temperature"
    if phase == "gas":
        raise CaseError(f"{path}: {_NOT_YET} for a gas; give the diffusivity at the case's temperature and pressure")
    from membrane_pde.physics.temperature import diffusivity_scaling

    try:
        factor = float(diffusivity_scaling(temperature, reference))
    except ValueError:
        raise CaseError(f"{path}: expected a temperature from 0 to 100 degC, where water is liquid") from None
    return solute.model_copy(update={"diffusivity": solute.diffusivity * factor})


def _with_amounts(side: Compartment, name: str, data: Mapping[str, Any]) -> Compartment:
    """The compartment with its label, and with every concentration in mol/m^3."""
    solutes: dict[str, Solute] = data["solutes"]
    _check_gauge(side, name, data["phase"])
    _check_declared(side.concentration, solutes, f"{name}.concentration")
    _check_declared(side.diffusivity, solutes, f"{name}.diffusivity")
    concentration: dict[str, float | Profile] = {}
    for solute in solutes:
        path = f"{name}.concentration.{solute}"
        if solute not in side.concentration:
            zero = "0 mol/mol" if data["phase"] == "gas" else "0 mol/L"
            raise CaseError(f'{path} is missing: every declared solute needs one, "{zero}" where there is none')
        first, second = typing.cast(tuple[Any, Any], side.concentration[solute])
        if isinstance(second, str):
            concentration[solute] = _amount(first, second, path, solute, side, data)
            continue
        if side.stirred:
            raise CaseError(f"{path}: a stirred side has one concentration, not a profile")
        if first[-1] > side.length * (1 + 1e-12):
            raise CaseError(
                f"{path}: the profile's last distance, {first[-1]:.6g} m, is beyond {name}.length, {side.length:.6g} m"
            )
        values = (_amount(number, kind, path, solute, side, data) for number, kind in second)
        concentration[solute] = Profile(first, tuple(values))
    update: dict[str, Any] = {"concentration": concentration, "label": side.label or name}
    if isinstance(side.backflow, dict):
        _check_declared(side.backflow, solutes, f"{name}.backflow")
        for solute in solutes:
            if solute not in side.backflow:
                raise CaseError(
                    f'{name}.backflow.{solute} is missing: give every declared solute, or backflow = "last"'
                )
        pairs = typing.cast(dict[str, tuple[float, str]], side.backflow)
        update["backflow"] = {
            solute: _amount(*pairs[solute], f"{name}.backflow.{solute}", solute, side, data) for solute in solutes
        }
    return side.model_copy(update=update)


def _check_gauge(side: Compartment, name: str, phase: str) -> None:
    if phase != "gas":
        return
    if len(side.pressure.times) > 1:
        raise CaseError(f"{name}.pressure: a gas has one constant pressure, not a schedule")
    if side.pressure.values[0] <= 0:
        what = f"= {side.pressure.values[0]:.6g} Pa" if "pressure" in side.model_fields_set else "is missing"
        raise CaseError(f'{name}.pressure {what}: a gas needs its absolute pressure, above zero, for example "1 atm"')


_NEEDS_DENSITY = f"needs the solution's density, {_NOT_YET}; give an amount or a mass per volume (mol/L, g/L)"


def _amount(number: float, kind: str, path: str, solute: str, side: Compartment, data: Mapping[str, Any]) -> float:
    """A concentration of any kind in mol/m^3."""
    from membrane_pde.physics.osmotic import AVOGADRO, GAS_CONSTANT

    properties: Solute = data["solutes"][solute]
    gas = data["phase"] == "gas"
    if kind == "amount":
        return number
    if kind == "mass":
        if properties.molar_mass is None:
            raise CaseError(
                f'{path}: a mass per volume needs solutes.{solute}.molar_mass, for example "58.44 g/mol"; '
                f"or give an amount per volume (mol/L)"
            )
        return number / properties.molar_mass
    if kind == "count":
        return number / AVOGADRO
    if kind == "osmoles" and not gas:
        return number / properties.dissociation
    if gas and kind in ("mole fraction", "volume fraction", "fraction"):
        return number * side.pressure.values[0] / (GAS_CONSTANT * data["temperature"])
    if gas:
        raise CaseError(f'{path}: this is a {kind}; in a gas give a mole fraction, for example "0.5 mol/mol" or "20 %"')
    what = {"fraction": "a fraction (ppm or % by mass)", "osmolality": "an osmolality"}.get(kind, f"a {kind}")
    if kind in ("mole fraction", "volume fraction"):
        raise CaseError(f"{path}: {what} is for a gas; in a liquid give an amount or a mass per volume (mol/L, g/L)")
    raise CaseError(f"{path}: {what} {_NEEDS_DENSITY}")


def _check_declared(names: Iterable[str], solutes: Iterable[str], where: str) -> None:
    """Refuse numbers for a solute that is not declared."""
    for name in names:
        if name in solutes:
            continue
        misplaced = _misplaced(where, name)
        if misplaced:
            raise CaseError(misplaced)
        hint = _nearest(name, solutes)
        raise CaseError(
            f'{where}.{cut(name)}: "{cut(name)}" is not a declared solute'
            + (hint or f"; declare it with [solutes.{_key_text(name)}]")
        )


def _completed(membrane: Membrane, solutes: tuple[str, ...]) -> Membrane:
    """The membrane with one entry a declared solute, in their order."""
    if membrane.type == "none":
        return membrane.model_copy(update={"solutes": {}, "water_permeability": 0.0})
    without_water = membrane.water_permeability == 0
    for solute in solutes:
        path = f"membrane.solutes.{solute}"
        if solute not in membrane.solutes:
            source = f'the library\'s "{membrane.type}" has no numbers for it; ' if membrane.type else ""
            raise CaseError(
                f'{path} is missing: {source}give its permeability and reflection, or the membrane type = "ideal"'
            )
        numbers = membrane.solutes[solute]
        given = "reflection" in numbers.model_fields_set
        if membrane.flux_law == "solution-diffusion" and numbers.reflection != 1 and not without_water:
            raise CaseError(
                f"{path}.reflection = {numbers.reflection:g}: solution-diffusion means a reflection of 1; leave it "
                f'out, or take flux_law = "spiegler-kedem"'
            )
        if membrane.flux_law != "solution-diffusion" and not given and not without_water:
            raise CaseError(f"{path}.reflection is missing: {membrane.flux_law} needs it, from 0 to 1")
        if numbers.partition != 1 and not without_water:
            raise CaseError(
                f"{path}.partition = {numbers.partition:g}: other than 1 only with water_permeability = "
                f'"0 L/m^2/hour/bar"'
            )
    return membrane.model_copy(update={"solutes": {solute: membrane.solutes[solute] for solute in solutes}})


def _check_boundaries(case: Case) -> None:
    """DESIGN §3a, "Which boundaries combine", and the keys that only some boundaries take."""
    open_partition = case.membrane.type == "none"
    for name in SIDES:
        side: Compartment = getattr(case, name)
        if "tube_area" in side.model_fields_set and side.boundary != "standpipe":
            raise CaseError(f'{name}.tube_area: only a "standpipe" has one; {name}.boundary is "{side.boundary}"')
        if side.backflow is not None and side.boundary != "outflow":
            raise CaseError(f'{name}.backflow: only an "outflow" takes it; {name}.boundary is "{side.boundary}"')
        if open_partition and side.boundary in ("standpipe", "outflow"):
            raise CaseError(
                f'{name}.boundary = "{side.boundary}": without a membrane nothing flows; expected "piston", "rigid" '
                f'or "reservoir"'
            )
        if side.boundary == "rigid" and not open_partition and "pressure" in side.model_fields_set:
            raise CaseError(f"{name}.pressure: a rigid side takes none, its pressure is computed; remove the key")
    if open_partition:
        left, right = case.left, case.right
        if not _same_pressure(left.pressure, right.pressure):
            raise CaseError(
                'left.pressure and right.pressure differ: with membrane.type = "none" nothing holds a difference; '
                "make them equal"
            )
        if left.stirred and right.stirred:
            raise CaseError(
                "left.stirred and right.stirred: two stirred sides without a membrane are one; expected stirred = false"
                " on at least one"
            )
    elif case.left.boundary == case.right.boundary and case.left.boundary in ("rigid", "outflow"):
        why = {
            "rigid": "the pressures would not be determined",
            "outflow": "nothing would be left to flow out",
        }[case.left.boundary]
        raise CaseError(f'left.boundary and right.boundary are both "{case.left.boundary}": at most one may be, {why}')


def _same_pressure(a: Pressure, b: Pressure) -> bool:
    """Equal at every time; between the times both are level or straight."""
    times = sorted({*a.times, *b.times})
    times += [(s + t) / 2 for s, t in pairwise(times)] + [times[-1] + 1]
    return all(abs(a.at(t) - b.at(t)) <= 1e-9 * max(abs(a.at(t)), abs(b.at(t))) for t in times)


def _check_gas(case: Case) -> None:
    from membrane_pde.physics.osmotic import GAS_CONSTANT

    if case.membrane.type != "none":
        raise CaseError('membrane.type: a gas has no membrane here; expected type = "none"')
    used: list[tuple[float, str]] = []
    for name in SIDES:
        side: Compartment = getattr(case, name)
        if side.boundary != "rigid":
            raise CaseError(
                f'{name}.boundary = "{side.boundary}": in a gas both ends are rigid, as the model moves no gas as a '
                'whole; expected "rigid"'
            )
        used += [(each.diffusivity, f"solutes.{s}.diffusivity") for s, each in case.solutes.items()]
        used += [(value, f"{name}.diffusivity.{s}") for s, value in side.diffusivity.items()]
        total = side.pressure.values[0] / (GAS_CONSTANT * case.temperature)
        profiles = [c for c in side.concentration.values() if isinstance(c, Profile)]
        for x in sorted({0.0, *(x for profile in profiles for x in profile.distance)}):
            fraction = sum(_concentration_at(c, x) for c in side.concentration.values()) / total
            if fraction > 1 + 1e-9:
                raise CaseError(
                    f"{name}.concentration: the mole fractions add up to {fraction:.6g}; expected at most 1"
                )
    for value, path in used:
        if abs(value - used[0][0]) > 1e-9 * value:
            raise CaseError(f"{path} differs from {used[0][1]}: two gases have one common diffusivity; make them equal")


def _concentration_at(concentration: float | Profile, distance: float) -> float:
    if isinstance(concentration, Profile):
        return _interpolate(distance, concentration.distance, concentration.value)
    return concentration


def _check_size(case: Case) -> None:
    unknowns = 2 * case.mesh.cells * len(case.solutes)
    if unknowns > MAX_UNKNOWNS:
        raise CaseError(
            f"mesh.cells = {case.mesh.cells}: 2 x cells x solutes are {unknowns} unknowns; at most {MAX_UNKNOWNS}"
        )
    for name in SIDES:
        side: Compartment = getattr(case, name)
        uniform = side.length / case.mesh.cells
        if case.mesh.finest is not None and not side.stirred and case.mesh.finest > uniform * (1 + 1e-9):
            raise CaseError(
                f"mesh.finest = {case.mesh.finest:.6g} m is wider than {case.mesh.cells} equal cells on the {name} "
                f"side, {uniform:.6g} m; expected at most that"
            )


def _find_warnings(case: Case, raw: dict[str, Any]) -> tuple[str, ...]:
    """What is legitimate but may not be meant."""
    found = []
    membrane = case.membrane
    written = raw.get("membrane", {})
    if membrane.type == "none" and len(written) > 1:
        found.append(f'membrane.type is "none": {", ".join(k for k in written if k != "type")} not used')
    liquid = case.phase == "liquid"
    values = [(f"membrane.solutes.{s}", "permeability", m.permeability) for s, m in membrane.solutes.items()]
    if membrane.type != "none":
        values.append(("membrane", "water_permeability", membrane.water_permeability))
    if liquid:
        values += [(f"solutes.{s}", "diffusivity", each.diffusivity) for s, each in case.solutes.items()]
        for name in SIDES:
            side: Compartment = getattr(case, name)
            values += [(f"{name}.diffusivity.{s}", "diffusivity", d) for s, d in side.diffusivity.items()]
    for path, kind, value in values:
        low, high, unit = _KNOWN_RANGES[kind]
        if value and not low / 1000 <= value <= high * 1000:
            where = path if path.split(".")[-2:-1] == ["diffusivity"] else f"{path}.{kind}"
            found.append(
                f"{where} is {value:.3g} {unit}, more than a thousand times beyond what is known ({low:.2g} to "
                f"{high:.2g} {unit}): is the unit right?"
            )
    if liquid and membrane.water_permeability > 0:
        found += [
            f"solutes.{name}.dissociation is not given: 1 particle per formula unit is assumed"
            for name, each in case.solutes.items()
            if "dissociation" not in each.model_fields_set
        ]
    ions = {name: each.charge for name, each in case.solutes.items() if each.charge}
    if liquid and ions:
        passing = [name for name in ions if name in membrane.solutes and membrane.solutes[name].permeability > 0]
        if passing:
            found.append(
                f"{', '.join(passing)}: an ion that passes the membrane by itself separates charge, which this model "
                "does not see; give the salt instead"
            )
        for name in SIDES:
            side = getattr(case, name)
            parts = [charge * _mean(side.concentration[ion], side.length) for ion, charge in ions.items()]
            positive, negative = sum(p for p in parts if p > 0), -sum(p for p in parts if p < 0)
            if abs(positive - negative) > 0.01 * max(positive, negative):
                found.append(
                    f"{name}.concentration: positive charges ({positive:.4g} mol/m^3) and negative ones "
                    f"({negative:.4g} mol/m^3) do not balance"
                )
    return tuple(found)


def _mean(concentration: float | Profile, length: float) -> float:
    """Volume mean over a compartment."""
    if not isinstance(concentration, Profile):
        return concentration
    inner = [x for x in concentration.distance if 0 < x < length]
    points = [0.0, *inner, length]
    at = [_concentration_at(concentration, x) for x in points]
    return sum((b - a) * (p + q) / 2 for a, b, p, q in zip(points, points[1:], at, at[1:], strict=False)) / length


# ---------------------------------------------------------------------------------------------------------------
# From the dict as written to a case.


def _build(raw: dict[str, Any], name: str) -> Case:
    """Merge the library under a case as written, and validate it."""
    merged = copy.deepcopy(raw)
    _check_names(merged)
    _merge_solutes(merged)
    _merge_membrane(merged)
    if merged.get("phase") == "gas":
        for side in SIDES:
            if isinstance(merged.get(side), dict):
                merged[side].setdefault("boundary", "rigid")
                if re.search(r"(barg|psig)\s*$", str(merged[side].get("pressure"))):
                    raise CaseError(
                        f"{side}.pressure = {_show(merged[side]['pressure'])}: a gas needs its absolute pressure; "
                        'expected for example "1 atm"'
                    )
    try:
        case = Case.model_validate(merged)
    except ValidationError as error:
        raise _case_error(error) from None
    case._name, case._raw, case._warnings = name, raw, _find_warnings(case, raw)
    return case


def _check_names(merged: dict[str, Any]) -> None:
    solutes = merged.get("solutes")
    if not isinstance(solutes, dict):
        return
    if len(solutes) > MAX_SOLUTES:
        raise CaseError(f"solutes: {len(solutes)} solutes; at most {MAX_SOLUTES}")
    seen: dict[str, str] = {}
    for name in solutes:
        misplaced = None if isinstance(solutes[name], dict) else _misplaced("solutes", name)
        if misplaced:
            raise CaseError(misplaced)
        if not name.strip() or "." in name or '"' in name or not name.isprintable() or len(name) > MAX_NAME:
            raise CaseError(
                f"solutes.{_key_text(cut(name))}: a solute's name is 1 to {MAX_NAME} characters without dots and quotes"
            )
        if name.lower() in seen:
            raise CaseError(
                f"solutes.{seen[name.lower()]} and solutes.{name} differ in capital letters only; rename one"
            )
        seen[name.lower()] = name


def _merge_solutes(merged: dict[str, Any]) -> None:
    """Put the library's values under the user's."""
    solutes = merged.get("solutes")
    if not isinstance(solutes, dict):
        return
    for name, own in solutes.items():
        entry = library.solutes().get(name)
        if not isinstance(own, dict) or entry is None:
            if isinstance(own, dict) and "reference_temperature" in own and "diffusivity" not in own:
                raise CaseError(f"solutes.{name}.reference_temperature stands beside a diffusivity; give that too")
            continue
        values = {k: v["value"] for k, v in entry.items() if k in Solute.model_fields and isinstance(v, dict)}
        if "diffusivity" in own or merged.get("phase") == "gas":  # the library's is that in water
            values.pop("diffusivity", None)
        elif "reference_temperature" in own:
            raise CaseError(f"solutes.{name}.reference_temperature stands beside a diffusivity; give that too")
        elif "temperature" in entry.get("diffusivity", {}):
            values["reference_temperature"] = entry["diffusivity"]["temperature"]
        solutes[name] = values | own


def _merge_membrane(merged: dict[str, Any]) -> None:
    """Put what the membrane's type stands for under the user's values."""
    membrane, solutes = merged.get("membrane"), merged.get("solutes")
    if not isinstance(membrane, dict) or not isinstance(solutes, dict):
        return
    own = membrane.get("solutes", {})
    if isinstance(own, dict) and solutes:
        _check_declared(own, solutes, "membrane.solutes")
    if not isinstance(membrane.get("type"), str):
        return
    kind = membrane["type"]
    values: dict[str, Any]
    numbers: dict[str, Any]
    if kind == "none":
        values = {"water_permeability": "0 m/s/Pa"}
        numbers = {name: {"permeability": "0 m/s"} for name in solutes}
    elif kind == "ideal":
        values = {"water_permeability": "1 L/m^2/hour/bar"}
        numbers = {name: {"permeability": "0 m/s", "reflection": 1.0} for name in solutes}
    else:
        entry = library.membranes().get(kind)
        if entry is None:
            known = ("ideal", "none", *library.membranes())
            raise CaseError(f"membrane.type = {_show(kind)}: unknown{_nearest(kind, known, always=True)}")
        values = {}
        if "flux_law" in entry:
            values["flux_law"] = entry["flux_law"]
        if "water_permeability" in entry:
            values["water_permeability"] = entry["water_permeability"]["value"]
        numbers = {
            name: {k: v["value"] for k, v in each.items() if k in MembraneSolute.model_fields and isinstance(v, dict)}
            for name, each in entry.get("solutes", {}).items()
            if name in solutes
        }
        if membrane.get("flux_law") == "solution-diffusion":  # then the library's reflection does not belong
            for each in numbers.values():
                each.pop("reflection", None)
    if isinstance(own, dict):
        for name, mine in own.items():
            numbers[name] = numbers.get(name, {}) | mine if isinstance(mine, dict) else mine
        values["solutes"] = numbers
    merged["membrane"] = values | {k: v for k, v in membrane.items() if k != "solutes" or not isinstance(own, dict)}


# ---------------------------------------------------------------------------------------------------------------
# Messages.


def _case_error(error: ValidationError) -> CaseError:
    """One message from all that pydantic found; an unknown key first, as it is often the cause of the rest."""
    errors = error.errors(include_url=False)
    errors.sort(key=lambda e: e["type"] != "extra_forbidden")
    text = _message(errors[0])
    if len(errors) > 1:
        text += f"\n({len(errors) - 1} more problem{'s' if len(errors) > 2 else ''} after this one)"
    return CaseError(text)


def _message(error: Any) -> str:
    loc = [str(part) for part in error["loc"] if part != "[key]"]
    path, general = cut(".".join(loc), 120), _general(loc)
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    start = f"{path} = {_show(value)}"
    if kind == "missing":
        return f"{path} is missing: {_missing_hint(loc, general)}"
    if kind == "extra_forbidden":
        return _unknown_key(loc, general)
    if kind == "value_error":
        return _misplaced(".".join(loc[:-1]), loc[-1]) or f"{start}: {context['error']}"
    if kind == "literal_error":
        if value in _PLANNED_VALUES.get(general, ()):
            return f"{start}: {_NOT_YET}; expected {context['expected']}".replace("'", '"')
        allowed = [part.strip("'") for part in re.split(r", | or ", context["expected"])]
        return f"{start}: expected {context['expected']}".replace("'", '"') + (
            _nearest(value, allowed) if isinstance(value, str) else ""
        )
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        word = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
        key = next(key for key in word if key in context)
        if loc[-1] == "reflection":
            return f"{start}: expected a number from 0 to 1"
        return f"{start}: expected {word[key]} {context[key]:g}"
    if kind == "finite_number":
        return f"{start}: expected a finite number"
    if kind in ("float_type", "int_type", "int_from_float", "float_parsing", "int_parsing"):
        what = "a whole number" if kind.startswith("int") else "a number"
        bare = ", without quotes and unit" if isinstance(value, str) else ""
        return f"{start}: expected {what}{bare}"
    if kind == "bool_type":
        return f"{start}: expected true or false, without quotes"
    if kind == "string_type":
        return f"{start}: expected a text in quotes"
    if kind in ("model_type", "dict_type"):
        return _misplaced(".".join(loc[:-1]), loc[-1]) or f"{start}: expected a table, [{path}]"
    if kind == "too_short":
        return f"{path} is empty: {_HINTS.get(general, 'expected at least one entry')}"
    return f"{start}: {error['msg']}"


def _general(loc: list[str]) -> str:
    """A path with the names of sides and solutes taken out, as the tables above have it."""
    parts = ["side" if i == 0 and part in SIDES else part for i, part in enumerate(loc)]
    for holder in (["solutes"], ["membrane", "solutes"], ["side", "concentration"], ["side", "diffusivity"]):
        if parts[: len(holder)] == holder and len(parts) > len(holder) + 1:
            parts[len(holder)] = "*"
    return ".".join(parts)


def _missing_hint(loc: list[str], general: str) -> str:
    if general == "solutes.*.diffusivity":
        known = {name.lower(): name for name in library.solutes()}
        name = loc[1]
        near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.75)
        if name in library.solutes():
            return 'the library\'s is that in water; give it, for example "2e-5 m^2/s"'
        hint = f' (nearest there: "{known[near[0]]}")' if near else ""
        return f'"{cut(name)}" is not in the library{hint}; give it, for example "1.6e-9 m^2/s"'
    return _HINTS.get(general, "it is required")


def _unknown_key(loc: list[str], general: str) -> str:
    path = cut(".".join(loc), 120)
    if general in _PLANNED_KEYS:
        return f"{path}: {_NOT_YET}"
    misplaced = _misplaced(".".join(loc[:-1]), loc[-1])
    if misplaced:
        return misplaced
    model = Case
    for part in loc[:-1]:
        found = _step(model, part)
        if found is None:
            break
        model = found
    known = tuple(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else ()
    return f"{path}: unknown key{_nearest(loc[-1], known, always=True)}"


def _misplaced(table: str, key: str) -> str | None:
    """TOML has no end of a table: a top-level key below the first one lands in it. The same for a side's keys."""
    if not table:
        return None
    tops = [
        name
        for name, field in Case.model_fields.items()
        if field.annotation in (str, float) or "Literal" in str(field.annotation)
    ]
    path = cut(f"{table}.{key}", 120)
    if key in tops:
        return f"{path}: {key} belongs to the whole case; move it above the first [table]"
    side, _, inner = table.partition(".")
    if side in SIDES and inner and key in Compartment.model_fields:
        return f"{path}: {key} belongs to [{side}]; move it above [{table}]"
    return None


def _nearest(name: str, known: Iterable[str], always: bool = False) -> str:
    """`; did you mean "x"?`, or with `always` what there is."""
    known = list(known)
    lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{lower[near[0]]}"?'
    return f"; known: {cut(', '.join(known), 300)}" if always and known else ""


def _show(value: Any) -> str:
    """A value as it stands in the file, short enough for a message."""
    if isinstance(value, float) and value != value:
        return "nan"
    try:
        return cut(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError):
        return cut(str(value))


def _key_text(name: str) -> str:
    """A key as it is written in TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'


# ---------------------------------------------------------------------------------------------------------------
# Overrides.


def parse_override(text: str) -> tuple[str, str]:
    """Split ``left.pressure=50 bar`` into path and value, at the first "=".

    Quotes around the whole value, which some shells leave, are taken off.

    Raises
    ------
    CaseError
        No "=", or nothing before it.
    """
    path, equals, value = text.partition("=")
    path, value = path.strip(), value.strip()
    if not equals or not path:
        raise CaseError(f'"{cut(text)}": expected KEY=VALUE, for example left.pressure="50 bar"')
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return path, value


@cache
def _hints(model: type[BaseModel]) -> dict[str, Any]:
    return typing.get_type_hints(model, include_extras=True)


def _step(declared: Any, part: str) -> Any:
    """The declared type below `declared` under a key, without Optional; None if there is no such key."""
    if isinstance(declared, type) and issubclass(declared, BaseModel):
        return _plain(_hints(declared)[part]) if part in declared.model_fields else None
    if typing.get_origin(declared) is dict:
        return _plain(typing.get_args(declared)[1])
    reader = _reader(declared)
    return object if reader and (part in reader.keys or "*" in reader.keys) else None


def _plain(hint: Any) -> Any:
    """A type hint without "| None"."""
    options = [each for each in typing.get_args(hint) if each is not type(None)]
    return options[0] if type(None) in typing.get_args(hint) and len(options) == 1 else hint


def _reader(hint: Any) -> _Reader | None:
    return next((each for each in getattr(hint, "__metadata__", ()) if isinstance(each, _Reader)), None)


def _set(raw: dict[str, Any], path: str, value: object) -> None:
    """Put one override into a case as written."""
    if not isinstance(path, str) or not path.strip():
        raise CaseError(f"{_show(path)}: expected the path of a key, for example left.pressure")
    loc = [part.strip().strip("\"'") for part in path.split(".")]
    declared: Any = Case
    for i, part in enumerate(loc):
        below = _step(declared, part) if part else None
        if below is None:
            if isinstance(declared, type) and issubclass(declared, BaseModel):
                raise CaseError(_unknown_key(loc[: i + 1], _general(loc[: i + 1])))
            raise CaseError(f"{cut(path)}: there is nothing below {'.'.join(loc[:i])}")
        declared = below
    table = raw
    for i, part in enumerate(loc[:-1]):
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise CaseError(f"{cut(path)}: {'.'.join(loc[: i + 1])} is {_show(table)}, not a table; give it whole")
    table[loc[-1]] = _as_declared(".".join(loc), declared, value)


def _as_declared(path: str, declared: Any, value: object) -> Any:
    """Read an override's value as the declared type of its key asks for."""
    if hasattr(value, "item"):  # a NumPy number
        value = value.item()
    if isinstance(value, tuple):
        value = list(value)
    if value is None:
        raise CaseError(f"{path} = None: expected a value")
    if declared is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return copy.deepcopy(value)
    text, reader = value.strip(), _reader(declared)
    if declared is bool and text in ("true", "false"):
        return text == "true"
    if declared in (int, float) or (reader and reader.number):
        try:
            return int(text) if declared is int else float(text)
        except ValueError:
            return value  # validation says what was expected
    texts = declared is str or typing.get_origin(declared) is Literal
    if text.startswith(("{", "[")) and not texts:
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise CaseError(f"{path} = {_show(value)}: not valid TOML ({error})") from None
    return value


# ---------------------------------------------------------------------------------------------------------------
# Files.


def parse_case(text: str, name: str = "case") -> Case:
    """Read a case from the text of a case file.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        What to call the case (`Case.name`).

    Returns
    -------
    Case

    Raises
    ------
    CaseError
        Anything wrong with it.
    """
    if len(text) > MAX_BYTES:
        raise CaseError(f"the case is larger than {MAX_BYTES // 1_000_000} MB, the most that is read")
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, and a whole number of 5000 digits
        raise CaseError(_toml_message(text, error)) from None
    if not raw:
        raise CaseError("the case is empty: there is no key in it (`membrane-pde new` makes one to start from)")
    try:
        return _build(raw, name)
    except RecursionError:
        raise CaseError("the case is nested too deeply") from None


def load_case(path_or_name: str | Path) -> Case:
    """Read a case from a file, or a shipped case by its name.

    Parameters
    ----------
    path_or_name : str or Path
        A file's path, or a name from `case_names`.

    Returns
    -------
    Case

    Raises
    ------
    CaseError
        No such file or name, a file that cannot be read, or anything wrong with the case; the message starts with the
        file's path.
    """
    path = Path(path_or_name)
    try:
        found = path.is_file()
    except (OSError, ValueError):  # a name too long for the file system, or with a null character
        found = False
    if not found:
        shipped = _shipped()
        if str(path_or_name) not in shipped:
            raise CaseError(_not_found(path, shipped))
        path = shipped[str(path_or_name)]
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CaseError(f"{path}: larger than {MAX_BYTES // 1_000_000} MB, the most that is read")
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise CaseError(f"{path}: not a text in UTF-8 (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise CaseError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return parse_case(text, path.stem)
    except CaseError as error:
        raise CaseError(f"{path}: {error}") from None


def case_names() -> list[str]:
    """Names of the cases that come with the package, in alphabetical order."""
    return sorted(_shipped())


def case_text(name: str) -> str:
    """The text of a shipped case, comments and all.

    Raises
    ------
    CaseError
        No such case.
    """
    shipped = _shipped()
    if name not in shipped:
        raise CaseError(f'"{cut(name)}" is not a shipped case{_nearest(name, shipped, always=True)}')
    return shipped[name].read_text(encoding="utf-8")


def json_schema() -> dict[str, Any]:
    """The JSON schema of a case file, for editors."""
    schema = typing.cast(dict[str, Any], _without_null(Case.model_json_schema()))
    schema["properties"]["mesh"].pop("default", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "membrane_pde case file"}


def _without_null(schema: Any) -> Any:
    """TOML has no null: a key is there or not."""
    if isinstance(schema, list):
        return [_without_null(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    clean = {k: _without_null(v) for k, v in schema.items() if not (k == "default" and v is None)}
    if "anyOf" in clean:
        options = [each for each in clean["anyOf"] if each != {"type": "null"}]
        if len(options) == 1:
            clean = {**{k: v for k, v in clean.items() if k != "anyOf"}, **options[0]}
        else:
            clean["anyOf"] = options
    if isinstance(clean.get("title"), str):  # pydantic's titles only repeat the key
        del clean["title"]
    return clean


def _shipped() -> dict[str, Path]:
    """The shipped cases: beside this file in a wheel, at the project's root in a clone."""
    here = Path(__file__).parent
    for folder in (here / "cases", here.parent / "cases"):
        if folder.is_dir():
            return {path.stem: path for path in folder.glob("*.toml")}
    return {}


def _not_found(path: Path, shipped: Iterable[str]) -> str:
    shown = cut(str(path), 120)
    try:
        if path.is_dir():
            return f"{shown}: is a folder; expected a case file"
        beside = [each.name for each in path.parent.glob("*.toml")]
    except (OSError, ValueError):
        beside = []
    hint = _nearest(path.name, beside) if path.suffix or len(path.parts) > 1 else ""
    hint = hint or _nearest(path.stem, shipped) or "; `membrane-pde list` shows the cases that come with the package"
    return f"{shown}: no such file, and no shipped case of that name{hint}"


_UNQUOTED_SIGN = re.compile(r"""(?:^|[\s{,.\[])([A-Za-z0-9_-]*\+[A-Za-z0-9_+-]*)\s*(?=[=.\]])""")
_UNQUOTED_VALUE = re.compile(r"=\s*([+-]?[0-9][0-9.eE+-]*\s*[A-Za-zµμ°%/][^,}\]#]*)")


def _toml_message(text: str, error: Exception) -> str:
    """Where TOML's parser gave up, with the line, and what is known to lead there."""
    lines = text.splitlines()
    position = re.search(r"\(at line (\d+), column \d+\)", str(error))
    number = int(position.group(1)) if position else len(lines)
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    reason = re.sub(r"\s*\(at [^)]*\)$", "", str(error))
    if isinstance(error, RecursionError):
        reason = "nested too deeply"
    opened = next((i for i, each in enumerate(lines[:number], 1) if _opens_inline_table(each)), None)
    sign = _UNQUOTED_SIGN.search(_without_texts(line))
    value = _UNQUOTED_VALUE.search(_without_texts(line))
    if sign:
        reason = f'a name with a sign is quoted: "{sign.group(1)}"'
    elif opened:
        number, line = opened, lines[opened - 1]
        reason = "an inline table { … } must stay on one line; write it on one, or as a [table] of its own"
    elif value:
        reason = f'a quantity is quoted: "{cut(value.group(1).strip())}"'
    return f"line {number}: not valid TOML: {reason}\n    {cut(line.strip(), 120)}"


def _without_texts(line: str) -> str:
    """A line without its quoted texts and its comment."""
    return re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', '""', line).split("#")[0]


def _opens_inline_table(line: str) -> bool:
    bare = _without_texts(line)
    return bare.count("{") > bare.count("}")
