"""Steady states by Newton's method: against runs in time, algebra, exact films, and the ends of closed cases."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde import analytic
from membrane_pde.input.build import build
from membrane_pde.input.properties import concentration_scales, pressure_scale
from membrane_pde.reference import numbers, table
from membrane_pde.results.quantities import SUMMARY_KEYS
from tests.shipped import CASES

RT = 8.31446261815324 * 298.15
OF_THE_WAY = (
    "displaced_volume_m", "amount_transferred_mol_per_m2", "collected_concentration_mol_per_m3", "collected_rejection",
    "energy_J_per_m2", "specific_energy_J_per_m3", "throttled_energy_J_per_m3", "minimum_energy_J_per_m3",
    "second_law_efficiency", "end_time_s", "amount_error",
)  # fmt: skip
STANDS = [
    f"{name}_{side}_{unit}"
    for name, unit in (("pressure", "Pa"), ("concentration", "mol_per_m3"), ("wall_concentration", "mol_per_m3"))
    for side in ("left", "right")
]
LENGTHS = ["length_left_m", "length_right_m"]
FLUXES = ["water_flux_m_per_s", "solute_flux_mol_per_m2_s"]

FLAT = """
[solutes.held]
diffusivity = "1e-9 m^2/s"
[solutes.free]
diffusivity = "1e-9 m^2/s"
[left]
length = "100 um"
concentration = { held = "0 mol/m^3", free = "100 mol/m^3" }
[right]
length = "200 um"
concentration = { held = "0 mol/m^3", free = "40 mol/m^3" }
[membrane]
water_permeability = "1 L/m^2/hour/bar"
solutes.held = { permeability = "0 m/s", reflection = 1.0 }
solutes.free = { permeability = "1e-6 m/s", reflection = 0.5 }
[mesh]
cells = 20
[run]
duration = "1000 d"
until = "steady"
"""
FED = {"held": "0 mol/m^3", "free": "50 mol/m^3"}
BATH = {"boundary": "bath", "volume": "1 mm"}


def case(text: str = FLAT, values: dict[str, Any] | None = None) -> mp.Case:
    return mp.parse_case(text).with_values(values or {})


def side(name: str, **values: Any) -> dict[str, Any]:
    return {f"{name}.{key}": value for key, value in values.items()}


def vector(value: Any) -> np.ndarray[Any, Any]:
    return np.array(list(value.values()) if isinstance(value, dict) else [value], dtype=float)


def check(found: dict[str, Any]) -> dict[str, Any]:
    """What holds of every answer."""
    assert set(found) == set(SUMMARY_KEYS)
    assert all(found[key] is None for key in OF_THE_WAY)
    assert found["status"] in ("steady", None)
    assert found["status"] or found["message"]
    return found


def is_the_runs(found: dict[str, Any], one: mp.Case, within: float = 1e-7) -> None:
    """Every number is that of a run that has come to rest, on its own scale: its largest during the run."""
    result = mp.run(one)
    assert result.summary["status"] == "steady"
    size, pressure = concentration_scales(one), pressure_scale(one)
    for key in [*STANDS, *FLUXES, *LENGTHS]:
        if found[key] is None:
            continue
        seen = np.asarray(result.arrays[key]).reshape(len(result.arrays["time"]), -1)
        least: Any = 1e-300
        if "pressure" in key:
            least = pressure or 1.0
        elif "concentration" in key:
            least = 1e-3 * size  # what the run leaves open
        elif key == "water_flux_m_per_s":
            least = 1e-9 * one.membrane.water_permeability * pressure + 1e-300
        elif key == "solute_flux_mol_per_m2_s":
            passing = [each.permeability for each in one.membrane.solutes.values()]
            least = (1e-6 * np.array(passing or [0.0]) + 1e-15) * size
        scale = np.maximum(np.abs(seen).max(axis=0), least)
        off = np.abs(vector(found[key]) - seen[-1]) / scale
        assert off.max() <= within, (key, off)


def is_the_equilibrium(found: dict[str, Any], one: mp.Case) -> None:
    end = mp.equilibrium(one)
    size, pressure = concentration_scales(one), pressure_scale(one) + 1.0
    for key in [*STANDS, *LENGTHS]:
        if found[key] is None:
            endless = (
                key in LENGTHS and getattr(one, key.split("_")[1]).without_end
            )  # a stirred reservoir has no length
            assert end[key] is None or endless, key
            continue
        scale = {"p": pressure, "l": 0.0}.get(key[0], 1e-6 * size)
        assert np.abs(vector(found[key]) - vector(end[key])) == pytest.approx(
            0.0, abs=float((1e-9 * np.maximum(np.abs(vector(end[key])), scale)).max())
        ), key


# -- shipped cases -------------------------------------------------------------------------------------------------
CLOSED = [
    "cold_and_warm", "dialysis", "dialysis_slabs", "hypertonic", "hypotonic", "isotonic", "leaky",
    "osmolarity_is_not_tonicity", "osmosis", "osmotic_pressure", "plant_cell_turgor", "reverse_osmosis",
    "semipermeable", "stopped_osmosis", "sweet_to_salty", "two_gases", "u_tube", "hollow_fibre", "swelling_sphere",
]  # fmt: skip
OPEN = ["brackish_ro", "nanofiltration", "seawater_ro"]
BETWEEN_RESERVOIRS = ["forward_osmosis", "pressure_retarded_osmosis"]


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_case_ends_in_its_equilibrium(name: str) -> None:
    one = mp.load_case(name)
    found = check(mp.steady(one))
    assert found["status"] == "steady"
    is_the_equilibrium(found, one)
    assert found["water_flux_m_per_s"] == 0.0
    assert set(found["solute_flux_mol_per_m2_s"].values()) == {0.0}


@pytest.mark.parametrize("name", OPEN)
def test_an_open_case_ends_where_its_run_does(name: str) -> None:
    one = mp.load_case(name, {"run.rtol": 1e-9, "run.until": "steady", "mesh.cells": 30})
    found = check(mp.steady(one))
    is_the_runs(found, one)
    for solute, flux in found["solute_flux_mol_per_m2_s"].items():  # what leaves is what passes
        leaves = found["concentration_right_mol_per_m3"][solute] * found["water_flux_m_per_s"]
        assert leaves == pytest.approx(flux, rel=1e-12)
    assert found["process"] in ("reverse osmosis", "filtration")


@pytest.mark.parametrize("name", BETWEEN_RESERVOIRS)
def test_between_two_reservoirs_it_ends_where_its_run_does(name: str) -> None:
    one = mp.load_case(name, {"run.rtol": 1e-9, "run.until": "steady", "mesh.cells": 30})
    found = check(mp.steady(one))
    is_the_runs(found, one)
    assert found["process"] == "osmosis"


def test_every_shipped_case_is_here() -> None:
    assert set(CASES) == {*CLOSED, *OPEN, *BETWEEN_RESERVOIRS, "batch_ro", "closed_circuit_ro"}


def test_a_tank_that_is_pressed_empty_has_none() -> None:
    found = check(mp.steady("batch_ro"))
    assert found["status"] is None
    assert "the left side runs dry" in found["message"]
    assert "left.pressure.flux" in found["message"]


def test_closed_circuit_at_one_pressure() -> None:
    """Without a brine all that is fed leaves through the membrane: the permeate comes to the feed's concentration."""
    one = mp.load_case("closed_circuit_ro", {"left.pressure": "22 bar"})
    found = check(mp.steady(one))
    assert found["concentration_right_mol_per_m3"]["NaCl"] == pytest.approx(
        one.left.feed.concentration["NaCl"],
        rel=1e-10,  # type: ignore[union-attr]
    )
    assert found["water_flux_m_per_s"] > 0.0


