"""Worker processes."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor

import pytest

from membrane_pde.studies.sweeping.distributing import prepare
from membrane_pde.studies.workers import Pool

HALF_A_RESULT = """
import os, signal, struct, sys
frame = sys._getframe()
while "result_queue" not in frame.f_locals:
    frame = frame.f_back
os.write(frame.f_locals["result_queue"]._writer.fileno(), struct.pack("!i", 100_000) + b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("size", [1, 2])
def test_a_worker_that_is_killed_while_it_sends_a_result_ends_the_wait(size: int) -> None:
    pool = Pool(size, prepare)
    try:
        for each in pool.ready:
            each.result(timeout=100)
        with pytest.raises(BrokenExecutor):
            pool.executor.submit(exec, HALF_A_RESULT, {}).result(timeout=30)
    finally:
        pool.end()
