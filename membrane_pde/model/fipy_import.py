"""Loads FiPy, which the solver "fipy" and the property `Mesh.grid` use."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any


def import_fipy() -> Any:
    """Import FiPy with SciPy's solvers, hiding our command line from it and its warnings from the user."""
    os.environ.setdefault("FIPY_SOLVERS", "scipy")
    argv, sys.argv = sys.argv, sys.argv[:1]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import fipy
    finally:
        sys.argv = argv
    return fipy
