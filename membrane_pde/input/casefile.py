"""From the text of a case file to a `Case`, and the words for what is wrong on the way.

TOML text → dict as written → the library's values merged under the user's → `Case`. An override (`Case.with_values`)
changes the dict as written and goes the whole way again, so that a changed temperature rescales what came from the
library.

In this order: files and shipped cases; TOML's slips; merging the library; overrides; pydantic's errors in words.
"""

from __future__ import annotations

import copy
import difflib
import math
import os
import re
import tomllib
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter, ValidationError

from membrane_pde import library
from membrane_pde.input import titles, units
from membrane_pde.input.case import (
    NOT_YET,
    PLANNED_KEYS,
    SIDES,
    Case,
    CaseError,
    Compartment,
    Membrane,
    MembraneSolute,
    Mesh,
    Origin,
    Run,
    Solute,
    at_reference,
    check_declared,
    misplaced,
    with_parts,
)
from membrane_pde.input.spelling import reference
from membrane_pde.input.units import cut
from membrane_pde.input.values import Applied, Pressure, Reader, key_text, nearest, show

MAX_BYTES = 10_000_000
MAX_SOLUTES = 64
MAX_NAME = 50  # characters in a solute's name


# ---------------------------------------------------------------------------------------------------------------
# Files and shipped cases.


