"""The command line as a program, for the tests of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

COMMAND = Path(sys.executable).with_name("mot-fast")


def run(*arguments, **options):
    """What a command prints, writes and returns."""
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": options.pop("encoding", "utf-8")}
    return subprocess.run(
        [COMMAND, *map(str, arguments)], env=environment, capture_output=True, encoding="utf-8", check=False, **options
    )


def answer(*arguments, **options):
    """The JSON object that a command prints, which must be all that it prints, as a success."""
    result = run(*arguments, "--json", **options)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def is_png(path):
    """Whether the file is a picture."""
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
