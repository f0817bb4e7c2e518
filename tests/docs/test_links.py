"""What the check of the built site finds: broken links, missing anchors, and whatever is loaded from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.building.links import problems


def site(folder: Path, body: str, css: str = "") -> list[str]:
    """What is wrong with a site of two pages, one of them with this body."""
    (folder / "a.html").write_text(f"<html><body id='top'>{body}</body></html>", encoding="utf-8")
    (folder / "b.html").write_text("<h2 id='there'>B</h2>", encoding="utf-8")
    (folder / "style.css").write_text(css, encoding="utf-8")
    return problems(folder)


@pytest.mark.parametrize(
    "body",
    [
        '<a href="b.html#there">b</a> <a href="#top">up</a> <a href="">self</a>',
        '<a href="https://doi.org/10.1000/1">a source elsewhere, which nothing loads</a>',
        '<img src="data:image/png;base64,AAAA">',
        '<link rel="next" href="b.html">',
    ],
)
def test_right_pages(tmp_path: Path, body: str) -> None:
    assert site(tmp_path, body, "p { background: url(data:,) }") == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('<a href="c.html">', "c.html: there is no such file"),
        ('<a href="b.html#here">', "b.html#here: there is no such place on that page"),
        ('<a href="#here">', "#here: there is no such place on that page"),
        ('<img src="c.png">', "c.png: there is no such file"),
        ('<script src="https://example.org/a.js"></script>', "loads https://example.org/a.js from elsewhere"),
        ('<link rel="stylesheet" href="//example.org/a.css">', "loads //example.org/a.css from elsewhere"),
        ("<p style='background: url(http://example.org/a.png)'>", "loads http://example.org/a.png from elsewhere"),
        ("<style>@import 'https://example.org/a.css';</style>", "loads https://example.org/a.css from elsewhere"),
    ],
)
def test_wrong_pages(tmp_path: Path, body: str, told: str) -> None:
    assert site(tmp_path, body) == [f"a.html: {told}"]


def test_style_sheets_are_read(tmp_path: Path) -> None:
    found = site(tmp_path, "", "@font-face { src: url('https://example.org/font.woff2') }")
    assert found == ["style.css: loads https://example.org/font.woff2 from elsewhere"]
