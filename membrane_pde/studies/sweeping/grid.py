"""The grid of a sweep: its points, and the check of all values before anything is solved."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from membrane_pde import __version__
from membrane_pde.input import titles, units
from membrane_pde.input.case import Case
from membrane_pde.input.casefile import as_case
from membrane_pde.input.errors import CaseError, UnitError
from membrane_pde.input.overrides import is_written, set_values
from membrane_pde.input.wording import show
from membrane_pde.studies.sweeping.rows import BY_SOLUTE, NUMBERS

MAX_POINTS = 10_000_000
_ALL = 200  # number of values of a key up to which all are checked; of more, only the extreme ones are


@dataclass(frozen=True)
class Grid:
    """All combinations of the values, the last key varying fastest, or (`zipped`) the lists paired one to one.

    `solutes` are those of all points together.
    """

    case: Case
    axes: dict[str, list[object]]
    zipped: bool
    solutes: list[str]

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions."""
        return ("run",) if self.zipped else tuple(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points along each dimension."""
        lengths = tuple(map(len, self.axes.values()))
        return lengths[:1] if self.zipped else lengths

    @property
    def points(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    @property
    def width(self) -> int:
        """Length of a row: `NUMBERS`, then each of `BY_SOLUTE` for all solutes."""
        return len(NUMBERS) + len(BY_SOLUTE) * len(self.solutes)

    def values(self, point: int) -> dict[str, object]:
        """The value of each key at a point."""
        if self.zipped:
            return {key: values[point] for key, values in self.axes.items()}
        chosen = {}
        for key, values in reversed(self.axes.items()):
            point, i = divmod(point, len(values))
            chosen[key] = values[i]
        return {key: chosen[key] for key in self.axes}

    def attributes(self) -> dict[str, str]:
        """Attributes of the dataset; two sweeps are the same if these agree."""
        return {
            "title": titles.varied(self.case.title, self.axes),
            "case_name": self.case.name,
            "case": self.case.to_toml(),
            "values": json.dumps(self.axes, ensure_ascii=False, default=str),
            "combined": "zipped" if self.zipped else "all",
            "membrane_pde_version": __version__,
        }


def make_grid(case: Case | str | Path, values: Mapping[str, Iterable[object]], zipped: bool) -> Grid:
    """The grid; its values are not yet checked."""
    if not isinstance(values, Mapping) or not values:
        raise CaseError(
            'there is nothing to vary: expected values by key, for example {"left.pressure": ["0 bar", "50 bar"]}'
        )
    axes = {key: _listed(key, each) for key, each in values.items()}
    if zipped and len(set(map(len, axes.values()))) > 1:
        counts = ", ".join(f"{key} has {len(each)}" for key, each in axes.items())
        raise CaseError(f"keys that are paired need the same number of values: {counts}")
    grid = Grid(as_case(case, {key: each[0] for key, each in axes.items()}), axes, zipped, [])
    together = dict(grid.case._origin.written)
    set_values(together, {key: each[0] for key, each in axes.items()})
    if lost := [key for key in axes if not is_written(together, key)]:
        raise CaseError(f"{lost[0]}: another key that is varied as well takes its place; vary one of the two")
    if grid.points > MAX_POINTS:
        raise CaseError(f"{' x '.join(axes)}: {grid.points} combinations; at most {MAX_POINTS}")
    return grid


def _listed(key: str, values: Iterable[object]) -> list[object]:
    """The values of a key as a list, NumPy numbers converted to Python's."""
    try:
        listed = None if isinstance(values, str | Mapping) else list(values)
    except TypeError:
        listed = None
    if not listed:
        raise CaseError(f'{key} = {show(values)}: expected a list of values, for example ["0 bar", "50 bar"]')
    return [value.item() if hasattr(value, "item") else value for value in listed]


def _valid(grid: Grid, key: str, i: int) -> Case:
    """The case with one value of a key; if that is not valid by itself, with values of the other keys, too."""
    case, value, beside = grid.case, grid.axes[key][i], grid.values(i if grid.zipped else 0)
    try:
        return case.with_values({key: value})
    except CaseError:
        if len(beside) == 1:
            raise
    return case.with_values({**beside, key: value})


def check_values(grid: Grid) -> None:
    """Raise CaseError unless every value of every key makes a valid case; collect the solutes of all these cases.

    Of many numbers in one unit only the smallest and the largest are checked: the valid range of a key is an interval.
    """
    for key, values in grid.axes.items():
        chosen = range(len(values)) if len(values) <= _ALL else sorted(_extremes(values))
        wrong = _wrong(grid, key, chosen)
        if wrong is None:
            continue
        if len(chosen) < len(values):  # an earlier value, which was not checked, may be wrong, too
            wrong = _wrong(grid, key, range(wrong + 1))
        _valid(grid, key, wrong if wrong is not None else len(values) - 1)  # raises, and says why


def _wrong(grid: Grid, key: str, chosen: Iterable[int]) -> int | None:
    """Index of the first of the chosen values of a key that makes no valid case; None if all are valid."""
    for i in chosen:
        try:
            case = _valid(grid, key, i)
        except CaseError:
            return i
        grid.solutes.extend(name for name in case.solutes if name not in grid.solutes)
    return None


def _extremes(values: list[object]) -> set[int]:
    """Indices of the smallest and the largest number in each unit, integers apart, and of each distinct other value."""
    found: dict[object, tuple[float, int, float, int]] = {}
    others: dict[str, int] = {}
    for i, value in enumerate(values):
        number, unit = number_and_unit(value)
        if unit is None or math.isnan(number):
            others.setdefault(value if isinstance(value, str) else repr(value), i)
            continue
        kind = unit, isinstance(value, str), float(number).is_integer()
        low, at_low, high, at_high = found.get(kind, (number, i, number, i))
        if number < low:
            low, at_low = number, i
        if number > high:
            high, at_high = number, i
        found[kind] = low, at_low, high, at_high
    return {*others.values(), *(place for _, low, _, high in found.values() for place in (low, high))}


def number_and_unit(value: object) -> tuple[float, str | None]:
    """The number and its unit ("" without one); the unit is None if the value is no quantity."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan, None
    return _read(value) if isinstance(value, str) else (value, "")


@lru_cache(maxsize=4096)  # the check of the values and the coordinates of the dataset ask for the same ones
def _read(text: str) -> tuple[float, str | None]:
    """The number and the unit of a text; see `number_and_unit`."""
    try:
        return units.number(text), ""
    except ValueError:
        pass
    try:
        number, unit = units.split(text)
    except UnitError:
        return math.nan, None
    return number, unit.strip()
