"""Surface of masks of 256 voxels a side: seconds from mask to file, and how much of the volume is kept.

Prints one JSON line for each shape: ``python benchmarks/surface.py``. Whether a surface is closed is judged by trimesh
on the file that was written and read again, not by the program that wrote it.
"""

import json
import tempfile
import time
from pathlib import Path

import numpy as np

EDGE = 256


def ball() -> np.ndarray:
    """Return a ball of radius 100."""
    axis = np.arange(EDGE) - (EDGE - 1) / 2
    return sum(a**2 for a in np.ix_(axis, axis, axis)) <= 100**2


def bumpy() -> np.ndarray:
    """Return a body with a bumpy border, as organs have."""
    from scipy.ndimage import gaussian_filter

    axis = np.arange(EDGE) - (EDGE - 1) / 2
    radius = np.sqrt(sum(a**2 for a in np.ix_(axis, axis * 1.3, axis * 0.9)))
    bumps = gaussian_filter(np.random.default_rng(0).normal(size=(EDGE,) * 3).astype(np.float32), 8)
    return radius + 25 * bumps / bumps.std() < 80


def labyrinth() -> np.ndarray:
    """Return a body that fills half of the volume with branches and holes: four times the border of a ball."""
    from scipy.ndimage import gaussian_filter, label

    field = gaussian_filter(np.random.default_rng(0).normal(size=(EDGE // 2,) * 3), 9)
    parts, _ = label(field > 0.0)
    largest = parts == 1 + np.bincount(parts.ravel())[1:].argmax()
    return largest.repeat(2, 0).repeat(2, 1).repeat(2, 2)


def measure(name: str, mask: np.ndarray, spacing: tuple[float, float, float]) -> dict[str, object]:
    """Return time, triangles, and what trimesh says of the file."""
    import trimesh

    from diascope.measure.surface import MOST_FACES, Named
    from diascope.measure.surface_files import content_of
    from diascope.measures import build_surface

    truth = float(mask.sum()) * float(np.prod(spacing)) / 1000
    begin, worked = time.perf_counter(), time.process_time()
    surface = build_surface(mask, np.diag([*spacing, 1.0]), most_faces=MOST_FACES)
    built = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "surface.stl"
        path.write_bytes(content_of([Named("case", "structure", surface)], ".stl", "LPS"))
        end, worked = time.perf_counter(), time.process_time() - worked
        mesh = trimesh.load(path, force="mesh")
    return {
        "shape": name,
        "spacing_mm": spacing,
        "seconds": round(end - begin, 3),
        "processor_seconds": round(worked, 3),
        "build_seconds": round(built - begin, 3),
        "triangles": len(mesh.faces),
        "closed": float(mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0),
        "volume_error": abs(float(mesh.volume) / 1000 / truth - 1),
    }


def main() -> None:
    """Measure three shapes, and a ball as 5 mm slices."""
    from diascope.measures import build_surface

    build_surface(
        np.ones((4, 4, 4), bool), np.eye(4), most_faces=10
    )  # the libraries are imported before the clock runs
    for name, mask, spacing in (
        ("ball", ball(), (1.0, 1.0, 1.0)),
        ("bumpy", bumpy(), (0.8, 0.8, 1.0)),
        ("labyrinth", labyrinth(), (0.8, 0.8, 1.0)),
        ("ball in 5 mm slices", ball()[:, :, 2::5], (1.0, 1.0, 5.0)),
    ):
        print(json.dumps(measure(name, mask, spacing)))


if __name__ == "__main__":
    main()
