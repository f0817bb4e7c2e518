"""Tables as spreadsheets and instruments write them: the header and the cells of a CSV file, as text.

Read is what can be meant in one way only: commas, semicolons or tabs between the columns, Excel's ``sep=`` line and its
UTF-16, NumPy's header behind ``#``, a decimal comma where the columns are not separated by commas, empty columns, and
the minus sign U+2212. Everything else is refused in words.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from membrane_pde.input.errors import CaseError
from membrane_pde.input.units import NUMBER
from membrane_pde.input.wording import cut

MAX_BYTES = 10_000_000
MAX_ROWS = 10_000

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)  # 1,234: a thousands separator, or a decimal comma
_SEPARATORS = (",", ";", "\t")


def read_csv(path: Path, most_rows: int = MAX_ROWS) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Read the columns of a CSV file as text.

    Parameters
    ----------
    path : Path
        The file.
    most_rows : int
        How many rows it may have.

    Returns
    -------
    columns : list of (str, list of str)
        Header and cells of every column; numbers with a decimal point and an ASCII minus sign.
    rows : list of str
        What to call each row in a message: "line 3".

    Raises
    ------
    CaseError
        A file that cannot be read, or whose meaning is not certain.
    """
    shown = cut(str(path), 120)
    try:
        return _columns(_lines(path), most_rows)
    except UnicodeDecodeError as error:
        encoding = "UTF-16" if error.encoding.startswith("utf-16") else "UTF-8"
        raise CaseError(
            f"{shown}: not a text in {encoding} (byte {error.start}); save the table as CSV, UTF-8"
        ) from None
    except CaseError as error:
        raise CaseError(f"{shown}: {error}") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise CaseError(f"{shown}: cannot be read ({getattr(error, 'strerror', None) or error})") from None


def _lines(path: Path) -> list[str]:
    if path.is_dir():
        raise CaseError("is a folder; expected a CSV file")
    if not path.is_file():
        raise CaseError("no such file")
    if path.stat().st_size > MAX_BYTES:
        raise CaseError(f"larger than {MAX_BYTES // 1_000_000} MB, the most that is read")
    content = path.read_bytes()
    if content.startswith(b"PK\x03\x04"):
        raise CaseError("a spreadsheet, not a text; save the table as CSV")
    utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # Excel's "Unicode text"
    text = content.decode("utf-16" if utf_16 else "utf-8-sig")
    if "\0" in text:
        raise CaseError("not a text; save the table as CSV, UTF-8")
    return text.splitlines()


def _columns(lines: list[str], most_rows: int) -> tuple[list[tuple[str, list[str]]], list[str]]:
    separator, skipped = "", 0
    if lines and (stated := re.fullmatch(r"sep=(.)", lines[0].strip("\"' "), re.IGNORECASE)):
        separator, skipped = stated[1], 1
    text = [line for line in lines[skipped:] if line.strip() and not line.lstrip().startswith("#")]
    comments = [line for line in lines[skipped:] if line.lstrip().startswith("#")]
    if not text:
        raise CaseError("the file is empty; expected a header and a row for every measurement")
    separator = separator or _separator(text[0])
    reader, found = csv.reader(lines[skipped:], delimiter=separator), []
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#"):
                found.append((reader.line_num + skipped, [_plain(cell) for cell in row]))
    except csv.Error as error:
        raise CaseError(f"line {reader.line_num + skipped}: not CSV ({error})") from None
    found = found or [(1, [""])]
    header = found[0][1]
    if all(_is_number(cell) for cell in header if cell):
        header = _header_behind_hash(comments, separator, len(header))
    else:
        found = found[1:]
    while len(header) > 1 and not header[-1] and not any(any(row[len(header) - 1 :]) for _, row in found):
        header = header[:-1]  # a separator at the end of the line
    if len(found) > most_rows:
        raise CaseError(f"{len(found)} rows; at most {most_rows}")
    body = []
    for line, row in found:
        cells = row[: len(header)]
        if len(cells) < len(header) or any(row[len(header) :]):
            hint = "; a number is written with a decimal point, not a comma" if separator == "," else ""
            raise CaseError(f"line {line} has {len(row)} cells, and the header {len(header)}{hint}")
        body.append(cells)
    if separator != ",":
        _use_decimal_points(body, [line for line, _ in found])
    columns = [(name, [row[i] for row in body]) for i, name in enumerate(header)]
    return [(name, cells) for name, cells in columns if name or any(cells)], [f"line {line}" for line, _ in found]


def _plain(cell: str) -> str:
    """A cell without surrounding blanks. A dash before a number, which text processors write, becomes a minus sign."""
    stripped = cell.strip()
    minus = re.sub("[\N{MINUS SIGN}\N{EN DASH}]", "-", stripped)
    return minus if _is_number(minus) or _DECIMAL_COMMA.fullmatch(minus) else stripped


def _is_number(cell: str) -> bool:
    return bool(NUMBER.fullmatch(cell))


def _separator(line: str) -> str:
    """The separator between columns: the most frequent one in the first row, outside quotation marks."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(_SEPARATORS, key=bare.count)


def _header_behind_hash(comments: list[str], separator: str, width: int) -> list[str]:
    """The header that NumPy's `savetxt` writes as a comment."""
    for line in reversed(comments):
        names = [cell.strip() for cell in next(csv.reader([line.lstrip().lstrip("#")], delimiter=separator), [])]
        if len(names) == width and any(names) and not any(_is_number(name) for name in names):
            return names
    raise CaseError(
        "the first row holds only numbers; expected a header with a name and a unit for every column, for example "
        "time [min],water_flux [L/m^2/hour]"
    )


def _use_decimal_points(body: list[list[str]], lines: list[int]) -> None:
    """Replace decimal commas by points if they cannot be thousands separators."""
    where = {
        cell: line for line, row in zip(lines, body, strict=True) for cell in row if _DECIMAL_COMMA.fullmatch(cell)
    }
    if not where:
        return
    point = next((cell for row in body for cell in row if "." in cell and _is_number(cell)), None)
    comma, line = next(iter(where.items()))
    if point is not None:
        raise CaseError(
            f"line {line}: {comma} has a comma and {point} a point; write every number with a decimal point, without "
            "thousands separators"
        )
    if all(_THOUSANDS.fullmatch(cell) for cell in where):
        raise CaseError(
            f"line {line}: {comma} may mean {comma.replace(',', '')} or {comma.replace(',', '.')}; write it with a "
            "decimal point and without thousands separators"
        )
    for row in body:
        row[:] = [cell.replace(",", ".") if cell in where else cell for cell in row]
