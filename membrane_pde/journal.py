"""What a long computation has done, on disk while it lasts: whatever ends it, the next one goes on from there.

A file of lines. Each is a record in JSON behind its checksum; the first says whose journal it is. Lines are only ever
added, so that the worst a sudden end leaves is a line that was cut, and that one is not read. One process at a time has
a journal: the lock ends with the process, however that ends.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from membrane_pde.case import CaseError

_TITLE = b"membrane-pde journal\n"
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

_open: set[Path] = set()  # in this process, whose locks do not keep itself out

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, 2**31 - 1, os.SEEK_SET)  # what is locked there cannot be read: a byte that is never reached
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # of this process alone: workers do not inherit it


class Journal:
    """A journal, made if there is none, that no other process has as long as it is open.

    Parameters
    ----------
    path : Path
        Its file, absolute.

    Raises
    ------
    CaseError
        If it is in use, the file is something else, or it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path in _open:
            raise self._in_use()
        try:
            self._file = self._opened()
        except OSError as error:
            raise self._not_written(error) from error
        _open.add(path)

    @property
    def name(self) -> str:
        """The file's path, short where it can be."""
        here = Path.cwd()
        return str(self.path.relative_to(here) if self.path.is_relative_to(here) else self.path)

    def _opened(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            file = os.open(self.path, _FLAGS, 0o666)
            try:
                if not stat.S_ISREG(os.fstat(file).st_mode) or not _TITLE.startswith(os.read(file, len(_TITLE))):
                    raise CaseError(f"{self.name}: not a journal of membrane-pde, and left alone; give another folder")
                try:
                    _lock(file)
                except (BlockingIOError, PermissionError):
                    raise self._in_use() from None
                if self.path.exists() and os.path.samestat(os.fstat(file), os.stat(self.path)):
                    return file
            except BaseException:
                os.close(file)
                raise
            os.close(file)  # who had it removed it meanwhile

    def _in_use(self) -> CaseError:
        return CaseError(f"{self.name}: in use, another sweep is writing there; let it finish, or give another folder")

    def _not_written(self, error: OSError) -> CaseError:
        return CaseError(f"{self.name}: cannot be written ({error.strerror or error})")

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def read(self) -> Iterator[dict[str, Any]]:
        """Every record, in order; behind the last whole one the file is cut, for `append`."""
        whole = 0
        os.lseek(self._file, 0, os.SEEK_SET)
        with open(self._file, "rb", closefd=False) as file:
            if file.readline() == _TITLE:
                whole = len(_TITLE)
                for line in file:
                    record = _unpacked(line)
                    if record is None:
                        break
                    whole += len(line)
                    yield record
        self._cut(whole)

    def begin(self, head: Mapping[str, Any]) -> None:
        """Forget what there is, and write the first record."""
        try:
            self._cut(0)
            self._write(_TITLE + _packed(head))
        except CaseError:
            self.remove()
            raise

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record."""
        self._write(_packed(record))

    def remove(self) -> None:
        """Close the journal and remove its file."""
        if sys.platform == "win32":  # which removes no open file
            self.close()
        self.path.unlink()
        self.close()

    def close(self) -> None:
        """Let others have it."""
        if self.path in _open:
            _open.remove(self.path)
            os.close(self._file)

    def _cut(self, size: int) -> None:
        os.ftruncate(self._file, size)
        os.lseek(self._file, size, os.SEEK_SET)

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise self._not_written(error) from error


def _packed(record: Mapping[str, Any]) -> bytes:
    text = json.dumps(record).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


def _unpacked(line: bytes) -> dict[str, Any] | None:
    """The record of a line; None if it was cut or damaged."""
    checksum, _, text = line.partition(b" ")
    if not text.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text[:-1]):
        return None
    record: dict[str, Any] = json.loads(text)
    return record
