"""The command `membrane-pde`: arguments in, text out.

Only typer is imported at the top: `--help` answers at once, and each command imports what it needs.
Exit status: 0 done, 1 the run failed, 2 the user's input is wrong, 130 interrupted, 143 told to end (SIGTERM).
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from membrane_pde.input.case import Case
    from membrane_pde.results.result import Result

log = logging.getLogger("membrane_pde")


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a command as Ctrl-C does: after it has cleaned up."""


class Commands(TyperGroup):
    """Turns what goes wrong in any command into a line on stderr and an exit status."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)  # in the order of this file

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
            told = isinstance(interrupt, Terminated)
            done = _notes(interrupt) or "nothing half-written is left"
            complain(f"{'told to end' if told else 'interrupted'}; {done}")
            # CPython notes that an interrupt left code given as a string (a dataclass of a module that was being
            # imported) and would end by SIGINT in place of this status; the next such string resets that note
            exec("")
            sys.exit(143 if told else 130)
        except Exception as error:
            if type(error).__module__.partition(".")[0] in ("typer", "click"):
                raise  # its own: wrong usage, an early exit
            from membrane_pde.input.case import CaseError

            if isinstance(error, CaseError):
                complain("; ".join(filter(None, (str(error), _notes(error)))))
                sys.exit(1 if _notes(error) else 2)  # a note tells what is done: the input was right
            if log.isEnabledFor(logging.INFO):
                log.exception("unexpected error")
            what = str(error) or "no message"
            hint = "" if isinstance(error, OSError) else " (`membrane-pde -v …` shows where)"
            complain("; ".join(filter(None, (f"{type(error).__name__}: {what}{hint}", _notes(error)))))
            sys.exit(1)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help and errors: quick, and one line an error
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="A case file, or the name of a shipped case.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help='Override a value: --set left.pressure="50 bar". May be repeated.'),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object in SI units.")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for the results.")]
NoSaveOption = Annotated[bool, typer.Option("--no-save", help="Write nothing.")]
NoPlotsOption = Annotated[bool, typer.Option("--no-plots", help="Write no pictures.")]


def _use_units(name: str | None) -> None:
    from membrane_pde.show import presets

    presets.use_units(name or presets.DEFAULT)


UnitsOption = Annotated[
    str | None,
    typer.Option(
        "--units",
        metavar="SET",
        callback=_use_units,
        help="Of tables and pictures: engineering (L/m²/h, bar, g/L), physiology (µm/s, mmHg, mOsm/L, mmol/L) or SI.",
    ),
]

# of `verify.GROUPS`, which --help does not wait for
CHECK_GROUPS = (
    "formulas",
    "two-gases",
    "two-slabs",
    "well-mixed",
    "moving-volume",
    "film",
    "unstirred-wall",
    "order",
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


def _print_version(wanted: bool) -> None:
    if wanted:
        from membrane_pde import __version__

        typer.echo(f"membrane-pde {__version__}")
        raise typer.Exit()


@app.callback()
def options(
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, show_default=False, help="Say more; -vv for everything.")
    ] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Errors only.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Osmosis and reverse osmosis: two solutions, a membrane between them."""
    level = logging.ERROR if quiet else {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("membrane-pde: %(levelname)s: %(message)s"))
    log.handlers = [handler]
    log.setLevel(level)


