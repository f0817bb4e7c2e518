"""Distributing the points of a sweep, in chunks, to this process and to worker processes."""

from __future__ import annotations

import functools
import math
import os
import pickle
import queue
import re
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing

from membrane_pde.input.case import Case
from membrane_pde.input.casefile import load_case
from membrane_pde.studies import workers
from membrane_pde.studies.sweeping.dataset import Table
from membrane_pde.studies.sweeping.grid import Grid
from membrane_pde.studies.sweeping.rows import Chunk, in_words, solve_chunk

_CHUNK = 0.1  # duration of a chunk, s: long compared with the 0.5 ms for assigning one
_PATIENCE = 1.0  # work done or left above which it is worthwhile to start worker processes, s
_LITTLE = 0.02  # work left above which it is worthwhile to use worker processes that are already running, s
_AHEAD = 2  # chunks assigned to a worker: it goes on with the second while this process reads the result of the first
_GROWTH = 8  # largest ratio of the sizes of two successive chunks


def fill(
    grid: Grid,
    table: Table,
    workers: int | None,
    progress: Callable[[float], None] | None,
    keep: Callable[[int, Chunk], None] | None = None,
) -> Table:
    """Solve all points that are missing in a table; `keep` is called with every chunk."""
    size = min(cpus() if workers is None else workers, max(1, grid.points - table.done))
    with closing(Distribution(grid, Unassigned(table.gaps()), size, workers is not None).chunks()) as chunks:
        for start, chunk in chunks:
            if keep is not None:
                keep(start, chunk)
            table.put(start, *chunk[:2])
            if progress is not None:
                progress(table.done / grid.points)
    return table


