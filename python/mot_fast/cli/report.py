"""`mot-fast report`: an alignment in a `.mot` file as one page for a browser."""

from __future__ import annotations

import argparse

import mot_fast as mot
from mot_fast.cli import arguments, output

HELP = "write an alignment as one self-contained HTML page"
DESCRIPTION = (
    "Write one page that any browser shows without a network: scores, layer plan, matched units, proof, how it was run."
)
EXAMPLE = "mot-fast report run.mot -o report.html"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("alignment", type=arguments.path, help=".mot file that align wrote")
    command.add_argument("-o", "--output", type=arguments.path, help="page; by default beside the file, as .html")
    arguments.add_json(command)


def run(options: argparse.Namespace) -> None:
    """Write the page."""
    path = options.output or options.alignment.with_suffix(".html")
    arguments.check_output(path)
    mot.write_report(mot.Alignment.load(options.alignment), path)
    output.show(options, f"Report written to {path.resolve()}", {"report": path.resolve()})
