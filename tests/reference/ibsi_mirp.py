"""Write ``ibsi_mirp.json``: what mirp measures on the digital phantom and on the generated cases.

mirp is under the EUPL and no dependency of this project: run this in an environment of its own, which has mirp and
nibabel, from this folder, with this project's ``src`` on the path and the folder of the phantom as argument:

    PYTHONPATH=../../src python ibsi_mirp.py ../../../shared/data/ibsi_phantoms/digital_1
"""

import importlib
import json
import re
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from ibsi_cases import CASES, Case
from mirp import extract_features

SPATIAL = {
    "2d_averaged": ("2d_average", "2d"),
    "2d_slice_merged": ("2d_slice_merge", None),
    "2_5d_direction_merged": ("2.5d_direction_merge", None),
    "2_5d_merged": ("2.5d_volume_merge", "2.5d"),
    "3d_averaged": ("3d_average", None),
    "3d_merged": ("3d_volume_merge", "3d"),
}
"""Our name of an aggregation → mirp's for run lengths and co-occurrence, and for matrices without a direction."""

VALUES = "mean var skew kurt median min p10 p90 max {} iqr range mad rmad medad cov qcod {}".format
ORDER = {
    "morphology": (
        "morph",
        "volume vol_approx area_mesh av comp_1 comp_2 sph_dispr sphericity asphericity com diam pca_maj_axis "
        "pca_min_axis pca_least_axis pca_elongation pca_flatness vol_dens_aabb area_dens_aabb vol_dens_aee "
        "area_dens_aee vol_dens_conv_hull area_dens_conv_hull integ_int moran_i geary_c",
    ),
    "local_intensity": ("loc", "peak_loc peak_glob"),
    "statistics": ("stat", VALUES("", "energy rms")),
    "histogram": ("ih", VALUES("mode", "entropy uniformity max_grad max_grad_g min_grad min_grad_g")),
    "volume_histogram": ("ivh", "v10 v90 i10 i90 diff_v10_v90 diff_i10_i90"),
    "glcm": (
        "cm",
        "joint_max joint_avg joint_var joint_entr diff_avg diff_var diff_entr sum_avg sum_var sum_entr energy contrast "
        "dissimilarity inv_diff inv_diff_norm inv_diff_mom inv_diff_mom_norm inv_var corr auto_corr clust_tend "
        "clust_shade clust_prom info_corr1 info_corr2",
    ),
    "glrlm": (
        "rlm",
        "sre lre lgre hgre srlge srhge lrlge lrhge glnu glnu_norm rlnu rlnu_norm r_perc gl_var rl_var rl_entr",
    ),
    "glszm": (
        "szm",
        "sze lze lgze hgze szlge szhge lzlge lzhge glnu glnu_norm zsnu zsnu_norm z_perc gl_var zs_var zs_entr",
    ),
    "gldzm": (
        "dzm",
        "sde lde lgze hgze sdlge sdhge ldlge ldhge glnu glnu_norm zdnu zdnu_norm z_perc gl_var zd_var zd_entr",
    ),
    "ngtdm": ("ngt", "coarseness contrast busyness complexity strength"),
    "ngldm": (
        "ngl",
        "lde hde lgce hgce ldlge ldhge hdlge hdhge glnu glnu_norm dcnu dcnu_norm dc_perc gl_var dc_var "
        "dc_entr dc_energy",
    ),
}
"""Our group → mirp's prefix and names in the order of our names."""

DECORATION = re.compile(r"_d1(?=_|$)|_a0\.0|_(2d|2\.5d|3d)(_avg|_s_mrg|_d_mrg|_v_mrg)?$|_fb[sn]_[wn][\d.]+")
"""What mirp adds to a name: distance, tolerance, aggregation, discretisation."""


def names_of(ndim: int) -> dict[tuple[str, str], str]:
    """Return mirp's plain name and our aggregation (empty where there is none) → our name."""
    names = {}
    for group, (prefix, text) in ORDER.items():
        known = list(importlib.import_module(f"diascope.measures.ibsi_{group}").MEASURE.names(ndim, {}))
        theirs = [f"{prefix}_{word}" for word in text.split()]
        for n, ours in enumerate(known):
            how = next((h for h in sorted((*SPATIAL, "3d"), key=len, reverse=True) if ours.endswith(f"_{h}")), "")
            names[theirs[n % len(theirs)], "3d_merged" if how == "3d" else how] = ours
    return names


