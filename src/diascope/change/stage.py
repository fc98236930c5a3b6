"""The stage itself: a data set with several visits of a patient → Change, with pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from diascope.change.numbers import Patient, describe_lesion
from diascope.change.order import Visits, order_visits
from diascope.change.pictures import Pictures, draw_patient
from diascope.change.reading import Roles, VisitData, Wish, choose_roles, read_visit
from diascope.change.response import describe_visits, follow_targets
from diascope.change.track import Chain, follow_lesions
from diascope.core.documents.change import Change, PatientChange
from diascope.core.documents.dataset import Dataset
from diascope.core.errors import InputError
from diascope.core.image import Image
from diascope.curate.draft import in_one_line
from diascope.transforms.alignment import Alignment
from diascope.transforms.regrid import resample_to

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class Result:
    """The document, and each patient's pictures by the patient's number, if they were drawn."""

    change: Change
    pictures: dict[int, Pictures]


def measure_change(dataset: Dataset, wish: Wish, progress: Progress | None = None, *, draw: bool = True) -> Result:
    """Return what has become of each patient's lesions.

    A patient whose visits have no order, or of whom fewer than two can be measured, is refused by case; the rest are
    done.

    Args:
        dataset: volumes with a mask of lesions, patients and visits.
        wish: what the user chose.
        progress: told after each step: visits done, visits in all, and a few words.
        draw: make the pictures too.

    Raises:
        InputError: no patient can be measured, or a choice does not fit the data.
    """
    from diascope.transforms.register import check_installed

    roles = choose_roles(dataset, wish)
    if wish.alignment != "identity":
        check_installed()
    patients, refused = order_visits(dataset.cases)
    refused = {**dataset.left_out, **refused}
    total, done, found, pictures = sum(len(p.cases) for p in patients), 0, [], {}
    for order in patients:
        tell = _teller(progress, done, total, order.number)
        try:
            patient, chain, change = _measure_patient(dataset, order, roles, wish, refused=refused, tell=tell)
            found.append(change)
            tell(len(order.cases), "done")
            if draw:
                pictures[order.number] = draw_patient(patient, chain, change)
        except InputError as error:
            refused.update({c.id: in_one_line(error) for c in order.cases if c.id not in refused})
        done += len(order.cases)
    if not found:
        raise _nothing(refused)
    document = Change(
        dataset=dataset.name,
        target=roles.target,
        lesions=roles.lesions,
        nodes=roles.nodes,
        diameter_error=wish.diameter_error,
        volume_error=wish.volume_error,
        alignment=wish.alignment,
        patients=tuple(found),
        refused=refused,
    )
    return Result(document, pictures)


def _teller(progress: Progress | None, done: int, total: int, patient: int) -> Callable[[int, str], None]:
    if progress is None:
        return lambda visits, words: None
    return lambda visits, words: progress(done + visits, total, f"patient {patient}: {words}")


def _nothing(refused: dict[str, str]) -> InputError:
    first = next(iter(refused.items()), None)
    return InputError(
        "no patient can be compared over time" + (f"; the first case, {first[0]}: {first[1]}" if first else ""),
        expected="two or more visits of a patient, each with its mask, in the columns patient, visit, image and mask",
        got=f"{len(refused)} cases refused",
        fix="give each case its patient and visit in the table or in dataset.yaml",
    )


def _measure_patient(
    dataset: Dataset,
    order: Visits,
    roles: Roles,
    wish: Wish,
    *,
    refused: dict[str, str],
    tell: Callable[[int, str], None],
) -> tuple[Patient, Chain, PatientChange]:
    visits, kept = _read_all(dataset, order, roles, refused=refused, tell=tell)
    alignments = _align_all(visits, wish, tell)
    chain = Chain(alignments)
    tracks = tuple(follow_lesions(visits, chain))
    patient = Patient(visits, tracks, wish, roles.nodes)
    targets = follow_targets(patient)
    notes = [*order.notes]
    if len(kept.cases) < len(order.cases):
        lost = [c.id for c in order.cases if c not in kept.cases]
        notes.append(f"{', '.join(lost)} could not be used; the first visit is {kept.cases[0].id}")
    if tracks and all(track.first.organ is None for track in tracks):
        notes.append("no organ is known, so at most five lesions are followed, and not only two of an organ")
    change = PatientChange(
        number=order.number,
        visits=describe_visits(patient, kept, alignments, targets),
        lesions=tuple(describe_lesion(patient, n, is_target=n in targets) for n in range(len(tracks))),
        notes=tuple(notes),
    )
    return patient, chain, change


def _read_all(
    dataset: Dataset, order: Visits, roles: Roles, *, refused: dict[str, str], tell: Callable[[int, str], None]
) -> tuple[tuple[VisitData, ...], Visits]:
    """Return the visits that can be measured; the others are refused by name.

    Raises:
        InputError: fewer than two are left.
    """
    found = []
    for n, case in enumerate(order.cases):
        tell(0, f"reading visit {n + 1}")
        try:
            found.append((n, read_visit(dataset, case, roles)))
        except InputError as error:
            refused[case.id] = in_one_line(error)
    if len(found) < 2:
        raise InputError("its patient has fewer than two visits that can be measured")
    where = [n for n, _ in found]
    days = None if order.days is None else tuple(order.days[n] - order.days[where[0]] for n in where)
    kept = Visits(
        order.number, tuple(order.cases[n] for n in where), days, tuple(order.labels[n] for n in where), order.notes
    )
    return tuple(visit for _, visit in found), kept


def _align_all(visits: Sequence[VisitData], wish: Wish, tell: Callable[[int, str], None]) -> tuple[Alignment, ...]:
    from diascope.transforms.register import register

    alignments = []
    for n, (before, now) in enumerate(pairwise(visits), start=1):
        tell(n, f"aligning visit {n + 1}")
        alignments.append(
            register(
                before.image,
                now.image,
                upto=wish.alignment,
                left_out=(_lesion_mask(before), _lesion_mask(now)),
                progress=lambda kind, n=n: tell(n, f"aligning visit {n + 1}, {kind}"),
            )
        )
    return tuple(alignments)


def _lesion_mask(visit: VisitData) -> np.ndarray:
    """Return where a visit's lesions are, on its image's grid."""
    mask = np.zeros(visit.grid.shape, np.uint8)
    for found in visit.found:
        mask[tuple(found.lesion.voxels.T)] = 1
    if not visit.image.geometry.is_same_grid(visit.grid):
        return resample_to(Image(mask[None], visit.grid), visit.image.geometry, labels=True).array[0] > 0
    return mask > 0