def load_case(
    path_or_name: str | Path,
    values: Mapping[str, object] | None = None,
    varied: Mapping[str, object] | None = None,
) -> Case:
    """Read a case from a file, or a shipped case by its name.

    Parameters
    ----------
    path_or_name : str or Path
        A file's path, or a name from `case_names`.
    values : mapping, optional
        Values that take the place of the file's, or complete it, as `Case.with_values` takes them. The file need not
        be right without them.
    varied : mapping, optional
        Values of keys that a sweep sets anew in every run. They are used only if the file is not right without them.

    Returns
    -------
    Case

    Raises
    ------
    CaseError
        No such file or name, a file that cannot be read, or anything wrong with the case; the message starts with the
        file's path, and names those of `values` that it is about.
    """
    if not isinstance(path_or_name, str | Path):
        what = type(path_or_name).__name__
        raise CaseError(f'{what}: expected a file\'s path, or the name of a shipped case such as "osmosis"')
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
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise CaseError(f"{path}: larger than {MAX_BYTES // 1_000_000} MB, the most that is read")
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise CaseError(f"{path}: not a text in UTF-8 (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise CaseError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return parse_case(text, path.stem, values, varied)
    except CaseError as error:
        start = f"{cut(str(path_or_name), 120)} " if str(error).startswith("with ") else f"{path}: "
        raise CaseError(f"{start}{error}") from None


def as_case(case: Case | str | Path, varied: Mapping[str, object] | None = None) -> Case:
    """The case itself, or the one that a path or the name of a shipped case stands for; `varied` as in `load_case`.

    Raises
    ------
    CaseError
        Anything else, and what `load_case` refuses.
    """
    if isinstance(case, Case):
        return case
    if isinstance(case, str | Path):
        return load_case(case, varied=varied)
    raise CaseError(
        f"{type(case).__name__}: expected a case (of load_case or parse_case), a file's path, or the name of a shipped "
        'case such as "osmosis"'
    )


def case_names() -> list[str]:
    """Names of the cases that come with the package, in alphabetical order."""
    return sorted(_shipped())


def case_text(name: str) -> str:
    """The text of a shipped case, comments and all.

    Parameters
    ----------
    name : str
        A name from `case_names`.

    Returns
    -------
    str

    Raises
    ------
    CaseError
        No such case.
    """
    shipped = _shipped()
    if name not in shipped:
        raise CaseError(f'"{cut(name)}" is not a shipped case{nearest(name, shipped, always=True)}')
    return shipped[name].read_text(encoding="utf-8")


def _shipped() -> dict[str, Path]:
    """The shipped cases: in the package in a wheel, at the project's root in a clone."""
    package = Path(__file__).parents[1]
    for folder in (package / "cases", package.parent / "cases"):
        if folder.is_dir():
            files = (name for name in os.listdir(folder) if name.endswith(".toml"))
            return {name.removesuffix(".toml"): folder / name for name in files}
    return {}


def _not_found(path: Path, shipped: Iterable[str]) -> str:
    shown = cut(str(path), 120)
    try:
        if path.is_dir():
            return f"{shown}: is a folder; expected a case file"
        if path.exists():
            return f"{shown}: is a pipe or a device; expected a case file"
        beside = [each.name for each in path.parent.glob("*.toml")]
    except (OSError, ValueError):
        beside = []
    hint = nearest(path.name, beside) if path.suffix or len(path.parts) > 1 else ""
    hint = hint or nearest(path.stem, shipped) or "; `membrane-pde list` shows the cases that come with the package"
    return f"{shown}: no such file, and no shipped case of that name{hint}"


# ---------------------------------------------------------------------------------------------------------------
# TOML, and its slips.


def parse_case(
    text: str,
    name: str = "case",
    values: Mapping[str, object] | None = None,
    varied: Mapping[str, object] | None = None,
) -> Case:
    """Read a case from the text of a case file.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        What to call the case (`Case.name`).
    values : mapping, optional
        Values that take the place of the text's, or complete it, as `Case.with_values` takes them.
    varied : mapping, optional
        Values of keys that a sweep sets anew in every run. They are used only if the text is not right without them.

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
    if deep := _DEEP_KEY.search(text):
        number = text.count("\n", 0, deep.start()) + 1
        raise CaseError(f"line {number}: a key of more than 50 parts, {cut(deep.group())}: nested too deeply")
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, and a whole number of 5000 digits
        raise CaseError(_toml_message(text, error)) from None
    if not raw and not values and not varied:
        raise CaseError("the case is empty: there is no key in it (`membrane-pde new` makes one to start from)")
    try:
        return _completed(raw, name, values or {}, varied or {}) if values or varied else build(raw, name)
    except RecursionError:
        raise CaseError("the case is nested too deeply") from None


# The parser of TOML takes forever over a key of a million parts.
_DEEP_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]{0,99}+"|'[^'\n]{0,99}+')[ \t]*+\.[ \t]*+){50}""", re.ASCII)
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
        reason = f'a name with a sign is quoted: "{cut(sign.group(1))}"'
    elif opened:
        number, line = opened, lines[opened - 1]
        reason = "an inline table { … } must stay on one line; write it on one, or as a [table] of its own"
    elif value:
        reason = f'a quantity is quoted: "{cut(value.group(1).strip())}"'
    return f"line {number}: not valid TOML: {reason}\n    {cut(line.strip(), 120)}"


def _without_texts(line: str) -> str:
    """A line without its quoted texts and its comment."""
    return re.sub(r"""\"(?:[^"\\]|\\.)*+(?:"|\\?$)|'[^']*+(?:'|$)""", '""', line).split("#")[0]


def _opens_inline_table(line: str) -> bool:
    bare = _without_texts(line)
    return bare.count("{") > bare.count("}")


# ---------------------------------------------------------------------------------------------------------------
# From the dict as written to a case.


