"""Every command and program on a how-to page works, and prints what the page shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from docs.building.commands import Block, alike, blocks, commands, differences
from tests.places import ROOT

FOLDER = ROOT / "docs" / "how-to"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "index.md")


def marked_slow(path: Path) -> bool:
    """Whether a page has blocks for the slow tests."""
    return any(block.slow for block in blocks(path.read_text(encoding="utf-8")))


def assert_shows_what_is_printed(path: Path, *options: str) -> None:
    """Run what a page shows in a process of its own: a page may set units, which would stay."""
    command = [sys.executable, "-m", "docs.building.commands", "--check", *options, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    hint = "where the new output is right: python -m docs.building.commands PAGE writes it into the page"
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{hint}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_shows_what_its_commands_print(path: Path) -> None:
    assert_shows_what_is_printed(path)


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in PAGES if marked_slow(path)], ids=lambda path: path.stem)
def test_a_page_shows_what_its_slow_commands_print(path: Path) -> None:
    assert_shows_what_is_printed(path, "--slow")


# -- the test itself ------------------------------------------------------------------------------------------------
PAGE = """\
# A page

```{code-block} toml
:caption: `my.toml`

title = "a"
```

<!-- slow -->
```console
$ membrane-pde list \\
  --solutes
one
…
$ membrane-pde list
```

```bash
rm -r everything
```
"""


def test_blocks_of_a_page() -> None:
    file, console, shown = blocks(PAGE)
    assert (file.language, file.caption, file.text) == ("toml", "my.toml", 'title = "a"')
    assert console.slow
    assert not file.slow
    first, second = commands(console)
    assert first.line == "$ membrane-pde list \\\n  --solutes"
    assert first.shown == ["one", "…"]
    assert (second.line, second.shown) == ("$ membrane-pde list", [])
    assert shown.language == "bash"


def test_a_console_block_begins_with_a_command() -> None:
    with pytest.raises(ValueError, match="begins with a command"):
        commands(Block("console", "", "membrane-pde list", 3, 4))


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["flux  1.833 bar"], ["flux   1.834   bar"], True),
        (["flux  1.833 bar"], ["flux   1.84   bar"], False),
        (["flux  1.833 bar"], ["flux   -1.833   bar"], False),
        (["flux  1.833 bar"], ["flux   1.833   Pa"], False),
        (["…", "c", "…"], ["a", "b", "c", "d"], True),
        (["…", "e", "…"], ["a", "b", "c", "d"], False),
        (["a"], ["a", "b"], False),
        (["a", "b"], ["a"], False),
        (["a", "", ""], ["a"], True),
        ([], ["a"], False),
        ([], [""], True),
        (["1 of 3"], ["1 of 4"], False),
        (["flux … bar"], ["flux 1.8e-17 bar"], True),
        (["flux … bar"], ["flux bar"], False),
    ],
)
def test_shown_and_printed(shown: list[str], printed: list[str], same: bool) -> None:
    assert alike(shown, printed) is same


def test_a_page_that_is_wrong_is_found_out(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ ls\nnothing.txt\n```\n\n```pycon\n>>> 1 + 1\n3\n```\n\n```console\n$ cat missing.txt\n…\n```\n",
        encoding="utf-8",
    )
    (tmp_path / "empty").mkdir()
    listed, python, failed = differences(page, tmp_path / "empty")
    assert "page.md, line 2: $ ls" in listed
    assert "Expected:\n    3\nGot:\n    2" in python
    assert "exit status 1" in failed
