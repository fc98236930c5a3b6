"""Plug-ins are listed without importing them, loaded by name, and added by entry points."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from diascope.core import families
from diascope.core.catalogue import Catalogue
from diascope.core.errors import OptionError


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue[str]:
    """Return a family of two files, one of which cannot be imported."""
    folder = tmp_path / "some_family"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "apple.py").write_text("FRUIT = 'an apple'\n")
    (folder / "class.py").write_text("FRUIT = 'a name that is a keyword'\n")
    (folder / "broken.py").write_text("raise RuntimeError('imported')\n")
    (folder / "_private.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith("some_family")]:
        monkeypatch.delitem(sys.modules, name)
    return Catalogue("some_family", "FRUIT")


def test_names_are_the_files_and_nothing_is_imported(family: Catalogue[str]) -> None:
    assert family.names() == ("apple", "broken", "class")
    assert "some_family.apple" not in sys.modules


def test_loading_imports_only_that_file(family: Catalogue[str]) -> None:
    assert family.load("apple") == "an apple"
    assert family.load("class") == "a name that is a keyword"
    assert "some_family.broken" not in sys.modules


def test_unknown_name_gets_the_nearest(family: Catalogue[str]) -> None:
    with pytest.raises(OptionError, match="did you mean 'apple'") as caught:
        family.load("aple")
    assert caught.value.exit_code == 2
    with pytest.raises(OptionError, match="known: apple, broken, class"):
        family.load("zzzz")


def test_private_modules_are_no_plug_ins(family: Catalogue[str]) -> None:
    with pytest.raises(OptionError):
        family.load("_private")


def test_entry_points_add_plug_ins(family: Catalogue[str], monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("pear", "some_family.apple:FRUIT", "some_family")
    monkeypatch.setattr("diascope.core.catalogue.entry_points", lambda group: [point] if group == "some_family" else [])
    assert "pear" in family.names()
    assert family.load("pear") == "an apple"


def test_a_family_without_a_package_is_empty() -> None:
    assert Catalogue("no_such_package_anywhere", "X").names() == ()


@pytest.mark.parametrize("name", ["KINDS", "READERS", "NETWORKS", "LOSSES", "METRICS", "TASKS"])
def test_every_family_lies_in_its_room(name: str) -> None:
    catalogue = getattr(families, name)
    assert catalogue.package.startswith("diascope.")
    assert all(not plug_in.startswith("_") for plug_in in catalogue.names())
