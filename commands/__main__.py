"""Entry point of `kjt`. Each group is imported only when it is called, so that a start stays quick."""

from __future__ import annotations

import os
import resource
from importlib.metadata import entry_points

import click

from commands.bilingual import BilingualContext, add_chinese
from service.parent import PARENT_VARIABLE, die_with_parent

_COMMANDS = (
    "run", "readers", "terminal", "central", "admin", "court", "oversight", "serve", "check", "receipt", "backup",
    "restore", "audit", "simulate", "release", "update", "witness", "destinations", "office",
)  # fmt: skip

# Where another distribution names the commands that it adds.
ADDED = "kuaijietong.commands"


class LazyGroup(click.Group):
    """The groups of `kjt`."""

    context_class = BilingualContext

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order they are listed, those that another distribution adds last."""
        added = sorted(found.name for found in entry_points(group=ADDED) if "." not in found.name)
        return [*_COMMANDS, *added]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one group, and what another distribution adds to it (`group.command`)."""
        command = self._import_own(cmd_name)
        for found in entry_points(group=ADDED):
            group, _, name = found.name.rpartition(".")
            if command is None and found.name == cmd_name:
                command = found.load()
            if group == cmd_name and isinstance(command, click.Group):
                command.add_command(found.load(), name)
        if command is not None:
            add_chinese(command)
        return command

    def _import_own(self, cmd_name: str) -> click.Command | None:  # noqa: C901
        """Import one of this distribution's groups; each has a module of its name."""
        match cmd_name:
            case "run":
                from commands.run import run as command
            case "readers":
                from commands.readers import readers as command
            case "terminal":
                from commands.terminal import terminal as command
            case "central":
                from commands.central import central as command
            case "admin":
                from commands.admin import admin as command
            case "court":
                from commands.court import court as command
            case "oversight":
                from commands.oversight import oversight as command
            case "serve":
                from commands.serve import serve as command
            case "check":
                from commands.check import check as command
            case "receipt":
                from commands.receipt import receipt as command
            case "backup":
                from commands.backup import backup as command
            case "restore":
                from commands.backup import restore as command
            case "audit":
                from commands.audit import audit as command
            case "simulate":
                from commands.simulate import simulate as command
            case "destinations":
                from commands.destinations import destinations as command
            case "release":
                from commands.release import release as command
            case "update":
                from commands.update import update as command
            case "witness":
                from commands.witness import witness as command
            case "office":
                from commands.office import office as command
            case _:
                return None
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kuaijietong")
def main() -> None:
    """Kuaijietong (快捷通): guest registration that nobody can read in passing."""
    # A core dump would write to a disk what this program takes care to keep off it.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if PARENT_VARIABLE in os.environ:
        # Started by `kjt run`: do not outlive it, even when it is killed.
        die_with_parent()
        del os.environ[PARENT_VARIABLE]


if __name__ == "__main__":
    main(prog_name="kjt")
