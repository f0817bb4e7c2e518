"""Run the commands and programs of how-to pages; compare what they print with the pages, or write it there.

    python -m docs.building.commands docs/how-to/compare.md    writes the output of its commands into it
    python -m docs.building.commands --check docs/how-to/*.md  says where a page shows something else than is printed

What a page may hold, and what is done with it, from the top of the page to its end, in one empty folder:

- a block ``{code-block} toml`` (or any other language) with ``:caption: NAME`` is a file: it is written;
- in a block ``console``, each line that begins with ``$`` is a command, which is run (one that ends in a backslash goes
  on in the next line); what follows is what it printed, errors included. A line ``…`` stands for any lines,
  and ``…`` in a line for any one word;
- a block ``pycon`` is a Python session, run by doctest; a block ``python`` without a caption is run.

``<!-- slow -->`` in the line above a block: only the slow tests run it. ``<!-- exit status 2 -->``: its command
ends so.
Other blocks (``bash``, ``text``) are only shown.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANY = "…"
CLOSE = 2e-3  # of a number, between what a page shows and what is printed: machines differ in the last digits
WIDTH = "100"  # columns of the terminal
_FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,})(?P<language>\{?[\w-]*\}?) *(?P<argument>\S*)$")
_NUMBER = re.compile(r"[-−+]?\d+(?:[.,]\d+)*(?:e[-−+]?\d+)?")
_STATUS = re.compile(r"<!-- exit status (\d+) -->")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its file name if it has one, its text, and the lines that it takes."""

    language: str
    caption: str
    text: str
    start: int  # of the text, among the lines of the page
    end: int
    slow: bool = False
    status: int = 0


@dataclass(frozen=True)
class Command:
    """A command of a block, and the lines that the page shows as its output."""

    line: str
    shown: list[str]


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page, in their order."""
    lines, place = text.split("\n"), 0
    while place < len(lines):
        match = _FENCE.match(lines[place])
        place += 1
        if match is None or match["language"] == "{toctree}":
            continue
        note, start, caption = lines[place - 2].strip() if place > 1 else "", place, ""
        language = match["language"]
        if language == "{code-block}":
            language = match["argument"]
            while lines[start].startswith(":"):
                caption = lines[start].removeprefix(":caption:").strip(" `") if ":caption:" in lines[start] else caption
                start += 1
            start += not lines[start].strip()
        end = next((i for i in range(place, len(lines)) if lines[i].strip() == match["fence"]), len(lines))
        if language.startswith("{"):  # a note or another frame: what stands in it counts
            continue
        status = _STATUS.search(note)
        body = "\n".join(lines[start:end])
        yield Block(language, caption, body, start, end, "slow" in note, int(status[1]) if status else 0)
        place = end + 1


def commands(block: Block) -> list[Command]:
    """The commands of a console block, each with what is shown below it."""
    found: list[Command] = []
    lines = block.text.split("\n")
    while lines:
        line = lines.pop(0)
        if line.startswith("$ "):
            while line.endswith("\\"):
                line += "\n" + lines.pop(0)
            found.append(Command(line, []))
        elif found:
            found[-1].shown.append(line)
        elif line.strip():
            raise ValueError(f"line {block.start + 1}: a console block begins with a command, after a $")
    return found


def run(command: str, folder: Path) -> tuple[int, list[str]]:
    """Run a command in a folder; gives its exit status and the lines that it printed, errors among them."""
    words = shlex.split(command.removeprefix("$ ").replace("\\\n", " "), comments=True)
    if words[0] == "membrane-pde":
        words = [sys.executable, "-m", "membrane_pde", *words[1:]]
    elif words[0] not in ("cat", "head", "ls"):
        raise ValueError(f"{words[0]}: a console block may run membrane-pde, cat, head and ls; show others as bash")
    environment = os.environ | {"COLUMNS": WIDTH, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    done = subprocess.run(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=600
    )
    lines = done.stdout.decode("utf-8").rstrip("\n").split("\n")
    return done.returncode, [line for line in lines if "the solver is not compiled" not in line]


def alike(shown: list[str], printed: list[str]) -> bool:
    """Whether lines are those that a page shows: the same words, and numbers that agree to 0.2 %."""
    shown = [line.rstrip() for line in shown]
    while shown and not shown[-1]:
        shown = shown[:-1]
    if not shown:
        return not any(line.strip() for line in printed)
    if shown[0].strip() == ANY:
        return any(alike(shown[1:], printed[i:]) for i in range(len(printed) + 1))
    return bool(printed) and _same(shown[0], printed[0]) and alike(shown[1:], printed[1:])


def _same(shown: str, printed: str) -> bool:
    words, others = shown.split(), printed.split()
    return len(words) == len(others) and all(map(_same_word, words, others))


def _same_word(shown: str, printed: str) -> bool:
    if shown == ANY:
        return True
    if _NUMBER.sub("#", shown) != _NUMBER.sub("#", printed):
        return False
    return all(_close(a, b) for a, b in zip(_NUMBER.findall(shown), _NUMBER.findall(printed), strict=True))


def _close(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        a, b = (float(text.replace("−", "-").replace(",", "")) for text in (one, other))
    except ValueError:
        return False
    return abs(a - b) <= CLOSE * max(abs(a), abs(b))


def differences(path: Path, folder: Path, slow: bool = False) -> list[str]:
    """Run what a page shows, and say where it prints other things.

    Parameters
    ----------
    path : path
        A page.
    folder : path
        An empty folder to run it in.
    slow : bool
        Also what is marked as slow.

    Returns
    -------
    list of str
        For each block that does otherwise than the page says: where, and what it printed.
    """
    found: list[str] = []
    names: dict[str, Any] = {}
    for block in blocks(path.read_text(encoding="utf-8")):
        where = f"{path.name}, line {block.start + 1}"
        if block.caption:
            (folder / block.caption).write_text(block.text + "\n", encoding="utf-8")
        elif block.slow and not slow:
            continue
        elif block.language == "console":
            for command in commands(block):
                status, printed = run(command.line, folder)
                if status != block.status:
                    found.append(f"{where}: {command.line}\nexit status {status}\n" + "\n".join(printed))
                elif not alike(command.shown, printed):
                    found.append(f"{where}: {command.line}\nprinted\n" + "\n".join(printed))
        elif block.language in ("python", "pycon"):
            found += [f"{where}: {what}" for what in _python(block, names, folder)]
    return found


def _python(block: Block, names: dict[str, Any], folder: Path) -> list[str]:
    """Run a Python block in a folder; gives what doctest has to say of it."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        if block.language == "python":
            exec(compile(block.text, f"line {block.start + 1}", "exec"), names)
            return []
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        test = doctest.DocTestParser().get_doctest(block.text + "\n", names, "page", "page", block.start)
        told: list[str] = []
        doctest.DocTestRunner(optionflags=options).run(test, out=told.append, clear_globs=False)
        names.update(test.globs)
        return ["".join(told)] if told else []
    finally:
        os.chdir(before)


