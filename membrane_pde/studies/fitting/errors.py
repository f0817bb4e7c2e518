"""Standard errors of the measured columns: given, or found from the scatter about the fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from membrane_pde.input import units
from membrane_pde.input.errors import CaseError
from membrane_pde.input.wording import show
from membrane_pde.studies import measurements
from membrane_pde.studies.measurements import Table

Vector = NDArray[np.float64]

ABSOLUTE, RELATIVE = "absolute", "relative"  # errors of a column without any: all the same, or in proportion


@dataclass(frozen=True)
class Errors:
    """The standard errors of the measured columns, in their order.

    `given` is True for a column whose errors are known: from the table, or as the fraction `share` of each number.
    `relative` is True for a column whose errors are in proportion to its numbers.
    """

    table: Table
    given: NDArray[np.bool_]
    relative: NDArray[np.bool_]
    share: float | None

    @classmethod
    def read(cls, errors: str, table: Table) -> Errors:
        """Read the argument `errors` of `fit`; raise a CaseError if it is not one of its values."""
        share = None
        if errors not in (ABSOLUTE, RELATIVE):
            share = _share(errors)
        from_table = np.array([each.name in table.errors for each in table.measured])
        relative = ~from_table & (errors != ABSOLUTE)
        for column, one in zip(table.measured, relative, strict=True):
            measurements.check_relative(bool(one) and not column.series.endswith("rejection"), column, table.rows)
        return cls(table, from_table | (share is not None), relative, share)

    def at(self, computed: Vector | None, sizes: Vector) -> Vector:
        """Error of each point, column by column, SI; if not given, up to a constant factor of its column.

        Relative errors refer to the computed numbers, once there are any: in proportion to the measured numbers, points
        that scatter downwards would have more weight than points that scatter upwards.
        """
        found = []
        for i, column in enumerate(self.table.measured):
            known = self.table.standard_error(column)
            if known is None and self.relative[i]:
                values = column.numbers * column.size
                if computed is not None:
                    values = computed.reshape(len(self.given), -1)[i]
                shares = np.abs(_scatters_with(column.series, values))
                known = (self.share or 1.0) * np.maximum(shares, 1e-6 * sizes[i])
            found.append(np.full(len(column.numbers), sizes[i]) if known is None else known)
        return np.concatenate(found)

    def source(self, i: int, known: bool) -> str:
        """Text on the source of the errors of a column."""
        what = "1 − each number" if self.table.measured[i].series.endswith("rejection") else "each number"
        if self.table.measured[i].name in self.table.errors:
            return "given"
        if self.share is not None:
            return f"{100.0 * self.share:.3g} % of {what}"
        if not known:
            return "not known"
        return (
            f"from the scatter, in proportion to {what}"
            if self.relative[i]
            else "from the scatter, equal for all points"
        )


def _share(errors: object) -> float:
    """A known relative error: "1 %" or "0.01"."""
    text = errors.strip() if isinstance(errors, str) else ""
    try:
        share = units.number(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        share = math.nan
    if not 0.0 < share < 1.0:
        raise CaseError(
            f'errors = {show(errors)}: expected "absolute", "relative", or a share above zero such as "1 %"'
        )
    return share


def _scatters_with(series: str, values: Vector) -> Vector:
    """The numbers that a relative error refers to: the values themselves, for a rejection the passage."""
    return 1.0 - values if series.endswith("rejection") else values


def size_of(series: str, values: Vector) -> float:
    """Root mean square of the numbers that a relative error of a column refers to."""
    return float(np.sqrt(np.mean(_scatters_with(series, values) ** 2))) or 1.0


@dataclass(frozen=True)
class Scatter:
    """Scatter of the residuals about the fit, by group of points; residuals are divided by the assumed errors.

    `group` is the group of each point: its column or, if a column has too few points for an estimate of its own, one
    group for all columns without errors (`own` is then False). `freedom` are the degrees of freedom of each group.
    `variance` is the variance of the residuals; it is 1 if the errors are given, NaN if it cannot be estimated.
    """

    group: NDArray[np.intp]
    own: bool
    freedom: Vector
    variance: Vector


def scatter_of(jacobian: Vector, residual: Vector, column: NDArray[np.intp], given: NDArray[np.bool_]) -> Scatter:
    """Estimate the scatter; `jacobian` and `residual` are divided by the assumed errors."""
    leverage = (np.linalg.svd(jacobian, full_matrices=False)[0] ** 2).sum(axis=1)
    freedom = np.bincount(column, 1.0 - leverage, len(given)).astype(float)
    squares = np.bincount(column, residual**2, len(given)).astype(float)
    own, group = bool((freedom[~given] > 1.0 - 1e-9).all()), column
    if not own:
        common = np.flatnonzero(~given)
        group = np.where(given[column], column, common[0])
        for values in (freedom, squares):
            values[common[0]], values[common[1:]] = values[common].sum(), 0.0
    variance = np.ones(len(given))
    unknown = ~given & (freedom > 1e-9)
    variance[unknown] = squares[unknown] / freedom[unknown]
    variance[~given & (freedom <= 1e-9)] = math.nan
    return Scatter(group, own, freedom, variance)
