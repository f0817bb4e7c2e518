"""Keeping the solved points of a sweep in a journal, and resuming from it or from a finished sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde import __version__
from membrane_pde.input.errors import CaseError
from membrane_pde.results.folders import UNFINISHED, made_if_missing
from membrane_pde.results.result import STATUSES
from membrane_pde.studies import journal, sweepfile
from membrane_pde.studies.sweeping.dataset import Table
from membrane_pde.studies.sweeping.grid import Grid
from membrane_pde.studies.sweeping.rows import WORDS, Chunk

if TYPE_CHECKING:
    import xarray


@contextmanager
def journaled(grid: Grid, folder: Path, resume: bool) -> Iterator[tuple[Table, Callable[[int, Chunk], None]]]:
    """Give a table with the points that a journal holds already, and a function that adds a chunk to the journal.

    If all goes well the journal is removed at the end. After an error it stays, and a note on the error says so.
    """
    table = Table(grid)
    with made_if_missing(folder.resolve()) as place, journal.Journal(place / UNFINISHED) as kept:

        def keep(start: int, chunk: Chunk) -> None:
            kept.append(start, chunk[1], chunk[0].astype("<f8").tobytes())

        _recall(grid, table, kept, resume)
        try:
            yield table, keep
        except BaseException as error:
            count = 0 if kept.lost else sum(len(words) for _, words, _ in kept.chunks())
            if count:
                error.add_note(
                    f"{count} of {grid.points} runs are kept in {kept.name}: the same command with --resume (in Python "
                    "resume=True) continues from there"
                )
            else:
                kept.remove()
            raise
        kept.remove()


def _recall(grid: Grid, table: Table, kept: journal.Journal, resume: bool) -> None:
    """Read the points of a journal into a table, or begin the journal if there is none."""
    head = kept.head()
    if head is None:
        kept.begin(grid.attributes())
        return
    another = _another(head, grid)
    if not resume:
        done = sum(len(words) for _, words, _ in kept.chunks())
        which = f"a sweep {another}" if another else "this sweep"
        raise CaseError(
            f"{kept.name} has {done} runs of {which}, which was not finished: continue it with --resume (in Python "
            "resume=True), give another folder, or remove the file to start again"
        )
    if another:
        raise CaseError(
            f"{kept.name} is of a sweep {another}, so this one cannot be resumed from it: give another folder, or "
            "remove the file to start again"
        )
    wrong = []
    for start, words, numbers in kept.chunks():
        if (rows := _rows(grid, table, start, words, numbers)) is None:
            wrong.append(start)
        else:
            table.put(start, rows, [tuple(each) for each in words])
    for start in wrong:
        kept.forget(start)


def _rows(grid: Grid, table: Table, start: int, words: Any, numbers: bytes) -> NDArray[np.float64] | None:
    """The numbers of a chunk; None unless it is a valid chunk of this sweep with points that are not known yet."""
    if not isinstance(words, list) or not 0 <= start < start + len(words) <= grid.points:
        return None
    if len(numbers) != 8 * grid.width * len(words) or table.known[start : start + len(words)].any():
        return None
    for each in words:
        if not isinstance(each, list) or len(each) != len(WORDS) or not all(isinstance(word, str) for word in each):
            return None
        row = dict(zip(WORDS, each, strict=True))
        if row["status"] not in STATUSES or row["version"] != __version__:
            return None
    rows = np.frombuffer(numbers, "<f8").reshape(-1, grid.width)
    return None if np.isinf(rows).any() else rows


def finished_before(grid: Grid, out: str | Path) -> xarray.Dataset | None:
    """The dataset of the same sweep, finished before in a folder; None if the folder holds no sweep."""
    swept = sweepfile.load(out)
    if swept is None:
        return None
    if another := _another(swept.attrs, grid):
        raise CaseError(
            f"--out {out} holds a finished sweep {another}, so there is nothing to resume: give another folder, or "
            "replace it without --resume"
        )
    if swept["status"].dims != grid.dims or swept["status"].shape != grid.shape:
        raise CaseError(
            f"{Path(out) / 'sweep.nc'}: damaged, it has other runs than its sweep; remove it to start again"
        )
    return swept


def _another(head: Mapping[str, Any], grid: Grid) -> str:
    """Text on the difference between a sweep with the attributes `head` and this one; "" if there is none."""
    own = grid.attributes()
    for name, words in (
        ("membrane_pde_version", f"by version {head.get('membrane_pde_version')} and not {__version__}"),
        ("case_name", f'of the case "{head.get("case_name")}" and not "{grid.case.name}"'),
        ("case", "of a case with other values"),
        ("values", "over other values of the keys"),
        ("combined", "that combines the values in the other way (with or without --zip)"),
    ):
        if head.get(name) != own[name]:
            return words
    return ""
