"""`tracker draw`: the state machines on the command line, without the application."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from workflows.drawing import mermaid, svg, table, with_drawings
from workflows.machine import Machine
from workflows.registry import MACHINES

_NAMES = ", ".join(MACHINES)


def _machine(_context: click.Context, _parameter: click.Parameter, name: str | None) -> Machine[Any] | None:
    if name is None or name in MACHINES:
        return MACHINES[name] if name else None
    raise click.BadParameter(f"there is no machine called {name!r}. Choose one of: {_NAMES}.")


def _check_state(machine: Machine[Any], state: str) -> None:
    try:
        machine.state(state)
    except LookupError:
        states = ", ".join(machine.by_id)
        raise click.BadParameter(
            f"a {machine.noun.en} has no state {state!r}. Choose one of: {states}.", param_hint="'--state'"
        ) from None


def _drawn(machine: Machine[Any], form: str, lang: str, state: str | None, compact: bool) -> str:
    forms: dict[str, Callable[[], str]] = {
        "mermaid": lambda: mermaid(machine, lang, state),
        "svg": lambda: svg(machine, lang, state, compact=compact, standalone=True),
        "table": lambda: table(machine, lang),
    }
    return forms[form]()


@click.command("draw")
@click.argument("machine", required=False, callback=_machine, metavar="[MACHINE]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "svg", "table"]),
    default="mermaid",
    show_default=True,
    help="Mermaid text, an SVG file, or a Markdown table of all moves.",
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True)
@click.option("--state", metavar="STATE", help="The state to light up.")
@click.option("--compact", is_flag=True, help="SVG as a narrow column, for a phone.")
@click.option(
    "--update-readme",
    "readme",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Make the drawings between the markers of this file anew, and print nothing.",
)
def draw(
    machine: Machine[Any] | None, form: str, lang: str, state: str | None, compact: bool, readme: Path | None
) -> None:
    """Draw a state machine from its declaration: review, nonconformity, action or audit.

    Without MACHINE each of them is drawn.
    """
    if readme is not None:
        _update(readme)
        return
    if machine is None and (form == "svg" or state is not None):
        raise click.UsageError(f"Name the machine to draw: {_NAMES}.")
    if machine is not None:
        if state is not None:
            _check_state(machine, state)
        click.echo(_drawn(machine, form, lang, state, compact), nl=False)
        return
    for each in MACHINES.values():
        heading = f"## {each.title.of(lang)}\n" if form == "table" else f"%% {each.title.of(lang)}"
        click.echo(f"{heading}\n{_drawn(each, form, lang, None, compact)}")


def _update(readme: Path) -> None:
    try:
        drawn = with_drawings(readme.read_text(encoding="utf-8"))
    except KeyError as error:
        raise click.UsageError(f"{readme} asks for an unknown machine: {error.args[0]}.") from None
    readme.write_text(drawn, encoding="utf-8")


DRAW_COMMANDS: list[click.Command] = [draw]
