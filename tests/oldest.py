"""The oldest versions that pyproject.toml allows, as constraints for pip: ``python tests/oldest.py [EXTRA...]``."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def constraints(extras: list[str]) -> list[str]:
    """A line for each dependency, its own and those of the extras: ``name==version``."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    found = {}
    for line in wanted:
        match = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)(?:;.*)?", line.replace(" ", ""))
        if match is None:
            raise SystemExit(f"{line!r}: expected a lower bound, name>=version")
        found[match[1]] = match[2]
    return [f"{name}=={version}" for name, version in found.items()]


if __name__ == "__main__":
    print("\n".join(constraints(sys.argv[1:])))
