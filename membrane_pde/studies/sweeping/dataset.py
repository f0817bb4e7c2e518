"""The results of a sweep: a table that fills point by point, and the dataset made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde.input.wording import show
from membrane_pde.results.quantities import SUMMARY_KEYS, attributes_of
from membrane_pde.studies.sweeping.grid import Grid, number_and_unit
from membrane_pde.studies.sweeping.rows import BY_SOLUTE, NUMBERS, WORDS

if TYPE_CHECKING:
    import xarray


class Table:
    """Numbers and words of a grid (number or word, point), and which points are solved (`known`)."""

    def __init__(self, grid: Grid) -> None:
        self.numbers = np.full((grid.width, grid.points), np.nan)
        self.words = np.full((len(WORDS), grid.points), "", dtype=object)
        self.known = np.zeros(grid.points, dtype=bool)
        self.done = 0

    def put(self, start: int, numbers: NDArray[np.float64], words: list[tuple[str, ...]]) -> None:
        """Store the rows of the points from `start` on."""
        stop = start + len(words)
        self.numbers[:, start:stop] = numbers.T
        self.words[:, start:stop] = np.array(words, dtype=object).T
        self.known[start:stop] = True
        self.done += len(words)

    def gaps(self) -> list[tuple[int, int]]:
        """Ranges of points that are not solved: first point, and last point plus one."""
        edges = np.flatnonzero(np.diff(self.known, prepend=True, append=True))
        return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def make_dataset(grid: Grid, table: Table) -> xarray.Dataset:
    """The dataset of a table, whose numbers are reshaped to the grid without a copy."""
    import xarray

    columns: dict[str, Any] = {}
    dims, shape, solutes = grid.dims, grid.shape, len(grid.solutes)
    for name, column in zip(WORDS, table.words, strict=True):
        columns[name] = dims, column.reshape(shape)
    for name, column in zip(NUMBERS, table.numbers, strict=False):
        columns[name] = dims, column.reshape(shape), attributes_of(SUMMARY_KEYS[name])
    rest = table.numbers[len(NUMBERS) :].reshape(len(BY_SOLUTE), solutes, *shape)
    for name, column in zip(BY_SOLUTE, rest, strict=True):
        columns[name] = (*dims, "solute"), np.moveaxis(column, 0, -1), attributes_of(SUMMARY_KEYS[name])
    coordinates: dict[str, Any] = {
        key: ("run" if grid.zipped else key, *_coordinate(values)) for key, values in grid.axes.items()
    }
    coordinates["solute"] = "solute", np.array(grid.solutes, dtype=object)
    return xarray.Dataset(
        {name: columns[name] for name in SUMMARY_KEYS if name in columns and name not in coordinates},
        coordinates,
        grid.attributes(),
    )


def _coordinate(values: list[object]) -> tuple[NDArray[Any], dict[str, str]]:
    """Numbers and their unit, if all values have the same unit; otherwise the values as texts."""
    read = [number_and_unit(value) for value in values]
    units_written = {unit for _, unit in read}
    if len(units_written) == 1 and None not in units_written:
        unit = units_written.pop()
        return np.array([number for number, _ in read]), {"units": unit} if unit else {}
    return np.array([value if isinstance(value, str) else show(value) for value in values], dtype=object), {}