# -- exact ---------------------------------------------------------------------------------------------------------
LAWS = {"SK": "spiegler-kedem", "KKlog": "kedem-katchalsky", "KKarith": ""}


@pytest.mark.parametrize("row", [row for row in table("exact_film_ro") if LAWS[row["law"]]])
def test_film_theory_to_the_last_digits(row: dict[str, str]) -> None:
    """The exponential scheme is exact for a film at rest, on any mesh."""
    x = numbers(row)
    one = case(
        f"""
        [solutes.salt]
        diffusivity = "{x["k"] * 50e-6!r} m^2/s"
        dissociation = {x["nuRT"] / RT!r}
        [left]
        boundary = "reservoir"
        length = "50 um"
        pressure = "{x["dP"]!r} Pa"
        concentration = {{ salt = "{x["cb"]!r} mol/m^3" }}
        [right]
        boundary = "outflow"
        stirred = true
        length = "1 mm"
        concentration = {{ salt = "0 mol/m^3" }}
        [membrane]
        flux_law = "{LAWS[row["law"]]}"
        water_permeability = "{x["Lp"]!r} m/s/Pa"
        solutes.salt = {{ permeability = "{x["Ps"]!r} m/s", reflection = {x["sigma"]!r} }}
        [run]
        duration = "1 h"
        """
    )
    found = check(mp.steady(one))
    assert found["water_flux_m_per_s"] == pytest.approx(x["Jv"], rel=1e-10)
    assert found["wall_concentration_left_mol_per_m3"]["salt"] == pytest.approx(x["cw"], rel=1e-10)
    assert found["concentration_right_mol_per_m3"]["salt"] == pytest.approx(x["cp"], rel=1e-10)
    assert found["rejection"]["salt"] == pytest.approx(x["R_obs"], abs=1e-10)
    assert found["polarization_modulus"]["salt"] == pytest.approx(x["cw"] / x["cb"], rel=1e-10)


