"""The shipped cases with a length along the membrane: balances, and for each the claims of its comment."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde.input.casefile import case_text
from tests.places import ROOT
from tests.shipped import ALONG, ran

LMH, ML_PER_MIN = 3.6e6, 6e7
BENCH = ROOT / "cases" / "bench.csv"


@cache
def answer(name: str, **changes: str) -> dict[str, Any]:
    """Steady state of a shipped case with some keys changed; ``__`` stands for the dots of a key's path."""
    case = mp.load_case(name)
    return mp.steady(case.with_values({key.replace("__", "."): value for key, value in changes.items()}))


@pytest.mark.parametrize("name", ALONG)
def test_the_file_says_what_it_shows_and_where_its_numbers_come_from(name: str) -> None:
    comment = case_text(name).split("\n\ntitle")[0]
    assert all(line.startswith("#") for line in comment.splitlines())
    assert "Look for: " in comment
    assert "Numbers: " in comment
    assert mp.load_case(name).warnings == ()


@pytest.mark.parametrize("name", [name for name in ALONG if mp.load_case(name).steady_only])
def test_what_enters_leaves(name: str) -> None:
    """Liquid and solutes of the feed: in = out + through the membrane, on the whole area."""
    found = answer(name)
    assert found["status"] == "steady"
    flows = [found[f"{part}_flow_m3_per_s"] for part in ("feed", "permeate", "concentrate")]
    assert flows[0] == pytest.approx(flows[1] + flows[2], rel=1e-10)
    assert found["water_flux_m_per_s"] * found["area_m2"] == pytest.approx(flows[1], rel=1e-9)
    assert found["recovery"] == pytest.approx(flows[1] / flows[0], rel=1e-10)
    case = mp.load_case(name)
    if case.energy.pressure_exchanger.mixing == 0.0:  # else brine enters with the feed
        for solute in case.solutes:
            entering = flows[0] * case.left.inlet[solute].values[0]
            leaving = flows[2] * found["concentrate_concentration_mol_per_m3"][solute]
            through = found["solute_flux_mol_per_m2_s"][solute] * found["area_m2"]
            assert entering == pytest.approx(leaving + through, rel=1e-8)


def test_an_element_does_what_its_data_sheet_says() -> None:
    found = answer("ro_element")
    assert found["permeate_flow_m3_per_s"] * 86400.0 == pytest.approx(26.0, rel=0.01)  # the maker grants 15 %
    assert 0.9965 <= found["rejection"]["NaCl"] == pytest.approx(0.997, abs=2e-4)
    assert found["feed_flow_m3_per_s"] * 3600.0 == pytest.approx(13.5, rel=0.01)
    assert found["polarization_modulus"]["NaCl"] == pytest.approx(1.14, abs=0.01)
    weak = answer("ro_element", left__pressure="30 bar", left__channel__recovery="2 %")
    assert weak["water_flux_m_per_s"] < found["water_flux_m_per_s"] / 6.0


def test_a_correlation_out_of_its_range_is_told_where_the_flow_is_solved_for() -> None:
    found = answer("ro_element", left__channel__recovery="60 %", left__pressure="70 bar", module__length="10 cm")
    assert (
        "mass_transfer: guillen-hoek is valid for Reynolds numbers from 10 to 5000, and is used at" in found["message"]
    )
    assert answer("ro_element")["message"] == ""


