"""The public functions: run a case, summarize cases, compute the equilibrium, compare cases."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde import analytic
from membrane_pde.input.case import Case
from membrane_pde.input.casefile import as_case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import SIDES
from membrane_pde.input.properties import is_closed
from membrane_pde.results.along import along_summary
from membrane_pde.results.along_result import AlongResult, steady_arrays
from membrane_pde.results.along_time import arrays_in_time, series_in_time, summary_in_time
from membrane_pde.results.messages import has_range
from membrane_pde.results.observations import Runs, profiles_of, series_of
from membrane_pde.results.quantities import OBJECTS
from membrane_pde.results.result import Result, check_size
from membrane_pde.results.summary import equilibrium_summary, goal_summary, no_steady_summary, summaries_of
from membrane_pde.runs.along import NoSteadyStateAlong, steady_along
from membrane_pde.runs.along_time import run_in_time
from membrane_pde.runs.build import Model, model_of, segments_of
from membrane_pde.runs.solving import end_states, groups_of, solve_case, solve_group

if TYPE_CHECKING:
    import xarray

log = logging.getLogger(__name__)


class RunError(Exception):
    """A run that could not be finished.

    Attributes
    ----------
    result : Result
        Everything up to the failure; its status is ``failed``.
    """

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result

    def __reduce__(self) -> tuple[type[RunError], tuple[str, Result]]:
        """Make it again from both in another process."""
        return type(self), (str(self), self.result)


def run(case: Case | str | Path, progress: Callable[[float], None] | None = None) -> Result:
    """Solve a case.

    Parameters
    ----------
    case : Case, str or Path
        The case, the path of a case file, or the name of a shipped case.
    progress : callable, optional
        Called with the share of the simulated time that is done.

    Returns
    -------
    Result
        Summary, series, profiles.

    Raises
    ------
    CaseError
        If the result would be too large.
    RunError
        If a side runs dry, an outflow flows back without `backflow`, or the integrator gives up; its attribute `result`
        has the run up to then.
    """
    begun, case = time.perf_counter(), as_case(case)
    if case.module is not None:
        return run_along(case, progress)
    model = model_of(case)
    check_size(case, model.built.problem.mesh.cells)
    runs = solve_case(case, progress, model=model)
    series = series_of(runs)
    (summary,) = summaries_of(runs, series)
    summary["equilibrium"] = goal_summary(runs)
    result = Result(case, summary, functools.partial(_arrays_of, runs, series))
    summary["solve_time_s"] = time.perf_counter() - begun
    log.info("%s: %s after %d steps", case.name, summary["status"], summary["steps"])
    if summary["status"] == "failed":
        raise RunError(summary["message"], result)
    return result


def _arrays_of(runs: Runs, series: dict[str, np.ndarray[Any, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    """Times, series and profiles of a single run."""
    alone = {name: each[0] for name, each in series.items()}
    return {"time": runs.times, **alone, **profiles_of(runs.system, runs.states[0])}


def run_along(case: Case, progress: Callable[[float], None] | None = None) -> AlongResult:
    """Solve a case with [module]: its steady state or, with run.duration, a transient run."""
    begun = time.perf_counter()
    if not case.steady_only:
        return _run_in_time(case, progress)
    try:
        found = steady_along(case)
    except NoSteadyStateAlong as none:
        summary = no_steady_summary(case, str(none)) | {"status": "failed", "end_time_s": 0.0}
        raise RunError(summary["message"], AlongResult(case, summary, {})) from none
    summary = along_summary(case, found.readings, steps=found.steps)
    summary["end_time_s"], summary["solve_time_s"] = 0.0, time.perf_counter() - begun
    log.info("%s: steady after %d steps", case.name, summary["steps"])
    return AlongResult(case, summary, steady_arrays(case, summary, found.readings))


def _run_in_time(case: Case, progress: Callable[[float], None] | None) -> AlongResult:
    begun = time.perf_counter()
    found = run_in_time(case, progress)
    times = found.course.times
    series = series_in_time(case, found.readings, found.totals, times)
    summary = summary_in_time(case, found.readings, series, found.course)
    summary["solve_time_s"] = time.perf_counter() - begun
    log.info("%s: %s after %d steps", case.name, summary["status"], summary["steps"])
    result = AlongResult(case, summary, arrays_in_time(found.readings, series, times))
    if summary["status"] == "failed":
        raise RunError(summary["message"], result)
    return result


def summarize_along(case: Case) -> dict[str, Any]:
    """The summary of a case with [module]; if there is no steady state, ``status`` is ``failed``."""
    try:
        return run_along(case).summary
    except RunError as error:
        return error.result.summary


def summarize(case: Case, model: Model | None = None) -> dict[str, Any]:
    """Solve a case and return its summary only, also if the run fails.

    Parameters
    ----------
    case : Case
        From `load_case`.
    model : optional
        The model of the case, if it is known.

    Returns
    -------
    dict
        Summary as of a `Result`; if the run failed, ``status`` is ``failed`` and ``message`` gives the reason.
    """
    begun = time.perf_counter()
    if case.module is not None:
        return summarize_along(case)
    runs = solve_case(case, model=model)
    (summary,) = summaries_of(runs, series_of(runs))
    summary["equilibrium"] = goal_summary(runs)
    summary["solve_time_s"] = time.perf_counter() - begun
    return summary


def summarize_all(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Solve many cases and return their summaries; neighbours that differ in applied pressures only are solved at once.

    Parameters
    ----------
    cases : sequence of Case
        From `load_case`.

    Returns
    -------
    list of dict
        As of `summarize`, but without ``equilibrium``.
    """
    summaries: list[dict[str, Any]] = []
    if any(case.module is not None for case in cases):
        return [summarize(case) for case in cases]
    for group in groups_of(cases):
        begun = time.perf_counter()
        runs, done = solve_group(group) if group.segments else (None, [False])
        together = iter([] if runs is None else summaries_of(runs, series_of(runs, ends=not has_range(group.cases[0]))))
        seconds = (time.perf_counter() - begun) / max(sum(done), 1)
        for case, there in zip(group.cases, done, strict=True):
            summary = next(together) if there else summarize(case, group.model)
            if there:
                summary["solve_time_s"] = seconds
            summaries.append(summary)
    return summaries


