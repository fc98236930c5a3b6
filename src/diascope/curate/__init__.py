"""Files → Dataset: recognise the layout, check every image, find copies, split by patient."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diascope.curate.documents import load_dataset, root_of, save_dataset
    from diascope.curate.promote import target_from_attribute
    from diascope.curate.stage import read_dataset
    from diascope.curate.trainable import check_trainable, unreadable

_HOME = {
    "read_dataset": "stage",
    "load_dataset": "documents",
    "save_dataset": "documents",
    "root_of": "documents",
    "target_from_attribute": "promote",
    "check_trainable": "trainable",
    "unreadable": "trainable",
}

__all__ = [
    "check_trainable",
    "load_dataset",
    "read_dataset",
    "root_of",
    "save_dataset",
    "target_from_attribute",
    "unreadable",
]


def __getattr__(name: str) -> Any:
    """Import a public function when first asked for."""
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(f"diascope.curate.{_HOME[name]}"), name)
    raise AttributeError(f"module 'diascope.curate' has no attribute {name!r}")
