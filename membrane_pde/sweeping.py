"""sweep(case, values) -> xarray.Dataset: a grid of cases, solved by several processes at once.

A point is its number in the grid: processes are told from which number to which, make the values themselves, and answer
with one array of numbers and the words. Nothing is kept of a run but its row. What is to be saved goes to a journal
beside its folder, chunk by chunk, until all of it is there.
"""

from __future__ import annotations

import base64
import gc
import json
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
import types
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde import __version__, simulate, sweepfile, units
from membrane_pde.case import Case, CaseError
from membrane_pde.journal import Journal
from membrane_pde.result import SERIES, SUMMARY_KEYS, check_output
from membrane_pde.values import show

if TYPE_CHECKING:
    import xarray

MAX_POINTS = 10_000_000
MAX_WORKERS = 1000

_WORDS = ("title", "status", "message", "process", "tonicity", "version")
_BY_SOLUTE = (
    "solute_flux_mol_per_m2_s",
    "amount_transferred_mol_per_m2",
    "concentration_left_mol_per_m3",
    "concentration_right_mol_per_m3",
    "wall_concentration_left_mol_per_m3",
    "wall_concentration_right_mol_per_m3",
    "polarization_modulus",
    "rejection",
)
_NUMBERS = tuple(key for key in SUMMARY_KEYS if key not in (*_WORDS, *_BY_SOLUTE, "equilibrium"))

_CHUNK = 0.1  # s of work handed out at once: long beside the 0.2 ms that it takes to hand it out
_PATIENCE = 0.2  # s, of what is done or of what is left, from which on other processes are worth their start
_MANY = 8  # points a process
_READY = 2000  # cases that are kept since their values were checked: 6 kB each
_GROWTH = 8  # of a chunk over the one before it, whose time may mislead
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

Chunk = tuple[NDArray[np.float64], list[tuple[str, ...]], float]  # (point, number), words by point, seconds


