"""Maps of objects, made from the instance map on the fly."""

import pytest

pytest.importorskip("torch", reason="losses come with the extra 'train'")

import torch

from diascope.losses.instances import LOSS, make_maps


def two_squares(ndim: int = 2) -> "torch.Tensor":
    labels = torch.zeros(1, *(20,) * ndim, dtype=torch.int64)
    labels[(0, slice(3, 10), *[slice(4, 11)] * (ndim - 1))] = 4
    labels[(0, slice(10, 17), *[slice(4, 11)] * (ndim - 1))] = 9
    return labels


@pytest.mark.parametrize("ndim", [2, 3])
def test_depth_is_one_in_the_middle_and_low_at_the_edge_of_each_object(ndim: int):
    depth = make_maps(two_squares(ndim)).depth[0]
    middle = (7,) * (ndim - 1)
    assert depth[(6, *middle)] == depth[(13, *middle)] == 1
    assert depth[(9, *middle)] == depth[(10, *middle)] == depth[(3, *middle)]
    assert 0 < float(depth[(3, *middle)]) < 0.2
    assert depth[(0,) * ndim] == 0


def test_contact_is_where_two_objects_meet_and_nowhere_else():
    maps = make_maps(two_squares())
    assert maps.contact[0].nonzero()[:, 0].unique().tolist() == [9, 10]
    assert float((maps.contact * (1 - maps.foreground)).sum()) == 0


def test_object_goes_on_beyond_the_border_of_the_patch():
    labels = torch.zeros(1, 12, 12, dtype=torch.int64)
    labels[0, :5, 2:11] = 1
    depth = make_maps(labels).depth[0]
    assert depth[0, 6] == 1
    assert depth[4, 6] < depth[2, 6]


def test_objects_of_two_samples_do_not_mix():
    labels = torch.cat([two_squares(), torch.zeros(1, 20, 20, dtype=torch.int64)])
    labels[1, 2:5, 2:5] = 4
    maps = make_maps(labels)
    assert torch.equal(maps.depth[:1], make_maps(labels[:1]).depth)
    assert maps.depth[1, 3, 3] == 1


@pytest.mark.parametrize("shift", [(1, 0), (0, -2)])
def test_maps_move_with_the_objects(shift: tuple[int, int]):
    labels = two_squares()
    moved, still = make_maps(labels.roll(shift, (1, 2))), make_maps(labels)
    for name in ("foreground", "depth", "contact"):
        assert torch.equal(getattr(moved, name), getattr(still, name).roll(shift, (1, 2)))


def test_maps_turn_with_the_objects():
    labels = two_squares()
    for name in ("foreground", "depth", "contact"):
        turned = getattr(make_maps(labels.flip(1).transpose(1, 2)), name)
        assert torch.equal(turned, getattr(make_maps(labels), name).flip(1).transpose(1, 2))


def test_picture_without_objects_has_a_finite_loss():
    loss = LOSS.build({})
    logits = torch.zeros(2, 3, 8, 8, requires_grad=True)
    value = loss(logits, torch.zeros(2, 8, 8, dtype=torch.int64))
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()


def test_second_call_with_another_target_sees_it():
    loss, logits = LOSS.build({}), torch.zeros(1, 3, 20, 20)
    first = float(loss(logits, two_squares()))
    assert float(loss(logits, torch.zeros(1, 20, 20, dtype=torch.int64))) != first
    assert float(loss(logits, two_squares())) == first
