"""Overrides: set values in a case as written by the path of the key, and name the override that causes an error."""

from __future__ import annotations

import copy
import re
import tomllib
import typing
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel

from membrane_pde.input import units
from membrane_pde.input.boundaries import BOUNDARIES, OWN_KEYS
from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.keys import declared_type, reader_of
from membrane_pde.input.parts import SIDES
from membrane_pde.input.wording import cut, show

# Ways to describe the same thing, each with its keys: setting a key of one way removes those of the other ways.
_WAYS: dict[str, tuple[tuple[tuple[str, ...], ...], ...]] = {
    "side": (
        (("radius",), ("length",)),
        (("channel.flow",), ("channel.velocity",), ("channel.recovery",)),
        (("channel.height",), ("channel.hydraulic_diameter", "channel.cross_section"), ("channel.fibres",)),
        (("support.structural_parameter",), ("support.thickness", "support.porosity", "support.tortuosity")),
    ),
    "membrane": ((("type",), ("element",)),),
}
_REMOVAL = re.compile(r"\b(remove (one|the|this)|leave (one|out|the|it))\b")  # what a message may ask for
_FLAT = ("spacer_porosity", "walls")  # keys of a channel that has a height


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


def set_values(raw: dict[str, Any], values: Mapping[str, object]) -> list[str]:
    """Put overrides into a case as written. Tables on their paths are copied, as other cases share them.

    A value that is set replaces what cannot stand beside it: another way to describe the same thing, and what belongs
    to the former boundary of a side. What is set together stays, so that a contradiction is refused; only of a radius
    and a length the last one counts.

    Parameters
    ----------
    raw : dict
        The case as written; changed.
    values : mapping
        Values by the path of their key.

    Returns
    -------
    list of str
        The paths of the keys in their standard spelling.

    Raises
    ------
    CaseError
        For a key that does not exist, or a value that no key can have.
    """
    for path, value in values.items():
        _leave_former_boundary(raw, path, value, values)
        if isinstance(path, str) and path.strip():
            _leave_other_ways(raw, declared_type(path)[0])
    keys = [_set_value(raw, path, value) for path, value in values.items()]
    if any(is_written(raw, f"{side}.channel.fibres") for side in SIDES):
        _size_by_fibres(raw, keys)
    return keys


def _size_by_fibres(raw: dict[str, Any], keys: list[str]) -> None:
    """Remove the sizes of a module that follow from its fibres and what is set: one of area and length, and a width."""
    for key, other in (("module.area", "length"), ("module.length", "area")):
        if key in keys and f"module.{other}" not in keys:
            _remove(raw, ("module", other))
    if any(".channel.fibres" in key for key in keys) and "module.width" not in keys:
        _remove(raw, ("module", "width"))


def _leave_former_boundary(raw: dict[str, Any], path: str, value: object, values: Mapping[str, object]) -> None:
    """Remove the keys of a side that its new boundary does not take, unless they are set together with it."""
    side, _, key = str(path).partition(".")
    written = raw.get(side)
    if side not in SIDES or key != "boundary" or not isinstance(written, dict):
        return
    if not isinstance(value, str) or value not in BOUNDARIES:
        return
    foreign = [own.name for kind, own in OWN_KEYS if kind != value]
    membrane = raw.get("membrane")
    if value == "rigid" and not (isinstance(membrane, dict) and membrane.get("type") == "none"):
        foreign.append("pressure")  # is computed
    for name in foreign:
        own = f"{side}.{name}"
        if name in written and not any(f"{other}.".startswith(f"{own}.") for other in values):
            _remove(raw, (side, name))


def _leave_other_ways(raw: dict[str, Any], loc: tuple[str, ...]) -> None:
    """Remove the keys of other ways to describe what a key that is set describes."""
    table, key = loc[0], ".".join(loc[1:])

    def covers(each: str) -> bool:
        return f"{key}.".startswith(f"{each}.")

    for ways in _WAYS.get("side" if table in SIDES else table, ()):
        if any(covers(each) for way in ways for each in way):
            for way in ways:
                if not any(covers(each) for each in way):
                    for each in way:
                        _remove(raw, (table, *each.split(".")))
    if table in SIDES and any(covers(f"channel.{each}") for each in ("hydraulic_diameter", "cross_section", "fibres")):
        for each in _FLAT:
            _remove(raw, (table, "channel", each))


