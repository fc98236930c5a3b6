"""What belongs to the machine and may not change an output."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path


def cache_folder() -> Path:
    """Return the user's cache folder for Diascope (``DIASCOPE_CACHE``, else what the system has for it)."""
    if given := os.environ.get("DIASCOPE_CACHE"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "diascope"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "diascope"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "diascope"


@dataclass(frozen=True)
class Settings:
    """Machine settings.

    Attributes:
        devices: processes that train together (DDP).
        workers: loader processes, 0 for none; None leaves it to the device: none beside a CPU that trains itself.
        cache: folder for preprocessed cases.
    """

    devices: int = 1
    workers: int | None = None
    cache: Path = field(default_factory=cache_folder)
