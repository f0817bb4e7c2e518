"""Commands that do not run a case in time: list, new, show, equilibrium, steady, osmotic-pressure, schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from membrane_pde.cli.options import CaseArgument, JsonOption, SetOption, UnitsOption, load
from membrane_pde.cli.output import console, print_json


def list_cases(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]",
            help="With --solutes, --membranes or --elements: list only what has these names.",
            show_default=False,
        ),
    ] = None,
    solutes: Annotated[
        bool, typer.Option("--solutes", help="List the solutes of the library, with values and sources.")
    ] = False,
    membranes: Annotated[
        bool, typer.Option("--membranes", help="List the membranes of the library, with values and sources.")
    ] = False,
    elements: Annotated[
        bool, typer.Option("--elements", help="List the membrane elements of the library, with values and sources.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the shipped cases, or what the library has: solutes, membranes or membrane elements."""
    chosen = {"solute": solutes, "membrane": membranes, "element": elements}
    if any(chosen.values()):
        _list_library(names or [], [what for what, given in chosen.items() if given], as_json)
        return
    import tomllib

    from membrane_pde.input.casefile import case_names, case_text
    from membrane_pde.input.errors import CaseError

    if names:
        raise CaseError(
            f"list {names[0]}: a name needs --solutes, --membranes or --elements; `membrane-pde show` shows a case"
        )
    titles = {name: tomllib.loads(case_text(name)).get("title", "") for name in case_names()}
    if as_json:
        print_json(titles)
        return
    width = max(map(len, titles), default=0)
    for name, title in titles.items():
        typer.echo(f"{name:{width}}  {title}")


def _list_library(names: list[str], kinds: list[str], as_json: bool) -> None:
    """Print the named solutes, membranes or elements of the library, or all of them."""
    import shutil

    from membrane_pde import library
    from membrane_pde.input.errors import CaseError
    from membrane_pde.input.wording import nearest
    from membrane_pde.show import report_library

    if len(kinds) > 1:
        raise CaseError(f"{' and '.join(f'--{kind}s' for kind in kinds)} contradict each other: give one of them")
    (what,) = kinds
    entries = {"solute": library.solutes, "membrane": library.membranes, "element": library.elements}[what]()
    for name in names:
        if name not in entries:
            raise CaseError(
                f'the library has no {what} "{name}"{nearest(name, entries, always=True, substance=what == "solute")}'
            )
    chosen = {name: entries[name] for name in names or entries}
    if as_json:
        print_json(chosen)
        return
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    typer.echo(report_library.library_text(chosen, library.head(f"{what}s"), width))


def new(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Name of a shipped case.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="File to write. Default: CASE.toml.", show_default=False)
    ] = None,
) -> None:
    """Copy a shipped case to a file that you can edit, and its measurements if it has any. Nothing is overwritten."""
    from membrane_pde.input.casefile import case_tables, case_text

    text = case_text(case)
    path = file or Path(f"{case}.toml")
    _write_new(path, text)
    typer.echo(f"{path}: edit it, then `membrane-pde run {path}`")
    for name, table in case_tables(case).items():
        beside = path.with_name(name)
        if not beside.exists():
            _write_new(beside, table)
            typer.echo(f"{beside}: measurements that go with it, for `membrane-pde fit`")


def _write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet."""
    from membrane_pde.input.errors import CaseError

    try:
        with path.open("x", encoding="utf-8", newline="\n") as target:
            target.write(text)
    except FileExistsError:
        raise CaseError(f"{path} exists already, and nothing is overwritten: give another file name") from None
    except OSError as error:
        raise CaseError(f"cannot write {path}: {error.strerror}") from None


def show(case: CaseArgument, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Show all values of a case in SI units. Defaults and the mesh are included."""
    from membrane_pde import runs
    from membrane_pde.show import printing, report_case

    loaded = load(case, overrides)
    mesh = runs.mesh_of(loaded)
    if as_json:
        widths = {key: [float(w) for w in value] for key, value in mesh.items()}
        values = report_case.case_values(loaded)
        print_json(
            values | {"name": loaded.name, "mesh": {**values["mesh"], **widths}, "warnings": list(loaded.warnings)}
        )
        return
    printing.show_rows(console(), ("", "value", "unit"), report_case.case_table(loaded, mesh), numeric_from=3)


def equilibrium(
    case: CaseArgument, overrides: SetOption = None, as_json: JsonOption = False, units: UnitsOption = None
) -> None:
    """Compute the equilibrium that a closed case ends at, without simulating the way there."""
    from membrane_pde import runs
    from membrane_pde.show import report_equilibrium

    loaded = load(case, overrides)
    summary = runs.equilibrium(loaded)
    if as_json:
        print_json(summary)
    else:
        report_equilibrium.show_equilibrium(console(), loaded, summary)


def steady(
    case: CaseArgument, overrides: SetOption = None, as_json: JsonOption = False, units: UnitsOption = None
) -> None:
    """Compute the steady state of a case with constant inputs, without simulating the way there."""
    from membrane_pde import runs
    from membrane_pde.show import report_steady

    loaded = load(case, overrides)
    summary = runs.steady(loaded)
    if as_json:
        print_json(summary)
    else:
        report_steady.show_steady(console(), loaded, summary)
    if summary["status"] is None:
        raise typer.Exit(1)


def osmotic_pressure(
    solution: Annotated[
        list[str],
        typer.Argument(
            metavar="SOLUTE=CONCENTRATION...", help='Each solute with its concentration, such as NaCl="35 g/L".'
        ),
    ],
    temperature: Annotated[
        str, typer.Option("--temperature", metavar="T", help='Temperature, such as "10 degC".')
    ] = "25 degC",
    model: Annotated[str, typer.Option("--model", help="Osmotic model: pitzer, virial or ideal.")] = "pitzer",
    membrane: Annotated[
        str | None,
        typer.Option(
            "--membrane",
            metavar="NAME",
            help="Also show the effective osmotic pressure at this membrane. For names: list --membranes.",
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="SOLUTE=CONCENTRATION",
            help="Solution on the other side of the membrane: also show the tonicity. May be repeated.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compute the osmotic pressure of a solution.

    It is printed with osmolarity and osmolality. The tonicity needs --membrane and --against.
    """
    from membrane_pde.input import mixture
    from membrane_pde.input.errors import CaseError
    from membrane_pde.show import report_solution

    parts, other = _solution(solution), _solution(against) if against else None
    try:
        answer = mixture.osmotic_pressure(parts, temperature=temperature, model=model, membrane=membrane, against=other)
    except CaseError as error:
        hint = "; or take --model ideal" if f'osmotic_model = "{model}" needs it' in str(error) else ""
        raise CaseError(f"{error}{hint}") from None
    if as_json:
        print_json(answer)
    else:
        report_solution.show_osmotic_pressure(console(), answer, model)


def _solution(texts: list[str]) -> dict[str, str]:
    """Read SOLUTE=CONCENTRATION arguments into a dictionary from solute to concentration."""
    from membrane_pde.input.errors import CaseError
    from membrane_pde.input.overrides import parse_override

    parts: dict[str, str] = {}
    for text in texts:
        solute, concentration = parse_override(text, 'SOLUTE=CONCENTRATION, for example NaCl="35 g/L"')
        if solute in parts:
            raise CaseError(f"{solute} is given twice: {parts[solute]} and {concentration}")
        parts[solute] = concentration
    return parts


def schema() -> None:
    """Print the JSON schema of case files."""
    from membrane_pde.input.schema import json_schema

    print_json(json_schema())
