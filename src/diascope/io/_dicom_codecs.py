"""JPEG for pydicom by imagecodecs (libjpeg-turbo): 8- and 12-bit lossy, and lossless of 2 to 16 bits.

``pylibjpeg-libjpeg`` would do the same under the GPL. The other codecs are pydicom's own plug-ins: openjpeg for
JPEG 2000, pyjpegls for JPEG-LS, pydicom itself for RLE.
"""

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset
    from pydicom.pixels.decoders.base import DecodeRunner

LABEL = "diascope"
_JPEG = (
    "1.2.840.10008.1.2.4.50",  # baseline, process 1
    "1.2.840.10008.1.2.4.51",  # extended, processes 2 and 4
    "1.2.840.10008.1.2.4.57",  # lossless, process 14
    "1.2.840.10008.1.2.4.70",  # lossless, process 14, selection value 1
)
_LOSSLESS = _JPEG[2:]
_JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_HTJ2K = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (201, 202, 203))
_RLE = ("1.2.840.10008.1.2.5",)

DECODER_DEPENDENCIES = {uid: ("imagecodecs>=2024.9",) for uid in _JPEG}
"""What pydicom names when a decoder is missing; part of its plug-in protocol."""

PLUGINS = {
    **dict.fromkeys(_JPEG, LABEL),
    **dict.fromkeys(_JPEG_LS, "pyjpegls"),
    **dict.fromkeys((*_JPEG_2000, *_HTJ2K), "pylibjpeg"),
    **dict.fromkeys(_RLE, "pydicom"),
}
"""Transfer syntax → the one decoder that Diascope uses, so that the same file gives the same voxels everywhere."""


def is_available(uid: str) -> bool:
    """Answer whether this plug-in decodes a transfer syntax; part of pydicom's plug-in protocol."""
    return uid in _JPEG


def decode_frame(source: bytes, runner: "DecodeRunner") -> bytes:
    """Return one JPEG frame's samples, colour as RGB by pixel; called by pydicom.

    Args:
        source: the code stream.
        runner: what the data set says of its pixels; told here how the returned bytes are to be read.
    """
    import imagecodecs

    if runner.samples_per_pixel == 1:
        array = imagecodecs.jpeg8_decode(source)
    else:
        is_ycc = _is_ycc(source, str(runner.photometric_interpretation))
        if str(runner.transfer_syntax) in _LOSSLESS:
            # libjpeg-turbo 3.1 returns wrong samples for lossless streams with two Huffman tables, as colour has them
            array = imagecodecs.jpegsof3_decode(source)
            runner.set_option("photometric_interpretation", "YBR_FULL" if is_ycc else "RGB")
        else:
            array = imagecodecs.jpeg8_decode(source, colorspace="YCBCR" if is_ycc else "RGB", outcolorspace="RGB")
            runner.set_option("photometric_interpretation", "RGB")
        runner.set_option("planar_configuration", 0)
    runner.set_option("bits_allocated", 8 * array.dtype.itemsize)
    return array.tobytes()


def check_streams(dataset: "FileDataset") -> None:
    """Raise where a code stream has another size than the header says, or a JPEG or JPEG-LS one lacks its end.

    Decoders do not take damage well: libjpeg fills the rest of a truncated picture with grey and says nothing that
    imagecodecs hands on, CharLS searches a truncated stream for many seconds, and openjpeg works for minutes on a
    header whose width was changed.

    Raises:
        ValueError: a code stream has no end or another size.
    """
    uid = str(dataset.file_meta.TransferSyntaxUID)
    if uid not in PLUGINS or uid in _RLE:
        return
    from pydicom.encaps import generate_frames

    size = int(dataset.Rows), int(dataset.Columns)
    for stream in generate_frames(dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames") or 1)):
        if uid in (*_JPEG, *_JPEG_LS) and b"\xff\xd9" not in stream[-64:]:
            raise ValueError("a code stream has no end")
        found = _j2k_size(stream) if uid in (*_JPEG_2000, *_HTJ2K) else _jpeg_size(stream)
        if found is not None and found != size:
            raise ValueError("a code stream has another size than the header says")


def _j2k_size(stream: bytes) -> tuple[int, int] | None:
    """Return rows and columns of the image area in a JPEG 2000 SIZ segment (ISO/IEC 15444-1 A.5.1), or None."""
    start = stream[:1024].find(b"\xff\x4f\xff\x51")
    if start < 0 or len(stream) < start + 24:
        return None
    width, height, left, top = struct.unpack(">4I", stream[start + 8 : start + 24])
    return height - top, width - left


def _jpeg_size(stream: bytes) -> tuple[int, int] | None:
    """Return rows and columns in a JPEG or JPEG-LS frame header (ISO/IEC 10918-1 B.2.2), or None."""
    at = 2
    while at + 9 <= len(stream) and stream[at] == 0xFF:
        marker, length = stream[at + 1], int.from_bytes(stream[at + 2 : at + 4], "big")
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            rows, columns = struct.unpack(">2H", stream[at + 5 : at + 9])
            return (rows, columns) if rows else None  # rows may be left to a later marker
        at += 2 + length if marker != 0xFF else 1
    return None


def _is_ycc(source: bytes, photometric: str) -> bool:
    """Answer whether the code stream holds luminance and chrominance.

    An Adobe marker says what the encoder did and wins, as in every JPEG library; else the data set's word counts.
    """
    start = source[:4096].find(b"\xff\xee\x00\x0eAdobe")
    return source[start + 15] != 0 if start >= 0 else photometric.startswith("YBR")


def register() -> None:
    """Add this plug-in to pydicom's JPEG decoders, once."""
    from pydicom.pixels.decoders.base import get_decoder

    for uid in _JPEG:
        decoder = get_decoder(uid)
        if LABEL not in decoder.available_plugins:
            decoder.add_plugin(LABEL, (__name__, "decode_frame"))
