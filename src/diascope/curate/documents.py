"""Loading and saving a Dataset, so that its root is found again."""

import os
from pathlib import Path

from diascope.core.documents.dataset import Dataset


def load_dataset(path: Path) -> Dataset:
    """Return a saved Dataset with an absolute root.

    Raises:
        InputError: the file is no Dataset document.
    """
    path = Path(os.path.abspath(path))
    dataset = Dataset.load(path)
    return dataset.model_copy(update={"root": str(root_of(dataset, path))})


def root_of(dataset: Dataset, document: Path | None = None) -> Path:
    """Return the absolute folder that relative sources start from.

    Args:
        dataset: in memory its root is absolute; as written it may be relative.
        document: the file that it was loaded from; needed only where the root is relative.
    """
    root = Path(dataset.root)
    if root.is_absolute() or document is None:
        return Path(os.path.abspath(root))
    return Path(os.path.abspath(document.parent / root))


def save_dataset(dataset: Dataset, path: Path) -> Path:
    """Write a Dataset and return the path.

    The root is written relative to the document's folder where one of the two lies inside the other, so that both can
    be moved together; else it is written absolute, so that the document alone can be moved.

    Raises:
        OSError: as the system says; nothing is left half-written.
    """
    path = Path(os.path.abspath(path))
    root, folder = root_of(dataset), path.parent
    written = str(root)
    if root.is_relative_to(folder) or folder.is_relative_to(root):
        written = Path(os.path.relpath(root, folder)).as_posix()
    return dataset.model_copy(update={"root": written}).save(path)
