"""Kernels: functions of numbers and arrays that run as they stand and, where numba has compiled them, as machine code.

A kernel is written once. `kernel` (and `part`) marks it and returns it unchanged, so that Python calls it like any
function. `compiled` marks an entry point: machine code of it and of every kernel that it calls is used if there is any.
To make it takes numba a minute or two; that is done when somebody asks for it (``membrane-pde compile``), and kept in
the user's cache. Without it, or where it is damaged, the same functions run as plain Python; last digits may differ.

What may stand in a kernel: numbers, tuples, NumPy arrays, loops, calls of kernels and of `math`. No closures, no
keyword arguments, no exceptions. Few arrays, passed on whole: what compiling costs grows with their number.
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

log = logging.getLogger(__name__)

_P = ParamSpec("_P")
_R = TypeVar("_R")

_KERNELS: list[Callable[..., Any]] = []
_PARTS: list[Callable[..., Any]] = []
_WHOLE = "whole.json"  # in a folder: size and checksum of every file of numba's
_KERNELS_IN, _NEW, _OLD = "kernels-", ".new-", ".old-"  # begin the names of folders: kept, being made, replaced
_UNUSED = 30 * 86400.0  # s, after which machine code that nobody has used is removed

_lock = threading.RLock()
_code: dict[Callable[..., Any], Callable[..., Any]] = {}  # by entry point, what is called in its place
_unusable: set[Path] = set()  # folders about which it has been said
_making: Path | None = None  # the folder that `begin` has made, until `keep`


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
        code = _code.get(entry)
        return code(*args, **kwargs) if code is not None else _first_call(entry, *args, **kwargs)

    _KERNELS.append(entry)
    return call


def available() -> bool:
    """Numba is installed."""
    return importlib.util.find_spec("numba") is not None


def wanted() -> bool:
    """Machine code is to be used.

    By default where `keep` has found it whole. ``MEMBRANE_PDE_COMPILE=0`` in the environment keeps to plain Python,
    ``MEMBRANE_PDE_COMPILE=1`` compiles for this process what is not there.
    """
    choice = os.environ.get("MEMBRANE_PDE_COMPILE", "")
    return _making is not None or choice == "1" or (choice != "0" and _kept() is not None)


def begin() -> None:
    """Make every entry point anew when it is called next, in a new folder unless the one that is kept is whole.

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
    tempfile.TemporaryFile(dir=_making).close()  # that it can be written


def keep() -> Path:
    """Note that every entry point has been compiled since `begin`, so that later processes use the machine code.

    Returns
    -------
    Path
        The folder. What has not been used for a month goes from beside it: it may be of other versions or copies of
        the package, which share the user's cache.
    """
    global _making
    folder, made = _folder(), _making
    assert folder is not None, "`begin` has found it"
    assert made is not None, "`begin` has made it"
    _note(made)
    if made != folder:
        if folder.exists():  # damaged, or made meanwhile by another process
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
    """Remove what has been made since `begin`, which is not whole."""
    if _making is not None and _making.name.startswith(_NEW):
        shutil.rmtree(_making, ignore_errors=True)
    forget()


def forget() -> None:
    """Look again, at the next call of every entry point, for the machine code there is."""
    global _making
    _making = None
    _code.clear()
    _unusable.clear()
    for cache in (_kept, _inner, _hint):
        cache.cache_clear()


# -- machine code of a function -------------------------------------------------------------------------------------
def _first_call(entry: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Load machine code of an entry point, if it is wanted, for this call and later ones."""
    with _lock:
        if entry not in _code:
            _code[entry] = _loaded(entry, args)
    return _code[entry](*args, **kwargs)


def _loaded(entry: Callable[..., Any], args: tuple[Any, ...]) -> Callable[..., Any]:
    """Machine code of an entry point for arguments of these types, or the entry point itself."""
    if not wanted() or _numba() is None:
        _hint()
        return entry
    folder = _making or _kept()
    try:
        code = _kept_twin(entry, folder) if folder else _twin(entry)
        code.compile(tuple(map(_numba().typeof, args)))
    except Exception as error:  # whatever numba meets in files that it cannot read
        if folder is None or _making is not None:
            raise
        _complain(folder, f"{type(error).__name__}: {error}")
        return entry
    if folder and _making is None and sum(code.stats.cache_misses.values()):
        with contextlib.suppress(OSError):
            _note(folder)  # something was compiled that was not there, for another processor, and has been kept
    return code


def _kept_twin(entry: Callable[..., Any], folder: Path) -> Any:
    """Machine code that is kept in a folder, or made and kept there."""
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


# -- where it is kept -----------------------------------------------------------------------------------------------
@functools.cache
def _folder() -> Path | None:
    """Where machine code is kept: in the user's cache, so that nothing is left in the package when it is removed.

    Named after what compiles it, where the package stands (numba keeps code by that, too) and what is compiled, so that
    after a change it is compiled anew. None where the user has no home.
    """
    import platformdirs

    package = Path(__file__).parent
    files = [
        Path(__file__),
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
    """The folder with machine code of every entry point, if all of it is there as it was written."""
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
        os.utime(folder / _WHOLE)  # used today
    return folder


def _files(folder: Path) -> dict[str, list[int]]:
    """Size and checksum of every file that numba has kept in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".nbi", ".nbc"):
            data = path.read_bytes()
            found[path.relative_to(folder).as_posix()] = [len(data), zlib.crc32(data)]
    return found


def _note(folder: Path) -> None:
    """Write down what a folder holds."""
    new = folder / f"{_WHOLE}.{os.getpid()}"
    new.write_text(json.dumps(_files(folder)), encoding="utf-8")
    new.replace(folder / _WHOLE)


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _complain(folder: Path, what: str) -> None:
    """Say once why machine code that is there is not used."""
    if folder not in _unusable and available():
        _unusable.add(folder)
        log.warning(
            "the compiled solver in %s cannot be used (%s), so plain Python solves, much slower: `membrane-pde "
            "compile` makes it anew",
            folder,
            what,
        )


@functools.cache
def _hint() -> None:
    """Say once that the solver could be faster, where numba is there but nothing has been compiled."""
    folder = _folder()
    if available() and os.environ.get("MEMBRANE_PDE_COMPILE") != "0" and folder is not None and not folder.exists():
        log.warning(
            "the solver has not been compiled, so plain Python solves, much slower: `membrane-pde compile` does it "
            "once, in a minute or two (MEMBRANE_PDE_COMPILE=0 in the environment hides this)"
        )
