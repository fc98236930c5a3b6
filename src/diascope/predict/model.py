"""A trained run, ready to predict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from numpy.typing import NDArray

from diascope.calibration.fit import nothing_fitted
from diascope.core.documents.calibration import Calibration
from diascope.core.documents.dataset import Case, Dataset, Target
from diascope.core.documents.fingerprint import Fingerprint
from diascope.core.documents.plan import Plan
from diascope.core.documents.run import Run
from diascope.core.errors import InputError
from diascope.core.families import ANSWERS, TASKS
from diascope.core.image import Image
from diascope.core.ports.answer import Answer
from diascope.core.ports.task import Told
from diascope.io import read_image
from diascope.predict.case import Predictor
from diascope.predict.inputs import cases_of, input_names, unusual
from diascope.predict.network import choose_device, load_members
from diascope.predict.output import (
    check_format,
    file_name,
    mask_suffix,
    write_table,
)
from diascope.predict.reading import reference_channel, reference_image
from diascope.transforms.prepare import check_not_constant

Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class Predicted:
    """What a call of ``predict_files`` did.

    Attributes:
        written: files, in the order of the inputs.
        refused: input → why, in one line.
        inputs: case → its input, as it was given or below the folder that was given.
        answers: case → what is told of it (``Task.told``): a row, or a row for each finding.
        notes: case → what had to be decided to prepare its images; cases without any are absent.
        warnings: what the whole call has to say, such as that the run's device is not here.
    """

    written: list[Path] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Told] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def check_finished(run: Path, *, made: Sequence[Path]) -> None:
    """Refuse a folder that is no run, or a run without what its end makes.

    Raises:
        InputError: which of them, and how to go on.
    """
    if not (run / "run.json").exists():
        raise InputError(
            f"{run.name} is no run",
            expected="a folder that diascope train has written, with run.json",
            got="no run.json there",
            fix="name the folder that diascope train --out was given",
        )
    missing = [path.name for path in made if not path.exists()]
    if missing or not made:
        raise InputError(
            f"the run {run.name} is not finished",
            expected="a run that was trained to its end",
            got=f"no {missing[0]} yet" if missing else "no trained network yet",
            fix="go on with diascope train DATA --out RUN --resume",
        )


def weights_of(run: Path) -> list[Path]:
    """Return the files of a finished run's weights.

    Raises:
        InputError: the folder is no run, or it is not finished.
    """
    check_finished(run, made=[run / "run.json"])
    facts = Run.load(run / "run.json")
    files = [run / "members" / m.folder / "model.safetensors" for m in facts.members]
    check_finished(run, made=[] if facts.status == "training" else files)
    return files


@dataclass(frozen=True, eq=False)
class Model:
    """The members of a run with its plan and calibration, what there is to warn of, and what it was trained on."""

    plan: Plan
    target: Target
    calibration: Calibration
    predictor: Predictor
    warnings: tuple[str, ...] = ()
    fingerprint: Fingerprint | None = None

    @classmethod
    def load(cls, run: Path, *, device: str = "auto") -> "Model":
        """Return the model of a run's folder; with ``auto`` it runs on the plan's device, else on what is here.

        Raises:
            InputError: the folder is no finished run.
            OptionError: a device was asked for that is not here.
        """
        files = weights_of(run)
        plan = Plan.load(run / "plan.yaml")
        target = Dataset.load(run / "dataset.yaml").targets[plan.target or ""]
        path = run / "calibration.json"
        calibration = Calibration.load(path) if path.exists() else nothing_fitted()
        where, warning = choose_device(plan, device)
        members = load_members(plan, target, files, device=where)
        predictor = Predictor(plan, target, members, tuple(plan["predict.mirror"]), calibration)
        path = run / "fingerprint.json"
        fingerprint = Fingerprint.load(path) if path.exists() else None
        return cls(plan, target, calibration, predictor, (warning,) if warning else (), fingerprint)

    def predict(self, source: Path | str) -> "Image | Told":
        """Return one image's map on its own grid (labels in the target's values), or what is told of it.

        Raises:
            InputError: the image cannot be read or does not fit, or a folder holds more than one case.
        """
        cases, refused = cases_of([Path(source)], self.plan["preprocess.channels"])
        if refused or not cases:
            raise InputError("nothing can be predicted", got="; ".join(refused.values()))
        if len(cases) > 1:
            raise InputError(
                f"{Path(source).name} holds several cases",
                expected="one image, or the folder of one",
                got=f"{len(cases)} cases",
                fix="give one at a time, or predict all of them with diascope predict RUN INPUT... --out DIR",
            )
        images = self._read(cases[0])
        answer = self.predictor.predict(images)
        if image := self.answer.image:
            return image(answer, self.target, reference_image(self.plan, images).geometry)
        return self._told(answer, images)

    def predict_files(
        self,
        inputs: Sequence[Path],
        out: Path,
        *,
        format: str | None = None,
        progress: Progress | None = None,
    ) -> Predicted:
        """Predict every case of the inputs and write the results; a bad one is refused by name, the rest are done.

        Raises:
            InputError: none of the inputs is there.
            OptionError: the format is unknown, or the run's answers cannot be written in it.
        """
        if format is not None:
            check_format(format, has_files=self.has_files, ndim=len(self.plan["patch.size"]))
        told: list[str] = list(self.warnings)
        cases, refused = cases_of(inputs, self.plan["preprocess.channels"], told)
        if not cases:
            raise InputError(
                "none of the inputs can be predicted", got="; ".join(refused.values()), fix="check the paths"
            )
        out.mkdir(parents=True, exist_ok=True)
        done = Predicted(refused=refused, inputs=input_names(cases, inputs), warnings=tuple(told))
        files: dict[str, Path] = {}
        for number, case in enumerate(cases):
            try:
                self._one(case, out, format, done, files)
            except InputError as error:
                done.refused[case.id] = str(error).replace("\n", "; ")
            if progress:
                progress("predict", number + 1, len(cases), case.id)
        if done.answers:
            tables = write_table(out, done.answers, done.inputs, files)
            done.written.extend([] if files else tables)
        return done

    @property
    def has_files(self) -> bool:
        """Answer whether each case's answer is a file of its own."""
        return self.answer.write is not None

    @property
    def answer(self) -> Answer:
        """Return the form of the run's answers."""
        return ANSWERS.load(TASKS.load(self.plan.task).answer)

    def _one(self, case: Case, out: Path, wanted: str | None, done: Predicted, files: dict[str, Path]) -> None:
        images = self._read(case)
        prepared = self.predictor.prepare(images)
        (answer,) = self.predictor.answer([prepared])
        if notes := (*prepared.notes, *self._unusual(images)):
            done.notes[case.id] = notes
        if write := self.answer.write:
            name = reference_channel(self.plan, images)
            source = Path(case.images[name].path)
            path = out / file_name(case.id, mask_suffix(source, wanted, picture=self.answer.picture_suffix))
            write(path, answer, self.target, images[name].geometry, source if source.is_file() else None)
            files[case.id] = path
            done.written.append(path)
        done.answers[case.id] = self._told(answer, images)

    def _unusual(self, images: dict[str, Image]) -> tuple[str, ...]:
        grid = reference_image(self.plan, images).geometry
        return unusual(grid, self.fingerprint) if self.fingerprint else ()

    def _read(self, case: Case) -> dict[str, Image]:
        neighbours = self.plan.decisions.get("preprocess.neighbours")  # older plans lack it
        as_film = {"as_film": neighbours is not None and neighbours.value is not None}
        sources = {name: source.model_copy(update=as_film) for name, source in case.images.items()}
        images = {name: read_image(Path("/"), source) for name, source in sources.items()}
        ndim = len(self.plan["patch.size"])
        for name, image in images.items():
            if image.geometry.ndim != ndim:
                raise InputError(f"{name} has {image.geometry.ndim} axes", expected=f"a {ndim}-D image")
        check_not_constant(images)
        return images

    def _told(self, answer: NDArray, images: dict[str, Image]) -> Told:
        task = TASKS.load(self.plan.task)
        geometry = reference_image(self.plan, images).geometry if ANSWERS.load(task.answer).on_grid else None
        return task.told(self.target, answer, self.calibration, geometry)
