"""The shipped cases' summaries are those that the package computed before its core was rebuilt, at commit 2a30d51.

A number may differ by 1e-6 of its own scale, the largest magnitude that it had during the run, which the snapshot
stores beside it; the concentrations of one solute share a scale, and what is round-off beside what could be (the flux
of a balance) has a millionth of that. Left out are what says how the run went (cells, steps, time taken, version) and
the error of the amounts, which is nothing but round-off: `test_every_case` holds it below 1e-10. The words for how the
run ended and for what happened are the same; title and message may be put otherwise.
"""

from __future__ import annotations

import math

import pytest

from tests.shipped import NAMES, ran
from tests.snapshot import facts, stored

CLOSE, ENDS = 1e-6, 1e-3
# Until a steady state, what flows meanwhile grows with the end time.
FLOWS_ON = (
    "displaced_volume_m",
    "amount_transferred_mol_per_m2",
    "energy_J_per_m2",
    "minimum_energy_J_per_m3",
    "second_law_efficiency",
    "collected_concentration_mol_per_m3",
    "collected_rejection",
)


def test_every_case_of_the_snapshot_is_still_shipped() -> None:
    assert len(stored()) == 24
    assert set(stored()) <= set(NAMES)


@pytest.mark.parametrize("name", stored())
def test_the_summary_is_what_it_was(name: str) -> None:
    result, expected = ran(name), stored()[name]
    got, until = facts(result), result.case.run.until
    assert expected.keys() <= got.keys()
    end = expected["end_time_s"]
    assert not isinstance(end, str)
    later = abs(result.summary["end_time_s"] - end.value) / end.value
    off = {}
    for key, before in expected.items():
        now = got[key]
        if isinstance(before, str) or isinstance(now, str):
            assert now == before, key
            continue
        allowed = CLOSE
        if key == "end_time_s" and until != "duration":
            allowed = ENDS
        elif until == "steady" and key.partition("[")[0] in FLOWS_ON:
            allowed += later
        if now.value != before.value:
            off[key] = abs(now.value - before.value) / (allowed * before.scale) if before.scale else math.inf
    worst = max(off, key=lambda key: off[key], default="")
    assert off.get(worst, 0.0) <= 1.0, f"{worst}: {got[worst]}, before {expected[worst]}"
