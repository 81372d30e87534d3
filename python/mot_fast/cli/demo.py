"""`mot-fast demo`: the networks that come with the package, aligned and drawn."""

from __future__ import annotations

import argparse
from pathlib import Path

import mot_fast as mot
from mot_fast.cli import align, arguments, output

HELP = "align ResNet-20 and ResNet-56, which come with the package"
DESCRIPTION = (
    "Align ResNet-20 and ResNet-56 on 80 %% of the bundled CIFAR-10 images, score the alignment on the other 20 %%, "
    "print plan, scores and proof, and draw the layer plan."
)
EXAMPLE = "mot-fast demo -o demo.png"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("-o", "--output", type=Path, default=Path("mot-fast-demo.png"), help="picture (%(default)s)")
    arguments.add_jobs(command)
    arguments.add_json(command)


def run(options: argparse.Namespace) -> None:
    """Align, score, print, and draw."""
    limits = {"n_jobs": options.jobs, "memory_limit": arguments.memory_limit(options)}
    alignment, text = align.aligned(*mot.data.resnets(), (0.2, 0), **limits)
    try:
        output.save_picture(alignment.plot(), options.output)
        picture, end = options.output.resolve(), f"\n\nPicture of the layer plan written to {options.output.resolve()}"
    except ImportError as error:
        picture, end = None, f"\n\nNo picture: {error}"
    output.show(options, text + end, align.values(alignment, picture))
