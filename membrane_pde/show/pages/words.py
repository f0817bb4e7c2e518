"""Texts of a page: the question, the inputs as written with their sources, and the accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from membrane_pde import library
from membrane_pde.input import casefile
from membrane_pde.show import formatting, report, report_case, report_library, sketch
from membrane_pde.show.pages.record import table
from membrane_pde.show.printing import Row
from membrane_pde.show.readings import SIDES, labels_of

_SOLUTES = 4  # largest number of solutes named in the question


def question(case: Any) -> str:
    """The question of a case: the contents of both sides, the membrane between them, and the quantity to be found.

    Parameters
    ----------
    case : Case

    Returns
    -------
    str
        Two or three sentences.
    """
    labels = labels_of(case)
    sentences = []
    for side in SIDES:
        name = f"the {side}" if labels[side] == side else f"the {side} ({labels[side]})"
        sentences.append(f"On {name}: {_holds(case, side)}.")
    if case.module is not None:
        plant = case.plant
        elements = sum(len(stage.elements) for stage in plant.stages)
        what = "one element" if elements == 1 else f"{elements} elements"
        return " ".join([*sentences, f"Along {what}: how much water passes, and what does it carry?"])
    span = f" in {formatting.duration(case.run.duration)}"
    if case.membrane.type == "none":
        asked = f"Nothing separates them. How fast do they mix{span}?"
    elif case.membrane.water_permeability == 0.0:
        asked = f"The membrane between them lets no water through. What crosses it{span}?"
    else:
        asked = f"Which way does the water go through the membrane{span}, how much of it, and where does it end?"
    return " ".join([*sentences, asked])


def about(case: Any) -> list[str]:
    """The introductory paragraphs of a shipped case; none if a value has been changed."""
    if case.name not in casefile.case_names() or case != casefile.load_case(case.name):
        return []
    lines = casefile.case_text(case.name).splitlines()
    comment = "\n".join(line[1:].strip() for line in takewhile(lambda line: line.startswith("#"), lines))
    return [paragraph.replace("\n", " ") for paragraph in comment.split("\n\n")]


def _holds(case: Any, side: str) -> str:
    """Initial contents of a side, and the pressure on it."""
    compartment = getattr(case, side)
    names = list(case.solutes)
    parts = [f"{name} {_given(case, side, name)}" for name in names[:_SOLUTES]]
    if len(names) > _SOLUTES:
        parts.append(f"{len(names) - _SOLUTES} more solutes")
    pressure = compartment.pressure
    if case.phase != "gas" and case.membrane.type != "none" and pressure is not None:
        held = getattr(pressure, "total", None) or ("flux" if pressure.flux else "")
        if held or len(pressure.values) > 1 or pressure.oscillates:
            parts.append("the pressure that is needed" if held else "a pressure that changes in time")
        elif not compartment.far_end.fixed_volume:
            parts.append(f"{formatting.quantity(pressure.values[0], 'pressure')}")
    return ", ".join(parts)


def _given(case: Any, side: str, name: str) -> str:
    try:
        return sketch.given_words(case, side, name)
    except (AttributeError, KeyError, TypeError):  # a schedule of an inlet has no one concentration
        return "as given below"


def inputs(case: Any) -> dict[str, Any]:
    """Table of the keys of a case as they are written, with their units."""
    return table("As written in the case file", ("key", "value"), list(_written(case._origin.written)), numeric_from=2)


def _written(tables: Mapping[str, Any], path: str = "") -> Iterator[Row]:
    for key, value in tables.items():
        here = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping) and value:
            yield from _written(value, here)
        elif isinstance(value, Mapping):
            yield here, "from the library"
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            for place, each in enumerate(value):
                yield from _written(each, f"{here}.{place}")
        elif isinstance(value, bool):
            yield here, str(value).lower()
        else:
            yield here, str(value)


def sources(case: Any) -> dict[str, Any]:
    """Table of the values that come from the library, with their sources; a value that the case gives is left out."""
    written = case._origin.written
    rows: list[Row] = []
    for name in case.solutes:
        if name in library.solutes():
            given = written.get("solutes", {}).get(name, {})
            rows += _sourced(f"solutes.{name}", library.solutes()[name], given)
    membrane = written.get("membrane", {})
    kind, element = membrane.get("type"), membrane.get("element")
    if kind in library.membranes():
        rows += _sourced(f"membrane ({kind})", library.membranes()[kind], membrane)
    if element in library.elements():
        rows += _sourced(f"element ({element})", library.elements()[element], {})
    return table("From the library", ("value", "", "source"), rows, numeric_from=3)


def _sourced(path: str, entry: Mapping[str, Any], given: Any) -> Iterator[Row]:
    """Rows of an entry of the library, without what a case writes itself."""
    for key, value in entry.items():
        own = isinstance(given, Mapping) and key in given
        if not isinstance(value, Mapping):
            continue
        if "value" in value:
            if not own:
                shown = report_library.value_words(value["value"])
                held = f" at {value['temperature']}" if "temperature" in value else ""
                yield f"{path}: {key.replace('_', ' ')}", f"{shown}{held}", str(value.get("source", ""))
        elif key not in ("test", "limits"):
            inner = given.get(key, {}) if isinstance(given, Mapping) else {}
            yield from _sourced(f"{path}, {key.replace('_', ' ')}", value, inner)


def all_values(case: Any) -> dict[str, Any]:
    """Table of all values of a case in SI units."""
    return table(
        "All values, defaults included, in SI units", ("key", "value", "unit"), report_case.case_table(case), 3
    )


def accuracy(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """Table of the estimated errors; None if there is no estimate."""
    if not summary.get("error_estimate"):
        return None
    rows = report.accuracy_table(summary)
    return table("Estimated numerical errors", report.ACCURACY_HEADER, rows, numeric_from=1)


def balance(summary: Mapping[str, Any]) -> str:
    """Conservation error, and solver settings of the run."""
    parts = []
    if (error := summary.get("amount_error")) is not None:
        parts.append(f"Amounts of solutes are conserved to {formatting.number(error, digits=2)} of the largest.")
    if summary.get("cells") and summary.get("steps"):
        parts.append(f"Computed with {summary['cells']} cells in {summary['steps']} steps.")
    return " ".join(parts)
