"""The package against published measurements, with their spread where they tell one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from membrane_pde import runs
from membrane_pde.input.build import build
from membrane_pde.input.mixture import osmotic_pressure
from membrane_pde.physics.constants import ZERO_CELSIUS
from membrane_pde.reference import table
from membrane_pde.verify.checks import Check, Panel, Series, near, worst

DAY = 86400.0
POLARIZATION = 1.10  # concentration at the membrane ÷ bulk, as assumed for the elements of the library
BAR = 1e5


@dataclass(frozen=True)
class Sheet:
    """A manufacturer's test of an element: feed of NaCl at 25 degC, and the measured permeate.

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


def element_case(sheet: Sheet) -> dict[str, Any]:
    """The case of an element's test, as `build` takes it.

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


def elements(quick: bool) -> Iterator[Check | Panel]:
    """Flow and salt passage of the library's reverse-osmosis elements in their makers' tests."""
    found, places = [], list(range(len(SHEETS)))
    for sheet in SHEETS:
        case = build(element_case(sheet), sheet.membrane)
        summary = runs.run(case).summary
        flux = summary["water_flux_m_per_s"]
        feed = case.left.concentration["NaCl"] / mean_concentration(sheet.recovery)  # type: ignore[operator]
        source = f"{sheet.source}; {COMPUTED}"
        flow, passage = flux * sheet.area * DAY, 100.0 * summary["solute_flux_mol_per_m2_s"]["NaCl"] / (flux * feed)
        off = sheet.flow_tolerance * sheet.flow
        yield near(f"{sheet.membrane}: permeate flow", "m³/d", sheet.flow, flow, off, source)
        low = 2.0 * sheet.passage - sheet.most
        yield Check(f"{sheet.membrane}: salt passage", "%", sheet.passage, passage, low, sheet.most, source)
        found.append((flow, passage))
    names = [sheet.membrane for sheet in SHEETS]
    for k, (title, unit, known, spread) in enumerate(
        (
            ("Permeate flow", "m³/d", [s.flow for s in SHEETS], [s.flow_tolerance * s.flow for s in SHEETS]),
            ("Salt passage", "%", [s.passage for s in SHEETS], [s.most - s.passage for s in SHEETS]),
        )
    ):
        sheets = Series("data sheet, with what its maker allows", places, known, spread)
        ours = Series("package", places, [pair[k] for pair in found], ours=True)
        yield Panel(title, "", unit, [sheets, ours], names=names)


# mol/kg and osmotic coefficient of NaCl at 25 degC
HAMER_WU = {0.1: 0.933, 0.2: 0.924, 0.3: 0.921, 0.5: 0.921, 0.7: 0.926, 1.0: 0.936, 1.4: 0.953, 2.0: 0.984, 3.0: 1.045}


def osmotic_coefficients(quick: bool) -> Iterator[Check | Panel]:
    """Osmotic coefficients of NaCl, CaCl2 and sucrose at 25 °C against two tables of measurements."""
    stokes = "Robinson & Stokes, Electrolyte Solutions, osmotic coefficients φ at 25 degC"
    hamer = "Hamer & Wu 1972, table 16, doi:10.1063/1.3253108"
    rows = [row for row in table("osmotic_coefficients") if row["T_C"] == "25"]
    curves, ratios = [], []
    for solute, tolerance, most in (("NaCl", 0.005, 6.0), ("CaCl2", 0.01, 2.0), ("sucrose", 0.005, 6.0)):
        known = {float(row["x"]): float(row["value"]) for row in rows if row["system"] == solute}
        known = {m: phi for m, phi in known.items() if m <= most}
        fitted = " (fitted to it)" if solute == "sucrose" else ""
        yield _coefficients(solute, known, tolerance, f"{stokes}{fitted}")
        curves.append(Series(f"{solute}, Robinson & Stokes", list(known), list(known.values())))
        fine = np.linspace(min(known), max(known), 12 if quick else 60).tolist()
        curves.append(Series(solute, fine, [coefficient(solute, m) for m in fine], ours=True))
        shares = [phi / coefficient(solute, m) for m, phi in known.items()]
        ratios.append(Series(f"{solute}, Robinson & Stokes", list(known), shares))
    yield _coefficients("NaCl", HAMER_WU, 0.0015, hamer)
    curves.append(Series("NaCl, Hamer & Wu", list(HAMER_WU), list(HAMER_WU.values())))
    yield Panel("Osmotic coefficients at 25 °C", "mol/kg", "φ", curves)
    shares = [phi / coefficient("NaCl", m) for m, phi in HAMER_WU.items()]
    ratios.append(Series("NaCl, Hamer & Wu", list(HAMER_WU), shares))
    yield over("The same, and how far two tables of NaCl are apart", "mol/kg", ratios)


def over(title: str, x: str, series: list[Series]) -> Panel:
    """Measured ÷ computed values; `y` and `spread` of the series are already such ratios."""
    ends = [min(min(np.ravel(s.x)) for s in series), max(max(np.ravel(s.x)) for s in series)]
    return Panel(title, x, "measured over computed", [Series("package", ends, [1.0, 1.0], ours=True), *series])


def coefficient(solute: str, molality: float) -> float:
    """Osmotic coefficient at 25 degC."""
    return float(osmotic_pressure({solute: f"{molality!r} mol/kg"})["osmotic_coefficient"])


def _coefficients(solute: str, known: dict[float, float], tolerance: float, source: str) -> Check:
    phi = np.array(list(known.values()))
    got = [coefficient(solute, m) for m in known]
    return worst(f"φ of {solute}", "", phi, got, tolerance * phi, source, [f"{m:g} mol/kg" for m in known])


def pressure(concentration: str, celsius: float) -> float:
    """Osmotic pressure of sucrose, Pa."""
    found = osmotic_pressure({"sucrose": concentration}, temperature=f"{celsius!r} degC")
    return float(found["osmotic_pressure_Pa"])


def pfeffer(quick: bool) -> Iterator[Check | Panel]:
    """Osmotic pressures of cane sugar that Pfeffer measured in 1877.

    The same 1 % solution was measured eight times, at 6.8 to 36 degC. How those readings scatter about their own mean,
    as shares of what the package says, is the spread of every reading; three standard deviations are allowed for one,
    and three of the mean for their mean. Per cent are grams in 100 g of water: 1 % is 1 g in 100.6 cm³, as van 't Hoff
    has it, which are 1 g and 100 g of water.
    """
    source = "Pfeffer, Osmotische Untersuchungen, 1877, as tabulated by van 't Hoff 1887 and by Arrhenius"
    molar_mass = build(_sucrose_water(), "molar mass").solutes["sucrose"].molar_mass
    assert molar_mass is not None
    readings = []  # %, degC, measured, computed
    for row in table("pfeffer_1877"):
        # the rows that are left out: van 't Hoff's line of an ideal gas; saltpetre, for which the cell was not tight
        if "sucrose" in row["system"] and not row["source"].startswith("van't Hoff"):
            percent, (low, *high) = float(row["x"]), (float(t) for t in row["T_C"].split("-"))
            celsius = 0.5 * (low + high[0]) if high else low
            computed = pressure(f"{percent / 100.0 / molar_mass!r} mol/kg", celsius)
            readings.append((percent, celsius, float(row["value"]), computed))
    shares = np.array([measured / ours for percent, _, measured, ours in readings if percent == 1.0])
    spread = float(shares.std(ddof=1))
    mean, off = float(shares.mean()), 3.0 * spread / math.sqrt(len(shares))
    yield near(f"mean of {len(shares)} readings of 1 %, measured over computed", "", 1.0, mean, off, source)
    for percent, celsius, measured, ours in readings:
        what = f"{percent:g} % at {celsius:g} °C"
        yield near(what, "bar", measured / BAR, ours / BAR, 3.0 * spread * measured / BAR, source)
    for title, x, place, chosen in (
        ("1 % of cane sugar", "°C", 1, [r for r in readings if r[0] == 1.0]),
        ("Cane sugar at 13.5 to 16 °C", "g in 100 g of water", 0, [r for r in readings if r[1] == 14.75]),
    ):
        chosen.sort(key=lambda r: r[place])
        xs, known = [r[place] for r in chosen], [r[2] / BAR for r in chosen]
        points = Series("Pfeffer, one standard deviation", xs, known, [spread * p for p in known])
        yield Panel(title, x, "bar", [points, Series("package", xs, [r[3] / BAR for r in chosen], ours=True)])


def _sucrose_water() -> dict[str, Any]:
    side = {"length": "1 mm", "concentration": {"sucrose": "0 g/L"}}
    membrane, run = {"type": "ideal"}, {"duration": "1 s"}
    return {"solutes": {"sucrose": {}}, "left": side, "right": side, "membrane": membrane, "run": run}


def sucrose(quick: bool) -> Iterator[Check | Panel]:
    """Osmotic pressures of cane sugar up to 136 bar: Morse 1914, Berkeley and Hartley 1906.

    The osmotic coefficient is that of 25 degC, also where they measured at 0 degC. Below 0.3 mol/kg Morse's values lie
    above every later one (at 0.1 mol/kg they mean φ = 1.08; Robinson and Stokes have 1.008), and more is allowed.
    """
    rows = table("sucrose_osmotic_pressure")
    morse, known = "Morse et al., Carnegie Publication 198, 1914, via Findlay", []
    for row in rows:
        if row["x_unit"] == "mol/kg water":
            known.append((float(row["T_C"]), float(row["x"]), float(row["value"])))
    curves = []
    for celsius in (0.0, 20.0, 25.0):
        here = [(m, p) for t, m, p in known if t == celsius]
        got = {m: pressure(f"{m!r} mol/kg", celsius) for m, _ in here}
        for name, few, share in (
            ("0.3 to 1 mol/kg", [r for r in here if r[0] >= 0.3], 0.031),
            ("0.1 and 0.2 mol/kg", [r for r in here if r[0] < 0.3], 0.09),
        ):
            measured = np.array([p for _, p in few]) / BAR
            found = np.array([got[m] for m, _ in few]) / BAR
            where = [f"{m:g} mol/kg" for m, _ in few]
            yield worst(f"Morse, {celsius:g} °C, {name}", "bar", measured, found, share * measured, morse, where)
        # three temperatures are three readings, once they are taken to one: π ∝ T
        spread = []
        for m, p in here:
            reduced = [other / (t + ZERO_CELSIUS) for t, molality, other in known if molality == m]
            spread.append(0.5 * (max(reduced) - min(reduced)) / min(reduced) * p / BAR)
        xs, shares = [m for m, _ in here], [p / got[m] for m, p in here]
        bars = [BAR * s / got[m] for s, (m, _) in zip(spread, here, strict=True)]
        curves.append(Series(f"Morse, {celsius:g} °C", xs, shares, bars))
    yield over("Cane sugar, Morse 1914; bars: between his temperatures, π/T", "mol/kg", curves)
    hartley = "Berkeley & Hartley, Phil. Trans. A206 (1906) 481, at 0 °C; their spread is not in the table"
    xs, known_there, got_there, ideal = [], [], [], []
    for row in rows:
        if row["x_unit"] == "g/L solution":
            found_all = osmotic_pressure({"sucrose": f"{row['x']} g/L"}, temperature="0 degC")
            xs.append(float(row["x"]))
            known_there.append(float(row["value"]) / BAR)
            got_there.append(found_all["osmotic_pressure_Pa"] / BAR)
            ideal.append(found_all["ideal_osmotic_pressure_Pa"] / BAR)
            share = 0.015 if xs[-1] < 301 else 0.052
            what = f"Berkeley & Hartley, {row['x']} g/L"
            yield near(what, "bar", known_there[-1], got_there[-1], share * known_there[-1], hartley)
    curves = [
        Series("Berkeley & Hartley", xs, known_there),
        Series("package", xs, got_there, ours=True),
        Series("van 't Hoff: R T c", xs, ideal, ours=True),
    ]
    yield Panel("Cane sugar at 0 °C, Berkeley and Hartley 1906", "g/L", "bar", curves)


def gas_diffusivity(quick: bool) -> Iterator[Check | Panel]:
    """Diffusivities of 16 pairs of gases, 0 to 400 °C, by Fuller's formula against measurements."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    for row in table("diffusion_gas"):
        if row["confidence"] != "approximate":
            pairs.setdefault(row["system"], []).append((float(row["T_C"]), float(row["value"])))
    source = "CRC Handbook, Diffusion in gases (Marrero & Mason 1972; Kestin 1984); Perry"
    errors, curves = [], []
    shares: dict[str, list[tuple[float, float]]] = {}
    for name, known in sorted(pairs.items()):
        known.sort()
        got = {celsius: diffusivity(name, celsius) for celsius, _ in known}
        errors += [abs(got[celsius] / value - 1.0) for celsius, value in known]
        # one row lies off the curve of its neighbours: from 100 to 200 degC it would rise with T^1.98
        odd = [row for row in known if name == "H2O-air" and row[0] == 200.0]
        for rows, share in (([row for row in known if row not in odd], 0.103), (odd, 0.125)):
            if rows:
                measured = np.array([value for _, value in rows])
                found = [got[celsius] for celsius, _ in rows]
                where = [f"{celsius:g} °C" for celsius, _ in rows]
                yield worst(name, "m²/s", measured, found, share * measured, source, where)
        if name in ("CO2-air", "H2-N2", "H2O-air", "CH4-O2"):
            curves += [
                Series(f"{name}, measured", list(got), [value for _, value in known]),
                Series(name, list(got), list(got.values()), ours=True),
            ]
        shares.setdefault(f"in {name.split('-')[1]}", []).extend(
            (celsius, value / got[celsius]) for celsius, value in known
        )
    mean = 100.0 * float(np.mean(errors))
    yield Check(f"mean departure of all {len(errors)}", "%", 0.0, mean, 0.0, 3.5, source)
    yield Panel("Two gases in one another, at 1 atm", "°C", "m²/s", curves, "y")
    ratios = [Series(name, *np.transpose(each)) for name, each in shares.items()]
    yield over(f"All {len(pairs)} pairs", "°C", ratios)


def diffusivity(pair: str, celsius: float) -> float:
    """Diffusivity of two gases of the library at 1 atm, as in a case, m^2/s."""
    first, second = pair.split("-")
    run, membrane = {"duration": "1 s"}, {"type": "none"}
    case: dict[str, Any] = {"phase": "gas", "temperature": f"{celsius!r} degC", "membrane": membrane, "run": run}
    case["solutes"] = {first: {}, second: {}}
    for which, parts in (("left", ("1", "0")), ("right", ("0", "1"))):
        shares = {name: f"{part} mol/mol" for name, part in zip((first, second), parts, strict=True)}
        case[which] = {"length": "1 cm", "pressure": "101325 Pa", "concentration": shares}
    return build(case, pair).solutes[first].diffusivity
