"""From a case's images to what a network sees, the same way in training, in prediction and in a bundle."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import GeometryError, InputError, ReadError
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.transforms.frames import beside_neighbours, bring_to_frames, check_is_film, still_wanted
from diascope.transforms.labels import resample_labels
from diascope.transforms.normalise import Normalisation
from diascope.transforms.recipe import Recipe
from diascope.transforms.regrid import resample_to
from diascope.transforms.resample import resample
from diascope.transforms.trace import Trace, restore_labels, restore_map, restore_points, window_slices

__all__ = ["Prepared", "Recipe", "Trace", "prepare", "restore_labels", "restore_map", "restore_points"]


COLOURS = 3
"""Planes of a colour picture; files with other numbers of planes hold different measurements."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A case as the network sees it.

    Attributes:
        array: ``(C, *shape)`` float32, contiguous.
        labels: ``(*shape)`` class indices of the type they came in, or None.
        trace: the way back to the original grid.
        missing: channels that the case lacks.
        notes: what had to be decided, in whole sentences.
    """

    array: NDArray[np.float32]
    labels: NDArray | None
    trace: Trace
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def prepare(images: Mapping[str, Image], recipe: Recipe, labels: NDArray | None = None) -> Prepared:
    """Return a case on the network's grid, with the way back.

    Args:
        images: channel name → image; channels that the case lacks are absent.
        recipe: what to do.
        labels: class indices on the grid of the reference channel (the first of ``recipe.channels`` that is there).

    Raises:
        InputError: no channel is there, or one that the recipe does not do without is missing.
        GeometryError: planes, axes or labels do not fit.
        ReadError: voxels are not finite and the recipe does not replace them.
    """
    present = [name for name in recipe.channels if name in images]
    missing = tuple(name for name in recipe.channels if name not in images)
    _check_missing(present, missing, recipe)
    reference = images[present[0]].geometry
    if labels is not None and labels.shape != reference.shape:
        raise GeometryError("labels and image have different shapes", expected=reference.shape, got=labels.shape)
    axes, flips = canonical_axes(reference) if recipe.orientation else identity_axes(reference.ndim)
    notes = [f"Channel {name} is missing: {_stand_in(recipe, name)} stands for it." for name in missing]
    arrays = {name: _turn(_read(name, images[name], reference, recipe, notes), axes, flips) for name in present}
    canonical = tuple(reference.shape[axis] for axis in axes)
    box = nonzero_box(arrays.values(), canonical) if recipe.crop_nonzero else tuple((0, n) for n in canonical)
    inside = tuple(slice(start, stop) for start, stop in box)
    arrays = {name: np.array(array[:, *inside], np.float32, order="C") for name, array in arrays.items()}
    for name, array in arrays.items():
        recipe.normalise.get(name, Normalisation()).apply(array)
    resampled = _resampled_shape(recipe, reference, axes, box)
    final = recipe.shape or resampled
    offset = tuple((n - f) // 2 for n, f in zip(resampled, final, strict=True))
    trace = Trace(
        reference.shape,
        tuple(map(tuple, reference.affine.tolist())),
        reference.has_spacing,
        axes,
        flips,
        box,
        resampled,
        recipe.separate_axis,
        offset,
        final,
    )
    if labels is not None:
        labels = _prepare_labels(_turn(labels[None], axes, flips)[0][inside], trace)
    return Prepared(_stack(arrays, recipe, trace), labels, trace, missing, tuple(notes))


def check_not_constant(images: Mapping[str, Image]) -> None:
    """Refuse a case that says nothing, as training leaves such ones out.

    Raises:
        InputError: every channel has one value in all of its finite voxels.
    """
    values = {name: _one_value(image.array) for name, image in images.items()}
    if values and all(value is not None for value in values.values()):
        raise InputError(
            "the image is constant: every voxel has one value",
            expected="an image with different values",
            got="; ".join(f"{value:g} everywhere in {name}" for name, value in values.items()),
            fix="look at the file: it may be an empty export or a mask; training leaves such images out too",
        )


def _one_value(array: NDArray) -> float | None:
    """Return the value that all finite voxels have; None where they differ or there are none."""
    low, high = array.min(), array.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = array[np.isfinite(array)]
        if not finite.size:
            return None
        low, high = finite.min(), finite.max()
    return float(low) if low == high else None


def _prepare_labels(labels: NDArray, trace: Trace) -> NDArray:
    resampled = resample_labels(labels, trace.resampled, separate_axis=trace.separate_axis)
    return np.array(_window(resampled[None], trace, np.zeros(1, labels.dtype))[0], order="C")


def _check_missing(present: list[str], missing: tuple[str, ...], recipe: Recipe) -> None:
    if not present:
        raise InputError("the case has none of the channels", expected=", ".join(recipe.channels), got="none")
    refused = [name for name in missing if recipe.missing.get(name, "refuse") == "refuse"]
    if refused:
        raise InputError(
            f"the case lacks channel {', '.join(refused)}",
            expected=", ".join(recipe.channels),
            got=", ".join(present),
            fix="give the missing image, or plan with preprocess.missing set to mean for that channel and train again",
        )


def _stand_in(recipe: Recipe, name: str) -> str:
    value = recipe.missing[name]
    return "its mean" if value == "mean" else str(value)


def identity_axes(ndim: int) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Return the order and flips that change nothing."""
    return tuple(range(ndim)), (False,) * ndim


