"""What importing costs, and that the base install needs no torch."""

import importlib.metadata
import json
import re
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "monai", "lightning", "lightning_fabric")
ROOMS = [
    "core",
    "core.families",
    "physics.population",
    "io",
    "transforms",
    "metrics",
    "measures",
    "figures",
    "engines",
    "calibration",
    "curate",
    "fingerprint",
    "tasks",
    "plan",
    "predict",
    "evaluate",
    "measure.verbs",
    "measure.stage",
    "change.stage",
    "change.verb",
    "api",
    "cli.app",
]
FAMILIES_WITHOUT_TORCH = ["KINDS", "READERS", "MEASURES", "METRICS", "TASKS"]

REFUSING = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refuse())
"""
"""Makes a Python as it is where the extra ``train`` is not installed."""


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)


def test_rooms_import_without_torch():
    code = REFUSING + "\n".join(f"import diascope.{room}" for room in ROOMS)
    done = run_python(code)
    assert done.returncode == 0, done.stderr


def test_every_module_of_the_base_rooms_imports_without_torch():
    plugins = {"diascope.engines.torch"}  # loaded by name only where torch is
    above = ("diascope.networks", "diascope.losses", "diascope.train", "diascope.transforms.random")
    code = (
        REFUSING
        + f"""
import importlib, pkgutil, diascope
names = [m.name for m in pkgutil.walk_packages(diascope.__path__, "diascope.", onerror=lambda name: None)]
for name in names:
    if name not in {plugins!r} and not name.startswith({above!r}):
        importlib.import_module(name)
"""
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("family", FAMILIES_WITHOUT_TORCH)
def test_family_loads_without_torch(family: str):
    done = run_python(REFUSING + f"from diascope.core import families\nassert families.{family}.all()")
    assert done.returncode == 0, done.stderr


def test_refusing_torch_refuses_it():
    assert run_python(REFUSING + "import torch").returncode != 0


def test_importing_a_room_loads_no_torch():
    """Torch is installed here; importing the rooms must still leave it alone."""
    code = f"""
import importlib, sys
for room in {ROOMS!r}:
    importlib.import_module("diascope." + room)
    loaded = [name for name in {HEAVY!r} if name in sys.modules]
    assert not loaded, f"{{room}} loads {{loaded}}"
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr


def median_seconds(*command: str) -> float:
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def test_import_costs_next_to_nothing():
    bare = median_seconds(sys.executable, "-c", "pass")
    assert median_seconds(sys.executable, "-c", "import diascope") - bare < 0.3


def test_help_answers_at_once():
    program = Path(sys.executable).with_name("diascope")
    assert median_seconds(str(program), "--help") < 0.3 * load_allowance()


def load_allowance() -> float:
    """Return how much slower than alone this machine is now: others' work is no fault of the program's."""
    import os

    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)) if hasattr(os, "getloadavg") else 1.0


def test_help_imports_nothing_heavy():
    code = (
        "import sys, json\nfrom diascope.cli.app import main\nmain(['--help'])\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    loaded = set(json.loads(run_python(code).stderr.splitlines()[-1]))
    assert not loaded & {"numpy", "pydantic", "scipy", "pandas", "rich", "nibabel", "yaml", "diascope.api", *HEAVY}


def requirements_of(name: str, extras: set[str]) -> set[str]:
    """Return the names that an installed package asks pip for, with some of its extras."""
    from packaging.requirements import Requirement

    wanted = set()
    for line in importlib.metadata.requires(name) or []:
        requirement = Requirement(line)
        is_wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in {"", *extras}
        )
        if is_wanted:
            wanted.add(re.sub(r"[-_.]+", "-", requirement.name).lower())
    return wanted


def test_nothing_in_the_tree_asks_for_torchvision():
    todo, seen = requirements_of("diascope", {"train", "demo", "dev"}), set()
    while todo:
        name = todo.pop()
        seen.add(name)
        try:
            todo |= requirements_of(name, set()) - seen
        except importlib.metadata.PackageNotFoundError:
            continue
    assert "torch" in seen
    assert "torchvision" not in seen


def test_constraints_name_every_dependency_with_one_version():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", line) for line in lines)
    pinned = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = project["dependencies"] + [r for rs in project["optional-dependencies"].values() for r in rs]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[<>=!~; \[]", r, maxsplit=1)[0]).lower() for r in asked}
    assert names <= pinned
    assert not {name for name in pinned if name == "torchvision" or name.startswith("nvidia")}
    assert all(re.search(r">=", r) for r in asked), "every dependency has a lower bound"


def test_rooms_keep_their_order():
    """The contracts in pyproject.toml: imports go downwards only, torch stays in its rooms."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_inspect_works_without_torch(more: list[str], tmp_path: Path):
    """The command line, on volumes, pictures and DICOM, as `pip install diascope` without an extra has it."""
    from made_data import write_labelled, write_msd, write_series

    write_msd(tmp_path / "volumes")
    write_labelled(tmp_path / "pictures")
    for seed in range(3):
        write_series(tmp_path / "dicom", seed)
    lines = [["inspect", str(tmp_path / name), *more] for name in ("volumes", "pictures", "dicom")]
    code = f"from diascope.cli.app import main\nassert not any([main(line) for line in {lines!r}])"
    done = run_python(REFUSING + code)
    assert done.returncode == 0, done.stderr
    if more:
        decoder, text, found = json.JSONDecoder(), done.stdout.strip(), []
        while text:
            content, end = decoder.raw_decode(text)
            found.append(content["layout"])
            text = text[end:].strip()
        assert found == ["dataset_json", "table", "dicom"]
    else:
        assert "segmentation" in done.stdout
        assert "classification" in done.stdout


def test_masks_are_measured_and_made_surfaces_of_without_torch(tmp_path: Path):
    from made_data import write_msd

    data = str(write_msd(tmp_path / "data", 2))
    lines = [[verb, data, "--out", str(tmp_path / verb)] for verb in ("measure", "surface")]
    code = f"from diascope.cli.app import main\nassert not any([main(line) for line in {lines!r}])"
    done = run_python(REFUSING + code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["plan", "train", "predict"])
def test_command_that_needs_torch_says_what_to_install(command: str, discs: Path, measured_run: Path, tmp_path: Path):
    out = str(tmp_path / "out")
    line = {
        "plan": ["plan", str(discs), "--write", out],
        "train": ["train", str(discs), "--out", out],
        "predict": ["predict", str(measured_run), str(discs / "images/c00.png"), "--out", out],
    }[command]
    done = run_python(REFUSING + f"from diascope.cli.app import main\nsys.exit(main({line!r}))")
    assert done.returncode == 2, done.stderr
    assert "pip install 'diascope[train]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
