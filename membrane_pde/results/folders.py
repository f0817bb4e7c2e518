"""Folders of results: checks before writing; files get their final names when they are complete."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from membrane_pde.input.errors import CaseError

UNFINISHED = "sweep.unfinished"  # journal of an unfinished sweep

_SCRATCH = ".membrane-pde-"
_DAY = 86400.0  # s
_MARKERS = ("summary.json", "fit.json", "sweep.nc")  # a folder with one of these files was written by this package
_FILES = (
    *_MARKERS,
    *("series.csv", "result.nc", "case.toml", "comparison.csv", "sweep.csv", "sweep.xlsx", "fit.csv", "elements.csv"),
)
_JOURNALS = (UNFINISHED, f"{UNFINISHED}-wal", f"{UNFINISHED}-shm", f"{UNFINISHED}-journal")
_OF_THE_SYSTEM = ("lost+found",)  # created by some file systems in their root folder


def check_output(folder: str | Path, sweep: bool = False) -> None:
    """Make sure, before anything is computed, that a result can be written to a folder.

    Parameters
    ----------
    folder : path
        The folder.
    sweep : bool
        True for a sweep, which may resume an unfinished one in this folder.

    Raises
    ------
    CaseError
        If it is a file, contains other files than results or an unfinished sweep, or cannot be written.
    """
    target = Path(folder)
    try:
        if target.is_symlink() and not target.exists():
            raise CaseError(f"--out {target}: a link that leads nowhere; give another folder")
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if not stat.S_ISDIR(target.stat().st_mode):
                raise CaseError(f"--out {target}: this is a file; give a folder")
        _refuse_foreign(target, target, sweep)
        check_writable(_resolved(target))
    except OSError as error:
        raise CaseError(f"--out {target}: cannot be written ({error.strerror or error})") from error


def check_writable(folder: Path) -> None:
    """Raise an OSError if nothing can be written to a folder, or where it will be made; nothing is left."""
    while not os.path.lexists(folder):
        folder = folder.parent
    os.rmdir(tempfile.mkdtemp(prefix=_SCRATCH, dir=folder))


def write_folder(folder: str | Path, write: Callable[[Path], None], sweep: bool = False) -> Path:
    """Let `write` fill a folder inside the final one, and move its files to their names when all are complete.

    The final folder stays the one it was, with its mode, also if it is a mount point or somebody's current folder.
    Other files of an earlier result go: they would belong to another run.

    Parameters
    ----------
    folder : path
        The final folder; see `check_output` for what it may hold.
    write : callable
        Gets the temporary folder.
    sweep : bool
        See `check_output`.

    Returns
    -------
    Path
        The final folder.

    Raises
    ------
    CaseError
        If the folder is not ours to write or cannot be written; nothing half-written is left.
    """
    check_output(folder, sweep)
    return _written(Path(folder), write, lambda held: [name for name in held if _looks_like_ours(name)], sweep)


def add_files(folder: str | Path, write: Callable[[Path], None]) -> Path:
    """Let `write` make more files for a folder that `write_folder` has filled; the files that are there are kept.

    Parameters
    ----------
    folder : path
        The folder.
    write : callable
        Gets the temporary folder.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    CaseError
        If the folder cannot be written; nothing half-written is left.
    """
    return _written(Path(folder), write, lambda held: [], True)


def _written(shown: Path, write: Callable[[Path], None], stale: Callable[[list[str]], list[str]], sweep: bool) -> Path:
    try:
        with made_if_missing(_resolved(shown)) as target, scratch(target) as new:
            write(new)
            with _one_at_a_time(target):
                _refuse_foreign(target, shown, sweep)  # somebody may have put something there meanwhile
                _move(new, target, stale(os.listdir(target)))
    except OSError as error:
        raise CaseError(f"--out {shown}: cannot be written ({error.strerror or error}); nothing was left") from error
    return shown


def _move(new: Path, target: Path, stale: list[str]) -> None:
    """Move all files of a folder to another one on the same disk, and remove some that are there.

    The marker file is moved first, so that the folder is recognised as a result even if the move is interrupted.
    """

    def move() -> None:
        for path in sorted(new.iterdir(), key=lambda path: (path.name not in _MARKERS, path.name)):
            written.add(path.name)
            path.replace(target / path.name)
        for name in set(stale) - written:
            (target / name).unlink(missing_ok=True)

    written: set[str] = set()
    try:
        move()
    except KeyboardInterrupt:
        move()  # complete the move, which takes almost no time
        raise


@contextmanager
def made_if_missing(folder: Path) -> Iterator[Path]:
    """A folder, made if it does not exist; a folder that was made and stayed empty is removed."""
    missing = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        if missing:
            with contextlib.suppress(OSError):  # it holds something
                folder.rmdir()


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A temporary folder inside another one, which is made if it does not exist; its files are then moved out of it.

    Folders of processes that were killed while they wrote are removed after a day.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_SCRATCH}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _DAY:
                shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=folder) as made:
        yield Path(made)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep two runs that write to one folder from mixing their files: those of the last one remain."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    file = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a disk in a network that has no locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _refuse_foreign(folder: Path, shown: Path, sweep: bool) -> None:
    """Refuse a folder that holds other files than results of this package, or an unfinished sweep."""
    try:
        held = sorted(entry.name for entry in folder.iterdir())
    except FileNotFoundError:
        return
    held = [name for name in held if name not in _OF_THE_SYSTEM and not name.startswith(_SCRATCH)]
    known = [name for name in held if _looks_like_ours(name) or name in _JOURNALS]
    foreign = [name for name in held if name not in known or not _is_file(folder / name)]
    journal = UNFINISHED in held
    if journal and not sweep and not foreign:
        raise CaseError(
            f"--out {shown}: holds a sweep that was not finished ({UNFINISHED}): continue it with `sweep … --resume`, "
            "give another folder, or remove that file"
        )
    ours = any(_is_ours(folder / name) for name in _MARKERS[:2]) or _is_sweep(folder / _MARKERS[2]) or journal
    if held and (foreign or not ours):
        what = ", ".join((foreign or held)[:3])
        raise CaseError(
            f"--out {shown}: the folder holds something that is not a result of membrane-pde ({what}) "
            "and is left alone; give another folder, or empty this one"
        )


def _resolved(path: Path) -> Path:
    """The path without links."""
    try:
        return path.resolve()
    except RuntimeError as error:  # what Python before 3.13 says of links in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error


def _looks_like_ours(name: str) -> bool:
    return name in _FILES or (name.endswith(".png") and not name.startswith("."))


def _is_file(path: Path) -> bool:
    """True for a file, also for one that another run is replacing."""
    return path.is_file() or not os.path.lexists(path)


def _is_ours(path: Path) -> bool:
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(summary, dict):
        return False
    run, fit = {"process", "amount_error", "version"}, {"parameters", "correlation", "version"}
    return "cases" in summary or run <= set(summary) or fit <= set(summary)


def _is_sweep(path: Path) -> bool:
    import h5py

    try:
        with h5py.File(path) as file:
            return "membrane_pde_version" in file.attrs
    except OSError:
        return False
