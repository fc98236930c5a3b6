"""The page on radiomics names every feature with its code and unit, every option and aggregation, and its code runs."""

import contextlib
import importlib
import io
import os
import re
from pathlib import Path

from diascope.core.families import MEASURES
from diascope.measures._ibsi_matrices import AGGREGATIONS, AGGREGATIONS_OF_ZONES

PAGE = Path(__file__).parents[2] / "docs/radiomics.md"
MARK, END = "<!-- features -->\n", "\nLeft out are"
IBSI = [name for name in MEASURES.names() if name.startswith("ibsi_")]
UNIT = "u"


def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def table_of(name: str) -> str:
    """Return the heading and the table of one group; ``u`` stands for the image's unit."""
    measure = MEASURES.load(name)
    features = importlib.import_module(f"diascope.measures.{name}").FEATURES
    codes = {key: value if isinstance(value, str) else value[-1] for key, value in features.items()}
    units = measure.names(max(measure.ndims), {"unit": UNIT, "ivh_bin_width": 1.0})
    family = next(iter(units)).split("_")[0]
    rows = []
    for feature, code in codes.items():
        unit = next(u for key, u in units.items() if key.startswith(f"{family}_{feature}"))
        rows.append(f"| `{family}_{feature}` | {code} | {unit or '–'} |")
    head = f"### {measure.title.removesuffix(' (IBSI)')}: `{name}`\n\n| feature | code | unit |\n| --- | --- | --- |\n"
    return head + "\n".join(rows) + "\n"


def test_page_has_every_feature_with_its_code_and_unit():
    before, rest = text().split(MARK)
    written, after = rest.split(END)
    legend = f"\n`{UNIT}` is the image's unit, `a.u.` where it is not known; a dash is a plain number.\n\n"
    wanted = legend + "\n".join(table_of(name) for name in IBSI)
    if os.environ.get("DIASCOPE_UPDATE_DOCS"):
        PAGE.write_text(before + MARK + wanted + END + after, encoding="utf-8")
    else:
        assert written == wanted


def test_page_names_every_option_and_aggregation():
    named = set(re.findall(r"^\| `([^`]+)` \|", text(), flags=re.MULTILINE))
    options = {option for name in IBSI for option in MEASURES.load(name).options}
    assert options | set(AGGREGATIONS) | set(AGGREGATIONS_OF_ZONES) <= named


def test_code_of_the_page_prints_what_stands_below_it():
    (code,) = re.findall(r"```python\n(.*?)```", text(), flags=re.DOTALL)
    (printed,) = re.findall(r"```text\n(.*?)```", text(), flags=re.DOTALL)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, PAGE.name, "exec"), {})
    assert out.getvalue() == printed
