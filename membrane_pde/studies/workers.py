"""Other processes that compute: loky's, which start from nothing, and stay for a while for what comes next.

They are not forked, so that threads of the calling process do no harm; they do not run its script again, which then
needs no ``if __name__ == "__main__"``; and they end with it, however it ends.
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

_IDLE = 60.0  # s, after which a worker that has nothing to do ends
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)

_lock = threading.Lock()
_idle: list[Team] = []  # at most one, for whoever needs such a team next


class Team:
    """Worker processes, all of which are starting or ready.

    Parameters
    ----------
    size : int
        How many.
    prepare : callable
        What each calls before anything else, to load what it will need; of a module, not of a script.

    Attributes
    ----------
    executor : concurrent.futures.Executor
        Takes what they are to compute.
    ready : list of Future
        One a process, each of which is done when one more of them can compute.
    """

    def __init__(self, size: int, prepare: Callable[[], object]) -> None:
        self.kind = _kind(size, prepare)
        self.size = size
        self._pipe = multiprocessing.Pipe(duplex=False)  # theirs, and ours, which is closed when this process ends
        self.executor = _executor(size, (self._pipe[0], prepare))
        self.kept_since = 0.0  # s, of the monotonic clock, when it was last put aside
        self.call()

    def call(self) -> None:
        """Start those processes that are not there, and ask each to say when it is ready."""
        with _ctrl_c_held_back():
            self.ready: list[Future[None]] = [self.executor.submit(_nothing) for _ in range(self.size)]

    def end(self) -> None:
        """End all processes at once, whatever they do."""
        with contextlib.suppress(Exception):  # they may be gone already
            self.executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]
        for end in self._pipe:
            end.close()


@contextmanager
def borrowed(size: int, prepare: Callable[[], object]) -> Iterator[Callable[[], Team | None]]:
    """Give a function that gives a team, which is started (or found idle) at its first call.

    Parameters
    ----------
    size : int
        How many processes.
    prepare : callable
        See `Team`.

    Yields
    ------
    callable
        It returns None if there can be no other processes here. If all goes well the team is kept for later, until it
        has been idle for a minute; after an error its processes are ended.
    """
    teams: list[Team | None] = []
    inside = threading.Lock()

    def team() -> Team | None:
        with inside:
            if not teams:
                teams.append(_found_idle(size, prepare) or _started(size, prepare))
            return teams[0]

    try:
        yield team
    except BaseException:
        with inside:
            found, teams[:] = list(teams), [None]
        for each in found:
            if each is not None:
                each.end()
        raise
    with inside:
        found, teams[:] = list(teams), [None]
    for each in found:
        if each is not None:
            _keep(each)


def is_idle(size: int, prepare: Callable[[], object]) -> bool:
    """A team is there that nobody uses, and all its processes are ready."""
    with _lock:
        return any(team.kind == _kind(size, prepare) and all(map(Future.done, team.ready)) for team in _idle)


def end_idle() -> None:
    """End the processes that are kept for later."""
    with _lock:
        found, _idle[:] = list(_idle), []
    for team in found:
        if team.kind[-1] == os.getpid():
            team.end()


def _kind(size: int, prepare: Callable[[], object]) -> tuple[Any, ...]:
    """In what teams must agree to stand in for each other."""
    return size, prepare, os.environ.get("MEMBRANE_PDE_COMPILE"), os.getpid()


def _found_idle(size: int, prepare: Callable[[], object]) -> Team | None:
    with _lock:
        for team in _idle:
            if team.kind == _kind(size, prepare):
                _idle.remove(team)
                break
        else:
            return None
    try:
        if time.monotonic() - team.kept_since < 0.8 * _IDLE and all(map(Future.done, team.ready)):
            team.executor.submit(_nothing)  # all are there, unless this raises
        else:
            team.call()
    except Exception:  # one of the processes has died meanwhile
        team.end()
        return None
    return team


def _started(size: int, prepare: Callable[[], object]) -> Team | None:
    if multiprocessing.parent_process() is not None:
        log.info("this is one of several processes already, so it computes everything itself")
        return None
    try:
        return Team(size, prepare)
    except Exception as error:  # no semaphores, no more processes, no stdout ...: whatever keeps loky from it
        log.warning("no other processes can be started here (%s): this one computes everything itself", error)
        return None


def _keep(team: Team) -> None:
    team.kept_since = time.monotonic()
    with _lock:
        surplus, _idle[:] = list(_idle), [team]
    for each in surplus:
        if each.kind[-1] == os.getpid():  # not those of a process from which this one was forked
            each.end()


def _executor(size: int, given: tuple[Any, ...]) -> Executor:
    import loky

    return loky.ProcessPoolExecutor(size, timeout=_IDLE, initializer=_begin, initargs=given, env=_ONE_THREAD)


def _nothing() -> None:
    """What a worker does to say that it is ready."""


# -- in a worker ----------------------------------------------------------------------------------------------------
def _begin(parent: Any, prepare: Callable[[], object]) -> None:
    """Prepare a worker: Ctrl-C is for the process that started it, with which it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    logging.getLogger(__package__).setLevel(logging.CRITICAL)  # what there is to say the parent says
    prepare()


def _end_with(parent: Any) -> None:
    """Wait for the other end of a pipe to be closed."""
    with contextlib.suppress(EOFError, OSError):
        parent.recv_bytes()
    os._exit(1)


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Let processes that are started now inherit that Ctrl-C is held back, until they have said that they ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # now, as it lets Ctrl-C through when it has started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


atexit.register(end_idle)  # before Python takes apart what loky needs to forget them
