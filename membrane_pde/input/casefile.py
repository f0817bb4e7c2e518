"""Read case files and the cases that come with the package; say where the text is not valid TOML."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from membrane_pde.input.build import build, completed_case
from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.wording import cut, nearest

MAX_BYTES = 10_000_000


def load_case(
    path_or_name: str | Path,
    values: Mapping[str, object] | None = None,
    varied: Mapping[str, object] | None = None,
) -> Case:
    """Read a case from a file, or a shipped case by its name.

    Parameters
    ----------
    path_or_name : str or Path
        A file's path, or a name from `case_names`.
    values : mapping, optional
        Values that take the place of the file's, or complete it, as `Case.with_values` takes them. The file need not
        be right without them.
    varied : mapping, optional
        Values of keys that a sweep sets anew in every run. They are used only if the file is not right without them.

    Returns
    -------
    Case

    Raises
    ------
    CaseError
        No such file or name, a file that cannot be read, or anything wrong with the case; the message starts with the
        file's path, and names those of `values` that it is about.
    """
    if not isinstance(path_or_name, str | Path):
        what = type(path_or_name).__name__
        raise CaseError(f'{what}: expected a file\'s path, or the name of a shipped case such as "osmosis"')
    path = Path(path_or_name)
    try:
        found = path.is_file()
    except (OSError, ValueError):  # a name too long for the file system, or with a null character
        found = False
    if not found:
        shipped = _shipped()
        if str(path_or_name) not in shipped:
            raise CaseError(_not_found(path, shipped))
        path = shipped[str(path_or_name)]
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise CaseError(f"{path}: larger than {MAX_BYTES // 1_000_000} MB, the most that is read")
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise CaseError(f"{path}: not a text in UTF-8 (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise CaseError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return parse_case(text, path.stem, values, varied)
    except CaseError as error:
        start = f"{cut(str(path_or_name), 120)} " if str(error).startswith("with ") else f"{path}: "
        raise CaseError(f"{start}{error}") from None


def as_case(case: Case | str | Path, varied: Mapping[str, object] | None = None) -> Case:
    """Return a case as it is, and load it if a path or the name of a shipped case is given; `varied` as in `load_case`.

    Raises
    ------
    CaseError
        Anything else, and what `load_case` refuses.
    """
    if isinstance(case, Case):
        return case
    if isinstance(case, str | Path):
        return load_case(case, varied=varied)
    raise CaseError(
        f"{type(case).__name__}: expected a case (of load_case or parse_case), a file's path, or the name of a shipped "
        'case such as "osmosis"'
    )


def case_names() -> list[str]:
    """Names of the cases that come with the package, in alphabetical order."""
    return sorted(_shipped())


def case_text(name: str) -> str:
    """The text of a shipped case, comments and all.

    Parameters
    ----------
    name : str
        A name from `case_names`.

    Returns
    -------
    str

    Raises
    ------
    CaseError
        No such case.
    """
    shipped = _shipped()
    if name not in shipped:
        raise CaseError(f'"{cut(name)}" is not a shipped case{nearest(name, shipped, always=True)}')
    return shipped[name].read_text(encoding="utf-8")


def case_tables(name: str) -> dict[str, str]:
    """The tables of measurements that come with a shipped case: name and text of each CSV file that its text names.

    Parameters
    ----------
    name : str
        A name from `case_names`.

    Returns
    -------
    dict of str to str

    Raises
    ------
    CaseError
        No such case.
    """
    named = set(re.findall(r"[\w-]+\.csv\b", case_text(name)))
    folder = _shipped()[name].parent
    return {each: (folder / each).read_text(encoding="utf-8") for each in sorted(named) if (folder / each).is_file()}


def _shipped() -> dict[str, Path]:
    """The shipped cases: in the package in a wheel, at the project's root in a clone."""
    package = Path(__file__).parents[1]
    for folder in (package / "cases", package.parent / "cases"):
        if folder.is_dir():
            files = (name for name in os.listdir(folder) if name.endswith(".toml"))
            return {name.removesuffix(".toml"): folder / name for name in files}
    return {}


