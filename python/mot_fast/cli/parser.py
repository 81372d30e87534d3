"""Parser of the command line: all commands, their help, and the errors about wrong usage."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, NoReturn

import mot_fast as mot
from mot_fast._validate import did_you_mean
from mot_fast.cli import (
    align,
    ceiling,
    compare,
    completion,
    demo,
    extract,
    info,
    null,
    partial,
    plot,
    report,
    run,
    similarity,
    terminal,
    trajectories,
)
from mot_fast.system.control_characters import printable

SECTIONS: Mapping[str, tuple[ModuleType, ...]] = {
    "to begin with": (demo,),
    "activations": (extract, info),
    "two networks": (align, compare, null, partial),
    "several networks": (similarity, trajectories, run),
    "measurements with noise": (ceiling,),
    "results as pictures and pages": (plot, report),
    "your shell": (completion,),
}
"""All commands, in the order in which somebody new to them may want them."""
COMMANDS = tuple(command for section in SECTIONS.values() for command in section)

_DESCRIPTION = """\
Match the units and layers of two neural networks, or brains, and say how alike they are. The matches found are the
best there are, which is proven each time (exact multi-level optimal transport). A network is a file or folder of
activations, with one array (stimuli, units) for each layer."""

_EPILOG = """\
`mot-fast demo` shows what comes out, in seconds; `mot-fast COMMAND --help` tells what a command takes.

exit status: 0 done, 1 failed (the last line of the standard error says why), 2 wrong usage, 130 interrupted"""


class HelpText(argparse.HelpFormatter):
    """Writes paragraphs as wide as the terminal, and indented lines, such as examples, as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.strip("\n").split("\n\n")
        return "\n\n".join(
            each if "\n  " in each else super(HelpText, self)._fill_text(each, width, indent) for each in paragraphs
        )


class Parser(argparse.ArgumentParser):
    """Parser of a command line, whose messages show control characters of the arguments as escapes."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the arguments, and end the process."""
        super().error(printable(message))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a value that is none of the choices; argparse itself suggests none before Python 3.14."""
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            message = f"expected one of {', '.join(known)}, found {value!r}{did_you_mean(value, known)}"
            raise argparse.ArgumentError(action, message)

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is not sys.stdout:
            super()._print_message(message, file)
            return
        with terminal.output_errors():  # argparse would hide them
            sys.stdout.write(message)


class Program(Parser):
    """Parser of all commands, whose help has them in sections."""

    def format_help(self) -> str:
        """Return the text of `mot-fast --help`."""
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        width = max(len(name_of(command)) for command in COMMANDS)
        for title, commands in SECTIONS.items():
            lines = "\n".join(f"  {name_of(each):<{width}}  {each.HELP}" for each in commands)
            formatter.add_text(f"{title}:\n{lines}")
        formatter.start_section("options")
        formatter.add_arguments([each for each in self._actions if each.option_strings])
        formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()


def command_parser() -> argparse.ArgumentParser:
    """The parser of `mot-fast`, with all commands and their options."""
    program = Program(
        prog="mot-fast",
        usage="mot-fast COMMAND [OPTION ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpText,
    )
    program.add_argument("--version", action="version", version=f"mot_fast {mot.__version__}")
    commands = program.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser, prog="mot-fast")
    for module in COMMANDS:
        command = commands.add_parser(
            name_of(module),
            help=module.HELP,
            description=module.DESCRIPTION,
            epilog=f"example:\n  {module.EXAMPLE}",
            formatter_class=HelpText,
        )
        module.add_arguments(command)
        command._positionals.title = "arguments"
        command.usage = " ".join([command.prog, *_usage(command)])
        command.set_defaults(run=module.run, parser=program, command=command)
    return program


def parse(arguments: Sequence[str], options: argparse.Namespace) -> None:
    """Parse a command line into `options`; arguments that the command does not know end the process."""
    _, rest = command_parser().parse_known_args(arguments, options)
    if not rest:
        return
    command: argparse.ArgumentParser = options.command
    unknown = next((word.partition("=")[0] for word in rest if word.startswith("-")), None)
    if unknown is None:
        command.error(f"expected no more arguments, found {' '.join(rest)}")
    flags = [flag for action in command._actions for flag in action.option_strings]
    command.error(f"expected options of this command, found {unknown}{did_you_mean(unknown, flags)}")


def name_of(command: ModuleType) -> str:
    """The name of a command, which is that of its module."""
    return command.__name__.rpartition(".")[2]


def _usage(command: argparse.ArgumentParser) -> Iterator[str]:
    """Words of the usage: what must be given, files first, as an option may take all words after it; then options."""
    for action in sorted(command._actions, key=lambda each: bool(each.option_strings)):
        word = action.metavar if isinstance(action.metavar, str) else action.dest
        if action.choices is not None:
            word = f"{{{','.join(action.choices)}}}"
        if action.option_strings:
            if action.required:
                yield f"{action.option_strings[0]} {word}"
        else:
            yield {"?": f"[{word}]", "+": f"{word} [{word} ...]"}.get(str(action.nargs), word)
    yield "[OPTION ...]"
