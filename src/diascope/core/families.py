"""Every family of plug-ins, by the package that holds its files. Nothing is imported until a name is loaded."""

from diascope.core.catalogue import Catalogue
from diascope.core.ports.answer import Answer
from diascope.core.ports.engine import Engine
from diascope.core.ports.kind import Kind
from diascope.core.ports.loss import Loss
from diascope.core.ports.measure import Measure
from diascope.core.ports.metric import Metric
from diascope.core.ports.network import Network
from diascope.core.ports.reader import Reader
from diascope.core.ports.task import Task
from diascope.core.ports.transform import RandomTransform

KINDS: Catalogue[Kind] = Catalogue("diascope.core.targets", "KIND")
READERS: Catalogue[Reader] = Catalogue("diascope.io", "READER")
NETWORKS: Catalogue[Network] = Catalogue("diascope.networks", "NETWORK")
LOSSES: Catalogue[Loss] = Catalogue("diascope.losses", "LOSS")
MEASURES: Catalogue[Measure] = Catalogue("diascope.measures", "MEASURE")
METRICS: Catalogue[Metric] = Catalogue("diascope.metrics", "METRIC")
TASKS: Catalogue[Task] = Catalogue("diascope.tasks", "TASK")
ANSWERS: Catalogue[Answer] = Catalogue("diascope.predict.answers", "ANSWER")
ENGINES: Catalogue[Engine] = Catalogue("diascope.engines", "ENGINE")
RANDOM_TRANSFORMS: Catalogue[RandomTransform] = Catalogue("diascope.transforms.random", "TRANSFORM")
