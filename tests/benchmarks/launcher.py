"""Starts one process and prints what it used. A script for a bare Python: it imports nothing of the project.

The kernel counts the memory of the process that started another as the first peak of that other one, so a small process
has to start it. This one counts as 5 MiB, less than any Python.

    python -I -S launcher.py PROGRAM [ARGUMENT...]

What PROGRAM prints goes to stderr. One line goes to stdout: CPU seconds, wall seconds, peak memory in the unit of the
kernel, bytes written, exit code. Children of PROGRAM that it waited for are included.
"""

import os
import sys
import time


def main() -> None:
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os.dup2(2, 1)
        os.execvp(sys.argv[1], sys.argv[1:])
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it has ended, and its files in /proc still exist
    wall = time.perf_counter() - began
    written = _bytes_written(pid)
    _, status, used = os.wait4(pid, 0)
    cpu = used.ru_utime + used.ru_stime
    print(cpu, wall, used.ru_maxrss, written, os.waitstatus_to_exitcode(status))


def _bytes_written(pid: int) -> int:
    """Bytes written to files and pipes, as the kernel counts them; -1 where it does not. Sockets are not counted."""
    try:
        with open(f"/proc/{pid}/io") as counters:  # noqa: PTH123 - pathlib would need a second import and memory
            return next(int(line.split()[1]) for line in counters if line.startswith("wchar:"))
    except OSError:
        return -1


if __name__ == "__main__":
    main()