def build(raw: dict[str, Any], name: str, before: Case | None = None) -> Case:
    """Merge the library under a case as written, and validate it.

    Parameters
    ----------
    raw : dict
        As tomllib reads a case file.
    name : str
        What to call the case (`Case.name`).
    before : Case, optional
        One that this one is a change of: what is the same there is not read again.

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
        if (case := _with_parts(raw, origin.written, before, kept)) is not None:
            case._origin = Origin(name, raw, _changed, ranges)
            return case
    merged = raw | kept  # what changes below is copied there: cases share what they were written as
    gas = merged.get("phase") == "gas"
    solutes = merged.get("solutes")
    if "solutes" not in kept and isinstance(solutes, dict):  # if not, validation says so
        _check_names(solutes)
        merged["solutes"], ranges = _merge_solutes(solutes, gas)
    if isinstance(solutes, dict) and "membrane" not in kept:
        _merge_membrane(merged, solutes)
    if gas:
        _merge_gas(merged)
    try:
        case = Case.model_validate(merged, context=kept)
    except ValidationError as error:
        found = _case_error(error)
        raise (CaseError(_of_a_gas(str(found))) if gas else found) from None
    if "solutes" not in kept:
        _check_ions(case)
    case._origin = Origin(name, raw, _changed, ranges)
    return case


def _kept(raw: dict[str, Any], before: Case, written: dict[str, Any]) -> dict[str, Any]:
    """The parts of a case that are written in another one as they were, and follow from the same solutes."""
    parts: tuple[str, ...] = ("mesh", "run")
    alike = raw["solutes"] is written["solutes"] and raw.get("temperature") == written.get("temperature")
    if alike and raw.get("phase") == written.get("phase") and before.phase == "liquid":  # a gas's follow from pressure
        parts = (*parts, "solutes", "left", "right", "membrane")
    return {part: getattr(before, part) for part in parts if raw.get(part) is written.get(part)}


def _with_parts(raw: dict[str, Any], written: dict[str, Any], before: Case, kept: dict[str, Any]) -> Case | None:
    """The other case with the parts that are not kept read anew, if no other part follows from them, and all is right.

    What validation of the whole would make, in half the time; if anything is wrong, that is left to it to say.
    """
    changed: list[str] = [part for part in ("left", "right", "mesh", "run") if part not in kept and part in raw]
    if not {"solutes", "membrane"} <= kept.keys() or raw.keys() != written.keys():
        return None
    if any(value is not written[key] for key, value in raw.items() if key not in changed):
        return None
    try:
        return with_parts(before, {part: _anew(before, part, raw[part], written.get(part)) for part in changed})
    except (CaseError, ValidationError):
        return None


def _anew(before: Case, part: str, now: Any, then: Any) -> Compartment | Mesh | Run | Pressure:
    """A part as it is written now; of a side in which only the pressure is another one, that alone."""
    side = part in SIDES and isinstance(now, dict) and isinstance(then, dict)
    if side and "pressure" in now and all(now.get(key) is then.get(key) for key in now | then if key != "pressure"):
        return _applied().validate_python(now["pressure"])
    return type(getattr(before, part)).model_validate(now)


@cache
def _applied() -> TypeAdapter[Pressure]:
    return TypeAdapter(Applied)


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
            if count < 1:
                raise CaseError(f"{path}.{key_text(cut(ion))} = {count}: expected 1 or more")
        charge = sum(count * known[ion] for ion, count in solute.ions.items())
        if charge != (solute.charge or 0):
            raise CaseError(
                f"{path}: their charges add up to {charge}; expected {solute.charge or 0}, the solute's charge"
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


# The number that has a temperature: where `reference_temperature` stands, it stands beside this one.
_MEASURED = {Solute: "diffusivity", Membrane: "water_permeability", MembraneSolute: "permeability"}


def _library_values(entry: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """What a library's entry has for a model's keys, without the sources."""
    fields = model.model_fields
    keys = [key for key in entry if key in fields and key != "solutes"]
    values = {key: entry[key]["value"] if isinstance(entry[key], dict) else entry[key] for key in keys}
    measured = entry.get(_MEASURED[model])
    if measured and "temperature" in measured:
        values["reference_temperature"] = measured["temperature"]
    return values


def _under(values: dict[str, Any], own: dict[str, Any], model: type[BaseModel], path: str) -> dict[str, Any]:
    """The library's values under the user's.

    A permeability that replaces the library's holds at the same temperature as that and follows the temperature as that
    does, unless its own `reference_temperature` stands beside it. A diffusivity holds at the case's temperature.
    """
    measured = _MEASURED[model]
    if measured in own:
        dropped = {measured} if model is not Solute else {measured, "reference_temperature"}
        values = {k: v for k, v in values.items() if k not in dropped}
    elif "reference_temperature" in own:
        raise CaseError(f"{path}.reference_temperature stands beside a {measured}; give that too")
    return values | own


def _merge_solutes(solutes: dict[str, Any], gas: bool) -> tuple[dict[str, Any], dict[str, tuple[float, float]]]:
    """The library's values under the user's; temperatures (K) between which those taken hold, by path."""
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
    """What the library has of a solute, and the temperatures (K) between which that holds. Not to be changed."""
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


def _merge_membrane(merged: dict[str, Any], solutes: dict[str, Any]) -> None:
    """Put what the membrane's type stands for under the user's values."""
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
    if membrane.get("flux_law") == "solution-diffusion":  # then the type's reflection does not belong
        for each in numbers.values():
            each.pop("reflection", None)
    porous = any(key in values | membrane for key in _PORES)
    if porous:  # what is not given follows from the pores
        if values and not any(key in values for key in _PORES):
            key = next(key for key in _PORES if key in membrane)
            raise CaseError(
                f"membrane.{key}: type = {show(membrane['type'])} has its own numbers; leave out the one or the other"
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


_PORES = ("pore_radius", "porosity_over_thickness")


def _with_reference(membrane: dict[str, Any], numbers: dict[str, Any]) -> dict[str, Any]:
    """Put the membrane's reference temperature beside every number that it stands for."""
    reference = membrane.get("reference_temperature")
    given = [name for name, mine in numbers.items() if isinstance(mine, dict) and "permeability" in mine]
    if reference is None or not (given or "water_permeability" in membrane):
        return numbers
    if "water_permeability" not in membrane:
        del membrane["reference_temperature"]
    return numbers | {name: {"reference_temperature": reference} | numbers[name] for name in given}


