"""The directives `command-list` and `commands`: all commands of `mot-fast`, taken from the parser itself."""

import argparse
import re

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from mot_fast.cli.parser import SECTIONS, command_parser, name_of


def setup(app):
    """Register the directives."""
    app.add_directive("command-list", CommandList)
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class CommandList(SphinxDirective):
    """List the commands, in the sections of `mot-fast --help`, with links to what they take."""

    def run(self):
        """Return the list."""
        return [
            nodes.definition_list(
                "", *(self.section(*each) for each in SECTIONS.items())
            )
        ]

    def section(self, title, commands):
        """Make the entry of one section: its title, and its commands."""
        lines = [
            nodes.list_item("", self.line(name_of(module), module.HELP))
            for module in commands
        ]
        body = nodes.definition("", nodes.bullet_list("", *lines))
        return nodes.definition_list_item("", nodes.term(text=title), body)

    def line(self, name, help_text):
        """Make the line of one command."""
        link = nodes.reference(
            "", "", nodes.literal(text=name), internal=True, refid=f"mot-fast-{name}"
        )
        return nodes.paragraph("", "", link, nodes.Text(f": {help_text}"))


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
    """Make the section of a command: what it does, an example, and its arguments in their groups."""
    result = nodes.section(ids=[f"mot-fast-{name}"], names=[f"mot-fast {name}"])
    result += nodes.title(text=f"mot-fast {name}")
    result += nodes.paragraph("", "", *text_and_options(command.description))
    example = command.epilog.removeprefix("example:").strip()
    result += nodes.literal_block(example, example, language="bash")
    formatter = command._get_formatter()  # what writes --help
    for group in command._action_groups:
        actions = [action for action in group._group_actions if action.dest != "help"]
        if actions:
            sentence = f" {group.description}" if group.description else ""
            result += nodes.paragraph(
                "",
                "",
                nodes.strong(text=group.title.capitalize()),
                nodes.Text(f".{sentence}"),
            )
            result += nodes.definition_list(
                "", *(argument(formatter, action) for action in actions)
            )
    return result


def argument(formatter, action):
    """Make the entry of an argument: how it is written, and its help text."""
    term = nodes.term(
        "", "", nodes.literal(text=formatter._format_action_invocation(action))
    )
    description = nodes.paragraph(
        "", "", *text_and_options(formatter._expand_help(action))
    )
    return nodes.definition_list_item("", term, nodes.definition("", description))


def text_and_options(text):
    """Make text whose options are literal: elsewhere two hyphens become a dash."""
    parts = re.split(r"(?<!\S)(--[a-z-]+)", text)
    return [
        nodes.literal(text=part) if part.startswith("--") else nodes.Text(part)
        for part in parts
    ]
