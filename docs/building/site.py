"""Gather the pages of the site in one folder, call Sphinx, and check what it wrote."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from docs.building import links, verification

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = ROOT / "build" / "site-pages"  # what Sphinx reads
SITE = ROOT / "build" / "site"  # what it writes
NOT_PAGES = shutil.ignore_patterns("building", "conf.py", "generate.py", "__pycache__", "_static")


def gather(target: Path = PAGES) -> None:
    """Copy what the site shows into one folder: `docs/`, the notebooks, the changelog, the reference tables."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(DOCS, target, ignore=NOT_PAGES)
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shutil.copy2(notebook, target / "notebooks" / notebook.name)
    shutil.copy2(ROOT / "CHANGELOG.md", target / "changelog.md")


def build(pages: Path = PAGES, site: Path = SITE) -> int:
    """Call Sphinx; a warning is an error. Returns its exit status."""
    from sphinx.cmd.build import main as sphinx

    shutil.rmtree(site, ignore_errors=True)
    options = ["-q", "-E", "-W", "--keep-going", "-n", "-j", "2", "-c", str(DOCS)]
    status = sphinx([*options, "-d", str(site.parent / "site-doctrees"), "-b", "html", str(pages), str(site)])
    return int(status)


def main() -> int:
    """Make the site; 0 if nothing is wrong with it."""
    start = time.perf_counter()
    gather()
    failed = verification.write(PAGES / "verification")
    status = build()
    wrong = [*failed, *(links.problems(SITE) if SITE.is_dir() else [])]
    for line in wrong:
        print(line, file=sys.stderr)
    if status or wrong:
        print("The site has faults: see above.", file=sys.stderr)
        return 1
    count = sum(1 for _ in SITE.rglob("*.html"))
    print(f"Site: {SITE.relative_to(ROOT)}/index.html, {count} pages, {time.perf_counter() - start:.0f} s")
    return 0
