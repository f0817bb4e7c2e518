"""Sentences about a fit that a reader of its numbers should know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from membrane_pde.physics.constants import ZERO_CELSIUS
from membrane_pde.studies.fitting.minimum import Minimum
from membrane_pde.studies.fitting.result import Parameter
from membrane_pde.studies.fitting.trials import Trials


def references(trials: Trials, keys: Iterable[str]) -> Iterator[str]:
    """The reference temperature of each fitted permeability, if runs were at another temperature."""
    varied = any(column.name == "temperature" for column in trials.table.settings)
    for key in keys:
        table, _, name = key.rpartition(".")
        if name not in ("water_permeability", "permeability"):
            continue
        membrane = trials.case.membrane
        numbers = membrane if table == "membrane" else membrane.solutes[table.removeprefix("membrane.solutes.")]
        reference = numbers.reference_temperature
        if reference is not None and (varied or abs(reference - trials.case.temperature) > 1e-9):
            yield f"{key} is the value at {reference - ZERO_CELSIUS:.6g} degC."


def remarks(
    parameters: dict[str, Parameter], found: Minimum, freedom: int, given: NDArray[np.bool_], chance: float
) -> list[str]:
    """Sentences on parameters at a bound, errors that could not be found, a poor fit, and runs that failed."""
    parts = []
    for each in parameters.values():
        if each.at_bound:
            parts.append(
                f"{each.key} ended at its bound, {each.in_words()}; the errors of the others hold for this value."
            )
    if freedom == 0 and not given.all():
        parts.append(
            "There are as many points as unknowns, so that the errors cannot be estimated. Measure more, or give "
            "standard errors."
        )
    elif not found.scatter.own and not given.all():
        parts.append(
            "There are too few points to estimate the error of each column. The columns without errors were given the "
            "same relative error."
        )
    if chance < 1e-3:
        parts.append(
            "The case does not describe the data within their errors (probability below 0.1 %): the errors are "
            "larger than given, or something is missing in the case."
        )
    if found.note:
        parts.append(found.note)
    return parts
