"""Print paragraphs and tables: with rich on a terminal, as plain aligned text on a pipe."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = tuple[str, ...]


def say(console: Any, text: str = "", bold: str = "", wrap: bool = True) -> None:
    """Print a paragraph: wrapped, its start in bold, on a terminal; one plain line on a pipe, without loading rich."""
    if not console.is_terminal:
        console.file.write(f"{bold}{text}\n")
        return
    from rich.text import Text

    console.print(Text.assemble((bold, "bold"), text), soft_wrap=not wrap)


def show_rows(console: Any, header: Row, rows: Iterable[Row], numeric_from: int = 2) -> None:
    """Print a table: by rich on a terminal, as plain aligned text on a pipe.

    Parameters
    ----------
    console : rich.console.Console
        Or, for a pipe, an object with `is_terminal = False` and a `file`.
    header : tuple of str
    rows : iterable of tuple of str
    numeric_from : int
        Columns from this one on are aligned to the right.
    """
    rows = list(rows)
    if not console.is_terminal:  # a pipe has no width: nothing is wrapped or cut
        everything = ([header] if any(header) else []) + rows
        widths = [max(len(row[i]) for row in everything) for i in range(len(header))]
        for row in everything:
            cells = (
                c.rjust(w) if i >= numeric_from else c.ljust(w)
                for i, (c, w) in enumerate(zip(row, widths, strict=True))
            )
            console.file.write("  ".join(cells).rstrip() + "\n")
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_header=any(header), pad_edge=False)
    for i, name in enumerate(header):
        table.add_column(Text(name), justify="right" if i >= numeric_from else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
