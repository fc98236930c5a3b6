"""The verbs ``measure`` and ``surface``; ``diascope.api`` offers them beside the others."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diascope.core.documents.measurements import Measurements

Progress = Callable[[str, int, int, str], None]


def measure(
    inputs: Sequence[Path | str],
    *,
    images: Sequence[Path | str] = (),
    measures: Sequence[str] = (),
    structures: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    labels: Mapping[int, str] | None = None,
    unit: str | None = None,
    progress: Progress | None = None,
) -> "Measurements":
    """Return numbers, each with its unit, of the structures of a run's predictions, of data with masks, or of masks.

    Args:
        inputs: one run, or data or masks of any number.
        images: those that the masks lie on; with a run, those that it predicts first.
        measures: names (``volume``), groups (``ibsi``) or ``standard``, which is taken if none is given.
        structures: names of those that are measured; all if none is given.
        options: of the measures: ``threshold_suv``, ``threshold_percent``, ``cup``, ``disc``, …
        labels: number in a label map → name of the structure, where nothing else says it.
        unit: of images whose files give none: ``HU``, ``SUV``.
        progress: told about each stage.

    Raises:
        InputError: an input is missing or holds no mask, or an option is not known. One case that cannot be measured
            is named in ``refused`` instead.
    """
    import tempfile

    from diascope.measure.masks import find_masks
    from diascope.measure.predicted import predict_masks
    from diascope.measure.stage import choose_measures, measure_masks

    choose_measures(measures, {k: v for k, v in (options or {}).items() if v is not None})
    paths, beside = [Path(i) for i in inputs], [Path(i) for i in images]
    with tempfile.TemporaryDirectory() as folder:
        if beside and len(paths) == 1 and (paths[0] / "run.json").exists():
            found = predict_masks(paths[0], beside, Path(folder), progress)
        else:
            found = find_masks(paths, beside)
        return measure_masks(
            found,
            measures=measures,
            structures=structures,
            options=options,
            labels=labels,
            unit=unit,
            progress=progress,
        )
