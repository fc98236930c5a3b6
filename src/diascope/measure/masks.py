"""What the user wants measured: a run, a data set with masks, or mask files with or without their images."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from diascope.core.documents.dataset import Case, Dataset, Source, Target
from diascope.core.errors import DatasetError, InputError, OptionError
from diascope.core.families import KINDS
from diascope.curate.documents import load_dataset, root_of
from diascope.curate.draft import in_one_line
from diascope.curate.listing import LISTS, image_suffixes, list_files, stem
from diascope.curate.recognise import recognise
from diascope.curate.stage import read_dataset
from diascope.predict.inputs import cases_of

DOCUMENTS = (*LISTS, ".yaml", ".yml")
PREDICTIONS = "predictions"
NAME_OF_MASK = re.compile(
    r"(.+?)[_\-. ](masks?|segmentation|seg|labels?|gt|annotation|prediction|pred)$", re.IGNORECASE
)
NAME_OF_IMAGE = re.compile(r"(.+?)([_\-. ](image|img)|_0000)$", re.IGNORECASE)


@dataclass(frozen=True)
class Masks:
    """The masks of one case and where its image lies.

    Attributes:
        masks: target's name → source with an absolute path, and the target, which is None where nothing says what the
            numbers of a label map mean.
        image: with an absolute path; None where only masks were given.
    """

    case_id: str
    masks: Mapping[str, tuple[Source, Target | None]]
    image: Source | None = None
    patient: str | None = None
    visit: str | None = None


@dataclass
class Found:
    """All cases, why others were refused, and what there is to say of the whole.

    Attributes:
        made_from: digest of the data set's document.
    """

    cases: list[Masks] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    made_from: str | None = None


def find_masks(given: Sequence[Path], images: Sequence[Path] = ()) -> Found:
    """Return the cases of all inputs; a case whose image is not among ``images`` is refused by name.

    Raises:
        InputError: an input does not exist, or holds no mask.
        OptionError: images were given beside data that name their own.
    """
    found = Found()
    for path in given:
        if not path.exists():
            raise InputError(f"{path.name} does not exist", expected="a run, data with masks, or masks")
        _add_input(found, path, with_images=bool(images))
    if not found.cases and not found.refused:
        raise InputError("there is no mask", expected="a run, data with masks, or mask files", got="none of them")
    if images:
        _pair(found, images)
    return found


def _add_input(found: Found, path: Path, *, with_images: bool) -> None:
    if (path / "run.json").exists():
        add_run(found, path)
        return
    dataset = _dataset_of(path)
    if dataset is None:
        _add_files(found, path)
        return
    if with_images:
        raise OptionError(
            f"{path.name} names its images itself", expected="masks alone beside --images", fix="leave --images out"
        )
    _add_dataset(found, dataset)


def _dataset_of(path: Path) -> Dataset | None:
    """Return the data set that lies at a path, None where nothing there has a mask of its own.

    Raises:
        DatasetError: a document or a table names no mask.
    """
    listed = path.is_file() and path.suffix.lower() in DOCUMENTS
    if path.is_file() and not listed:
        return None
    try:
        draft, _, _ = recognise(list_files(path))
    except DatasetError:
        if listed:
            raise
        return None
    if any(KINDS.load(t.kind).is_map for t in draft.targets.values()):
        return read_dataset(path, check_images=False)
    if listed:
        raise DatasetError(f"{path.name} names no masks", expected="a target that is a mask", got=list(draft.targets))
    return None


def _add_dataset(found: Found, dataset: Dataset) -> None:
    maps = {name: target for name, target in dataset.targets.items() if KINDS.load(target.kind).is_map}
    root, lacking = root_of(dataset), 0
    for case in dataset.cases:
        masks = {n: (_at(root, v), t) for n, t in maps.items() if isinstance(v := case.targets.get(n), Source)}
        if masks:
            image = next((_at(root, case.images[c]) for c in dataset.channels if c in case.images), None)
            _add(found, Masks(case.id, masks, image, case.patient, case.visit))
        lacking += not masks
    if lacking:
        found.told.append(f"{lacking} cases of {dataset.name} have no mask and are not measured")
    found.refused |= dataset.left_out
    found.made_from = dataset.digest()


def add_run(found: Found, run: Path) -> None:
    """Add the predictions of a finished run.

    Raises:
        InputError: the run is not finished, or its task answers once a case.
    """
    from diascope.core.documents.plan import Plan
    from diascope.core.documents.predictions import Predictions
    from diascope.predict.model import check_finished
    from diascope.predict.reading import reference_channel

    index = run / PREDICTIONS / "index.json"
    check_finished(run, made=[index])
    predictions, plan = Predictions.load(index), Plan.load(run / "plan.yaml")
    dataset = load_dataset(run / "dataset.yaml")
    name = plan.target or ""
    if not predictions.files:
        raise InputError(
            f"the run {run.name} has no masks to measure",
            expected="a run of segmentation",
            got=f"the task {plan.task}, or no case that could be predicted",
        )
    root, cases = root_of(dataset), dataset.by_id()
    for case_id, file in predictions.files.items():
        case = cases[case_id]
        mask = Source(path=str((run / PREDICTIONS / file).resolve()))
        image = _at(root, case.images[reference_channel(plan, case.images)])
        _add(found, Masks(case_id, {name: (mask, dataset.targets[name])}, image, case.patient, case.visit))
    found.refused |= predictions.refused
    found.made_from = dataset.digest()


def _add_files(found: Found, path: Path) -> None:
    """Add mask files: label maps, series of DICOM masks, DICOM segmentations and contours."""
    files = [path] if path.is_file() else [path / f for f in list_files(path).files]
    masks = [f for f in files if path.is_file() or f.name.lower().endswith((*image_suffixes(), ".npy")) or _is_dicom(f)]
    if not masks:
        raise InputError(f"{path.name} holds no mask", expected=", ".join(image_suffixes()), got="no such file")
    slices = [f for f in masks if _is_slice(f)]
    if slices and path.is_dir():
        series, refused = cases_of([path], ("mask",), found.told)
        found.refused |= refused
        for case in series:
            _add(found, Masks(case.id, {"mask": (case.images["mask"], None)}))
        masks = [f for f in masks if f not in slices]
    for file in masks:
        name = stem(file.name)
        match = NAME_OF_MASK.match(name)
        _add(found, Masks(match[1] if match else name, {"mask": (Source(path=str(file.resolve())), None)}))


def _is_dicom(path: Path) -> bool:
    from diascope.io import dicom_rtstruct, dicom_seg

    return dicom_seg.is_readable(path) or dicom_rtstruct.is_readable(path)


def _is_slice(path: Path) -> bool:
    from diascope.io import dicom

    return dicom.is_readable(path) and not _is_dicom(path)


def _add(found: Found, masks: Masks) -> None:
    """Add a case; equal names in two folders are two cases."""
    taken = {c.case_id for c in found.cases}
    number, name = 2, masks.case_id
    while name in taken:
        name, number = f"{masks.case_id}-{number}", number + 1
    found.cases.append(replace(masks, case_id=name))


def _at(root: Path, source: Source) -> Source:
    return source.model_copy(update={"path": str(root / source.path)})


def _pair(found: Found, given: Sequence[Path]) -> None:
    """Give each case the image that is called like it; a single one of both is a pair whatever it is called."""
    images, refused = cases_of(given, ("image",), found.told)
    found.refused |= refused
    sources = {_key(case): case.images["image"] for case in images}
    alone = len(found.cases) == len(images) == 1
    paired = []
    for case in found.cases:
        image = images[0].images["image"] if alone else sources.get(case.case_id)
        if image is None:
            found.refused[case.case_id] = in_one_line(
                InputError("no image among --images is called like this mask", got=f"{len(images)} images")
            )
            continue
        paired.append(replace(case, image=image))
    found.cases = paired


def _key(case: Case) -> str:
    match = NAME_OF_IMAGE.match(case.id)
    return match[1] if match else case.id
