"""Which image a COCO file means: it names images without the folder that they lie in."""

from collections import Counter
from collections.abc import Collection, Mapping
from itertools import takewhile
from pathlib import PurePosixPath

from diascope.core.errors import ReadError
from diascope.curate.draft import PARTS
from diascope.curate.listing import Listing, stem


class ImageFinder:
    """Finds the images that COCO files name.

    Args:
        listing: of all files.
        named: file → names of the images that it lists.
    """

    def __init__(self, listing: Listing, named: Mapping[str, Collection[str]]) -> None:
        self._files = listing.file_set
        self._of_name: dict[str, list[str]] = {}
        for path in listing.images:
            self._of_name.setdefault(PurePosixPath(path).name, []).append(path)
        self._several = {file: Counter(PurePosixPath(n).name for n in names) for file, names in named.items()}
        self._named: dict[str | None, set[str]] = {}
        for file, names in named.items():
            self._named.setdefault(part_of(stem(file)), set()).update(PurePosixPath(n).name for n in names)

    def find(self, name: str, file: str) -> str | None:
        """Return the path of the image that a file names; None where it does not exist.

        The name itself is a path, or else the image is taken that shares the most folders with it. Of several the one
        is taken in whose folder's name the file's part stands (``train/1.png`` for ``instances_train.json``).

        Raises:
            ReadError: several are left.
        """
        if name in self._files:
            return name
        part, base = part_of(stem(file)), PurePosixPath(name).name
        shared = {p: _shared(p, name) for p in self._of_name.get(base, ())}
        least = max([*shared.values(), 2 if self._several[file][base] > 1 else 1])
        left = [p for p, n in shared.items() if n >= least and (n > 1 or not self._is_of_another(p, part, base))]
        words = set(_words(stem(file)))
        left = [p for p in left if words & set(_folders(p))] or left
        left = [p for p in left if part is not None and _part_of_folders(p) == part] or left
        if len(left) > 1:
            raise ReadError(
                f"{file} names {base}, and {len(left)} images in different folders are called so",
                expected="one image, or one in a folder that is called as the file is (train, val or test)",
                got=f"{len(left)} images",
                fix=f"write the folder into file_name, such as train/{base}",
            )
        return left[0] if left else None

    def _is_of_another(self, path: str, part: str | None, base: str) -> bool:
        """Answer whether an image lies in the folder of another part, whose own file names it."""
        own = _part_of_folders(path)
        return None not in (own, part) and own != part and base in self._named.get(own, ())


def _shared(path: str, name: str) -> int:
    """Return how many of their last folders, and the file's name, two paths have in common."""
    pairs = zip(reversed(PurePosixPath(path).parts), reversed(PurePosixPath(name).parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def part_of(name: str) -> str | None:
    """Return the part that a name says: train, validation or test.

    Example:
        >>> part_of("instances_val2017"), part_of("train"), part_of("all")
        ('validation', 'train', None)
    """
    words = "".join(c if c.isalpha() else " " for c in name.lower()).split()
    return next((PARTS[w] for w in words if w in PARTS), None)


def _words(name: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in name.lower()).split()


def _folders(path: str) -> list[str]:
    return [folder.lower() for folder in PurePosixPath(path).parts[:-1]]


def _part_of_folders(path: str) -> str | None:
    """Return the part that the folder nearest to an image says."""
    return next((part for folder in reversed(_folders(path)) if (part := part_of(folder))), None)
