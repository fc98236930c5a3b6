"""What is held back to fit temperature and operating points."""

from typing import Any

from diascope.curate.trainable import usable
from diascope.plan.rule import Context, Rule


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    splits = context.dataset.splits
    if not context.task.fits:
        return {"calibrate.held_back": (0.0, f"{context.task.name} fits nothing: it trains on the whole training part")}
    if splits is not None and usable(context.dataset, context.target_name or "", splits.test):
        return {"calibrate.held_back": (0.0, "a test part is evaluated, so the validation part serves to fit")}
    lost = " (no case of the test part can be used)" if splits is not None and splits.test else ""
    share = context.task.held_back
    because = f"the validation part is evaluated, so {share:.0%} of the training part's patients serve to fit{lost}"
    return {"calibrate.held_back": (share, because)}


RULE = Rule("calibrate", {"calibrate.held_back": float}, _apply)