def test_a_permeate_channel_that_takes_long_to_flush() -> None:
    """A run once took this for steady after 36 s, at 22.1 mg/L."""
    one = case(
        """
        [solutes.NaCl]
        [left]
        boundary = "reservoir"
        length = "1 um"
        pressure = "55 bar"
        concentration.NaCl = "32 g/L"
        [right]
        boundary = "outflow"
        stirred = true
        length = "1 mm"
        concentration.NaCl = "0 g/L"
        [membrane]
        type = "SW30HR"
        [run]
        duration = "100 h"
        """
    )
    found, salt = check(mp.steady(one)), one.membrane.solutes["NaCl"]
    exact = analytic.film_reverse_osmosis(
        "spiegler-kedem",
        water_permeability=one.membrane.water_permeability,
        pressure=55e5,
        concentration=one.left.concentration["NaCl"],  # type: ignore[arg-type]
        mass_transfer=one.solutes["NaCl"].diffusivity / 1e-6,
        reflection=salt.reflection,
        permeability=salt.permeability,
        osmotic=2.0 * RT,
    )
    assert found["water_flux_m_per_s"] == pytest.approx(exact.water_flux, rel=1e-10)
    assert found["concentration_right_mol_per_m3"]["NaCl"] == pytest.approx(exact.permeate, rel=1e-10)
    assert found["concentration_right_mol_per_m3"]["NaCl"] * 58.44 == pytest.approx(77.5, abs=0.1)  # mg/L


@pytest.mark.parametrize("stirred", [True, False])
def test_a_bath_is_flushed_by_its_feed_and_its_bleed(stirred: bool) -> None:
    """``(J_v + b) c_f = b c_b + J_s``: what is fed leaves with the bleed and through the membrane."""
    bleed = 1e-6
    bath = side("left", **BATH, stirred=stirred, pressure="20 bar", feed=FED | {"held": "80 mol/m^3"}, bleed="1e-6 m/s")
    found = check(mp.steady(case(values=bath | side("right", boundary="outflow"))))
    flux, passing = found["water_flux_m_per_s"], found["solute_flux_mol_per_m2_s"]
    assert flux > 0.0
    tank = {name: ((flux + bleed) * fed - passing[name]) / bleed for name, fed in (("held", 80.0), ("free", 50.0))}
    assert tank["held"] == pytest.approx((flux + bleed) / bleed * 80.0)
    for name in ("held", "free"):
        assert found["rejection"][name] == pytest.approx(1.0 - passing[name] / flux / tank[name], abs=1e-9)
        if stirred:
            assert found["concentration_left_mol_per_m3"][name] == pytest.approx(tank[name], rel=1e-10)


def test_what_nothing_takes_out_stops_the_water() -> None:
    """A make-up feed, no bleed, a tight membrane: the solute piles up until its osmotic pressure is the applied one."""
    feed = {"held": "10 mol/m^3", "free": "0 mol/m^3"}
    bath = side("left", **BATH, pressure="20 bar", feed=feed, concentration=feed)
    right = side("right", boundary="reservoir", concentration=FED | {"free": "0 mol/m^3"})
    found = check(mp.steady(case(values=bath | right)))
    assert found["water_flux_m_per_s"] == pytest.approx(0.0, abs=1e-18)
    assert found["wall_concentration_left_mol_per_m3"]["held"] * RT == pytest.approx(20e5, rel=1e-10)


