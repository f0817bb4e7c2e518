"""Does the package give the numbers that are known from elsewhere? `checks` compares them, one row each.

A group is a function that yields `Check` rows; `GROUPS` lists them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from membrane_pde import simulate
from membrane_pde.casefile import build
from membrane_pde.mixture import osmotic_pressure

DAY = 86400.0
POLARIZATION = 1.10  # wall over bulk concentration: the assumption that the library's elements rest on


@dataclass(frozen=True)
class Check:
    """One number of the package beside the same number from elsewhere; `low` and `high` bound what may come out."""

    what: str
    unit: str
    expected: float
    got: float
    low: float
    high: float
    source: str

    @property
    def passed(self) -> bool:
        """Whether the number is within its bounds; NaN is not."""
        return self.low <= self.got <= self.high

    @property
    def error(self) -> float:
        """Relative to what was expected."""
        return self.got / self.expected - 1.0


@dataclass(frozen=True)
class Sheet:
    """A maker's test of an element: feed of NaCl at 25 degC, and what came out.

    `feed` in ppm by mass, `pressure` in bar, `recovery` as a fraction, `area` in m^2, `flow` of permeate in m^3/d and
    `flow_tolerance` as a share of it; salt passage (100 % minus rejection) in %: stabilised, and the `most` promised.
    """

    membrane: str
    feed: float
    pressure: float
    recovery: float
    area: float
    flow: float
    flow_tolerance: float
    passage: float
    most: float
    source: str


SHEETS = (
    Sheet(
        "SW30HR", 32000.0, 55.0, 0.08, 35.3, 26.0, 0.15, 0.30, 0.35,
        "FilmTec SW30HR-380, data sheet: 26 m^3/d, 380 ft^2 (35.3 m^2), 99.7 % stabilised rejection at 32000 ppm "
        "NaCl, 55 bar, 25 degC, 8 % recovery; at least 99.65 % (form 45-D00971-en Rev. 7); flow to 15 % as on the "
        "maker's sheets of the BW30HR-440i and the SW30HRLE-400 (20 % on others)",
    ),
    Sheet(
        "SW30HR-LE", 32000.0, 55.16, 0.08, 37.2, 28.0, 0.15, 0.20, 0.35,
        "Dow FilmTec SW30HR LE-400, form 609-00425-1109: 28 m^3/d, 400 ft^2 (37.2 m^2), 99.80 % stabilised "
        "rejection, at least 99.65 %, at 32000 ppm NaCl, 800 psi (55.16 bar), 25 degC, 8 % recovery; flow at least 85 "
        "% of it (form 45-D00967-en Rev. 8)",
    ),
    Sheet(
        "BW30", 2000.0, 15.5, 0.15, 37.2, 40.0, 0.15, 0.50, 0.60,
        "FilmTec BW30-400, data sheet: 40 m^3/d, 400 ft^2 (37.2 m^2), 99.5 % stabilised rejection at 2000 ppm NaCl, "
        "15.5 bar, 25 degC, 15 % recovery; flow to 15 % and at least 99.40 % as on the sheet of the BW30HR-440i: that "
        "of the BW30-400 was not seen to say",
    ),
)  # fmt: skip
COMPUTED = "computed with the mean bulk concentration along the element, a polarization of 1.10, and no pressure drop"

ROBINSON_STOKES = (
    "Robinson & Stokes, Electrolyte Solutions, tables of osmotic coefficients φ at 25 degC (sucrose: fitted)"
)
# mol/kg and osmotic coefficient; the share of it that the package may be off (issue 3)
OSMOTIC_COEFFICIENTS: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {
    "NaCl": (0.005, ((0.1, 0.9324), (0.5, 0.9209), (1.0, 0.9355), (2.0, 0.9833))),
    "CaCl2": (0.01, ((0.1, 0.854), (0.5, 0.917), (1.0, 1.046))),
    "sucrose": (0.005, ((0.1, 1.008), (0.5, 1.041), (1.0, 1.088), (2.0, 1.189))),
}


def element_case(sheet: Sheet) -> dict[str, Any]:
    """The case of an element's test, as `casefile.build` takes it.

    The element is one point with the mean bulk concentration along it, the feed's times ``m = -ln(1 - Y)/Y`` at a
    recovery Y, behind a film that has the assumed polarization 1.10 at the sheet's flux, ``δ = (D/J) ln((1.1 m -
    p)/(m - p))`` with the salt passage p. Nothing is lost of the pressure along the element.
    """
    mean = mean_concentration(sheet.recovery)
    passage = sheet.passage / 100.0
    case: dict[str, Any] = {
        "title": f"The maker's test of {sheet.membrane}",
        "temperature": "25 degC",
        "osmotic_model": "pitzer",
        "solutes": {"NaCl": {}},
        "left": {
            "boundary": "reservoir",
            "length": "1 um",
            "pressure": f"{sheet.pressure} bar",
            "concentration": {"NaCl": f"{mean * sheet.feed} ppm"},
        },
        "right": {"boundary": "outflow", "length": "10 um", "concentration": {"NaCl": "0 g/L"}},
        "membrane": {"type": sheet.membrane},
        "run": {"duration": "1 h", "until": "steady"},
    }
    diffusivity = build(case, "film").solutes["NaCl"].diffusivity
    film = diffusivity * sheet.area * DAY / sheet.flow * math.log((POLARIZATION * mean - passage) / (mean - passage))
    case["left"]["length"] = f"{film} m"
    return case


def mean_concentration(recovery: float) -> float:
    """Mean of the bulk over the feed concentration along an element, ``-ln(1 - Y)/Y``."""
    return -math.log(1.0 - recovery) / recovery


def elements() -> Iterator[Check]:
    """Flow and salt passage of the library's reverse-osmosis elements in their makers' tests."""
    for sheet in SHEETS:
        case = build(element_case(sheet), sheet.membrane)
        summary = simulate.run(case).summary
        flux = summary["water_flux_m_per_s"]
        feed = case.left.concentration["NaCl"] / mean_concentration(sheet.recovery)  # type: ignore[operator]
        source = f"{sheet.source}; {COMPUTED}"
        off = sheet.flow_tolerance * sheet.flow
        yield Check(
            f"{sheet.membrane}: permeate flow",
            "m³/d",
            sheet.flow,
            flux * sheet.area * DAY,
            sheet.flow - off,
            sheet.flow + off,
            source,
        )
        yield Check(
            f"{sheet.membrane}: salt passage",
            "%",
            sheet.passage,
            100.0 * summary["solute_flux_mol_per_m2_s"]["NaCl"] / (flux * feed),
            2.0 * sheet.passage - sheet.most,
            sheet.most,
            source,
        )


def osmotic_coefficients() -> Iterator[Check]:
    """Osmotic coefficients of solutions of one solute against a table of measurements."""
    for solute, (tolerance, points) in OSMOTIC_COEFFICIENTS.items():
        for molality, phi in points:
            got = osmotic_pressure({solute: f"{molality} mol/kg"})["osmotic_coefficient"]
            off = tolerance * phi
            yield Check(
                f"φ of {solute} at {molality:g} mol/kg",
                "",
                phi,
                got,
                phi - off,
                phi + off,
                ROBINSON_STOKES,
            )


GROUPS = (elements, osmotic_coefficients)


def checks() -> Iterator[Check]:
    """Every check, computed as it is asked for.

    Yields
    ------
    Check
    """
    for group in GROUPS:
        yield from group()
