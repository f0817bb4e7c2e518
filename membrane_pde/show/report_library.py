"""Entries of the library as text: values, conditions and sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def library_text(entries: Mapping[str, Any], head: str, width: int = 100) -> str:
    """Format entries of the library with values, conditions and sources.

    Parameters
    ----------
    entries : mapping
        As `library.solutes`, `library.membranes` or `library.elements` gives them.
    head : str
        Comment at the head of their file, to which the sources refer.
    width : int
        Longest line; only a longer word exceeds it.

    Returns
    -------
    str
        A paragraph for each entry, with a line for each value and its source indented below it; then the head.
    """
    import textwrap

    paragraphs = [
        "\n".join([f"{name}: {entry['name']}", *_library_lines(entry, width)]) for name, entry in entries.items()
    ]
    paragraphs += [
        "At the head of the library's file:",
        *("\n".join(textwrap.wrap(text, width)) for text in head.split("\n\n")),
    ]
    return "\n\n".join(paragraphs)


def _library_lines(entry: Mapping[str, Any], width: int, within: str = "") -> list[str]:
    import textwrap

    lines = []
    for key, value in entry.items():
        if key == "name":
            continue
        if not isinstance(value, Mapping):
            lines += textwrap.wrap(
                f"{within}{key}: {value}", width, initial_indent="  ", subsequent_indent="    ", break_long_words=False,
                break_on_hyphens=False,
            )  # fmt: skip
        elif "value" in value:
            text = f"{within}{key}: {value_words(value['value'])}"
            if "temperature" in value:
                text += f" at {value['temperature']}"
            if "temperature_range" in value:
                low, high = value["temperature_range"]
                text += f" at {low}" if low == high else f" from {low} to {high}"
            lines += textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
            lines += textwrap.wrap(
                value["source"], width, initial_indent=" " * 6, subsequent_indent=" " * 6, break_long_words=False,
                break_on_hyphens=False,
            )  # fmt: skip
        elif key == "solutes":
            for solute, numbers in value.items():
                lines += _library_lines(numbers, width, f"{within}{solute}, ")
        else:  # a table of an element
            lines += _library_lines(value, width, f"{key}, ")
    return lines


def value_words(value: Any) -> str:
    """A value of the library in words: a number with its unit, a list, the ions of a salt."""
    if isinstance(value, Mapping):
        return " + ".join(f"{count} {ion}" for ion, count in value.items())
    if isinstance(value, list):
        return ", ".join(f"{each:.6g}" if isinstance(each, float) else str(each) for each in value)
    return str(value)
