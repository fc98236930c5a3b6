"""Pictures of objects and of their counts."""

import numpy as np
from made_nuclei import nuclei

from diascope.core.geometry import geometry_without_spacing
from diascope.figures.instances import _touching, apart, count_scatter, instance_outline


def test_objects_that_touch_never_share_a_group():
    instances = nuclei(0, (64, 64)).instances
    groups = apart(instances)
    assert ((groups > 0) == (instances > 0)).all()
    assert groups.max() < 12
    group_of = {int(n): int(groups[instances == n][0]) for n in np.unique(instances)}
    assert all(group_of[a] != group_of[b] for a, b in _touching(instances))


def test_each_object_has_its_own_outline_and_no_number():
    instances = np.zeros((20, 20), int)
    instances[2:10, 2:10], instances[2:10, 10:18] = 1, 2
    svg = instance_outline(np.zeros((1, 20, 20)), instances, instances, geometry_without_spacing((20, 20)))
    reference = svg.split('stroke="#4cc9ff"', 1)[0].rsplit('d="', 1)[1].split('"', 1)[0]
    assert reference.count("M") == 2
    assert ">2<" not in svg


def test_scatter_of_nothing_says_so():
    assert "no case has a reference" in count_scatter(np.array([np.nan]), np.array([3.0]))
    assert "2 cases" in count_scatter(np.array([3.0, 8]), np.array([3.0, 9]))
