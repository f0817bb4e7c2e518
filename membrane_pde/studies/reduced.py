"""Runs of a grid of cases of which little is kept: each result is reduced where it was computed.

A page or a film needs more of each run than the row that a sweep stores, and far less than the whole result.
"""

from __future__ import annotations

import functools
import pickle
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from membrane_pde import runs
from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.studies.sweeping.distributing import cpus, prepare
from membrane_pde.studies.sweeping.grid import Grid, check_values, make_grid
from membrane_pde.studies.workers import borrowed

Reduce = Callable[[Any, str], Any]  # of a Result, or None if there is none, and why the run failed, or ""

_CHUNK = 0.25  # duration of the work that is passed to a worker at once, s
_PATIENCE = 1.5  # remaining work above which it is worthwhile to start workers, s


def grid_of(case: Case | str | Path, values: Mapping[str, Iterable[object]]) -> Grid:
    """The grid of all combinations of some values, checked before anything is run.

    Raises
    ------
    CaseError
        If a key is wrong, or a value makes no valid case.
    """
    grid = make_grid(case, values, zipped=False)
    check_values(grid)
    return grid


def solve(case: Case, values: Mapping[str, object]) -> tuple[Any, str]:
    """The result of a case with some values changed, as far as it came, and why it failed, or "".

    The result is None where the values make no valid case.
    """
    try:
        return runs.run(case.with_values(values) if values else case), ""
    except CaseError as error:
        return None, str(error)
    except runs.RunError as error:
        return error.result, str(error)


def reduce_all(
    grid: Grid,
    reduce: Reduce,
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Any]:
    """Solve all points of a grid and keep what `reduce` returns of each.

    Parameters
    ----------
    grid : Grid
        From `grid_of`.
    reduce : callable
        Called with a Result (None where the values make no valid case) and why the run failed ("" if it did not). It
        is called in the process that computed the result, so it and what it returns must be picklable.
    workers : int, optional
        Number of parallel processes, including this one; default one per CPU that this process may use.
    progress : callable, optional
        Called with the fraction of the points solved so far.

    Returns
    -------
    list
        What `reduce` returned, in the order of the points; the last key varies fastest.

    Raises
    ------
    RuntimeError
        If a worker process ends unexpectedly.
    """
    found: dict[int, Any] = {}
    size = min(workers or cpus(), grid.points)

    def done(points: Sequence[int], reduced: Sequence[Any]) -> None:
        found.update(zip(points, reduced, strict=True))
        if progress is not None:
            progress(len(found) / grid.points)

    def here(points: Sequence[int]) -> float:
        begun = time.perf_counter()
        done(points, _reduced(grid.case, [grid.values(point) for point in points], reduce))
        return (time.perf_counter() - begun) / len(points)

    seconds, start = 0.0, 0
    while start < grid.points and start < 3:  # the first one is slow because of imports
        seconds, start = here([start]), start + 1
    left = list(range(start, grid.points))
    if size == 1 or seconds * len(left) < _PATIENCE:
        for point in left:
            here([point])
        return [found[point] for point in range(grid.points)]
    chunk = max(1, min(int(_CHUNK / max(seconds, 1e-6)), len(left) // (4 * size) + 1))
    chunks = [left[i : i + chunk] for i in range(0, len(left), chunk)][::-1]
    packed = pickle.dumps((grid.case, reduce))
    with borrowed(size - 1, prepare) as team_of:
        pool = team_of()
        pending: dict[Future[Any], list[int]] = {}
        while chunks or pending:
            while pool is not None and chunks and len(pending) < 2 * (size - 1):
                points = chunks.pop()
                pending[pool.executor.submit(_there, packed, [grid.values(point) for point in points])] = points
            if chunks:
                here(chunks.pop())
            ready = [future for future in pending if future.done()]
            for future in ready or (list(pending)[:1] if not chunks else []):
                done(pending.pop(future), _answer(future))
    return [found[point] for point in range(grid.points)]


def _reduced(case: Case, chosen: Sequence[Mapping[str, object]], reduce: Reduce) -> list[Any]:
    return [reduce(*solve(case, values)) for values in chosen]


def _answer(future: Future[Any]) -> list[Any]:
    """The return value of a worker; a RuntimeError if it died."""
    from concurrent.futures import BrokenExecutor

    try:
        answer: list[Any] = future.result()
        return answer
    except BrokenExecutor as error:
        raise RuntimeError(
            "a worker process ended unexpectedly. Is there memory enough? Fewer workers take less; workers=1 solves "
            "in this process."
        ) from error


# -- in a worker ----------------------------------------------------------------------------------------------------
@functools.lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> tuple[Case, Reduce]:
    case, reduce = pickle.loads(packed)
    return case, reduce


def _there(packed: bytes, chosen: Sequence[Mapping[str, object]]) -> list[Any]:
    case, reduce = _unpacked(packed)
    return _reduced(case, chosen, reduce)