def _not_found(path: Path, shipped: Iterable[str]) -> str:
    shown = cut(str(path), 120)
    try:
        if path.is_dir():
            return f"{shown}: is a folder; expected a case file"
        if path.exists():
            return f"{shown}: is a pipe or a device; expected a case file"
        beside = [each.name for each in path.parent.glob("*.toml")]
    except (OSError, ValueError):
        beside = []
    hint = nearest(path.name, beside) if path.suffix or len(path.parts) > 1 else ""
    hint = hint or nearest(path.stem, shipped) or "; `membrane-pde list` shows the cases that come with the package"
    return f"{shown}: no such file, and no shipped case of that name{hint}"


def parse_case(
    text: str,
    name: str = "case",
    values: Mapping[str, object] | None = None,
    varied: Mapping[str, object] | None = None,
) -> Case:
    """Read a case from the text of a case file.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        What to call the case (`Case.name`).
    values : mapping, optional
        Values that take the place of the text's, or complete it, as `Case.with_values` takes them.
    varied : mapping, optional
        Values of keys that a sweep sets anew in every run. They are used only if the text is not right without them.

    Returns
    -------
    Case

    Raises
    ------
    CaseError
        Anything wrong with it.
    """
    if len(text) > MAX_BYTES:
        raise CaseError(f"the case is larger than {MAX_BYTES // 1_000_000} MB, the most that is read")
    if deep := _DEEP_KEY.search(text):
        number = text.count("\n", 0, deep.start()) + 1
        raise CaseError(f"line {number}: a key of more than 50 parts, {cut(deep.group())}: nested too deeply")
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, and a whole number of 5000 digits
        raise CaseError(_toml_message(text, error)) from None
    if not raw and not values and not varied:
        raise CaseError("the case is empty: there is no key in it (`membrane-pde new` makes one to start from)")
    try:
        return completed_case(raw, name, values or {}, varied or {}) if values or varied else build(raw, name)
    except RecursionError:
        raise CaseError("the case is nested too deeply") from None


# tomllib takes very long for a key of a million parts.
_DEEP_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]{0,99}+"|'[^'\n]{0,99}+')[ \t]*+\.[ \t]*+){50}""", re.ASCII)
_UNQUOTED_SIGN = re.compile(r"""(?:^|[\s{,.\[])([A-Za-z0-9_-]*\+[A-Za-z0-9_+-]*)\s*(?=[=.\]])""")
_UNQUOTED_VALUE = re.compile(r"=\s*([+-]?[0-9][0-9.eE+-]*\s*[A-Za-zµμ°%/][^,}\]#]*)")


def _toml_message(text: str, error: Exception) -> str:
    """The message for invalid TOML: the line, and the likely mistake in it."""
    lines = text.splitlines()
    position = re.search(r"\(at line (\d+), column \d+\)", str(error))
    number = int(position.group(1)) if position else len(lines)
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    reason = re.sub(r"\s*\(at [^)]*\)$", "", str(error))
    if isinstance(error, RecursionError):
        reason = "nested too deeply"
    opened = next((i for i, each in enumerate(lines[:number], 1) if _opens_inline_table(each)), None)
    sign = _UNQUOTED_SIGN.search(_without_texts(line))
    value = _UNQUOTED_VALUE.search(_without_texts(line))
    if sign:
        reason = f'write a name with a sign in quotes: "{cut(sign.group(1))}"'
    elif opened:
        number, line = opened, lines[opened - 1]
        reason = "an inline table { … } must stand on one line; put it on one line, or write a [table] of its own"
    elif value:
        reason = f'write a quantity in quotes: "{cut(value.group(1).strip())}"'
    return f"line {number}: not valid TOML: {reason}\n    {cut(line.strip(), 120)}"


def _without_texts(line: str) -> str:
    """A line without its quoted strings and its comment."""
    return re.sub(r"""\"(?:[^"\\]|\\.)*+(?:"|\\?$)|'[^']*+(?:'|$)""", '""', line).split("#")[0]


def _opens_inline_table(line: str) -> bool:
    bare = _without_texts(line)
    return bare.count("{") > bare.count("}")
