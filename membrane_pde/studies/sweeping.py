"""sweep(case, values) -> xarray.Dataset: a grid of cases, solved by several processes at once.

A point is its number in the grid: this process and the others are told from which number to which, and answer with one
array of numbers and the words. Nothing is kept of a run but its row. What is to be saved goes to a journal in its
folder, chunk by chunk, until all of it is there.
"""

from __future__ import annotations

import functools
import json
import math
import os
import pickle
import queue
import re
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde import __version__, runs
from membrane_pde.input import titles, units
from membrane_pde.input.case import Case
from membrane_pde.input.casefile import as_case, load_case
from membrane_pde.input.errors import CaseError, UnitError
from membrane_pde.input.wording import show
from membrane_pde.results.folders import UNFINISHED, check_output, made_if_missing
from membrane_pde.results.quantities import QUANTITIES, SUMMARY, SUMMARY_KEYS, TEXT, attributes_of
from membrane_pde.results.result import STATUSES
from membrane_pde.studies import journal, sweepfile, workers

if TYPE_CHECKING:
    import xarray

MAX_POINTS = 10_000_000
MAX_WORKERS = 1000

_WORDS = tuple(each.name for each in QUANTITIES if each.unit == TEXT)
_BY_SOLUTE = tuple(each.name for each in QUANTITIES if each.by_solute)
_NUMBERS = tuple(each.name for each in QUANTITIES if each.unit not in (TEXT, SUMMARY) and not each.by_solute)

_CHUNK = 0.1  # s of work handed out at once: long beside the 0.5 ms that it takes to hand it out
_PATIENCE = 1.0  # s, of what is done or of what is left, from which on other processes are worth their start
_LITTLE = 0.02  # s of what is left, from which on processes are worth their while that are there already
_GROWTH = 8  # of a chunk over the one before it, whose time may mislead
_ALL = 200  # values of a key that are checked one by one; of more, those that stand for the others

Chunk = tuple[NDArray[np.float64], list[tuple[str, ...]], float]  # (point, number), words by point, seconds


@dataclass(frozen=True)
class _Grid:
    """All combinations, the last key varying fastest, or the keys walked together.

    `solutes` are those that any point has.
    """

    case: Case
    axes: dict[str, list[object]]
    zipped: bool
    solutes: list[str]

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
        From `load_case`, or what it takes. A file need not be right without the values.
    values : mapping of str to iterable
        By the path of the key the values it takes, each as `Case.with_values` takes one.
    workers : int, optional
        How many processes solve, this one among them; 1: this one alone. Default: as many as this process may use CPUs.
        A sweep begins here and starts the others when it lasts; they stay for a minute, for the next one. None are
        started in a process of `multiprocessing`, such as a worker of a pool.
    progress : callable, optional
        Told the share of the points that is done, several times a second.
    zipped : bool
        Pair the lists one to one (the first value of each key, the second, and so on) instead of every combination.
    out : path, optional
        Folder for ``sweep.csv`` (a row for each run; the last key varies fastest), ``sweep.nc`` (the dataset) and
        ``case.toml``. Until they are whole, what is done is kept there in a file ``sweep.unfinished``.
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
    grid = _grid(case, values, zipped)
    _check(grid)
    if out is None:
        return _dataset(grid, _filled(grid, _Table(grid), workers, progress))
    check_output(out, sweep=True)
    with _kept(grid, Path(out), resume) as (table, keep):
        finished = _finished(grid, out) if resume and not table.done else None
        if finished is None:
            finished = _dataset(grid, _filled(grid, table, workers, progress, keep))
            sweepfile.save(finished, out)
    return finished


# -- the grid -------------------------------------------------------------------------------------------------------
def _grid(case: Case | str | Path, values: Mapping[str, Iterable[object]], zipped: bool) -> _Grid:
    """The grid, nothing of which has been checked."""
    if not isinstance(values, Mapping) or not values:
        raise CaseError('nothing to vary: expected values by key, for example {"left.pressure": ["0 bar", "50 bar"]}')
    axes = {key: _listed(key, each) for key, each in values.items()}
    if zipped and len(set(map(len, axes.values()))) > 1:
        counts = ", ".join(f"{key} has {len(each)}" for key, each in axes.items())
        raise CaseError(f"keys that are walked together need as many values each: {counts}")
    grid = _Grid(as_case(case, {key: each[0] for key, each in axes.items()}), axes, zipped, [])
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
def _check(grid: _Grid) -> None:
    """Raise CaseError unless every value of every key makes a valid case; note the solutes of all of them.

    Of many numbers in one unit the smallest and the largest stand for the others: what a key takes is an interval.
    """
    for key, values in grid.axes.items():
        chosen = range(len(values)) if len(values) <= _ALL else sorted({*range(_ALL), *_extremes(values)})
        wrong = _wrong(grid, key, chosen)
        if wrong is None:
            continue
        if len(chosen) < len(values):  # another one may come before it
            wrong = _wrong(grid, key, range(wrong + 1))
        _valid(grid, key, wrong if wrong is not None else len(values) - 1)  # raises, and says why


