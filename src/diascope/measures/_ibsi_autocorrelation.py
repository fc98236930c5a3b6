"""Moran's I and Geary's C over all pairs of voxels, weighted by the inverse of their distance."""

import numpy as np
from numpy.typing import NDArray

LARGEST_BOX = 1 << 27
"""Voxels of the padded box for which the transforms fit into 5 GB: four arrays of 1 GB at a time (chosen here)."""

TOO_LARGE = "the box around the region is too large for the sum over all pairs of its voxels"
TOO_FEW = "the region has fewer than two voxels with different values"


def spatial_autocorrelation(
    image: NDArray, mask: NDArray[np.bool_], spacing_mm: tuple[float, ...]
) -> dict[str, float | str]:
    """Return Moran's I (N365) and Geary's C (NPT7) of the voxels of the mask, exactly, by Fourier transforms.

    The sum of ``a_i b_j / d_ij`` over all pairs is the sum over frequencies of the product of the spectra of a, of b
    and of the inverse distances, on a box padded so that no pair meets around its ends.
    """
    from scipy.fft import next_fast_len, rfftn

    values = image[mask].astype(np.float64)
    if values.min() == values.max():
        return dict.fromkeys(("moran_i", "geary_c"), TOO_FEW)
    box = tuple(slice(e.min(), e.max() + 1) for e in np.nonzero(mask))
    inside = mask[box]
    shape = [int(next_fast_len(2 * n - 1, real=True) or 0) for n in inside.shape]
    if np.prod(shape, dtype=np.int64) > LARGEST_BOX:
        return dict.fromkeys(("moran_i", "geary_c"), TOO_LARGE)
    from_mean = np.zeros(inside.shape)
    from_mean[inside] = values - values.mean()

    def spectrum(array: NDArray) -> NDArray[np.complex128]:
        return np.asarray(rfftn(array, shape))

    weight = spectrum(_inverse_distances(shape, spacing_mm)).real
    ones = spectrum(inside.astype(np.float64))
    weights = _pair_sum(weight, ones, ones, shape)
    crossed = _pair_sum(weight, spectrum(from_mean**2), ones, shape)
    del ones
    centred = spectrum(from_mean)
    products = _pair_sum(weight, centred, centred, shape)
    spread = float((from_mean**2).sum())
    number = len(values)
    return {
        "moran_i": number / weights * products / spread,
        "geary_c": (number - 1) / (2 * weights) * (2 * crossed - 2 * products) / spread,
    }


def _inverse_distances(shape: list[int], spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """Return 1 / distance in 1/mm of each shift, which wraps around; 0 for none."""
    axes = [np.minimum(np.arange(n), n - np.arange(n)) * s for n, s in zip(shape, spacing_mm, strict=True)]
    first, second, third = np.ix_(*axes)
    squared = first**2 + second**2 + third**2
    squared[0, 0, 0] = np.inf
    return 1 / np.sqrt(squared)


def _pair_sum(
    weight: NDArray[np.float64], one: NDArray[np.complex128], other: NDArray[np.complex128], shape: list[int]
) -> float:
    """Return the sum over pairs from half spectra.

    Every frequency counts twice, but the first of the last axis, and the last one where that axis is even, once.
    """
    product = np.einsum("ijk,ijk,ijk->k", weight, one.real, other.real)
    product += np.einsum("ijk,ijk,ijk->k", weight, one.imag, other.imag)
    once = product[0] + (product[-1] if shape[-1] % 2 == 0 else 0.0)
    return float((2 * product.sum() - once) / np.prod(shape, dtype=np.float64))
