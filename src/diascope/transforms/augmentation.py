"""Random changes of training batches, as the plan's values under ``augment.`` say.

A magnitude is the largest that is drawn; 0, None, an empty list or no key at all leaves that change out.

==================  =========  ========================================================================================
key                 unit       meaning
==================  =========  ========================================================================================
``flip``            axes       list of axes (of the network's grid) along which samples are mirrored
``mosaic``          1          puts each sample together of parts of several ones, for boxes and label maps (1: on)
``rotate_deg``      degrees    largest rotation: one number, or one about each axis (2-D: one number)
``scale``           ratio      0.2 enlarges or shrinks by up to 1.2
``shear``           tangent    largest shear
``translate``       share      largest shift as a share of each axis
``elastic``         share      largest displacement of a control point in control spacings; nothing folds below 0.4
``elastic_spacing`` voxels     between control points (12)
``spacing``         any        voxel edges along each axis: rotations, blur and deformations are then true in mm, and
                               thick axes are left alone by ``lowres``
``hue_deg``         degrees    largest turn of hues; 2-D pictures of three planes only
``saturation``      ratio      0.3 multiplies the distance to grey by 1/1.3 to 1.3; the same pictures only
``bias``            log        largest logarithm of a smooth multiplicative field (0.5: a factor of 1.6)
``contrast``        ratio      0.3 multiplies the distance to the mean by 1/1.3 to 1.3
``brightness``      deviation  largest shift of all values in standard deviations of the image
``gamma``           ratio      0.3 draws exponents between 1/1.3 and 1.3; a quarter of them on the inverted image
``per_channel``     bool       contrast, brightness and gamma differ from channel to channel (true); false for pictures
``blur``            voxels     largest deviation of Gaussian smoothing; at least half of it is taken
``lowres``          share      smallest size of a simulated coarser scan, 0.5 for half along each axis
``noise``           deviation  largest standard deviation of Gaussian noise, in those of the image
``cutout``          share      largest edge of a box that is covered by the mean
``mixup``           alpha      of the Beta distribution by which two cases and their vector targets are blended
``probability``     0 to 1     that a sample undergoes a change: one number, or by the change's name (``affine``,
                               ``elastic``, ``flip``, ``noise`` …; ``default`` for the others; 1 if not given)
==================  =========  ========================================================================================

Boxes go with their images through ``flip``, ``mosaic`` and rotation to ``translate``; the other moves refuse them.
All act in the table's order. Rotation to ``elastic`` are composed into one interpolation, which images and label maps
share; label maps take the class with the largest linear weight.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diascope.core.errors import OptionError, nearest
from diascope.core.families import RANDOM_TRANSFORMS
from diascope.core.ports.transform import RandomStep

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True)
class Augmentation:
    """All random transforms that a plan asks for, in order."""

    steps: tuple[RandomStep, ...] = ()

    @classmethod
    def build(cls, options: Mapping[str, Any]) -> "Augmentation":
        """Return the transforms that the plan's values under ``augment.`` switch on.

        Raises:
            OptionError: a key or a transform's name is unknown, or a probability is none.
        """
        transforms = sorted(RANDOM_TRANSFORMS.all().values(), key=lambda t: (t.rank, t.name))
        known = {"probability", *(key for t in transforms for key in (*t.switches, *t.settings))}
        for key in options:
            if key not in known:
                raise OptionError(f"augment has no {key!r}", fix=nearest(key, known))
        chance = _probabilities(options.get("probability"), [t.name for t in transforms])
        steps = []
        for transform in transforms:
            if any(options.get(key) for key in transform.switches) and chance[transform.name] > 0:
                own = {k: options[k] for k in (*transform.switches, *transform.settings) if options.get(k) is not None}
                steps.append(RandomStep(transform, own, chance[transform.name]))
        return cls(tuple(steps))

    def __call__(
        self, images: "Tensor", targets: "Tensor | None", rng: "Generator"
    ) -> tuple["Tensor", "Tensor | None"]:
        """Return a changed copy of a batch; the same generator state gives the same numbers.

        Args:
            images: ``(B, C, I, J[, K])`` float, in any memory format.
            targets: class indices ``(B, I, J[, K])``, which move with the images; vectors ``(B, O)`` float, which only
                ``mixup`` changes; or None.
            rng: where all randomness comes from.
        """
        if not self.steps:
            return images, targets
        from diascope.transforms.random._run import run

        return run(self.steps, images, targets, rng)


def _probabilities(given: Any, names: list[str]) -> dict[str, float]:
    """Return the probability of each transform."""
    by_name = given if isinstance(given, Mapping) else {"default": 1.0 if given is None else given}
    for name, value in by_name.items():
        if name not in (*names, "default"):
            raise OptionError(f"augment.probability has no {name!r}", fix=nearest(name, [*names, "default"]))
        if not isinstance(value, int | float) or not 0 <= value <= 1:
            raise OptionError(f"augment.probability of {name} is none", expected="a number from 0 to 1", got=value)
    default = float(by_name.get("default", 1.0))
    return {name: float(by_name.get(name, default)) for name in names}
