"""Trial runs of a fit: computed values of every measured quantity for given values of the unknowns."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from membrane_pde import runs
from membrane_pde.input import units
from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.values import SAME
from membrane_pde.studies.fitting.unknowns import Unknown, number_text
from membrane_pde.studies.measurements import Table

Vector = NDArray[np.float64]


_RTOL = 1e-8  # largest tolerance of a run
_OUTPUTS = 2001, 10_001  # smallest and largest number of stored times of a run; values between them are interpolated
_BEFORE = 20  # number of stored times before the first measurement, unless there would be too many


class Trials:
    """Runs of the case that give the computed value of every measured number, for any values of the unknowns.

    `failure` says why the last run that failed did so.
    """

    def __init__(
        self, case: Case, table: Table, unknowns: list[Unknown], progress: Callable[[int], None] | None
    ) -> None:
        self.case, self.table, self.unknowns, self.progress = case, table, unknowns, progress
        self.done, self.failure = 0, ""
        self.known: dict[bytes, Vector] = {}
        if case.run.solver == "fipy":
            raise CaseError(
                'run.solver = "fipy" is too coarse for the derivatives of a fit: take "rosenbrock" or "cvode"'
            )
        self.settled: dict[str, object] = {"run.rtol": min(case.run.rtol, _RTOL)}
        if table.time is None:
            self.settled["run.outputs"] = 2
        else:
            last = float(self.times.max())
            if last > case.run.duration * (1.0 + SAME):
                row = int(np.argmax(self.times))
                raise CaseError(
                    f"{table.rows[row]} of the data: {table.time.header} = {table.time.numbers[row]:g} is after the "
                    f"end of the run, {units.to(case.run.duration, table.time.unit):g} {table.time.unit} (run.duration)"
                )
            if last == 0.0:
                raise CaseError(f"{table.time.header}: expected a time after the start of the run")
            fewest, most = _OUTPUTS
            wanted = _BEFORE * last / self.times[self.times > 0.0].min()
            outputs = max(case.run.outputs, fewest, min(most, math.ceil(wanted)))
            self.settled |= {"run.duration": f"{last!r} s", "run.until": "duration", "run.outputs": outputs}
        self.cells = 1  # fixed number of cells; 1: all sides are stirred
        self.cases: list[Case] = []  # one for each run, and the rows of data that belong to it
        self.rows: list[list[int]] = []
        at: dict[tuple[object, ...], int] = {}
        for row, name in enumerate(table.rows):
            setting = table.setting(row)
            number = at.setdefault(tuple(setting.values()), len(at))
            if number == len(self.cases):
                try:
                    self.cases.append(case.with_values(setting) if setting else case)
                except CaseError as error:
                    raise CaseError(f"{name} of the data: {error}") from None
                self.rows.append([])
            self.rows[number].append(row)

    @property
    def times(self) -> Vector:
        """Times of the measurements, s."""
        assert self.table.time is not None
        return self.table.time.numbers * self.table.time.size

    @property
    def measured(self) -> Vector:
        """All measured numbers, column by column, SI."""
        return np.concatenate([column.numbers * column.size for column in self.table.measured])

    @property
    def column(self) -> NDArray[np.intp]:
        """Number of the column of each measured number."""
        return np.repeat(np.arange(len(self.table.measured)), len(self.table.rows))

    def texts(self, scaled: Vector) -> dict[str, object]:
        """The unknowns as `Case.with_values` takes them."""
        return {
            unknown.number.key: number_text(value, unknown.number.unit, unknown.number.unit)
            if unknown.number.unit
            else value
            for unknown, value in zip(self.unknowns, self.values(scaled), strict=True)
        }

    def values(self, scaled: Vector) -> list[float]:
        """The unknowns in SI units."""
        return [unknown.value(float(each)) for unknown, each in zip(self.unknowns, scaled, strict=True)]

    def in_words(self, scaled: Vector) -> str:
        """The unknowns, for a message."""
        return ", ".join(unknown.in_words(float(each)) for unknown, each in zip(self.unknowns, scaled, strict=True))

    def hold_mesh(self, scaled: Vector) -> bool:
        """Fix the number of cells; False if the present number is still sufficient.

        By default the number follows the physics, and so the unknowns; with one cell more, the results would jump.
        """
        if self.case.mesh.cells is not None:
            return False
        changes = self.texts(scaled)
        meshes = (runs.mesh_of(case.with_values(changes)) for case in self.cases)
        cells = max(len(widths) for mesh in meshes for widths in mesh.values())
        if cells <= 1.1 * self.cells:
            return False
        self.cells = self.settled["mesh.cells"] = cells
        self.known.clear()
        return True

    def at(self, scaled: Vector) -> Vector:
        """Computed value of every measured number, column by column, SI; NaN if a run fails."""
        if (key := scaled.tobytes()) not in self.known:
            found = np.full((len(self.table.measured), len(self.table.rows)), math.nan)
            changes = self.texts(scaled) | self.settled
            for case, rows in zip(self.cases, self.rows, strict=True):
                if reason := self._solve(case, changes, rows, found):
                    self.failure = f"at {self.in_words(scaled)}, {reason}"
                    found[:] = math.nan
                    break
            self.known[key] = found.ravel()
        return self.known[key]

    def _solve(self, case: Case, changes: dict[str, object], rows: list[int], found: Vector) -> str:
        """Put the results of one run into its rows of `found` (column, row); return why it failed, or ""."""
        reason, row = "", rows[0]
        try:
            trial = case.with_values(changes)
            found[:, rows] = self._in_time(trial)[1] if self.table.time else self._in_the_end(trial)[:, None]
        except (CaseError, runs.RunError) as error:
            reason = str(error)
        self.done += 1
        if self.progress is not None:
            self.progress(self.done)
        missing = np.argwhere(~np.isfinite(found[:, rows]))
        if not reason and len(missing):
            row = rows[missing[0][1]]
            reason = (
                f"{self.table.measured[missing[0][0]].name} has no value there (no water flows, or the solute is "
                "absent); leave the row out"
            )
        if not reason:
            return ""
        where = ", ".join(f"{key} = {value}" for key, value in self.table.setting(row).items())
        return f"{self.table.rows[row]} of the data{f' ({where})' if where else ''}: {reason}"

    def _in_the_end(self, case: Case) -> Vector:
        """Values of the measured quantities at the end of a run."""
        summary = runs.summarize(case)
        if summary["status"] == "failed":
            raise CaseError(summary["message"])
        seen = []
        for column in self.table.measured:
            value = summary[column.series]
            seen.append((value or {}).get(column.solute) if column.solute else value)
        return np.array([math.nan if value is None else value for value in seen])

    def _in_time(self, case: Case) -> tuple[Vector, Vector, Vector]:
        """Stored times; values at the measured times (column, row); and the whole series (column, time)."""
        arrays = runs.run(case).arrays
        series = np.array(
            [
                arrays[column.series][:, list(case.solutes).index(column.solute)]
                if column.solute
                else arrays[column.series]
                for column in self.table.measured
            ]
        )
        return arrays["time"], np.array([np.interp(self.times, arrays["time"], each) for each in series]), series

    def curves(self, scaled: Vector) -> list[tuple[Vector, Vector]] | None:
        """Times and values of each measured column for a smooth curve, in the units of the table."""
        if self.table.time is None:
            return None
        at, _, series = self._in_time(self.cases[0].with_values(self.texts(scaled) | self.settled))
        return [
            (at / self.table.time.size, each / column.size)
            for column, each in zip(self.table.measured, series, strict=True)
        ]
