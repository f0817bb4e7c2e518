"""Errors of the numbers of a run, estimated by further runs of the case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from membrane_pde.input.case import Case
from membrane_pde.input.properties import both_sides, is_closed
from membrane_pde.results.observations import Runs, series_of
from membrane_pde.results.quantities import OBJECTS, QUANTITIES, SERIES
from membrane_pde.results.result import Result
from membrane_pde.results.summary import summaries_of
from membrane_pde.runs.running import RunError, summarize
from membrane_pde.runs.solving import solve_case

_UNESTIMATED = [each.name for each in QUANTITIES if each.of == "computation"]


def check_accuracy(result: Result, progress: Callable[[float], None] | None = None) -> dict[str, Any]:
    """Estimate the errors of the numbers of a run: their distance from the exact solution of its equations.

    The case is run again with half as many cells, and with a tenth of the tolerance. An error of order 2 in the cell
    width is a third of the first change (Richardson extrapolation). An error proportional to the tolerance is 10/9 of
    the second change (with ``run.solver = "fipy"``, where it may be proportional to the square root of the tolerance,
    1.46 times the change). The estimate is the sum of the two. If the run stopped at equilibrium or in a steady state,
    the change of the numbers in a run to ``run.duration`` (or ten times the end time, if that is longer) is added,
    except for quantities that grow for ever between two open sides.

    Parameters
    ----------
    result : Result
        Of `run`.
    progress : callable, optional
        Called with the share of the work that is done.

    Returns
    -------
    dict
        The error of each number of the summary (except those about the run itself), in the same unit and under the same
        key; of the solutes by name. None where the number is null.

    Raises
    ------
    RunError
        If one of the further runs ends with another status.
    """
    if result.case.module is not None:
        return _along(result)
    case, status, end = result.case, result.summary["status"], result.summary["end_time_s"]
    share = 1.0 / (1.0 - 10.0 ** -(0.5 if case.run.solver == "fipy" else 1.0))
    ways: list[tuple[str, str, Callable[[], Runs]]] = [
        ("on half the cells", status, lambda: solve_case(case, coarser=True)),
        ("with a tenth of the tolerance", status, lambda: solve_case(case, tighter=True)),
    ]
    if status in ("equilibrium", "steady"):
        ways.append(
            ("after it had gone on", "completed", lambda: solve_case(case, until=max(case.run.duration, 10.0 * end)))
        )
    found: list[dict[str, Any]] = []
    for how, expected, solve in ways:
        runs = solve()
        (summary,) = summaries_of(runs, series_of(runs))
        if progress is not None:
            progress((len(found) + 1) / len(ways))
        if summary["status"] != expected:
            message = f'no estimate of the error: {how} the run ended as "{summary["status"]}". {summary["message"]}'
            raise RunError(message.strip(), result)
        found.append(summary)

    def error(value: Any, coarse: Any, tight: Any, later: Any) -> Any:
        if isinstance(value, dict):
            return {name: error(one, coarse[name], tight[name], later and later[name]) for name, one in value.items()}
        if value is None or coarse is None or tight is None:
            return None
        return abs(value - coarse) / 3.0 + abs(value - tight) * share + (0.0 if later is None else abs(value - later))

    resting = _comes_to_rest(case)
    coarse, tight = found[:2]
    later = {key: value for key, value in found[2].items() if key in resting} if len(found) > 2 else {}
    return {
        key: error(value, coarse[key], tight[key], later.get(key))
        for key, value in result.summary.items()
        if key not in _UNESTIMATED and key not in OBJECTS and not isinstance(value, str)
    }


def _along(result: Result) -> dict[str, Any]:
    """Change of each value along a membrane with twice the stations and a tenth of the tolerance."""
    case = result.case
    stations = int(result.summary["cells"]) // (2 * sum(len(stage.elements) for stage in case.plant.stages))
    changes: dict[str, Any] = {"module.stations": 2 * stations}
    if not case.steady_only:
        changes["run.rtol"] = max(0.1 * case.run.rtol, 1e-12)
    finer = summarize(case.with_values(changes))

    def error(value: Any, other: Any) -> Any:
        if isinstance(value, dict):
            return {name: error(one, other[name]) for name, one in value.items()}
        return None if value is None or other is None else abs(value - other)

    return {
        key: error(value, finer[key])
        for key, value in result.summary.items()
        if key not in _UNESTIMATED and key not in OBJECTS and not isinstance(value, str)
    }


def _comes_to_rest(case: Case) -> set[str]:
    """Numbers of the summary that become constant at the end of a run; between open sides water keeps flowing."""
    closed = any(is_closed(side) for side in both_sides(case))
    return {name for name, each in SERIES.items() if closed or each.of != "path"}
