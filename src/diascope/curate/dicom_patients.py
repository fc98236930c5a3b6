"""Which patient a DICOM file is of, without repeating who that is."""

import hashlib

from diascope.curate.draft import Draft

SUFFIXES = (".dcm", ".dicom", ".ima")


def short_digest(text: str) -> str:
    """Return ten hexadecimal digits that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()


def pseudonym(patient_id: str) -> str | None:
    """Return what stands for a PatientID; None where it is empty."""
    return f"p{short_digest(patient_id)}" if patient_id else None


def add_patients(draft: Draft) -> None:
    """Take the patient of each listed DICOM file or folder from its header, where the table names none.

    Files that cannot be read are left to the scan, which says what is wrong with them.
    """
    from diascope.io.dicom import group_series

    found = 0
    for n, case in enumerate(draft.cases):
        paths = [s.path for s in case.images.values() if s.path.lower().endswith(SUFFIXES) or "." not in s.path]
        series = [s for p in paths for s in group_series(draft.listing.root / p, on_error=lambda *_: None)]
        names = {s.patient for s in series if s.patient}
        if len(names) == 1:
            draft.cases[n] = case.model_copy(update={"patient": pseudonym(names.pop())})
            found += 1
    if found:
        draft.note(
            "patients_from_dicom",
            f"the table names no patient: {found} cases were grouped by the PatientID of their files",
        )
