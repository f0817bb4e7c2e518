"""The command `membrane-pde`: arguments in, text out. One module for each group of commands.

`--help` answers at once: only typer is imported at the top of these modules, and each command imports what it needs.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable

import typer

from membrane_pde.cli.cases import equilibrium, list_cases, new, osmotic_pressure, schema, show, steady
from membrane_pde.cli.checks import compile_kernels, validate
from membrane_pde.cli.errors import CommandGroup, open_closed_streams, terminate
from membrane_pde.cli.errors import log as log
from membrane_pde.cli.options import global_options
from membrane_pde.cli.pages import page
from membrane_pde.cli.running import compare, run
from membrane_pde.cli.showing import animate, explore
from membrane_pde.cli.studies import fit, sweep

app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help and errors: quick, and one line an error
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: dict[str, Callable[..., None]] = {  # in the order in which --help lists them
    "list": list_cases,
    "new": new,
    "show": show,
    "run": run,
    "compare": compare,
    "animate": animate,
    "explore": explore,
    "sweep": sweep,
    "fit": fit,
    "page": page,
    "equilibrium": equilibrium,
    "steady": steady,
    "osmotic-pressure": osmotic_pressure,
    "validate": validate,
    "compile": compile_kernels,
    "schema": schema,
}
app.callback()(global_options)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)


def main() -> None:
    """Entry point of the command."""
    open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks "→" shows "?" instead of failing
            stream.reconfigure(errors="replace")
    # pydantic would read the metadata of every installed package, in search of plug-ins for itself
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    os.environ["MPLBACKEND"] = "agg"  # pictures go to files, whatever windows a backend could open
    signal.signal(signal.SIGTERM, terminate)
    try:
        app(prog_name="membrane-pde")
    finally:
        gc.freeze()  # or Python would search all of it for garbage once more before it ends: 0.4 s with Numba loaded
