"""The command line, run by its tests: as a program of its own, or in this process, which is much faster."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from mot_fast.cli import main

COMMAND = Path(sys.executable).with_name("mot-fast")


def run(*arguments, **options):
    """Run a command as a program: its exit status and its output."""
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": options.pop("encoding", "utf-8")}
    return subprocess.run(
        [COMMAND, *map(str, arguments)], env=environment, capture_output=True, encoding="utf-8", check=False, **options
    )


def run_here(*arguments):
    """Run a command in this process: its exit status and its output."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as errors:
        try:
            status = main(list(map(str, arguments)))
        except SystemExit as end:  # how argparse ends
            status = end.code
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), errors.getvalue())


def answer(*arguments):
    """The JSON object that a command prints, which must be all that it prints, as a success."""
    result = run_here(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def interrupted(arguments, has_begun):
    """Ctrl-C once the command has begun: what it says last, which is the command that goes on."""
    process = subprocess.Popen([COMMAND, *arguments], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 120
    while not has_begun():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    said, command = errors.strip().splitlines()[-2:]
    assert command.split() == ["mot-fast", *map(str, arguments)]
    return said


def is_png(path):
    """Whether the file is a picture."""
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
