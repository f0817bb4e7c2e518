"""sweep(case, values) -> xarray.Dataset: a grid of cases, solved by several processes at once.

A point is its number in the grid: every process is given a range of these numbers, and returns one array of numbers
and the words. Only this row of a run is stored, nothing else. Results that are to be saved go to a journal in their
folder, chunk by chunk, until the sweep is complete.

============== ===========================================================================
Module         Contents
============== ===========================================================================
`grid`         the points, and the check of all values
`rows`         solving points: the row of numbers and words of each
`distributing` chunks of points for this process and for worker processes
`dataset`      the table that fills, and the dataset
`resuming`     the journal of a sweep, and resuming from it
============== ===========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.wording import show
from membrane_pde.results.folders import check_output
from membrane_pde.studies import sweepfile
from membrane_pde.studies.sweeping.dataset import Table, make_dataset
from membrane_pde.studies.sweeping.distributing import fill
from membrane_pde.studies.sweeping.grid import check_values, make_grid
from membrane_pde.studies.sweeping.resuming import finished_before, journaled

if TYPE_CHECKING:
    import xarray

__all__ = ["sweep"]


MAX_WORKERS = 1000


def sweep(
    case: Case | str | Path,
    values: Mapping[str, Iterable[object]],
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
    *,
    zipped: bool = False,
    out: str | Path | None = None,
    resume: bool = False,
) -> xarray.Dataset:
    """Solve a case with every combination of some values, or with some values together.

    Parameters
    ----------
    case : Case, str or Path
        From `load_case`, or what it takes. A file may be incomplete or wrong without the values.
    values : mapping of str to iterable
        For the path of each key the values to solve, written as for `Case.with_values`.
    workers : int, optional
        Number of parallel processes, including this one; default one per CPU that this process may use. A sweep begins
        in this process and starts the others if it takes long; they stay for a minute, for the next sweep. No process
        is started from a process of `multiprocessing`, such as a worker of a pool.
    progress : callable, optional
        Called several times a second with the fraction of the points solved so far.
    zipped : bool
        Pair the lists one to one (first value of each key, then the second, and so on) instead of every combination.
    out : path, optional
        Folder for ``sweep.csv`` (one row for each run, the last key varying fastest), ``sweep.nc`` (the dataset) and
        ``case.toml``. Until these are complete, the file ``sweep.unfinished`` there holds the runs solved so far.
    resume : bool
        Read the runs solved before from that file, or from the folder if the same sweep was finished there.

    Returns
    -------
    xarray.Dataset
        The dimensions are the keys, in their order, and ``solute``; if `zipped`, the keys are coordinates along one
        dimension, ``run``. Coordinates are the numbers as written, with the unit in the attribute ``units``, if all
        values of a key are numbers in one unit; otherwise the texts. Variables are all numbers and words of the summary
        except ``equilibrium``; NaN or "" if one does not apply. A run that failed has the status ``failed``, its
        message, and its results up to the failure; a combination of values that is no valid case has only the message.

    Raises
    ------
    CaseError
        Before any run, if a key is wrong, or a value makes no valid case, neither by itself nor with the first values
        of the other keys (zipped: with the values it is paired with). Also if the folder cannot be written or holds
        files of others, if another sweep is writing there, or if it holds an unfinished sweep that is not to be resumed
        or is another one.
    RuntimeError
        If a worker process ends unexpectedly, or a run raises an unexpected error.

    Examples
    --------
    >>> import membrane_pde as mp
    >>> case = mp.load_case("reverse_osmosis")
    >>> pressures = [f"{p} bar" for p in range(0, 80, 10)]
    >>> found = mp.sweep(case, {"right.pressure": pressures, "right.concentration.NaCl": ["10 g/L", "35 g/L"]})
    >>> found["water_flux_m_per_s"].dims
    ('right.pressure', 'right.concentration.NaCl')
    >>> flux = found["water_flux_m_per_s"].sel({"right.pressure": 60, "right.concentration.NaCl": 35})
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise CaseError(f"workers = {show(workers)}: expected a whole number, 1 or more")
    if workers is not None and workers > MAX_WORKERS:
        raise CaseError(f"workers = {workers}: at most {MAX_WORKERS}")
    if resume and out is None:
        raise CaseError("resume: give out, the folder of the sweep to continue")
    grid = make_grid(case, values, zipped)
    check_values(grid)
    if out is None:
        return make_dataset(grid, fill(grid, Table(grid), workers, progress))
    check_output(out, sweep=True)
    with journaled(grid, Path(out), resume) as (table, keep):
        finished = finished_before(grid, out) if resume and not table.done else None
        if finished is None:
            finished = make_dataset(grid, fill(grid, table, workers, progress, keep))
            sweepfile.save(finished, out)
    return finished
