"""Kernels: functions of numbers and arrays that run as they stand and, where numba is installed, compiled.

A kernel is written once. `kernel` marks it and returns it unchanged, so that Python calls it like any function.
`compiled` makes machine code of an entry point and of every kernel that it calls; without numba it is the entry point
itself. What may stand in a kernel: numbers, tuples, NumPy arrays and their expressions, loops, calls of kernels and of
`math`. No closures, no keyword arguments, no exceptions.

Numba is loaded when the first entry point is called, not before: it takes longer than most single runs.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

log = logging.getLogger(__name__)

_P = ParamSpec("_P")
_R = TypeVar("_R")

_KERNELS: list[Callable[..., Any]] = []
_OPTIONS = {"nogil": True, "error_model": "numpy"}


def kernel(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a function that compiled code may call; it stays a plain Python function."""
    _KERNELS.append(function)
    return function


def compiled(entry: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark an entry point: called from Python it runs compiled, where numba is installed and wanted.

    ``MEMBRANE_PDE_COMPILE=0`` in the environment keeps to plain Python. `entry.__wrapped__` is the plain function.
    """

    @functools.wraps(entry)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        return _machine_code(entry)(*args, **kwargs)

    _KERNELS.append(entry)
    return call


@functools.cache
def _machine_code(entry: Callable[_P, _R]) -> Callable[_P, _R]:
    numba = _numba()
    if numba is None:
        return entry
    for function in _KERNELS:  # kernels of modules that were imported since
        _register(function)
    folder = _cache_folder()
    if folder is None:
        return numba.njit(entry, **_OPTIONS)
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(folder)  # it is read when the function is made
    try:
        return numba.njit(entry, cache=True, **_OPTIONS)
    finally:
        numba.config.CACHE_DIR = before


@functools.cache
def _numba() -> Any:
    if not wanted():
        return None
    try:
        import numba
        import numba.extending
    except ImportError:
        return None
    return numba


def wanted() -> bool:
    """Compiled code is asked for."""
    return os.environ.get("MEMBRANE_PDE_COMPILE", "1") != "0"


@functools.cache
def _register(function: Callable[..., Any]) -> None:
    _numba().extending.register_jitable(**_OPTIONS)(function)


@functools.cache
def _cache_folder() -> Path | None:
    """Where machine code is kept: named after the sources, so that a changed kernel is compiled anew.

    Beside the package's own bytecode or, where that cannot be written, in the user's cache; None where neither can.
    """
    files = sorted({inspect.getfile(function) for function in _KERNELS} | {__file__})
    digest = hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()[:12]
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "membrane_pde"
    for parent in (Path(__file__).parent / "__pycache__", user):
        folder = parent / f"kernels-{digest}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                continue
        except OSError:
            continue
        for old in parent.glob("kernels-*"):  # of earlier versions
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
        return folder
    log.info("no folder to keep compiled code in: it is compiled for this process alone")
    return None
