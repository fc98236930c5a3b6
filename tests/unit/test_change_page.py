"""The page words how sure a category is, and motion, as what they are."""

from pathlib import Path

import pytest
from made_visits import write_one

from diascope.change.page import describe_response, write_page
from diascope.change.reading import Wish
from diascope.change.stage import measure_change
from diascope.change.tables import visit_row
from diascope.core.documents.change import VisitChange
from diascope.curate import read_dataset

BIG, OTHER = (4, 4, 4, 8), (30, 24, 8, 7)


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory: pytest.TempPathFactory) -> tuple[VisitChange, str]:
    """Return a visit whose category the error of measurement leaves open, and the page's text."""
    folder = tmp_path_factory.mktemp("page")
    data = write_one(folder, [[(4, 4, 4, 8)], [(4, 4, 4, 6)]])
    result = measure_change(read_dataset(data), Wish(alignment="identity", diameter_error=0.2))
    return result.change.patients[0].visits[1], write_page(result, folder).read_text(encoding="utf-8")


def test_share_of_a_category_is_told_as_one_of_draws_with_what_it_leaves_out(doubtful: tuple[VisitChange, str]):
    visit, page = doubtful
    assert visit.response is not None
    words = describe_response(visit)
    share = f"{100 * visit.probability[visit.response]:.0f} %"
    assert f"in {share} of draws of the measurement error" in words
    assert "lesions taken as found" in words
    assert " sure" not in page.replace("too small to be sure of", "")
    assert "do not cover whether a lesion is there" in page


def test_visit_that_was_not_aligned_is_told_so_and_has_no_motion(doubtful: tuple[VisitChange, str]):
    visit, page = doubtful
    assert "not aligned: no alignment was asked for" in page
    assert "not at all" not in page
    assert visit.moved is not None
    assert visit.moved.distance_mm is None
    cells = visit_row(visit)
    assert [cells[name] for name in ("moved_mm", "turned_degrees", "moved_r_mm")] == [None] * 3


def test_images_without_common_anatomy_are_told_to_be_not_aligned(tmp_path: Path):
    pytest.importorskip("SimpleITK", reason="alignment comes with the extra 'registration'")
    result = measure_change(read_dataset(write_one(tmp_path, [[BIG], [OTHER]])), Wish(alignment="rigid"))
    page = write_page(result, tmp_path).read_text(encoding="utf-8")
    assert "not aligned: the images have no common anatomy" in page
    assert "not at all" not in page


def test_motion_that_was_measured_as_none_is_told_as_none(tmp_path: Path):
    pytest.importorskip("SimpleITK", reason="alignment comes with the extra 'registration'")
    data = write_one(tmp_path, [[BIG], [BIG]])
    (tmp_path / "a_1.nii.gz").write_bytes((tmp_path / "a_0.nii.gz").read_bytes())
    result = measure_change(read_dataset(data), Wish(alignment="rigid"))
    moved = result.change.patients[0].visits[1].moved
    assert moved is not None
    assert (moved.distance_mm, moved.not_aligned) == (0.0, None)
    assert "not at all" in write_page(result, tmp_path).read_text(encoding="utf-8")
