"""Watches over a deadline beside the event loop, which may be too busy to keep it."""

import os
import sys
import threading
import time
from collections.abc import Callable


def seconds_awake_or_not() -> float:
    """Read a monotonic clock that goes on while the machine sleeps, where there is one."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def end_at_once(why: str) -> None:
    """End this process without any clean-up; the loop that would do it hangs."""
    sys.stderr.write(f"tcpaddon ends at once: {why}\n")
    sys.stderr.flush()
    os._exit(1)


class Guard:
    """A thread that asks a question every few seconds until it is answered with True."""

    def __init__(self) -> None:
        """Prepare; `start` starts it, once."""
        self._stopped = threading.Event()

    def start(self, check: Callable[[], bool], pause: float) -> None:
        """Call `check` every `pause` seconds, in the thread."""

        def watch() -> None:
            while not self._stopped.wait(pause):
                if check():
                    return

        threading.Thread(target=watch, name="lease-guard", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()
