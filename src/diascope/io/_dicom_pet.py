"""PET as standardised uptake value by body weight.

Source: QIBA FDG-PET/CT profile, appendix G, and its vendor-neutral pseudo-code for SUVbw ("happy path", 2012);
DICOM PS3.3 C.8.9.1 for the attributes. Two things it leaves open are decided here: DecayCorrection NONE (each frame is
referred to the moment of its average count rate), and an injection after the scan's start (dynamic PET).
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from diascope.io._dicom_frames import GE_PET_CREATOR, GE_PET_SCAN_START
from diascope.io._dicom_values import item, moment, number, text, texts

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_UNITS = {"BQML": "Bq/ml", "CNTS": "counts", "CPS": "counts/s", "PROPCNTS": "proportional to counts", "PCNT": "%"}
_DAY_S = 86400.0
_EARLY_S = 1800.0
"""A dynamic scan may begin this long before the injection (chosen here); more is taken as midnight between them."""
_DOSE_BQ = (1e5, 1e11)
"""Plausible injected activities; outside them the header is not in Bq (chosen here: 0.1 MBq to 100 GBq)."""
_WEIGHT_KG = (0.3, 500.0)
"""Plausible weights (chosen here: a premature infant to more than the heaviest patient a scanner carries)."""

Result = tuple[str | None, list[float], tuple[str, ...]]


def find_suv_factors(headers: Sequence["Dataset"]) -> Result:
    """Return the unit, one factor for each file that leads to it, and notes.

    Args:
        headers: of all files of one series; the earliest acquisition among them may be the reference of decay.

    Returns:
        ``SUV`` with factors, or the stored unit with factors of 1 and a note that says why.
    """
    ones, units = [1.0] * len(headers), {text(h, "Units").upper() for h in headers}
    if len(units) != 1:
        return None, ones, ("The files name different PET units: values are kept as they are stored.",)
    unit = units.pop()
    if unit == "GML":
        kind = text(headers[0], "SUVType").upper() or "BW"
        if kind == "BW":
            return "SUV", ones, ("PET values are SUV by body weight already (Units GML): not converted again.",)
        return f"SUV{kind.lower()}", ones, (f"PET values are SUV of type {kind}, not by body weight: kept.",)
    if unit != "BQML":
        name = _UNITS.get(unit, unit.lower() or None)
        return name, ones, (f"PET units are {unit or 'not given'}: values are kept as they are, not converted to SUV.",)
    factors, reason = _from_activity(headers)
    if factors is None:
        return "Bq/ml", ones, (f"PET values are kept in Bq/ml, not converted to SUV: {reason}.",)
    return "SUV", factors, (f"PET values were converted from Bq/ml to SUV by body weight{reason}.",)


def _from_activity(headers: Sequence["Dataset"]) -> tuple[list[float] | None, str]:
    """Return the factors Bq/ml → g/ml and a remark, or None and what is missing."""
    first = headers[0]
    drug = item(first, "RadiopharmaceuticalInformationSequence")
    weight = number(first, "PatientWeight")
    dose = None if drug is None else number(drug, "RadionuclideTotalDose")
    half_life = None if drug is None else number(drug, "RadionuclideHalfLife")
    for name, value, (low, high) in (
        ("weight", weight, _WEIGHT_KG), ("injected dose", dose, _DOSE_BQ), ("half-life", half_life, (1.0, 1e9))
    ):  # fmt: skip
        if value is None or not low <= value <= high:
            state = "missing" if not value else f"implausible ({value:g}; expected {low:g} to {high:g})"
            return None, f"the {name} is {state}"
    if drug is None or weight is None or dose is None or half_life is None:
        return None, "weight, dose or half-life are missing"
    corrections = texts(first, "CorrectedImage")
    if corrections and "ATTN" not in corrections:
        return None, "the image is not corrected for attenuation"
    grams = weight * 1000
    correction = text(first, "DecayCorrection").upper()
    if correction == "ADMIN":
        return [grams / dose] * len(headers), " (decay corrected to the administration)"
    if correction not in ("START", "NONE"):
        return None, f"DecayCorrection is {correction or 'missing'}"
    elapsed, reason = _elapsed_seconds(headers, drug, correction, half_life)
    if elapsed is None:
        return None, reason
    return [grams / (dose * 2 ** (-seconds / half_life)) for seconds in elapsed], reason


def _elapsed_seconds(
    headers: Sequence["Dataset"], drug: "Dataset", correction: str, half_life: float
) -> tuple[list[float] | None, str]:
    """Return the seconds from injection to what each file's decay correction refers to, with a remark."""
    if correction == "START":
        scan, remark = _scan_start(headers, half_life)
        moments = [scan] * len(headers)
    else:
        remark = "no decay correction, so each frame at its average count rate"
        moments = [_average_moment(h, half_life) for h in headers]
    elapsed = [_since_injection(m, drug) for m in moments]
    known = [e for e in elapsed if e is not None]
    if len(known) < len(elapsed):
        return None, "the time of injection or of the scan is missing"
    return known, f" ({remark}, {known[0] / 60:.1f} min after the injection)"


