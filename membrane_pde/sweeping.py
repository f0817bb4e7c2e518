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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, zip_longest
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde import __version__, simulate, sweepfile, titles, units
from membrane_pde.case import Case, CaseError
from membrane_pde.casefile import as_case
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
    "collected_concentration_mol_per_m3",
    "collected_rejection",
)
_NUMBERS = tuple(key for key in SUMMARY_KEYS if key not in (*_WORDS, *_BY_SOLUTE, "equilibrium"))

_CHUNK = 0.1  # s of work handed out at once: long beside the 0.2 ms that it takes to hand it out
_PATIENCE = 0.2  # s, of what is done or of what is left, from which on other processes are worth their start
_MANY = 8  # points a process
_READY = 2000  # cases that a process keeps since it checked their values: 6 kB each
_FEW = 32  # values that are checked at once
_WORTH = 0.01  # s of checks that are left, from which on processes are worth their start: solving takes longer still
_GROWTH = 8  # of a chunk over the one before it, whose time may mislead
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

Chunk = tuple[NDArray[np.float64], list[tuple[str, ...]], float]  # (point, number), words by point, seconds
Checked = tuple[list[str], int | None]  # solutes, and the place of a value that makes no valid case


@dataclass(frozen=True)
class _Grid:
    """All combinations, the last key varying fastest, or the keys walked together.

    `_check` puts in `solutes`, those that any point has, and `ready`, the cases of points that it has made already.
    """

    case: Case
    axes: dict[str, list[object]]
    zipped: bool
    solutes: list[str]
    ready: dict[int, Case]

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
            "title": titles.varied(self.case.title, self.axes),
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
        From `load_case`, or what it takes.
    values : mapping of str to iterable
        By the path of the key the values it takes, each as `Case.with_values` takes one.
    workers : int, optional
        How many processes solve; 1: this one alone. Default: as many as this process may use CPUs. A sweep of many
        points begins here and starts others when it lasts: what has been loaded and compiled by then they may inherit.
        Many values of a single key they check, too.
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
        Before anything (but one point, at most) is solved: a wrong key, and a value that makes no valid case, neither
        by itself nor beside the first values of the other keys (zipped: beside those it is walked with). A folder that
        cannot be written or is not ours to replace; one where another sweep is at work, or was and is not to be
        resumed, or is not this one.
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
    with _nothing_old_collected(), closing(_Team(_grid(as_case(case), values, zipped), workers)) as team:
        grid = team.grid
        _check_all(team)
        if out is None:
            return _dataset(grid, _filled(team, _Table(grid), progress))
        check_output(out)
        place = Path(out).resolve()
        with _kept(grid, place.with_name(f"{place.name}.unfinished"), resume) as (table, keep):
            finished = _finished(grid, out) if resume and not table.done else None
            if finished is None:
                finished = _dataset(grid, _filled(team, table, progress, keep))
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
    team: _Team,
    table: _Table,
    progress: Callable[[float], None] | None,
    keep: Callable[[int, Chunk], None] | None = None,
) -> _Table:
    """The table with all that was missing; `keep` is given every chunk."""
    for start, chunk in _solved(team, _Left(table.gaps())):
        if keep is not None:
            keep(start, chunk)
        table.put(start, *chunk[:2])
        if progress is not None:
            progress(table.done / team.grid.points)
    return table


# -- the grid -------------------------------------------------------------------------------------------------------
def _grid(case: Case, values: Mapping[str, Iterable[object]], zipped: bool) -> _Grid:
    """The grid, nothing of which has been checked."""
    if not values:
        raise CaseError('nothing to vary: expected values by key, for example {"left.pressure": ["0 bar", "50 bar"]}')
    axes = {key: _listed(key, each) for key, each in values.items()}
    if zipped and len(set(map(len, axes.values()))) > 1:
        counts = ", ".join(f"{key} has {len(each)}" for key, each in axes.items())
        raise CaseError(f"keys that are walked together need as many values each: {counts}")
    grid = _Grid(case, axes, zipped, [], {})
    if grid.points > MAX_POINTS:
        raise CaseError(f"{' x '.join(axes)}: {grid.points} combinations; at most {MAX_POINTS}")
    return grid


def _listed(key: str, values: Iterable[object]) -> list[object]:
    """The values of a key, NumPy's numbers as Python's."""
    try:
        listed = None if isinstance(values, str | Mapping) else list(values)
    except TypeError:
        listed = None
    if not listed:
        raise CaseError(f'{key} = {show(values)}: expected a list of values, for example ["0 bar", "50 bar"]')
    return [value.item() if hasattr(value, "item") else value for value in listed]


def _valid(grid: _Grid, key: str, i: int) -> Case:
    """The case with one value changed or, where keys need each other, with values of the others, too."""
    case, value, beside = grid.case, grid.axes[key][i], grid.values(i if grid.zipped else 0)
    try:
        return case.with_values({key: value})
    except CaseError:
        if len(beside) == 1:
            raise
    return case.with_values({**beside, key: value})


