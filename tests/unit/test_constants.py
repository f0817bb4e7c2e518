import numpy as np
import pytest
import scipy.constants

from membrane_pde.physics import constants
from membrane_pde.physics.osmotic import IDEAL, Solution


def test_constants_are_those_of_the_si() -> None:
    assert pytest.approx(scipy.constants.R, rel=1e-15) == constants.GAS_CONSTANT
    assert scipy.constants.N_A == constants.AVOGADRO


def test_seawater_is_about_27_7_bar_ideally() -> None:
    # FORMULAS.md, trap 1: NaCl 32 g/kg, 558 mol/m^3 by mass fraction and 547.6 by volume
    assert Solution(IDEAL, 298.15, (2.0,)).shares([558.0]).sum() == pytest.approx(27.7e5, rel=2e-3)


def test_each_solute_by_itself_over_any_leading_axes() -> None:
    concentration = np.array([[[1.0, 10.0, 0.0], [2.0, 20.0, 5.0]]])
    pressure = Solution(IDEAL, 300.0, (1.0, 2.0, 3.0)).shares(concentration)
    assert pressure.shape == concentration.shape
    assert pressure[0, 1] == pytest.approx(np.array([2.0, 40.0, 15.0]) * 8.31446261815324 * 300.0, rel=1e-14)
    assert pressure[0, 0, 2] == 0.0
