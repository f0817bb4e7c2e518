"""Commands that show cases: animate makes a film, explore opens the sliders in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from membrane_pde.cli.errors import complain
from membrane_pde.cli.options import CaseArgument, SetOption, UnitsOption, load
from membrane_pde.cli.output import progress_bar, saving

if TYPE_CHECKING:
    from membrane_pde.input.case import Case


def animate(
    cases: Annotated[list[str], typer.Argument(metavar="CASE...", help="Case files, or names of shipped cases.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The film: .gif, .webp, or .mp4 where ffmpeg is installed."),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", help="Length of the film.")] = 8.0,
    size: Annotated[
        str | None,
        typer.Option("--size", metavar="WIDTHxHEIGHT", help="Size in pixels, such as 1280x720."),
    ] = None,
    rate: Annotated[int, typer.Option("--fps", metavar="N", help="Pictures per second.")] = 12,
    overrides: SetOption = None,
    units: UnitsOption = None,
) -> None:
    """Make a film of a case, or of up to four side by side.

    It shows vessels, concentrations, arrows and pressures over time, and is saved as results/NAME.gif, or in the file
    that --out gives. Values given by --set apply to all cases. If a run fails, there is no film, and the exit status is
    1.
    """
    from membrane_pde import runs
    from membrane_pde.show import film, filmfile

    pixels = filmfile.parsed_size(size) if size is not None else film.default_size(len(cases))
    if out is not None:
        filmfile.check_suffix(out)
    loaded = [load(text, overrides, ranges=False) for text in cases]
    film.check_cases(loaded)
    target = out or Path("results") / f"{'_and_'.join(case.name for case in loaded)}.gif"
    filmfile.check(target, seconds, pixels, rate)
    results = []
    for case in loaded:
        with progress_bar(case.name) as progress:
            try:
                results.append(runs.run(_stored_often(case, round(seconds * rate)), progress=progress))
            except runs.RunError as error:
                complain(f"{case.name} failed, so there is no film: {error}")
                raise typer.Exit(1) from None
    with saving(), progress_bar(f"film of {round(seconds * rate)} pictures") as progress:
        film.animate(results, target, seconds, pixels, rate, progress)
    typer.echo(f"Film: {target}, {seconds:g} s, {target.stat().st_size / 1e6:.2g} MB")


def explore(
    case: CaseArgument,
    overrides: SetOption = None,
    units: UnitsOption = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address; open it in a browser yourself.")
    ] = False,
) -> None:
    """Explore a case in the browser, with a slider for each of its numbers.

    Only this machine can open the page, at the address that is printed. Ctrl-C ends it.
    """
    from membrane_pde.input.overrides import parse_override
    from membrane_pde.show import browser, explorer, presets

    loaded = load(case, overrides, ranges=False)
    explorer.check(loaded)
    browser.check_installed()
    place = str(Path(case).resolve()) if Path(case).is_file() else case
    changes = dict(parse_override(text) for text in overrides or ())

    def ready(address: str) -> None:
        typer.echo(f"Explorer of {loaded.name}: {address}\nCtrl-C ends it.")

    browser.serve(place, changes, presets.in_use(), loaded.title, ready, not no_browser)
    typer.echo("The explorer has ended.")


def _stored_often(case: Case, pictures: int) -> Case:
    """The case, with a stored time for each picture at least; its title stays."""
    if case.run.outputs >= pictures:
        return case
    return case.with_values({"run.outputs": pictures}).model_copy(update={"title": case.title})
