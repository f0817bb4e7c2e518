"""Writing the file of a page: only such pages are replaced, and no incomplete file is left."""

from __future__ import annotations

from pathlib import Path

from membrane_pde.input.errors import CaseError
from membrane_pde.results.folders import check_writable, scratch


def mark(command: str) -> str:
    """The line near the start of a page that tells which command wrote it."""
    return f'<meta name="generator" content="membrane-pde {command}">'


def check(path: str | Path, command: str) -> None:
    """Make sure, before anything is computed, that a page can be written.

    Parameters
    ----------
    path : path
        Where to.
    command : str
        Only a page that it wrote is replaced.

    Raises
    ------
    CaseError
        If it is a folder or a file that is not such a page, or cannot be written.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise CaseError(
                f"--out {target}: this is a folder; give the name of a file, such as {target / 'page.html'}"
            )
        if target.exists() or target.is_symlink():
            with target.open(encoding="utf-8", errors="replace") as file:
                if mark(command) not in file.read(1000):
                    raise CaseError(
                        f"--out {target}: this file is not a page of `membrane-pde {command}` and is left alone; "
                        "give another name"
                    )
        check_writable(target.resolve().parent)
    except OSError as error:
        raise CaseError(f"--out {target}: cannot be written ({error.strerror or error})") from error


def write(path: str | Path, text: str, command: str) -> None:
    """Write a page, beside its final name first.

    Parameters
    ----------
    path : path
        Where to; see `check` for what is replaced.
    text : str
        The page.
    command : str
        As for `check`.

    Raises
    ------
    CaseError
        If it cannot be written; nothing half-written is left.
    """
    check(path, command)
    target = Path(path)
    try:
        with scratch(target.resolve().parent) as made:
            new = made / "page.html"
            new.write_text(text, encoding="utf-8")
            new.replace(target.resolve())
    except OSError as error:
        raise CaseError(f"--out {target}: cannot be written ({error.strerror or error}); nothing was left") from error
