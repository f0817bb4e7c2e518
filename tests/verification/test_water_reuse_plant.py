"""Stages of a full-scale plant: the membranes that WaterTAP found in its readings give those readings here, too.

Daily readings and WaterTAP's A and B: the reference table water_reuse_plant. WaterTAP took water of 298 K and 20 psi
behind the membrane, and was given the measured pressure drop; here the drop is given, too, evenly along the vessel. The
two differ by 1.6 % of the water and 5.5 % of the salt at most. WaterTAP solved ten backward differences a stage, with
properties of its own.
"""

import pytest

import membrane_pde as mp
from membrane_pde.reference import numbers, table

GPM = 3.785411784e-3 / 60.0  # m^3/s
PSI = 6894.757293168  # Pa
PER_CONDUCTIVITY = 5e-4  # g/L for one uS/cm, as the readings' source converts

STAGE = """
temperature = "298 K"
osmotic_model = "pitzer"

[solutes.NaCl]

[left]
concentration = {{ NaCl = "{feed!r} g/L" }}
pressure = "{pressure!r} psi"

[left.channel]
flow = "{flow!r} m^3/s"
height = "34 mil"
walls = 2
spacer_porosity = 0.7211
mass_transfer = "guillen-hoek"
pressure_drop = "{gradient!r} Pa/m"

[right]
pressure = "20 psi"

[membrane]
flux_law = "spiegler-kedem"
water_permeability = "{A!r} m/s/Pa"

[membrane.solutes.NaCl]
permeability = "{B!r} m/s"
reflection = 1.0

[module]
area = "37 m^2"
length = "1 m"
elements = {elements:.0f}
vessels = {vessels:.0f}
"""

ROWS = [(row["date"], numbers(row)) for row in table("water_reuse_plant")]


def feed_conductivity(date: str, one: dict[str, float]) -> float:
    """Conductivity (uS/cm) of what enters a stage, as WaterTAP was told it: read at the first, computed at the others.

    The source's balance of the second stage adds what passed the first stage instead of taking it off (3 to 4 %).
    """
    if one["stage"] == 1.0:
        return one["feed_conductivity_uS_per_cm"]
    if one["stage"] == 2.0:
        (first,) = (other for day, other in ROWS if day == date and other["stage"] == 1.0)
        passed, left = first["permeate_flow_gpm"], first["concentrate_flow_gpm"]
        fed = (passed + left) * first["feed_conductivity_uS_per_cm"]
        return (fed + passed * first["permeate_conductivity_uS_per_cm"]) / left
    passed, left = one["permeate_flow_gpm"], one["concentrate_flow_gpm"]
    salt = passed * one["permeate_conductivity_uS_per_cm"] + left * one["concentrate_conductivity_uS_per_cm"]
    return salt / (passed + left)


@pytest.mark.parametrize(("date", "one"), ROWS, ids=[f"{date}-{one['stage']:.0f}" for date, one in ROWS])
def test_a_stage_with_the_membranes_that_watertap_found_gives_what_was_read(date: str, one: dict[str, float]) -> None:
    drop = (one["feed_pressure_psi"] - one["concentrate_pressure_psi"]) * PSI
    state = mp.steady(
        mp.parse_case(
            STAGE.format(
                feed=feed_conductivity(date, one) * PER_CONDUCTIVITY,
                pressure=one["feed_pressure_psi"],
                flow=(one["permeate_flow_gpm"] + one["concentrate_flow_gpm"]) * GPM / one["vessels"],
                gradient=drop / one["elements"],
                A=one["watertap_A_m_per_s_Pa"],
                B=one["watertap_B_m_per_s"],
                elements=one["elements"],
                vessels=one["vessels"],
            )
        )
    )
    permeate = state["permeate_flow_m3_per_s"] / GPM
    mixed = state["permeate_concentration_mol_per_m3"]["NaCl"] * 58.44e-3 / PER_CONDUCTIVITY
    assert permeate == pytest.approx(one["permeate_flow_gpm"], rel=0.02)
    assert mixed == pytest.approx(one["permeate_conductivity_uS_per_cm"], rel=0.07)
