"""The demo's data on disk: a virtual population as an MSD folder, and the untouched template beside it."""

import importlib.util
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from diascope.cli.progress import Progress
from diascope.core.documents.dataset import Source
from diascope.core.errors import InputError
from diascope.core.image import Image
from diascope.io import read_image, write_image
from diascope.physics.population import TISSUES, Head, draw_head, draw_scan, read_head

NAME = "Diascope demo: virtual population"
DESCRIPTION = (
    "Drawn from one real head, the MNI152 T1 template with its tissue maps (Fonov et al., NeuroImage 54, 2011), by "
    "random deformation, contrast, bias field and noise. It shows the machine working, not accuracy on patients."
)
TEMPLATE, TEMPLATE_LABELS = "template/mni152_t1.nii.gz", "template/mni152_tissues.nii.gz"
MARGIN_MM = 12.0
_FILE = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"


@dataclass(frozen=True)
class Recipe:
    """What a population is drawn by; the same recipe gives the same voxels."""

    cases: int = 30
    spacing_mm: float = 2.5
    seed: int = 0
    version: int = 1


def template_folder() -> Path:
    """Return the folder of the MNI152 files in the nilearn wheel, which is not imported.

    Raises:
        InputError: nilearn is not installed.
    """
    spec = importlib.util.find_spec("nilearn")
    places = spec.submodule_search_locations if spec else None
    folder = Path(places[0]) / "datasets" / "data" if places else None
    if folder is None or not (folder / _FILE.format("t1")).exists():
        raise InputError(
            "the demo's brain template is not installed",
            expected="nilearn >= 0.12, whose wheel carries the MNI152 T1 and its tissue maps",
            fix='pip install "diascope[train,demo]"',
        )
    return folder


def load_template() -> Head:
    """Return the template head on its own 1 mm grid."""
    folder = template_folder()
    t1, grey, white = (read_image(folder, Source(path=_FILE.format(kind))) for kind in ("t1", "gm", "wm"))
    return read_head(t1, grey, white)


def write_population(folder: Path, recipe: Recipe, progress: Progress | None = None) -> Path:
    """Write the population that a recipe gives as an MSD folder, and return the folder.

    A folder that already holds this very recipe is left as it is; one that holds another is replaced.

    Raises:
        InputError: the folder holds something else than a demo's population.
    """
    mark = folder / "dataset.json"
    if mark.exists() and _recipe_of(mark) == asdict(recipe):
        return folder
    if folder.exists() and any(folder.iterdir()) and _recipe_of(mark) is None:
        raise InputError(f"{folder.name} holds something that is no demo", fix="choose another --out")
    template = load_template()
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("imagesTr", "labelsTr", "template"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    shutil.copy(template_folder() / _FILE.format("t1"), folder / TEMPLATE)
    write_image(folder / TEMPLATE_LABELS, Image(template.labels()[None], template.geometry))
    names = [f"head_{number:03d}.nii.gz" for number in range(recipe.cases)]
    template = template.cropped(MARGIN_MM).blurred(recipe.spacing_mm)
    for number, name in enumerate(names):
        rng = np.random.default_rng([recipe.seed, number])
        head = draw_head(template, spacing_mm=recipe.spacing_mm, rng=rng)
        write_image(folder / "imagesTr" / name, draw_scan(head, rng))
        write_image(folder / "labelsTr" / name, Image(head.labels()[None], head.geometry))
        if progress:
            progress("draw", number + 1, recipe.cases, "virtual heads")
    mark.write_text(json.dumps(_content(names, recipe), indent=1) + "\n", encoding="utf-8")  # last: it marks the end
    return folder


def _content(names: list[str], recipe: Recipe) -> dict[str, object]:
    """Return the ``dataset.json`` of the Medical Segmentation Decathlon's form."""
    training = [{"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"} for name in names]
    return {
        "name": NAME,
        "description": DESCRIPTION,
        "licence": "as the MNI152 template: free to use, copy and change, with its copyright notice",
        "tensorImageSize": "3D",
        "modality": {"0": "MRI"},
        "labels": {str(number): tissue for number, tissue in enumerate(TISSUES)},
        "numTraining": len(names),
        "numTest": 0,
        "training": training,
        "test": [],
        "recipe": asdict(recipe),
    }


def _recipe_of(mark: Path) -> dict[str, object] | None:
    """Return the recipe that a folder's ``dataset.json`` names, None where there is none or it is no demo."""
    try:
        content = json.loads(mark.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_demo = isinstance(content, dict) and content.get("name") == NAME
    return content.get("recipe", {}) if is_demo else None
