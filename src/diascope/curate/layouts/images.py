"""Images that nothing is said of: they can be inspected, and learned from once something is."""

from diascope.core.documents.dataset import Case, Source
from diascope.curate.draft import Draft, Layout, safe_ids
from diascope.curate.listing import Listing, image_suffixes, stem

ARRAYS = (".npy", ".npz")


def matches(listing: Listing) -> bool:
    """Answer whether there is any image, or the user named one."""
    if listing.given:
        return listing.given.lower().endswith((*image_suffixes(), *ARRAYS))
    return bool(listing.images)


def read(listing: Listing) -> Draft:
    """Return a case for each image, without a target."""
    files = (listing.given,) if listing.given else listing.images
    stems = [stem(f) for f in files]
    names = (
        stems
        if len(set(stems)) == len(stems)
        else [f"{f.rpartition('/')[0]}/{s}" for f, s in zip(files, stems, strict=True)]
    )
    ids = safe_ids(n.strip("/") for n in names)
    cases = [Case(id=i, images={"image": Source(path=f)}) for i, f in zip(ids, files, strict=True)]
    draft = Draft(listing, listing.root.name, ("image",), cases, used=set(files))
    draft.note(
        "no_target", "nothing says what to learn from these images: add masks, class folders or a table with labels"
    )
    return draft


LAYOUT = Layout("images", 90, matches, read)
