"""What reading the images has shown: unreadable, constant, mixed, on other grids, standing out in quality."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from diascope.core.errors import GeometryError
from diascope.core.geometry import check_same_grid
from diascope.curate.draft import Draft, held_out, in_one_line
from diascope.curate.quality import MEASURES, OUTLYING, rank
from diascope.curate.scan import CaseFacts, ChannelFacts

MOST_NOTES, WORST = 12, 3
"""Different remarks of readers that are shown, and cases named for each image measure."""

MIXED_MODALITIES = "mixed_modalities"
"""Code of the problem whose message counts the cases of each modality in brackets."""

Facts = Mapping[str, CaseFacts]


def leave_out_unreadable(draft: Draft, facts: Facts) -> None:
    """Leave out each case that failed, with the reason."""
    failed = {i: in_one_line(f.error) for i, f in facts.items() if f.error}
    draft.left_out.update(failed)
    if failed:
        first = next(iter(failed.items()))
        draft.warn("unreadable", f"{len(failed)} of {len(facts)} cases cannot be read; {first[0]}: {first[1]}", failed)


def leave_out_empty(draft: Draft, facts: Facts) -> None:
    """Leave out images with NaN or infinity, and constant ones unless they lie in a part that was given to test on."""
    held = held_out(draft.given)
    bad = [i for i, f in facts.items() if any(not c.finite for c in f.channels.values())]
    flat = [
        i
        for i, f in facts.items()
        if i not in set(bad) and f.channels and all(c.low == c.high for c in f.channels.values())
    ]
    draft.left_out.update(dict.fromkeys(bad, "its image holds values that are not finite (NaN or infinity)"))
    draft.left_out.update(
        dict.fromkeys((i for i in flat if i not in held), "its image is constant: every voxel has one value")
    )
    if bad:
        draft.warn("not_finite", f"{_cases(bad)} NaN or infinite values and left out; replace them by numbers", bad)
    if flat:
        kept = (
            f"; {len(held & set(flat))} of them stay, as they belong to a given validation or test part"
            if held & set(flat)
            else ""
        )
        draft.warn("constant_image", f"{_cases(flat)} one value in every voxel and left out{kept}", flat)
    for channel in draft.channels[1:] and draft.channels:
        some = [i for i, f in facts.items() if i not in set(flat) and _is_flat(f.channels.get(channel))]
        if some:
            draft.warn(
                "constant_channel", f"channel {channel} is constant in {len(some)} cases: it says nothing there", some
            )


def _cases(ids: list[str]) -> str:
    return "1 case holds" if len(ids) == 1 else f"{len(ids)} cases hold"


def _is_flat(channel: ChannelFacts | None) -> bool:
    return channel is not None and channel.low == channel.high


def find_mixtures(draft: Draft, facts: Facts) -> tuple[int, dict[str, int]]:
    """Return the number of spatial axes and each channel's planes, saying where cases differ."""
    dims = {i: next(iter(f.channels.values())).geometry.ndim for i, f in facts.items() if f.channels}
    ndim = _most(dims.values()) or 2
    other = [i for i, n in dims.items() if n != ndim]
    if other:
        draft.error(
            "mixed_dimensions",
            f"{len(dims) - len(other)} cases are {ndim}-D and {len(other)} are {5 - ndim}-D ({_names(other)}): "
            "expected one kind; keep one of them, or give each its own folder",
            other,
        )
    planes = {}
    for channel in draft.channels:
        found = {i: f.channels[channel].planes for i, f in facts.items() if channel in f.channels}
        usual = _most(found.values()) or 1
        planes[channel] = usual
        odd = [i for i, n in found.items() if n != usual]
        if odd:
            draft.error(
                "mixed_components",
                f"channel {channel}: {len(found) - len(odd)} images are {_colour(usual)} and {len(odd)} are "
                f"{_colour(found[odd[0]])} ({_names(odd)}): expected one kind; convert them to the same",
                odd,
            )
    return ndim, {c: n for c, n in planes.items() if n != 1}


def _colour(planes: int) -> str:
    return {1: "grey", 3: "RGB"}.get(planes, f"of {planes} components or volumes (a fourth axis)")


def _most(values: Iterable[int]) -> int | None:
    counts = Counter(values)
    return max(counts, key=lambda v: (counts[v], v)) if counts else None


