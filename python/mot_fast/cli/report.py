"""Command `mot-fast report`: writes an alignment in a `.mot` file as one page for a browser."""

from __future__ import annotations

import argparse

import mot_fast as mot
from mot_fast.cli import arguments, output

HELP = "write an alignment as one self-contained HTML page"
DESCRIPTION = (
    "Write one page that any browser shows, also offline: scores, layer plan, matched units, proof, and how it was run."
)
EXAMPLE = "mot-fast report run.mot -o report.html"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("alignment", type=arguments.path, help=".mot file that align wrote")
    command.add_argument(
        "-o", "--output", type=arguments.path, metavar="PAGE", help="page to write (default: beside the file, as .html)"
    )
    command.add_argument(
        "--script",
        type=arguments.path,
        metavar="FILE",
        help="keep the plotting library in this file beside the page, for pages to share (default: in the page)",
    )
    arguments.add_json(command)


def run(options: argparse.Namespace) -> None:
    """Write the page, and print where it is."""
    path = options.output or options.alignment.with_suffix(".html")
    output.check_file(path, ".html", ".htm")
    output.check_file(options.script, ".js")
    mot.write_report(mot.Alignment.load(options.alignment), path, script=options.script)
    output.show(options, f"Report written to {path.resolve()}", {"report": path.resolve()})
