"""What holds for all tests."""

import signal

if (
    signal.getsignal(signal.SIGINT) == signal.SIG_IGN
):  # a shell's background job; the processes that tests start hear it
    signal.signal(signal.SIGINT, signal.default_int_handler)
