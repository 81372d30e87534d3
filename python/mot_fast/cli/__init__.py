"""The command line, `mot-fast COMMAND`: one module a command, each with its help text, arguments and `run`.

Results go to the standard output, as text or as one JSON object, progress and notes to the standard error.
"""

from mot_fast.cli.entry_point import main

__all__ = ["main"]