# -- checking -------------------------------------------------------------------------------------------------------
def _check_all(team: _Team) -> None:
    """Raise CaseError unless every value of every key makes a valid case."""
    grid = team.grid
    for key, values in grid.axes.items():
        begun = time.perf_counter()
        for start in range(0, len(values), _FEW):
            stop = min(start + _FEW, len(values))
            _take_in(grid, key, _check(grid, key, start, stop))
            rest = (time.perf_counter() - begun) / stop * (len(values) - stop)
            if rest > _WORTH and team.size > 1 and len(grid.axes) == 1:
                _check_by_workers(team, key, stop, min(team.size, max(2, int(rest / _WORTH))))
                break


def _check(grid: _Grid, key: str, start: int, stop: int) -> Checked:
    """Make the cases of some values of a key, up to one that makes no valid case; where they are points, keep them."""
    solutes: dict[str, None] = {}
    for i in range(start, stop):
        if i in grid.ready:
            continue
        try:
            case = _valid(grid, key, i)
        except CaseError:
            return list(solutes), i
        solutes |= dict.fromkeys(case.solutes)
        if len(grid.axes) == 1 and len(grid.ready) < _READY:
            grid.ready[i] = case
    return list(solutes), None


def _take_in(grid: _Grid, key: str, checked: Checked) -> None:
    """Put in what `_check` has found; raise what the value raises that makes no valid case."""
    solutes, wrong = checked
    if wrong is not None:
        _valid(grid, key, wrong)
    grid.solutes.extend(name for name in solutes if name not in grid.solutes)


def _check_by_workers(team: _Team, key: str, start: int, workers: int) -> None:
    """Let those check the values of the one key, from one on, who are to solve the points that they are."""
    *_, seconds = _solve(team.grid, 0, 1)  # for what this loads, which the workers inherit
    team.chunk = _next_size(1, seconds)
    end = team.grid.points
    share = math.ceil((end - start) / workers)
    for connection, first in zip(team.members(workers), range(start, end, share), strict=False):
        begin = first if first > start else 0  # the first ones, which are known to be right, are the first worker's
        team.ask(connection, begin, min(first + share, end), key)
    for _, _, checked in sorted(team.answers(), key=lambda answer: answer[1]):
        _take_in(team.grid, key, checked)


# -- solving --------------------------------------------------------------------------------------------------------
def _points(
    case: Case, chosen: Sequence[Mapping[str, object]], ready: Sequence[Case | None] = ()
) -> list[dict[str, Any]]:
    """The summaries of some points, whose cases may be `ready`, or what there is of those that fail."""
    made: list[Case | str] = []
    for values, case_there in zip_longest(chosen, ready):
        try:
            made.append(case_there or case.with_values(values))
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
        summaries = _points(grid.case, chosen, [grid.ready.get(point) for point in range(start, stop)])
    except Exception:
        for values in chosen:  # one of them, it should be named
            _name_what_fails(grid.case, values)
        raise
    rows, words = [], []
    for summary in summaries:
        row = [summary.get(name) for name in _NUMBERS]
        for name in _BY_SOLUTE:
            by_solute = summary.get(name) or {}
            row += [by_solute.get(solute) for solute in grid.solutes]
        rows.append(row)
        words.append(tuple(summary.get(name) or "" for name in _WORDS))
    numbers = np.array(rows, dtype=float)  # None is nan
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

    def take(self, most: int, near: int) -> tuple[int, int]:
        """At most so many points that are left: the first from `near` on, or else the first of all; as of a range."""
        behind = [place for place, (_, stop) in enumerate(self._gaps) if stop > near]
        place = behind[-1] if behind else len(self._gaps) - 1
        start, stop = self._gaps[place]
        first = max(start, near) if behind else start
        last = min(first + most, stop)
        self._gaps[place : place + 1] = [gap for gap in ((last, stop), (start, first)) if gap[0] < gap[1]]
        self.points -= last - first
        return first, last


def _solved(team: _Team, left: _Left) -> Iterator[tuple[int, Chunk]]:
    """First point and rows of every chunk of what is left, in the order they are done."""
    few = team.wanted and left.points < _MANY * team.size  # then a long case here keeps the others waiting
    patience = math.inf if team.size == 1 else 0.0 if few or team.at_work else _PATIENCE
    size, begun, rest = team.chunk, time.perf_counter(), 0.0
    while left.points and max(rest, time.perf_counter() - begun) < patience:
        start, stop = left.take(size, 0)
        chunk = _solve(team.grid, start, stop)
        yield start, chunk
        if size > 1:  # the first one has loaded what others find loaded
            rest = chunk[2] / (stop - start) * left.points
        size = _next_size(stop - start, chunk[2])
    if left.points:
        yield from _solved_by_workers(team, left, min(team.size, left.points), size)