@dataclass(frozen=True)
class _Grid:
    """All combinations, the last key varying fastest, or the keys walked together.

    `solutes` are those that any point has; `ready` are the cases of the first points, where there are any already.
    """

    case: Case
    axes: dict[str, list[object]]
    zipped: bool
    solutes: list[str]
    ready: list[Case]

    @property
    def dims(self) -> tuple[str, ...]:
        return ("run",) if self.zipped else tuple(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        lengths = tuple(map(len, self.axes.values()))
        return lengths[:1] if self.zipped else lengths

    @property
    def points(self) -> int:
        return math.prod(self.shape)

    @property
    def width(self) -> int:
        """Numbers of a row: those of `_NUMBERS`, then those of `_BY_SOLUTE`, solute by solute."""
        return len(_NUMBERS) + len(_BY_SOLUTE) * len(self.solutes)

    def values(self, point: int) -> dict[str, object]:
        """What a point has at each key."""
        if self.zipped:
            return {key: values[point] for key, values in self.axes.items()}
        chosen = {}
        for key, values in reversed(self.axes.items()):
            point, i = divmod(point, len(values))
            chosen[key] = values[i]
        return {key: chosen[key] for key in self.axes}

    def attributes(self) -> dict[str, str]:
        """What makes it this sweep and no other."""
        return {
            "title": self.case.title,
            "case_name": self.case.name,
            "case": self.case.to_toml(),
            "values": json.dumps(self.axes, ensure_ascii=False, default=str),
            "combined": "zipped" if self.zipped else "all",
            "membrane_pde_version": __version__,
        }


class _Table:
    """The columns of a grid, (number or word, point), and which points have been done."""

    def __init__(self, grid: _Grid) -> None:
        self.numbers = np.full((grid.width, grid.points), np.nan)
        self.words = np.full((len(_WORDS), grid.points), "", dtype=object)
        self.known = np.zeros(grid.points, dtype=bool)
        self.done = 0

    def put(self, start: int, numbers: NDArray[np.float64], words: list[tuple[str, ...]]) -> None:
        """Take in the rows of some points."""
        stop = start + len(words)
        self.numbers[:, start:stop] = numbers.T
        self.words[:, start:stop] = np.array(words, dtype=object).T
        self.known[start:stop] = True
        self.done += len(words)

    def gaps(self) -> list[tuple[int, int]]:
        """First point, and the one behind the last, of all stretches that are not done."""
        edges = np.flatnonzero(np.diff(self.known, prepend=True, append=True))
        return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def sweep(
    case: Case,
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
    case : Case
        From `load_case`.
    values : mapping of str to iterable
        By the path of the key the values it takes, each as `Case.with_values` takes one.
    workers : int, optional
        How many processes solve; 1: this one alone. Default: as many as this process may use CPUs. A sweep of many
        points begins here and starts others when it lasts: what has been loaded and compiled by then they may inherit.
    progress : callable, optional
        Told the share of the points that is done, several times a second.
    zipped : bool
        Walk the keys together, the first value of each, the second, and so on, in place of every combination.
    out : path, optional
        Folder for ``sweep.csv`` (a row a run, the last key varying fastest), ``sweep.nc`` (the dataset) and
        ``case.toml``. Until they are whole, what is done is kept in a file beside it, `out` and ".unfinished".
    resume : bool
        Take what is done from that file, or from the folder if the same sweep has been finished there.

    Returns
    -------
    xarray.Dataset
        The keys are the dimensions, in their order, and ``solute``; if `zipped` they are coordinates along one
        dimension, ``run``. Coordinates are the numbers as written, the unit in the attribute ``units``, if all values
        of a key are numbers in one unit; else the texts. Variables are all numbers and words of the summary but
        ``equilibrium``; NaN or "" where something does not apply. A run that failed is a point with the status
        ``failed``, its message, and what it knew up to then; a combination of values that makes no valid case has the
        message alone.

    Raises
    ------
    CaseError
        Before anything is solved: a wrong key, and a value that makes no valid case, neither by itself nor beside the
        first values of the other keys (zipped: beside those it is walked with). A folder that cannot be written or is
        not ours to replace; one where another sweep is at work, or was and is not to be resumed, or is not this one.
    RuntimeError
        If a process that solves ends unexpectedly, or solving meets an error that is no result.

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
        raise CaseError("resume: expected out, the folder of the sweep to go on with")
    with _nothing_old_collected():
        grid = _checked(case, values, zipped)
        if out is None:
            return _dataset(grid, _filled(grid, _Table(grid), workers, progress))
        check_output(out)
        place = Path(out).resolve()
        with _kept(grid, place.with_name(f"{place.name}.unfinished"), resume) as (table, keep):
            finished = _finished(grid, out) if resume and not table.done else None
            if finished is None:
                finished = _dataset(grid, _filled(grid, table, workers, progress, keep))
                sweepfile.save(finished, out)
        return finished


@contextmanager
def _nothing_old_collected() -> Iterator[None]:
    """What there is already need not be gone through for garbage, again and again, while cases are made."""
    frozen = gc.get_freeze_count() > 0
    gc.freeze()
    try:
        yield
    finally:
        if not frozen:
            gc.unfreeze()


def _filled(
    grid: _Grid,
    table: _Table,
    workers: int | None,
    progress: Callable[[float], None] | None,
    keep: Callable[[int, Chunk], None] | None = None,
) -> _Table:
    """The table with all that was missing; `keep` is given every chunk."""
    with closing(_solved(grid, _Left(table.gaps()), workers)) as chunks:
        for start, chunk in chunks:
            if keep is not None:
                keep(start, chunk)
            table.put(start, *chunk[:2])
            if progress is not None:
                progress(table.done / grid.points)
    return table


# -- the grid -------------------------------------------------------------------------------------------------------
def _checked(case: Case, values: Mapping[str, Iterable[object]], zipped: bool) -> _Grid:
    """The grid, if every value of every key makes a valid case."""
    if not values:
        raise CaseError('nothing to vary: expected values by key, for example {"left.pressure": ["0 bar", "50 bar"]}')
    axes = {key: _listed(key, each) for key, each in values.items()}
    if zipped and len(set(map(len, axes.values()))) > 1:
        counts = ", ".join(f"{key} has {len(each)}" for key, each in axes.items())
        raise CaseError(f"keys that are walked together need as many values each: {counts}")
    grid = _Grid(case, axes, zipped, [], [])
    if grid.points > MAX_POINTS:
        raise CaseError(f"{' x '.join(axes)}: {grid.points} combinations; at most {MAX_POINTS}")
    solutes: dict[str, None] = {}
    ready: list[Case] = []
    for key, each in axes.items():
        for i, value in enumerate(each):
            valid = _valid(case, key, value, grid.values(i if zipped else 0))
            solutes |= dict.fromkeys(valid.solutes)
            if len(axes) == 1 and i < _READY:
                ready.append(valid)
    return _Grid(case, axes, zipped, list(solutes), ready)


def _listed(key: str, values: Iterable[object]) -> list[object]:
    """The values of a key, NumPy's numbers as Python's."""
    try:
        listed = None if isinstance(values, str | Mapping) else list(values)
    except TypeError:
        listed = None
    if not listed:
        raise CaseError(f'{key} = {show(values)}: expected a list of values, for example ["0 bar", "50 bar"]')
    return [value.item() if hasattr(value, "item") else value for value in listed]


def _valid(case: Case, key: str, value: object, beside: Mapping[str, object]) -> Case:
    """The case with one value changed or, where keys need each other, with values of the others, too."""
    try:
        return case.with_values({key: value})
    except CaseError:
        if len(beside) == 1:
            raise
    return case.with_values({**beside, key: value})


# -- solving --------------------------------------------------------------------------------------------------------
def _points(case: Case, chosen: Sequence[Mapping[str, object]], ready: Sequence[Case] = ()) -> list[dict[str, Any]]:
    """The summaries of some points, of which the first may be `ready`, or what there is of those that fail."""
    made: list[Case | str] = [*ready]
    for values in chosen[len(ready) :]:
        try:
            made.append(case.with_values(values))
        except CaseError as error:
            made.append(str(error))
    solved = iter(simulate.summarize_all([each for each in made if isinstance(each, Case)]))
    failed = {"title": case.title, "status": "failed", "version": __version__}
    return [next(solved) if isinstance(each, Case) else {**failed, "message": each} for each in made]


def _solve(grid: _Grid, start: int, stop: int) -> Chunk:
    """The rows of some points."""
    begun = time.perf_counter()
    chosen = [grid.values(point) for point in range(start, stop)]
    try:
        summaries = _points(grid.case, chosen, grid.ready[start:stop])
    except Exception:
        for values in chosen:  # one of them, it should be named
            _name_what_fails(grid.case, values)
        raise
    numbers, words = np.empty((stop - start, grid.width)), []
    for position, summary in enumerate(summaries):
        row = [summary.get(name) for name in _NUMBERS]
        for name in _BY_SOLUTE:
            by_solute = summary.get(name) or {}
            row += [by_solute.get(solute) for solute in grid.solutes]
        numbers[position] = [math.nan if number is None else number for number in row]
        words.append(tuple(summary.get(name) or "" for name in _WORDS))
    return numbers, words, time.perf_counter() - begun


def _name_what_fails(case: Case, values: Mapping[str, object]) -> None:
    """Solve a point by itself; what is raised then names it."""
    try:
        _points(case, [values])
    except Exception as error:
        raise RuntimeError(f"{_told(values)}: an unexpected error, {type(error).__name__}: {error}") from error


class _Left:
    """Points that nobody has been told to solve."""

    def __init__(self, gaps: list[tuple[int, int]]) -> None:
        self._gaps = gaps[::-1]
        self.points = sum(stop - start for start, stop in gaps)

    def take(self, most: int) -> tuple[int, int]:
        """The first points that are left, at most so many: the first of them, and the one behind the last."""
        start, stop = self._gaps.pop()
        if start + most < stop:
            self._gaps.append((start + most, stop))
            stop = start + most
        self.points -= stop - start
        return start, stop


def _solved(grid: _Grid, left: _Left, workers: int | None) -> Generator[tuple[int, Chunk], None, None]:
    """First point and rows of every chunk of what is left, in the order they are done."""
    available = _cpus() if workers is None else workers
    few = workers is not None and left.points < _MANY * workers  # then a long case here keeps the others waiting
    patience = math.inf if available == 1 else 0.0 if few else _PATIENCE
    size, begun, rest = 1, time.perf_counter(), 0.0
    while left.points and max(rest, time.perf_counter() - begun) < patience:
        start, stop = left.take(size)
        chunk = _solve(grid, start, stop)
        yield start, chunk
        if size > 1:  # the first one has loaded what others find loaded
            rest = chunk[2] / (stop - start) * left.points
        size = _next_size(stop - start, chunk[2])
    if left.points:
        yield from _solved_by_workers(grid, left, min(available, left.points), size)


def _next_size(size: int, seconds: float) -> int:
    """Points of the next chunk by what the last one took."""
    return max(1, min(_GROWTH * size, int(size * _CHUNK / max(seconds, 1e-9))))


def _cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# -- workers --------------------------------------------------------------------------------------------------------
def _solved_by_workers(grid: _Grid, left: _Left, workers: int, size: int) -> Generator[tuple[int, Chunk], None, None]:
    """What `_solved` yields, by other processes; `size` points to begin with."""
    context = multiprocessing.get_context()
    processes: dict[Any, Any] = {}  # by the connection to each
    busy: dict[Any, tuple[int, int]] = {}

    def hand_out(connection: Any, size: int) -> None:
        share = math.ceil(left.points / (2 * workers))  # so that all are busy to the end, or nearly
        start, stop = busy[connection] = left.take(min(size, max(share, size // _GROWTH)))
        try:
            connection.send((start, stop))
        except OSError:
            raise _death(grid, processes[connection], start, stop) from None

    try:
        for _ in range(workers):
            with _undisturbed(), _seen_by_workers():
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(grid, theirs, ours), daemon=True)
                process.start()
                processes[ours] = process
                theirs.close()  # so that nothing more to read means that the worker is gone
            hand_out(ours, size)
        while busy:
            ready: list[Any] = wait(list(busy))
            for connection in ready:
                first, stop = busy.pop(connection)
                try:
                    answer: Chunk | str = connection.recv()
                except (EOFError, OSError):
                    raise _death(grid, processes[connection], first, stop) from None
                if isinstance(answer, str):
                    raise RuntimeError(answer)
                if left.points:  # before the rows are looked at: the worker need not wait
                    hand_out(connection, _next_size(stop - first, answer[2]))
                yield first, answer
    finally:
        for process in processes.values():
            process.terminate()
        for connection, process in processes.items():
            process.join()
            connection.close()


def _work(grid: _Grid, connection: Any, others_end: Any) -> None:
    """What a worker does: solve what it is told to, until nobody tells it anything any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sweep, which then ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    others_end.close()
    gc.freeze()  # what it has inherited need not be gone through for garbage, again and again
    try:
        while True:
            start, stop = connection.recv()
            try:
                answer: Chunk | str = _solve(grid, start, stop)
            except Exception as error:
                answer = f"{error}\n\n{traceback.format_exc()}"
            connection.send(answer)
    except (EOFError, OSError):
        return


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C has to wait, or it may be lost while Python starts a process; so may SIGTERM, which ends any at once."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    pressed: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    terminate = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, terminate or signal.SIG_DFL)
        signal.signal(signal.SIGINT, before)
        if pressed:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def _seen_by_workers() -> Iterator[None]:
    """What processes see that start from nothing: one thread each, and no script, which they would run again."""
    script, threads = sys.modules["__main__"], {name: os.environ.get(name) for name in _THREADS}
    sys.modules["__main__"] = types.ModuleType("__main__")
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        sys.modules["__main__"] = script
        for name, value in threads.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _death(grid: _Grid, process: Any, start: int, stop: int) -> RuntimeError:
    """A worker that is gone, in words."""
    process.join()
    code = process.exitcode
    how = f"with exit status {code}" if code >= 0 else f"by signal {-code} ({signal.strsignal(-code)})"
    which = _told(grid.values(start))
    if stop - start > 1:
        which = f"one of the {stop - start} points from {which} to {_told(grid.values(stop - 1))}"
    return RuntimeError(
        f"a worker process ended {how} while it solved {which}. Is there memory enough? Fewer workers take less; "
        "workers=1 solves in this process."
    )


def _told(values: Mapping[str, object]) -> str:
    return ", ".join(f"{key} = {show(value)}" for key, value in values.items())


# -- what is kept ---------------------------------------------------------------------------------------------------
@contextmanager
def _kept(grid: _Grid, path: Path, resume: bool) -> Iterator[tuple[_Table, Callable[[int, Chunk], None]]]:
    """A table with what a journal has of it, and a function that keeps a chunk there.

    When all has gone well the journal goes. If not, it stays with all that was done, and the error has a note of it.
    """
    table = _Table(grid)
    with Journal(path) as journal:

        def keep(start: int, chunk: Chunk) -> None:
            numbers = base64.b64encode(chunk[0].astype("<f8").tobytes()).decode()
            journal.append({"start": start, "words": chunk[1], "numbers": numbers})

        _recall(grid, table, journal, resume)
        try:
            yield table, keep
        except BaseException as error:
            if kept := sum(len(record.get("words", ())) for record in journal.read()):
                error.add_note(
                    f"{kept} of {grid.points} runs are kept in {journal.name}: the same with --resume (in Python "
                    "resume=True) goes on from there"
                )
            else:
                journal.remove()
            raise
        journal.remove()


def _recall(grid: _Grid, table: _Table, journal: Journal, resume: bool) -> None:
    """Put what a journal has into a table, or begin the journal."""
    records = journal.read()
    head, first = next(records, {}), next(records, None)
    if first is None:  # nothing that anybody could miss
        journal.begin(grid.attributes())
        return
    another = _another(head, grid)
    if not resume:
        done = sum(len(record["words"]) for record in chain([first], records))
        which = f"a sweep {another}" if another else "this sweep"
        raise CaseError(
            f"{journal.name} has {done} runs of {which}, which was not finished: go on with it by --resume (in Python "
            "resume=True), give another folder, or remove the file to begin anew"
        )
    if another:
        raise CaseError(
            f"{journal.name} is of a sweep {another}, so this one cannot be resumed from it: give another folder, or "
            "remove the file to begin anew"
        )
    for record in chain([first], records):
        numbers = np.frombuffer(base64.b64decode(record["numbers"]), "<f8")
        table.put(record["start"], numbers.reshape(-1, grid.width), record["words"])


def _finished(grid: _Grid, out: str | Path) -> xarray.Dataset | None:
    """What a folder holds of the same sweep, finished; None if it holds no sweep."""
    swept = sweepfile.load(out)
    if swept is not None and (another := _another(swept.attrs, grid)):
        raise CaseError(
            f"--out {out} holds a finished sweep {another}, so there is nothing to resume: give another folder, or "
            "replace it without --resume"
        )
    return swept


def _another(head: Mapping[str, Any], grid: _Grid) -> str:
    """In what a sweep, known by its attributes, is another one; "" if it is the same."""
    own = grid.attributes()
    for name, words in (
        ("membrane_pde_version", f"by version {head.get('membrane_pde_version')} and not {__version__}"),
        ("case_name", f'of the case "{head.get("case_name")}" and not "{grid.case.name}"'),
        ("case", "of a case in which something is different"),
        ("values", "over other values"),
        ("combined", "that combines the values in the other way, with and without --zip"),
    ):
        if head.get(name) != own[name]:
            return words
    return ""


# -- the answer -----------------------------------------------------------------------------------------------------
def _dataset(grid: _Grid, table: _Table) -> xarray.Dataset:
    """The columns by name, folded to the grid without copying."""
    import xarray

    columns: dict[str, Any] = {}
    dims, shape, solutes = grid.dims, grid.shape, len(grid.solutes)
    for name, column in zip(_WORDS, table.words, strict=True):
        columns[name] = dims, column.reshape(shape)
    for name, column in zip(_NUMBERS, table.numbers, strict=False):
        columns[name] = dims, column.reshape(shape), _attributes(name)
    rest = table.numbers[len(_NUMBERS) :].reshape(len(_BY_SOLUTE), solutes, *shape)
    for name, column in zip(_BY_SOLUTE, rest, strict=True):
        columns[name] = (*dims, "solute"), np.moveaxis(column, 0, -1), _attributes(name)
    coordinates: dict[str, Any] = {
        key: ("run" if grid.zipped else key, *_coordinate(values)) for key, values in grid.axes.items()
    }
    coordinates["solute"] = "solute", np.array(grid.solutes, dtype=object)
    return xarray.Dataset(
        {name: columns[name] for name in SUMMARY_KEYS if name in columns and name not in coordinates},
        coordinates,
        grid.attributes(),
    )


def _attributes(name: str) -> dict[str, str]:
    return dict(zip(("units", "long_name"), SERIES[name], strict=True)) if name in SERIES else {}


def _coordinate(values: list[object]) -> tuple[NDArray[Any], dict[str, str]]:
    """Numbers to plot against, if they are of one unit; else the values as texts."""
    read = [_number_and_unit(value) for value in values]
    units_written = {unit for _, unit in read}
    if len(units_written) == 1 and None not in units_written:
        unit = units_written.pop()
        return np.array([number for number, _ in read]), {"units": unit} if unit else {}
    return np.array([value if isinstance(value, str) else show(value) for value in values], dtype=object), {}


def _number_and_unit(value: object) -> tuple[float, str | None]:
    """The number and its unit ("" without one); None for the unit of what is no quantity."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan, None
    if not isinstance(value, str):
        return value, ""
    try:
        return float(value), ""
    except ValueError:
        pass
    try:
        number, unit = units.split(value)
    except units.UnitError:
        return math.nan, None
    return number, unit.strip()
