"""A kept file of every version of every document is read; a newer version is refused in words."""

import importlib
import json
import pkgutil
from pathlib import Path

import pytest
import yaml

from diascope.cli.app import main
from diascope.core import documents
from diascope.core.documents.document import Document
from diascope.core.errors import InputError

KEPT = Path(__file__).parents[1] / "documents"


def all_documents() -> dict[str, type[Document]]:
    for module in pkgutil.iter_modules(documents.__path__, f"{documents.__name__}."):
        importlib.import_module(module.name)
    mine = [d for d in Document.__subclasses__() if d.__module__.startswith(documents.__name__)]
    return {document.SCHEMA.partition("/")[0].removeprefix("diascope."): document for document in mine}


DOCUMENTS = all_documents()


def test_every_document_is_known():
    assert set(DOCUMENTS) == {
        "dataset",
        "fingerprint",
        "plan",
        "run",
        "metrics",
        "change",
        "predictions",
        "calibration",
        "measurements",
    }


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_version_has_a_kept_file(name: str):
    newest = int(DOCUMENTS[name].SCHEMA.partition("/")[2])
    kept = {int(path.stem.rpartition("-")[2]) for path in KEPT.glob(f"{name}-*")}
    assert kept == set(range(1, newest + 1))


def assert_holds(found: object, kept: object, where: str) -> None:
    """Hold everything that a kept file says against what was read; what was added since does not matter."""
    if isinstance(kept, dict):
        assert isinstance(found, dict), where
        for key, value in kept.items():
            assert_holds(found[key], value, f"{where}.{key}")
    elif isinstance(kept, list):
        assert isinstance(found, list), where
        assert len(found) == len(kept), where
        for number, (one, other) in enumerate(zip(found, kept, strict=True)):
            assert_holds(one, other, f"{where}[{number}]")
    else:
        assert found == kept, where


@pytest.mark.parametrize("path", sorted(KEPT.iterdir()), ids=lambda p: p.name)
def test_kept_file_is_read_and_says_what_it_said(path: Path, tmp_path: Path):
    """A field that a later program adds must have a default, and one that it takes away a migration."""
    document = DOCUMENTS[path.stem.rpartition("-")[0]]
    found = document.load(path)
    assert document.load(found.save(tmp_path / path.name)) == found
    if path.stem.endswith(f"-{document.SCHEMA.partition('/')[2]}"):
        text = path.read_text(encoding="utf-8")
        assert_holds(found.content(), yaml.safe_load(text) if path.suffix == ".yaml" else json.loads(text), path.name)


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_newer_version_is_refused_in_words(name: str, tmp_path: Path):
    document = DOCUMENTS[name]
    path = tmp_path / f"{name}.json"
    newer = f"diascope.{name}/{int(document.SCHEMA.partition('/')[2]) + 1}"
    path.write_text(json.dumps({"schema": newer, "something": "new"}))
    with pytest.raises(InputError, match=f"{name}.json was written by a newer Diascope") as caught:
        document.load(path)
    assert document.SCHEMA in str(caught.value.expected)
    assert caught.value.got == newer
    assert "update Diascope" in caught.value.fix


@pytest.mark.parametrize(("verb", "kind"), [("inspect", "dataset"), ("plan", "dataset"), ("train", "plan")])
def test_newer_document_on_the_command_line_is_refused_in_words(verb: str, kind: str, tmp_path: Path, capsys):
    """A plan of another version is still a plan: it may not be taken for data that nobody knows."""
    path = tmp_path / f"{kind}.yaml"
    path.write_text(f"schema: diascope.{kind}/99\n")
    line = [verb, str(path)] + (["--out", str(tmp_path / "run")] if verb == "train" else [])
    assert main(line) == 2
    assert f"{kind}.yaml was written by a newer Diascope" in capsys.readouterr().err
