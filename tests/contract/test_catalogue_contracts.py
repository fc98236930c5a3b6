"""What every plug-in of every family keeps, so that a new one is tested unasked."""

import ast
import importlib
import importlib.util
import inspect
import re
from pathlib import Path

import pytest

from diascope.core import families
from diascope.core.catalogue import Catalogue
from diascope.core.errors import OptionError

FAMILIES: dict[str, Catalogue] = {n: v for n, v in vars(families).items() if isinstance(v, Catalogue)}


PLUGINS = [
    pytest.param(catalogue, name, id=f"{family}-{name}")
    for family, catalogue in FAMILIES.items()
    for name in catalogue.names()
]


def source_of(catalogue: Catalogue, name: str) -> Path:
    spec = importlib.util.find_spec(f"{catalogue.package}.{name}")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


@pytest.mark.parametrize("family", FAMILIES)
def test_family_is_not_empty(family: str):
    assert FAMILIES[family].names()


@pytest.mark.parametrize(("catalogue", "name"), PLUGINS)
def test_name_is_the_files_name(catalogue: Catalogue, name: str):
    plugin = catalogue.load(name)
    assert plugin.name == name


@pytest.mark.parametrize(("catalogue", "name"), PLUGINS)
def test_constant_has_the_familys_type(catalogue: Catalogue, name: str):
    expected = {type(catalogue.load(other)) for other in catalogue.names()}
    assert len(expected) == 1


@pytest.mark.parametrize(("catalogue", "name"), PLUGINS)
def test_file_says_what_it_is(catalogue: Catalogue, name: str):
    docstring = ast.get_docstring(ast.parse(source_of(catalogue, name).read_text(encoding="utf-8")))
    assert docstring
    assert docstring.split("\n", 1)[0].endswith((".", ":"))


@pytest.mark.parametrize(("catalogue", "name"), PLUGINS)
def test_file_defines_one_plugin(catalogue: Catalogue, name: str):
    tree = ast.parse(source_of(catalogue, name).read_text(encoding="utf-8"))
    nodes = [
        n.targets[0] if isinstance(n, ast.Assign) else n.target
        for n in tree.body
        if isinstance(n, ast.Assign | ast.AnnAssign)
    ]
    names = [node.id for node in nodes if isinstance(node, ast.Name)]
    assert names.count(catalogue.constant) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_unknown_name_names_the_nearest(family: str):
    catalogue = FAMILIES[family]
    name = catalogue.names()[0]
    with pytest.raises(OptionError, match=re.escape(name)):
        catalogue.load(f"{name}x")


@pytest.mark.parametrize("family", FAMILIES)
def test_listing_imports_no_plugin(family: str):
    """Names come from file names: a catalogue can be listed where a plug-in's libraries are missing."""
    source = inspect.getsource(Catalogue.names) + inspect.getsource(Catalogue._files.func)
    assert "import_module" not in source


@pytest.mark.parametrize("name", families.TASKS.names())
def test_task_names_what_exists(name: str):
    task = families.TASKS.load(name)
    assert set(task.kinds) <= set(families.KINDS.names())
    assert set(task.losses) == set(task.kinds)
    assert set(task.losses.values()) <= set(families.LOSSES.names())
    assert set(task.networks) <= set(families.NETWORKS.names())
    assert set(task.metrics) <= set(families.METRICS.names())
    assert task.networks
    assert task.metrics


@pytest.mark.parametrize("name", families.TASKS.names())
def test_answer_of_a_task_is_there(name: str):
    assert families.TASKS.load(name).answer in families.ANSWERS.names()


@pytest.mark.parametrize("name", families.KINDS.names())
def test_kinds_default_task_takes_it(name: str):
    default = families.KINDS.load(name).default_task
    if default in families.TASKS.names():
        assert name in families.TASKS.load(default).kinds


@pytest.mark.parametrize("name", families.METRICS.names())
def test_metric_has_bounds_title_and_direction(name: str):
    metric = families.METRICS.load(name)
    lowest, highest = metric.bounds
    assert lowest < highest
    assert metric.title
    assert isinstance(metric.higher_is_better, bool)
    assert metric.over in {"mask", "set", "numbers", "events", "score", "boxes", "instances"}


@pytest.mark.parametrize("name", families.READERS.names())
def test_reader_knows_suffixes_in_lower_case(name: str):
    suffixes = families.READERS.load(name).suffixes
    assert all(s.startswith(".") and s == s.lower() for s in suffixes)


@pytest.mark.parametrize("name", families.READERS.names())
def test_reader_does_not_take_a_foreign_file_for_its_own(name: str, tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("These are notes, and no image.", encoding="utf-8")
    assert not families.READERS.load(name).is_readable(path)


@pytest.mark.parametrize("name", families.READERS.names())
def test_damaged_file_is_refused_by_name_without_its_folder(name: str, tmp_path: Path):
    """A file cut short ends in an error of ours, which never shows the folders (they may name a patient)."""
    from diascope.core.documents.dataset import Source
    from diascope.core.errors import InputError

    reader = families.READERS.load(name)
    folder = tmp_path / "Doe^Jane"
    folder.mkdir()
    for suffix in reader.suffixes or ("",):
        path = folder / f"scan{suffix}"
        path.write_bytes(b"\x00\x01\x02")
        with pytest.raises(InputError) as caught:
            reader.read(path, Source(path=path.name))
        assert "Doe" not in caught.value.describe()
