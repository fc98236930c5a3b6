"""Cases are shown the way round, at the scale and with the outlines that they have."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image as Picture

from diascope.core.geometry import Geometry, geometry_without_spacing
from diascope.figures import case_card, case_outline
from diascope.figures.planes import cut_planes


def geometry(shape, directions=(1, 1, 1), steps=(1.0, 1.0, 1.0)):
    return Geometry(shape, np.diag([*(d * s for d, s in zip(directions, steps, strict=True)), 1.0]))


def marked_volume():
    """Return a RAS volume that is bright at the patient's right, front and top corner."""
    array = np.zeros((1, 8, 10, 12), np.float32)
    array[0, -1, -1, -1] = 1
    return array


def test_patient_right_is_at_the_viewers_left_and_front_is_up():
    volume = np.zeros((1, 8, 10, 12), np.float32)
    volume[0, -1, -1, :] = 1
    axial = cut_planes(volume, (), geometry((8, 10, 12)))[0]
    assert axial.title.startswith("axial")
    assert axial.image.shape == (10, 8)
    assert axial.image[0, 0] == 1
    assert axial.sides == ("R", "L", "A")


def test_coronal_and_sagittal_have_the_head_at_the_top():
    volume = np.zeros((1, 8, 10, 12), np.float32)
    volume[0, -1, :, -1] = 1
    coronal = cut_planes(volume, (), geometry((8, 10, 12)))[1]
    assert coronal.image.shape == (12, 8)
    assert coronal.image[0, 0] == 1
    volume = np.zeros((1, 8, 10, 12), np.float32)
    volume[0, :, -1, -1] = 1
    sagittal = cut_planes(volume, (), geometry((8, 10, 12)))[2]
    assert sagittal.image.shape == (12, 10)
    assert sagittal.image[0, 0] == 1


@pytest.mark.parametrize("directions", [(-1, -1, 1), (1, -1, -1), (-1, 1, 1)])
def test_stored_direction_does_not_change_the_picture(directions):
    array = np.random.default_rng(0).random((1, 6, 7, 8)).astype(np.float32)
    label = (array[0] > 0.9).astype(np.uint8)
    axes = tuple(n + 1 for n, d in enumerate(directions) if d < 0)
    flipped, flipped_label = np.flip(array, axes), np.flip(label, tuple(a - 1 for a in axes))
    plain = cut_planes(array, (label,), geometry((6, 7, 8)))
    turned = cut_planes(flipped, (flipped_label,), geometry((6, 7, 8), directions))
    for one, other in zip(plain, turned, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.labels[0], other.labels[0])
    assert [p.sides for p in plain] == [p.sides for p in turned]


def test_axes_in_another_order_give_the_same_planes():
    array = np.random.default_rng(0).random((1, 6, 7, 8)).astype(np.float32)
    label = np.zeros((6, 7, 8), np.uint8)
    label[4, 2, 5] = 1
    affine = np.zeros((4, 4))
    affine[[2, 0, 1, 3], [0, 1, 2, 3]] = 1  # the file's axes run S, R, A
    turned = Geometry((8, 6, 7), affine)
    order = (2, 0, 1)
    plain = cut_planes(array, (label,), geometry((6, 7, 8)))
    other = cut_planes(array.transpose(0, *(o + 1 for o in order)), (label.transpose(order),), turned)
    for one, two in zip(plain, other, strict=True):
        assert one.title == two.title
        np.testing.assert_array_equal(one.image, two.image)


def test_planes_pass_through_the_largest_foreground():
    label = np.zeros((8, 10, 12), np.uint8)
    label[2:6, 3:8, 4] = 1
    label[1, 1, 9] = 1
    planes = cut_planes(marked_volume(), (label,), geometry((8, 10, 12)))
    assert planes[0].title == "axial, 5 of 12"
    assert planes[0].labels[0].sum() == 20