def _names(ids: list[str]) -> str:
    return ", ".join(ids[:3]) + (" …" if len(ids) > 3 else "")


def find_grids(draft: Draft, facts: Facts) -> None:
    """Say which cases have channels on other grids, lack channels, or lack a spacing."""
    other: list[str] = []
    example = ""
    for i, f in facts.items():
        for reference, channel in ((a, c) for a, *rest in [list(f.channels.items())] for c in rest):
            try:
                check_same_grid(reference[1].geometry, channel[1].geometry, (reference[0], channel[0]))
            except GeometryError as error:
                other.append(i)
                example = example or f"in {i}, {error.what} (expected {error.expected}, got {error.got})"
                break
    if other:
        draft.note(
            "channels_on_other_grids",
            f"{len(other)} cases have channels on different grids; they are brought to the first channel's; {example}",
            other,
        )
    for channel in draft.channels:
        lacking = [i for i, f in facts.items() if f.channels and channel not in f.channels]
        if lacking:
            draft.warn(
                "missing_channel", f"channel {channel} is missing in {len(lacking)} of {len(facts)} cases", lacking
            )
    unknown = [i for i, f in facts.items() if any(not c.geometry.has_spacing for c in f.channels.values())]
    if unknown and len(unknown) < len(facts):
        draft.warn("spacing_unknown", f"{len(unknown)} of {len(facts)} cases do not say how large a voxel is", unknown)


def find_modality(draft: Draft, facts: Facts) -> str | None:
    """Return the modality that all cases share, saying where they differ; None where it is not known."""
    found: dict[str, list[str]] = defaultdict(list)
    for i, f in facts.items():
        for name in {c.modality for c in f.channels.values() if c.modality}:
            found[name].append(i)
    if len(found) > 1:
        counts = ", ".join(f"{name} {len(ids)}" for name, ids in sorted(found.items()))
        if len(draft.channels) == 1:
            what = f"images of several modalities lie together ({counts}): one network would learn all of them"
            draft.warn(MIXED_MODALITIES, what)
        else:
            draft.note(MIXED_MODALITIES, f"the channels are of several modalities ({counts})")
    return draft.modality or (next(iter(found)) if len(found) == 1 else None)


def pass_on_notes(draft: Draft, facts: Facts) -> None:
    """Pass on what the readers had to decide, equal remarks together."""
    remarks: dict[str, list[str]] = defaultdict(list)
    for i, f in facts.items():
        for note in dict.fromkeys(
            (*(n for c in f.channels.values() for n in c.notes), *(n for m in f.masks.values() for n in m.notes))
        ):
            remarks[note].append(i)
    ordered = sorted(remarks.items(), key=lambda item: (-len(item[1]), item[0]))
    for note, ids in ordered[:MOST_NOTES]:
        draft.note("reader", f"{note} ({len(ids)} case{'s' * (len(ids) > 1)})", ids)
    if len(ordered) > MOST_NOTES:
        rest = sorted({i for _, ids in ordered[MOST_NOTES:] for i in ids})
        draft.note(
            "reader", f"{len(ordered) - MOST_NOTES} further remarks of the readers concern {len(rest)} cases", rest
        )


def rank_quality(draft: Draft, facts: Facts, sampled: int | None) -> None:
    """Name the worst cases by each image measure."""
    measured = {i: f.quality for i, f in facts.items() if f.quality and i not in draft.left_out}
    if sampled is not None and measured:
        draft.note("quality_sampled", f"image quality was measured on {len(measured)} cases drawn from {sampled}")
    for measure in MEASURES:
        ranked = rank(measured, measure.name)
        worst = [(i, z) for i, z in ranked[:WORST] if z > 0]
        if not worst:
            continue
        beyond = sum(z > OUTLYING for _, z in ranked)
        listed = ", ".join(f"{i} (z {_z(z)})" for i, z in worst)
        draft.note(
            f"quality_{measure.name}",
            f"most {measure.finds}: {listed}; {beyond} beyond {OUTLYING}",
            [i for i, _ in worst],
        )


def _z(z: float) -> str:
    """Return a score in few digits: where nearly all values are equal, the least deviation has millions."""
    return f"{z:.1f}" if z < 1000 else "above 1000"
