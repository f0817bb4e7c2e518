"""What holds for all tests."""

import signal

# ignored in a shell's background job; the processes that tests start are to hear it all the same
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
