"""Many records as a few strings: numbers as bytes in base64, texts as templates and the numbers that fill them.

Nothing is compressed: a page must open in browsers that cannot inflate, and its size is known before anything is run.

- A number of a curve over time has 3 bytes: the upper three of an IEEE 754 single, 16 bits of mantissa, 1 in 65536.
- A concentration of a profile has 1 byte, in 255ths of the largest of its profile, which stands beside it.
- A text is cut at its numbers. What is left, the template, is the same for most runs and stored once.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from membrane_pde.show.pages.record import Record

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")
HOLE = "\x01"  # marks the position of a number in a template


def three_bytes(values: Any) -> bytes:
    """Numbers as the upper three bytes of singles, rounded; NaN stays NaN."""
    single = np.ascontiguousarray(values, dtype="<f4").view("<u4").astype(np.uint64)
    nan = np.isnan(np.asarray(values, dtype=float)).ravel()
    rounded = ((single.ravel() + 0x80) >> 8).astype(np.uint32)
    rounded[nan] = 0x7FC000
    parts = np.stack([(rounded >> shift) & 0xFF for shift in (16, 8, 0)], axis=1)
    return parts.astype(np.uint8).tobytes()


def text_of(data: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(data).decode("ascii")


def pack_series(records: Sequence[Record]) -> dict[str, Any]:
    """Curves over time of all runs.

    Returns
    -------
    dict
        ``names``; ``lengths``, in the same order, how many numbers a run has: of each time, of each place;
        ``kinds``: 0 one number for all runs, 1 one number for each run, 2 all of them; ``data``, the numbers in
        base64, a series after the other. A run that failed has NaN.
    """
    known = [each for each in records if not each.failed]
    names = list(dict.fromkeys(name for each in known for name in each.series))
    kinds, lengths, data = [], [], []
    for name in names:
        count = next(each.series[name].size for each in known if name in each.series)
        empty = np.full(count, np.nan)
        lengths.append(count)
        values = np.array([each.series.get(name, empty) for each in records], dtype=np.float32)
        there = values[[not each.failed for each in records]]
        kind = 2
        if np.isfinite(there).all():
            if (there == there.flat[0]).all():
                kind, values = 0, there[:1, :1]
            elif (there == there[:, :1]).all():
                kind, values = 1, values[:, :1]
        kinds.append(kind)
        data.append(three_bytes(values))
    return {"names": names, "lengths": lengths, "kinds": kinds, "data": text_of(b"".join(data))}


def pack_profiles(records: Sequence[Record]) -> dict[str, str]:
    """Profiles of all runs, of shape (run, solute, side, time, place).

    Returns
    -------
    dict
        ``tops``: the largest of each profile, 3 bytes; ``data``: 255ths of it, 1 byte; both in base64. A run that
        failed has zeros.
    """
    shape = next(each.profiles.shape for each in records if each.profiles is not None)
    tops, data = [], []
    for each in records:
        values = np.zeros(shape) if each.profiles is None else np.maximum(each.profiles, 0.0)
        top = values.max(axis=-1)
        shares = np.divide(values, top[..., None], out=np.zeros(shape), where=top[..., None] > 0.0)
        tops.append(three_bytes(top))
        data.append(np.round(255.0 * shares).astype(np.uint8).tobytes())
    return {"tops": text_of(b"".join(tops)), "data": text_of(b"".join(data))}


def pack_texts(records: Sequence[Record]) -> dict[str, Any]:
    """Sentences and tables of all runs.

    Returns
    -------
    dict
        ``templates``, with `HOLE` in place of numbers, and ``runs``: the place of its template and, after a tab each,
        the numbers.
    """
    templates: dict[str, int] = {}
    runs = []
    for each in records:
        template = _NUMBER.sub(HOLE, each.text)
        place = templates.setdefault(template, len(templates))
        runs.append("\t".join([str(place), *_NUMBER.findall(each.text)]))
    return {"templates": list(templates), "runs": runs}
