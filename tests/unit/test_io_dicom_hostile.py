"""Damaged and hostile DICOM: always a ReadError, never an identity in its words."""

import struct
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dicom_factory import CANARIES, new_dataset, place, save, segmentation, set_pixels, structure_set
from pydicom.dataset import FileDataset

from diascope.core.documents.dataset import Source
from diascope.core.errors import DiascopeError, ReadError
from diascope.core.geometry import Geometry
from diascope.io import dicom, dicom_rtstruct, dicom_seg
from diascope.io._dicom_open import guarded

GRID = Geometry((6, 6), np.diag([-1.0, -1.0, 1.0, 1.0]))
SQUARE = np.array([[1, 1, 0], [4, 1, 0], [4, 4, 0], [1, 4, 0]], float)


def image() -> FileDataset:
    ds = new_dataset("CT")
    set_pixels(ds, np.arange(36, dtype=np.int16).reshape(6, 6))
    place(ds, (0, 0, 0), np.eye(3), (1, 1, 1))
    return ds


def contours() -> FileDataset:
    return structure_set({"tumour": [SQUARE]})


def mask() -> FileDataset:
    return segmentation(np.eye(6)[None], [1], [(0, 0, 0)], ["tumour"], spacing=(1, 1, 1))


def read_image(path: Path) -> object:
    dicom.read_header(path, Source(path=path.name))
    return dicom.read(path, Source(path=path.name))


def read_contours(path: Path) -> object:
    return dicom_rtstruct.read_on(path, Source(path=path.name), GRID)


def read_mask(path: Path) -> object:
    return dicom_seg.read_on(path, Source(path=path.name), GRID)


KINDS = pytest.mark.parametrize(
    ("make", "read"), [(image, read_image), (contours, read_contours), (mask, read_mask)], ids=["image", "rt", "seg"]
)


def check_anonymous(error: BaseException) -> None:
    said = "".join(traceback.format_exception(error))
    for canary in CANARIES:
        assert canary not in said


@KINDS
def test_truncated_file_is_refused_wherever_it_ends(
    tmp_path: Path, make: Callable[[], FileDataset], read: Callable[[Path], object]
) -> None:
    whole = save(make(), tmp_path / "whole.dcm").read_bytes()
    read(tmp_path / "whole.dcm")
    path = tmp_path / "cut.dcm"
    for end in [*range(0, len(whole) - 1, max(1, len(whole) // 60)), len(whole) - 1, len(whole) - 2]:
        path.write_bytes(whole[:end])
        with pytest.raises(ReadError) as caught:
            read(path)
        assert "cut.dcm" in caught.value.what
        assert "OSError" not in str(caught.value.got)
        check_anonymous(caught.value)


@KINDS
def test_changed_bytes_give_an_image_or_a_refusal_and_nothing_else(
    tmp_path: Path, make: Callable[[], FileDataset], read: Callable[[Path], object]
) -> None:
    whole = bytearray(save(make(), tmp_path / "whole.dcm").read_bytes())
    rng, path = np.random.default_rng(0), tmp_path / "changed.dcm"
    for _ in range(150):
        changed = bytearray(whole)
        for at in rng.integers(132, len(whole), rng.integers(1, 6)):
            changed[at] = int(rng.integers(256))
        path.write_bytes(changed)
        try:
            read(path)
            dicom.group_series(path)
        except DiascopeError as error:
            check_anonymous(error)


@KINDS
@pytest.mark.parametrize("depth", [300, 3000])
def test_nested_sequences_are_refused_without_a_recursion_error(
    tmp_path: Path, make: Callable[[], FileDataset], read: Callable[[Path], object], depth: int
) -> None:
    whole = save(make(), tmp_path / "whole.dcm").read_bytes()
    start = whole.index(struct.pack("<HH", 0x0008, 0x0016))
    nested = struct.pack("<HH2sHI", 0x0008, 0x0006, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    path = tmp_path / "nested.dcm"
    path.write_bytes(whole[:start] + nested * depth + whole[start:])
    with pytest.raises(ReadError, match="damaged") as caught:
        read(path)
    check_anonymous(caught.value)
    with pytest.raises(ReadError):
        dicom.group_series(path)


def test_header_that_promises_more_pixels_than_there_are_is_refused(tmp_path: Path) -> None:
    ds = image()
    ds.Rows = ds.Columns = 65535
    path = save(ds, tmp_path / "huge.dcm")
    with pytest.raises(ReadError, match=r"huge\.dcm: its pixels cannot be decoded"):
        dicom.read(path, Source(path=path.name))


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"]
)
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.95])
def test_truncated_code_stream_is_refused_and_not_filled_with_grey(tmp_path: Path, syntax: str, kept: float) -> None:
    import imagecodecs
    from pydicom.encaps import encapsulate, get_frame

    ds = new_dataset("CT")
    pixels = np.random.default_rng(0).integers(0, 4000, (64, 64)).astype(np.uint16)
    set_pixels(ds, pixels, bits=12)
    if syntax.endswith(".70"):
        stream = imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1, bitspersample=12)
    else:
        ds.compress(syntax, generate_instance_uid=False)
        stream = get_frame(ds.PixelData, 0, number_of_frames=1)
    ds.PixelData = encapsulate([stream[: int(len(stream) * kept)]])
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = syntax
    path = save(ds, tmp_path / "cut.dcm")
    with pytest.raises(ReadError, match=r"cut\.dcm: its pixels"):
        dicom.read(path, Source(path=path.name))


