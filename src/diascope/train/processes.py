"""Several processes that train one network together: their errors and Ctrl-C, brought back to the one that began."""

import json
import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from lightning_fabric import Fabric
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from diascope.core import errors
from diascope.core.documents.document import write_atomically
from diascope.core.errors import DiascopeError, RunError

_SYSTEM_ERROR = re.compile(r"\[Errno (\d+)\]")


def launch(fabric: Fabric, work: Callable[[Fabric], None], told: Path) -> None:
    """Do ``work`` in all processes of ``fabric`` at once, and raise here what one of them raised.

    Args:
        fabric: of a strategy that spawns processes.
        work: is pickled; ``guard`` must stand around what it does.
        told: a file for an error on its way here; it is gone afterwards.

    Raises:
        DiascopeError: as one of the processes raised it.
        OSError: as the system told one of them.
        KeyboardInterrupt: Ctrl-C; it was handed on to the processes, and they have ended.
    """
    told.unlink(missing_ok=True)
    with _hand_on_interrupts() as pressed:
        try:
            fabric.launch(work)
        except (ProcessRaisedException, ProcessExitedException) as raised:
            if not pressed:
                raise _translate(raised, told) from raised
        finally:
            told.unlink(missing_ok=True)
    if pressed:
        raise KeyboardInterrupt


@contextmanager
def guard(told: Path) -> Iterator[None]:
    """Stand around the work of one process: keep its error where ``launch`` finds it, end quietly on Ctrl-C."""

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it, and the first process hands it on
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    except KeyboardInterrupt:
        return  # a process that ended without an answer would be waited for
    except DiascopeError as error:
        parts = {name: None if (v := getattr(error, name)) is None else str(v) for name in ("expected", "got", "fix")}
        notes = list(getattr(error, "__notes__", ()))
        content = {"kind": type(error).__name__, "what": error.what, **parts, "notes": notes}
        write_atomically(told, json.dumps(content).encode())
        raise


def _translate(raised: ProcessRaisedException | ProcessExitedException, told: Path) -> Exception:
    """Return what a process raised, from what it kept, else from the last line that it left."""
    if told.exists():
        content = json.loads(told.read_text())
        kind = getattr(errors, content["kind"], RunError)
        error = kind(content["what"], expected=content["expected"], got=content["got"], fix=content["fix"] or "")
        for note in content["notes"]:
            error.add_note(note)
        return error
    last = str(raised).strip().rpartition("\n")[2]
    if found := _SYSTEM_ERROR.search(last):
        return OSError(int(found[1]), os.strerror(int(found[1])))
    if isinstance(raised, ProcessExitedException) and raised.signal_name == "SIGKILL":
        fix = "most likely memory ran out: close other programs, and go on with --resume"
        return RunError("a training process was killed", fix=fix)
    return RunError("a training process failed", got=last)


@contextmanager
def _hand_on_interrupts() -> Iterator[list[int]]:
    """Yield a list that is no longer empty once Ctrl-C was pressed; a second Ctrl-C interrupts at once."""
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return

    def hand_on(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for process in multiprocessing.active_children():
            if process.pid is not None:
                os.kill(process.pid, signal.SIGINT)

    before = signal.signal(signal.SIGINT, hand_on)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
