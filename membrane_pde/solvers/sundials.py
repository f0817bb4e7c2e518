"""Loads SUNDIALS (through scikit-sundae) when it is needed, with one thread."""

from __future__ import annotations

import importlib
import os
from typing import Any

from membrane_pde.solvers.stepper import IntegrationError


def import_sundials(module: str) -> Any:
    """A module of scikit-sundae (``"cvode"``, ``"ida"``), with one thread unless the user asked for more.

    On small systems SuperLU's threads only wait for each other (0.96 s against 0.04 s of linear algebra in one run).

    Raises
    ------
    IntegrationError
        scikit-sundae is not installed.
    """
    threads = os.environ.get("OMP_NUM_THREADS")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read once, when the library is loaded
    try:
        return importlib.import_module(f"sksundae.{module}")
    except ImportError as error:
        instead = "rosenbrock" if module == "ida" else "fipy"  # which nothing along a module is solved by
        raise IntegrationError(
            f'scikit-sundae is not installed here (it has no wheel for some machines); use run.solver = "{instead}"'
        ) from error
    finally:
        if threads is None:
            del os.environ["OMP_NUM_THREADS"]
