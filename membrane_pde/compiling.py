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
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

log = logging.getLogger(__name__)

_P = ParamSpec("_P")
_R = TypeVar("_R")

_KERNELS: list[Callable[..., Any]] = []


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
    if _numba() is None:
        return entry
    folder = _cache_folder()
    if folder is None:
        return _twin(entry)
    config = _numba().config
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)  # it is read when the function is made
    try:
        return _twin(entry, cache=True)
    finally:
        config.CACHE_DIR = before


def _twin(function: Callable[..., Any], **options: bool) -> Any:
    """The same function for Numba, which finds the twins of the kernels under the names of the kernels."""
    names = {name: function.__globals__[name] for name in function.__code__.co_names if name in function.__globals__}
    kernels = {name: _inner(value) for name, value in names.items() if callable(value) and value in _KERNELS}
    twin = types.FunctionType(function.__code__, function.__globals__ | kernels, function.__name__)
    twin.__qualname__, twin.__module__ = function.__qualname__, function.__module__
    return _numba().njit(twin, nogil=True, error_model="numpy", **options)


@functools.cache
def _inner(function: Callable[..., Any]) -> Any:
    """Of a kernel that only compiled code calls: half the time to compile is for being called from Python."""
    return _twin(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


@functools.cache
def _numba() -> Any:
    if not wanted():
        return None
    try:
        import numba
    except ImportError:
        return None
    return numba


def wanted() -> bool:
    """Compiled code is asked for."""
    return os.environ.get("MEMBRANE_PDE_COMPILE", "0") != "0"


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
