"""Runs a program, and says how long it took and how much memory.

usage: measured.py PROGRAM ARGUMENTS...    a PROGRAM whose name begins with iree- is the one of this environment's IREE

Prints one JSON line: seconds; peakRssBytes, the largest resident size of the process, mapped files included; output, what it
wrote to standard output. A program that fails fails this too, with its exit status.
"""

import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path


def located(program):
    """The file of a tool of IREE's: what is installed as iree-compile is a script that names an interpreter by its path."""
    if not program.startswith("iree-"):
        return program
    # found without importing them: what this process has resident counts as the other's until that has started
    packages = [Path(find_spec(name).origin).parent for name in ("iree.compiler", "iree.runtime")]
    for folder in (packages[0] / "_mlir_libs", packages[1].parent / "_runtime_libs"):
        if (folder / program).exists():
            return str(folder / program)
    raise FileNotFoundError(program)


def main(program, *arguments):
    line = [located(program), *arguments]
    start = time.monotonic()
    process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        sys.stderr.buffer.write(output)
        sys.exit(code if code > 0 else 128 - code)
    unit = 1 if sys.platform == "darwin" else 1024
    print(
        json.dumps(
            {
                "seconds": round(seconds, 3),
                "peakRssBytes": usage.ru_maxrss * unit,
                "output": output.decode("utf-8", errors="replace"),
            }
        )
    )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
