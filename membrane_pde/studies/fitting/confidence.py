"""Confidence: standard errors, intervals and correlations of the fitted parameters."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from membrane_pde.studies.fitting.errors import Scatter
from membrane_pde.studies.fitting.identifiability import check_interval
from membrane_pde.studies.fitting.minimum import Minimum
from membrane_pde.studies.fitting.result import CONFIDENCE, Parameter
from membrane_pde.studies.fitting.trials import Trials

Vector = NDArray[np.float64]


def estimates(trials: Trials, found: Minimum, given: NDArray[np.bool_]) -> tuple[dict[str, Parameter], Vector]:
    """Parameters by key, with standard errors and confidence intervals, and their correlation matrix."""
    scatter, free = found.scatter, np.flatnonzero(~found.held)
    inverse = np.linalg.pinv(found.jacobian[:, free])
    by_group = [inverse[:, scatter.group == g] for g in range(len(given))]
    parts = np.array([v * part @ part.T for v, part in zip(scatter.variance, by_group, strict=True)])
    parts[[not part.size for part in by_group]] = 0.0
    covariance = parts.sum(axis=0)
    standard_errors = np.sqrt(np.diag(covariance))
    correlation = np.full((len(trials.unknowns),) * 2, math.nan)
    if (standard_errors > 0.0).all():
        correlation[np.ix_(free, free)] = covariance / np.outer(standard_errors, standard_errors)
    parameters = {}
    for j, unknown in enumerate(trials.unknowns):
        scaled, number = float(found.scaled[j]), unknown.number
        value, error, low, high = unknown.value(scaled), None, None, None
        place = int(np.searchsorted(free, j))
        if not found.held[j] and math.isfinite(standard_errors[place]):
            half = _interval_factor(parts[:, place, place], scatter, given) * float(standard_errors[place])
            check_interval(trials, unknown, scaled, half, correlation[j])
            low, high = unknown.value(scaled - half), unknown.value(scaled + half)
            error = float(standard_errors[place]) * (value if unknown.positive else unknown.size)
        parameters[number.key] = Parameter(
            number.key, number.unit, number.value, value, error, low, high, bool(found.held[j]), number.shown_in
        )
    return parameters, correlation


def goodness(trials: Trials, found: Minimum, given: NDArray[np.bool_]) -> tuple[float | None, float]:
    """Reduced chi square of the columns with given errors, and the probability of a larger one; None, 1 without any."""
    from scipy.special import chdtrc

    freedom = float(found.scatter.freedom[given].sum())
    if freedom <= 0.5:
        return None, 1.0
    squares = float((((found.computed - trials.measured) / found.error)[given[trials.column]] ** 2).sum())
    return squares / freedom, float(chdtrc(freedom, squares))


def _interval_factor(parts: Vector, scatter: Scatter, given: NDArray[np.bool_]) -> float:
    """Half the width of the confidence interval divided by the standard error.

    It is Student's t with the degrees of freedom of Welch and Satterthwaite; `parts` are the contributions of the
    groups to the variance.
    """
    from scipy.special import ndtri, stdtrit

    estimated = ~given & (parts > 0.0)
    doubt = float((parts[estimated] ** 2 / scatter.freedom[estimated]).sum())
    upper = 0.5 * (1.0 + CONFIDENCE)
    return float(stdtrit(parts.sum() ** 2 / doubt, upper) if doubt > 0.0 else ndtri(upper))
