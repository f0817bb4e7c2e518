"""The sliders of a page: labels, displayed values, and initial positions."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from membrane_pde.input import units
from membrane_pde.input.errors import CaseError, UnitError
from membrane_pde.input.number_at import number_at
from membrane_pde.show import formatting, maps
from membrane_pde.show.readings import SIDES, labels_of


def described(case: Any, key: str, values: Sequence[object]) -> dict[str, Any]:
    """A slider for the scripts of the page.

    Returns
    -------
    dict
        ``key``, ``label`` in words, ``unit``, ``texts`` (its values, without the unit if they share one) and
        ``numbers`` (None if the values are no numbers in one unit).
    """
    read = [_split(value) for value in values]
    shared = {unit for _, unit in read}
    numeric = len(shared) == 1 and None not in shared
    unit = (shared.pop() or "") if numeric else ""
    numbers = [number for number, _ in read] if numeric else None
    texts = [str(each) for each in values]
    if numbers:
        for digits in (4, 6, 12):  # as few as tell them apart
            texts = [formatting.number(each, digits=digits) for each in numbers]
            if len(set(texts)) == len(set(numbers)):
                break
    return {
        "key": key,
        "label": _label(case, key),
        "unit": maps.unit_words(unit),
        "texts": texts,
        "numbers": numbers,
    }


def _label(case: Any, key: str) -> str:
    """Label of a slider: "pressure on salt water"."""
    side, _, rest = key.partition(".channel.")
    if rest and side in SIDES:
        return f"{rest.replace('_', ' ')} of {labels_of(case)[side]}"
    return maps.label(key, "", tomllib.loads(case.to_toml())).replace(": ", " ")


def _split(value: object) -> tuple[float, str | None]:
    """The number and the unit of a value ("" without one); None for the unit if it is no quantity."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0, None
    if not isinstance(value, str):
        return float(value), ""
    try:
        return units.number(value), ""
    except ValueError:
        pass
    try:
        number, unit = units.split(value)
    except UnitError:
        return 0.0, None
    return number, unit.strip()


def start_of(case: Any, axes: Mapping[str, Sequence[object]]) -> int:
    """The point of the grid that is nearest to the case itself; the last key varies fastest."""
    if not axes:
        return 0
    at = [_nearest(case, key, values) for key, values in axes.items()]
    return int(np.ravel_multi_index(at, [len(values) for values in axes.values()]))


def _nearest(case: Any, key: str, values: Sequence[object]) -> int:
    """Index of the value that is nearest to the case's own; the middle one where it has none."""
    try:
        own = number_at(case, key).value
        found = [number_at(case.with_values({key: value}), key).value for value in _few(values)]
    except (CaseError, UnitError):
        return (len(values) - 1) // 2
    here = np.interp(np.arange(len(values)), _indices(values), found)
    return int(np.argmin(np.abs(here - own)))


def _indices(values: Sequence[object]) -> np.ndarray:
    """All values of a short list, the ends of a long one."""
    return np.arange(len(values)) if len(values) <= 50 else np.array([0, len(values) - 1])


def _few(values: Sequence[object]) -> list[object]:
    return [values[i] for i in _indices(values)]