def test_a_vessel_of_seven() -> None:
    found, case = answer("ro_vessel"), mp.load_case("ro_vessel")
    assert found["recovery"] == pytest.approx(0.45, rel=1e-9)
    assert found["pressure_left_Pa"] * 1e-5 == pytest.approx(57.0, abs=0.3)
    first, *_, last = found["elements"]
    assert len(found["elements"]) == 7
    assert first["water_flux_m_per_s"] / last["water_flux_m_per_s"] == pytest.approx(3.7, abs=0.2)
    salt = [each["permeate_concentration_mol_per_m3"]["NaCl"] for each in (first, last)]
    assert salt[1] / salt[0] == pytest.approx(5.7, abs=0.3)
    # DESIGN §3b: [Q_p p_f + Q_c (p_f − η_x p_c)]/(η Q_p)
    feed, permeate = found["feed_flow_m3_per_s"], found["permeate_flow_m3_per_s"]
    before, behind = found["pressure_left_Pa"], found["pressure_left_Pa"] - found["pressure_drop_left_Pa"]
    energy = (permeate * before + (feed - permeate) * (before - 0.95 * behind)) / (0.85 * permeate)
    assert found["pump_energy_J_per_m3"] == pytest.approx(energy, rel=1e-9)
    assert found["pump_energy_J_per_m3"] / 3.6e6 == pytest.approx(2.04, abs=0.02)
    assert found["minimum_energy_J_per_m3"] / 3.6e6 == pytest.approx(0.92, abs=0.01)
    # mixing: c_in = c + m (Q_c/Q_f)(c_c − c)
    brine = found["concentrate_concentration_mol_per_m3"]["NaCl"]
    fed = case.left.concentration["NaCl"]
    mixed = fed + 0.03 * (1.0 - found["recovery"]) * (brine - fed)
    assert first["feed_concentration_mol_per_m3"]["NaCl"] == pytest.approx(mixed, rel=1e-8)
    cold = answer("ro_vessel", temperature="10 degC")
    assert cold["pressure_left_Pa"] > found["pressure_left_Pa"]
    assert cold["rejection"]["NaCl"] > found["rejection"]["NaCl"]


def test_two_stages_with_a_booster() -> None:
    found, without = answer("brackish_two_stage"), answer("brackish_two_stage", module__stage__1__boost="0 bar")
    flux = [each["water_flux_m_per_s"] * LMH for each in found["elements"]]
    assert [each["stage"] for each in found["elements"]] == [1] * 6 + [2] * 6
    assert (flux[0], flux[5], flux[6]) == pytest.approx((30.0, 22.0, 26.0), abs=0.6)
    assert found["pressure_left_Pa"] < without["pressure_left_Pa"]
    plain = [each["water_flux_m_per_s"] * LMH for each in without["elements"]]
    assert max(flux) - min(flux) < max(plain) - min(plain)


def test_a_cell_of_the_bench() -> None:
    found = answer("crossflow_cell")
    assert found["polarization_modulus"]["NaCl"] == pytest.approx(1.37, abs=0.01)
    faster, harder = (
        answer("crossflow_cell", left__channel__velocity="0.3 m/s"),
        answer("crossflow_cell", left__pressure="30 bar"),
    )
    assert faster["polarization_modulus"]["NaCl"] < found["polarization_modulus"]["NaCl"]
    assert harder["polarization_modulus"]["NaCl"] > found["polarization_modulus"]["NaCl"]
    assert faster["water_flux_m_per_s"] > found["water_flux_m_per_s"]


@pytest.mark.slow
def test_a_fit_finds_what_the_table_was_made_with() -> None:
    keys = ("membrane.water_permeability", "membrane.solutes.NaCl.permeability")
    keys += tuple(f"left.channel.mass_transfer.sherwood.{place}" for place in (0, 1))
    fitted = mp.fit(mp.load_case("crossflow_cell"), BENCH, free=list(keys))
    made_with = (3.6 / 3.6e11, 6.5e-8, 0.35, 0.42)
    for key, true in zip(keys, made_with, strict=True):
        found = fitted.parameters[key]
        assert found.standard_error is not None
        assert abs(found.value - true) < 3.0 * found.standard_error < 0.5 * true, key


