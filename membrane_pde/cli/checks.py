"""Commands about the package itself: validate checks its results, compile makes it fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from membrane_pde.cli.output import console, print_json, progress_bar, saving

# the names in `verify.GROUPS`, which takes too long to import for --help
CHECK_GROUPS = (
    "formulas",
    "two-gases",
    "two-slabs",
    "well-mixed",
    "moving-volume",
    "film",
    "unstirred-wall",
    "forward-osmosis",
    "curved",
    "order",
    "modules",
    "conservation",
    "limits",
    "symmetry",
    "scaling",
    "pfeffer",
    "sucrose",
    "osmotic-coefficients",
    "elements",
    "gas-diffusivity",
)


def validate(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="GROUP",
            help=f"Run only this group of checks. May be repeated. The groups: {', '.join(CHECK_GROUPS)}.",
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Use fewer cells, cases and points, at the same tolerances. Takes half a minute."),
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option("--out", metavar="PAGE.html", help="Also write a page with a table and plots for each group."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all checks as a JSON list.")] = False,
) -> None:
    """Check the package against known results.

    Known results are exact solutions, orders of convergence, conservation, limits, symmetry and measurements. Each
    computed number is printed beside the expected one, with its tolerance and source. The exit status is 1 if a check
    fails.
    """
    from membrane_pde.input.errors import CaseError
    from membrane_pde.input.wording import nearest
    from membrane_pde.show import report_checks

    for name in only or []:
        if name not in CHECK_GROUPS:
            known = ", ".join(CHECK_GROUPS)
            raise CaseError(f"--only {name}: the groups of checks are {known}{nearest(name, CHECK_GROUPS)}")
    if page:
        from membrane_pde.show.checks_page import check_page, write_page

        check_page(page)
    from membrane_pde import verify

    count = len(set(only)) if only else len(CHECK_GROUPS)
    groups = []
    with progress_bar("validate") as progress:
        for each in verify.findings(only or (), quick):
            groups.append(each)
            if progress:
                progress(len(groups) / count)
    if as_json:
        print_json([{"group": each.group, **check.as_dict()} for each in groups for check in each.checks])
    else:
        report_checks.show_checks(console(), groups)
    if page:
        with saving():
            write_page(page, groups, quick)
        if not as_json:
            typer.echo(f"Page: {page}")
    if not all(each.passed for each in groups):
        raise typer.Exit(1)


def compile_kernels() -> None:
    """Compile the solver to machine code, once.

    This takes about a minute. Afterwards runs and sweeps are much faster.
    """
    from membrane_pde import runs
    from membrane_pde.input.errors import CaseError

    try:
        folder = runs.compile_kernels()
    except OSError as error:
        raise CaseError(
            f"the compiled solver is stored in the user's cache, which cannot be written ({error}): set "
            "XDG_CACHE_HOME to a folder that can be written; until then the solver runs in plain Python"
        ) from error
    typer.echo(f"The solver is compiled. It is kept in {folder}.")
