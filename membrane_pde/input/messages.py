"""Translate the errors that pydantic finds in a case into one message."""

from __future__ import annotations

import difflib
import re
from typing import Any

from pydantic import ValidationError

from membrane_pde import library
from membrane_pde.input import units
from membrane_pde.input.checks import misplaced
from membrane_pde.input.errors import CaseError
from membrane_pde.input.keys import NOT_YET, general_path, unknown_key_message
from membrane_pde.input.wording import cut, nearest, show

# Values planned for a later version.
_PLANNED_VALUES = {
    "transport": ("nernst-planck",),
}
# What to add to "… is missing".
_HINTS = {
    "solutes": "declare at least one, for example [solutes.NaCl]",
    "left": "every case has the tables [left] and [right]",
    "right": "every case has the tables [left] and [right]",
    "membrane": 'add the table [membrane], for example with type = "ideal"',
    "run": 'add the table [run] with duration = "2 h"',
    "run.duration": 'for example duration = "2 h"',
    "side.length": 'the volume per membrane area, for example length = "1 mm"',
    "shell": 'the thickness of the shell of liquid around the membrane, for example length = "1 mm"',
    "side.radius": 'the initial radius of the membrane, which the left side lies inside, for example radius = "0.5 mm"',
    "membrane.water_permeability": 'for example "1 L/m^2/hour/bar"; or give a type: "ideal", "none" or a library name; '
    'with [module] also element = "SW30HR-380"',
    "membrane.solutes.*.permeability": 'for example "3e-8 m/s"; "0 m/s" for a solute that is held back',
}


def case_error(error: ValidationError, curved: bool = False) -> CaseError:
    """One message for all errors that pydantic found; an unknown key first, as it often causes the others.

    `curved`: the membrane is cylindrical or spherical, and the left side has a radius in place of its length.
    """
    errors = error.errors(include_url=False)
    errors.sort(key=lambda e: e["type"] != "extra_forbidden")
    if curved and errors[0]["type"] == "missing" and errors[0]["loc"] == ("left", "length"):
        errors[0]["loc"] = ("left", "radius")
    text = _message(errors[0], curved)
    if len(errors) > 1:
        text += f"\n({len(errors) - 1} more problem{'s' if len(errors) > 2 else ''} after this one)"
    return CaseError(text)


def _message(error: Any, curved: bool = False) -> str:
    loc = [str(part) for part in error["loc"] if part != "[key]"]
    path, general = cut(".".join(loc), 120), general_path(loc)
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    start = f"{path} = {show(value)}"
    if kind == "missing":
        return f"{path} is missing: {_missing_hint(loc, 'shell' if curved and loc == ['right', 'length'] else general)}"
    if kind == "extra_forbidden":
        return unknown_key_message(loc)
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
        if loc[-1] == "porosity":
            return f"{start}: expected a number above 0, at most 1"
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


# Expected form of a concentration in a liquid, and in a gas: the functions that read values do not know the phase.
_EXPECTED_OF_A_GAS = (
    f'{units.DIMENSIONS["concentration"].words}, for example "{units.DIMENSIONS["concentration"].example}"',
    'a mole fraction, for example "0.2 mol/mol"',
)


def expectation_in_a_gas(message: str) -> str:
    """In a message, replace the expected form of a concentration in a liquid by that of a mole fraction in a gas."""
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
