"""Worker processes, started by loky and kept for a while for the next computation.

They are not forked, so that threads of the calling process do no harm. They do not run its script again, so that the
script needs no ``if __name__ == "__main__"``. They end with the calling process, however it ends.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)

_IDLE = 60.0  # time after which an idle worker ends, s
_LOOK = 1.0  # time between two checks of the workers, s
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)

_lock = threading.Lock()
_idle: list[Pool] = []  # at most one pool, kept for the next computation


class Pool:
    """A pool of worker processes, each of which is starting or ready.

    Parameters
    ----------
    size : int
        Number of processes.
    prepare : callable
        Called first in each process, to import the modules that it needs; a function of a module, not of a script.

    Attributes
    ----------
    executor : concurrent.futures.Executor
        Runs functions in the processes.
    ready : list of Future
        One future for each process; each is done when one more process is ready.
    """

    def __init__(self, size: int, prepare: Callable[[], object]) -> None:
        self.kind = _kind(size, prepare)
        self.size = size
        # the workers hold one end; the other end closes when this process ends, which tells the workers to end
        self._pipe = multiprocessing.Pipe(duplex=False)
        self.executor = _executor(size, (self._pipe[0], prepare))
        self.kept_since = 0.0  # s, monotonic clock: time from which the team is idle
        self.call()

    def call(self) -> None:
        """Start missing processes, and let each report when it is ready."""
        with _ctrl_c_held_back():
            self.ready: list[Future[None]] = [self.executor.submit(_nothing) for _ in range(self.size)]

    def end(self) -> None:
        """End all processes at once, even if they are computing."""
        with contextlib.suppress(Exception):  # they may be gone already
            self.executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]
        for end in self._pipe:
            end.close()


@contextmanager
def borrowed(size: int, prepare: Callable[[], object]) -> Iterator[Callable[[], Pool | None]]:
    """Yield a function that returns a pool; its first call takes an idle pool, or starts one.

    Parameters
    ----------
    size : int
        Number of processes.
    prepare : callable
        See `Pool`.

    Yields
    ------
    callable
        It returns None if no process can be started here. If all goes well, the team is kept until it has been idle for
        a minute; after an error its processes are ended.
    """
    pools: list[Pool | None] = []
    inside = threading.Lock()

    def pool() -> Pool | None:
        with inside:
            if not pools:
                pools.append(_found_idle(size, prepare) or _started(size, prepare))
            return pools[0]

    try:
        yield pool
    except BaseException:
        with inside:
            found, pools[:] = list(pools), [None]
        for each in found:
            if each is not None:
                each.end()
        raise
    with inside:
        found, pools[:] = list(pools), [None]
    for each in found:
        if each is not None:
            _keep(each)


def is_idle(size: int, prepare: Callable[[], object]) -> bool:
    """True if there is an idle pool, and all its processes are ready."""
    with _lock:
        return any(pool.kind == _kind(size, prepare) and all(map(Future.done, pool.ready)) for pool in _idle)


def end_idle() -> None:
    """End the idle processes."""
    with _lock:
        found, _idle[:] = list(_idle), []
    for pool in found:
        if pool.kind[-1] == os.getpid():
            pool.end()


def _kind(size: int, prepare: Callable[[], object]) -> tuple[Any, ...]:
    """Properties of a pool; pools with the same properties are interchangeable."""
    return size, prepare, os.environ.get("MEMBRANE_PDE_COMPILE"), os.getpid()


def _found_idle(size: int, prepare: Callable[[], object]) -> Pool | None:
    with _lock:
        for pool in _idle:
            if pool.kind == _kind(size, prepare):
                _idle.remove(pool)
                break
        else:
            return None
    try:
        if time.monotonic() - pool.kept_since < 0.8 * _IDLE and all(map(Future.done, pool.ready)):
            pool.executor.submit(_nothing)  # raises if a process has died
        else:
            pool.call()
    except Exception:  # a process has died meanwhile
        pool.end()
        return None
    return pool


def _started(size: int, prepare: Callable[[], object]) -> Pool | None:
    if multiprocessing.parent_process() is not None:
        log.info("this process is a worker already, so it computes everything itself")
        return None
    try:
        return Pool(size, prepare)
    except Exception as error:  # loky may fail for many reasons: no semaphores, too many processes, no stdout
        log.warning("no other processes can be started here (%s): this one computes everything itself", error)
        return None


def _keep(pool: Pool) -> None:
    pool.kept_since = time.monotonic()
    with _lock:
        surplus, _idle[:] = list(_idle), [pool]
    for each in surplus:
        if each.kind[-1] == os.getpid():  # not the team of the process from which this one was forked
            each.end()


def _executor(size: int, given: tuple[Any, ...]) -> Executor:
    import loky

    executor = loky.ProcessPoolExecutor(size, timeout=_IDLE, initializer=_begin, initargs=given, env=_ONE_THREAD)
    threading.Thread(target=_break_endless_wait, args=(executor,), daemon=True).start()
    return executor


def _break_endless_wait(executor: Any) -> None:
    """Report the death of a worker that loky does not notice.

    If a worker is killed while it sends a result, loky waits for the rest of it, for ever: this process has the other
    end of the pipe open, too. Without any writer the wait ends, and loky reports that the pool is broken.
    """
    dead: set[int] = set()
    while not (executor._flags.broken or executor._flags.shutdown):
        time.sleep(_LOOK)
        before, dead = dead, {pid for pid, each in list(executor._processes.items()) if each.exitcode}
        if dead & before and not executor._flags.broken:
            for process in list(executor._processes.values()):
                process.terminate()
            executor._result_queue._writer.close()
            return


def _nothing() -> None:
    """Do nothing: the call shows that a worker is ready."""


# -- in a worker ----------------------------------------------------------------------------------------------------
def _begin(parent: Any, prepare: Callable[[], object]) -> None:
    """Prepare a worker. It ignores Ctrl-C, which is for the process that started it, and ends with that process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    logging.getLogger(__package__).setLevel(logging.CRITICAL)  # the calling process logs instead
    prepare()


def _end_with(parent: Any) -> None:
    """End this process when the other end of a pipe is closed."""
    with contextlib.suppress(EOFError, OSError):
        parent.recv_bytes()
    os._exit(1)


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Block Ctrl-C while processes start: they inherit this, until they ignore Ctrl-C themselves."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # before Ctrl-C is blocked, as starting it unblocks Ctrl-C
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


atexit.register(end_idle)  # before Python removes what loky needs to end them