def _remove(raw: dict[str, Any], loc: tuple[str, ...]) -> None:
    """Remove a key, if it is there, from a case as written; tables on its path are copied."""
    table: Any = raw
    for part in loc:
        if not isinstance(table, dict) or part not in table:
            return
        table = table[part]
    table = raw
    for part in loc[:-1]:
        table[part] = copy.copy(table[part])
        table = table[part]
    del table[loc[-1]]


def _set_value(raw: dict[str, Any], path: str, value: object) -> str:
    """Put one override into a case as written, and return the path of the key in its standard spelling."""
    if not isinstance(path, str) or not path.strip():
        raise CaseError(f"{show(path)}: expected the path of a key, for example left.pressure")
    loc, declared = declared_type(path)
    if loc[0] in SIDES and loc[1:] in (("radius",), ("length",)):  # of these two the last one counts
        _leave_other_ways(raw, loc)
    table: Any = raw
    for i, part in enumerate(loc[:-1]):
        where = ".".join(loc[: i + 1])
        empty: Any = [] if typing.get_origin(declared_type(where)[1]) in (list, tuple) else {}
        below = _entry(table, part, ".".join(loc[:i])) if isinstance(table, list) else table.get(part, empty)
        if not isinstance(below, dict | list):
            raise CaseError(f"{cut(path)}: {where} is {show(below)}, not a table; give it whole")
        below = copy.copy(below)
        table[int(part) if isinstance(table, list) else part] = below
        table = below
    key = ".".join(loc)
    if isinstance(table, list):
        _entry(table, loc[-1], ".".join(loc[:-1]))
        table[int(loc[-1])] = _as_declared(key, declared, value)
        return key
    table[loc[-1]] = _as_declared(key, declared, value)
    return key


def _entry(table: list[Any], part: str, where: str) -> Any:
    """An entry of a list as written, by its place from 0."""
    if int(part) >= len(table):
        raise CaseError(f"{where} has {len(table)} entries, counted from 0; there is no {cut(part)}")
    return table[int(part)]


def _as_declared(path: str, declared: Any, value: object) -> Any:
    """Convert the value of an override to the declared type of its key."""
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
    text, reader = value.strip(), reader_of(declared)
    if declared is bool and text in ("true", "false"):
        return text == "true"
    if declared in (int, float) or (reader and reader.number):
        try:
            whole = declared is not float and re.fullmatch("[+-]?[0-9]{1,15}", text)
            return int(text) if whole else units.number(text)
        except ValueError:
            if not text.startswith(("{", "[")):
                return value  # validation reports what was expected
    texts = declared is str or typing.get_origin(declared) is Literal
    if text.startswith(("{", "[")) and not texts:
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except (ValueError, RecursionError) as error:  # as in `parse_case`
            reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise CaseError(f"{path} = {show(value)}: not valid TOML ({reason})") from None
    return value


def written_at(written: Any, key: str) -> Any:
    """The value at the path of a key in a case as written."""
    for part in declared_type(key)[0]:
        written = written[int(part)] if isinstance(written, list) else written[part]
    return written


def is_written(written: Any, key: str) -> bool:
    """True if a case as written has a value at the path of a key."""
    try:
        written_at(written, key)
    except (KeyError, IndexError, TypeError):  # a table, an entry of a list, or what should be one, is not there
        return False
    return True


def value_at(case: Case, key: str) -> object:
    """The value of a case at a key, or None; below a key that is read as a whole, that whole value."""
    here: object = case
    for part in declared_type(key)[0]:
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, BaseModel):
            here = getattr(here, part, None)
    return here


def with_cause(message: str, values: Mapping[str, object]) -> str:
    """Add to an error message the overrides that it is about."""
    about, bare = message.split(" ", 1)[0].rstrip(":"), re.sub(r'"[^"]*"', '""', message)

    def named(path: str) -> bool:
        if path.startswith(f"{about}."):
            return True
        ending = "" if "." in path else "(?= = |:)"  # "temperature" is a word, too
        return bool(re.search(rf"(?<![\w.]){re.escape(path)}(?!\w){ending}", bare))

    causes = {path: value for path, value in values.items() if named(str(path))}
    for path, value in causes.items():
        message = message.removeprefix(f"{path} = {show(value)}: ")
    settings = ", ".join(f"{cut(str(path))} = {show(value)}" for path, value in causes.items())
    if causes and about not in causes and _REMOVAL.search(message):
        message += " (a key of the file cannot be removed by --set: edit the file, or a copy by `membrane-pde new`)"
    return f"with {cut(settings, 200)} set: {message}" if causes else message