def _since_injection(scan: datetime | None, drug: "Dataset") -> float | None:
    """Return the seconds from injection to a moment of the scan, over midnight too; None where a time is missing.

    The injection's date and time are believed where they lie within a day; else only its time of day counts, because
    de-identification often shifts one of the two dates.
    """
    if scan is None:
        return None
    full = text(drug, "RadiopharmaceuticalStartDateTime").split("+")[0].split("-")[0]
    start = moment(full[:8], full[8:]) if len(full) >= 12 else None
    if start is not None and -_EARLY_S <= (scan - start).total_seconds() < _DAY_S:
        return (scan - start).total_seconds()
    start = moment("", text(drug, "RadiopharmaceuticalStartTime")) or start
    if start is None:
        return None
    apart = scan - start.replace(year=scan.year, month=scan.month, day=scan.day)
    seconds = apart.total_seconds() % _DAY_S
    return seconds - _DAY_S if seconds > _DAY_S - _EARLY_S else seconds


def _scan_start(headers: Sequence["Dataset"], half_life: float) -> tuple[datetime | None, str]:
    """Return what DecayCorrection START refers to, and where it was found.

    The series' time is right unless it lies after an acquisition: then the series was made later, by post-processing,
    and GE's private scan time, the acquisition's time less the frame reference time, or the earliest acquisition
    stand in, in this order.
    """
    series = moment(text(headers[0], "SeriesDate"), text(headers[0], "SeriesTime"))
    acquisitions = [a for h in headers if (a := _acquisition(h)) is not None]
    earliest = min(acquisitions, default=None)
    if series is not None and (earliest is None or series <= earliest):
        return series, "decay from the series' time"
    private = _ge_scan_start(headers[0])
    if private is not None:
        return private, "decay from GE's private scan time"
    first = min((h for h in headers if _acquisition(h)), key=lambda h: _acquisition(h) or datetime.max, default=None)
    if first is not None:
        reference, average = number(first, "FrameReferenceTime"), _average_offset(first, half_life)
        if earliest is not None and reference and reference > 0 and average is not None:
            shift = timedelta(seconds=average - reference / 1000)
            return earliest + shift, "decay from the acquisition's time less the frame reference time"
    return earliest, "decay from the earliest acquisition"


def _acquisition(header: "Dataset") -> datetime | None:
    return moment(text(header, "AcquisitionDate"), text(header, "AcquisitionTime"))


def _ge_scan_start(header: "Dataset") -> datetime | None:
    """Return GE's private scan date and time (0009,xx0D) of the block GEMS_PETD_01, or None."""
    element, creator = header.get(GE_PET_SCAN_START), header.get(GE_PET_CREATOR)
    if element is None or creator is None or str(creator.value).strip() != "GEMS_PETD_01":
        return None
    value = element.value.decode("ascii", "ignore") if isinstance(element.value, bytes) else str(element.value)
    return moment(value[:8], value[8:].strip(" \0").split("+")[0])


def _average_offset(header: "Dataset", half_life: float) -> float | None:
    """Return the seconds from a frame's start to the moment of its average count rate."""
    duration = (number(header, "ActualFrameDuration") or 0) / 1000
    if duration <= 0:
        return None
    decay = math.log(2) / half_life
    return math.log(decay * duration / -math.expm1(-decay * duration)) / decay


def _average_moment(header: "Dataset", half_life: float) -> datetime | None:
    start, offset = _acquisition(header), _average_offset(header, half_life)
    return None if start is None else start + timedelta(seconds=offset or 0.0)