def test_slack_wall_beside_a_bath() -> None:
    """Plasmolysis: the cell shrinks to ``n/c``, and its wall presses no more."""
    cell = side(
        "left", boundary="elastic", modulus="10 bar", concentration={"held": "100 mol/m^3", "free": "0 mol/m^3"}
    )
    bath = side("right", boundary="reservoir", concentration={"held": "200 mol/m^3", "free": "0 mol/m^3"})
    found = check(mp.steady(case(values=cell | bath)))
    assert found["length_left_m"] == pytest.approx(50e-6, rel=1e-12)
    assert found["pressure_left_Pa"] == 0.0


# -- against runs in time ------------------------------------------------------------------------------------------
KINDS = ["piston", "standpipe", "elastic", "rigid", "reservoir", "bath", "fed", "flow", "outflow"]


def drawn(seed: int) -> dict[str, Any]:
    """A pair of boundaries, a flux law and one to three solutes, with constant inputs, at random."""
    random = np.random.default_rng(seed)

    def size(low: float, high: float) -> float:
        return float(np.exp(random.uniform(np.log(low), np.log(high))))

    def choice(one_of: list[Any]) -> Any:
        return one_of[int(random.integers(len(one_of)))]

    names = "ABC"[: int(random.integers(1, 4))]
    law = choice(["solution-diffusion", "kedem-katchalsky", "spiegler-kedem"])
    without = random.random() < 0.08

    def solution() -> dict[str, str]:
        return {name: f"{0.0 if random.random() < 0.25 else size(1.0, 600.0)!r} mol/m^3" for name in names}

    raw: dict[str, Any] = {
        "solutes": {
            name: {"diffusivity": f"{size(2e-10, 3e-9)!r} m^2/s", "dissociation": choice([1, 2])} for name in names
        }
    }
    for one in ("left", "right"):
        kind = choice(["piston", "rigid", "reservoir", "bath"] if without else KINDS)
        found: dict[str, Any] = {
            "boundary": "bath" if kind in ("fed", "flow") else kind,
            "length": f"{size(1e-5, 2e-4)!r} m",
            "concentration": solution(),
            "stirred": bool(random.random() < 0.35),
        }
        if kind in ("bath", "fed", "flow"):
            found["volume"] = f"{size(1e-5, 1e-3)!r} m"
        if kind == "fed":
            found |= {"feed": solution(), "bleed": f"{choice([0.0, size(1e-7, 1e-4), size(1e-7, 1e-4)])!r} m/s"}
        if kind == "flow":
            flow = f"{size(1e-7, 1e-5)!r} m/s"
            found |= {"feed": {"flow": flow, "concentration": solution()}, "bleed": flow}
        if kind == "standpipe":
            found["tube_area"] = size(1e-3, 1.0)
        if kind == "elastic":
            found["modulus"] = f"{size(0.1, 100.0)!r} bar"
        if kind == "outflow":
            found |= choice([{}, {"backflow": solution()}, {"backflow": "last"}])
        if kind != "rigid" and not without and random.random() < 0.6:
            found["pressure"] = f"{random.uniform(0.0, 30.0)!r} bar"
        raw[one] = found
    membrane: dict[str, Any] = {"type": "none"}
    if not without:
        membrane = {"flux_law": law, "solutes": {}}
        membrane["water_permeability"] = f"{choice([0.0] + 9 * [size(0.1, 10.0)])!r} L/m^2/hour/bar"
        for name in names:
            tight = random.random() < 0.3
            sigma = choice([0.0, 1.0, float(random.uniform())])
            whole = law == "solution-diffusion" or (tight and random.random() < 0.7)
            membrane["solutes"][name] = {
                "permeability": f"{0.0 if tight else size(1e-8, 1e-5)!r} m/s",
                "reflection": 1.0 if whole else sigma,
            }
    run = {"duration": "1e9 s", "until": "steady", "outputs": 40, "rtol": 1e-9}
    return raw | {"membrane": membrane, "mesh": {"cells": 12}, "run": run}


