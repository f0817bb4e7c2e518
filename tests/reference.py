"""The reference tables, which stand beside the project in ../shared/reference."""

import csv
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "reference"


def table(name: str) -> list[dict[str, str]]:
    """Rows of a table by its name without .csv, lines that start with '#' left out."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def numbers(row: dict[str, str]) -> dict[str, float]:
    """Those entries of a row that are numbers."""
    found = {}
    for key, text in row.items():
        try:
            found[key] = float(text)
        except ValueError:
            continue
    return found
