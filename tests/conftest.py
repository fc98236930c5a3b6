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
