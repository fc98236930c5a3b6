"""How whole images are predicted."""

from typing import Any

from diascope.plan.rule import Context, Rule


def _apply(context: Context) -> dict[str, tuple[Any, str]]:
    flip = context.values["augment.flip"]
    return {
        "predict.engine": ("torch", "runs the network as it was trained"),
        "predict.window": (context.values["patch.size"], "the size it was trained on"),
        "predict.overlap": (0.5, "share of a window; blended by a Gaussian of sigma 1/8 (Isensee et al. 2021)"),
        "predict.mirror": (list(flip), "the axes mirrored in training, where the time for it is there"),
    }


RULE = Rule(
    "predict",
    {
        "predict.engine": str,
        "predict.window": list[int],
        "predict.overlap": float,
        "predict.mirror": list[int],
    },
    _apply,
    after=("patch", "augment"),
)
