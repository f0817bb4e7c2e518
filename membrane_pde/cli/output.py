"""Output of commands: tables or JSON on stdout, a progress bar on stderr, results and pictures in a folder."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import typer

from membrane_pde.cli.errors import complain, log


def console() -> Any:
    """Return a console for the tables: on a terminal that of rich, on a pipe a substitute that loads faster."""
    if not sys.stdout.isatty() and not {"FORCE_COLOR", "TTY_COMPATIBLE"} & os.environ.keys():
        return SimpleNamespace(is_terminal=False, file=sys.stdout)
    from rich.console import Console

    class Quiet(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # the reader has seen enough: no failure, see CommandGroup

    return Quiet(highlight=False)


def to_json(value: Any) -> str:
    """Format a value as indented JSON."""
    import json

    return json.dumps(value, indent=2, allow_nan=False)


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout."""
    typer.echo(to_json(value))


@contextmanager
def progress_bar(name: str, total: float | None = 1.0) -> Iterator[Callable[[float], None] | None]:
    """Show a progress bar on stderr if that is a terminal; without a total it only shows that the work goes on.

    Text that a solver's library prints meanwhile goes to stderr: stdout is for results.
    """
    if not sys.stderr.isatty() or not log.isEnabledFor(logging.WARNING):
        with redirect_stdout(sys.stderr):
            yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with redirect_stdout(sys.stderr), Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=total)
        yield lambda fraction: bar.update(task, completed=fraction)


@contextmanager
def saving() -> Iterator[None]:
    """Exit with status 1, not 2, if results cannot be written: the folder was checked, so the input was right."""
    from membrane_pde.input.errors import CaseError

    try:
        yield
    except CaseError as error:
        complain(str(error))
        raise typer.Exit(1) from None


def draw(folder: Path, pictures: Callable[[Path], None]) -> None:
    """Add pictures to a folder of results; if that fails, only warn, because the numbers are there."""
    from membrane_pde.results.folders import add_files

    try:
        add_files(folder, pictures)
    except Exception as error:
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        what = text.splitlines()[0] if text else type(error).__name__
        complain(f"warning: no pictures ({what}); the numbers are in {folder}")
