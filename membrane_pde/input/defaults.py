"""Add default values from the library and the membrane type to a case as written. The user's values take precedence."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from membrane_pde import library
from membrane_pde.input import units
from membrane_pde.input.checks import check_declared
from membrane_pde.input.errors import CaseError, UnitError
from membrane_pde.input.module_defaults import element
from membrane_pde.input.parts import SIDES, WITHOUT_REFLECTION, Membrane, MembraneSolute, Solute
from membrane_pde.input.spelling import reference
from membrane_pde.input.wording import key_text, nearest, show

# The value that `reference_temperature` refers to, by model.
MEASURED = {Solute: "diffusivity", Membrane: "water_permeability", MembraneSolute: "permeability"}


def _library_values(entry: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """The values of a library entry for the keys of a model, without their sources."""
    fields = model.model_fields
    keys = [key for key in entry if key in fields and key != "solutes"]
    values = {key: entry[key]["value"] if isinstance(entry[key], dict) else entry[key] for key in keys}
    measured = entry.get(MEASURED[model])
    if measured and "temperature" in measured:
        values["reference_temperature"] = measured["temperature"]
    return values


def _under(values: dict[str, Any], own: dict[str, Any], model: type[BaseModel], path: str) -> dict[str, Any]:
    """Merge the user's values into those of the library.

    A permeability that replaces the library's holds at the same temperature as that and follows the temperature as that
    does, unless its own `reference_temperature` stands beside it. A diffusivity holds at the case's temperature.
    """
    measured = MEASURED[model]
    if measured in own:
        dropped = {measured} if model is not Solute else {measured, "reference_temperature"}
        values = {k: v for k, v in values.items() if k not in dropped}
    elif "reference_temperature" in own:
        raise CaseError(f"{path}.reference_temperature stands beside a {measured}; give that too")
    return values | own


def merge_solutes(solutes: dict[str, Any], gas: bool) -> tuple[dict[str, Any], dict[str, tuple[float, float]]]:
    """Merge the user's values into those of the library; also the temperature range (K) of each library value used."""
    merged, ranges = dict(solutes), {}
    for name, own in solutes.items():
        if not isinstance(own, dict):
            continue
        values, spans = _of_library(name)
        if gas:  # the library's is that in water; that of two gases follows from both
            values = {k: v for k, v in values.items() if k != "reference_temperature"} | {"diffusivity": None}
        for key, span in spans.items():
            if key not in own:
                ranges[f"solutes.{key_text(name)}.{key}"] = span
        merged[name] = _under(values, own, Solute, f"solutes.{name}")
    return merged, ranges


@lru_cache(maxsize=1024)
def _of_library(name: str) -> tuple[dict[str, Any], dict[str, tuple[float, float]]]:
    """The library values of a solute, and the temperatures (K) between which each is valid. Do not modify them."""
    entry = library.solutes().get(name, {})
    values, spans = _library_values(entry, Solute), {}
    for key in values:
        span = entry.get(key, {})
        if key == "ions" and "temperature_range" not in span:
            span = library.pitzer()
        if "temperature_range" in span:
            low, high = (units.parse(text, "temperature") for text in span["temperature_range"])
            spans[key] = low, high
    return values, spans


_PORES = ("pore_radius", "porosity_over_thickness")


