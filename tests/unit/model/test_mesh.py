"""The graded mesh, and the import of FiPy that must not read our command line."""

import subprocess
import sys

import numpy as np
import pytest

from membrane_pde.model.mesh import build, graded_widths


@pytest.mark.parametrize("cells", [1, 2, 3, 20, 100, 1000])
@pytest.mark.parametrize("share", [1.0, 0.9, 0.3, 1e-2, 1e-5])
def test_graded_widths(cells: int, share: float) -> None:
    length = 3e-3
    finest = share * length / cells
    widths = graded_widths(length, cells, finest)
    assert widths.shape == (cells,)
    assert widths.sum() == pytest.approx(length, rel=1e-14)
    if cells == 1:
        return
    assert widths[0] == pytest.approx(finest, rel=1e-9)
    ratios = widths[1:] / widths[:-1]
    assert (ratios >= 1 - 1e-12).all()
    assert ratios == pytest.approx(np.full(cells - 1, ratios[0]), rel=1e-11)


@pytest.mark.parametrize("finest", [0.1, 0.1 * (1 - 1e-12), 0.11, 5.0])
def test_widths_are_uniform_where_no_more_is_asked_for(finest: float) -> None:
    assert graded_widths(2.0, 20, finest) == pytest.approx(np.full(20, 0.1), rel=1e-14)


def test_widths_approach_uniform_continuously() -> None:
    for off in (1e-2, 1e-4, 1e-6, 1e-8):
        widths = graded_widths(2.0, 20, 0.1 * (1 - off))
        assert widths == pytest.approx(np.full(20, 0.1), rel=3 * off)


def test_built_mesh() -> None:
    left, right = graded_widths(1e-3, 4, 1e-4), graded_widths(2e-3, 6, 3e-5)
    mesh = build(left, right)
    assert (mesh.membrane, mesh.cells) == (4, 10)
    assert mesh.width == pytest.approx(np.concatenate([left[::-1], right]), rel=1e-14)
    assert (mesh.length_left, mesh.length_right) == pytest.approx((1e-3, 2e-3), rel=1e-14)
    # from centre to face, none beyond the ends
    assert mesh.before == pytest.approx(0.5 * np.append(0.0, mesh.width), rel=1e-12)
    assert mesh.behind == pytest.approx(0.5 * np.append(mesh.width, 0.0), rel=1e-12)
    # fraction of the way from the far wall to the membrane
    assert mesh.reach[[0, 4, -1]] == pytest.approx([0.0, 1.0, 0.0], abs=1e-15)
    assert mesh.reach[1] == pytest.approx(left[-1] / 1e-3, rel=1e-12)
    assert mesh.reach[5] == pytest.approx(1 - right[0] / 2e-3, rel=1e-12)
    assert np.asarray(mesh.grid.cellVolumes) == pytest.approx(mesh.width)


@pytest.mark.parametrize("argument", ["--cache", "--no-cache", "--petsc", "--trilinos"])
def test_import_leaves_the_command_line_alone(argument: str) -> None:
    """FiPy by itself ends the process on `--cache` and changes its solvers on `--petsc`."""
    program = (
        "import sys; before = list(sys.argv)\n"
        "from membrane_pde.model.fipy_import import import_fipy\n"
        "fipy = import_fipy()\n"
        "assert sys.argv == before, sys.argv\n"
        "print(fipy.solvers.solver_suite, len(sys.argv))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, argument], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["scipy", "2"]
