"""A and B of commercial elements, fitted to the makers' tests, beside the library's and the reference table's."""

from __future__ import annotations

import pytest

import membrane_pde as mp
from membrane_pde import library
from membrane_pde.input import units
from membrane_pde.input.build import build
from membrane_pde.verify.measurements import SHEETS, Sheet, element_case, mean_concentration

A, B = "membrane.water_permeability", "membrane.solutes.NaCl.permeability"
# m/s/Pa and m/s: the project's reference table ro_elements_fitted.csv (mean bulk concentration by -ln(1 - Y)/Y,
# polarization 1.1, solution-diffusion, no pressure drop), rows SW30HR-380 (26), SW30HR LE-400 and BW30-400
REFERENCE = {
    "SW30HR": (3.34063214342778e-12, 2.23651120622803e-08),
    "SW30HR-LE": (3.3912065428353e-12, 1.52235745874836e-08),
    "BW30": (9.15685026684944e-12, 5.24316894887765e-08),
}


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.membrane)
def test_a_and_b_follow_from_the_data_sheet(sheet: Sheet) -> None:
    """From a start that is wrong by a factor of two or three; the errors are the maker's tolerances.

    The sheet's rejection is relative to the feed, the case's to the mean bulk concentration along the element.
    """
    written = element_case(sheet)
    written["membrane"] = {
        "flux_law": "spiegler-kedem",
        "water_permeability": "2.5 L/m^2/hour/bar",
        "solutes": {"NaCl": {"permeability": "8e-8 m/s", "reflection": 1.0}},
    }
    mean = mean_concentration(sheet.recovery)
    data = {
        "left.pressure [bar]": [sheet.pressure],
        "water_flux [m/day]": [sheet.flow / sheet.area],
        "water_flux error [m/day]": [sheet.flow_tolerance * sheet.flow / sheet.area],
        "rejection[NaCl] [%]": [100.0 - sheet.passage / mean],
        "rejection[NaCl] error [%]": [(sheet.most - sheet.passage) / mean],
    }
    found = mp.fit(build(written, sheet.membrane), data, [A, B])
    a, b = found.parameters[A], found.parameters[B]
    assert found.columns[0].fitted[0] == pytest.approx(sheet.flow / sheet.area, rel=1e-4)
    entry = library.membranes()[sheet.membrane]
    ours = (
        units.parse(entry["water_permeability"]["value"], "water_permeability"),
        units.parse(entry["solutes"]["NaCl"]["permeability"]["value"], "permeability"),
    )
    for known in (ours, REFERENCE[sheet.membrane]):
        assert (a.value, b.value) == pytest.approx(known, rel=0.02)
    # what the flow may be off, A may be off by more where the osmotic pressure is much of the pressure
    assert a.standard_error is not None
    assert a.standard_error > 0.9 * sheet.flow_tolerance * a.value
    print(
        f"{sheet.membrane}: {a.in_words()}, {b.in_words()}; relative to the library {a.value / ours[0]:.4f}, ", end=""
    )
    print(f"{b.value / ours[1]:.4f}; to the reference {a.value / known[0]:.4f}, {b.value / known[1]:.4f}")
