"""A Python process that may write only where the permissions say so, also for the superuser."""

import subprocess
import sys

DROP = """
import ctypes, os, sys
if os.geteuid() == 0:
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets):
        sys.exit(99)
    for number in (0, 1):  # effective and permitted: CAP_CHOWN, _DAC_OVERRIDE, _DAC_READ_SEARCH, _FOWNER
        sets[number] &= ~0b1111
    if libc.capset(header, sets):
        sys.exit(99)
"""
"""Gives up the right to pass over permissions (capabilities(7)); 99 where the system has no such thing."""

CANNOT = 99


def run_command(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a ``diascope`` command line in such a process."""
    code = f"{DROP}\nfrom diascope.cli.app import main\nsys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
