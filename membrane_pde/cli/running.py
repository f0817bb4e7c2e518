"""Commands that run each case once: run and compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from membrane_pde.input.case import Case
    from membrane_pde.results.result import Result


def run(
    case: CaseArgument,
    overrides: SetOption = None,
    out: OutOption = None,
    no_save: NoSaveOption = False,
    no_plots: NoPlotsOption = False,
    as_json: JsonOption = False,
    units: UnitsOption = None,
    check_accuracy: Annotated[
        bool,
        typer.Option("--check-accuracy", help="Estimate the numerical error of each number, by two more runs."),
    ] = False,
) -> None:
    """Run a case and print the results. They are saved in results/NAME, or in the folder that --out gives."""
    from membrane_pde import runs
    from membrane_pde.results.folders import check_output
    from membrane_pde.show import report

    loaded = load(case, overrides, ranges=False)
    folder = output_folder(out, no_save, loaded.name)
    if folder:
        check_output(folder)
    result, failure = _solve(loaded)
    if check_accuracy and result is not None and not failure:
        try:
            with progress_bar("accuracy") as progress:
                result.summary["error_estimate"] = runs.check_accuracy(result, progress)
        except runs.RunError as error:
            complain(f"warning: {error}")
    if result is not None:
        try:
            if folder and result.arrays:
                with saving():
                    result.save(folder)
                if not no_plots:
                    draw(folder, _plots(result))
        finally:  # what was computed is shown even if the disk is full
            if as_json:
                print_json(result.summary)
            else:
                report.show_result(console(), result)
        if folder and result.arrays and not as_json:
            typer.echo(f"\nResults: {folder}")
    if failure:
        complain(f"{loaded.name} failed: {failure}")
        raise typer.Exit(1)


def compare(
    cases: Annotated[list[str], typer.Argument(metavar="CASE CASE...", help="Case files, or names of shipped cases.")],
    overrides: SetOption = None,
    out: OutOption = None,
    no_save: NoSaveOption = False,
    no_plots: NoPlotsOption = False,
    as_json: JsonOption = False,
    units: UnitsOption = None,
) -> None:
    """Run cases and print their results side by side.

    Results are saved in results/compare. Values given by --set apply to all cases.
    """
    from membrane_pde.input.errors import CaseError
    from membrane_pde.results.folders import check_output, write_folder
    from membrane_pde.show import report_comparison

    if len(cases) < 2:
        raise CaseError(f"compare needs two cases or more, and got only {cases[0]!r}")
    loaded: dict[str, Case] = {}
    for text in cases:
        one = load(text, overrides, ranges=False)
        name = next(n for n in _numbered(one.name) if n not in loaded)
        loaded[name] = one
    folder = output_folder(out, no_save, "compare")
    if folder:
        check_output(folder)
    results: dict[str, Result] = {}
    failures = []
    for name, one in loaded.items():
        result, failure = _solve(one)
        if result is not None:
            results[name] = result
        if failure:
            failures.append(f"{name} failed: {failure}")
    summaries = {"cases": {name: result.summary for name, result in results.items()}}
    if folder and results:

        def write(target: Path) -> None:
            (target / "summary.json").write_text(to_json(summaries), encoding="utf-8")
            (target / "comparison.csv").write_text(report_comparison.comparison_csv(results), encoding="utf-8")

        def picture(target: Path) -> None:
            from membrane_pde.show import plot

            plot.save_comparison(list(results.values()), target / "comparison.png")

        with saving():
            write_folder(folder, write)
        if not no_plots:
            draw(folder, picture)
    if as_json:
        print_json(summaries)
    elif results:
        report_comparison.show_comparison(console(), results)
        if folder:
            typer.echo(f"\nResults: {folder}")
    for failure in failures:
        complain(failure)
    if failures:
        raise typer.Exit(1)


def _solve(case: Case) -> tuple[Result | None, str]:
    """Run a case. Return the result, None or incomplete if the run failed, and why it failed, or ""."""
    from membrane_pde import runs

    with progress_bar(case.name) as progress:
        try:
            return runs.run(case, progress=progress), ""
        except runs.RunError as error:
            return error.result, str(error)


def _plots(result: Result) -> Callable[[Path], None]:
    """Return a function that writes the pictures of a result into a folder."""

    def write(folder: Path) -> None:
        from membrane_pde.show import plot

        plot.save_all(result, folder)

    return write


def _numbered(name: str) -> Iterator[str]:
    """Yield name, name-2, name-3, ..."""
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1
