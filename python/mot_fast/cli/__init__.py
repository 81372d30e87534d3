"""The command line, `mot-fast COMMAND`: one module a command.

Results go to the standard output, as text or as one JSON object, progress and notes to the standard error.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import warnings
from collections.abc import Sequence

import mot_fast as mot
from mot_fast.cli import align, compare, completion, demo, extract, info, plot, report, run, trajectories

COMMANDS = (demo, extract, info, align, compare, trajectories, plot, report, run, completion)

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

_EPILOG = """\
`mot-fast COMMAND --help` tells what a command takes, with an example.

exit status: 0 done, 1 failed (the last line of the standard error says why), 2 wrong usage, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            options.run(options)
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        print(f"mot-fast: interrupted{_how_to_go_on(options, arguments)}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except (ValueError, TypeError, KeyError, OSError, ImportError, RuntimeError) as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else error  # others would be quoted
        print(f"mot-fast: {text}", file=sys.stderr)
        return EXIT_FAILED
    return 0


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    whole = argparse.ArgumentParser(
        prog="mot-fast",
        description="Align two networks layer by layer and unit by unit, exactly, by multi-level optimal transport.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"mot_fast {mot.__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for module in COMMANDS:
        command = commands.add_parser(
            module.__name__.rpartition(".")[2],
            help=module.HELP,
            description=module.DESCRIPTION,
            epilog=f"example:\n  {module.EXAMPLE}\n",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run, parser=whole)
    return whole


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"mot-fast: note: {message}", file=sys.stderr)


def _how_to_go_on(options: argparse.Namespace, arguments: Sequence[str]) -> str:
    """What was kept of an interrupted run, and how to go on from there."""
    kept = getattr(options, "kept", None)
    if kept is None:
        return ", and nothing is kept; with --store it would be" if hasattr(options, "store") else ""
    return f"; what is done is kept in {kept}, and this goes on from there:\n  mot-fast {shlex.join(arguments)}"
