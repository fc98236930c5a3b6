"""Which cases the plan was made from."""

from typing import Any, Literal

from diascope.core.errors import OptionError
from diascope.plan.rule import Context, Rule

KEY = "fingerprint.cases"


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    if context.fold == "all":
        because = (
            "one plan serves all folds, so its spacing, intensities and balance come from the cases of all of them, "
            "those that another fold evaluates among them; weights, temperature and operating points do not, and the "
            "test part enters nothing"
        )
        found = ("all folds", because)
    else:
        found = ("training part", f"of fold {context.fold}: no number of an evaluated case enters the plan")
    wanted = context.values.get(KEY, found[0])
    if wanted != found[0]:
        fix = "leave it out, or choose one --fold at a time: each then has a plan of its own"
        raise OptionError(f"{KEY} follows from --fold", expected=found[0], got=wanted, fix=fix)
    return {KEY: found}


RULE = Rule("fingerprint", {KEY: Literal["training part", "all folds"]}, _apply)
