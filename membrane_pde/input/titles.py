"""Titles of changed cases: they list the changes, so that no title contradicts the values of its case."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

LONGEST = 200  # largest number of characters of a title
CHANGED, VARIED = ", changed: ", ", varied: "
_MARK = 60  # largest number of characters of a list of changes; further changes are only counted
_SHORT = 24  # largest number of characters of a short title
_SHORT_MARK = 28
_MORE = re.compile(r" and (\d+) more$")
_NEXT = re.compile(r", (?=[a-z_]\S* = )(?![^{]*\})")  # between two entries of a list of changes
_MANY_DIGITS = re.compile(r"\d+\.\d{6,}(?:[eE][-+]?\d+)?")


def marked(title: str, changes: Mapping[str, object]) -> str:
    """The title of a case in which some keys have other values than in its file.

    Parameters
    ----------
    title : str
        As it stands in the file. A case without a title stays without one.
    changes : mapping
        The new value, as written, by the path of its key.

    Returns
    -------
    str
        "Sea water: 60 bar, changed: left.pressure = 55 bar"; of a long list the first changes and the number of the
        others. At most `LONGEST` characters.
    """
    keys = sorted(changes, key=lambda key: (key.startswith(("mesh.", "run.")), key))  # the least important come last
    title = _without(title, keys)
    return _with_list(title, CHANGED, [f"{key} = {_written(changes[key])}" for key in keys])


def varied(title: str, keys: Iterable[str]) -> str:
    """The title of a sweep: the title of its case, and the varied keys."""
    return _with_list(title, VARIED, list(keys))


def parts(title: str) -> tuple[str, str]:
    """The title as in the file, and the list that `marked` or `varied` added ("" if none)."""
    for mark in (CHANGED, VARIED):
        before, found, _ = title.partition(mark)
        if found:
            return before, title[len(before) + 2 :]
    return title, ""


def short(title: str, name: str) -> str:
    """The part of the title before the colon, or the name of the case if that is long; then the changes.

    Parameters
    ----------
    title : str
        Of the case, also a marked one.
    name : str
        Of the case.

    Returns
    -------
    str
        "Osmosis"; "Osmosis, right.pressure = 10 bar"; "Osmosis, changed" where the changes are long.
    """
    whole, mark = parts(title)
    head = whole.split(":")[0].strip()
    if not 0 < len(head) <= _SHORT:
        head = name.replace("_", " ").capitalize()
    if not mark:
        return head
    word, _, listed = mark.partition(": ")
    return f"{head}, {listed if len(listed) <= _SHORT_MARK else word}"


def of_all(titles: Sequence[str]) -> str:
    """One title for several runs: the title that they share, or ""."""
    if len(set(titles)) == 1:
        return titles[0]
    unmarked = {parts(title)[0] for title in titles}
    return unmarked.pop() if len(unmarked) == 1 else ""


def in_lines(title: str, width: int) -> str:
    """Wrap a title to lines of at most `width` characters; the list of changes starts a new line."""
    whole, mark = parts(title)
    pieces = [title] if len(title) <= width or not mark else [f"{whole},", mark]
    return "\n".join(line for piece in pieces for line in textwrap.wrap(piece, width))


def _without(title: str, keys: Iterable[str]) -> str:
    """Remove these keys from the list of changes in a title, as they are changed again."""
    whole, mark = parts(title)
    if not mark or CHANGED not in title:
        return title
    listed = mark.removeprefix(CHANGED[2:])
    more = _MORE.search(listed)
    changed = tuple(f"{key}." for key in keys)  # and the keys below them
    kept = [
        item for item in _NEXT.split(_MORE.sub("", listed)) if not f"{item.partition(' = ')[0]}.".startswith(changed)
    ]
    if not kept and more:
        return f"{whole}{CHANGED}{more.group(1)} more"
    return f"{whole}{CHANGED}{', '.join(kept)}{more.group() if more else ''}" if kept else whole


def _with_list(title: str, mark: str, items: list[str]) -> str:
    if not title or not items:
        return title
    if mark == CHANGED and CHANGED in title:  # of a case that was saved with its changes, and changed again
        mark = ", "
    shown, room = items[:1], _MARK - len(items[0])
    for item in items[1:]:
        room -= len(item) + 2
        if room < 0:
            break
        shown.append(item)
    rest = len(items) - len(shown)
    text = mark + ", ".join(shown) + (f" and {rest} more" if rest else "")
    return title + text if len(title) + len(text) <= LONGEST else f"{title[: LONGEST - len(text) - 1]}…{text}"


def _written(value: object) -> str:
    """A value as in a case file, on one line and without more digits than are read."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        text = "{ " + ", ".join(f"{key} = {_written(each)}" for key, each in value.items()) + " }"
    elif isinstance(value, list | tuple):
        text = f"[{', '.join(map(_written, value))}]"
    else:
        text = " ".join(str(value).split())
    if len(text) > 8:
        text = _MANY_DIGITS.sub(lambda found: f"{float(found.group()):.6g}", text)
    if not text.isprintable():
        text = "".join(each if each.isprintable() else " " for each in text)
    return text if len(text) <= 40 else f"{text[:39]}…"
