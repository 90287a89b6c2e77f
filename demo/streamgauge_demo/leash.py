"""Child processes that end with the demo, even when it is killed."""

import os
import sys
from typing import Final

# Asks the kernel for SIGTERM at the death of the parent, which a program keeps when it becomes
# another; a parent that has died meanwhile is no parent any more.
_BECOME: Final = """\
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
parent, program = int(sys.argv[1]), sys.argv[2:]
if os.getppid() == parent:
    os.execv(program[0], program)
"""


def leashed(*command: str) -> list[str]:
    """The command for a child that ends with this process, where the kernel offers that.

    It has the same process ID as without. To be started by the main thread: the kernel takes the
    end of the thread that started it for the parent's.
    """
    if sys.platform != "linux":
        return [*command]
    return [sys.executable, "-I", "-S", "-c", _BECOME, str(os.getpid()), *command]
