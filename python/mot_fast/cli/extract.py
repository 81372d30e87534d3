"""Command `mot-fast extract`: records the activations of a transformers model on texts into a folder."""

from __future__ import annotations

import argparse
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mot_fast as mot
from mot_fast.cli import arguments, info, output, terminal

HELP = "record a model's activations (needs torch and transformers)"
DESCRIPTION = (
    "Run a model over texts and write the pooled activations of its layers to a folder, which align and compare take.\n"
    "By default it writes the residual stream of every block, averaged over tokens without a decoder's first token."
)
EXAMPLE = "mot-fast extract sentence-transformers/all-MiniLM-L6-v2 sentences.txt -o minilm"

_OPTIONS = (
    (r"^skip_first_token: expected False or 'auto'", "--first-token: expected keep or auto"),
    (r"\bskip_first_token=False", "--first-token keep"),
    (r"\bskip_first_token=True", "--first-token skip"),
    (r"^folder: ", "--output: "),
    (r"^batches: ", "texts: "),
    (r"^(layers|pool|device|dtype|name): ", r"--\1: "),
    (r"^batch_size: ", "--batch-size: "),
    (r"\bas pool is '(\w+)' and not 'mean', found True", r"as --pool is \1 and not mean, found skip"),
    (r"\b(pool|device|dtype|layers)='?([\w.*\[\]]+)'?", r"--\1 \2"),
    (r"\bbatch_size=(\d+)", r"--batch-size \1"),
    ("; or give the model by its name or folder$", ""),
)
"""Patterns of the arguments in messages of `mot_fast.extract`, and the options of the command in place of them."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("model", help="a transformers model: folder, .gguf file, or name on the hub")
    command.add_argument("texts", type=Path, help="text file with one stimulus a line")
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="folder to write to; an unfinished one is continued",
    )
    command.add_argument("--name", help="name of the network (default: name of the model)")
    _add_recording(command)
    arguments.add_json(command)


def _add_recording(command: argparse.ArgumentParser) -> None:
    """Add what is recorded of the model, and how it runs."""
    command.add_argument(
        "--layers",
        nargs="+",
        default="auto",
        metavar="PATTERN",
        help="names or patterns of modules, such as 'encoder.layer.*'",
    )
    command.add_argument(
        "--pool",
        choices=("mean", "cls", "last"),
        default="mean",
        help="what is recorded of a text's tokens (default: %(default)s)",
    )
    command.add_argument(
        "--first-token",
        choices=("auto", "keep", "skip"),
        default="auto",
        help="whether the mean counts the first token (auto: not for decoders)",
    )
    command.add_argument(
        "--batch-size", type=int, default=32, help="number of texts that run at once (default: %(default)s)"
    )
    command.add_argument(
        "--dtype",
        choices=("float32", "float16"),
        default="float32",
        help="type of the numbers in the folder (default: %(default)s)",
    )
    command.add_argument("--device", help="device, as torch names it (default: cpu)")


def run(options: argparse.Namespace) -> None:
    """Record the activations, and print what the folder holds."""
    texts = read_texts(options.texts)
    arguments.remember_store(options, options.output)
    with _messages_name_options():
        mot.extract(
            options.model,
            texts,
            options.output,
            layers=options.layers,
            pool=options.pool,
            skip_first_token="auto" if options.first_token == "auto" else options.first_token == "skip",
            batch_size=options.batch_size,
            device=options.device,
            name=options.name,
            dtype=options.dtype,
            progress=terminal.is_watched(),
        )
    output.show(options, *info.describe_network(options.output))


@contextmanager
def _messages_name_options() -> Iterator[None]:
    """Let errors and warnings name options of the command where they would name arguments of `mot_fast.extract`."""
    shown = warnings.showwarning
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *rest, **named: shown(_reworded(str(message)), *rest, **named)
        try:
            yield
        except (ValueError, TypeError, OSError, ImportError) as error:
            text = _reworded(str(error))
            if text == str(error):
                raise
            raise (ValueError if isinstance(error, (ValueError, TypeError)) else OSError)(text) from error


def _reworded(message: str) -> str:
    """Message in which options of the command stand in place of the function's arguments."""
    for argument, option in _OPTIONS:
        message = re.sub(argument, option, message)
    return message


def read_texts(path: Path) -> list[str]:
    """Texts of a file, one a line; none may be empty."""
    try:
        # Line ends become "\n" whatever system the file is from, and a byte order mark is no part of the first text.
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: expected a text file, found nothing") from None
    except IsADirectoryError:
        raise IsADirectoryError(f"{path}: expected a text file, found a folder") from None
    except OSError as error:
        raise OSError(f"{path}: expected a text file, found one that cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected a text file in UTF-8, found another ({error})") from None
    texts = content.removesuffix("\n").split("\n")
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            raise ValueError(f"{path}: expected one text a line, found line {number} empty")
    return texts
