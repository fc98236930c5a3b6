"""Pictures of surfaces: what is near hides what is far, and sides are where the letters are."""

import io

import numpy as np

from diascope.figures.surface import BACKGROUND, VIEWS, bounds_of, draw_surfaces, surface_pairs, surface_png
from diascope.measures import build_surface


def box(low, high):
    mask = np.zeros((24, 24, 24), bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    surface = build_surface(mask, np.eye(4), smooth=False)
    return surface.vertices, surface.faces


FRONT, BACK = box((8, 18, 8), (16, 22, 16)), box((2, 2, 2), (22, 6, 22))
"""Anterior is the positive second axis: the front box hides the middle of the back one from there."""


def test_near_surface_hides_the_far_one():
    meshes = [BACK, FRONT]
    picture = draw_surfaces(meshes, ["#ff0000", "#00ff00"], VIEWS[0], bounds=bounds_of(meshes), pixels=120)
    middle, corner = picture[picture.shape[0] // 2, picture.shape[1] // 2], picture[20, 20]
    assert middle[1] > middle[0]
    assert corner[0] > corner[1]
    assert (picture[0, 0] == BACKGROUND).all()


def test_surface_has_no_holes():
    picture = draw_surfaces([BACK], ["#0072B2"], VIEWS[0], bounds=bounds_of([BACK]), pixels=200)
    filled = (picture != BACKGROUND).any(axis=-1)
    rows, columns = np.flatnonzero(filled.any(1)), np.flatnonzero(filled.any(0))
    inside = filled[rows[2] : rows[-2], columns[2] : columns[-2]]
    assert inside.all()


def test_right_of_the_patient_is_at_the_left_of_the_viewer():
    right_side = box((18, 8, 8), (22, 16, 16))  # RAS+: a large first coordinate is right
    meshes = [right_side, box((8, 8, 8), (10, 16, 16))]
    picture = draw_surfaces(meshes, ["#ff0000", "#00ff00"], VIEWS[0], bounds=bounds_of(meshes), pixels=120)
    red = (picture[..., 0] > picture[..., 1]) & (picture != BACKGROUND).any(-1)
    assert np.argwhere(red)[:, 1].mean() < picture.shape[1] / 2


def test_png_and_report_picture_are_pictures_with_words():
    from PIL import Image

    assert Image.open(io.BytesIO(surface_png([FRONT, BACK]))).size[0] > 600
    svg = surface_pairs({"reference": {"liver": FRONT}, "prediction": {"liver": BACK, "a<b": FRONT}})
    assert svg.startswith("<svg")
    assert svg.count("<image") == 4
    assert "a&lt;b" in svg
    assert "reference" in svg
    assert svg == surface_pairs({"reference": {"liver": FRONT}, "prediction": {"liver": BACK, "a<b": FRONT}})