def merge_membrane(merged: dict[str, Any], solutes: dict[str, Any]) -> None:
    """Merge the user's values of the membrane into those of its type."""
    membrane = merged.get("membrane")
    if not isinstance(membrane, dict):
        return
    own = membrane.get("solutes", {})
    if isinstance(own, dict) and solutes:
        check_declared(own, solutes, "membrane.solutes")
    values: dict[str, Any] = {}
    numbers: dict[str, Any] = {}
    if isinstance(membrane.get("type"), str):
        values, numbers = _type_values(membrane["type"], solutes)
    if isinstance(membrane.get("element"), str):
        _check_element(merged, membrane)
        values, numbers = _entry_values(element(membrane["element"]).get("membrane", {}), solutes)
    if membrane.get("flux_law") in WITHOUT_REFLECTION:  # then the type's reflection does not belong
        for each in numbers.values():
            each.pop("reflection", None)
    porous = any(key in values | membrane for key in _PORES)
    if porous:  # what is not given follows from the pores
        if values and not any(key in values for key in _PORES):
            key = next(key for key in _PORES if key in membrane)
            whose = "element" if "element" in membrane else "type"
            raise CaseError(
                f"membrane.{key}: membrane.{whose} = {show(membrane[whose])} has its own values; remove one of the "
                "two keys"
            )
        values = {"water_permeability": None} | values
        numbers = {name: {"permeability": None} | numbers.get(name, {}) for name in solutes}
    membrane = dict(membrane)
    if isinstance(own, dict):
        own = _with_reference(membrane, own)
        for name, mine in own.items():
            path = f"membrane.solutes.{name}"
            there = numbers.get(name, {})
            numbers[name] = _under(there, mine, MembraneSolute, path) if isinstance(mine, dict) else mine
        own = numbers
    merged["membrane"] = _under(values, membrane, Membrane, "membrane") | {"solutes": own}


def _with_reference(membrane: dict[str, Any], numbers: dict[str, Any]) -> dict[str, Any]:
    """Copy the reference temperature of the membrane to each solute whose permeability is given."""
    reference = membrane.get("reference_temperature")
    given = [name for name, mine in numbers.items() if isinstance(mine, dict) and "permeability" in mine]
    if reference is None or not (given or "water_permeability" in membrane):
        return numbers
    if "water_permeability" not in membrane:
        del membrane["reference_temperature"]
    return numbers | {name: {"reference_temperature": reference} | numbers[name] for name in given}


def _type_values(kind: str, solutes: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of a type of membrane: those of the membrane, and those of each solute."""
    if kind == "none":
        return {"water_permeability": "0 m/s/Pa"}, {name: {"permeability": "0 m/s"} for name in solutes}
    if kind == "ideal":
        held_back = {"permeability": "0 m/s", "reflection": 1.0}
        return {"water_permeability": "1 L/m^2/hour/bar"}, {name: dict(held_back) for name in solutes}
    entry = library.membranes().get(kind)
    if entry is None:
        known = ("ideal", "none", *library.membranes())
        raise CaseError(f"membrane.type = {show(kind)}: unknown membrane{nearest(kind, known, always=True)}")
    return _entry_values(entry, solutes)


def _check_element(merged: dict[str, Any], membrane: dict[str, Any]) -> None:
    if "module" not in merged:
        raise CaseError(
            "membrane.element: an element stands in a [module]; add that table, or give a type of the library"
        )
    if "type" in membrane:
        raise CaseError("membrane.type and membrane.element: an element has its own membrane; leave one of them out")


def _entry_values(entry: dict[str, Any], solutes: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of a membrane in the library, and those of each solute."""
    tables = entry.get("solutes", {}).items()
    numbers = {name: _library_values(each, MembraneSolute) for name, each in tables if name in solutes}
    return _library_values(entry, Membrane), numbers


def merge_gas(merged: dict[str, Any]) -> None:
    """Set the defaults of a gas: rigid ends. Raise a CaseError for a gauge pressure, which only its unit shows."""
    for name in SIDES:
        side = merged.get(name)
        if not isinstance(side, dict):
            continue
        merged[name] = {"boundary": "rigid"} | side
        if "pressure" in side:
            try:
                merged[name]["pressure"] = absolute_pressure(side["pressure"])
            except CaseError as error:
                raise CaseError(f"{name}.pressure = {show(side['pressure'])}: {error}") from None


def absolute_pressure(written: Any) -> Any:
    """The pressure of a gas without the mark for an absolute pressure: "1 bara" as "1 bar"."""
    try:
        number = units.split(written)[1] if isinstance(written, str) else ""
    except UnitError:  # validation says what is wrong
        return written
    unit, counted_from = reference(number)
    if counted_from == "gauge":
        raise CaseError('a gas needs its absolute pressure; expected for example "1 atm"')
    return written.replace(number, unit) if counted_from else written
