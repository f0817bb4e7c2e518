"""Look up one number of a case by the path of its key, with its unit and bounds, for example as the start of a fit."""

from __future__ import annotations

import math
import typing
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from membrane_pde.input import units
from membrane_pde.input.case import Case
from membrane_pde.input.completion import at_reference
from membrane_pde.input.defaults import MEASURED, absolute_pressure
from membrane_pde.input.errors import CaseError, UnitError
from membrane_pde.input.keys import declared_type, reader_of
from membrane_pde.input.module_values import MassTransfer, PressureDrop
from membrane_pde.input.values import Pressure, Schedule
from membrane_pde.input.wording import cut, nearest, show


@dataclass(frozen=True)
class Number:
    """One number of a case: its key, SI value and unit, its bounds, and the unit to show it in."""

    key: str
    value: float
    unit: str
    low: float
    high: float
    shown_in: str


_SHOWN_IN = {"m/s/Pa": "L/m^2/hour/bar", "Pa": "bar"}  # if the case is not written in another unit


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
    loc, declared = declared_type(path)
    key, reader, here = ".".join(loc), reader_of(declared), typing.cast(Any, case)
    written: Any = case._origin.written
    for i, part in enumerate(loc):
        if isinstance(here, dict) and part not in here:
            where = ".".join(loc[:i])
            raise CaseError(f"{cut(key)}: there is no {cut(part)} in {where} of this case{nearest(part, here, True)}")
        if isinstance(here, list | tuple):
            if int(part) >= len(here):
                raise CaseError(f"{cut(key)}: {'.'.join(loc[:i])} has {len(here)} entries, counted from 0")
            here = here[int(part)]
        else:
            here = here[part] if isinstance(here, dict) else getattr(here, part, None)
        written = written.get(part) if isinstance(written, dict) else None
    low, high = -math.inf, math.inf
    if reader and reader.dimension:
        unit, low = units.DIMENSIONS[reader.dimension].si, low if reader.sign == "any" else 0.0
    else:
        unit = ""
        owner = declared_type(".".join(loc[:-1]))[1] if len(loc) > 1 else Case
        known = isinstance(owner, type) and issubclass(owner, BaseModel)
        constraints = owner.model_fields[loc[-1]].metadata if known else []
        for constraint in constraints:
            low = max(low, getattr(constraint, "gt", low), getattr(constraint, "ge", low))
            high = min(high, getattr(constraint, "lt", high), getattr(constraint, "le", high))
    if loc[-1] in MEASURED.values() and loc[0] == "membrane" and isinstance(here, float):
        here = at_reference(case, None if len(loc) == 2 else loc[2])
    if isinstance(here, Pressure | Schedule | MassTransfer | PressureDrop):
        here = here if here.one_number is None else here.one_number
    if declared is object:  # below a key that is read as a whole
        raise CaseError(f"{cut(key)}: not one number of the case")
    if here is None:
        raise CaseError(f"{cut(key)} has no value in this case; give one to start from (--set {key}=…)")
    if not isinstance(here, float):
        raise CaseError(f"{cut(key)} = {show(here if written is None else written)}: not one number")
    shown_in = _SHOWN_IN.get(unit, unit)
    if isinstance(written, str):
        plain = absolute_pressure(written) if case.phase == "gas" and loc[-1] == "pressure" else written
        as_written = reader.read(plain) if reader else here
        as_written = getattr(as_written, "one_number", as_written)
        here = as_written if isinstance(as_written, float) else here
        if unit and _is_multiple(text := units.split(plain)[1], unit):
            shown_in = text
    return Number(key, here, unit, low, high, shown_in)


def _is_multiple(text: str, unit: str) -> bool:
    """True if two units differ by a factor only: not degC and K, nor g/L and mol/m^3."""
    try:
        return math.isclose(units.to(units.size(text, unit), text), 1.0)
    except UnitError:
        return False
