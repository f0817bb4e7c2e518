"""Solutes and membranes that come with the package, every value with its source.

The files are TOML with the values written as in a case file. A solute is a table such as::

    [NaCl]
    name = "sodium chloride"
    diffusivity = { value = "1.611e-9 m^2/s", temperature = "25 degC", source = "..." }

and a membrane has `water_permeability`, perhaps `flux_law` and `activation_energy`, and ``[NAME.solutes.SOLUTE]`` with
`permeability`, `reflection` and perhaps `activation_energy`, each again with `value` and `source`.
"""

import tomllib
from functools import cache
from importlib.resources import files
from itertools import takewhile
from typing import Any


@cache
def solutes() -> dict[str, dict[str, Any]]:
    """Every solute of the library by its name in a case file, as written in solutes.toml. Not to be changed."""
    return _read("solutes.toml")


@cache
def membranes() -> dict[str, dict[str, Any]]:
    """Every membrane of the library by its `type` in a case file, as written in membranes.toml. Not to be changed."""
    return _read("membranes.toml")


@cache
def elements() -> dict[str, dict[str, Any]]:
    """Every element of the library by its name in a case file, as written in elements.toml. Not to be changed."""
    return _read("elements.toml")


@cache
def pitzer() -> dict[str, Any]:
    """Ion-interaction parameters as written in pitzer.toml: rows "pair", "theta" and "psi". Not to be changed."""
    return _read("pitzer.toml")


def head(name: str) -> str:
    """The comment at the head of ``name.toml``, which its sources refer to: paragraphs, each one line."""
    lines = _text(f"{name}.toml").splitlines()
    comment = [line[1:].strip() for line in takewhile(lambda line: line.startswith("#"), lines)]
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in "\n".join(comment).split("\n\n"))


def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads(_text(name))


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