@app.command("list")
def list_cases(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="With --solutes or --membranes: only these.", show_default=False),
    ] = None,
    solutes: Annotated[bool, typer.Option("--solutes", help="The library's solutes: values and sources.")] = False,
    membranes: Annotated[bool, typer.Option("--membranes", help="The library's membranes.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The cases that come with the package, one line each; or its solutes or membranes."""
    if solutes or membranes:
        _list_library(names or [], solutes, membranes, as_json)
        return
    import tomllib

    from membrane_pde.input.case import CaseError
    from membrane_pde.input.casefile import case_names, case_text

    if names:
        raise CaseError(f"list {names[0]}: names go with --solutes or --membranes; a case is shown by `show`")
    titles = {name: tomllib.loads(case_text(name)).get("title", "") for name in case_names()}
    if as_json:
        _print_json(titles)
        return
    width = max(map(len, titles), default=0)
    for name, title in titles.items():
        typer.echo(f"{name:{width}}  {title}")


def _list_library(names: list[str], solutes: bool, membranes: bool, as_json: bool) -> None:
    """The library's solutes or membranes as they are written there: those with the names, or all."""
    import shutil

    from membrane_pde import library
    from membrane_pde.input.case import CaseError
    from membrane_pde.input.values import nearest
    from membrane_pde.show import report

    if solutes and membranes:
        raise CaseError("--solutes and --membranes contradict each other: give one of them")
    what, entries = ("solute", library.solutes()) if solutes else ("membrane", library.membranes())
    for name in names:
        if name not in entries:
            raise CaseError(
                f'the library has no {what} "{name}"{nearest(name, entries, always=True, substance=solutes)}'
            )
    chosen = {name: entries[name] for name in names or entries}
    if as_json:
        _print_json(chosen)
        return
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    typer.echo(report.library_text(chosen, library.head(f"{what}s"), width))


@app.command()
def new(
    case: Annotated[str, typer.Argument(metavar="CASE", help="The name of a shipped case.")],
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Default: CASE.toml.", show_default=False)] = None,
) -> None:
    """A commented copy of a shipped case to edit; never overwrites."""
    from membrane_pde.input.case import CaseError
    from membrane_pde.input.casefile import case_text

    text = case_text(case)
    path = file or Path(f"{case}.toml")
    try:
        with path.open("x", encoding="utf-8", newline="\n") as target:
            target.write(text)
    except FileExistsError:
        raise CaseError(f"{path} exists already, and nothing is overwritten: give another file name") from None
    except OSError as error:
        raise CaseError(f"cannot write {path}: {error.strerror}") from None
    typer.echo(f"{path}: edit it, then `membrane-pde run {path}`")


@app.command()
def show(case: CaseArgument, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """The case as understood: SI values, defaults filled in, mesh."""
    from membrane_pde import runs
    from membrane_pde.show import report

    loaded = _load(case, overrides)
    mesh = runs.mesh_of(loaded)
    if as_json:
        widths = {key: [float(w) for w in value] for key, value in mesh.items()}
        values = report.case_values(loaded)
        _print_json(
            values | {"name": loaded.name, "mesh": {**values["mesh"], **widths}, "warnings": list(loaded.warnings)}
        )
        return
    report.show_rows(_console(), ("", "value", "unit"), report.case_table(loaded, mesh), numeric_from=3)


@app.command()
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
        typer.Option("--check-accuracy", help="Estimate the error of each number, by two more runs."),
    ] = False,
) -> None:
    """Run a case; results go to results/NAME unless told otherwise."""
    from membrane_pde import runs
    from membrane_pde.results.folders import check_output
    from membrane_pde.show import report

    loaded = _load(case, overrides, ranges=False)
    folder = _folder(out, no_save, loaded.name)
    if folder:
        check_output(folder)
    result, failure = _solve(loaded)
    if check_accuracy and result is not None and not failure:
        try:
            with _progress("accuracy") as told:
                result.summary["error_estimate"] = runs.check_accuracy(result, told)
        except runs.RunError as error:
            complain(f"warning: {error}")
    if result is not None:
        try:
            if folder:
                with _saving():
                    result.save(folder)
                if not no_plots:
                    _draw(folder, _plots(result))
        finally:  # what was computed is shown even if the disk is full
            if as_json:
                _print_json(result.summary)
            else:
                report.show_result(_console(), result)
        if folder and not as_json:
            typer.echo(f"\nResults: {folder}")
    if failure:
        complain(f"{loaded.name} failed: {failure}")
        raise typer.Exit(1)


@app.command()
def compare(
    cases: Annotated[list[str], typer.Argument(metavar="CASE CASE...", help="Case files or names of shipped cases.")],
    overrides: SetOption = None,
    out: OutOption = None,
    no_save: NoSaveOption = False,
    no_plots: NoPlotsOption = False,
    as_json: JsonOption = False,
    units: UnitsOption = None,
) -> None:
    """Several cases side by side; results go to results/compare. An override counts for all of them."""
    from membrane_pde.input.case import CaseError
    from membrane_pde.results.folders import check_output, write_folder
    from membrane_pde.show import report

    if len(cases) < 2:
        raise CaseError(f"compare takes two cases or more, got only {cases[0]!r}")
    loaded: dict[str, Case] = {}
    for text in cases:
        one = _load(text, overrides, ranges=False)
        name = next(n for n in _numbered(one.name) if n not in loaded)
        loaded[name] = one
    folder = _folder(out, no_save, "compare")
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
            (target / "summary.json").write_text(_to_json(summaries), encoding="utf-8")
            (target / "comparison.csv").write_text(report.comparison_csv(results), encoding="utf-8")

        def picture(target: Path) -> None:
            from membrane_pde.show import plot

            plot.save_comparison(list(results.values()), target / "comparison.png")

        with _saving():
            write_folder(folder, write)
        if not no_plots:
            _draw(folder, picture)
    if as_json:
        _print_json(summaries)
    elif results:
        report.show_comparison(_console(), results)
        if folder:
            typer.echo(f"\nResults: {folder}")
    for failure in failures:
        complain(failure)
    if failures:
        raise typer.Exit(1)


@app.command()
def sweep(
    case: CaseArgument,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="KEY=VALUES",
            help='Values of a key: --vary left.pressure="0:80:17 bar" (start:stop:count), or "0 bar; 50 bar". '
            "May be repeated: then every combination.",
        ),
    ] = None,
    vary_from: Annotated[
        Path | None,
        typer.Option(
            "--vary-from",
            metavar="TABLE.csv",
            help="In place of --vary: a table with a column a key, its unit in the header or in every cell, and a row "
            "a run.",
        ),
    ] = None,
    zipped: Annotated[bool, typer.Option("--zip", help="Walk the keys together: no combinations.")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", help="Processes that solve. Default: one a CPU.")
    ] = None,
    overrides: SetOption = None,
    out: OutOption = None,
    no_save: NoSaveOption = False,
    no_plots: NoPlotsOption = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a sweep that was not finished.")] = False,
    as_json: JsonOption = False,
    units: UnitsOption = None,
) -> None:
    """Run a case with many values; results go to results/NAME-sweep. Exit status 1 only if every run failed."""
    from membrane_pde.input.case import CaseError
    from membrane_pde.show import report
    from membrane_pde.studies import sweeping
    from membrane_pde.studies.sweepfile import heading, parse_values, read_values, unfolded, varied
    from membrane_pde.studies.workers import end_idle

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
    loaded = _load(case, overrides, ranges=False, varied=first)
    folder, together = _folder(out, no_save, f"{loaded.name}-sweep"), zipped or vary_from is not None
    try:
        with _progress(loaded.name) as progress:
            swept = sweeping.sweep(loaded, values, workers, progress, zipped=together, out=folder, resume=resume)
    finally:
        end_idle()
    columns, headings = unfolded(swept), {key: heading(swept, key) for key in varied(swept)}
    failed = int((columns["status"] == "failed").sum())
    if as_json:
        _print_sweep(swept, columns, failed)
    else:
        report.show_sweep(_console(), columns, headings, swept["solute"].values)
        if folder:
            typer.echo(f"\nResults: {folder}")
    if folder and not no_plots and swept["status"].size > max(1, failed):  # one run makes no curve

        def picture(into: Path) -> None:
            from membrane_pde.show import plot

            plot.save_sweep(swept, into / "sweep.png")

        _draw(folder, picture)
    if failed:
        complain(report.failures(columns, headings))
    if failed == swept["status"].size:
        raise typer.Exit(1)


