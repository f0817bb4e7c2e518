"""The page of `validate`: it needs nothing else, tells everything, draws what was compared."""

from __future__ import annotations

import base64
import math
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from membrane_pde import verify
from membrane_pde.input.errors import CaseError
from membrane_pde.show import checks_page as page
from membrane_pde.show.check_plots import draw

KNOWN = verify.Series("Pfeffer", [1.0, 2.0, 4.0], [0.7, 1.4, 2.7], [0.1, 0.1, 0.2])
OURS = verify.Series("package", [1.0, 2.0, 4.0], [0.71, 1.41, 2.8], ours=True)
PANEL = verify.Panel("cane sugar", "%", "bar", [KNOWN, OURS], "x")
CHECKS = [
    verify.Check("a < b", "bar", 1.0, 1.05, 0.9, 1.1, 'a "table" & more'),
    verify.Check("wrong", "", 1.0, math.nan, 0.9, 1.1, "a law"),
]
FOUND = [
    verify.Findings("pfeffer", "measured in 1877", CHECKS, [PANEL, PANEL, PANEL]),
    verify.Findings("film", "without a plot", CHECKS[:1]),
]


class Reader(HTMLParser):
    """Tags that are open, what refers to something else, and the cells of tables."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img"):
            self.open.append(tag)
        self.references += [value or "" for key, value in attrs if key in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


def test_the_page_stands_alone_and_tells_everything() -> None:
    text = page.html(FOUND)
    found = read(text)
    assert all(each.startswith(("data:image/svg+xml;base64,", "#")) for each in found.references)
    assert [each for each in found.references if each.startswith("#")] == ["#pfeffer", "#film"]
    assert not re.search(r"https?:|url\(|<script|<link", text)
    assert ["a < b", "bar", "1", "1.05", "5 %", "± 10 %", "pass", "[1]"] in found.rows
    assert ["pfeffer", "1 of 2", "wrong", "–", "± 10 %"] in found.rows
    assert "1 of 3 checks failed." in text
    assert "a &quot;table&quot; &amp; more" in text
    assert text.count("class=FAIL") == 2  # the row, and that of its group
    assert "validate --quick" in page.html(FOUND, quick=True)
    assert page.html(FOUND) == text  # from the same numbers


def test_its_pictures_are_whole() -> None:
    (picture,) = [each for each in read(page.html(FOUND)).references if each.startswith("data:")]
    svg = ElementTree.fromstring(base64.b64decode(picture.partition(",")[2]))
    assert svg.tag.endswith("svg")
    links = [value for each in svg.iter() for key, value in each.attrib.items() if key.endswith("href")]
    assert all(link.startswith("#") for link in links)


def test_points_lines_and_spread() -> None:
    figure = draw([PANEL])
    ax = figure.axes[0]
    (bars,) = ax.containers
    assert bars.has_yerr
    points, line = bars.lines[0], ax.lines[-1]
    assert points.get_linestyle() == "None"
    np.testing.assert_allclose(line.get_ydata(), OURS.y)
    assert line.get_color() == points.get_color()
    assert ax.get_xscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Pfeffer"]


def test_a_failing_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *args: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CaseError, match="No space left on device"):
        page.write_page(tmp_path / "page.html", FOUND)
    assert list(tmp_path.iterdir()) == []
