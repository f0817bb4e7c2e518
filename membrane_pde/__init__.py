"""Two solutions, a membrane between them: what happens, where, and when.

>>> import membrane_pde as mp
>>> result = mp.run(mp.load_case("osmosis"))
>>> result.summary["process"]
'osmosis'
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from membrane_pde import plot
    from membrane_pde.case import Case, CaseError
    from membrane_pde.casefile import load_case, parse_case
    from membrane_pde.explorer import explore
    from membrane_pde.fitting import FitResult, fit
    from membrane_pde.mixture import osmotic_pressure
    from membrane_pde.presets import use_units
    from membrane_pde.result import Result, load_result
    from membrane_pde.simulate import RunError, check_accuracy, compare, equilibrium, run
    from membrane_pde.sweeping import sweep

__all__ = [
    "Case",
    "CaseError",
    "FitResult",
    "Result",
    "RunError",
    "__version__",
    "check_accuracy",
    "compare",
    "equilibrium",
    "explore",
    "fit",
    "load_case",
    "load_result",
    "osmotic_pressure",
    "parse_case",
    "plot",
    "run",
    "sweep",
    "use_units",
]

_HOME = {
    "Case": "case",
    "CaseError": "case",
    "load_case": "casefile",
    "parse_case": "casefile",
    "explore": "explorer",
    "FitResult": "fitting",
    "fit": "fitting",
    "osmotic_pressure": "mixture",
    "Result": "result",
    "load_result": "result",
    "RunError": "simulate",
    "check_accuracy": "simulate",
    "compare": "simulate",
    "equilibrium": "simulate",
    "run": "simulate",
    "sweep": "sweeping",
    "use_units": "presets",
}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `membrane-pde --help` needs none of them."""
    if name == "plot":
        return importlib.import_module("membrane_pde.plot")
    if name in _HOME:
        if "IPython" in sys.modules:
            importlib.import_module("membrane_pde.notebook").register()
        return getattr(importlib.import_module(f"membrane_pde.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
