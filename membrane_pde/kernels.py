"""Kernels: functions of numbers and arrays that run as plain Python or, where numba has compiled them, as machine code.

A kernel is written once. `kernel` (and `part`) marks it and returns it unchanged, so that Python calls it like any
function. `compiled` marks an entry point: machine code of it, and of every kernel that it calls, is used if it exists.
Numba compiles it in about a minute when the user asks for it (``membrane-pde compile``), and it is kept in the user's
cache. If there is none, or if it is damaged, the same functions run as plain Python; last digits may differ.

A kernel may contain numbers, tuples, NumPy arrays, loops, and calls of kernels and of `math`, but no closures, keyword
arguments or exceptions. Pass few arrays, and whole ones: the time to compile grows with their number.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
import types
import zlib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from membrane_pde import drafts

log = logging.getLogger(__name__)

_P = ParamSpec("_P")
_R = TypeVar("_R")

_KERNELS: list[Callable[..., Any]] = []
_PARTS: list[Callable[..., Any]] = []
_WHOLE = "whole.json"  # this file has size and checksum of every file that numba wrote to the folder
_KERNELS_IN, _NEW, _OLD = "kernels-", ".new-", ".old-"  # prefixes of folders: complete, being written, replaced
_UNUSED = 30 * 86400.0  # time after which unused machine code is removed, s

_lock = threading.RLock()
_code: dict[Callable[..., Any], Callable[..., Any]] = {}  # machine code (or the function itself) by entry point
_unusable: set[Path] = set()  # folders about which the user has been warned
_making: Path | None = None  # folder in which machine code is being written, from `begin` to `keep`


def kernel(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a function that compiled code may call; it stays a plain Python function."""
    _KERNELS.append(function)
    return function


