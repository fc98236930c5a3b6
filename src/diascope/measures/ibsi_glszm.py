"""Grey level size zones: how large connected voxels of one level are (IBSI 9SAK)."""

from collections.abc import Iterator

from diascope.measures._ibsi_level_size import level_size_features
from diascope.measures._ibsi_levels import Levels
from diascope.measures._ibsi_matrices import Cells, Features, Matrices, cells_of, each_aggregation
from diascope.measures._ibsi_texture import texture_measure
from diascope.measures._ibsi_zones import find_zones

FEATURES = {
    "small_zone_emphasis": "5QRC",
    "large_zone_emphasis": "48P8",
    "low_grey_level_zone_emphasis": "XMSY",
    "high_grey_level_zone_emphasis": "5GN9",
    "small_zone_low_grey_level_emphasis": "5RAI",
    "small_zone_high_grey_level_emphasis": "HW1V",
    "large_zone_low_grey_level_emphasis": "YH51",
    "large_zone_high_grey_level_emphasis": "J17V",
    "grey_level_non_uniformity": "JNSA",
    "grey_level_non_uniformity_normalised": "Y1RO",
    "zone_size_non_uniformity": "4JP3",
    "zone_size_non_uniformity_normalised": "VB3A",
    "zone_percentage": "P30P",
    "grey_level_variance": "BYLV",
    "zone_size_variance": "3NSA",
    "zone_size_entropy": "GU8N",
}


def take(levels: Levels, ndim: int) -> Iterator[tuple[str, float]]:
    """Yield the features of zones of 8-connected pixels in slices and of 26-connected voxels; every region has some."""

    def features(matrices: Matrices) -> Features:
        voxels = matrices.sum(matrices.count * matrices.column)
        return level_size_features(matrices, voxels, tuple(FEATURES))

    def count(in_space: bool) -> Cells:
        zones = find_zones(levels.grey, in_space=in_space)
        return cells_of(0, zones.slice, zones.level, zones.size)

    yield from each_aggregation("glszm", ndim, count, features, directed=False)


MEASURE = texture_measure("glszm", "Grey level size zones (IBSI)", FEATURES, take, directed=False)
