"""The stage itself: cases with masks → Measurements."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.documents.measurements import MeasuredStructure, Measurement, Measurements
from diascope.core.errors import InputError, OptionError, nearest
from diascope.core.families import MEASURES
from diascope.core.ports.measure import Measure, Quantity, Region
from diascope.curate.draft import in_one_line
from diascope.measure.case import Structures, check_structures, read_structures
from diascope.measure.masks import Found, Masks

Progress = Callable[[str, int, int, str], None]

STANDARD = "standard"
MARGIN_MM = 12.0
"""What stays around a structure when a volume is cut to it: the sphere of SUVpeak reaches 6.2 mm (chosen here)."""

FIRST = ("volume", "area")
"""Measures whose numbers stand first in a table of the standard ones."""

NO_SPACING = "the voxels' size is not known, so nothing is measured in mm"


def choose_measures(wanted: Sequence[str] = (), options: Mapping[str, Any] | None = None) -> tuple[list[Measure], bool]:
    """Return the measures that were asked for, and whether they were: without any, the standard ones are taken.

    ``standard`` means all of these, and a name that ends where others go on with ``_`` all of them: ``ibsi``.

    Raises:
        OptionError: there is no such measure, or an option that none of them reads.
    """
    names = MEASURES.names()
    chosen: dict[str, Measure] = {}
    for name in wanted or (STANDARD,):
        group = [n for n in names if n.startswith(f"{name}_")] if name not in names else [name]
        if name == STANDARD:
            standard = [m for m in MEASURES.all().values() if m.is_standard]
            group = [m.name for m in sorted(standard, key=_place)]
        if not group:
            groups = {n.partition("_")[0] for n in names}
            raise OptionError(f"there is no measure {name!r}", fix=nearest(name, {*names, *groups, STANDARD}))
        chosen |= {n: MEASURES.load(n) for n in group}
    read = {key for measure in chosen.values() for key in measure.options}
    for key in options or {}:
        if key not in read:
            fix = "choose one with --measures, or leave the option out"
            raise OptionError(f"no chosen measure reads {key}", expected=sorted(read), got=list(chosen), fix=fix)
    return list(chosen.values()), bool(wanted) and STANDARD not in wanted


def _place(measure: Measure) -> tuple[bool, bool, str]:
    """Return by what the standard measures are ordered: those of the mask alone, the most asked first, then others."""
    return measure.needs_image, measure.name not in FIRST, measure.name


def measure_masks(
    found: Found,
    *,
    measures: Sequence[str] = (),
    structures: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    labels: Mapping[int, str] | None = None,
    unit: str | None = None,
    progress: Progress | None = None,
) -> Measurements:
    """Return all numbers; a case that cannot be measured is refused by name and the rest are done.

    Args:
        found: the cases.
        measures: names of measures, or of groups; the standard ones if none is given.
        structures: names of those that are measured; all if none is given.
        options: of the measures, such as ``threshold_suv``.
        labels: number in a label map → name of its structure, where nothing else says it.
        unit: of images whose files give none.
        progress: told after each case.

    Raises:
        OptionError: an option, measure or structure is not known.
    """
    given = {key: value for key, value in (options or {}).items() if value is not None}
    chosen, asked = choose_measures(measures, given)
    for measure in chosen:
        given |= measure.defaults(given)
    plan = _Wanted(chosen, asked, tuple(structures), given)
    rows: list[MeasuredStructure] = []
    refused, notes = dict(found.refused), {}
    needs_image = any(m.needs_image for m in chosen)
    seen: set[str] = set()
    for number, masks in enumerate(found.cases, start=1):
        try:
            read = read_structures(masks, labels=labels, unit=unit, with_image=needs_image)
            seen |= set(read.masks)
            said: list[str] = list(read.notes)
            rows += plan.measure(masks, read, said)
            if said:
                notes[masks.case_id] = tuple(dict.fromkeys(said))
        except OptionError:
            raise
        except InputError as error:
            refused[masks.case_id] = in_one_line(error)
        if progress:
            progress("measure", number, len(found.cases), masks.case_id)
    check_structures(structures, seen)
    if found.told:
        notes["all"] = tuple(found.told)
    return Measurements(
        measures=tuple(m.name for m in chosen),
        options=given,
        made_from=found.made_from,
        structures=tuple(rows),
        refused=refused,
        notes=notes,
    )


class _Wanted:
    """What is measured of each case."""

    def __init__(
        self, measures: Sequence[Measure], asked: bool, structures: tuple[str, ...], options: Mapping[str, Any]
    ) -> None:
        self.measures, self.asked, self.structures, self.options = measures, asked, structures, options

    def measure(self, masks: Masks, read: Structures, said: list[str]) -> list[MeasuredStructure]:
        """Return a case's rows, and add to what is said of it.

        Raises:
            InputError: for want of a voxel size nothing can be measured.
        """
        applicable = [m for m in self.measures if self.asked or not self._lacks(m, read)]
        if not read.geometry.has_spacing:
            self._check_spacing(applicable, said)
            if not self.asked and read.geometry.ndim == 2:
                applicable = [m for m in applicable if not m.needs_spacing]
        options = {**self.options, "unit": read.unit}
        rows = []
        for name, mask in read.masks.items():
            if self.structures and name not in self.structures:
                continue
            count = int(np.count_nonzero(mask))
            if not count:
                said.append(f"The mask of {name} is empty: nothing of it is defined.")
            region = _region(read, name)
            quantities: dict[str, Measurement] = {}
            for measure in applicable:
                quantities |= self._take(measure, region, read, options, is_empty=not count)
            rows.append(
                MeasuredStructure(
                    case=masks.case_id,
                    structure=name,
                    patient=masks.patient,
                    visit=masks.visit,
                    voxels=count,
                    quantities=quantities,
                )
            )
        return rows

    def _check_spacing(self, applicable: Sequence[Measure], said: list[str]) -> None:
        lacking = [m.name for m in applicable if m.needs_spacing]
        if lacking and len(lacking) == len(applicable):
            raise InputError(
                f"{NO_SPACING}: {', '.join(lacking)}",
                expected="a file that says how large a voxel is",
                got="none that does (PNG, npy)",
                fix="give the mask in a format with millimetres, or beside its image with --images",
            )
        if lacking:
            said.append(f"{NO_SPACING[0].upper()}{NO_SPACING[1:]}: not {', '.join(lacking)}.")

    def _lacks(self, measure: Measure, read: Structures) -> str:
        """Return why a measure has no meaning for a case, whatever its masks are; empty where it has."""
        if read.geometry.ndim not in measure.ndims:
            return f"it is defined for images of {' or '.join(map(str, measure.ndims))} axes"
        if measure.needs_image and read.image is None:
            return "there is no image with one channel beside the mask"
        if measure.units and read.unit not in measure.units:
            got = f"in {read.unit}" if read.unit else "of unknown unit (--unit says it)"
            return f"the image is {got}, and {' or '.join(measure.units)} is needed"
        return ""

    def _take(
        self, measure: Measure, region: Region, read: Structures, options: Mapping[str, Any], *, is_empty: bool
    ) -> dict[str, Measurement]:
        why = self._lacks(measure, read)
        if not why and is_empty:
            why = "the mask is empty"
        if not why and measure.needs_spacing and region.spacing_mm is None:
            why = NO_SPACING
        if why:
            units = measure.names(read.geometry.ndim, options)
            taken = {name: Quantity(math.nan, unit, why=why) for name, unit in units.items()}
        else:
            taken = measure.compute(region, options)
        return {column(name, q.unit): _measurement(q) for name, q in taken.items()}


def column(name: str, unit: str) -> str:
    """Return a quantity's name with its unit, as a table's column is called.

    Example:
        >>> column("volume", "ml"), column("who_product", "mm²"), column("suv_max", "SUV"), column("sphericity", "")
        ('volume_ml', 'who_product_mm2', 'suv_max', 'sphericity')
    """
    plain = unit.lower().replace("²", "2").replace("³", "3").replace("%", "percent").replace("a.u.", "au")
    suffix = plain.replace("/", "_per_").replace("·", "_").replace(" ", "_")
    named = not suffix or suffix in name.split("_")
    return name if named else f"{name}_{suffix}"


def _measurement(quantity: Quantity) -> Measurement:
    finite = math.isfinite(quantity.value)
    why = quantity.why if finite or quantity.why else "it is not defined for this structure"
    value = float(quantity.value) if finite else None
    low, high = (None if b is None or not finite else float(b) for b in (quantity.low, quantity.high))
    return Measurement(value=value, unit=quantity.unit, low=low, high=high, why=why)


def _region(read: Structures, name: str) -> Region:
    """Return one structure; a volume is cut to the box around it, so that the cost follows the structure."""
    grid, mask, probability = read.geometry, read.masks[name], read.probabilities.get(name)
    extent = mask if probability is None else mask | (probability > 0)
    box = _box(extent, grid.steps) if mask.ndim == 3 and extent.any() else (slice(None),) * mask.ndim
    affine = np.array(grid.affine)
    starts = [s.start or 0 for s in box]
    affine[:3, 3] += affine[:3, : len(box)] @ starts

    def cut(array: NDArray | None) -> Any:
        return None if array is None else array[box]

    return Region(
        mask=mask[box],
        affine=affine if grid.has_spacing else None,
        spacing_mm=grid.spacing_mm,
        image=cut(read.image),
        unit=read.unit,
        probability=cut(probability),
        others={n: m[box] for n, m in read.masks.items() if n != name},
        name=name,
        vertical=read.vertical,
    )


def _box(mask: NDArray[np.bool_], steps: Sequence[float]) -> tuple[slice, ...]:
    box = []
    for axis, step in enumerate(steps):
        filled = np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        margin = math.ceil(MARGIN_MM / step) + 1
        box.append(slice(max(0, filled[0] - margin), filled[-1] + margin + 1))
    return tuple(box)