def part(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a kernel that is inlined into its callers when it is compiled."""
    _PARTS.append(function)
    return kernel(function)


def compiled(entry: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark an entry point, which runs as machine code if it exists; see `wanted`."""

    @functools.wraps(entry)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        code = _code.get(entry)
        return code(*args, **kwargs) if code is not None else _first_call(entry, *args, **kwargs)

    _KERNELS.append(entry)
    return call


def available() -> bool:
    """True if numba is installed."""
    return importlib.util.find_spec("numba") is not None


def wanted() -> bool:
    """True if machine code is to be used.

    By default it is used if it is complete. With ``MEMBRANE_PDE_COMPILE=0`` in the environment plain Python runs, with
    ``MEMBRANE_PDE_COMPILE=1`` missing code is compiled for this process.
    """
    choice = os.environ.get("MEMBRANE_PDE_COMPILE", "")
    return _making is not None or choice == "1" or (choice != "0" and _kept() is not None)


def begin() -> None:
    """Compile every entry point when it is called from now on, into a new folder unless the kept one is complete.

    Raises
    ------
    OSError
        If the user's cache cannot be written.
    """
    global _making
    forget()
    folder = _folder()
    if folder is None:
        raise OSError("the home folder is not known")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _making = folder if _kept() is not None else Path(tempfile.mkdtemp(prefix=_NEW, dir=folder.parent))
    tempfile.TemporaryFile(dir=_making).close()  # raises if the folder cannot be written


def keep() -> Path:
    """Keep the machine code written since `begin` for later processes.

    Machine code of other versions or copies of the package, which share the user's cache, is removed if it was not used
    for a month.

    Returns
    -------
    Path
        The folder.
    """
    global _making
    folder, made = _folder(), _making
    assert folder is not None, "`begin` has found it"
    assert made is not None, "`begin` has made it"
    _note(made)
    if made != folder:
        if folder.exists():  # damaged, or written by another process in the meantime
            folder.rename(Path(tempfile.mkdtemp(prefix=_OLD, dir=folder.parent)) / "old")
        made.rename(folder)
    forget()
    for other in folder.parent.iterdir():
        if not other.name.startswith((_KERNELS_IN, _NEW, _OLD)):
            continue
        with contextlib.suppress(OSError):
            used = max(other.stat().st_mtime, _mtime(other / _WHOLE))
            if other.name.startswith(_OLD) or time.time() - used > _UNUSED:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def give_up() -> None:
    """Remove the incomplete machine code written since `begin`."""
    if _making is not None and _making.name.startswith(_NEW):
        shutil.rmtree(_making, ignore_errors=True)
    forget()


def forget() -> None:
    """Look for machine code again at the next call of every entry point."""
    global _making
    _making = None
    _code.clear()
    _unusable.clear()
    for cache in (_kept, _inner, _hint):
        cache.cache_clear()


# -- machine code of a function -------------------------------------------------------------------------------------
def _first_call(entry: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Load the machine code of an entry point, if it is wanted, and call it."""
    with _lock:
        if entry not in _code:
            _code[entry] = _loaded(entry, args)
    return _code[entry](*args, **kwargs)


def _loaded(entry: Callable[..., Any], args: tuple[Any, ...]) -> Callable[..., Any]:
    """Machine code of an entry point for arguments of these types, or the entry point itself if there is none."""
    if not wanted() or _numba() is None:
        _hint()
        return entry
    folder = _making or _kept()
    try:
        code = _kept_twin(entry, folder) if folder else _twin(entry)
        code.compile(tuple(map(_numba().typeof, args)))
    except Exception as error:  # numba may raise anything for a damaged file
        if folder is None or _making is not None:
            raise
        _complain(folder, f"{type(error).__name__}: {error}")
        return entry
    if folder and _making is None and sum(code.stats.cache_misses.values()):
        with contextlib.suppress(OSError):
            _note(folder)  # code for another processor was compiled and written
    return code


def _kept_twin(entry: Callable[..., Any], folder: Path) -> Any:
    """Machine code read from a folder, or compiled and written there."""
    config = _numba().config
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)  # numba reads it when the function is made
    try:
        return _twin(entry, cache=True)
    finally:
        config.CACHE_DIR = before


def _twin(function: Callable[..., Any], **options: Any) -> Any:
    """The function compiled by numba, with the kernels that it calls replaced by their compiled versions."""
    names = {name: function.__globals__[name] for name in function.__code__.co_names if name in function.__globals__}
    kernels = {name: _inner(value) for name, value in names.items() if callable(value) and value in _KERNELS}
    twin = types.FunctionType(function.__code__, function.__globals__ | kernels, function.__name__)
    twin.__qualname__, twin.__module__ = function.__qualname__, function.__module__
    counted = "empty" in function.__code__.co_names  # only functions that create arrays need reference counts
    fused = {"contract"}  # fused multiply-add
    return _numba().njit(twin, nogil=True, error_model="numpy", fastmath=fused, _nrt=counted, **options)


@functools.cache
def _inner(function: Callable[..., Any]) -> Any:
    """Compiled version of a kernel that Python does not call, with what it needs as a part of an entry point only."""
    without = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return _twin(function, forceinline=function in _PARTS, **without, **drafts.options())


@functools.cache
def _numba() -> Any:
    try:
        import numba
    except ImportError:
        return None
    return numba


# -- where it is kept -----------------------------------------------------------------------------------------------
@functools.cache
def _folder() -> Path | None:
    """Folder of the machine code, in the user's cache, so that uninstalling the package leaves nothing in it.

    Its name depends on the compiler, the folder of the package (which numba uses, too) and the sources, so that code is
    compiled again after a change. None if the user has no home folder.
    """
    import platformdirs

    package = Path(__file__).parent
    files = [
        Path(__file__),
        Path(drafts.__file__),
        *sorted(file for room in ("physics", "model", "solvers") for file in (package / room).rglob("*.py")),
    ]
    try:
        compiler = f"{sys.version} {metadata.version('numba')} {metadata.version('numpy')} {package}"
    except metadata.PackageNotFoundError:
        return None
    seen = compiler.encode(), b"".join(file.read_bytes() for file in files)
    name = _KERNELS_IN + "-".join(hashlib.sha256(each).hexdigest()[:8] for each in seen)
    folder = platformdirs.user_cache_path("membrane_pde", appauthor=False) / name
    return folder if folder.is_absolute() else None


@functools.cache
def _kept() -> Path | None:
    """The folder with machine code of every entry point, if it is complete and undamaged."""
    folder = _folder()
    if folder is None or not folder.exists():
        return None
    try:
        written = json.loads((folder / _WHOLE).read_text(encoding="utf-8"))
        whole = bool(written) and written == _files(folder)
    except (OSError, ValueError):
        whole = False
    if not whole:
        _complain(folder, "files are missing or have changed")
        return None
    with contextlib.suppress(OSError):
        os.utime(folder / _WHOLE)  # record the use
    return folder


def _files(folder: Path) -> dict[str, list[int]]:
    """Size and checksum of every file of numba in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".nbi", ".nbc"):
            data = path.read_bytes()
            found[path.relative_to(folder).as_posix()] = [len(data), zlib.crc32(data)]
    return found


def _note(folder: Path) -> None:
    """Write sizes and checksums of a folder to `_WHOLE`."""
    new = folder / f"{_WHOLE}.{os.getpid()}"
    new.write_text(json.dumps(_files(folder)), encoding="utf-8")
    new.replace(folder / _WHOLE)


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _complain(folder: Path, what: str) -> None:
    """Warn once that existing machine code is not used, and why."""
    if folder not in _unusable and available():
        _unusable.add(folder)
        log.warning(
            "the compiled solver in %s cannot be used (%s), so that the solver runs in plain Python, which is much "
            "slower: `membrane-pde compile` compiles it again",
            folder,
            what,
        )


@functools.cache
def _hint() -> None:
    """Hint once that the solver could be faster, if numba is installed but nothing has been compiled."""
    folder = _folder()
    if available() and os.environ.get("MEMBRANE_PDE_COMPILE") != "0" and folder is not None and not folder.exists():
        log.warning(
            "the solver is not compiled, so that it runs in plain Python, which is much slower: `membrane-pde compile` "
            "compiles it once, which takes about a minute (MEMBRANE_PDE_COMPILE=0 in the environment hides this line)"
        )
