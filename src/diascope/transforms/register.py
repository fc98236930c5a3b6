"""Align two volumes of one patient: rigid, affine, deformable. The only file that needs SimpleITK."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.errors import GeometryError, InputError
from diascope.core.geometry import Geometry
from diascope.core.image import Image
from diascope.transforms.alignment import Alignment, Kind, identity, middle_of, to_index, to_world
from diascope.transforms.resample import resample

KINDS: tuple[Kind, ...] = ("rigid", "affine", "deformable")
"""In the order in which they are tried, each from the one before."""

WORKING_VOXELS = 800_000
"""Voxels at which images are compared (chosen here): a body at 2 x 2 x 3 mm has as many. There a rigid motion is found
to .03 mm in 3 s on one core."""

SAMPLES = 120_000
"""Voxels drawn, with a fixed seed, to find a rigid or affine motion by. Chosen here: with 37,000, 150,000 and all of
735,000 of a body the error was .03, .02 and .13 mm: interpolation on one grid makes steps that drawn samples avoid."""

DEFORMABLE_VOXELS, DEFORMABLE_SAMPLES = 100_000, 45_000
"""Voxels, and those drawn of them, to find a deformation by. Chosen here: a breath of 8 mm (1.7 mm of error after rigid
motion) was left with .56 mm after 30 s on one core; all 100,000 left .57 mm after 58 s, 29,000 voxels three times as
large .71 mm after 18 s, and 12,000 four times as large .80 mm."""

MESH_MM = 50.0
"""Distance of the B-spline's control points: stiff enough for lesions not to be squeezed onto each other. Chosen here:
a breath of 8 mm was left with .6 mm at 50 and .9 mm at 30 mm, which also took twice the time."""

SEED = 1
LEAST_GAIN = 1e-4
"""Correlation by which a rigid motion must be better than none (chosen here: two scans of a body at rest gain 4e-5)."""
LEAST_SHARE = 0.1
"""Share of what the kind before leaves unexplained that an affine or deformable one must explain (chosen here: of a
rigid motion an affine fit explains .5 % more, of a breath of 8 mm 12 %, and a deformable one 57 %)."""
LEAST_CORRELATION = 0.3
"""Below it two images show no common anatomy (chosen here: noise has 0, two visits of a body .9 and more)."""
LEAST_OVERLAP = 0.1
"""Share of the fixed image that both must show, for a correlation to mean anything (chosen here)."""

_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class _Pair:
    """Both images as they are compared; a weight is 0 in what may have changed, of the fixed and of the moving one."""

    fixed: Image
    moving: Image
    weight: NDArray[np.bool_]
    moving_weight: NDArray[np.bool_]


def register(
    fixed: Image,
    moving: Image,
    *,
    upto: Kind = "deformable",
    left_out: tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None] = (None, None),
    progress: Callable[[str], None] | None = None,
) -> Alignment:
    """Return the map of points from one volume to another one of the same patient.

    Each kind starts from the one before and is kept only where the images then correlate better; what was not kept
    stands in the notes. Images of one modality are compared by correlation, others by mutual information (Mattes et
    al. 2003).

    Args:
        fixed: a volume with known spacing; the first channel is compared.
        moving: the same.
        upto: the last kind to try; ``identity`` tries none.
        left_out: ``(I, J, K)`` of both images, what may not guide: lesions, so that growth is not taken for motion, and
            tissue is not pushed about to make a new one vanish.
        progress: told the name of each kind when it begins.

    Raises:
        GeometryError: an image is not a volume, or its spacing is unknown.
        InputError: SimpleITK is not installed.
    """
    for name, image in (("first", fixed), ("second", moving)):
        if image.geometry.ndim != 3 or not image.geometry.has_spacing:
            got = image.geometry.describe()
            raise GeometryError(f"the {name} image cannot be aligned", expected="a volume with spacing", got=got)
    if upto == "identity":
        return identity(fixed.geometry, not_aligned="no alignment was asked for")
    pair = _prepare(fixed, moving, left_out)
    best = identity(fixed.geometry)
    before, _ = correlate(pair.fixed, pair.moving, best, pair.weight)
    best = replace(best, correlation={"identity": before})
    for kind in KINDS[: KINDS.index(upto) + 1]:
        if progress:
            progress(kind)
        best = _better(pair, best, kind)
    reached = max((c for c in best.correlation.values() if np.isfinite(c)), default=0.0)
    if reached < LEAST_CORRELATION:
        reason = f"the images have no common anatomy (correlation {reached:.2f})"
        notes = [*best.notes, f"{reason}: points are taken as they lie"]
        return identity(fixed.geometry, notes, best.correlation, not_aligned=reason)
    return best


def correlate(
    fixed: Image, moving: Image, alignment: Alignment, weight: NDArray[np.bool_] | None = None
) -> tuple[float, float]:
    """Return how well the aligned images' values correlate where both show something, and the share that both show.

    The correlation is nan where the share is below ``LEAST_OVERLAP`` or one of the images is constant there.
    """
    from scipy.ndimage import map_coordinates

    index = np.argwhere(np.ones(fixed.geometry.shape, bool) if weight is None else weight)
    values = fixed.array[0][tuple(index.T)].astype(np.float64)
    where = to_index(moving.geometry, alignment.points(to_world(fixed.geometry, index)))
    both = ((where >= 0) & (where <= np.array(moving.geometry.shape) - 1)).all(axis=1)
    share = float(both.mean()) if len(index) else 0.0
    if share < LEAST_OVERLAP:
        return float("nan"), share
    other = map_coordinates(moving.array[0].astype(np.float32), where[both].T, order=1)
    if not values[both].std() or not other.std():
        return float("nan"), share
    return float(np.corrcoef(values[both], other)[0, 1]), share


def _better(pair: _Pair, before: Alignment, kind: Kind) -> Alignment:
    """Return the alignment after one more kind, or the one before with a note where that is no better."""
    try:
        found = _TRY[kind](pair, before)
    except RuntimeError as error:  # SimpleITK's only exception; its last line says why
        words = str(error).strip().splitlines()[-1].split("): ")[-1].strip()
        return _without(before, kind, f"the {kind} alignment failed ({words})")
    if found is None:
        return _without(before, kind, f"the {kind} alignment folds tissue over")
    reached, _ = correlate(pair.fixed, pair.moving, found, pair.weight)
    known = before.correlation.get(before.kind, float("nan"))
    tried = before.correlation | {kind: reached}
    gain = LEAST_GAIN if kind == "rigid" else LEAST_SHARE * (1 - known)
    if np.isfinite(reached) and (not np.isfinite(known) or reached > known + gain):
        return replace(found, correlation=tried, notes=before.notes)
    if np.isfinite(reached) and reached > known - gain:
        return replace(before, correlation=tried)  # as good: the simpler one is kept, and nothing is wrong
    words = f"is worse than the {before.kind} one (correlation {reached:.3f} after {known:.3f})"
    return _without(replace(before, correlation=tried), kind, f"the {kind} alignment {words}")


def _without(before: Alignment, kind: Kind, why: str) -> Alignment:
    tried = before.correlation | {kind: before.correlation.get(kind, float("nan"))}
    reason = why if kind == "rigid" else before.not_aligned  # nothing else was tried that could have found no motion
    notes = (*before.notes, f"{why}: the {before.kind} one is kept")
    return replace(before, correlation=tried, notes=notes, not_aligned=reason)


def _prepare(fixed: Image, moving: Image, left_out: tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]) -> _Pair:
    """Return both images at the working resolution."""
    small = [_shrink(image) for image in (fixed, moving)]
    weights = [_weight(image.geometry.shape, mask) for image, mask in zip(small, left_out, strict=True)]
    return _Pair(small[0], small[1], weights[0], weights[1])


def _weight(shape: tuple[int, ...], left_out: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Return what counts of a working image: all but what is left out, with a margin of two voxels."""
    from scipy.ndimage import binary_dilation

    if left_out is None or not left_out.any():
        return np.ones(shape, bool)
    covered = resample(left_out[None].astype(np.float32), shape, order=1)[0] > 0
    return ~np.asarray(binary_dilation(covered, iterations=2), bool)


