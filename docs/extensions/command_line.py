"""The directive `commands`: every command of `mot-fast` with its arguments, taken from the parser itself."""

import argparse

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from mot_fast.cli.parser import command_parser


def setup(app):
    """Register the directive."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Commands(SphinxDirective):
    """Make a section for each command."""

    def run(self):
        """Return the sections in the order of `mot-fast --help`."""
        (every,) = [
            action
            for action in command_parser()._actions
            if isinstance(action, argparse._SubParsersAction)
        ]
        return [section(name, command) for name, command in every.choices.items()]


def section(name, command):
    """Make the section of a command: what it does, an example, and its arguments."""
    result = nodes.section(ids=[f"mot-fast-{name}"], names=[f"mot-fast {name}"])
    result += nodes.title(text=f"mot-fast {name}")
    result += nodes.paragraph(text=(command.description % {}).replace("\n", " "))
    example = command.epilog.removeprefix("example:").strip()
    result += nodes.literal_block(example, example, language="bash")
    formatter = command._get_formatter()  # what writes --help, the first of all actions
    result += nodes.definition_list(
        "", *(argument(formatter, action) for action in command._actions[1:])
    )
    return result


def argument(formatter, action):
    """Make the entry of an argument: how it is written, and its help text."""
    term = nodes.term(
        "", "", nodes.literal(text=formatter._format_action_invocation(action))
    )
    description = nodes.definition(
        "", nodes.paragraph(text=formatter._expand_help(action) if action.help else "")
    )
    return nodes.definition_list_item("", term, description)