@app.command()
def fit(
    case: CaseArgument,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA.csv",
            help="A table: time [min], or settings such as left.pressure [bar], a run each; and what was measured: "
            "water_flux [L/m^2/hour], rejection[NaCl] [%]. Standard errors, if known: water_flux error [L/m^2/hour] or "
            "[%] of each number.",
        ),
    ],
    free: Annotated[
        list[str],
        typer.Option("--free", metavar="KEY", help="A number of the case to be fitted. May be repeated."),
    ],
    errors: Annotated[
        str,
        typer.Option(
            "--errors",
            metavar="KIND",
            help="Standard errors of columns without a column of errors: absolute (equal for all points of a column), "
            'relative (in proportion to each number), or known, such as "1 %".',
        ),
    ] = "absolute",
    overrides: SetOption = None,
    out: OutOption = None,
    no_save: NoSaveOption = False,
    no_plots: NoPlotsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fit numbers of a case, such as permeabilities, to measurements; results go to results/NAME-fit."""
    from membrane_pde.results.folders import check_output
    from membrane_pde.show import report
    from membrane_pde.studies import fitting

    loaded = _load(case, overrides)
    folder = _folder(out, no_save, f"{loaded.name}-fit")
    if folder:
        check_output(folder)
    with _progress(loaded.name, total=None) as progress:
        found = fitting.fit(loaded, data, free, progress=progress, errors=errors)
    try:
        if folder:

            def picture(into: Path) -> None:
                from membrane_pde.show import plot

                plot.save_fit(found, into / "fit.png")

            with _saving():
                found.save(folder)
            if not no_plots:
                _draw(folder, picture)
    finally:  # what was computed is shown even if the disk is full
        if as_json:
            _print_json(found.summary)
        else:
            report.show_fit(_console(), found)
    if folder and not as_json:
        typer.echo(f"\nResults: {folder}")


@app.command()
def equilibrium(
    case: CaseArgument, overrides: SetOption = None, as_json: JsonOption = False, units: UnitsOption = None
) -> None:
    """The analytic end state, without solving the transient."""
    from membrane_pde import runs
    from membrane_pde.show import report

    loaded = _load(case, overrides)
    summary = runs.equilibrium(loaded)
    if as_json:
        _print_json(summary)
    else:
        report.show_equilibrium(_console(), loaded, summary)


@app.command("osmotic-pressure")
def osmotic_pressure(
    solution: Annotated[
        list[str], typer.Argument(metavar="SOLUTE=CONCENTRATION...", help='For example NaCl="35 g/L".')
    ],
    temperature: Annotated[str, typer.Option("--temperature", metavar="T", help='For example "10 degC".')] = "25 degC",
    model: Annotated[str, typer.Option("--model", help="pitzer, virial or ideal.")] = "pitzer",
    membrane: Annotated[
        str | None, typer.Option("--membrane", metavar="NAME", help="What pulls across this one (list --membranes).")
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against", metavar="SOLUTE=CONCENTRATION", help="Other side of the membrane: tonicity. May be repeated."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Osmotic pressure of a solution, its osmolarity and osmolality, and its tonicity at a membrane."""
    from membrane_pde.input import mixture
    from membrane_pde.input.case import CaseError
    from membrane_pde.show import report

    parts, other = _solution(solution), _solution(against) if against else None
    try:
        answer = mixture.osmotic_pressure(parts, temperature=temperature, model=model, membrane=membrane, against=other)
    except CaseError as error:
        hint = "; or take --model ideal" if f'osmotic_model = "{model}" needs it' in str(error) else ""
        raise CaseError(f"{error}{hint}") from None
    if as_json:
        _print_json(answer)
    else:
        report.show_osmotic_pressure(_console(), answer, model)


