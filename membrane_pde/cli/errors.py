"""Errors, interrupts and closed streams: each becomes one line on stderr and an exit status.

Exit status: 0 done, 1 the run failed, 2 the user's input is wrong, 130 interrupted (Ctrl-C), 143 terminated (SIGTERM).
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any

import typer
from typer.core import TyperGroup

log = logging.getLogger("membrane_pde")


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a command as Ctrl-C does: after it has cleaned up."""


class CommandGroup(TyperGroup):
    """The commands; an error in any of them becomes a line on stderr and an exit status."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)  # in the order in which they were added

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except BrokenPipeError:
            # the reader (head, less) has seen enough; keep Python from complaining again when it flushes at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except KeyboardInterrupt as interrupt:
            terminated = isinstance(interrupt, Terminated)
            done = notes(interrupt) or "no half-written file is left"
            complain(f"{'terminated' if terminated else 'interrupted'}; {done}")
            # CPython notes that an interrupt left code given as a string (a dataclass of a module that was being
            # imported) and would end by SIGINT in place of this status; the next such string resets that note
            exec("")
            sys.exit(143 if terminated else 130)
        except Exception as error:
            if type(error).__module__.partition(".")[0] in ("typer", "click"):
                raise  # its own: wrong usage, an early exit
            from membrane_pde.input.errors import CaseError

            if isinstance(error, CaseError):
                complain("; ".join(filter(None, (str(error), notes(error)))))
                sys.exit(1 if notes(error) else 2)  # a note tells what is done: the input was right
            if log.isEnabledFor(logging.INFO):
                log.exception("unexpected error")
            what = str(error) or "no message"
            hint = "" if isinstance(error, OSError) else " (`membrane-pde -v …` shows where)"
            complain("; ".join(filter(None, (f"{type(error).__name__}: {what}{hint}", notes(error)))))
            sys.exit(1)


def complain(message: str) -> None:
    """Print one message on stderr."""
    typer.echo(f"membrane-pde: {message}", err=True)


def notes(error: BaseException) -> str:
    """Text that was added to an error by `add_note` while it was passed on."""
    return "; ".join(getattr(error, "__notes__", ()))


def terminate(number: int, frame: object) -> None:
    """Handle SIGTERM: end the command as an interrupt does."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one ends it at once
    raise Terminated


def open_closed_streams() -> None:
    """Open standard streams that the caller has closed (``>&-``) on the null device.

    Otherwise the next file opened would get the number of the closed stream, and messages would be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, this one
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115
