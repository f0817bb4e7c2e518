"""A journal: the results of a long computation in an SQLite file, so that an interrupted computation can be resumed.

Only one process at a time can open a journal: SQLite's lock ends with the process, however that ends. Only data are
read back, no code, and only chunks whose checksum is that of this computation.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from membrane_pde.input.errors import CaseError

log = logging.getLogger(__name__)

_OURS = 0x6D706465  # SQLite's application_id: "mpde"
_SCHEMA = (
    "CREATE TABLE head (text TEXT NOT NULL)",
    "CREATE TABLE chunks (start INTEGER PRIMARY KEY, words TEXT, numbers BLOB, checksum TEXT)",
)
_MOST = 2**28  # largest size of a chunk, bytes
_BESIDE = ("-wal", "-shm", "-journal")  # endings of the files that SQLite keeps beside a database

Words = Sequence[Sequence[str]]


class Journal:
    """A journal, created if there is none; while it is open, no other process can open it.

    Parameters
    ----------
    path : Path
        File of the journal.

    Raises
    ------
    CaseError
        If it is in use, the file is something else, or it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lost = False  # True if the file was removed while it was open
        self._head = ""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            while not self._opened():
                pass  # the process that had it open has just removed it
        except OSError as error:
            raise self._not_written(error.strerror or str(error)) from error
        except sqlite3.Error as error:
            raise self._refused(error) from error

    @property
    def name(self) -> str:
        """Path of the file, relative to the working directory if it is below it."""
        here = Path.cwd()
        return str(self.path.relative_to(here) if self.path.is_relative_to(here) else self.path)

    def _opened(self) -> bool:
        """Open and lock the file; False if it was removed in between."""
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
        before = self.path.lstat()
        if not stat.S_ISREG(before.st_mode):
            raise self._foreign()
        self._database = sqlite3.connect(self.path, timeout=0.0, isolation_level=None, check_same_thread=False)
        try:
            if hasattr(self._database, "setlimit"):
                self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST)
            for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "locking_mode = EXCLUSIVE"):
                self._database.execute(f"PRAGMA {pragma}")
            (ours,) = self._database.execute("PRAGMA application_id").fetchone()
            tables = [sql for (sql,) in self._database.execute("SELECT sql FROM sqlite_master ORDER BY rowid")]
            if (ours, tables) not in ((0, []), (_OURS, list(_SCHEMA))):
                raise self._foreign()
            self._database.execute("PRAGMA journal_mode = WAL")  # a chunk is added without waiting for the disk
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute("BEGIN EXCLUSIVE")
            self._database.execute("COMMIT")  # the lock stays
            self._identity = self._file_identity()
            if self._identity == (before.st_dev, before.st_ino):
                return True
        except BaseException:
            self._database.close()
            raise
        self._database.close()
        return False

    def _file_identity(self) -> tuple[int, int] | None:
        """Identity of the file that has the name of the journal now; None if there is none."""
        try:
            found = self.path.lstat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _foreign(self) -> CaseError:
        return CaseError(f"{self.name}: not a journal of membrane-pde, and left alone; give another folder")

    def _not_written(self, why: str) -> CaseError:
        return CaseError(f"{self.name}: cannot be written ({why})")

    def _refused(self, error: sqlite3.Error) -> CaseError:
        """The CaseError for an error of SQLite."""
        if "locked" in str(error):
            return CaseError(f"{self.name}: in use by another sweep; let it finish, or give another folder")
        if "not a database" in str(error):
            return self._foreign()
        if "malformed" in str(error) or isinstance(error, sqlite3.DataError):
            return CaseError(f"{self.name}: damaged ({error}); remove the file to start again, or give another folder")
        return self._not_written(str(error))

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def head(self) -> dict[str, str] | None:
        """The head given to `begin`; None if the journal has not begun."""
        try:
            found = self._database.execute("SELECT text FROM head").fetchall() if self._tables() else []
        except sqlite3.Error as error:
            raise self._refused(error) from error
        if not found:
            return None
        self._head = str(found[0][0])
        try:
            head = json.loads(self._head)
        except ValueError:
            head = None
        if len(found) > 1 or not isinstance(head, dict) or not all(isinstance(each, str) for each in head.values()):
            raise CaseError(f"{self.name}: damaged (its head); remove the file to start again, or give another folder")
        return head

    def _tables(self) -> bool:
        return self._database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (len(_SCHEMA),)

    def begin(self, head: Mapping[str, str]) -> None:
        """Write the head, which identifies the computation, into a new journal."""
        self._head = json.dumps(dict(head))
        try:
            self._database.execute("BEGIN")
            if not self._tables():
                for table in _SCHEMA:
                    self._database.execute(table)
                self._database.execute(f"PRAGMA application_id = {_OURS}")
            self._database.execute("INSERT INTO head VALUES (?)", (self._head,))
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            self.remove()
            raise self._refused(error) from error

    def append(self, start: int, words: Words, numbers: bytes) -> None:
        """Store a chunk, completely or not at all. If the file has been removed, only warn."""
        if self.lost:
            return
        text = json.dumps(words)
        row = (start, text, numbers, self._checksum(start, text, numbers))
        try:
            self._database.execute("INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            if self._file_identity() == self._identity:
                raise self._refused(error) from error
        if self._file_identity() != self._identity:
            self.lost = True
            log.warning("%s was removed: the sweep continues, but it cannot be resumed if it is interrupted", self.name)

    def chunks(self) -> Iterator[tuple[int, Any, bytes]]:
        """Start, words and numbers of every chunk with a valid checksum, in the order of their start."""
        try:
            for start, words, numbers, checksum in self._database.execute("SELECT * FROM chunks ORDER BY start"):
                kinds = isinstance(start, int), isinstance(words, str), isinstance(numbers, bytes)
                if all(kinds) and checksum == self._checksum(start, words, numbers):
                    yield start, json.loads(words), numbers
        except (sqlite3.Error, ValueError) as error:
            if isinstance(error, sqlite3.Error):
                raise self._refused(error) from error
            raise

    def forget(self, start: int) -> None:
        """Remove a chunk."""
        self._database.execute("DELETE FROM chunks WHERE start = ?", (start,))

    def _checksum(self, start: int, words: str, numbers: bytes) -> str:
        seen = hashlib.sha256(f"{len(self._head)} {self._head} {start} {len(words)} {words} ".encode())
        seen.update(numbers)
        return seen.hexdigest()

    def remove(self) -> None:
        """Close the journal and remove its file, unless another file has its name by now."""
        ours = self._file_identity() == self._identity
        self.close()
        if ours:
            for path in (*(self.path.with_name(self.path.name + end) for end in _BESIDE), self.path):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file and release the lock."""
        with contextlib.suppress(sqlite3.Error):  # if the disk is full, the data stay in SQLite's log
            self._database.close()
