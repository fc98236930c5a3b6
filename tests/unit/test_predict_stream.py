"""Streamed class maps are what a whole-volume computation would give."""

import numpy as np
import pytest
from scipy.special import softmax

from diascope.predict import stream
from diascope.predict.stream import class_map, linear_matrix
from diascope.predict.windows import gaussian, window_corners, window_starts


def _pointwise(outputs: int, channels: int = 1, seed: int = 0):
    """Return a network that looks at one voxel at a time, so that windows cannot matter."""
    rng = np.random.default_rng(seed)
    weights, bias = rng.normal(size=(outputs, channels)), rng.normal(size=outputs)

    def predict(batch):
        logits = np.einsum("oc,bc...->bo...", weights, batch) + bias.reshape(1, -1, *[1] * (batch.ndim - 2))
        return softmax(logits, axis=1).astype(np.float32)

    return predict


def _map(volume, predict, outputs, **changes):
    options = {"outputs": outputs, "window": (8,) * (volume.ndim - 1), "overlap": 0.5, "shape": volume.shape[1:]}
    return class_map(volume, predict, **(options | changes))


@pytest.mark.parametrize("shape", [(5, 6), (20, 9), (7, 23, 11), (30, 8, 8), (9, 9, 31)])
@pytest.mark.parametrize("outputs", [2, 12])
def test_streamed_map_equals_the_whole(shape, outputs):
    volume = np.random.default_rng(1).normal(size=(2, *shape)).astype(np.float32)
    predict = _pointwise(outputs, 2)
    whole = predict(volume[None])[0]
    found = _map(volume, predict, outputs)
    clear = np.diff(np.sort(whole, axis=0)[-2:], axis=0)[0] > 1e-2  # float16 sums may flip a tie
    assert clear.mean() > 0.5
    np.testing.assert_array_equal(found[clear], whole.argmax(0)[clear])


@pytest.mark.parametrize(
    ("shape", "wanted"), [((10, 12), (17, 9)), ((9, 14, 10), (20, 20, 7)), ((6, 6, 6), (13, 6, 6))]
)
def test_resampled_map_is_the_best_of_linearly_resampled_values(shape, wanted):
    volume = np.random.default_rng(2).normal(size=(1, *shape)).astype(np.float32)
    predict = _pointwise(3)
    values = predict(volume[None])[0].astype(np.float64)
    for axis, (n, m) in enumerate(zip(shape, wanted, strict=True)):
        values = np.moveaxis(np.tensordot(linear_matrix(n, m), values, (1, axis + 1)), 0, axis + 1)
    clear = np.diff(np.sort(values, axis=0)[-2:], axis=0)[0] > 1e-4
    found = _map(volume, predict, 3, shape=wanted)
    np.testing.assert_array_equal(found[clear], values.argmax(0)[clear])


@pytest.mark.parametrize("wanted", [(30, 26, 9), (21, 40, 12)])
@pytest.mark.parametrize("outputs", [3, 12])
def test_blocks_of_the_cross_section_give_the_same_map(monkeypatch, wanted, outputs):
    volume = np.random.default_rng(3).normal(size=(1, 30, 26, 9)).astype(np.float32)
    predict = _pointwise(outputs)
    whole = _map(volume, predict, outputs, shape=wanted)
    calls = []
    monkeypatch.setattr(stream, "BLOCK_BYTES", 2**12)
    found = _map(volume, predict, outputs, shape=wanted, progress=lambda done, total: calls.append((done, total)))
    np.testing.assert_array_equal(found, whole)
    assert [done for done, _ in calls] == list(range(1, calls[-1][1] + 1))
    assert calls[-1][1] > len(window_corners(volume.shape[1:], (8, 8, 8), 0.5))  # some windows are needed twice


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.9, 0.97])
def test_half_precision_sums_neither_overflow_nor_become_subnormal(overlap):
    shape, window = (96, 96, 96), (32, 32, 32)
    work = stream.Pass(
        np.empty((1, *shape), np.float32), lambda x: x, 105, window, window_corners(shape, window, overlap), False
    )
    line = np.zeros(96)
    for start in window_starts(96, 32, overlap):
        line[start : start + 32] += gaussian((32,))
    assert work.scale * line.max() ** 3 < np.finfo(np.float16).max
    if overlap <= 0.5:  # the least weight times the probability of one class of a hundred
        assert work.scale * 1e-3 * 1e-2 > np.finfo(np.float16).smallest_normal


