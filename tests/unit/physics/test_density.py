"""The room solutes take up: balances, derivatives, round trips, and Laliberté and Cooper's own form."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from membrane_pde import library
from membrane_pde.input import units
from membrane_pde.input.readers import _read_apparent_volume
from membrane_pde.kernels import compiled
from membrane_pde.physics import density
from membrane_pde.physics.temperature import water_density

T = 298.15
RHO = float(water_density(T))
KNOWN = [name for name, entry in library.solutes().items() if {"apparent_volume", "molar_mass"} <= set(entry)]


def molar_mass(name: str) -> float:
    return units.parse(library.solutes()[name]["molar_mass"]["value"], "molar_mass")


def room(name: str, temperature: float = T) -> density.Volume:
    read = _read_apparent_volume(library.solutes()[name]["apparent_volume"]["value"])
    return density.apparent_volume(read.coefficients, molar_mass(name) if read.basis == "mass" else 1.0, temperature)


def mixtures(count: int) -> list[tuple[list[str], list[float], float]]:
    dice = random.Random(4)
    return [
        (names, [10 ** dice.uniform(-1, 2.9) for _ in names], dice.uniform(273.15, 333.15))
        for names in (dice.sample(KNOWN, dice.randint(1, 5)) for _ in range(count))
    ]


@pytest.mark.parametrize(("names", "c", "t"), mixtures(30))
def test_water_fills_what_the_solutes_leave(names: list[str], c: list[float], t: float) -> None:
    rho = float(water_density(t))
    volumes, masses = [room(name, t) for name in names], [molar_mass(name) for name in names]
    water, slopes = density.water_content(c, volumes, masses, rho)
    w = sum(x * m for x, m in zip(c, masses, strict=True))
    w /= w + water
    taken = sum(x * (p * w + a) / (b * w + d) for x, (p, a, b, d) in zip(c, volumes, strict=True))
    assert water / rho + taken == pytest.approx(1.0, abs=3e-15)
    for i, slope in enumerate(slopes):
        step = 1e-3 * c[i]
        ahead, behind, ahead2, behind2 = (
            density.water_content([*c[:i], c[i] + k * step, *c[i + 1 :]], volumes, masses, rho)[0]
            for k in (1, -1, 2, -2)
        )
        difference = (8 * (ahead - behind) - (ahead2 - behind2)) / (12 * step)
        assert slope == pytest.approx(difference, rel=1e-7, abs=4e-13 * rho / step)


def test_water_alone() -> None:
    water, slopes = density.water_content([0.0], [room("NaCl")], [molar_mass("NaCl")], RHO)
    assert water == RHO
    p, a, b, d = room("NaCl")
    assert slopes[0] == pytest.approx(-RHO * a / d, rel=1e-14)  # a mole displaces its volume of water
    assert p > 0
    assert b != 0


@pytest.mark.parametrize("name", ["NaCl", "KCl", "CaCl2", "MgCl2", "MgSO4", "Na2SO4", "sucrose"])
@pytest.mark.parametrize("celsius", [5.0, 25.0, 50.0])
def test_density_in_the_form_of_laliberte_and_cooper(name: str, celsius: float) -> None:
    """``1/ρ = (1 − w)/ρ_w + w v``, ``v = (w + a2 + a3 t)/((a0 w + a1) e^{1e-6 (t + a4)²})``, written out."""
    a0, a1, a2, a3, a4 = library.solutes()[name]["apparent_volume"]["value"]
    t = celsius + 273.15
    rho, mass = float(water_density(t)), molar_mass(name)
    for w in (0.001, 0.05, 0.2):
        specific = (w + a2 + a3 * celsius) / ((a0 * w + a1) * math.exp(1e-6 * (celsius + a4) ** 2))
        expected = 1 / ((1 - w) / rho + w * specific)
        c = w * expected / mass
        water, _ = density.water_content([c], [room(name, t)], [mass], rho)
        assert water + c * mass == pytest.approx(expected, rel=1e-13)
        molality = w / (1 - w) / mass
        assert density.molarity(molality, room(name, t), mass, rho) == pytest.approx(c, rel=1e-13)


@pytest.mark.parametrize(("names", "c", "t"), mixtures(30))
def test_molality_and_mass_fraction_and_back(names: list[str], c: list[float], t: float) -> None:
    """Amounts to what else they may be written as, each solute in another way, and back to 1e-12."""
    rho = float(water_density(t))
    volumes, masses = [room(name, t) for name in names], [molar_mass(name) for name in names]
    water, _ = density.water_content(c, volumes, masses, rho)
    whole = water + sum(x * m for x, m in zip(c, masses, strict=True))
    ways = {
        "amount": c,
        "molality": [x / water for x in c],
        "mass fraction": [x * m / whole for x, m in zip(c, masses, strict=True)],
    }
    kinds = list(ways)
    for first in range(3):
        written = [(ways[kinds[(first + i) % 3]][i], kinds[(first + i) % 3]) for i in range(len(c))]
        assert density.concentrations(written, volumes, masses, rho) == pytest.approx(c, rel=1e-12)
    for kind, numbers in ways.items():
        written = [(number, kind) for number in numbers]
        assert density.concentrations(written, volumes, masses, rho) == pytest.approx(c, rel=1e-12)


def test_the_order_of_solutes_plays_no_part() -> None:
    names, c = ["NaCl", "sucrose", "urea"], [500.0, 200.0, 80.0]
    volumes, masses = [room(name) for name in names], [molar_mass(name) for name in names]
    one = density.water_content(c, volumes, masses, RHO)
    other = density.water_content(c[::-1], volumes[::-1], masses[::-1], RHO)
    assert other[0] == pytest.approx(one[0], rel=1e-15)
    assert other[1][::-1] == pytest.approx(one[1], rel=1e-13)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ([(0.6, "mass fraction"), (0.4, "mass fraction")], "add up to 1 or more"),
        ([(30000.0, "amount"), (0.1, "mass fraction")], "leaves no water"),
    ],
)
def test_no_room_for_water(written: list[tuple[float, str]], words: str) -> None:
    names = ["glucose", "urea"]
    with pytest.raises(ValueError, match=words):
        density.concentrations(written, [room(n) for n in names], [molar_mass(n) for n in names], RHO)


# -- compiled ---------------------------------------------------------------------------------------------------------
def test_compiled_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setenv("MEMBRANE_PDE_COMPILE", "1")
    fast, dice = compiled(density.water_and_slopes), random.Random(5)
    for names, amounts, t in mixtures(30):
        c = [x * dice.choice([0.0, 1e-9, 1.0]) for x in amounts]
        volumes, masses, rho = [room(name, t) for name in names], [molar_mass(name) for name in names], water_density(t)
        water, slopes = density.water_content(c, volumes, masses, float(rho))
        quick = np.empty(len(c))
        data = np.array([(mass, *volume) for mass, volume in zip(masses, volumes, strict=True)]).ravel()
        found = fast(np.array(c), data, 0, float(rho), quick)
        assert found == pytest.approx(water, rel=1e-14, abs=0)
        assert quick.tolist() == pytest.approx(slopes, rel=1e-14, abs=0)
