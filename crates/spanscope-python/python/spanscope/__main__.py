"""The program: `spanscope`, or `python -m spanscope`."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Does what the command line says; returns the exit code."""
    from ._native import command

    # The program has its own way to stop; Python's would wait for it to end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
