"""The public verbs stay callable whatever is imported."""

import subprocess
import sys


def test_rooms_do_not_hide_the_verbs_of_the_same_name():
    code = (
        "import diascope, diascope.plan.rule, diascope.evaluate.evaluation, diascope.predict.windows\n"
        "from diascope.plan import rule\n"
        "for verb in diascope.__all__: assert callable(getattr(diascope, verb)), verb\n"
        "assert rule.Budget"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_verbs_are_listed_before_they_are_imported():
    code = "import diascope\nassert {'inspect', 'train', 'load', 'predict', 'write'} <= set(dir(diascope))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
