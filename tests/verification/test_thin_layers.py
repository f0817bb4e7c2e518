"""Amounts over years beside a thin layer: what passes is a small difference of large fluxes, and is not lost."""

from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde.input.build import build
from membrane_pde.input.properties import amount_scales
from membrane_pde.results.observations import amount_error
from membrane_pde.runs.build import model_of

DAY = 86400.0
VOLUME, FLOW = 0.1, 5e-9  # m, m/s
SALT = 58.4428e-3  # kg/mol


def result(left: dict[str, Any], right: dict[str, Any], membrane: dict[str, Any], days: float, solver: str) -> Any:
    raw = {
        "solutes": {"NaCl": {"molar_mass": f"{SALT} kg/mol"}},
        "left": {"concentration": {"NaCl": "0 g/L"}} | left,
        "right": {"concentration": {"NaCl": "1 g/L"}} | right,
        "membrane": membrane,
        "run": {"duration": f"{days} d", "solver": solver},
    }
    return mp.run(build(raw, "thin layer"))


def bath(**more: Any) -> dict[str, Any]:
    feed = {"flow": f"{FLOW} m/s", "concentration": {"NaCl": "35 g/L"}}
    return {"boundary": "bath", "stirred": True, "volume": f"{VOLUME} m", "feed": feed, "bleed": f"{FLOW} m/s"} | more


def layer(length: str, boundary: str = "rigid", **more: Any) -> dict[str, Any]:
    return {"boundary": boundary, "length": length} | more


NONE = {"type": "none"}
LEAKY = {
    "flux_law": "spiegler-kedem",
    "water_permeability": "10 L/m^2/hour/bar",
    "solutes": {"NaCl": {"permeability": "1e-3 m/s", "reflection": 0.5}},
}


@pytest.mark.parametrize("solver", ["rosenbrock", "cvode"])
@pytest.mark.parametrize(("length", "days"), [("100 nm", 1095.0), ("1 um", 30.0), ("10 nm", 3650.0), ("10 um", 1.0)])
def test_a_thin_layer_beside_a_bath_that_is_fed_and_bled(length: str, days: float, solver: str) -> None:
    """The layer has the concentration of the bath, which its feed flushes: ``d(V + L)c/dt = Q (c_f − c)``."""
    found = result(bath(), layer(length), NONE, days, solver)
    assert found.summary["amount_error"] <= 1e-10
    side = {"um": 1e-6, "nm": 1e-9}[length.split()[1]] * float(length.split()[0])
    fed, there = 35.0 / SALT, 1.0 / SALT  # mol/m^3
    start = there * side / (VOLUME + side)
    times = np.asarray(found.arrays["time"])[1:]
    c = fed + (start - fed) * np.exp(-FLOW * times / (VOLUME + side))
    passed = np.asarray(found.arrays["amount_transferred_mol_per_m2"])[1:, 0]
    assert passed == pytest.approx(side * (c - there), abs=1e-4 * side * fed)


THIN = {
    "two baths": (bath(), bath(stirred=False, length="100 nm"), NONE),
    "thin reservoir": (layer("100 nm", "reservoir"), layer("100 nm"), NONE),
    "reservoir": (layer("1 cm", "reservoir"), layer("100 nm"), NONE),
    "elastic wall": (bath(), layer("100 nm", "elastic", modulus="1 bar"), LEAKY),
    "outflow": (bath(), layer("100 nm", "outflow", backflow="last"), LEAKY),
    "stirred reservoir": (
        layer("1 cm", "reservoir", stirred=True),
        layer("100 nm", "elastic", modulus="10 bar"),
        LEAKY,
    ),
}


@pytest.mark.parametrize(
    ("name", "solver"),
    # behind a layer of 1 cm CVODE's linear solver, which chooses its pivots by size, loses 1e-8
    [(name, solver) for name in THIN for solver in ("rosenbrock", "cvode") if (name, solver) != ("reservoir", "cvode")],
)
def test_three_years(name: str, solver: str) -> None:
    left, right, membrane = THIN[name]
    assert result(left, right, membrane, 1095.0, solver).summary["amount_error"] <= 1e-10


def test_a_solute_in_a_feed_that_does_not_flow_is_not_lost() -> None:
    """Nothing held and nothing fed: what a solver leaves of it is no imbalance."""
    feed = {"flow": "0 m/s", "concentration": {"NaCl": "0 g/L", "glucose": "1 g/L"}}
    none = {"NaCl": "35 g/L", "glucose": "0 g/L"}
    raw: dict[str, Any] = {
        "solutes": {"NaCl": {}, "glucose": {}},
        "left": bath(feed=feed, bleed="0 m/s", concentration=none),
        "right": {"length": "1 mm", "concentration": none | {"NaCl": "1 g/L"}},
        "membrane": {"type": "ideal"},
        "run": {"duration": "1 d"},
    }
    case = build(raw, "no feed")
    system = model_of(case).system()
    states = np.zeros((1, 3, system.size))
    states[0, :, system.passed.start + 1] = 0.0, 3e-23, 4e-23
    held = np.zeros((1, 3, 2))
    held[..., 0] = 60.0
    error = amount_error(system, states, held, held, amount_scales(case))
    assert error.max() <= 1e-10
    for solver in ("rosenbrock", "cvode"):
        raw["run"]["solver"] = solver
        assert mp.run(build(raw, "no feed")).summary["amount_error"] <= 1e-10


def test_an_amount_that_is_lost_is_seen() -> None:
    """A billionth of what is held or fed, of one solute among others."""
    raw: dict[str, Any] = {
        "solutes": {"NaCl": {}, "glucose": {}},
        "left": {"length": "1 mm", "concentration": {"NaCl": "35 g/L", "glucose": "1e-6 g/L"}},
        "right": {"length": "1 mm", "concentration": {"NaCl": "1 g/L", "glucose": "0 g/L"}},
        "membrane": {"type": "ideal"},
        "run": {"duration": "1 d"},
    }
    case = build(raw, "lost")
    system = model_of(case).system()
    states, held = np.zeros((1, 2, system.size)), np.full((1, 2, 2), 1e-9)
    held[0, 1, 1] *= 1.0 - 1e-9
    error = amount_error(system, states, held, np.zeros_like(held), amount_scales(case))
    assert error[0, -1] == pytest.approx(1e-9)
