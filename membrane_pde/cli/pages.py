"""The command page: one HTML file of one case or of several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from membrane_pde.cli.options import SetOption, UnitsOption, load
from membrane_pde.cli.output import progress_bar, saving


def page(
    cases: Annotated[
        list[str],
        typer.Argument(
            metavar="CASE...",
            help="Case files, names of shipped cases, or folders of `run` or `sweep`. Several stand side by side.",
        ),
    ],
    slider: Annotated[
        list[str] | None,
        typer.Option(
            "--slider",
            metavar="KEY=VALUES",
            help='A slider for a key of one case: --slider right.pressure="0:80:41 bar" (start:stop:count), or '
            '"0 bar; 50 bar". At most two; every combination is run beforehand.',
        ),
    ] = None,
    overrides: SetOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PAGE.html", help="File to write. Default: the name of the case, with .html."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", help="Parallel processes; default one per CPU.")
    ] = None,
    units: UnitsOption = None,
) -> None:
    """Write one HTML file that opens in any browser, without network or server.

    It holds the question, the inputs with their sources, the answer in words, drawing, curves and tables, and a slider
    for the time. With --slider it shows the answer for every position without computing: a class can open it on phones.
    """
    from membrane_pde.input.errors import CaseError
    from membrane_pde.runs import RunError
    from membrane_pde.show import htmlfile
    from membrane_pde.show.pages.making import page as make
    from membrane_pde.studies.sweepfile import parse_values
    from membrane_pde.studies.workers import end_idle

    values: dict[str, list[object]] = {}
    for key, texts in map(parse_values, slider or ()):
        if key in values:
            raise CaseError(f"--slider {key} is given twice: give all its values at once")
        values[key] = list(texts)
    if len(values) > 2:
        raise CaseError(f"{len(values)} sliders ({', '.join(values)}): a page takes one or two")
    if overrides and (folders := [each for each in cases if _is_folder(each)]):
        raise CaseError(
            f"--set changes a case, not what is saved in a folder ({folders[0]}): give the case file instead"
        )
    first = {key: str(texts[0]) for key, texts in values.items()}
    shown = [each if _is_folder(each) else load(each, overrides, ranges=False, varied=first or None) for each in cases]
    name = Path(cases[0]).stem if len(cases) == 1 else "compare"
    target = out or Path(f"{name}.html")
    htmlfile.check(target, "page")
    try:
        with progress_bar(name) as progress:
            text = make(shown, sliders=values or None, workers=workers, progress=progress)
    except RunError as error:
        from membrane_pde.cli.errors import complain

        complain(f"no page: the run failed: {error}")
        raise typer.Exit(1) from None
    finally:
        end_idle()
    with saving():
        htmlfile.write(target, text, "page")
    typer.echo(f"Page: {target} ({target.stat().st_size / 1e6:.1f} MB)")


def _is_folder(text: str) -> bool:
    """A folder of a run or a sweep."""
    return any((Path(text) / name).is_file() for name in ("result.nc", "sweep.nc"))
