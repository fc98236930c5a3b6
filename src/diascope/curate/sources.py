"""Whether what a document says was read is still what lies there."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from diascope.core.documents.dataset import Case, Source, Target
from diascope.core.documents.document import digest
from diascope.core.families import KINDS
from diascope.io import stamps


def sources_digest(cases: Sequence[Case], targets: Mapping[str, Target]) -> str:
    """Return the digest of what was read: every image's and label map's source, and the classes of the maps."""
    sources = [[c.id, *(s.model_dump(mode="json") for s in _sources(c))] for c in cases]
    maps = {name: t.model_dump(mode="json") for name, t in targets.items() if KINDS.load(t.kind).is_map}
    return digest([sources, maps])


def stamp_files(root: Path, cases: Sequence[Case]) -> str:
    """Return the digest of the size and the time of change of every file that is read; empty where one is missing.

    Also of one that another one names, such as the voxels beside a MetaImage header.
    """
    found: dict[str, list[int]] = {}
    try:
        for case in cases:
            for source in _sources(case):
                found |= stamps(root, source)
    except OSError:
        return ""
    return digest(found)


def _sources(case: Case) -> Iterator[Source]:
    return (s for s in (*case.images.values(), *case.targets.values()) if isinstance(s, Source))
