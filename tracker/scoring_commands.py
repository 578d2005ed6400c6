"""The commands `score`, `simulate`, `attribute`, `path` and `schema`: pure, so they start without the application.

Exit status: 0 done, 2 the sheet is not valid (one line per fault on standard error), 1 anything else.
"""

import gc
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from scoring.faults import SheetFaults
from scoring.sheet import Sheet, loads

if TYPE_CHECKING:
    from scoring.standard import Standard

DONE, FAILED, NOT_VALID = 0, 1, 2
STDIN = "-"


class WrongUsage(click.UsageError):
    """A command line that cannot be understood."""

    exit_code = FAILED


class ScoringCommand(click.Command):
    """A command whose usage errors end with 1: 2 is kept for sheets that are not valid."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            raise WrongUsage(error.format_message(), error.ctx) from None


@dataclass(frozen=True, slots=True)
class Question:
    """What a command asks of each sheet: the plain answer for `--json`, and the text for people."""

    answer: Callable[[Sheet], dict[str, Any]]
    text: Callable[[Sheet, str], str]


@dataclass(frozen=True, slots=True)
class Options:
    """Where the sheets come from and how the answers look."""

    source: str
    as_json: bool
    lines: bool
    lang: str
    catalogues: tuple[str, ...] = ()


def _language() -> str:
    tag = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if tag.lower().startswith("zh") else "en"


def _say(text: str, err: bool = False) -> None:
    # Bytes, so that Chinese comes out as UTF-8 whatever the terminal's locale claims.
    click.echo(text.encode("utf-8", "replace"), err=err)


def _plain(value: object, indent: int | None = None) -> str:
    separators = None if indent else (",", ":")
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == STDIN:
        yield sys.stdin.buffer
    else:
        with open(source, "rb") as stream:  # noqa: PTH123 - a path as typed, device files included
            yield stream


def _run(question: Question, options: Options) -> None:
    """Answer and leave with the promised status; whatever goes wrong, no traceback reaches the person."""
    try:
        if _registered(options.catalogues) is None:
            sys.exit(NOT_VALID)
        status = _run_lines(question, options) if options.lines else _run_one(question, options)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            # The reader went away, as `head` does; the rest goes nowhere, without a complaint at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(FAILED)
        _say(f"tracker: cannot read {error.filename or options.source}: {error.strerror or error}", err=True)
        status = FAILED
    except Exception as error:
        _say(f"tracker: {_worded(error)}", err=True)
        status = FAILED
    sys.exit(status)


def _toml(path: str) -> str:
    """The text of a catalogue file, with or without a byte-order mark."""
    from scoring.catalogue import CatalogueError
    from scoring.faults import Fault

    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CatalogueError([Fault("catalogue", f"not UTF-8: byte {error.start} cannot be read")]) from None


def _registered(paths: Sequence[str]) -> "list[Standard] | None":
    """The standards of these files made known; `None` when one is not valid, its faults already said."""
    from scoring import catalogue

    found, valid = [], True
    for path in paths:
        try:
            found.append(catalogue.register(catalogue.parse(_toml(path))))
        except catalogue.CatalogueError as refused:
            valid = False
            for fault in refused.faults:
                _say(f"{path}: {fault}", err=True)
    return found if valid else None


def _worded(error: Exception) -> str:
    if type(error).__name__ == "SolverMissing":
        return str(error)
    return f"unexpected error: {type(error).__name__}: {error}"


def _run_one(question: Question, options: Options) -> int:
    with _opened(options.source) as stream:
        data = stream.read()
    try:
        sheet = loads(data)
        shown = (
            _plain(question.answer(sheet), indent=2)
            if options.as_json
            else question.text(sheet, options.lang)
        )
    except SheetFaults as refused:
        for fault in refused.faults:
            _say(str(fault), err=True)
        return NOT_VALID
    _say(shown)
    return DONE


def _run_lines(question: Question, options: Options) -> int:
    """One answer per sheet, in order, as soon as it is known; empty lines are passed over."""
    status = DONE
    out = sys.stdout.buffer
    # A sheet's values hold no circles, so they go as soon as they are answered; collecting less often saves a fifth.
    gc.freeze()
    gc.set_threshold(100_000)
    with _opened(options.source) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            answer, fared = _answer_line(question, line, number)
            status = status if fared == DONE else fared if status != FAILED else FAILED
            out.write(_plain(answer).encode("utf-8", "replace") + b"\n")
            out.flush()
    return status


def _answer_line(question: Question, line: bytes, number: int) -> tuple[dict[str, Any], int]:
    try:
        return question.answer(loads(line)), DONE
    except SheetFaults as refused:
        return {"line": number, "errors": [str(fault) for fault in refused.faults]}, NOT_VALID
    except Exception as error:
        # One sheet that trips the engine must not cost the answers for all the others.
        return {"line": number, "errors": [_worded(error)]}, FAILED


_CATALOGUES = click.option(
    "--catalogue",
    "catalogues",
    multiple=True,
    metavar="FILE.toml",
    help="A standard of your own that the sheet names; may be given several times.",
)


def _options(function: Callable[..., None]) -> Callable[..., None]:
    """The argument and the options that all four commands share, handed on as one `Options`."""

    def invoke(
        sheet: str, as_json: bool, lines: bool, lang: str | None, catalogues: tuple[str, ...], **rest: Any
    ) -> None:
        function(options=Options(sheet, as_json, lines, lang or _language(), catalogues), **rest)

    invoke.__name__, invoke.__doc__ = function.__name__, function.__doc__
    invoke.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    for decorate in (
        _CATALOGUES,
        click.option("--lang", type=click.Choice(["en", "zh"]), help="Language of the readable table."),
        click.option("--lines", is_flag=True, help="One sheet per line in, one JSON answer per line out."),
        click.option("--json", "as_json", is_flag=True, help="Answer in JSON."),
        click.argument("sheet"),
    ):
        invoke = decorate(invoke)
    return invoke


@click.command(cls=ScoringCommand)
@_options
def score(options: Options) -> None:
    """Score SHEET (a file, or - for standard input)."""
    from scoring import rescore

    def text(sheet: Sheet, lang: str) -> str:
        from scoring import tables

        return tables.result(sheet, rescore.score(sheet), lang)

    _run(Question(lambda sheet: rescore.score(sheet).to_json(), text), options)


@click.command(cls=ScoringCommand)
@_options
@click.option(
    "--close", "closed", multiple=True, metavar="GAP", help="A gap to close; without it, all of them."
)
def simulate(options: Options, closed: tuple[str, ...]) -> None:
    """Show what closing gaps would move in SHEET."""
    from scoring import rescore

    wanted = closed or None

    def text(sheet: Sheet, lang: str) -> str:
        from scoring import tables

        return tables.simulation(sheet, rescore.simulate(sheet, wanted), lang)

    _run(Question(lambda sheet: rescore.simulate(sheet, wanted).to_json(), text), options)


@click.command(cls=ScoringCommand)
@_options
def attribute(options: Options) -> None:
    """Show what every gap of SHEET is worth: alone, last, and its fair share."""
    from scoring import attribution

    def text(sheet: Sheet, lang: str) -> str:
        from scoring import tables

        return tables.attribution(sheet, attribution.attribute(sheet), lang)

    _run(Question(lambda sheet: attribution.attribute(sheet).to_json(), text), options)


@click.command(cls=ScoringCommand)
@_options
@click.option("--to", "goal", metavar="GOAL", help="strict, lenient, points=1900 or (SEE-CMM) level=3.")
@click.option("--by", type=click.Choice(["effort", "date"]), default="effort", help="What to keep least.")
def path(options: Options, goal: str | None, by: str) -> None:
    """Find the least closures that take SHEET to its goal."""
    from scoring import path as paths

    if goal is not None and not paths.is_goal(goal):
        raise WrongUsage(
            "--to must be strict, lenient, points=NUMBER or level=NUMBER", click.get_current_context()
        )

    def text(sheet: Sheet, lang: str) -> str:
        from scoring import tables

        return tables.plan(sheet, paths.find(sheet, goal, by), lang)

    _run(Question(lambda sheet: paths.find(sheet, goal, by).to_json(), text), options)


@click.command(cls=ScoringCommand)
@click.argument("name", type=click.Choice(["score-sheet", "score-result"]))
@_CATALOGUES
def schema(name: str, catalogues: tuple[str, ...]) -> None:
    """Print the JSON Schema of a form."""
    from scoring import schema as schemas

    try:
        own = _registered(catalogues)
    except OSError as error:
        _say(f"tracker: cannot read {error.filename}: {error.strerror or error}", err=True)
        sys.exit(FAILED)
    if own is None:
        sys.exit(NOT_VALID)
    made = schemas.score_sheet(own) if name == "score-sheet" else schemas.score_result(own)
    _say(_plain(made, indent=2))


SCORING_COMMANDS: list[click.Command] = [score, simulate, attribute, path, schema]


def register(group: click.Group) -> None:
    """Attach the commands to a group."""
    for command in SCORING_COMMANDS:
        group.add_command(command)


def main() -> None:
    """Run the scoring commands on their own."""
    group = click.Group("tracker", help="Score sheets of COPC-2000 CSP and SEE-CMM.")
    register(group)
    group(prog_name="tracker")


if __name__ == "__main__":
    main()