def canonical_axes(geometry: Geometry) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Return which axis comes to stand for right, anterior and superior, and which of them must be turned round.

    Of the six orders the one whose directions agree best is taken, so oblique grids have one too. Nothing changes for
    a 2-D grid or one without millimetres: it says nothing about the patient.
    """
    if geometry.ndim != 3 or not geometry.has_spacing:
        return identity_axes(geometry.ndim)
    direction = geometry.affine[:3, :3] / np.asarray(geometry.steps)
    axes = max(permutations(range(3)), key=lambda order: sum(abs(direction[w, a]) for w, a in enumerate(order)))
    return axes, tuple(bool(direction[w, a] < 0) for w, a in enumerate(axes))


def nonzero_box(arrays: Iterable[NDArray], shape: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Return first and last (exclusive) index along each axis of the voxels where any channel is not 0.

    The whole image where there are none.
    """
    inside = np.zeros(shape, bool)
    for array in arrays:
        for plane in array:
            inside |= plane != 0
    box = []
    for axis, n in enumerate(shape):
        used = np.flatnonzero(inside.any(axis=tuple(a for a in range(len(shape)) if a != axis)))
        box.append((int(used[0]), int(used[-1]) + 1) if len(used) else (0, n))
    return tuple(box)


def _read(name: str, image: Image, reference: Geometry, recipe: Recipe, notes: list[str]) -> NDArray:
    """Return the channel's planes on the reference's grid, finite."""
    if recipe.frames is not None:
        image = bring_to_frames(name, image, (recipe.frames, recipe.frame_seconds), notes)
    elif image.clip is not None:
        raise still_wanted(name, image.clip)
    if recipe.neighbours is not None:
        check_is_film(name, image.geometry)
    frames = recipe.frames or 1
    planes = recipe.components.get(name, recipe.seen) // recipe.seen * frames
    array = _fit_planes(name, image.frames, planes // frames, notes)
    array = array.reshape(planes, *image.array.shape[1:])
    if not np.issubdtype(array.dtype, np.integer) and not np.isfinite(array).all():
        array = _make_finite(name, array, recipe, notes)
    if not reference.is_same_grid(image.geometry):
        if recipe.channel_grid == "refuse":
            raise GeometryError(
                f"channel {name} lies on another grid than the first channel",
                expected=reference.describe(),
                got=image.geometry.describe(),
                fix="bring both to one grid, or plan with preprocess.channel_grid=reference to have it resampled",
            )
        array = resample_to(image.with_array(array), reference, labels=False).array
        notes.append(f"Channel {name} lies on another grid and was brought to that of the first channel.")
    return array


def _fit_planes(name: str, array: NDArray, planes: int, notes: list[str]) -> NDArray:
    """Return frames ``(C, T, I, J[, K])`` with so many channels."""
    if len(array) == planes:
        return array
    if len(array) == 1 and planes == COLOURS:
        notes.append(f"Channel {name} is grey: its one plane stands for all {planes}.")
        return np.repeat(array, planes, axis=0)
    if planes == 1 and len(array) == COLOURS:
        notes.append(f"Channel {name} is a colour picture: its luminance was taken (ITU-R BT.601).")
        return np.tensordot(np.array([0.299, 0.587, 0.114], np.float32), array.astype(np.float32), 1)[None]
    volumes = array.ndim == 5
    raise GeometryError(
        f"channel {name} has another number of planes{' (volumes of a 4-D file)' if volumes else ''}",
        expected=planes,
        got=len(array),
        fix=f"give images like those that were planned for, each {'volume' if volumes else 'plane'} in its channel",
    )


def _make_finite(name: str, array: NDArray, recipe: Recipe, notes: list[str]) -> NDArray:
    finite = np.isfinite(array)
    bad = int(finite.size - np.count_nonzero(finite))
    if recipe.nonfinite == "refuse" or bad == finite.size:
        raise ReadError(
            f"channel {name} holds values that are no finite numbers",
            expected="finite values",
            got=f"{bad} of {finite.size} voxels are not",
            fix="write the image again without them, or predict with a run that was trained with "
            "--set preprocess.nonfinite=minimum",
        )
    notes.append(f"Channel {name}: {bad} voxels that are not finite took the channel's minimum.")
    return np.where(finite, array, array[finite].min())


def _turn(array: NDArray, axes: tuple[int, ...], flips: tuple[bool, ...]) -> NDArray:
    """Return a view ``(C, *shape)`` with spatial axes in another order and direction."""
    turned = array.transpose(0, *(1 + a for a in axes))
    return turned[:, *(slice(None, None, -1 if flip else 1) for flip in flips)]


def _resampled_shape(
    recipe: Recipe, reference: Geometry, axes: tuple[int, ...], box: tuple[tuple[int, int], ...]
) -> tuple[int, ...]:
    cropped = tuple(stop - start for start, stop in box)
    for key, value in (("shape", recipe.shape), ("spacing_mm", recipe.spacing_mm)):
        if value is not None and len(value) != len(cropped):
            raise GeometryError(
                f"preprocess.{key} has another number of axes than the image",
                expected=f"{len(cropped)} axes",
                got=value,
            )
    if recipe.shape and recipe.fit == "resize":
        return recipe.shape
    if recipe.spacing_mm is None:
        return cropped
    if not reference.has_spacing:
        raise GeometryError(
            "the image's spacing is unknown, but the network was trained on a fixed one",
            expected=f"an image with its spacing, to be brought to {recipe.spacing_mm} mm",
            got="no spacing",
            fix="write the image again with its true spacing",
        )
    steps = [reference.steps[axis] for axis in axes]
    return tuple(max(1, round(n * s / t)) for n, s, t in zip(cropped, steps, recipe.spacing_mm, strict=True))


def _stack(arrays: Mapping[str, NDArray[np.float32]], recipe: Recipe, trace: Trace) -> NDArray[np.float32]:
    out = np.empty((recipe.planes, *trace.final), np.float32)
    first = 0
    for name in recipe.channels:
        last = first + recipe.components.get(name, recipe.seen)
        if name in arrays:
            array = resample(
                arrays[name], trace.resampled, order=recipe.resample_order, separate_axis=recipe.separate_axis
            )
            array = _window(array, trace, _border(array, recipe.normalise.get(name)))
            out[first:last] = beside_neighbours(array, recipe.neighbours or 0)
        else:
            value = recipe.missing[name]
            out[first:last] = 0.0 if value == "mean" else float(value)
        first = last
    return out


def _border(array: NDArray[np.float32], scheme: Normalisation | None) -> NDArray[np.float32]:
    """Return what stands outside of the image, for each plane: background, which is the minimum, or 0 where masked."""
    if scheme is not None and scheme.scheme == "zscore_nonzero":
        return np.zeros(len(array), np.float32)
    return array.reshape(len(array), -1).min(axis=1)


def _window(array: NDArray, trace: Trace, border: NDArray) -> NDArray:
    """Return the final window of a resampled ``(C, *shape)``, padded with the border's values."""
    if trace.final == trace.resampled:
        return array
    out = np.empty((len(array), *trace.final), array.dtype)
    out[:] = border.reshape(-1, *[1] * len(trace.final))
    source, target = window_slices(trace.resampled, trace.offset, trace.final)
    out[:, *target] = array[:, *source]
    return out
