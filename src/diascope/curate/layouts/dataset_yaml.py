"""Our own ``dataset.yaml``, as ``inspect --write`` saves it and a person edits it."""

from diascope.core.documents.dataset import Source
from diascope.curate.documents import load_dataset
from diascope.curate.draft import Draft, Given, Layout
from diascope.curate.listing import Listing
from diascope.curate.recheck import check_document, gone_with_their_cases

FILE = "dataset.yaml"
SUFFIXES = (".yaml", ".yml")
MARK = "diascope.dataset/"


def matches(listing: Listing) -> bool:
    """Answer whether there is a document of ours; a file that the user named may have any name."""
    file = listing.given or FILE
    if not file.lower().endswith(SUFFIXES) or file not in listing.file_set:
        return False
    with (listing.root / file).open(encoding="utf-8", errors="replace") as text:
        return MARK in text.read(1000) or listing.given is not None


def read(listing: Listing) -> Draft:
    """Return the document's content.

    Raises:
        InputError: the document does not fit the schema.
        DatasetError: it contradicts itself, or its data are not there.
    """
    file = listing.given or FILE
    document = load_dataset(listing.root / file)
    check_document(document)
    splits = document.splits
    given = None
    if splits is not None:
        given = Given(splits.origin, tuple((f.train, f.validation) for f in splits.folds), splits.test)
    draft = Draft(
        listing,
        document.name,
        document.channels,
        list(document.cases),
        dict(document.targets),
        document.attributes,
        given,
    )
    draft.document = document
    draft.modality = document.modality
    draft.left_out = dict(document.left_out)
    draft.problems = gone_with_their_cases(document)
    sources = [s for c in document.cases for s in (*c.images.values(), *c.targets.values()) if isinstance(s, Source)]
    draft.used = {file, *(s.path for s in sources)}
    return draft


LAYOUT = Layout("dataset_yaml", 10, matches, read)