def compare(seed: int, count: Counter[str]) -> None:
    try:
        one = build(drawn(seed), f"drawn-{seed}")
    except mp.CaseError:
        count["cannot be"] += 1
        return
    found = check(mp.steady(one))
    try:
        status = mp.run(one).summary["status"]
    except mp.RunError:
        status = "failed"
    assert "did not converge" not in (found["message"] or "")
    count[f"{found['status']}, run {status}"] += 1
    if found["status"] == "steady" and status == "steady":
        is_the_runs(found, one)
    elif found["status"] is None and status == "steady":  # where the way decides, the run has taken one
        assert any(words in found["message"] for words in ("the end depends on", "course of the run")), found["message"]


# Where the run takes no more than two seconds without machine code.
@pytest.mark.parametrize("seed", [5, 6, 8, 10, 11, 14, 15, 16, 17, 19, 21, 23, 24, 25, 26, 29, 30, 31, 33, 34, 36, 37])
def test_as_a_run_ends(seed: int) -> None:
    compare(seed, Counter())


@pytest.mark.slow
def test_as_hundreds_of_runs_end() -> None:
    count: Counter[str] = Counter()
    for seed in range(300):
        compare(seed, count)
    print(*(f"{number:4d}  {what}" for what, number in sorted(count.items())), sep="\n")
    assert count["steady, run steady"] > 120


# -- none, or more than one ----------------------------------------------------------------------------------------
HELD = side("left", concentration={"held": "10 mol/m^3", "free": "100 mol/m^3"})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (side("left", pressure="1 bar"), "the left side runs dry before the forces balance"),
        (side("right", pressure="1 bar"), "the right side runs dry before the forces balance"),
        (side("left", boundary="reservoir", pressure="1 bar"), "the right side takes up water from the reservoir"),
        (
            side("left", **BATH, feed=FED, bleed="1e-6 m/s", pressure="1 bar"),
            "the right side takes up water from the bath on the left without end",
        ),
        (
            side("left", boundary="outflow") | HELD,
            "the end depends on how much has left through the outflow on the left",
        ),
        (side("left", **BATH, feed=FED), "left.bleed"),
        (side("left", **BATH, bleed="1e-6 m/s"), "the bath on the left runs dry"),
        (
            side("left", **BATH, feed={"flow": "2e-6 m/s", "concentration": FED}, bleed="1e-6 m/s"),
            "the volume of the bath on the left keeps changing",
        ),
        (
            side("left", **BATH, feed={"flow": "2e-6 m/s", "concentration": FED}, bleed="1e-6 m/s", pressure="5 bar")
            | side("right", boundary="reservoir"),
            "the volume of the bath on the left keeps changing",
        ),
        (
            HELD | {"membrane.solutes.held.reflection": 0.9},
            "the end depends on the path: water carries a solute through the membrane that cannot diffuse back",
        ),
        (
            side("left", boundary="outflow", backflow="last", pressure="5 bar") | side("right", boundary="reservoir"),
            "what left it last depends on the course of the run",
        ),
        (side("left", pressure={"flux": "1e-6 m/s"}), "the left side runs dry: left.pressure.flux prescribes"),
        (
            side("left", boundary="reservoir", pressure={"flux": "1e-6 m/s"}),
            "the right side takes up water without end: left.pressure.flux prescribes",
        ),
        (
            side("left", **BATH, feed=FED | {"held": "5 mol/m^3"}, pressure={"flux": "1e-6 m/s"})
            | side("right", boundary="outflow"),
            "held accumulates in the bath on the left for ever",
        ),
    ],
)
def test_there_is_none(values: dict[str, Any], words: str) -> None:
    found = check(mp.steady(case(values=values)))
    assert found["status"] is None
    assert words in found["message"]
    assert all(found[key] is None for key in [*STANDS, *FLUXES, *LENGTHS])