def test_spacing_gives_the_aspect():
    image = np.random.default_rng(0).random((1, 20, 20, 5)).astype(np.float32)
    svg = case_card(image, ["x"], geometry((20, 20, 5), steps=(1, 1, 4)))
    sizes = {(float(w), float(h)) for w, h in re.findall(r'<image width="([\d.]+)" height="([\d.]+)"', svg)}
    assert all(w == pytest.approx(h, rel=0.01) for w, h in sizes)


def test_photograph_keeps_rows_and_columns_and_has_no_letters():
    image = np.zeros((3, 20, 30), np.uint8)
    image[0, :, :15] = 255
    plane = cut_planes(image, (), geometry_without_spacing((20, 30)))[0]
    assert plane.image.shape == (20, 30, 3)
    assert plane.sides is None


def test_small_lesion_is_shown_as_a_detail():
    label = np.zeros((512, 512), np.uint8)
    label[100:110, 300:310] = 1
    plane = cut_planes(np.zeros((1, 512, 512)), (label,), geometry_without_spacing((512, 512)))[0]
    assert plane.title == "detail"
    assert max(plane.image.shape) < 200
    assert plane.labels[0].sum() == 100


def test_outline_lies_on_the_edge_of_the_mask():
    label = np.zeros((20, 20), np.uint8)
    label[5:15, 5:15] = 1
    svg = case_outline(np.zeros((1, 20, 20)), label, label, ["a"], geometry_without_spacing((20, 20)))
    curve = re.search(r'<path d="(M[^"]+)" fill="none"', svg).group(1)
    points = np.array([[float(v) for v in p.split()] for p in re.split("[MLZ]", curve) if p])
    scale = 290 / 20
    assert points.min() == pytest.approx(5 * scale, abs=0.6)
    assert points.max() == pytest.approx(15 * scale, abs=0.6)


def test_reference_and_prediction_differ_in_line_and_colour():
    label = np.zeros((20, 20), np.uint8)
    label[5:15, 5:15] = 1
    svg = case_outline(np.zeros((1, 20, 20)), label, label, ["a"], geometry_without_spacing((20, 20)))
    assert "reference" in svg
    assert "prediction" in svg
    assert svg.count("stroke-dasharray") == 2


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_images_without_contrast_or_with_wrong_numbers_are_drawn(value):
    image = np.full((1, 6, 6), value)
    label = np.zeros((6, 6), np.uint8)
    assert case_outline(image, label, label, ["a", "b"], geometry_without_spacing((6, 6))).startswith("<svg")


def test_large_image_is_reduced():
    image = np.random.default_rng(0).integers(0, 4000, (1, 900, 1200)).astype(np.int16)
    svg = case_card(image, ["reference: a"])
    data = re.search(r"base64,([^\"]+)", svg).group(1)
    assert max(Picture.open(io.BytesIO(base64.b64decode(data))).size) == 384


def test_hostile_text_of_a_card_stays_text():
    html = case_card(np.zeros((1, 5, 5)), ["<img onerror=x>", '"quoted"'])
    assert "<img" not in html
    assert 'aria-label="The image of this case. &lt;img' in html


def test_volume_of_unknown_direction_keeps_rows_and_columns():
    frames = np.zeros((1, 8, 10, 3), np.float32)
    frames[0, 0, :, 1] = 1
    planes = cut_planes(frames, (), geometry_without_spacing((8, 10, 3)))
    assert planes[0].title == "across axis 3, 2 of 3"
    assert planes[0].image.shape == (8, 10)
    assert planes[0].image[0].all()
    assert all(p.sides is None for p in planes)


def test_planes_across_very_few_slices_are_left_away():
    assert [p.title for p in cut_planes(np.zeros((1, 20, 20, 2)), (), geometry((20, 20, 2)))] == ["axial, 2 of 2"]
    assert len(cut_planes(np.zeros((1, 3, 3, 3)), (), geometry((3, 3, 3)))) == 1
