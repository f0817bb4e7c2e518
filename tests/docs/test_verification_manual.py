"""The verification manual: every group of checks has a page that says what it is, and gets its figures and checks."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from docs.building import verification
from membrane_pde import verify
from tests.places import ROOT

PAGES = ROOT / "docs" / "verification"
FOUND = verify.Findings(
    "film",
    "reverse osmosis",
    [verify.Check("a_b | c", "bar", 1.0, 1.05, 0.9, 1.1, "a *law*"), verify.Check("wrong", "", 1.0, 3.0, 0.9, 1.1, "")],
    [
        verify.Panel(
            "A film",
            "Pa",
            "m/s",
            [verify.Series("exact", [1, 2], [3.0, 4.0]), verify.Series("package", [1, 2], [3.0, 4.00004], ours=True)],
        )
    ],
)


def test_every_group_has_a_page_and_stands_in_the_table_once() -> None:
    text = (PAGES / "index.md").read_text(encoding="utf-8")
    listed = [name for match in verification.RESULTS.finditer(text) for name in match[1].split()]
    assert sorted(listed) == sorted(verify.GROUPS)
    assert {path.stem for path in PAGES.glob("*.md")} == {*verify.GROUPS, "index"}


@pytest.mark.parametrize("name", verify.GROUPS)
def test_a_page_states_problem_and_source(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert re.search(r"^## (Problem|Measurements)$", text, re.MULTILINE)
    assert re.search(r"^## (What is compared|Where the expected values come from)$", text, re.MULTILINE)


def test_every_table_of_reference_values_can_be_downloaded() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in PAGES.glob("*.md"))
    given = set(re.findall(r"<data/([\w.]+)>", texts))
    assert given == {path.name for path in verification.REFERENCE.glob("*.csv")}


def test_pages_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in PAGES.glob("*.md"):
        shutil.copy2(path, tmp_path)
    (tmp_path / "index.md").write_text("Results\n\n:::{results}\nfilm\n:::\n", encoding="utf-8")
    monkeypatch.setattr(verification, "outcomes", lambda names: [verification.Outcome(FOUND, 7.0)])
    assert verification.write(tmp_path) == ["film: wrong: expected 1, got 3"]
    page = (tmp_path / "film.md").read_text(encoding="utf-8")
    assert page.startswith("# Reverse osmosis behind a film")
    assert "1 of 2 checks passed" in page
    assert "--only film`, which took 7.0 s here (heavy)" in page
    assert "at most 1e-5 of the largest known value" in page
    assert "a\\_b \\| c" in page
    assert "1. a \\*law\\*" in page
    for picture in ("film-1.svg", "film-1-error.svg"):
        assert f"({picture})" in page
        assert (tmp_path / picture).read_text(encoding="utf-8").startswith("<?xml")
    index = (tmp_path / "index.md").read_text(encoding="utf-8")
    assert "[film](film.md) | <span class='nowrap'>1 of 2</span> | wrong |" in index
    assert "1 of 2 checks failed." in index
    assert (tmp_path / "data" / "exact_film_ro.csv").is_file()
