"""What a layout hands on: cases and targets as listed, before any image has been read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from diascope.core.catalogue import Catalogue
from diascope.core.documents.dataset import Case, Dataset, Problem, Target
from diascope.core.errors import DatasetError, DiascopeError
from diascope.curate.listing import Listing

PARTS = {
    **dict.fromkeys(("train", "training", "tr"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "va"), "validation"),
    **dict.fromkeys(("test", "testing", "ts", "te"), "test"),
}
"""Words for the parts of a split, in lower case."""


@dataclass(frozen=True)
class Given:
    """A split that came with the data.

    Attributes:
        origin: the file or field that says so.
        folds: ids of training and validation for each fold; empty where only a test part is given.
        test: ids never trained on.
        pool: ids that folds are made from where none are given; None takes all but the test part.
    """

    origin: str
    folds: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    test: tuple[str, ...] = ()
    pool: tuple[str, ...] | None = None


@dataclass
class Draft:
    """A data set as its files list it.

    Attributes:
        targets: a mask whose ``values`` are empty takes those that its label maps hold.
        used: files that took part; all others are counted as ignored.
        left_out: case id → why it takes no part.
        labelled: ids with at least one target's value; filled once the labels are checked.
        document: set where the data were already described by a document of ours.
    """

    listing: Listing
    name: str
    channels: tuple[str, ...]
    cases: list[Case]
    targets: dict[str, Target] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    given: Given | None = None
    modality: str | None = None
    problems: list[Problem] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    labelled: set[str] = field(default_factory=set)
    document: Dataset | None = None

    def note(self, code: str, message: str, cases: Iterable[str] = ()) -> None:
        """Add a problem that only informs."""
        self.problems.append(Problem(level="note", code=code, message=message, cases=tuple(cases)))

    def warn(self, code: str, message: str, cases: Iterable[str] = ()) -> None:
        """Add a problem that changes the data."""
        self.problems.append(Problem(level="warning", code=code, message=message, cases=tuple(cases)))

    def error(self, code: str, message: str, cases: Iterable[str] = ()) -> None:
        """Add a problem that stops training."""
        self.problems.append(Problem(level="error", code=code, message=message, cases=tuple(cases)))


@dataclass(frozen=True)
class Layout:
    """One way in which data sets lie on disk.

    Attributes:
        priority: where several fit, the one with the lowest number is taken.
        matches: a cheap look at names, and at the first lines of lists.
        read: the cases as listed; raises DatasetError where the list contradicts itself.
    """

    name: str
    priority: int
    matches: Callable[[Listing], bool]
    read: Callable[[Listing], Draft]


LAYOUTS: Catalogue[Layout] = Catalogue("diascope.curate.layouts", "LAYOUT")


def given_from_parts(origin: str, parts: Mapping[str, str]) -> Given | None:
    """Return the split that a word for each case describes; cases without a word are in no part.

    Raises:
        DatasetError: a word is not known.
    """
    ids: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for case_id, word in parts.items():
        part = PARTS.get(word.strip().lower())
        if part is None:
            raise DatasetError(
                f"{origin} names a part that is not known",
                expected="train, val or test (or training, valid, validation, dev, testing)",
                got=repr(word),
                fix="write one of these words, or leave the cell empty",
            )
        ids[part].append(case_id)
    train, validation, test = (tuple(ids[p]) for p in ("train", "validation", "test"))
    if not test and not validation:
        return None
    if train and validation:
        return Given(origin, ((train, validation),), test)
    return Given(origin, (), test, pool=train + validation)


def held_out(given: Given | None) -> set[str]:
    """Return the ids of every given validation and test part."""
    if given is None:
        return set()
    return {*given.test, *(i for _, validation in given.folds for i in validation)}


def in_one_line(error: DiascopeError) -> str:
    """Return an error as one sentence, for a place that has a line for it: a problem, a case that is left out.

    Example:
        >>> in_one_line(DiascopeError("a.nii is cut short", expected="10 bytes", got="4 bytes", fix="copy it again"))
        'a.nii is cut short (expected 10 bytes, got 4 bytes): copy it again'
    """
    parts = [f"{word} {part}" for word, part in (("expected", error.expected), ("got", error.got)) if part is not None]
    where = [f"where: {note}" for note in getattr(error, "__notes__", ())]
    values = f" ({'; '.join([*where, ', '.join(parts)] if parts else where)})" if parts or where else ""
    return " ".join(f"{error.what}{values}{': ' + error.fix if error.fix else ''}".split())


def safe_ids(names: Iterable[str]) -> list[str]:
    """Return unique ids that may be used as file names, one for each name, in order.

    Example:
        >>> safe_ids(["a/x", "b/x", "b/x"])
        ['a_x', 'b_x', 'b_x_2']
    """
    taken: set[str] = set()
    ids = []
    for name in names:
        base = name.translate(_UNSAFE).strip(" .") or "case"
        new, n = base, 1
        while new in taken:
            n += 1
            new = f"{base}_{n}"
        taken.add(new)
        ids.append(new)
    return ids


_UNSAFE = {ord(c): "_" for c in '/\\:*?"<>|'} | dict.fromkeys(range(32), "_")