def test_linear_matrix_agrees_with_torch():
    torch = pytest.importorskip("torch", reason="the reference implementation comes with the extra 'train'")
    signal = np.random.default_rng(0).normal(size=13)
    expected = torch.nn.functional.interpolate(torch.tensor(signal)[None, None], 29, mode="linear")[0, 0].numpy()
    np.testing.assert_allclose(linear_matrix(13, 29) @ signal, expected, atol=1e-6)


def test_windows_cover_every_voxel_and_overlap():
    for size, window in ((10, 10), (11, 4), (64, 16), (5, 9)):
        starts = window_starts(size, window, 0.5)
        covered = np.zeros(size, int)
        for start in starts:
            covered[start : start + window] += 1
        assert covered.min() >= 1
        assert max(np.diff(starts), default=0) <= max(1, window // 2)


def test_corners_are_in_the_order_of_the_first_axis():
    corners = window_corners((20, 12), (8, 8), 0.5)
    assert [c[0] for c in corners] == sorted(c[0] for c in corners)


def test_gaussian_is_highest_in_the_middle_and_never_zero():
    weights = gaussian((9, 5))
    assert weights[4, 2] == weights.max() == 1
    assert weights.min() >= 1e-3


def test_progress_counts_windows():
    seen = []
    volume = np.zeros((1, 20, 8), np.float32)
    _map(volume, _pointwise(2), 2, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == len(seen)


@pytest.mark.parametrize("shape", [(20, 33), (9, 14, 12)])
def test_values_of_windows_are_blended_to_what_one_pass_gives(shape: tuple[int, ...]):
    volume = np.random.default_rng(0).random((1, *shape), np.float32)

    def predict(batch: np.ndarray) -> np.ndarray:
        return np.concatenate([batch, 1 - batch], 1)

    values = stream.value_maps(volume, predict, outputs=2, window=(8,) * len(shape), overlap=0.5, shape=shape)
    assert values.dtype == np.uint8
    assert np.abs(values[0] - 255 * volume[0]).max() <= 0.51
    assert np.abs(values[1] - 255 * (1 - volume[0])).max() <= 0.51


def test_values_are_brought_to_another_grid_linearly():
    ramp = np.broadcast_to(np.linspace(0, 1, 24, dtype=np.float32)[:, None], (24, 16))[None]
    values = stream.value_maps(
        np.ascontiguousarray(ramp), lambda b: b.copy(), outputs=1, window=(8, 8), overlap=0.5, shape=(48, 30)
    )
    where = np.clip((np.arange(48) + 0.5) / 2 - 0.5, 0, 23) / 23
    assert np.abs(values[0, :, 0] - 255 * where).max() <= 0.6
    assert np.ptp(values[0].astype(int), axis=1).max() <= 1


def test_values_in_blocks_equal_those_in_one(monkeypatch: pytest.MonkeyPatch):
    volume = np.random.default_rng(0).random((1, 30, 20, 16), np.float32)

    def run() -> np.ndarray:
        return stream.value_maps(
            volume, lambda b: b.copy(), outputs=1, window=(8, 8, 8), overlap=0.5, shape=(30, 40, 16)
        )

    whole = run().astype(int)
    monkeypatch.setattr(stream, "BLOCK_BYTES", 5000)
    assert np.abs(run().astype(int) - whole).max() <= 1