@pytest.mark.parametrize(
    ("syntax", "head", "at"),
    [("1.2.840.10008.1.2.4.90", b"\xff\x4f\xff\x51", 8), ("1.2.840.10008.1.2.4.80", b"\xff\xf7", 7)],
)
def test_code_stream_of_another_size_never_reaches_the_decoder(
    tmp_path: Path, syntax: str, head: bytes, at: int
) -> None:
    ds = new_dataset("CT")
    set_pixels(ds, np.random.default_rng(0).integers(0, 4000, (64, 64)).astype(np.uint16), bits=12)
    ds.compress(syntax, generate_instance_uid=False)
    raw = bytearray(save(ds, tmp_path / "whole.dcm").read_bytes())
    where = raw.index(head) + at
    raw[where : where + 2] = b"\x00\x1e"
    path = tmp_path / "wide.dcm"
    path.write_bytes(raw)
    with pytest.raises(ReadError, match=r"wide\.dcm: its pixels cannot be decoded"):
        dicom.read(path, Source(path=path.name))


def test_broken_spacing_is_an_unknown_spacing(tmp_path: Path) -> None:
    ds = image()
    ds.PixelSpacing = ["0.77", "0.77"]
    raw = save(ds, tmp_path / "whole.dcm").read_bytes()
    path = tmp_path / "broken.dcm"
    path.write_bytes(raw.replace(b"0.77\\0.77", b"Cana\\0.77"))
    result = dicom.read(path, Source(path=path.name))
    assert result.geometry.spacing_mm is None


@pytest.mark.parametrize("read", [read_image, read_contours, read_mask])
@pytest.mark.parametrize("content", [b"", b"no DICOM at all" * 20, b"\0" * 128 + b"DICM"])
def test_what_is_no_dicom_is_refused(tmp_path: Path, read: Callable[[Path], object], content: bytes) -> None:
    path = tmp_path / "other.dcm"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=r"other\.dcm"):
        read(path)


def test_object_of_another_kind_is_refused_by_each_reader(tmp_path: Path) -> None:
    paths = {kind: save(make(), tmp_path / f"{kind}.dcm") for kind, make in
             {"image": image, "contours": contours, "mask": mask}.items()}  # fmt: skip
    for kind, read in {"image": read_image, "contours": read_contours, "mask": read_mask}.items():
        for other, path in paths.items():
            if kind != other:
                with pytest.raises(ReadError):
                    read(path)


def test_pydicom_speaks_again_after_reading(tmp_path: Path) -> None:
    import logging

    from pydicom import config

    before = config.settings.reading_validation_mode
    path = save(image(), tmp_path / "image.dcm")
    dicom.read(path, Source(path=path.name))
    assert config.settings.reading_validation_mode == before
    assert not logging.getLogger("pydicom").disabled


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError("Unexpected end of file. Read 3 bytes of 9 expected"), "truncated"),
        (EOFError(), "truncated"),
        (struct.error("unpack requires a buffer of 4 bytes"), "truncated"),
        (PermissionError(13, "Permission denied", "/secret"), "Permission denied"),
        (ValueError("Canary^Carla"), "values that cannot be used (ValueError)"),
    ],
)
def test_what_a_parser_raised_is_said_in_words(error: Exception, says: str) -> None:
    with pytest.raises(ReadError) as caught, guarded(Path("/secret/a.dcm"), "it is damaged"):
        raise error
    assert says in str(caught.value.got)
    assert "secret" not in caught.value.describe()
    check_anonymous(caught.value)