def _shrink(image: Image) -> Image:
    """Return the first channel with at most ``WORKING_VOXELS``, blurred first where voxels become larger."""
    from scipy.ndimage import gaussian_filter

    geometry = image.geometry
    array = np.nan_to_num(image.array[0].astype(np.float32), posinf=0.0, neginf=0.0)
    shape = np.array(geometry.shape, float)
    step = np.array(geometry.steps)
    edge = float(step.min())
    while np.prod(np.minimum(shape, shape * step / edge)) > WORKING_VOXELS:
        edge *= 1.05
    new = np.maximum(1, np.rint(np.minimum(shape, shape * step / edge))).astype(int)
    ratio = shape / new
    if (ratio == 1).all():
        return Image(array[None], geometry, image.unit, image.modality)
    blurred = gaussian_filter(array, 0.5 * np.sqrt(np.maximum(ratio**2 - 1, 0)))
    affine = geometry.affine.copy()
    affine[:3, 3] = to_world(geometry, (0.5 * ratio - 0.5)[None])[0]
    affine[:3, :3] = geometry.affine[:3, :3] * ratio
    size = tuple(int(n) for n in new)
    return Image(resample(blurred[None], size, order=1), Geometry(size, affine), image.unit, image.modality)


def check_installed() -> None:
    """Raise where the package that aligns is not there, before any work is done.

    Raises:
        InputError: SimpleITK is not installed.
    """
    _itk()


