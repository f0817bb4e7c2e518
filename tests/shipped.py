"""The shipped cases, run once a session."""

from __future__ import annotations

import tomllib
from functools import cache

import membrane_pde as mp
from tests.places import ROOT

# These two end only after days; in the file they stop when there is something to see.
TO_THE_END = {"osmosis": "5 d", "reverse_osmosis": "5 d"}
_FILES = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "cases").glob("*.toml")}
ALONG = sorted(name for name, raw in _FILES.items() if "module" in raw)  # those with a length along the membrane
CASES = sorted(set(_FILES) - set(ALONG))
NAMES = [*CASES, *(f"{name}, to the end" for name in TO_THE_END)]


@cache
def ran(name: str) -> mp.Result:
    """The result of a shipped case, or of one of those above taken to its end."""
    stem, _, to_the_end = name.partition(", ")
    case = mp.load_case(stem)
    if to_the_end:
        case = case.with_values({"run.until": "equilibrium", "run.duration": TO_THE_END[stem]})
    return mp.run(case)