@app.command()
def validate(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="GROUP",
            help=f"Only this group of checks; may be repeated. The groups: {', '.join(CHECK_GROUPS)}.",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer cells, cases and points at the same tolerances: half a minute.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option("--out", metavar="PAGE.html", help="Also write a page with a table and plots of each group."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every check as JSON, in a list.")] = False,
) -> None:
    """Prove the package: exact solutions, orders of accuracy, conservation, limits, symmetry, and measurements.

    Every number that comes out stands beside the one that is known, with its source and what it may be off; exit
    status 1 if one is off by more.
    """
    from membrane_pde.input.case import CaseError
    from membrane_pde.input.values import nearest
    from membrane_pde.show import report

    for name in only or []:
        if name not in CHECK_GROUPS:
            known = ", ".join(CHECK_GROUPS)
            raise CaseError(f"--only {name}: the groups of checks are {known}{nearest(name, CHECK_GROUPS)}")
    if page:
        from membrane_pde.show.page import check_page, write_page

        check_page(page)
    from membrane_pde import verify

    count = len(set(only)) if only else len(CHECK_GROUPS)
    groups = []
    with _progress("validate") as progress:
        for each in verify.findings(only or (), quick):
            groups.append(each)
            if progress:
                progress(len(groups) / count)
    if page:
        write_page(page, groups, quick)
    if as_json:
        _print_json([{"group": each.group, **check.as_dict()} for each in groups for check in each.checks])
    else:
        report.show_checks(_console(), groups)
        if page:
            typer.echo(f"Page: {page}")
    if not all(each.passed for each in groups):
        raise typer.Exit(1)


@app.command("compile")
def compile_kernels() -> None:
    """Make machine code of the solver, once (a minute or two): runs and sweeps are much faster from then on."""
    from membrane_pde import runs
    from membrane_pde.input.case import CaseError

    try:
        folder = runs.compile_kernels()
    except OSError as error:
        raise CaseError(
            f"machine code is kept in the user's cache, which cannot be written ({error}): "
            "set XDG_CACHE_HOME to a folder that can; until then plain Python solves"
        ) from error
    typer.echo(f"Compiled; kept in {folder}.")


@app.command()
def schema() -> None:
    """The JSON schema of a case file."""
    from membrane_pde.input.case import json_schema

    _print_json(json_schema())


def main() -> None:
    """Entry point of the command."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks "→" shows "?" instead of failing
            stream.reconfigure(errors="replace")
    # pydantic would read the metadata of every installed package, in search of plug-ins for itself
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    os.environ["MPLBACKEND"] = "agg"  # pictures go to files, whatever windows a backend could open
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app(prog_name="membrane-pde")
    finally:
        gc.freeze()  # or Python would search all of it for garbage once more before it ends: 0.4 s with Numba loaded


def _open_what_is_closed() -> None:
    """Let what goes to a stream that the caller has closed (``>&-``) go nowhere, and not to the next file opened."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, this one
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115


def _terminate(number: int, frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one ends it at once
    raise Terminated


# --- shared by the commands ---


def complain(message: str) -> None:
    """One message on stderr."""
    typer.echo(f"membrane-pde: {message}", err=True)


def _notes(error: BaseException) -> str:
    """What was added to an error on its way."""
    return "; ".join(getattr(error, "__notes__", ()))


def _load(
    case: str, overrides: list[str] | None = None, ranges: bool = True, varied: dict[str, str] | None = None
) -> Case:
    """The case, with its warnings told on stderr; `ranges`: also those that a summary will tell."""
    from membrane_pde.input.casefile import load_case, parse_override

    loaded = load_case(case, dict(parse_override(text) for text in overrides or ()), varied)
    if log.isEnabledFor(logging.WARNING):
        for warning in loaded.warnings:
            if ranges or warning not in loaded.away_from_source:
                complain(f"warning: {warning}")
    return loaded


def _solution(texts: list[str]) -> dict[str, str]:
    """Concentrations by solute from SOLUTE=CONCENTRATION."""
    from membrane_pde.input.case import CaseError
    from membrane_pde.input.casefile import parse_override

    parts: dict[str, str] = {}
    for text in texts:
        solute, concentration = parse_override(text, 'SOLUTE=CONCENTRATION, for example NaCl="35 g/L"')
        if solute in parts:
            raise CaseError(f"{solute} is given twice: {parts[solute]} and {concentration}")
        parts[solute] = concentration
    return parts


def _folder(out: Path | None, no_save: bool, name: str) -> Path | None:
    if out and no_save:
        from membrane_pde.input.case import CaseError

        raise CaseError("--out and --no-save contradict each other: give one of them")
    return None if no_save else out or Path("results") / name


def _solve(case: Case) -> tuple[Result | None, str]:
    """Run a case; what there is of the result, and why it failed, or ""."""
    from membrane_pde import runs

    with _progress(case.name) as progress:
        try:
            return runs.run(case, progress=progress), ""
        except runs.RunError as error:
            return error.result, str(error)


@contextmanager
def _saving() -> Iterator[None]:
    """What keeps a result from being written, though its folder had been checked, is a failure and no wrong input."""
    from membrane_pde.input.case import CaseError

    try:
        yield
    except CaseError as error:
        complain(str(error))
        raise typer.Exit(1) from None


def _draw(folder: Path, pictures: Callable[[Path], None]) -> None:
    """Add pictures to a folder that has the numbers; without them it is worth as much."""
    from membrane_pde.results.folders import add_files

    try:
        add_files(folder, pictures)
    except Exception as error:
        told = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        what = told.splitlines()[0] if told else type(error).__name__
        complain(f"warning: no pictures ({what}); the numbers are in {folder}")


@contextmanager
def _progress(name: str, total: float | None = 1.0) -> Iterator[Callable[[float], None] | None]:
    """A progress bar on stderr if that is a terminal, else nothing; without a total it shows that there is progress.

    What a solver's library prints meanwhile goes to stderr, too: stdout is for results.
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


def _plots(result: Result) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        from membrane_pde.show import plot

        plot.save_all(result, folder)

    return write


def _numbered(name: str) -> Iterator[str]:
    """name, name-2, name-3, ..."""
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _console() -> Any:
    """What `report` prints on: rich's console, or on a pipe its like, without loading rich."""
    if not sys.stdout.isatty() and not {"FORCE_COLOR", "TTY_COMPATIBLE"} & os.environ.keys():
        return SimpleNamespace(is_terminal=False, file=sys.stdout)
    from rich.console import Console

    class Quiet(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # the reader has seen enough: no failure, see Commands

    return Quiet(highlight=False)


def _to_json(value: Any) -> str:
    import json

    return json.dumps(value, indent=2, allow_nan=False)


def _print_json(value: Any) -> None:
    typer.echo(_to_json(value))


def _print_sweep(swept: Any, columns: dict[str, Any], failed: int) -> None:
    """A sweep as one JSON object, a line a run: there may be very many."""
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
    write(_to_json(head).removesuffix("\n}") + ',\n  "rows": [')
    for run in range(head["runs"]):
        row = {name: plain(name, column[run]) for name, column in columns.items()}
        write(f"{',' if run else ''}\n    {json.dumps(row, allow_nan=False)}")
    write("\n  ]\n}\n")