def _type_values(kind: str, solutes: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a type of membrane stands for: its own values, and those of each solute."""
    if kind == "none":
        return {"water_permeability": "0 m/s/Pa"}, {name: {"permeability": "0 m/s"} for name in solutes}
    if kind == "ideal":
        held_back = {"permeability": "0 m/s", "reflection": 1.0}
        return {"water_permeability": "1 L/m^2/hour/bar"}, {name: dict(held_back) for name in solutes}
    entry = library.membranes().get(kind)
    if entry is None:
        known = ("ideal", "none", *library.membranes())
        raise CaseError(f"membrane.type = {show(kind)}: unknown{nearest(kind, known, always=True)}")
    tables = entry.get("solutes", {}).items()
    numbers = {name: _library_values(each, MembraneSolute) for name, each in tables if name in solutes}
    return _library_values(entry, Membrane), numbers


def _merge_gas(merged: dict[str, Any]) -> None:
    """Ends are rigid unless said otherwise; a gauge pressure is refused while its unit can still be seen."""
    for name in SIDES:
        side = merged.get(name)
        if not isinstance(side, dict):
            continue
        merged[name] = {"boundary": "rigid"} | side
        if "pressure" in side:
            try:
                merged[name]["pressure"] = _absolute(side["pressure"])
            except CaseError as error:
                raise CaseError(f"{name}.pressure = {show(side['pressure'])}: {error}") from None


def _absolute(written: Any) -> Any:
    """A pressure of a gas as it is written, "1 bara" as "1 bar": all of its pressures are absolute."""
    try:
        number = units.split(written)[1] if isinstance(written, str) else ""
    except units.UnitError:  # validation says what is wrong
        return written
    unit, counted_from = reference(number)
    if counted_from == "gauge":
        raise CaseError('a gas needs its absolute pressure; expected for example "1 atm"')
    return written.replace(number, unit) if counted_from else written


# ---------------------------------------------------------------------------------------------------------------
# Overrides.


def parse_override(text: str, form: str = 'KEY=VALUE, for example left.pressure="50 bar"') -> tuple[str, str]:
    """Split ``left.pressure=50 bar`` into path and value, at the first "=".

    Quotes around the whole value, which some shells leave, are taken off.

    Parameters
    ----------
    text : str
        What stands behind ``--set``.
    form : str
        What to say was expected.

    Returns
    -------
    tuple of str and str
        The path of the key and the value, for `Case.with_values`.

    Raises
    ------
    CaseError
        No "=", or nothing before it.
    """
    path, equals, value = text.partition("=")
    path, value = path.strip(), value.strip()
    if not equals or not path:
        raise CaseError(f'"{cut(text)}": expected {form}')
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return path, value


def _changed(case: Case, values: Mapping[str, object]) -> Case:
    """`Case.with_values`."""
    origin = case._origin
    raw, changes = dict(origin.written), origin.changes
    for path, value in values.items():
        key = _set(raw, path, value)
        if not any(key == other or key.startswith(f"{other}.") for other in changes):
            changes = (*(other for other in changes if not other.startswith(f"{key}.")), key)
    return _marked(build(raw, origin.name, case), origin.start or case, changes)


def _completed(raw: dict[str, Any], name: str, values: Mapping[str, object], varied: Mapping[str, object]) -> Case:
    """The case of a file with values in place of its own or beside them; only all of it together need be right.

    Those of a sweep, which are set anew in every run, are put in if it is not right without, and are no changes.
    """
    changed, changes, used = dict(raw), tuple[str, ...](), dict(values)
    try:
        for path, value in values.items():
            changes = (*changes, _set(changed, path, value))
        try:
            case = build(changed, name)
        except CaseError:
            if not varied:
                raise
            used |= varied
            for path, value in varied.items():
                _set(changed, path, value)
            case = build(changed, name)
    except CaseError as error:
        raise CaseError(_with_cause(str(error), used)) from None
    try:
        start = build(raw, name)
    except CaseError:  # what the values mend
        start = None
    return _marked(case, start, changes)


def _with_cause(message: str, values: Mapping[str, object]) -> str:
    """What is wrong with a case, and with which of the values that did not come from its file."""
    about, bare = message.split(" ", 1)[0].rstrip(":"), re.sub(r'"[^"]*"', '""', message)

    def named(path: str) -> bool:
        if path.startswith(f"{about}."):
            return True
        ending = "" if "." in path else "(?= = |:)"  # "temperature" is a word, too
        return bool(re.search(rf"(?<![\w.]){re.escape(path)}(?!\w){ending}", bare))

    causes = {path: value for path, value in values.items() if named(str(path))}
    for path, value in causes.items():
        message = message.removeprefix(f"{path} = {show(value)}: ")
    told = ", ".join(f"{cut(str(path))} = {show(value)}" for path, value in causes.items())
    return f"with {cut(told, 200)} set: {message}" if causes else message


def _marked(case: Case, start: Case | None, changes: tuple[str, ...]) -> Case:
    """A new case, whose title (unless it was given) says what is different from the case that was read from a file.

    `start` is None if that file alone was not right.
    """
    if "title" in changes:  # a title of its own, which later changes are marked in
        return case
    origin = case._origin
    case._origin = Origin(origin.name, origin.written, origin.change, origin.source_ranges, start, changes)
    different = [key for key in changes if start is None or _value_at(case, key) != _value_at(start, key)]
    before = case.title if start is None else start.title
    title = titles.marked(before, {key: _written_at(origin.written, key) for key in different})
    if title != case.title:
        case.__dict__["title"] = origin.written["title"] = title  # of a case that nobody has seen yet
    return case


def _written_at(written: Any, key: str) -> Any:
    for part in _declared(key)[0]:
        written = written[part]
    return written


def _value_at(case: Case, key: str) -> object:
    """What a case has at a key; where a value is read as a whole, all of it; None where there is nothing."""
    here: object = case
    for part in _declared(key)[0]:
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, BaseModel):
            here = getattr(here, part, None)
    return here


def _set(raw: dict[str, Any], path: str, value: object) -> str:
    """Put one override into a case as written, whose tables on the way are copied: other cases have them, too.

    The path of the key comes back, as it is spelled everywhere.
    """
    if not isinstance(path, str) or not path.strip():
        raise CaseError(f"{show(path)}: expected the path of a key, for example left.pressure")
    loc, declared = _declared(path)
    table = raw
    for i, part in enumerate(loc[:-1]):
        below = table.get(part, {})
        if not isinstance(below, dict):
            raise CaseError(f"{cut(path)}: {'.'.join(loc[: i + 1])} is {show(below)}, not a table; give it whole")
        table[part] = below = dict(below)
        table = below
    key = ".".join(loc)
    table[loc[-1]] = _as_declared(key, declared, value)
    return key


@dataclass(frozen=True)
class Number:
    """One number of a case: its key, SI value and unit, the bounds of what it may be, and a unit for people."""

    key: str
    value: float
    unit: str
    low: float
    high: float
    shown_in: str


_SHOWN_IN = {"m/s/Pa": "L/m^2/hour/bar", "Pa": "bar"}  # where the case does not say


def number_at(case: Case, path: str) -> Number:
    """One number of a case, as `with_values` would replace it.

    Parameters
    ----------
    case : Case
    path : str
        Of its key, for example "membrane.water_permeability".

    Returns
    -------
    Number
        The value as it would be written: that of the `reference_temperature` which stands beside it or in the library.

    Raises
    ------
    CaseError
        An unknown key, or one that holds no number: a word, a table, a schedule, nothing.
    """
    loc, declared = _declared(path)
    key, reader, here = ".".join(loc), _reader(declared), typing.cast(Any, case)
    written: Any = case._origin.written
    for i, part in enumerate(loc):
        if isinstance(here, dict) and part not in here:
            where = ".".join(loc[:i])
            raise CaseError(f"{cut(key)}: there is no {cut(part)} in {where} of this case{nearest(part, here, True)}")
        here = here[part] if isinstance(here, dict) else getattr(here, part, None)
        written = written.get(part) if isinstance(written, dict) else None
    low, high = -math.inf, math.inf
    if reader and reader.dimension:
        unit, low = units.DIMENSIONS[reader.dimension].si, low if reader.sign == "any" else 0.0
    else:
        unit = ""
        owner = _declared(".".join(loc[:-1]))[1] if len(loc) > 1 else Case
        known = isinstance(owner, type) and issubclass(owner, BaseModel)
        constraints = owner.model_fields[loc[-1]].metadata if known else []
        for constraint in constraints:
            low = max(low, getattr(constraint, "gt", low), getattr(constraint, "ge", low))
            high = min(high, getattr(constraint, "lt", high), getattr(constraint, "le", high))
    if loc[-1] in _MEASURED.values() and loc[0] == "membrane" and isinstance(here, float):
        here = at_reference(case, None if len(loc) == 2 else loc[2])
    if isinstance(here, Pressure) and not here.flux and not here.oscillates and len(here.times) == 1:
        here = here.values[0]
    if declared is object:  # below a key that is read as a whole
        raise CaseError(f"{cut(key)}: not one number of the case")
    if here is None:
        raise CaseError(f"{cut(key)} has no value in this case; give one to start from (--set {key}=…)")
    if not isinstance(here, float):
        raise CaseError(f"{cut(key)} = {show(here if written is None else written)}: not one number")
    shown_in = _SHOWN_IN.get(unit, unit)
    if isinstance(written, str):
        plain = _absolute(written) if case.phase == "gas" and loc[-1] == "pressure" else written
        as_written = reader.read(plain) if reader else here
        here = as_written if isinstance(as_written, float) else here
        if unit and _is_multiple(text := units.split(plain)[1], unit):
            shown_in = text
    return Number(key, here, unit, low, high, shown_in)


def _is_multiple(text: str, unit: str) -> bool:
    """A number in one unit is a multiple of that in the other: not so in degC, or in g/L of what is mol/m^3."""
    try:
        return math.isclose(units.to(units.size(text, unit), text), 1.0)
    except units.UnitError:
        return False


@lru_cache(maxsize=1024)
def _declared(path: str) -> tuple[tuple[str, ...], Any]:
    """The parts of a key's path, and the declared type of the key."""
    loc = [part.strip().strip("\"'") for part in path.split(".")]
    declared: Any = Case
    for i, part in enumerate(loc):
        below = _step(declared, part) if part else None
        if below is None:
            if isinstance(declared, type) and issubclass(declared, BaseModel):
                raise CaseError(_unknown_key(loc[: i + 1]))
            raise CaseError(f"{cut(path)}: there is nothing below {'.'.join(loc[:i])}")
        declared = below
    return tuple(loc), declared


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
            return int(text) if declared is int and re.fullmatch("[+-]?[0-9]+", text) else units.number(text)
        except ValueError:
            return value  # validation says what was expected
    texts = declared is str or typing.get_origin(declared) is Literal
    if text.startswith(("{", "[")) and not texts:
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except (ValueError, RecursionError) as error:  # as in `parse_case`
            reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise CaseError(f"{path} = {show(value)}: not valid TOML ({reason})") from None
    return value


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


def _reader(hint: Any) -> Reader | None:
    return next((each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Reader)), None)


