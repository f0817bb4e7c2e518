"""Comparison with known results: the groups of checks behind `membrane-pde validate` and the tests.

A group is a function that yields `Check` rows and, for a page, `Panel` plots; `GROUPS` has them by name. With `quick`
it takes fewer cells, cases or points, and the same tolerances.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence

from membrane_pde.verify import along, curved, exact, formulas, forward_osmosis, laws, measurements, order
from membrane_pde.verify.checks import Check, Findings, Panel, Series

log = logging.getLogger(__name__)

__all__ = ["GROUPS", "Check", "Findings", "Panel", "Series", "examine", "findings"]

GROUPS: dict[str, Callable[[bool], Iterator[Check | Panel]]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        formulas.formulas,
        exact.two_gases,
        exact.two_slabs,
        exact.well_mixed,
        exact.moving_volume,
        exact.film,
        exact.unstirred_wall,
        forward_osmosis.forward_osmosis,
        curved.curved,
        order.order,
        along.modules,
        laws.conservation,
        laws.limits,
        laws.symmetry,
        laws.scaling,
        measurements.pfeffer,
        measurements.sucrose,
        measurements.osmotic_coefficients,
        measurements.elements,
        measurements.gas_diffusivity,
    )
}


def examine(name: str, quick: bool = False) -> Findings:
    """Run the checks of a group.

    Parameters
    ----------
    name : str
        One of `GROUPS`.
    quick : bool
        Fewer cells, cases or points.

    Returns
    -------
    Findings
        Where the group itself fails, a run for example, that is one more check, which failed.
    """
    group = GROUPS[name]
    found = Findings(name, (group.__doc__ or "").split("\n")[0].rstrip("."))
    try:
        for each in group(quick):
            if isinstance(each, Check):
                found.checks.append(each)
            else:
                found.panels.append(each)
    except Exception as error:  # whatever is wrong, the other groups still tell what they find
        log.info("the group %s", name, exc_info=True)
        missing = math.nan
        found.checks.append(Check("the rest of the group", "", missing, missing, missing, missing, f"failed: {error}"))
    return found


def findings(names: Sequence[str] = (), quick: bool = False) -> Iterator[Findings]:
    """The findings of some groups, or of all, in the order of `GROUPS`; each is computed as it is asked for."""
    for name in GROUPS:
        if not names or name in names:
            yield examine(name, quick)