def test_forward_osmosis_along_a_module() -> None:
    found = answer("forward_osmosis_module")
    other = answer("forward_osmosis_module", module__direction="co-current")
    assert found["water_flux_m_per_s"] * LMH == pytest.approx(4.7, abs=0.1)
    assert found["recovery"] == pytest.approx(2.0 / 3.0, abs=0.02)
    assert other["recovery"] < found["recovery"]
    assert found["solute_flux_mol_per_m2_s"]["NaCl"] < 0.0  # back into the feed


def test_power_of_pressure_retarded_osmosis() -> None:
    powers = {
        bar: answer("pressure_retarded_osmosis_module", right__pressure=f"{bar} bar")["power_density_W_per_m2"]
        for bar in (4, 8, 12, 16)
    }
    assert max(powers, key=lambda bar: powers[bar]) == 12
    assert powers[12] == pytest.approx(2.5, abs=0.05)
    assert powers[8] == pytest.approx(2.1, abs=0.05)
    found = answer("pressure_retarded_osmosis_module")
    assert powers[8] == pytest.approx(found["water_flux_m_per_s"] * 8e5, rel=1e-6)


def test_a_pump_stops() -> None:
    result = ran("pump_trip")
    flux = np.asarray(result.series["water_flux_m_per_s"].values) * LMH
    time = np.asarray(result.series["time"].values)
    bulk, wall = (
        np.asarray(result.series[f"{place}concentration_left_mol_per_m3"].values)[:, 0] for place in ("", "wall_")
    )
    assert flux[time <= 60.0][-1] == pytest.approx(31.0, abs=0.5)
    assert flux.min() == pytest.approx(-23.0, abs=0.5)
    assert 60.0 < time[flux.argmin()] < 64.0
    assert flux[-1] == pytest.approx(flux.min() / 3.0, rel=0.05)
    assert np.all(wall[time <= 60.0] > bulk[time <= 60.0])
    assert np.all(wall[time > 62.0] < bulk[time > 62.0])
    assert result.summary["amount_error"] < 1e-9


def test_a_circuit_is_flushed() -> None:
    result = ran("closed_circuit_ro_element")
    flux = np.asarray(result.series["water_flux_m_per_s"].values) * LMH
    pressure = np.asarray(result.series["pressure_left_Pa"].values) * 1e-5
    np.testing.assert_allclose(flux, 20.0, rtol=1e-6)
    assert int(np.sum(np.diff(pressure) < -5.0)) == 4
    assert (pressure.min(), pressure.max()) == (pytest.approx(8.0, abs=0.3), pytest.approx(18.0, abs=0.3))
    work = result.summary["energy_J_per_m2"] / result.summary["displaced_volume_m"]
    assert work / 3.6e6 == pytest.approx(0.36, abs=0.01)
    assert work * 1e-5 == pytest.approx(pressure.mean(), rel=0.02)
    brine = np.asarray(result.series["concentration_left_mol_per_m3"].values)[:, 0].max()
    fed = result.case.left.concentration["NaCl"]
    assert brine / fed == pytest.approx(1.0 / (1.0 - 0.85), rel=0.08)  # all that was fed is still there
    assert result.summary["amount_error"] < 1e-9


def test_clearances_of_a_dialyser() -> None:
    def clearances(**changes: str) -> list[float]:
        found = answer("dialyser", **changes)["clearance_m3_per_s"]
        return [found[solute] * ML_PER_MIN for solute in ("urea", "creatinine", "vitamin_B12")]

    usual = clearances()
    assert usual == pytest.approx([237.0, 200.0, 51.0], abs=1.0)
    assert max(usual) < 300.0  # more than the blood brings cannot be cleared
    assert clearances(right__channel__flow="1 L/min")[0] - usual[0] == pytest.approx(18.0, abs=1.0)
    assert usual[0] - clearances(module__direction="co-current")[0] == pytest.approx(52.0, abs=1.0)
    assert answer("dialyser")["backflow_area_share"] == 0.0
    assert answer("dialyser", left__pressure="60 mmHg")["backflow_area_share"] == pytest.approx(0.8, abs=0.02)