DIRECTED, UNDIRECTED = ["cm", "rlm"], ["szm", "dzm", "ngtdm", "ngldm"]
WHOLE_NUMBERS = {"base_discretisation_method": "none"}
"""Voxels that are whole numbers from 1 up are levels already: the same as bins of width 1 from a minimum of 1."""

WHOLE = ["stat", "ih", "ivh"]
ONLY_3D = ["morph", "loc_int"]


def settings_of(case: Case) -> dict[str, Any]:
    """Return mirp's words for a case's options."""
    given: dict[str, Any] = {"no_approximation": True, "ivh_discretisation_method": "none"}
    if "bin_count" in case.options:
        given |= {"base_discretisation_method": "fixed_bin_number", "ivh_discretisation_method": "fixed_bin_number"}
        given |= {"base_discretisation_n_bins": case.options["bin_count"], "ivh_discretisation_n_bins": 1000}
    elif "intensity_range" in case.options:
        given |= {"base_discretisation_method": "fixed_bin_size"}
        given |= {"base_discretisation_bin_width": case.options["bin_width"]}
    else:
        given |= WHOLE_NUMBERS
    if "ivh_bin_width" in case.options:
        given |= {"ivh_discretisation_method": "fixed_bin_size"}
        given |= {"ivh_discretisation_bin_width": case.options["ivh_bin_width"]}
    elif case.unit == "HU":
        given |= {"image_modality": "ct"}
    if "intensity_range" in case.options:
        given |= {
            "resegmentation_intensity_range": [np.nan if b is None else b for b in case.options["intensity_range"]]
        }
    return given


def extract(image: Path, mask: Path, **settings: Any) -> dict[str, float]:
    """Return all numbers of one call by their plain names, without columns that describe the image."""
    frame = extract_features(image=str(image), mask=str(mask), **settings)[0]
    numbers = frame.drop(columns=[c for c in frame.columns if c.startswith(("image_", "sample_"))])
    return {plain(str(name)): float(f"{value:.10g}") for name, value in numbers.iloc[0].items()}


def plain(name: str) -> str:
    """Return mirp's name without what it adds to it."""
    before = ""
    while name != before:
        before, name = name, DECORATION.sub("", name)
    return name


def measure(image: Path, mask: Path, settings: dict[str, Any], *, ndim: int) -> dict[str, float]:
    """Return our names → mirp's values."""
    whole = WHOLE + (ONLY_3D if ndim == 3 else [])
    taken = {(name, ""): v for name, v in extract(image, mask, base_feature_families=whole, **settings).items()}
    for ours, (directed, undirected) in SPATIAL.items():
        if ndim == 2 and not ours.startswith("2d"):
            continue
        spatial = {f"{f}_spatial_method": directed for f in ("glcm", "glrlm")}
        families = list(DIRECTED)
        if undirected:
            spatial |= {f"{f}_spatial_method": undirected for f in ("glszm", "gldzm", "ngtdm", "ngldm")}
            families += UNDIRECTED
        by_slice = {"by_slice": ndim == 2}
        values = extract(image, mask, base_feature_families=families, **settings, **spatial, **by_slice)
        taken |= {(name, ours): value for name, value in values.items()}
    return {ours: taken[theirs] for theirs, ours in names_of(ndim).items() if theirs in taken}


def main() -> None:
    """Measure every case and write the file beside this one."""
    phantom = Path(sys.argv[1])
    settings = {"no_approximation": True, "ivh_discretisation_method": "none"} | WHOLE_NUMBERS
    settings |= {"image_modality": "ct"}
    image, mask = phantom / "image/phantom.nii.gz", phantom / "mask/mask.nii.gz"
    cases = {"phantom": {"settings": settings, "values": measure(image, mask, settings, ndim=3)}}
    with tempfile.TemporaryDirectory() as folder:
        for name, make in CASES.items():
            case = make()
            affine = np.diag([*(*case.spacing_mm, 1.0)[:3], 1.0])
            paths = [Path(folder) / f"{name}_{part}.nii.gz" for part in ("image", "mask")]
            for array, path in zip((case.image.astype(np.float32), case.mask.astype(np.uint8)), paths, strict=True):
                volume = array if array.ndim == 3 else array[..., None]
                nibabel.save(nibabel.Nifti1Image(volume, affine), path)
            settings = settings_of(case)
            cases[name] = {"settings": settings, "values": measure(*paths, settings, ndim=case.mask.ndim)}
    source = {"program": "mirp", "version": version("mirp"), "made by": "tests/reference/ibsi_mirp.py"}
    Path("ibsi_mirp.json").write_text(json.dumps({"source": source, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