def _wrong(grid: _Grid, key: str, chosen: Iterable[int]) -> int | None:
    """The place of the first value of a key, of those chosen, that makes no valid case."""
    for i in chosen:
        try:
            case = _valid(grid, key, i)
        except CaseError:
            return i
        grid.solutes.extend(name for name in case.solutes if name not in grid.solutes)
    return None


def _extremes(values: list[object]) -> set[int]:
    """Places of the smallest and the largest of the numbers in each unit, whole or not, and of each other value."""
    found: dict[object, tuple[float, int, float, int]] = {}
    others: dict[str, int] = {}
    for i, value in enumerate(values):
        number, unit = _number_and_unit(value)
        if unit is None:
            others.setdefault(value if isinstance(value, str) else repr(value), i)
            continue
        kind = unit, isinstance(value, str), float(number).is_integer()
        low, at_low, high, at_high = found.get(kind, (number, i, number, i))
        if number < low:
            low, at_low = number, i
        if number > high:
            high, at_high = number, i
        found[kind] = low, at_low, high, at_high
    return {*others.values(), *(place for _, low, _, high in found.values() for place in (low, high))}


# -- solving --------------------------------------------------------------------------------------------------------
def _points(case: Case, chosen: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
    """The summaries of some points, or what there is of those that fail."""
    made: list[Case | str] = []
    for values in chosen:
        try:
            made.append(case.with_values(values))
        except CaseError as error:
            made.append(str(error))
    solved = iter(runs.summarize_all([each for each in made if isinstance(each, Case)]))
    failed = {"title": case.title, "status": "failed", "version": __version__}
    return [next(solved) if isinstance(each, Case) else {**failed, "message": each} for each in made]


def _solve(case: Case, solutes: Sequence[str], chosen: Sequence[Mapping[str, object]]) -> Chunk:
    """The rows of some points."""
    begun = time.perf_counter()
    try:
        summaries = _points(case, chosen)
    except Exception:
        for values in chosen:  # one of them, it should be named
            _name_what_fails(case, values)
        raise
    rows, words = [], []
    for summary in summaries:
        row = [summary.get(name) for name in _NUMBERS]
        for name in _BY_SOLUTE:
            by_solute = summary.get(name) or {}
            row += [by_solute.get(solute) for solute in solutes]
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


def _prepare() -> None:
    """Load in a worker what solving takes: a case with everything that most have."""
    case = load_case("osmosis").with_values({"mesh.cells": 4, "run.duration": "1 s", "run.outputs": 2})
    _solve(case, list(case.solutes), [{}])


@functools.lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> tuple[Case, list[str]]:
    """The case of a sweep and the solutes of its points, in a worker."""
    case, solutes = pickle.loads(packed)
    return case, solutes


def _solve_there(packed: bytes, chosen: Sequence[Mapping[str, object]]) -> Chunk:
    """What `_solve` answers, in a worker; an error with the lines in which it arose, which do not travel."""
    try:
        return _solve(*_unpacked(packed), chosen)
    except Exception as error:
        raise RuntimeError(f"{error}\n\n{traceback.format_exc()}") from None


class _Left:
    """Points that nobody has been told to solve; threads may take them at the same time."""

    def __init__(self, gaps: list[tuple[int, int]]) -> None:
        self._gaps = gaps[::-1]
        self._lock = threading.Lock()
        self.points = sum(stop - start for start, stop in gaps)

    def take(self, most: int, takers: int = 1) -> tuple[int, int] | None:
        """At most so many of the first points that are left; few of the last ones, so that all takers have some.

        None if there are none left.
        """
        with self._lock:
            if not self._gaps:
                return None
            share = math.ceil(self.points / (2 * takers)) if takers > 1 else most
            start, stop = self._gaps.pop()
            last = min(start + min(most, max(share, most // _GROWTH, 1)), stop)
            if last < stop:
                self._gaps.append((last, stop))
            self.points -= last - start
            return start, last


class _Sweep:
    """Points of a grid that are solved here and, when that lasts, by other processes at the same time."""

    def __init__(self, grid: _Grid, left: _Left, size: int, asked_for: bool) -> None:
        self.grid, self.left, self.size, self.asked_for = grid, left, size, asked_for
        self.answers: queue.SimpleQueue[tuple[int, int, Future[Chunk]]] = queue.SimpleQueue()
        self.given_out = 0  # chunks, whose answers have not been taken
        self._packed = pickle.dumps((grid.case, grid.solutes))
        self._lock = threading.Lock()
        self._team: Callable[[], workers.Team | None] = lambda: None
        self._called, self._over = False, False
        self._usual = 1  # points of a chunk, by what the last one took here

    def chunks(self) -> Generator[tuple[int, Chunk], None, None]:
        """First point and rows of every chunk, in the order they are done."""
        with workers.borrowed(self.size - 1, _prepare) as self._team:
            timer = threading.Timer(_PATIENCE, self._call)  # while the first point is solved here, others may begin
            timer.daemon = True
            if self.size > 1:
                timer.start()
            try:
                yield from self._here()
                while self._waiting():
                    yield self._answer(*self.answers.get())
            finally:
                timer.cancel()
                with self._lock:
                    self._over = True

    def _here(self) -> Iterator[tuple[int, Chunk]]:
        """What is solved in this process, and meanwhile in others, until nothing is left."""
        while (taken := self.left.take(self._usual, self.size if self._called else 1)) is not None:
            start, stop = taken
            chunk = self._solved(start, stop)
            yield start, chunk
            while not self.answers.empty():
                yield self._answer(*self.answers.get())
            rest = chunk[2] / (stop - start) * self.left.points
            self._usual, size = _next_size(stop - start, chunk[2]), self._usual
            if size > 1:  # the first one has loaded what takes longer than to solve
                there = workers.is_idle(self.size - 1, _prepare)
                if rest > (_LITTLE if there or self.asked_for else _PATIENCE):
                    self._call()

    def _solved(self, start: int, stop: int) -> Chunk:
        return _solve(self.grid.case, self.grid.solutes, [self.grid.values(point) for point in range(start, stop)])

    def _call(self) -> None:
        """Have other processes, each of which takes points as soon as it is ready."""
        with self._lock:
            if self._called or self._over or self.size == 1 or not self.left.points:
                return
            self._called = True
        team = self._team()
        for ready in team.ready if team is not None else ():
            ready.add_done_callback(lambda ready: self._give(ready.exception() is None, self._usual))

    def _give(self, able: bool, size: int) -> None:
        """Let a process solve some of the points that are left, and then of those that are left then."""
        with self._lock:
            taken = None if self._over or not able else self.left.take(size, self.size)
            if taken is None:
                return
            self.given_out += 1
        start, stop = taken
        chosen = [self.grid.values(point) for point in range(start, stop)]
        team = self._team()
        try:
            assert team is not None, "it has been there"
            future = team.executor.submit(_solve_there, self._packed, chosen)
        except BaseException as error:  # the others have died: the answers say so, this one, too
            future = Future()
            future.set_exception(error)

        def done(future: Future[Chunk]) -> None:
            if future.exception() is None:
                self._give(True, _next_size(stop - start, future.result()[2]))
            self.answers.put((start, stop, future))

        future.add_done_callback(done)

    def _waiting(self) -> bool:
        """Others have not answered yet."""
        with self._lock:
            return self.given_out > 0

    def _answer(self, start: int, stop: int, future: Future[Chunk]) -> tuple[int, Chunk]:
        with self._lock:
            self.given_out -= 1
        try:
            return start, future.result()
        except RuntimeError as error:  # of a process pool that is broken, too
            if type(error) is RuntimeError:
                raise
            raise RuntimeError(self._death(str(error), start, stop)) from error

    def _death(self, message: str, start: int, stop: int) -> str:
        """A worker that is gone, in words."""
        code = re.search(r"\{(.*)\}", message)
        which = _told(self.grid.values(start))
        if stop - start > 1:
            which = f"one of the {stop - start} points from {which} to {_told(self.grid.values(stop - 1))}"
        return (
            f"a worker process ended unexpectedly{f', {code[1]},' if code else ''} while it solved {which}. Is there "
            "memory enough? Fewer workers take less; workers=1 solves in this process."
        )


def _filled(
    grid: _Grid,
    table: _Table,
    workers: int | None,
    progress: Callable[[float], None] | None,
    keep: Callable[[int, Chunk], None] | None = None,
) -> _Table:
    """The table with all that was missing; `keep` is given every chunk."""
    size = min(_cpus() if workers is None else workers, max(1, grid.points - table.done))
    with closing(_Sweep(grid, _Left(table.gaps()), size, workers is not None).chunks()) as chunks:
        for start, chunk in chunks:
            if keep is not None:
                keep(start, chunk)
            table.put(start, *chunk[:2])
            if progress is not None:
                progress(table.done / grid.points)
    return table


def _next_size(size: int, seconds: float) -> int:
    """Points of the next chunk by what the last one took."""
    return max(1, min(_GROWTH * size, int(size * _CHUNK / max(seconds, 1e-9))))


def _cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _told(values: Mapping[str, object]) -> str:
    return ", ".join(f"{key} = {show(value)}" for key, value in values.items())


# -- what is kept ---------------------------------------------------------------------------------------------------
@contextmanager
def _kept(grid: _Grid, folder: Path, resume: bool) -> Iterator[tuple[_Table, Callable[[int, Chunk], None]]]:
    """A table with what a journal has of it, and a function that keeps a chunk there.

    When all has gone well the journal goes. If not, it stays with all that was done, and the error has a note of it.
    """
    table = _Table(grid)
    with made_if_missing(folder.resolve()) as place, journal.Journal(place / UNFINISHED) as kept:

        def keep(start: int, chunk: Chunk) -> None:
            kept.append(start, chunk[1], chunk[0].astype("<f8").tobytes())

        _recall(grid, table, kept, resume)
        try:
            yield table, keep
        except BaseException as error:
            count = 0 if kept.lost else sum(len(words) for _, words, _ in kept.chunks())
            if count:
                error.add_note(
                    f"{count} of {grid.points} runs are kept in {kept.name}: the same with --resume (in Python "
                    "resume=True) goes on from there"
                )
            else:
                kept.remove()
            raise
        kept.remove()


def _recall(grid: _Grid, table: _Table, kept: journal.Journal, resume: bool) -> None:
    """Put what a journal has into a table, or begin the journal."""
    head = kept.head()
    if head is None:
        kept.begin(grid.attributes())
        return
    another = _another(head, grid)
    if not resume:
        done = sum(len(words) for _, words, _ in kept.chunks())
        which = f"a sweep {another}" if another else "this sweep"
        raise CaseError(
            f"{kept.name} has {done} runs of {which}, which was not finished: go on with it by --resume (in Python "
            "resume=True), give another folder, or remove the file to begin anew"
        )
    if another:
        raise CaseError(
            f"{kept.name} is of a sweep {another}, so this one cannot be resumed from it: give another folder, or "
            "remove the file to begin anew"
        )
    wrong = []
    for start, words, numbers in kept.chunks():
        if (rows := _rows(grid, table, start, words, numbers)) is None:
            wrong.append(start)
        else:
            table.put(start, rows, [tuple(each) for each in words])
    for start in wrong:
        kept.forget(start)


def _rows(grid: _Grid, table: _Table, start: int, words: Any, numbers: bytes) -> NDArray[np.float64] | None:
    """The numbers of a chunk, if it can be a chunk of this sweep of which nothing is known yet."""
    if not isinstance(words, list) or not 0 <= start < start + len(words) <= grid.points:
        return None
    if len(numbers) != 8 * grid.width * len(words) or table.known[start : start + len(words)].any():
        return None
    for each in words:
        if not isinstance(each, list) or len(each) != len(_WORDS) or not all(isinstance(word, str) for word in each):
            return None
        said = dict(zip(_WORDS, each, strict=True))
        if said["status"] not in STATUSES or said["version"] != __version__:
            return None
    rows = np.frombuffer(numbers, "<f8").reshape(-1, grid.width)
    return None if np.isinf(rows).any() else rows


def _finished(grid: _Grid, out: str | Path) -> xarray.Dataset | None:
    """What a folder holds of the same sweep, finished; None if it holds no sweep."""
    swept = sweepfile.load(out)
    if swept is None:
        return None
    if another := _another(swept.attrs, grid):
        raise CaseError(
            f"--out {out} holds a finished sweep {another}, so there is nothing to resume: give another folder, or "
            "replace it without --resume"
        )
    if swept["status"].dims != grid.dims or swept["status"].shape != grid.shape:
        raise CaseError(f"{Path(out) / 'sweep.nc'}: damaged, it has other runs than its sweep; remove it to begin anew")
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
        columns[name] = dims, column.reshape(shape), attributes_of(SUMMARY_KEYS[name])
    rest = table.numbers[len(_NUMBERS) :].reshape(len(_BY_SOLUTE), solutes, *shape)
    for name, column in zip(_BY_SOLUTE, rest, strict=True):
        columns[name] = (*dims, "solute"), np.moveaxis(column, 0, -1), attributes_of(SUMMARY_KEYS[name])
    coordinates: dict[str, Any] = {
        key: ("run" if grid.zipped else key, *_coordinate(values)) for key, values in grid.axes.items()
    }
    coordinates["solute"] = "solute", np.array(grid.solutes, dtype=object)
    return xarray.Dataset(
        {name: columns[name] for name in SUMMARY_KEYS if name in columns and name not in coordinates},
        coordinates,
        grid.attributes(),
    )


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
        return units.number(value), ""
    except ValueError:
        pass
    try:
        number, unit = units.split(value)
    except UnitError:
        return math.nan, None
    return number, unit.strip()