def written(path: Path, folder: Path) -> str:
    """The page with what its commands print now; output that is given with ``…`` stays if it still agrees."""
    lines = path.read_text(encoding="utf-8").split("\n")
    new: dict[int, list[str]] = {}
    for block in blocks("\n".join(lines)):
        if block.caption:
            (folder / block.caption).write_text(block.text + "\n", encoding="utf-8")
        if block.language != "console" or block.caption:
            continue
        body = []
        for command in commands(block):
            status, printed = run(command.line, folder)
            if status != block.status:
                raise SystemExit(f"{path.name}: {command.line}: exit status {status}\n" + "\n".join(printed))
            short = any(ANY in line.split() for line in command.shown)
            if short and not alike(command.shown, printed):
                print(f"{path.name}: {command.line}: look at the output by hand:\n" + "\n".join(printed))
            body += [command.line, *(command.shown if short else [line.rstrip() for line in printed])]
        while body and not body[-1]:
            body.pop()
        new[block.start] = body
        for place in range(block.start + 1, block.end):
            new[place] = []
    return "\n".join(line for place, old in enumerate(lines) for line in new.get(place, [old]))


def main(arguments: list[str]) -> int:
    """Write the output of commands into pages, or with ``--check`` say where pages show another; `--slow` runs all."""
    options = {each for each in arguments if each.startswith("--")}
    found: list[str] = []
    for name in arguments:
        if name in options:
            continue
        with tempfile.TemporaryDirectory() as empty:
            if "--check" in options:
                found += differences(Path(name).resolve(), Path(empty), slow="--slow" in options)
            else:
                Path(name).write_text(written(Path(name), Path(empty)), encoding="utf-8")
    print("\n\n".join(found))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
