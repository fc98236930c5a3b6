"""What all tests share: the real data beside the project, where they are, and a machine that is left as it was."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data beside the project; a test that asks for it skips where there is none."""
    if not SHARED.is_dir():
        pytest.skip("the real data (../shared/data) are not on this machine")
    return SHARED


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep preprocessed cases of tests out of the user's cache."""
    monkeypatch.setenv("DIASCOPE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def discs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of tiny pictures with masks; nobody may change it."""
    from tiny_runs import write_discs

    return write_discs(tmp_path_factory.mktemp("tiny") / "discs")


@pytest.fixture(scope="session")
def measured_run(discs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a finished run with three measured steps; nobody may change it (``shutil.copytree`` makes one's own)."""
    pytest.importorskip("torch", reason="training comes with the extra 'train'")
    from tiny_runs import MEASURED

    from diascope import api

    return api.train(discs, out=tmp_path_factory.mktemp("tiny_runs") / "run", overrides=MEASURED)


@pytest.fixture(scope="session")
def tiny_plan(discs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a plan for the tiny pictures, its steps not yet measured."""
    pytest.importorskip("torch", reason="planning asks torch for its devices")
    from tiny_runs import SMALL

    from diascope import api

    file = tmp_path_factory.mktemp("tiny_plans") / "plan.yaml"
    api.plan(discs, write=file, overrides=SMALL)
    return file