# ---------------------------------------------------------------------------------------------------------------
# What validation found, in words.

# Values that the design foresees and this version does not have.
_PLANNED_VALUES = {
    "geometry": ("spherical", "cylindrical"),
    "transport": ("nernst-planck",),
}

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


# A reader does not know what fills the sides.
_EXPECTED_OF_A_GAS = (
    f'{units.DIMENSIONS["concentration"].words}, for example "{units.DIMENSIONS["concentration"].example}"',
    'a mole fraction, for example "0.2 mol/mol"',
)


def _of_a_gas(message: str) -> str:
    """A message about a concentration with what a gas takes in place of what a liquid takes."""
    expected, instead = _EXPECTED_OF_A_GAS
    if expected not in message:
        return message

    def fitting(found: re.Match[str]) -> str:
        kept = [each for each in re.findall(r'"([^"]*)"', found[0]) if not _is_of_a_liquid(each)]
        return f"; did you mean {' or '.join(map(show, kept))}? E" if kept else "; e"

    return re.sub(r"; did you mean [^?]*\?(?: \([^)]*\))? E(?=xpected)", fitting, message).replace(expected, instead)


def _is_of_a_liquid(text: str) -> bool:
    kind = units.parse_concentration(text)[1]
    return kind in ("mass fraction", "molality", "osmolality", "osmoles")


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
    start = f"{path} = {show(value)}"
    if kind == "missing":
        return f"{path} is missing: {_missing_hint(loc, general)}"
    if kind == "extra_forbidden":
        return _unknown_key(loc)
    if kind == "value_error":
        return misplaced(loc) or f"{start}: {context['error']}"
    if kind == "literal_error":
        if value in _PLANNED_VALUES.get(general, ()):
            return f"{start}: {NOT_YET}; expected {context['expected']}".replace("'", '"')
        allowed = [part.strip("'") for part in re.split(r", | or ", context["expected"])]
        return f"{start}: expected {context['expected']}".replace("'", '"') + (
            nearest(value, allowed) if isinstance(value, str) else ""
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
        return misplaced(loc) or f"{start}: expected a table, [{path}]"
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
            return f'the library has "{name}" as a gas only; give it, for example "2e-9 m^2/s"'
        hint = f' (nearest there: "{known[near[0]]}")' if near else ""
        return f'"{cut(name)}" is not in the library{hint}; give it, for example "1.6e-9 m^2/s"'
    return _HINTS.get(general, "it is required")


def _unknown_key(loc: list[str]) -> str:
    path = cut(".".join(loc), 120)
    if _general(loc) in PLANNED_KEYS:
        return f"{path}: {NOT_YET}"
    if message := misplaced(loc):
        return message
    model: Any = Case
    for part in loc[:-1]:
        found = _step(model, part)
        if found is None:
            break
        model = found
    known = tuple(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else ()
    return f"{path}: unknown key{nearest(loc[-1], known, always=True)}"
