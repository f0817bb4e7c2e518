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
    from membrane_pde.input.case import Case
    from membrane_pde.input.casefile import load_case, parse_case
    from membrane_pde.input.errors import CaseError
    from membrane_pde.input.mixture import osmotic_pressure
    from membrane_pde.results.loading import load_result
    from membrane_pde.results.result import Result
    from membrane_pde.runs import RunError, check_accuracy, compare, equilibrium, run, steady
    from membrane_pde.show import plot
    from membrane_pde.show.explorer import explore
    from membrane_pde.show.film import animate
    from membrane_pde.show.pages.making import page
    from membrane_pde.show.presets import use_units
    from membrane_pde.studies.fitting import FitResult, fit
    from membrane_pde.studies.sweeping import sweep

__all__ = [
    "Case",
    "CaseError",
    "FitResult",
    "Result",
    "RunError",
    "__version__",
    "animate",
    "check_accuracy",
    "compare",
    "equilibrium",
    "explore",
    "fit",
    "load_case",
    "load_result",
    "osmotic_pressure",
    "page",
    "parse_case",
    "plot",
    "run",
    "steady",
    "sweep",
    "use_units",
]

_HOME = {
    "animate": "show.film",
    "Case": "input.case",
    "CaseError": "input.errors",
    "load_case": "input.casefile",
    "parse_case": "input.casefile",
    "explore": "show.explorer",
    "FitResult": "studies.fitting",
    "fit": "studies.fitting",
    "osmotic_pressure": "input.mixture",
    "Result": "results.result",
    "load_result": "results.loading",
    "RunError": "runs",
    "check_accuracy": "runs",
    "compare": "runs",
    "equilibrium": "runs",
    "run": "runs",
    "steady": "runs",
    "page": "show.pages.making",
    "sweep": "studies.sweeping",
    "use_units": "show.presets",
}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `membrane-pde --help` needs none of them."""
    if name == "plot":
        return importlib.import_module("membrane_pde.show.plot")
    if name in _HOME:
        if "IPython" in sys.modules:
            importlib.import_module("membrane_pde.show.notebook").register()
        return getattr(importlib.import_module(f"membrane_pde.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