def test_an_outflow_that_flows_back_advises_as_a_run_does() -> None:
    one = mp.load_case("seawater_ro", {"left.pressure": "20 bar"})
    found = check(mp.steady(one))
    assert found["status"] is None
    with pytest.raises(mp.RunError) as stopped:
        mp.run(one)
    assert found["message"] == str(stopped.value)
    assert 'right.backflow = "last"' in found["message"]
    # salt passes until what has flowed in is salty enough for the water to turn
    one = one.with_values({"right.backflow": {"NaCl": "0 g/L"}, "mesh.cells": 20, "run.duration": "100 h"})
    drawn_in = check(mp.steady(one))
    is_the_runs(drawn_in, one.with_values({"run.until": "steady", "run.rtol": 1e-9}))
    assert drawn_in["water_flux_m_per_s"] > 0.0
    one = one.with_values({"left.pressure": "0 bar"})
    drawn_in = check(mp.steady(one))
    is_the_runs(drawn_in, one.with_values({"run.until": "steady", "run.rtol": 1e-9}))


def test_any_volume_is_one() -> None:
    """Two pistons at equal pressure, and only a solute that passes: level, wherever they stand."""
    found = check(mp.steady(case()))
    assert found["status"] == "steady"
    assert found["message"].startswith("the pressures are equal and every solute can pass, so any displaced volume")
    assert [found[key] for key in LENGTHS] == [None, None]
    level = (100.0 * 100.0 + 200.0 * 40.0) / 300.0
    for name in ("left", "right"):
        assert found[f"concentration_{name}_mol_per_m3"]["free"] == pytest.approx(level, rel=1e-12)


def test_baths_in_which_nothing_is_missing() -> None:
    """A constant feed equal to the bleed holds a bath's volume where no water passes, or just what is not drawn out."""
    flow = {"flow": "2e-6 m/s", "concentration": FED}
    for values in (
        side("left", **BATH, feed=flow, bleed="2e-6 m/s") | {"membrane.water_permeability": "0 m/s/Pa"},
        side("left", **BATH, feed=flow, bleed="2e-6 m/s") | HELD | side("right", boundary="rigid"),
        side("left", **BATH, feed=flow, bleed="1e-6 m/s", pressure={"flux": "1e-6 m/s"})
        | side("right", boundary="outflow"),
    ):
        one = case(values=values | {"run.rtol": 1e-9})
        found = check(mp.steady(one))
        assert found["status"] == "steady"
        is_the_runs(found, one)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"left.pressure": {"schedule": [["0 s", "0 bar"], ["1 h", "5 bar"]]}}, 'left.pressure="5 bar"'),
        ({"right.pressure": {"mean": "1 bar", "amplitude": "1 bar", "period": "1 d"}}, "right.pressure oscillates"),
        (
            {
                "left.boundary": "reservoir",
                "left.pressure": {"flux": {"schedule": [["0 s", "1 L/m^2/hour"], ["1 h", "2 L/m^2/hour"]]}},
            },
            'left.pressure.flux="2 L/m^2/hour"',
        ),
    ],
)
def test_what_changes_with_time_is_refused(values: dict[str, Any], key: str) -> None:
    with pytest.raises(mp.CaseError, match="pressure") as refused:
        mp.steady(case(values=values | {"run.until": "duration"}))
    assert key in str(refused.value)


def test_a_schedule_of_one_value_is_none() -> None:
    one = mp.load_case("seawater_ro")
    same = one.with_values({"left.pressure": {"schedule": [["0 s", "60 bar"], ["1 h", "60 bar"]]}})
    assert mp.steady(same)["water_flux_m_per_s"] == mp.steady(one)["water_flux_m_per_s"]


def test_no_guess_is_asked_for() -> None:
    """The same state from very different starts: nothing of the start is left between open sides."""
    one = mp.load_case("seawater_ro")
    first = mp.steady(one)
    for start in ("1 ug/L", "100 g/L"):
        other = mp.steady(one.with_values({"right.concentration.NaCl": start}))
        for key in ("water_flux_m_per_s", "rejection", "wall_concentration_left_mol_per_m3"):
            assert vector(other[key]) == pytest.approx(vector(first[key]), rel=1e-9)


def test_of_a_solute_that_is_washed_out_nothing_is_left() -> None:
    rest = mp.steady(mp.load_case("hollow_fibre"))
    assert rest["concentration_left_mol_per_m3"] == rest["wall_concentration_left_mol_per_m3"] == {"urea": 0.0}
    assert rest["osmotic_pressure_left_Pa"] == 0.0
