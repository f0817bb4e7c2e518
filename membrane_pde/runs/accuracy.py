"""How far the numbers of a run are from the exact solution of its equations, estimated by further runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from membrane_pde.input.case import Case
from membrane_pde.input.properties import both_sides, is_closed
from membrane_pde.results.observations import Runs, series_of
from membrane_pde.results.quantities import QUANTITIES, SERIES
from membrane_pde.results.result import Result
from membrane_pde.results.summary import summaries_of
from membrane_pde.runs.running import RunError
from membrane_pde.runs.solving import solve_case

_UNESTIMATED = [each.name for each in QUANTITIES if each.of == "computation"]


def check_accuracy(result: Result, progress: Callable[[float], None] | None = None) -> dict[str, Any]:
    """Estimate how far the numbers of a run are from those of the exact solution of its equations.

    The case is run again on half the cells, and with a tenth of the tolerance. An error of order 2 in the cells is a
    third of what the first changes (Richardson); one in proportion to the tolerance is 10/9 of what the second does
    (with ``run.solver = "fipy"``, where it may go with its root alone, 1.46 times it). The estimate is their sum. To a
    run that stopped at equilibrium or in a steady state comes what its numbers still change by when it goes on to
    ``run.duration`` (or ten times as long, if that is more); but for what flows on for ever between two open sides.

    Parameters
    ----------
    result : Result
        Of `run`.
    progress : callable, optional
        Told the share of the work that is done.

    Returns
    -------
    dict
        For each number of the summary (but those about the run itself) its error, in the same unit and under the same
        key; of solutes by name. None where the number is null.

    Raises
    ------
    RunError
        If one of the runs ends otherwise than the one that is checked.
    """
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
        if key not in _UNESTIMATED and key not in ("equilibrium", "error_estimate") and not isinstance(value, str)
    }


def _comes_to_rest(case: Case) -> set[str]:
    """Numbers of the summary that have an end where a run has one: between open sides the water flows on."""
    closed = any(is_closed(side) for side in both_sides(case))
    return {name for name, each in SERIES.items() if closed or each.of != "path"}
