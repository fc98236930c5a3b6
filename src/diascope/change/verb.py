"""The public verb ``diascope.change``: files in, tables, document and page out."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

if TYPE_CHECKING:
    from diascope.core.documents.change import Change

Progress = Callable[[str, int, int, str], None]
"""``(stage, done, total, text)``."""


class Choice(TypedDict, total=False):
    """What may be chosen about a comparison of visits; the rest is found in the data.

    ``target`` (the mask of lesions); ``lesions`` and ``nodes`` (its classes that are lesions, and those that are lymph
    nodes); ``organs`` (a mask of organs); ``alignment`` (the last kind that is tried); ``diameter_error`` and
    ``volume_error`` (standard deviation of one measurement as a share of it).
    """

    target: str | None
    lesions: tuple[str, ...]
    nodes: tuple[str, ...] | None
    organs: str | None
    alignment: Literal["identity", "rigid", "affine", "deformable"]
    diameter_error: float
    volume_error: float


def change(
    data: Path | str, *, out: Path | str, progress: Progress | None = None, **choice: Unpack[Choice]
) -> "Change":
    """Compare the visits of each patient, write ``change.json``, both tables and ``change.html``, and return the first.

    Cases that cannot be used are named in ``refused``, and the rest are done.

    Args:
        data: as for ``inspect``: volumes with a mask of lesions, a patient and a visit.
        out: the folder for the results.
        progress: told about each stage.
        choice: see ``Choice``.

    Raises:
        InputError: no patient has two visits that can be measured, or a choice does not fit the data.
    """
    from diascope.change.page import write_page
    from diascope.change.reading import Wish
    from diascope.change.stage import measure_change
    from diascope.change.tables import write_tables
    from diascope.curate import read_dataset

    def tell(stage: str) -> Callable[[int, int, str], None]:
        return lambda done, total, text: None if progress is None else progress(stage, done, total, text)

    dataset = read_dataset(Path(data), resample_masks=True, progress=tell("read"))
    result = measure_change(dataset, Wish(**choice), tell("compare"))
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    result.change.save(folder / "change.json")
    write_tables(result.change, folder)
    write_page(result, folder)
    return result.change
