"""Command `mot-fast demo`: aligns and draws the networks that come with the package."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

import mot_fast as mot
from mot_fast.cli import align, arguments, output

HELP = "align two networks that come with the package"
DESCRIPTION = (
    "Align ResNet-20 and ResNet-56, whose activations on CIFAR-10 images come with the package, on 80 % of the images, "
    "and score the alignment on the other 20 %. Prints the layer plan (how much of each layer goes to which), the "
    "scores beside those of simpler ways to match layers, what tests say of them, and the proof; draws the layer plan."
)
EXAMPLE = "mot-fast demo -o demo.png"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    default = Path("mot-fast-demo.png")
    command.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        default=default,
        metavar="PICTURE",
        help="draw the layer plan into this file (default: %(default)s)",
    )
    arguments.add_json(command)
    arguments.add_limits(command, store=False)


def run(options: argparse.Namespace) -> None:
    """Align the networks, print the results, and draw the layer plan if matplotlib is installed."""
    output.check_file(options.output)
    with suppress(ImportError):  # without matplotlib, the demo draws no picture
        output.check_picture(options.output)
    limits = {"n_jobs": options.n_jobs, "memory_limit": options.memory_limit}
    alignment, text = align.aligned(*mot.data.resnets(), (0.2, 0), n_permutations=99, **limits)
    try:
        output.save_picture(alignment.plot(), options.output)
        picture = options.output.resolve()
        end = f"\n\nPicture of the layer plan written to {picture}"
    except ImportError as error:
        picture, end = None, f"\n\nNo picture: {error}"
    output.show(options, text + end, align.values(alignment, picture))