def _itk() -> Any:
    try:
        import SimpleITK
    except ImportError:
        fix = "pip install 'diascope[registration]'"
        raise InputError("alignment needs the extra 'registration', which brings SimpleITK", fix=fix) from None
    return SimpleITK


def _to_itk(array: NDArray, geometry: Geometry) -> Any:
    """Return a volume as SimpleITK has it: LPS, first axis fastest."""
    image = _itk().GetImageFromArray(np.ascontiguousarray(array.T))
    affine = _LPS @ geometry.affine
    steps = np.array(geometry.steps)
    image.SetSpacing(steps.tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    image.SetDirection((affine[:3, :3] / steps).ravel().tolist())
    return image


def _matrix(transform: Any) -> NDArray[np.float64]:
    """Return a SimpleITK matrix transform as a RAS+ matrix ``(4, 4)``."""
    whole, centre = np.eye(4), np.array(transform.GetCenter())
    whole[:3, :3] = np.array(transform.GetMatrix()).reshape(3, 3)
    whole[:3, 3] = np.array(transform.GetTranslation()) + centre - whole[:3, :3] @ centre
    return _LPS @ whole @ _LPS


def _method(pair: _Pair, shrink: Sequence[int], samples: int) -> Any:
    """Return a SimpleITK registration with what all kinds share: metric, samples, mask and levels."""
    itk = _itk()
    method = itk.ImageRegistrationMethod()
    if pair.fixed.modality == pair.moving.modality:
        method.SetMetricAsCorrelation()
    else:
        method.SetMetricAsMattesMutualInformation(48)
    method.SetMetricFixedMask(_to_itk(pair.weight.astype(np.uint8), pair.fixed.geometry))
    method.SetMetricMovingMask(_to_itk(pair.moving_weight.astype(np.uint8), pair.moving.geometry))
    voxels = int(np.prod(pair.fixed.geometry.shape))
    shares = [min(0.99, samples / (voxels / s**3)) for s in shrink]
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentagePerLevel(shares, seed=SEED)
    method.SetInterpolator(itk.sitkLinear)
    method.SetShrinkFactorsPerLevel(list(shrink))
    method.SetSmoothingSigmasPerLevel([0.5 * s if s > 1 else 0.0 for s in shrink])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
    return method


def _try_linear(pair: _Pair, start: Any) -> Any:
    """Return SimpleITK's rigid or affine transform, from a start, over three levels."""
    method = _method(pair, (4, 2, 1), SAMPLES)
    method.SetOptimizerAsRegularStepGradientDescent(
        1.0, 1e-3, 150, relaxationFactor=0.5, gradientMagnitudeTolerance=1e-7
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=False)
    found = method.Execute(*(_to_itk(i.array[0], i.geometry) for i in (pair.fixed, pair.moving)))
    return found.GetNthTransform(0) if found.GetName() == "CompositeTransform" else found


def _try_rigid(pair: _Pair, before: Alignment) -> Alignment:
    itk = _itk()
    middle = np.asarray(middle_of(pair.fixed.geometry))
    start = itk.Euler3DTransform()
    start.SetCenter((_LPS[:3, :3] @ middle).tolist())
    start.SetTranslation((_LPS[:3, :3] @ _first_shift(pair, before)).tolist())
    matrix = _matrix(itk.Euler3DTransform(_try_linear(pair, start)))
    return replace(before, kind="rigid", rigid=matrix, matrix=matrix)


def _first_shift(pair: _Pair, before: Alignment) -> NDArray[np.float64]:
    """Return the shift to begin with: none, middle upon middle, or centre of brightness upon centre of brightness."""
    middles = [np.asarray(middle_of(i.geometry)) for i in (pair.fixed, pair.moving)]
    centres = [_centre_of_brightness(i) for i in (pair.fixed, pair.moving)]
    shifts = [np.zeros(3), middles[1] - middles[0], centres[1] - centres[0]]
    reached = []
    for shift in shifts:
        matrix = np.eye(4)
        matrix[:3, 3] = shift
        value, _ = correlate(pair.fixed, pair.moving, replace(before, matrix=matrix), pair.weight)
        reached.append(value if np.isfinite(value) else -1.0)
    return shifts[int(np.argmax(reached))]


def _centre_of_brightness(image: Image) -> NDArray[np.float64]:
    from scipy.ndimage import center_of_mass

    array = image.array[0] - image.array[0].min()
    if not array.any():
        return np.asarray(middle_of(image.geometry))
    return to_world(image.geometry, np.array(center_of_mass(array))[None])[0]


def _try_affine(pair: _Pair, before: Alignment) -> Alignment:
    start, linear = _itk().AffineTransform(3), _LPS @ before.matrix @ _LPS
    start.SetCenter((_LPS[:3, :3] @ np.asarray(middle_of(pair.fixed.geometry))).tolist())
    start.SetMatrix(linear[:3, :3].ravel().tolist())
    centre = np.array(start.GetCenter())
    start.SetTranslation((linear[:3, 3] - centre + linear[:3, :3] @ centre).tolist())
    found = _itk().AffineTransform(_try_linear(pair, start))
    return replace(before, kind="affine", matrix=_matrix(found))


def _try_deformable(pair: _Pair, before: Alignment) -> Alignment | None:
    """Return the alignment with a B-spline before its affine part; None where it turns tissue inside out."""
    itk = _itk()
    fixed, moving = (_to_itk(i.array[0], i.geometry) for i in (pair.fixed, pair.moving))
    linear, whole = itk.AffineTransform(3), _LPS @ before.matrix @ _LPS
    linear.SetMatrix(whole[:3, :3].ravel().tolist())
    linear.SetTranslation(whole[:3, 3].tolist())
    mesh = [max(1, round(n * s / MESH_MM)) for n, s in zip(fixed.GetSize(), fixed.GetSpacing(), strict=True)]
    voxels = int(np.prod(pair.fixed.geometry.shape))
    shrink = max(1, round((voxels / DEFORMABLE_VOXELS) ** (1 / 3)))
    method = _method(pair, [shrink], DEFORMABLE_SAMPLES)
    method.SetMovingInitialTransform(linear)
    method.SetOptimizerAsLBFGSB(
        gradientConvergenceTolerance=1e-7, numberOfIterations=30, costFunctionConvergenceFactor=1e5
    )
    method.SetInitialTransformAsBSpline(itk.BSplineTransformInitializer(fixed, mesh, 3), inPlace=False)
    spline = method.Execute(fixed, moving)
    to_field = itk.TransformToDisplacementFieldFilter()
    to_field.SetReferenceImage(fixed)
    inner = np.moveaxis(itk.GetArrayFromImage(to_field.Execute(spline)), -1, 0).transpose(0, 3, 2, 1)
    inner = inner * np.array([-1.0, -1.0, 1.0])[:, None, None, None]
    if _folds(inner, pair.fixed.geometry):
        return None
    outer = np.tensordot(before.matrix[:3, :3], inner, axes=1).astype(np.float32)  # matrix @ (x + inner)
    return replace(before, kind="deformable", field=Image(outer, pair.fixed.geometry))


def _folds(displacement: NDArray, geometry: Geometry) -> bool:
    """Answer whether a displacement in mm ``(3, I, J, K)`` has a Jacobian that is not positive anywhere."""
    if min(geometry.shape) < 2:
        return False
    inverse = np.linalg.inv(geometry.affine[:3, :3])
    slopes = np.stack([np.stack(np.gradient(part), -1) for part in displacement], -2) @ inverse
    return bool((np.linalg.det(slopes + np.eye(3)) <= 0).any())


_TRY: dict[Kind, Callable[[_Pair, Alignment], Alignment | None]] = {
    "rigid": _try_rigid,
    "affine": _try_affine,
    "deformable": _try_deformable,
}