class Unassigned:
    """Ranges of grid points not yet assigned to a worker; threads may take some at the same time."""

    def __init__(self, gaps: list[tuple[int, int]]) -> None:
        self._gaps = gaps[::-1]
        self._lock = threading.Lock()
        self.points = sum(stop - start for start, stop in gaps)

    def take(self, most: int, takers: int = 1) -> tuple[int, int] | None:
        """Take a range of at most `most` of the first unassigned points; None if there are none.

        Near the end ranges are smaller, so that all `takers` are busy until the end.
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


class Distribution:
    """Distribution of the points of a grid to this process and, if that takes long, to worker processes, too."""

    def __init__(self, grid: Grid, left: Unassigned, size: int, asked_for: bool) -> None:
        self.grid, self.left, self.size, self.asked_for = grid, left, size, asked_for
        self.answers: queue.SimpleQueue[tuple[int, int, Future[Chunk]]] = queue.SimpleQueue()
        self.assigned = 0  # chunks assigned to workers whose results have not been read
        self._packed = pickle.dumps((grid.case, grid.solutes))
        self._lock = threading.Lock()
        self._pool: Callable[[], workers.Pool | None] = lambda: None
        self._started, self._over = False, False
        self._usual = 1  # points in the next chunk, from the time that the last one took here

    def chunks(self) -> Generator[tuple[int, Chunk], None, None]:
        """First point and rows of every chunk, in the order in which they are solved."""
        with workers.borrowed(self.size - 1, prepare) as self._pool:
            timer = threading.Timer(
                _PATIENCE, self._start_workers
            )  # if the first point takes long, workers start meanwhile
            timer.daemon = True
            if self.size > 1:
                timer.start()
            try:
                yield from self._solve_here()
                while self._unanswered():
                    yield self._answer(*self.answers.get())
            finally:
                timer.cancel()
                with self._lock:
                    self._over = True

    def _solve_here(self) -> Iterator[tuple[int, Chunk]]:
        """Chunks solved in this process, and meanwhile by workers, until every point is assigned."""
        while (taken := self.left.take(self._usual, self.size if self._started else 1)) is not None:
            start, stop = taken
            chunk = self._solved(start, stop)
            yield start, chunk
            while not self.answers.empty():
                yield self._answer(*self.answers.get())
            rest = chunk[2] / (stop - start) * self.left.points
            self._usual, size = _next_size(stop - start, chunk[2]), self._usual
            if size > 1:  # the first chunk took long because of imports
                there = workers.is_idle(self.size - 1, prepare)
                if rest > (_LITTLE if there or self.asked_for else _PATIENCE):
                    self._start_workers()

    def _solved(self, start: int, stop: int) -> Chunk:
        """Solve a range of points in this process."""
        return solve_chunk(self.grid.case, self.grid.solutes, [self.grid.values(point) for point in range(start, stop)])

    def _start_workers(self) -> None:
        """Start the worker processes; each is assigned points as soon as it is ready."""
        with self._lock:
            if self._started or self._over or self.size == 1 or not self.left.points:
                return
            self._started = True
        pool = self._pool()
        for ready in pool.ready if pool is not None else ():
            for _ in range(_AHEAD):
                ready.add_done_callback(lambda ready: self._assign(ready.exception() is None, self._usual))

    def _assign(self, able: bool, size: int) -> None:
        """Assign a chunk of `size` points to a worker, if it is `able` to solve them, and another one after that."""
        with self._lock:
            taken = None if self._over or not able else self.left.take(size, self.size)
            if taken is None:
                return
            self.assigned += 1
        start, stop = taken
        chosen = [self.grid.values(point) for point in range(start, stop)]
        pool = self._pool()
        try:
            assert pool is not None, "there is a pool once a worker was ready"
            future = pool.executor.submit(_solve_there, self._packed, chosen)
        except BaseException as error:  # the workers have died: report it like a result
            future = Future()
            future.set_exception(error)

        def done(future: Future[Chunk]) -> None:
            if future.exception() is None:
                self._assign(True, _next_size(stop - start, future.result()[2]))
            self.answers.put((start, stop, future))

        future.add_done_callback(done)

    def _unanswered(self) -> bool:
        """True if results of workers are missing."""
        with self._lock:
            return self.assigned > 0

    def _answer(self, start: int, stop: int, future: Future[Chunk]) -> tuple[int, Chunk]:
        """The chunk that a worker has solved; RuntimeError if it died."""
        with self._lock:
            self.assigned -= 1
        try:
            return start, future.result()
        except RuntimeError as error:  # a broken process pool raises a subclass
            if type(error) is RuntimeError:
                raise
            raise RuntimeError(self._death(str(error), start, stop)) from error

    def _death(self, message: str, start: int, stop: int) -> str:
        """Message about a worker process that has died."""
        code = re.search(r"\{(.*)\}", message)
        which = in_words(self.grid.values(start))
        if stop - start > 1:
            which = f"one of the {stop - start} points from {which} to {in_words(self.grid.values(stop - 1))}"
        return (
            f"a worker process ended unexpectedly{f', {code[1]},' if code else ''} while it solved {which}. Was there "
            "enough memory? Fewer workers need less; workers=1 solves in this process."
        )


def _next_size(size: int, seconds: float) -> int:
    """Number of points in the next chunk, from the size and duration of the last one."""
    return max(1, min(_GROWTH * size, int(size * _CHUNK / max(seconds, 1e-9))))


def cpus() -> int:
    """Number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def prepare() -> None:
    """Import in a worker what most runs need, by solving a small case."""
    case = load_case("osmosis").with_values({"mesh.cells": 4, "run.duration": "1 s", "run.outputs": 2})
    solve_chunk(case, list(case.solutes), [{}])


@functools.lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> tuple[Case, list[str]]:
    """The case of a sweep and the solutes of its points; a worker unpacks them once."""
    case, solutes = pickle.loads(packed)
    return case, solutes


def _solve_there(packed: bytes, chosen: Sequence[Mapping[str, object]]) -> Chunk:
    """Call `solve_chunk` in a worker; the text of an error includes the traceback, which is not sent otherwise."""
    try:
        return solve_chunk(*_unpacked(packed), chosen)
    except Exception as error:
        raise RuntimeError(f"{error}\n\n{traceback.format_exc()}") from None
