"""Commands that run a case many times: sweep and fit."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from membrane_pde.cli.errors import complain
from membrane_pde.cli.options import (
    CaseArgument,
    JsonOption,
    NoPlotsOption,
    NoSaveOption,
    OutOption,
    SetOption,
    UnitsOption,
    load,
    output_folder,
)
from membrane_pde.cli.output import console, draw, print_json, progress_bar, saving, to_json


def sweep(
    case: CaseArgument,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="KEY=VALUES",
            help='Values of a key: --vary left.pressure="0:80:17 bar" (start:stop:count), or "0 bar; 50 bar". '
            "May be repeated for more keys; every combination of their values is run.",
        ),
    ] = None,
    vary_from: Annotated[
        Path | None,
        typer.Option(
            "--vary-from",
            metavar="TABLE.csv",
            help="Instead of --vary: a table with one column for each key and one row for each run, with units in the "
            "header or in every cell.",
        ),
    ] = None,
    zipped: Annotated[
        bool, typer.Option("--zip", help="Pair the lists one to one instead of every combination.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", help="Parallel processes; default one per CPU.")
    ] = None,
    overrides: SetOption = None,
    out: OutOption = None,
    no_save: NoSaveOption = False,
    no_plots: NoPlotsOption = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a sweep that was interrupted.")] = False,
    xlsx: Annotated[
        bool, typer.Option("--xlsx", help="Also write sweep.xlsx, a workbook in the units that --units chooses.")
    ] = False,
    as_json: JsonOption = False,
    units: UnitsOption = None,
) -> None:
    """Run a case for many values of one key or of several.

    Results are saved in results/NAME-sweep. The exit status is 1 only if every run failed.
    """
    from membrane_pde.input.errors import CaseError
    from membrane_pde.results.folders import add_files
    from membrane_pde.show import report_sweep, workbook
    from membrane_pde.studies import sweeping
    from membrane_pde.studies.sweepfile import heading, parse_values, read_values, unfolded, varied
    from membrane_pde.studies.workers import end_idle

    if xlsx and no_save:
        raise CaseError("--xlsx and --no-save contradict each other: give one of them")
    if (vary is None) == (vary_from is None):
        raise CaseError(
            'what to vary? Give --vary KEY=VALUES, for example --vary left.pressure="0 bar; 50 bar", or a table, '
            "--vary-from TABLE.csv; not both"
        )
    values: dict[str, list[str]] = {} if vary_from is None else read_values(vary_from)
    for key, texts in map(parse_values, vary or ()):
        if key in values:
            raise CaseError(f'--vary {key} is given twice: give all its values at once, for example "0 bar; 50 bar"')
        values[key] = texts
    first = {key: texts[0] for key, texts in values.items() if texts}
    loaded = load(case, overrides, ranges=False, varied=first)
    folder, together = output_folder(out, no_save, f"{loaded.name}-sweep"), zipped or vary_from is not None
    if xlsx:
        counts = [len(texts) for texts in values.values()]
        workbook.check_size(max(counts) if together else math.prod(counts))
    try:
        with progress_bar(loaded.name) as progress:
            swept = sweeping.sweep(loaded, values, workers, progress, zipped=together, out=folder, resume=resume)
    finally:
        end_idle()
    columns, headings = unfolded(swept), {key: heading(swept, key) for key in varied(swept)}
    failed = int((columns["status"] == "failed").sum())
    if folder and xlsx:
        with saving():
            add_files(
                folder,
                lambda into: workbook.save_sweep(columns, headings, swept.attrs, loaded, into / "sweep.xlsx"),
            )
    if as_json:
        _print_sweep(swept, columns, failed)
    else:
        report_sweep.show_sweep(console(), columns, headings, swept["solute"].values)
        if folder:
            typer.echo(f"\nResults: {folder}")
    if folder and not no_plots and swept["status"].size > max(1, failed):  # one run makes no curve

        def picture(into: Path) -> None:
            from membrane_pde.show import plot

            plot.save_sweep(swept, into / "sweep.png")

        draw(folder, picture)
    if failed:
        complain(report_sweep.failures(columns, headings))
    if failed == swept["status"].size:
        raise typer.Exit(1)


def _print_sweep(swept: Any, columns: dict[str, Any], failed: int) -> None:
    """Print a sweep as one JSON object, with one line for each run, because there may be very many."""
    import json

    head = {
        "title": swept.attrs["title"],
        "case_name": swept.attrs["case_name"],
        "version": swept.attrs["membrane_pde_version"],
        "units": {str(key): each.attrs.get("units") for key, each in swept.coords.items() if key != "solute"},
        "runs": swept["status"].size,
        "failed": failed,
    }
    solutes = swept["solute"].values.tolist()

    def plain(name: str, value: Any) -> Any:
        if isinstance(value, str):
            return value or (None if name in ("process", "tonicity") else "")
        if getattr(value, "shape", ()):
            return {solute: plain(name, each) for solute, each in zip(solutes, value, strict=True)}
        return value if value == value else None

    write = sys.stdout.write
    write(to_json(head).removesuffix("\n}") + ',\n  "rows": [')
    for run in range(head["runs"]):
        row = {name: plain(name, column[run]) for name, column in columns.items()}
        write(f"{',' if run else ''}\n    {json.dumps(row, allow_nan=False)}")
    write("\n  ]\n}\n")


def fit(
    case: CaseArgument,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA.csv",
            help="A table of measurements. It has a column time [min], or columns of settings such as left.pressure "
            "[bar] (then each row is a run of its own), and columns of measured quantities such as water_flux "
            "[L/m^2/hour] or rejection[NaCl] [%]. Known standard errors stand in columns such as water_flux error "
            "[L/m^2/hour], or water_flux error [%] (per cent of each number).",
        ),
    ],
    free: Annotated[
        list[str],
        typer.Option(
            "--free",
            metavar="KEY",
            help="A key of the case to fit, such as membrane.water_permeability. May be repeated.",
        ),
    ],
    errors: Annotated[
        str,
        typer.Option(
            "--errors",
            metavar="KIND",
            help="Standard errors of measured columns that have no error column: absolute (equal for all points of a "
            'column), relative (proportional to each number), or a known value such as "1 %".',
        ),
    ] = "absolute",
    overrides: SetOption = None,
    out: OutOption = None,
    no_save: NoSaveOption = False,
    no_plots: NoPlotsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fit numbers of a case, such as permeabilities, to measurements.

    Results are saved in results/NAME-fit.
    """
    from membrane_pde.results.folders import check_output
    from membrane_pde.show import report_fit
    from membrane_pde.studies import fitting

    loaded = load(case, overrides)
    folder = output_folder(out, no_save, f"{loaded.name}-fit")
    if folder:
        check_output(folder)
    with progress_bar(loaded.name, total=None) as progress:
        found = fitting.fit(loaded, data, free, progress=progress, errors=errors)
    try:
        if folder:

            def picture(into: Path) -> None:
                from membrane_pde.show import plot

                plot.save_fit(found, into / "fit.png")

            with saving():
                found.save(folder)
            if not no_plots:
                draw(folder, picture)
    finally:  # what was computed is shown even if the disk is full
        if as_json:
            print_json(found.summary)
        else:
            report_fit.show_fit(console(), found)
    if folder and not as_json:
        typer.echo(f"\nResults: {folder}")
