"""Arrays in the cache folder: written whole or not at all, the oldest removed before the cap is passed."""

import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.document import named
from diascope.core.errors import BudgetError


def save_array(path: Path, array: NDArray, *, cap_bytes: int) -> None:
    """Write an array so that another process sees all of it or nothing, and the folder keeps below its cap.

    Files that another process has mapped stay readable to it after they are removed (on POSIX systems).

    Raises:
        BudgetError: the array alone is larger than the cap.
        OSError: the disk is full or read-only; nothing is left behind.
    """
    if array.nbytes > cap_bytes:
        raise BudgetError(
            "one prepared case is larger than the cache may be",
            expected=f"at most {cap_bytes / 2**30:.2f} GiB",
            got=f"{array.nbytes / 2**30:.2f} GiB",
            fix="give more with --disk",
        )
    make_room(path.parent, array.nbytes, cap_bytes)
    with named(path):
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with named(path):
            with os.fdopen(handle, "wb") as file:
                np.save(file, array, allow_pickle=False)
            os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def make_room(folder: Path, needed: int, cap_bytes: int) -> None:
    """Remove the files used longest ago until ``needed`` more bytes stay below the cap."""
    files = []
    for path in folder.glob("*.npy"):
        try:
            stat = path.stat()
        except FileNotFoundError:  # another process was quicker
            continue
        files.append((max(stat.st_atime, stat.st_mtime), stat.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total + needed <= cap_bytes:
            return
        path.unlink(missing_ok=True)
        total -= size
