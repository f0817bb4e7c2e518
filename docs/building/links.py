"""Check the built pages: every link within the site leads somewhere, and no page loads anything from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
LOADS |= {"embed": "src", "object": "data", "input": "src", "image": "href", "use": "href"}
LOADING_RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch"}
_CSS_URL = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")


@dataclass
class Page:
    """What stands in an HTML page: its anchors, the links to follow, and what it loads."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value for key, value in attrs if value is not None}
        self.page.anchors |= {given[key] for key in ("id", "name") if key in given}
        self._in_style = tag == "style"
        if tag == "a" and "href" in given:
            self.page.links.append(given["href"])
        if tag == "link" and "href" in given:
            loading = LOADING_RELATIONS & set(given.get("rel", "").split())
            (self.page.loads if loading else self.page.links).append(given["href"])
        if tag in LOADS and LOADS[tag] in given:
            self.page.loads.append(given[LOADS[tag]])
        if "srcset" in given:
            self.page.loads += [part.split()[0] for part in given["srcset"].split(",") if part.strip()]
        if "style" in given:
            self.page.loads += css_loads(given["style"])

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.page.loads += css_loads(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False


def css_loads(text: str) -> list[str]:
    """What a style sheet loads."""
    return [one or other for one, other in _CSS_URL.findall(text)]


def read(text: str) -> Page:
    """Anchors, links and loads of an HTML page."""
    reader = _Reader()
    reader.feed(text)
    return reader.page


def problems(site: Path) -> list[str]:
    """What is wrong with the pages of a folder, one line each; an empty list if nothing is.

    Parameters
    ----------
    site : path
        Folder of HTML pages and what they load.

    Returns
    -------
    list of str
        Links within the site to pages, files or anchors that do not exist; and everything that a page or a style sheet
        would load from a server.
    """
    pages = {path: read(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        found += [f"{name}: loads {each} from elsewhere" for each in page.loads if _outside(each)]
        for each in [*page.links, *page.loads]:
            found += [f"{name}: {what}" for what in _broken(path, each, pages)]
    for sheet in sorted(site.rglob("*.css")):
        name = sheet.relative_to(site).as_posix()
        loads = css_loads(sheet.read_text(encoding="utf-8"))
        found += [f"{name}: loads {each} from elsewhere" for each in loads if _outside(each)]
    return list(dict.fromkeys(found))


def _outside(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.netloc) or parts.scheme in ("http", "https", "ftp")


def _broken(path: Path, link: str, pages: dict[Path, Page]) -> list[str]:
    """What is wrong with a link of a page, if anything is."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:  # elsewhere: a mail address, a DOI, a data URL
        return []
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target = target / "index.html"
    if not target.exists():
        return [f"{link}: there is no such file"]
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return [f"{link}: there is no such place on that page"]
    return []
