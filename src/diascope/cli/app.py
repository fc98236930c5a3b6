"""The program ``diascope``: its commands, and the one way in which anything that goes wrong is told.

Exit codes: 0 done · 1 failed · 2 bad input or usage · 3 done, but some cases were refused · 130 interrupted.
"""

import errno
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from diascope.cli import change, command, demo, evaluate, inspection, measure, plan, predict, surface, train
from diascope.core.errors import DiascopeError, InputError, OptionError, RunError

COMMANDS = tuple(
    module.COMMAND for module in (inspection, plan, train, predict, evaluate, measure, change, surface, demo)
)
"""In the order of ``--help``."""

TRACEBACK_SWITCH = "DIASCOPE_TRACEBACK"

TRAINING_PACKAGES = {"torch", "monai", "lightning_fabric", "safetensors"}
"""What the extra ``train`` brings, by the names they are imported by."""

_EPILOG = """\b
Exit codes: 0 done · 1 failed · 2 bad input or usage · 3 done, but some cases
were refused (each is named) · 130 interrupted, a checkpoint is kept.

\b
Start here:
  diascope inspect DATA                      what is there, and what is wrong with it
  diascope train DATA --budget 20m           a validated model and its report
"""


def _build() -> typer.Typer:
    """Return the program with its commands."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
        epilog=_EPILOG,
    )
    app.callback(help="From medical images to a validated, explained diagnostic model.")(_root)
    for each in COMMANDS:
        command.add_to(app, each)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        from diascope import __version__

        command.answer(__version__)
        raise typer.Exit


_VERSION = typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")


def _root(version: Annotated[bool, _VERSION] = False) -> None:
    """Take the options that stand before the command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line (the process's own if none is given) and return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except KeyboardInterrupt:
        command.tell("interrupted; nothing half-written is left")
        return command.INTERRUPTED
    except command.Interrupted as stopped:
        command.tell(_how_to_go_on(stopped, given))
        return command.INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `diascope inspect DATA | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return command.FAILED
    except DiascopeError as error:
        return _tell_error(error, given)
    except Exception as error:  # noqa: BLE001 — the last stop: whatever comes is told in one line
        return _tell_error(_translate(error), given)


def _run(arguments: list[str]) -> int:
    """Run the program, taking usage errors and its own exits for what they are."""
    try:
        result = _build()(args=arguments, prog_name="diascope", standalone_mode=False)
    except typer.Exit as exit_:
        return exit_.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        if not hasattr(error, "format_message"):  # a usage error of click, which typer brings under a private name
            raise
        error.show()  # type: ignore[attr-defined]
        if "--json" in arguments:
            usage = OptionError(error.format_message(), fix="diascope --help lists commands and options")  # type: ignore[attr-defined]
            command.answer_json(command.error_content(usage))
        return command.BAD_INPUT
    if result == command.INTERRUPTED:  # typer answers Ctrl-C with the number alone, and we have something to say
        raise KeyboardInterrupt
    return result if isinstance(result, int) else command.DONE


def _tell_error(error: DiascopeError, arguments: Sequence[str]) -> int:
    """Write an error to standard error, with ``--json`` to standard output too, and return its exit code."""
    if os.environ.get(TRACEBACK_SWITCH):
        import traceback

        command.tell("".join(traceback.format_exception(error)).rstrip())
    command.tell(f"error: {error.describe()}")
    if "--json" in arguments:
        command.answer_json(command.error_content(error))
    return error.exit_code


def _translate(error: Exception) -> DiascopeError:
    """Return an error of the system, or a defect of ours, in words."""
    if isinstance(error, OSError):
        translated = _translate_system_error(error)
    elif isinstance(error, MemoryError):
        translated = RunError("the machine's memory ran out", fix="give a smaller --memory, or close other programs")
    elif isinstance(error, ModuleNotFoundError) and error.name in TRAINING_PACKAGES:
        translated = InputError(
            f"the package {error.name} is not installed",
            expected="the extra 'train', which brings it",
            fix="pip install 'diascope[train]'",
        )
    else:
        first_line = str(error).split("\n", 1)[0]
        translated = RunError(
            f"something unforeseen happened: {type(error).__name__}: {first_line}",
            fix=f"set {TRACEBACK_SWITCH}=1 and run the command again to see where; this is a defect, please report it",
        )
    for note in getattr(error, "__notes__", ()):
        translated.add_note(note)
    translated.__cause__ = error
    return translated


def _translate_system_error(error: OSError) -> DiascopeError:
    """Return what the system said, naming the file but not the folders that lead to it."""
    name = Path(os.fsdecode(error.filename)).name if isinstance(error.filename, (str, bytes, os.PathLike)) else "a file"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return RunError(f"the disk is full: {name} could not be written", fix="free some space, or write elsewhere")
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        fix = "write to another folder, or change the permissions"
        return InputError(f"no permission for {name}", expected="a place that can be read and written", fix=fix)
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}:
        return InputError(f"{name}: {error.strerror}", fix="check the path")
    return RunError(f"{name}: {error.strerror or error}")


def _how_to_go_on(stopped: command.Interrupted, arguments: Sequence[str]) -> str:
    """Return what to say after Ctrl-C: what is kept, and the command that goes on."""
    words = [word for word in arguments if word != "--resume"] + ["--resume"] * stopped.resumes
    verb = "Go on" if stopped.resumes else "Begin again"
    return f"interrupted; {stopped.kept}. {verb} with:\n  diascope {shlex.join(words)}"


if __name__ == "__main__":
    sys.exit(main())
