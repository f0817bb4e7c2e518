"""The keys of a case file: the declared type at a key's path, and the message for a key that does not exist."""

from __future__ import annotations

import typing
from functools import cache, lru_cache
from typing import Any

from pydantic import BaseModel

from membrane_pde.input.case import Case
from membrane_pde.input.checks import misplaced
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import SIDES
from membrane_pde.input.readers import Reader
from membrane_pde.input.wording import cut, nearest

NOT_YET = "not available in this version"
# Keys planned for a later version; sides are written "side", solutes "*".
PLANNED_KEYS = {
    "membrane.fixed_charge",
}


@lru_cache(maxsize=1024)
def declared_type(path: str) -> tuple[tuple[str, ...], Any]:
    """The parts of a key's path, and the declared type of the key."""
    loc = [part.strip().strip("\"'") for part in path.split(".")]
    declared: Any = Case
    for i, part in enumerate(loc):
        below = type_below(declared, part) if part else None
        if below is None:
            if isinstance(declared, type) and issubclass(declared, BaseModel):
                raise CaseError(unknown_key_message(loc[: i + 1]))
            raise CaseError(f"{cut(path)}: {'.'.join(loc[:i])} is not a table")
        declared = below
    return tuple(loc), declared


@cache
def _hints(model: type[BaseModel]) -> dict[str, Any]:
    return typing.get_type_hints(model, include_extras=True)


def type_below(declared: Any, part: str) -> Any:
    """The declared type below `declared` under a key, without Optional; None if there is no such key."""
    if isinstance(declared, type) and issubclass(declared, BaseModel):
        return _plain(_hints(declared)[part]) if part in declared.model_fields else None
    if typing.get_origin(declared) is dict:
        return _plain(typing.get_args(declared)[1])
    if typing.get_origin(declared) in (list, tuple):
        return _plain(typing.get_args(declared)[0]) if part.isdecimal() else None
    reader = reader_of(declared)
    if reader and part in reader.lists:
        return list[float]
    return object if reader and (part in reader.keys or "*" in reader.keys) else None


def _plain(hint: Any) -> Any:
    """A type hint without "| None"."""
    options = [each for each in typing.get_args(hint) if each is not type(None)]
    return options[0] if type(None) in typing.get_args(hint) and len(options) == 1 else hint


def reader_of(hint: Any) -> Reader | None:
    """The reader of a declared type, or None if pydantic itself reads it."""
    return next((each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Reader)), None)


def general_path(loc: list[str]) -> str:
    """A path with "side" for left and right and "*" for the name of a solute, as in `PLANNED_KEYS`."""
    parts = ["side" if i == 0 and part in SIDES else part for i, part in enumerate(loc)]
    for holder in (["solutes"], ["membrane", "solutes"], ["side", "concentration"], ["side", "diffusivity"]):
        if parts[: len(holder)] == holder and len(parts) > len(holder) + 1:
            parts[len(holder)] = "*"
    return ".".join(parts)


def unknown_key_message(loc: list[str]) -> str:
    """The message for a key that does not exist: not available yet, in the wrong table, or misspelt."""
    path = cut(".".join(loc), 120)
    if general_path(loc) in PLANNED_KEYS:
        return f"{path}: {NOT_YET}"
    if message := misplaced(loc):
        return message
    model: Any = Case
    for part in loc[:-1]:
        found = type_below(model, part)
        if found is None:
            break
        model = found
    known = tuple(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else ()
    within = cut("".join(f"{part}." for part in loc[:-1]), 120)
    return f"{path}: unknown key{nearest(loc[-1], known, always=True, within=within)}"
