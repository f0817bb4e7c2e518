"""Kernels: functions of numbers and arrays that run as they stand and, where numba has compiled them, as machine code.

A kernel is written once. `kernel` (and `part`) marks it and returns it unchanged, so that Python calls it like any
function. `compiled` marks an entry point: machine code of it and of every kernel that it calls is used if there is any.
To make it takes numba a minute or two; that is done when somebody asks for it (``membrane-pde compile``), and kept.
Without it the same functions run as plain Python; the last digits may differ.

What may stand in a kernel: numbers, tuples, NumPy arrays, loops, calls of kernels and of `math`. No closures, no
keyword arguments, no exceptions. Few arrays, passed on whole: what compiling costs grows with their number.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import shutil
import sys
import types
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

log = logging.getLogger(__name__)

_P = ParamSpec("_P")
_R = TypeVar("_R")

_KERNELS: list[Callable[..., Any]] = []
_PARTS: list[Callable[..., Any]] = []
_WHOLE = "whole"


def kernel(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a function that compiled code may call; it stays a plain Python function."""
    _KERNELS.append(function)
    return function


def part(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a kernel that is a part of another: compiled, it is put into that one, which spares the call."""
    _PARTS.append(function)
    return kernel(function)


def compiled(entry: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark an entry point: called from Python it is machine code where there is any; see `wanted`."""

    @functools.wraps(entry)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        return _machine_code(entry)(*args, **kwargs)

    _KERNELS.append(entry)
    return call


def wanted() -> bool:
    """Machine code is to be used.

    By default where `keep` has found it whole. ``MEMBRANE_PDE_COMPILE=0`` in the environment keeps to plain Python,
    ``MEMBRANE_PDE_COMPILE=1`` compiles what is not there yet.
    """
    choice = os.environ.get("MEMBRANE_PDE_COMPILE", "")
    return choice == "1" or (choice != "0" and any((folder / _WHOLE).is_file() for folder in _folders()))


def available() -> bool:
    """Numba is installed."""
    return _numba() is not None


def insist() -> None:
    """Compile every entry point from now on, also one that has run as plain Python before."""
    os.environ["MEMBRANE_PDE_COMPILE"] = "1"
    _machine_code.cache_clear()


def keep() -> Path | None:
    """Note that every entry point has been compiled, so that later processes use the machine code; where it is kept.

    None where there is no folder that can be written.
    """
    folder = _cache_folder()
    if folder is not None:
        (folder / _WHOLE).touch()
        for old in folder.parent.glob(f"{folder.name.rpartition('-')[0]}-*"):  # of earlier sources
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
    return folder


@functools.cache
def _machine_code(entry: Callable[_P, _R]) -> Callable[_P, _R]:
    if not wanted() or _numba() is None:
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


def _twin(function: Callable[..., Any], **options: bool | str) -> Any:
    """The same function for Numba, which finds the twins of the kernels under the names of the kernels."""
    names = {name: function.__globals__[name] for name in function.__code__.co_names if name in function.__globals__}
    kernels = {name: _inner(value) for name, value in names.items() if callable(value) and value in _KERNELS}
    twin = types.FunctionType(function.__code__, function.__globals__ | kernels, function.__name__)
    twin.__qualname__, twin.__module__ = function.__qualname__, function.__module__
    counted = "empty" in function.__code__.co_names  # only what makes arrays has to count references to them
    fused = {"contract"}  # a product and a sum in one operation, where the processor has it
    return _numba().njit(twin, nogil=True, error_model="numpy", fastmath=fused, _nrt=counted, **options)


@functools.cache
def _inner(function: Callable[..., Any]) -> Any:
    """Of a kernel that only compiled code calls: half the time to compile is for being called from Python."""
    return _twin(
        function,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        inline="always" if function in _PARTS else "never",
    )


@functools.cache
def _numba() -> Any:
    try:
        import numba
    except ImportError:
        return None
    return numba


@functools.cache
def _folders() -> tuple[Path, ...]:
    """Where machine code may be kept: beside the package's own bytecode, or in the user's cache.

    Named after what compiles it and what is compiled, so that after a change it is compiled anew.
    """
    package = Path(__file__).parent
    files = [
        Path(__file__),
        package / "rosenbrock.py",
        *sorted(package.glob("physics/*.py")),
        *sorted(package.glob("fv/*.py")),
    ]
    try:
        compiler = f"{sys.version} {metadata.version('numba')} {metadata.version('numpy')}"
    except metadata.PackageNotFoundError:
        return ()
    seen = compiler.encode(), b"".join(file.read_bytes() for file in files)
    name = "-".join(["kernels", *(hashlib.sha256(each).hexdigest()[:8] for each in seen)])
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "membrane_pde"
    return package / "__pycache__" / name, user / name


@functools.cache
def _cache_folder() -> Path | None:
    """The first of `_folders` that can be written (or is whole)."""
    for folder in _folders():
        if (folder / _WHOLE).is_file():
            return folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    log.info("no folder to keep compiled code in: it is compiled for this process alone")
    return None
