"""What holds for all tests."""

import os
import signal

from membrane_pde import kernels

# ignored in a shell's background job; the processes that tests start are to hear it all the same
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# where nothing has been compiled, plain Python is meant, and no command need say that it is slower
if not kernels.wanted():
    os.environ["MEMBRANE_PDE_COMPILE"] = "0"
