"""The console script `tracker`.

Scoring and drawing are pure and are used by scripts on thousands of files, so they start without the
application: Flask and SQLAlchemy are only imported for the commands that need them.
"""

import importlib
import sys

import click

# Name of the command → the module and the sequence in it that hold the command. Written out, so that finding
# one command imports one module.
PURE_COMMANDS = {
    "score": ("tracker.scoring_commands", "SCORING_COMMANDS"),
    "simulate": ("tracker.scoring_commands", "SCORING_COMMANDS"),
    "attribute": ("tracker.scoring_commands", "SCORING_COMMANDS"),
    "path": ("tracker.scoring_commands", "SCORING_COMMANDS"),
    "schema": ("tracker.scoring_commands", "SCORING_COMMANDS"),
    "draw": ("tracker.draw_command", "DRAW_COMMANDS"),
}


def pure_command(name: str) -> click.Command | None:
    """The scoring or drawing command of that name, or None where there is none."""
    if name not in PURE_COMMANDS:
        return None
    module, attribute = PURE_COMMANDS[name]
    commands: tuple[click.Command, ...] = getattr(importlib.import_module(module), attribute)
    return next((command for command in commands if command.name == name), None)


HELP = """Rescore: reviews, non-conformities, corrective actions, and the score they move.

`tracker demo` shows it with samples, `tracker serve` runs it; `tracker score SHEET.json` needs neither."""


def application_group() -> click.Group:
    """Every command: Flask's own, ours, and the pure ones for `tracker --help`."""
    from flask.cli import FlaskGroup
    from flask_migrate.cli import db

    from tracker import __version__
    from tracker.commands import COMMANDS, create_with_migrations

    class Group(FlaskGroup):
        def list_commands(self, ctx: click.Context) -> list[str]:
            """The names for `--help`, without building the application, which opens the database."""
            self._load_plugin_commands()
            return click.Group.list_commands(self, ctx)

    group = Group(
        name="tracker",
        create_app=create_with_migrations,
        add_version_option=False,
        load_dotenv=False,
        help=HELP,
    )
    # Which application and which settings file is Flask's question; here there is one, and the environment.
    group.params = [option for option in group.params if option.name not in ("app", "env_file")]
    click.version_option(__version__, prog_name="Rescore")(group)
    pure = (pure_command(name) for name in PURE_COMMANDS)
    for command in (db, *COMMANDS, *filter(None, pure)):
        group.add_command(command)
    return group


def serving_group(name: str) -> click.Group | None:
    """A group of the one command of ours, without Flask's own, which load half as much again."""
    from tracker.commands import COMMANDS

    command = next((command for command in COMMANDS if command.name == name), None)
    return None if command is None else click.Group("tracker", commands=[command])


def main() -> None:
    """Run `tracker`; scoring and drawing take the short way, serving the second shortest."""
    first = sys.argv[1] if len(sys.argv) > 1 else ""
    command = pure_command(first)
    if command is not None:
        click.Group("tracker", commands=[command])(prog_name="tracker")
    elif first in ("serve", "demo", "doctor", "worker") and (group := serving_group(first)) is not None:
        from flask.cli import ScriptInfo

        from tracker import create_app

        group(prog_name="tracker", obj=ScriptInfo(create_app=create_app, set_debug_flag=False))
    else:
        application_group()(prog_name="tracker")


if __name__ == "__main__":
    main()