def equilibrium(case: Case | str | Path) -> dict[str, Any]:
    """Analytic end state of a case, without a transient run.

    Parameters
    ----------
    case : Case, str or Path
        The case, the path of a case file, or the name of a shipped case.

    Returns
    -------
    dict
        The keys of a summary; if there is no equilibrium, ``status`` is None and ``message`` gives the reason.
    """
    case = as_case(case)
    model = model_of(case)
    system = model.system()
    amounts = system.amounts_of_sides(system.initial_state(model.concentration))
    (end,) = end_states([case], system.ports, segments_of(case)[-1:], amounts)
    if end is None:
        reason = "the case is open, so that liquid can flow through for ever; `steady` computes the steady state"
        for name, other in (SIDES, SIDES[::-1]):
            if getattr(case, name).far_end.drains and is_closed(getattr(case, other)):
                reason = f"the end depends on how much has left through the outflow on the {name}: run the case"
        end = analytic.Equilibrium(None, None, None, None, None, reason)
    return equilibrium_summary(case, end, amounts)


def compare(cases: Sequence[Case | Result | str | Path]) -> xarray.Dataset:
    """Summaries of several cases, side by side.

    Parameters
    ----------
    cases : sequence of Case, Result, str or Path
        Cases (also by path or name) are run; results are not run again.

    Returns
    -------
    xarray.Dataset
        Dimension ``case``: every number and word of the summary, per-solute values as ``name[solute]``; NaN or "" where
        a value does not apply.
    """
    import xarray

    if isinstance(cases, str | Path | Case | Result):
        raise CaseError('compare takes a list, for example ["osmosis", "reverse_osmosis"]')
    results = [case if isinstance(case, Result) else run(case) for case in cases]
    columns: dict[str, list[Any]] = {}
    for position, result in enumerate(results):
        for key, value in result.summary.items():
            if key in OBJECTS:
                continue
            flat = {f"{key}[{name}]": one for name, one in value.items()} if isinstance(value, dict) else {key: value}
            for name, one in flat.items():
                columns.setdefault(name, [None] * len(results))[position] = one
    variables = {}
    for name, values in columns.items():
        words = any(isinstance(value, str) for value in values)
        column = ["" if v is None else v for v in values] if words else [np.nan if v is None else v for v in values]
        variables[name] = ("case", np.array(column, dtype=object if words else float))
    return xarray.Dataset(variables, {"case": [result.case.name for result in results]})
