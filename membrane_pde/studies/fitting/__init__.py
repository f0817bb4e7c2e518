"""fit(case, data, free) -> FitResult: the numbers of a case with which its runs agree best with measurements.

The method is least squares in scaled unknowns: the logarithm of a positive number, a number between bounds as it is.
Every trial is a run (or one for each setting) with a tolerance of at most 1e-8 and with a fixed mesh, so that its
results change smoothly. Derivatives are finite differences over steps of 1e-3, far above both.

================= ==============================================================================
Module            Contents
================= ==============================================================================
`unknowns`        the free numbers of the case, and their scaled form
`trials`          runs of the case, and their values of the measured quantities
`errors`          standard errors of the measured columns
`minimum`         the best fit
`identifiability` what the data determine
`confidence`      standard errors, intervals and correlations of the parameters
`messages`        sentences about a fit
`result`          `FitResult` and its files
================= ==============================================================================
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from membrane_pde.input.case import Case
from membrane_pde.input.casefile import as_case
from membrane_pde.input.errors import CaseError
from membrane_pde.studies import measurements
from membrane_pde.studies.fitting.confidence import estimates, goodness
from membrane_pde.studies.fitting.errors import ABSOLUTE, RELATIVE, Errors
from membrane_pde.studies.fitting.messages import references, remarks
from membrane_pde.studies.fitting.minimum import Minimum, find_minimum
from membrane_pde.studies.fitting.result import FitResult, Fitted, Parameter
from membrane_pde.studies.fitting.trials import Trials
from membrane_pde.studies.fitting.unknowns import free_keys, unknown_at

__all__ = ["ABSOLUTE", "RELATIVE", "FitResult", "Fitted", "Parameter", "fit"]


def fit(
    case: Case | str | Path,
    data: Any,
    free: Sequence[str],
    progress: Callable[[int], None] | None = None,
    errors: str = ABSOLUTE,
) -> FitResult:
    """Fit numbers of a case to measurements, by least squares.

    The fit minimises ``Σ ((measured − computed)/error)²`` over all measured numbers. A column of standard errors,
    ``water_flux error [L/m^2/hour]`` or ``water_flux error [%]`` beside ``water_flux [L/m^2/hour]``, gives the errors.
    For a column without one, `errors` says what they are: ``"absolute"``, the same for all points of the column;
    ``"relative"``, in proportion to each number (of a rejection to ``1 − rejection``); or a known relative error such
    as ``"1 %"``. The size of the first two follows from the scatter of each column about the fit:
    ``√(Σ residual²/ν)``, where ν are the degrees of freedom of the column: its points minus its share of the unknowns.
    Fit and errors are repeated until they agree. If a column has too few points for that (ν < 1), all columns without
    errors get the same relative error: relative to the root mean square of their values, of a rejection to that of
    ``1 − rejection``.

    Standard errors come from the derivatives at the best fit (``(JᵀJ)⁻¹``, in the scaled unknowns), confidence
    intervals from Student's t with the degrees of freedom of the errors (infinitely many if the errors are given). They
    hold if the errors of the points are independent and the case describes the experiment.

    Parameters
    ----------
    case : Case, str or Path
        From `load_case`, or what it takes. Its numbers are the starting values.
    data : path, mapping, or DataFrame
        A CSV file, or columns by their header. A header is a name and a unit. With ``time [min]`` every row is a time
        of one run. With one or several keys of the case, ``left.pressure [bar]``, every row is a run, and its measured
        values are those at the end of the run (with ``until = "steady"`` in the case, of the steady state). All other
        columns are measured quantities under the names of the series: ``water_flux [L/m^2/hour]``,
        ``rejection[NaCl] [%]``, ``solute_flux[NaCl] [mol/m^2/hour]``, or in SI units, ``water_flux_m_per_s``.
    free : sequence of str
        Keys of the case to be fitted, for example ``membrane.water_permeability``.
    progress : callable, optional
        Called with the number of runs solved so far.
    errors : str, optional
        Errors of the columns that have no column of errors: ``"absolute"``, ``"relative"``, or a fraction such as
        ``"1 %"``.

    Returns
    -------
    FitResult

    Raises
    ------
    CaseError
        If the data are wrong (the message names column and row), a key holds no number, there are fewer points than
        unknowns, a run fails, or the data do not determine an unknown.

    Examples
    --------
    >>> import membrane_pde as mp
    >>> case = mp.load_case("seawater_ro")
    >>> data = {
    ...     "left.pressure [bar]": [45, 55, 65],
    ...     "water_flux [L/m^2/hour]": [15.1, 23.6, 30.9],
    ...     "rejection[NaCl] [%]": [99.40, 99.56, 99.64],
    ... }
    >>> found = mp.fit(case, data, free=["membrane.water_permeability", "membrane.solutes.NaCl.permeability"])
    >>> print(found)
    membrane.water_permeability = 1.219 ± 0.03925 L/m^2/hour/bar (95 %: 1.062 to 1.399)
    membrane.solutes.NaCl.permeability = 2.214e-08 ± 1.017e-09 m/s (95 %: 1.904e-08 to 2.574e-08)
    >>> axes = mp.plot.fit(found)
    """
    begun, case = time.perf_counter(), as_case(case)
    table = measurements.read(case, data)
    unknowns = [unknown_at(case, key) for key in free_keys(free, table)]
    count = len(table.rows) * len(table.measured)
    if count < len(unknowns):
        raise CaseError(
            f"{count} measured number{'s' if count > 1 else ''} for {len(unknowns)} unknowns: measure more, or free "
            "fewer keys"
        )
    trials = Trials(case, table, unknowns, progress)
    known = Errors.read(errors, table)
    found = find_minimum(trials, known)
    return _result(trials, found, known, time.perf_counter() - begun)


def _result(trials: Trials, found: Minimum, errors: Errors, seconds: float) -> FitResult:
    """Put together the result of a fit."""
    table, count = trials.table, len(found.computed)
    freedom = count - int((~found.held).sum())
    parameters, correlation = estimates(trials, found, errors.given)
    chi_square, chance = goodness(trials, found, errors.given)
    return FitResult(
        case=trials.case.with_values({key: each.in_words() for key, each in parameters.items()}),
        parameters=parameters,
        correlation=correlation,
        columns=_columns(trials, found, errors),
        where={each.header: each.numbers for each in ([table.time] if table.time else table.settings)},
        points=count,
        degrees_of_freedom=freedom,
        reduced_chi_square=chi_square,
        message=" ".join([*references(trials, parameters), *remarks(parameters, found, freedom, errors.given, chance)]),
        runs=trials.done,
        solve_time_s=seconds,
    )


def _columns(trials: Trials, found: Minimum, errors: Errors) -> list[Fitted]:
    """The measured columns with their fitted values, errors and curves."""
    curves = trials.curves(found.scaled)
    columns = []
    for i, each in enumerate(trials.table.measured):
        here, size = trials.column == i, each.size
        error = found.error[here] * np.sqrt(found.scatter.variance[found.scatter.group[here]]) / size
        columns.append(
            Fitted(
                name=each.name,
                unit=each.unit,
                measured=each.numbers,
                fitted=found.computed[here] / size,
                error=error,
                given=bool(errors.given[i]),
                error_source=errors.source(i, bool(np.isfinite(error).all())),
                curve=curves[i] if curves else None,
            )
        )
    return columns
