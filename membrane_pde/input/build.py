"""Builds a `Case` from the dict as written, and a changed `Case` from another one.

Dict as written → defaults of the library added → `Case`. A change (`Case.with_values`) alters the dict as written and
builds the case again, so that library values are scaled to a changed temperature.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from membrane_pde import library
from membrane_pde.input import titles
from membrane_pde.input.case import Case, Origin
from membrane_pde.input.checks import check_curved_boundaries, check_together, misplaced
from membrane_pde.input.completion import put
from membrane_pde.input.defaults import merge_gas, merge_membrane, merge_solutes
from membrane_pde.input.errors import CaseError
from membrane_pde.input.messages import case_error, expectation_in_a_gas
from membrane_pde.input.overrides import is_written, set_values, value_at, with_cause, written_at
from membrane_pde.input.parts import SIDES, Compartment
from membrane_pde.input.readers import Applied
from membrane_pde.input.values import Pressure
from membrane_pde.input.wording import cut, key_text
from membrane_pde.physics.curvature import CURVED

MAX_SOLUTES = 64
MAX_NAME = 50  # largest number of characters in a solute's name


def build(raw: dict[str, Any], name: str, before: Case | None = None) -> Case:
    """Add the defaults of the library to a case as written, and validate it.

    Parameters
    ----------
    raw : dict
        As tomllib reads a case file.
    name : str
        What to call the case (`Case.name`).
    before : Case, optional
        The parent case, if this is a changed copy: its unchanged parts are not validated again.

    Returns
    -------
    Case

    Raises
    ------
    CaseError
        Anything wrong with it.
    """
    kept: dict[str, Any] = {}
    ranges: dict[str, tuple[float, float]] = {}
    if before is not None:
        origin = before._origin
        kept = _kept(raw, before, origin.written)
        ranges = origin.source_ranges
        if _only_pressures_differ(raw, kept, origin.written):
            case = put(copy(before), left=kept["left"], right=kept["right"])
            check_together(case)
            case._origin = Origin(name, raw, changed_case, ranges)
            return case
    merged = raw | kept  # the dict as written is shared by cases: copy before changing
    gas = merged.get("phase") == "gas"
    solutes = merged.get("solutes")
    if "solutes" not in kept and isinstance(solutes, dict):  # otherwise validation reports it
        _check_names(solutes)
        merged["solutes"], ranges = merge_solutes(solutes, gas)
    if "module" in merged:
        from membrane_pde.input.module_defaults import merge_module

        merge_module(merged)
    elif with_channel := [name for name in SIDES if isinstance(merged.get(name), dict) and "channel" in merged[name]]:
        raise CaseError(
            f"{with_channel[0]}.channel: a channel runs along a [module]; add that table, or leave the channel out"
        )
    if isinstance(solutes, dict) and "membrane" not in kept:
        merge_membrane(merged, solutes)
    if gas:
        merge_gas(merged)
    curved = merged.get("geometry") in CURVED
    if curved:  # check the boundary first: a message on a missing length would be misleading
        check_curved_boundaries(merged)
    try:
        case = Case.model_validate(merged, context=kept)
    except ValidationError as error:
        found = case_error(error, curved)
        raise (CaseError(expectation_in_a_gas(str(found))) if gas else found) from None
    if "solutes" not in kept:
        _check_ions(case)
    if case.properties.given:
        from membrane_pde.input.property_checks import check_positive

        check_positive(case)
    if case.module is not None:
        from membrane_pde.input.plant import resolve

        case._plant = resolve(case, raw, lambda other: build(other, name))
    case._origin = Origin(name, raw, changed_case, ranges)
    return case


def _kept(raw: dict[str, Any], before: Case, written: dict[str, Any]) -> dict[str, Any]:
    """Parts of the parent case that need not be validated again: written the same, and with the same solutes.

    A side in which only the pressure differs counts as well, with the new pressure: to validate all of that side would
    double the time of the change that sliders and sweeps make most often.
    """
    parts: tuple[str, ...] = ("mesh", "run")
    if "module" in raw or "module" in written:  # whose sides and membrane depend on each other
        return {part: getattr(before, part) for part in ("mesh",) if raw.get(part) is written.get(part)}
    alike = all(raw.get(key) == written.get(key) for key in ("temperature", "phase", "geometry", "properties"))
    # in a gas other parts depend on the pressure
    if alike and raw["solutes"] is written["solutes"] and before.phase == "liquid":
        parts = (*parts, "solutes", "left", "right", "membrane")
    kept = {part: getattr(before, part) for part in parts if raw.get(part) is written.get(part)}
    for name in SIDES:
        if name in parts and name not in kept:
            side = _with_pressure(getattr(before, name), raw.get(name), written.get(name))
            kept |= {} if side is None else {name: side}
    return kept


def _only_pressures_differ(raw: dict[str, Any], kept: dict[str, Any], written: dict[str, Any]) -> bool:
    """True if a case of a liquid differs from its parent only in valid pressures."""
    if not {"solutes", "left", "right", "membrane"} <= kept.keys():
        return False
    return all(raw.get(key) is written.get(key) for key in raw | written if key not in SIDES)


def _with_pressure(side: Compartment, now: Any, then: Any) -> Compartment | None:
    """A copy of a side with the pressure that is written now; None if more than that is changed, or it is wrong."""
    if not isinstance(now, dict) or not isinstance(then, dict) or "pressure" not in now:
        return None
    if any(now.get(key) is not then.get(key) for key in now | then if key != "pressure"):
        return None
    try:
        return put(copy(side), pressure=_applied().validate_python(now["pressure"]))
    except ValidationError:  # validation of the whole case reports it with its key
        return None


@cache
def _applied() -> TypeAdapter[Pressure]:
    return TypeAdapter(Applied)


_NEUTRAL = 1e-4  # net charge of a formula unit ÷ number of its ions below which it is round-off


def _check_ions(case: Case) -> None:
    known = library.pitzer()["charges"]
    for name, solute in case.solutes.items():
        if not solute.ions:
            continue
        path = f"solutes.{key_text(name)}.ions"
        for ion, count in solute.ions.items():
            if ion not in known:
                raise CaseError(
                    f"{path}.{key_text(cut(ion))}: no data of this ion; known: {', '.join(known)}. Without the key "
                    "ions the solute counts ideally"
                )
            if count <= 0:
                raise CaseError(f"{path}.{key_text(cut(ion))} = {count:g}: expected more than 0")
        charge = sum(count * known[ion] for ion, count in solute.ions.items())
        if abs(charge - (solute.charge or 0)) > _NEUTRAL * sum(solute.ions.values()):
            raise CaseError(
                f"{path}: their charges add up to {charge:g}; expected {solute.charge or 0}, the solute's charge"
            )


def _check_names(solutes: dict[str, Any]) -> None:
    if len(solutes) > MAX_SOLUTES:
        raise CaseError(f"solutes: {len(solutes)} solutes; at most {MAX_SOLUTES}")
    seen: dict[str, str] = {}
    for name, own in solutes.items():
        if not isinstance(own, dict) and (message := misplaced(["solutes", name])):
            raise CaseError(message)
        if not name.strip() or "." in name or '"' in name or not name.isprintable() or len(name) > MAX_NAME:
            raise CaseError(
                f"solutes.{key_text(cut(name))}: a solute's name is 1 to {MAX_NAME} characters without dots and quotes"
            )
        if name.lower() in seen:
            raise CaseError(
                f"solutes.{seen[name.lower()]} and solutes.{name} differ in capital letters only; rename one"
            )
        seen[name.lower()] = name


def changed_case(case: Case, values: Mapping[str, object]) -> Case:
    """A copy of a case with some values changed: `Case.with_values`."""
    origin = case._origin
    raw, changes = dict(origin.written), origin.changes
    for key in set_values(raw, values):
        if not any(key == other or key.startswith(f"{other}.") for other in changes):
            changes = (*(other for other in changes if not other.startswith(f"{key}.")), key)
    return _marked(build(raw, origin.name, case), origin.start or case, changes)


def completed_case(raw: dict[str, Any], name: str, values: Mapping[str, object], varied: Mapping[str, object]) -> Case:
    """The case of a file with some values replaced or added. The file need not be valid without them.

    Values of a sweep (`varied`), which every run sets, are used only if the case is not valid without them.
    """
    changed, used = dict(raw), dict(values)
    try:
        changes = tuple(set_values(changed, values))
        try:
            case = build(changed, name)
        except CaseError:
            if not varied:
                raise
            used |= varied
            set_values(changed, varied)
            case = build(changed, name)
    except CaseError as error:
        raise CaseError(with_cause(str(error), used)) from None
    try:
        start = build(raw, name)
    except CaseError:  # which the values repair
        start = None
    return _marked(case, start, changes)


def _marked(case: Case, start: Case | None, changes: tuple[str, ...]) -> Case:
    """Put the changes since the case was read from a file into the title of a new case, unless the title was changed.

    `start` is the case of the file, or None if the file alone is not valid.
    """
    if "title" in changes:  # later changes are added to the new title
        return case
    origin = case._origin
    changes = tuple(key for key in changes if is_written(origin.written, key))  # the others were replaced later
    case._origin = Origin(origin.name, origin.written, origin.change, origin.source_ranges, start, changes)
    different = [key for key in changes if start is None or value_at(case, key) != value_at(start, key)]
    before = case.title if start is None else start.title
    title = titles.marked(before, {key: written_at(origin.written, key) for key in different})
    if title != case.title:
        case.__dict__["title"] = origin.written["title"] = title  # nothing else refers to this case yet
    return case
