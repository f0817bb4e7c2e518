"""The result of a fit: parameters, columns, and the files that hold them."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde import __version__
from membrane_pde.input import units
from membrane_pde.input.case import Case
from membrane_pde.results.folders import add_files, write_folder
from membrane_pde.results.result import to_json
from membrane_pde.studies.fitting.unknowns import number_text

Vector = NDArray[np.float64]


CONFIDENCE = 0.95  # level of the confidence intervals


@dataclass(frozen=True)
class Parameter:
    """A fitted number in `unit` (SI).

    `low` and `high` are the ends of its 95 % confidence interval. They and the `standard_error` are None if the scatter
    of the data cannot be estimated (as many points as unknowns), and if the number ended at a bound, `at_bound`.
    `shown_in` is the unit that was written in the case.
    """

    key: str
    unit: str
    start: float
    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    at_bound: bool
    shown_in: str

    def in_words(self) -> str:
        """The value as text for a case file, in the unit that was written there."""
        return number_text(self.value, self.unit, self.shown_in)

    def __str__(self) -> str:
        """``key = value ± standard error unit (95 %: low to high)``."""
        numbers = (self.value, self.standard_error, self.low, self.high)
        shown = [None if n is None else units.to(n, self.shown_in) if self.unit else n for n in numbers]
        value, error, low, high = ("" if n is None else f"{n:.4g}" for n in shown)
        about = " (at its bound)" if self.at_bound else f" (95 %: {low} to {high})" if low else ""
        return f"{self.key} = {value}{f' ± {error}' if error else ''} {self.shown_in}".rstrip() + about


@dataclass(frozen=True, eq=False)
class Fitted:
    """A measured column and its fitted values, in the unit of the table.

    `error` is the standard error of each point: as given, or (`given` is False) estimated from the scatter about the
    fit; `error_source` says which in words. `curve` holds times and fitted values for a smooth curve, None if every
    point is a run of its own.
    """

    name: str
    unit: str
    measured: Vector
    fitted: Vector
    error: Vector
    given: bool
    error_source: str
    curve: tuple[Vector, Vector] | None

    @property
    def header(self) -> str:
        """Name and unit."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name

    @property
    def residual(self) -> Vector:
        """Measured minus fitted."""
        return self.measured - self.fitted


@dataclass(frozen=True, eq=False, repr=False)
class FitResult:
    """The result of `fit`.

    Attributes
    ----------
    case : Case
        The case with the fitted values.
    parameters : dict of str to Parameter
        By key.
    correlation : ndarray
        Correlation matrix of the parameters, in their order; NaN for a parameter at a bound.
    columns : list of Fitted
        The measured columns and their fitted values.
    where : dict of str to ndarray
        The columns of times or of keys of the case, by header: the conditions of each measurement.
    points, degrees_of_freedom : int
        Number of measured values, and that number minus the number of fitted unknowns.
    reduced_chi_square : float or None
        For the columns with given errors: about 1 if the case describes them within their errors.
    message : str
        Remarks on the fit, or "".
    runs : int
        Number of runs solved.
    solve_time_s : float
        Time taken.
    """

    case: Case
    parameters: dict[str, Parameter]
    correlation: Vector
    columns: list[Fitted]
    where: dict[str, Vector]
    points: int
    degrees_of_freedom: int
    reduced_chi_square: float | None
    message: str
    runs: int
    solve_time_s: float

    def __repr__(self) -> str:
        """One line for each parameter, and the message."""
        return "\n".join([*map(str, self.parameters.values()), *([self.message] if self.message else [])])

    @property
    def summary(self) -> dict[str, Any]:
        """All numbers as one JSON object: parameters and errors in SI units, columns in those of the table."""
        keys = list(self.parameters)
        return {
            "title": self.case.title,
            "message": self.message,
            "points": self.points,
            "degrees_of_freedom": self.degrees_of_freedom,
            "reduced_chi_square": self.reduced_chi_square,
            "confidence": CONFIDENCE,
            "parameters": {
                key: {
                    name: getattr(each, name)
                    for name in ("value", "unit", "standard_error", "low", "high", "start", "at_bound")
                }
                for key, each in self.parameters.items()
            },
            "correlation": {
                one: {other: _known(self.correlation[i, j]) for j, other in enumerate(keys)}
                for i, one in enumerate(keys)
            },
            "columns": {
                column.name: {
                    "unit": column.unit,
                    "measured": column.measured.tolist(),
                    "fitted": column.fitted.tolist(),
                    "error": [_known(each) for each in column.error],
                    "error_given": column.given,
                    "error_source": column.error_source,
                }
                for column in self.columns
            },
            "where": {header: numbers.tolist() for header, numbers in self.where.items()},
            "runs": self.runs,
            "solve_time_s": self.solve_time_s,
            "version": __version__,
        }

    def save(self, folder: str | Path, extra: Callable[[Path], None] | None = None) -> Path:
        """Write ``fit.json`` (the summary), ``fit.csv`` (one row for each measurement), ``case.toml`` (fitted case).

        The folder is treated as by `Result.save`.

        Parameters
        ----------
        folder : path
            Where to write.
        extra : callable, optional
            Called with the folder once these files are there, to write further files (plots). If it raises, these
            files stay.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        CaseError
            If the folder holds files of others, or cannot be written.
        """

        def write(into: Path) -> None:
            (into / "fit.json").write_text(to_json(self.summary), encoding="utf-8")
            (into / "case.toml").write_text(self.case.to_toml(), encoding="utf-8")
            self._write_csv(into / "fit.csv")

        write_folder(folder, write)
        return Path(folder) if extra is None else add_files(folder, extra)

    def _write_csv(self, path: Path) -> None:
        columns = dict(self.where)
        for column in self.columns:
            unit = f" [{column.unit}]" if column.unit else ""
            columns[column.header] = column.measured
            columns[f"{column.name} error{unit}"] = column.error
            columns[f"{column.name} fitted{unit}"] = column.fitted
            columns[f"{column.name} residual{unit}"] = column.residual
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            for row in zip(*columns.values(), strict=True):
                writer.writerow([_known(number) for number in row])


def _known(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
