"""What happened when a plan was carried out."""

from typing import ClassVar, Literal

from diascope.core.documents.document import Document, Model


class Member(Model):
    """One trained network: its folder ``members/NN``, its fold and seed, the steps it did and how long they took."""

    folder: str
    fold: int
    seed: int
    steps: int
    seconds: float
    weights_digest: str = ""


class Run(Document):
    """A run's own facts.

    Attributes:
        status: ``training`` until the weights are there, ``trained`` until the report is there, then ``done``.
        began: Unix time at which the budget began to run; earlier_seconds: what interrupted parts of the run took.
        seconds: of each stage, by its name; ``total`` is that of the whole command, once it is over.
        seeds: members a fold.
        peak_memory_gib: largest memory of the processes, counted as ``train.memory`` says; predicted by the plan.
        machine: processor, cores, memory, versions.
        replays: the plan came with recorded steps: nothing is measured or cut.
    """

    SCHEMA: ClassVar[str] = "diascope.run/1"
    plan_digest: str
    status: Literal["training", "trained", "done"]
    members: tuple[Member, ...] = ()
    began: float = 0.0
    earlier_seconds: float = 0.0
    seconds: dict[str, float] = {}
    peak_memory_gib: float | None = None
    predicted_memory_gib: float | None = None
    machine: dict[str, str] = {}
    seeds: int = 1
    replays: bool = False
    warnings: tuple[str, ...] = ()
