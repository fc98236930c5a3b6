"""What a command is, how it joins the program, and how it answers."""

import dataclasses
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

import typer

from diascope.core.errors import DiascopeError

DONE, FAILED, BAD_INPUT, SOME_REFUSED, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes, as ``diascope --help`` lists them."""


class Interrupted(Exception):  # noqa: N818 — no error
    """Ctrl-C in a command that can be taken up again.

    Attributes:
        kept: what is kept, in half a sentence.
        resumes: whether ``--resume`` goes on from it.
    """

    def __init__(self, kept: str, *, resumes: bool) -> None:
        """Keep both."""
        self.kept, self.resumes = kept, resumes
        super().__init__(kept)


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        summary: half a line for the list of commands.
        options: a dataclass whose fields are annotated with ``typer.Option`` or ``typer.Argument``.
        run: ``options -> exit code``; the first line of its docstring is the command's help.
        examples: command lines, one a line, shown at the end of ``--help``.
    """

    name: str
    summary: str
    options: type[Any]
    run: Callable[[Any], int]
    examples: str


def add_to(app: typer.Typer, command: Command) -> None:
    """Add a command to the program.

    Typer reads a command's options from a function's parameters. Here they are the fields of a dataclass, so that
    commands share options without repeating them and no function has seventeen parameters.
    """
    hints = get_type_hints(command.options, include_extras=True)
    parameters = [_parameter(f, hints[f.name]) for f in dataclasses.fields(command.options)]

    def call(**values: Any) -> int:
        return command.run(command.options(**values))

    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    help_text = (command.run.__doc__ or "").split("\n", 1)[0]
    epilog = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in command.examples.strip().splitlines())
    app.command(command.name, help=help_text, short_help=command.summary, epilog=epilog)(call)


def _parameter(field: dataclasses.Field[Any], annotation: Any) -> inspect.Parameter:
    """Return the parameter that typer sees for a field."""
    default = inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def answer(text: str) -> None:
    """Write a command's answer to standard output."""
    typer.echo(text)


def tell(text: str) -> None:
    """Write what is no answer (progress, warnings, errors) to standard error."""
    typer.echo(text, err=True)


def answer_json(content: Any) -> None:
    """Write an answer as one JSON document; a number that is not finite becomes null, as JSON has none."""
    import json

    answer(json.dumps(_plain(content), ensure_ascii=False, indent=1, allow_nan=False))


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def error_content(error: DiascopeError) -> dict[str, Any]:
    """Return an error as ``--json`` gives it, the same shape for every command."""
    return {
        "error": {
            "what": error.what,
            "expected": error.expected,
            "got": error.got,
            "where": list(getattr(error, "__notes__", ())),
            "fix": error.fix,
        },
        "exit_code": error.exit_code,
    }
