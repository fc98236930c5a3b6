"""Fetal biometry from the mask of a head in its standard plane."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.core.ports.measure import Measure, Quantity, Region

UNITS = {"bpd": "mm", "ofd": "mm", "head_circumference": "mm"}
FEWEST_POINTS = 12
"""Points of the outline below which no ellipse is fitted (chosen here: twice the six coefficients)."""


def compute(region: Region, options: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return biparietal and occipitofrontal diameter, outer to outer, and the circumference of the fitted ellipse.

    The ellipse is fitted by least squares to the outer outline of the mask's largest part; points at the edge of the
    image, where the head is cut off, do not count. The diameters are the ellipse's axes. Undefined (nan) where the
    outline has fewer than 12 points or no ellipse fits it.
    """
    points = outline_mm(region.mask, region.spacing_mm or ())
    axes = fit_ellipse(points) if len(points) >= FEWEST_POINTS else None
    if axes is None:
        return {name: Quantity(math.nan, "mm", why="no ellipse fits the outline") for name in UNITS}
    values = (2 * axes[1], 2 * axes[0], ellipse_length(*axes))
    return {name: Quantity(value, "mm") for name, value in zip(UNITS, values, strict=True)}


def outline_mm(mask: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the points ``(N, 2)`` midway between neighbours inside and outside of the largest part, holes filled."""
    from scipy.ndimage import binary_fill_holes, label

    parts, count = label(mask, np.ones((3, 3)))  # type: ignore[misc]
    largest = parts == 1 + int(np.bincount(parts.ravel(), minlength=count + 1)[1:].argmax())
    filled = np.asarray(binary_fill_holes(largest))
    points = []
    for axis in (0, 1):
        crossed = np.argwhere(np.diff(filled, axis=axis)).astype(np.float64)
        crossed[:, axis] += 0.5
        points.append(crossed)
    return np.concatenate(points) * np.asarray(spacing_mm)


def fit_ellipse(points: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the long and the short half axis of the ellipse nearest to points ``(N, 2)``; None where there is none.

    Source: Halir and Flusser, Numerically stable direct least squares fitting of ellipses, WSCG 1998.
    """
    middle = points.mean(axis=0)
    scale = float(np.abs(points - middle).max())
    x, y = ((points - middle) / scale).T
    quadratic, linear = np.column_stack([x * x, x * y, y * y]), np.column_stack([x, y, np.ones_like(x)])
    s1, s2, s3 = quadratic.T @ quadratic, quadratic.T @ linear, linear.T @ linear
    try:
        back = -np.linalg.solve(s3, s2.T)
        reduced = s1 + s2 @ back
        _, vectors = np.linalg.eig(np.array([reduced[2] / 2, -reduced[1], reduced[0] / 2]))
    except np.linalg.LinAlgError:
        return None
    vectors = np.real(vectors)
    is_ellipse = 4 * vectors[0] * vectors[2] - vectors[1] ** 2 > 0
    if not is_ellipse.any():
        return None
    first = vectors[:, np.flatnonzero(is_ellipse)[0]]
    axes = _half_axes(np.concatenate([first, back @ first]))
    return None if axes is None else (axes[0] * scale, axes[1] * scale)


def _half_axes(conic: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the half axes of the conic ``a x² + b x y + c y² + d x + e y + f = 0``, the longer first."""
    a, b, c, d, e, f = conic
    form = np.array([[a, b / 2], [b / 2, c]])
    centre = np.linalg.solve(2 * form, [-d, -e])
    constant = f + (d * centre[0] + e * centre[1]) / 2
    squares = -constant / np.linalg.eigvalsh(form)
    if not (np.isfinite(squares).all() and (squares > 0).all()):
        return None
    return float(np.sqrt(squares.max())), float(np.sqrt(squares.min()))


def ellipse_length(long: float, short: float) -> float:
    """Return an ellipse's circumference from its half axes, by the complete elliptic integral of the second kind."""
    from scipy.special import ellipe

    return float(4 * long * ellipe(1 - (short / long) ** 2))


MEASURE = Measure(
    "fetal_head",
    "Biparietal and occipitofrontal diameter and head circumference, by an ellipse",
    ndims=(2,),
    needs_spacing=True,
    needs_image=False,
    units=(),
    is_standard=False,
    compute=compute,
    names=lambda ndim, options: dict(UNITS),
)
