"""Peak memory of this process and of the largest of those it started, in MB (Linux and macOS)."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_UNIT = 1e-6 if sys.platform == "darwin" else 1024e-6  # of what `getrusage` counts in


def peak() -> float:
    """Most that this process ever had in memory.

    Linux starts the count of `getrusage` at the size of whoever started the process; /proc does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024e-6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


def peak_of_children() -> float:
    """The same of the largest process that was started here and has ended; 0 if none was."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _UNIT
