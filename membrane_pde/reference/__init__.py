"""Tables to compare the package with: exact solutions and published measurements. README.md names their sources.

The package computes nothing from them; `membrane_pde.verify` and the tests compare with them.
"""

import csv
from importlib.resources import files


def table(name: str) -> list[dict[str, str]]:
    """Rows of a table, as written.

    Parameters
    ----------
    name : str
        Of the file, without .csv.

    Returns
    -------
    list of dict
        By the names of the columns; lines that start with '#' are left out.
    """
    lines = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def numbers(row: dict[str, str]) -> dict[str, float]:
    """The numeric entries of a row."""
    found = {}
    for key, text in row.items():
        try:
            found[key] = float(text)
        except ValueError:
            continue
    return found
