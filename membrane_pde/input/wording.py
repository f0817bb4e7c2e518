"""Parts of messages: shortened texts, values and keys as in a case file, names similar to a wrong one."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any


def cut(text: str, length: int = 60) -> str:
    """A text short enough for a message."""
    return text if len(text) <= length else text[: length - 1] + "…"


def nearest(name: str, known: Iterable[str], always: bool = False, substance: bool = False, within: str = "") -> str:
    """The end of a message about a wrong name.

    Parameters
    ----------
    name : str
        As written.
    known : iterable of str
        What there is.
    always : bool
        List what there is if nothing is near.
    substance : bool
        It is the name of a substance: a few letters in common make no other one of it (DMSO is not MgSO4).

    within : str
        The path of the table in which the names are keys, with its dot; put before what was meant.

    Returns
    -------
    str
        ``; did you mean "x"?``, ``; known: x, y``, or "".
    """
    known = list(known)
    lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name[:100].lower(), lower, n=1, cutoff=0.8 if substance else 0.6)
    if near and (not substance or near[0][:1] == name[:1].lower()):
        return f'; did you mean "{within}{lower[near[0]]}"?'
    return f"; known: {cut(', '.join(known), 300)}" if always and known else ""


def show(value: Any) -> str:
    """A value as written in the file, shortened for a message."""
    if isinstance(value, float) and value != value:
        return "nan"
    try:
        return cut(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError):
        return cut(str(value))


@lru_cache(maxsize=1024)
def key_text(name: str) -> str:
    """A key as it is written in TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