def _solved_by_workers(team: _Team, left: _Left, workers: int, size: int) -> Iterator[tuple[int, Chunk]]:
    """What `_solved` yields, by so many other processes; `size` points to begin with."""

    def hand_out(connection: Any, size: int) -> None:
        share = math.ceil(left.points / (2 * workers))  # so that all are busy to the end, or nearly
        team.ask(connection, *left.take(min(size, max(share, size // _GROWTH)), team.place(connection)))

    for connection in team.members(workers):
        hand_out(connection, size)
        if not left.points:
            break
    for connection, first, chunk in team.answers():
        if left.points:  # before the rows are looked at: the worker need not wait
            hand_out(connection, _next_size(len(chunk[1]), chunk[2]))
        else:
            team.dismiss(connection)
        yield first, chunk


def _next_size(size: int, seconds: float) -> int:
    """Points of the next chunk by what the last one took."""
    return max(1, min(_GROWTH * size, int(size * _CHUNK / max(seconds, 1e-9))))


def _cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# -- workers --------------------------------------------------------------------------------------------------------
class _Team:
    """Processes that check and solve points of a grid: as many as are `wanted`, or as there are CPUs, when needed."""

    def __init__(self, grid: _Grid, wanted: int | None) -> None:
        self.grid, self.wanted, self.size = grid, wanted, _cpus() if wanted is None else wanted
        self.chunk = 1  # points to begin with
        self._processes: dict[Any, Any] = {}  # by the connection to each
        self._asked: dict[Any, tuple[int, int]] = {}  # for which points each was asked last, and the one behind them
        self._busy: set[Any] = set()

    @property
    def at_work(self) -> bool:
        """There are processes."""
        return bool(self._processes)

    def members(self, count: int) -> Iterator[Any]:
        """Connections to so many processes, each of which is started when it is asked for."""
        context = multiprocessing.get_context()
        for position in range(count):
            if position == len(self._processes):
                with _undisturbed(), _seen_by_workers():
                    ours, theirs = context.Pipe()
                    process = context.Process(target=_work, args=(self.grid, theirs, ours), daemon=True)
                    process.start()
                    self._processes[ours] = process
                    theirs.close()  # so that nothing more to read means that the worker is gone
            yield list(self._processes)[position]

    def place(self, connection: Any) -> int:
        """The first point that a process has last been asked for."""
        return self._asked.get(connection, (0, 0))[0]

    def ask(self, connection: Any, start: int, stop: int, checked: str | None = None) -> None:
        """Let a process solve some points, or check those values of the one key."""
        self._asked[connection] = start, stop
        self._busy.add(connection)
        try:
            connection.send((start, stop, checked, self.grid.solutes))
        except OSError:
            raise self._death(connection) from None

    def answers(self) -> Iterator[tuple[Any, int, Any]]:
        """Whose it is, the first point, and the answer, until nobody is busy any more."""
        while self._busy:
            ready: list[Any] = wait(list(self._busy))
            for connection in ready:
                self._busy.remove(connection)
                try:
                    answer = connection.recv()
                except (EOFError, OSError):
                    raise self._death(connection) from None
                if isinstance(answer, str):
                    raise RuntimeError(answer)
                yield connection, self._asked[connection][0], answer

    def dismiss(self, connection: Any) -> None:
        """Let a process end, without waiting for it."""
        self._processes[connection].terminate()

    def close(self) -> None:
        """End all processes."""
        for process in self._processes.values():
            process.terminate()
        for connection, process in self._processes.items():
            process.join()
            connection.close()

    def _death(self, connection: Any) -> RuntimeError:
        """A worker that is gone, in words."""
        process, (start, stop) = self._processes[connection], self._asked[connection]
        process.join()
        code = process.exitcode
        how = f"with exit status {code}" if code >= 0 else f"by signal {-code} ({signal.strsignal(-code)})"
        which = _told(self.grid.values(start))
        if stop - start > 1:
            which = f"one of the {stop - start} points from {which} to {_told(self.grid.values(stop - 1))}"
        return RuntimeError(
            f"a worker process ended {how} while it solved {which}. Is there memory enough? Fewer workers take less; "
            "workers=1 solves in this process."
        )


def _work(grid: _Grid, connection: Any, others_end: Any) -> None:
    """What a worker does: check or solve what it is told to, until nobody tells it anything any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sweep, which then ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    others_end.close()
    gc.freeze()  # what it has inherited need not be gone through for garbage, again and again
    try:
        while True:
            start, stop, checked, grid.solutes[:] = connection.recv()
            answer: Chunk | Checked | str
            try:
                answer = _solve(grid, start, stop) if checked is None else _check(grid, checked, start, stop)
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
