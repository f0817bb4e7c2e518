"""Arguments and options that several commands share, and how their values are read."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from membrane_pde.cli.errors import complain, log

if TYPE_CHECKING:
    from membrane_pde.input.case import Case

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="A case file, or the name of a shipped case.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help='Override a value: --set left.pressure="50 bar". May be repeated.'),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object in SI units.")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for the results.")]
NoSaveOption = Annotated[bool, typer.Option("--no-save", help="Write no files.")]
NoPlotsOption = Annotated[bool, typer.Option("--no-plots", help="Draw no pictures.")]


def _use_units(name: str | None) -> None:
    from membrane_pde.show import presets

    presets.use_units(name or presets.DEFAULT)


UnitsOption = Annotated[
    str | None,
    typer.Option(
        "--units",
        metavar="SET",
        callback=_use_units,
        help="Units for tables and pictures: engineering (L/m²/h, bar, g/L), physiology (µm/s, mmHg, mOsm/L, mmol/L) "
        "or SI.",
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        from membrane_pde import __version__

        typer.echo(f"membrane-pde {__version__}")
        raise typer.Exit()


def global_options(
    verbose: Annotated[
        int,
        typer.Option("-v", "--verbose", count=True, show_default=False, help="Print more messages; -vv prints all."),
    ] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Simulate osmosis and reverse osmosis: two solutions with a membrane between them."""
    level = logging.ERROR if quiet else {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("membrane-pde: %(levelname)s: %(message)s"))
    log.handlers = [handler]
    log.setLevel(level)


def load(
    case: str, overrides: list[str] | None = None, ranges: bool = True, varied: dict[str, str] | None = None
) -> Case:
    """Load a case and print its warnings on stderr.

    Parameters
    ----------
    case : str
        A file, or the name of a shipped case.
    overrides : list of str, optional
        KEY=VALUE each.
    ranges : bool
        False leaves out the warnings that the summary of the run will repeat.
    varied : dict, optional
        The first value of each key that a sweep varies.
    """
    from membrane_pde.input.casefile import load_case
    from membrane_pde.input.overrides import parse_override

    loaded = load_case(case, dict(parse_override(text) for text in overrides or ()), varied)
    if log.isEnabledFor(logging.WARNING):
        for warning in loaded.warnings:
            if ranges or warning not in loaded.away_from_source:
                complain(f"warning: {warning}")
    return loaded


def output_folder(out: Path | None, no_save: bool, name: str) -> Path | None:
    """Return the folder for the results: `--out`, or results/NAME; None with `--no-save`."""
    if out and no_save:
        from membrane_pde.input.errors import CaseError

        raise CaseError("--out and --no-save contradict each other: give one of them")
    return None if no_save else out or Path("results") / name
