"""The documentation names every command, option, key of the plan, layout, format and room, and no others."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from diascope.cli.app import COMMANDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
MARK = "<!-- help -->"


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def first_cells(text: str) -> set[str]:
    """Return what stands in code spans in the first cell of a page's tables."""
    cells = re.findall(r"^\| (`[^|]*) \|", text, flags=re.MULTILINE)
    return {span for cell in cells for span in re.findall(r"`([^`]+)`", cell)}


def help_pages() -> str:
    blocks = []
    for arguments in ([], *([command.name] for command in COMMANDS)):
        program = [str(Path(sys.executable).with_name("diascope")), *arguments, "--help"]
        environment = {**os.environ, "COLUMNS": "110", "TERM": "dumb"}
        done = subprocess.run(program, capture_output=True, text=True, check=True, env=environment)
        title = " ".join(["diascope", *arguments])
        blocks.append(f"## {title}\n\n```text\n{done.stdout.rstrip()}\n```\n")
    return "\n".join(blocks)


def test_cli_page_is_what_help_prints():
    page = DOCS / "cli.md"
    head, mark, written = text_of(page).partition(MARK)
    printed = "\n\n" + help_pages()
    if os.environ.get("DIASCOPE_UPDATE_DOCS"):
        page.write_text(head + mark + printed, encoding="utf-8")
    else:
        assert written == printed


def test_plan_page_names_every_key_and_no_other():
    from diascope.plan.planner import known_keys

    assert first_cells(text_of(DOCS / "plan.md")) == set(known_keys())


def test_readme_names_every_command_layout_and_format():
    from diascope.core.families import READERS
    from diascope.curate.draft import LAYOUTS

    text = text_of(ROOT / "README.md")
    assert set(READERS.names()) | set(LAYOUTS.names()) <= first_cells(text)
    for name, reader in READERS.all().items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |") and line.count("|") == 5)
        assert set(re.findall(r"`(\.\w[\w.]*)`", row)) == set(reader.suffixes)
        assert row.endswith("| yes |") == (reader.write is not None)


def test_architecture_names_every_room():
    rooms = {p.name for p in (ROOT / "src/diascope").iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    rooms |= {p.stem for p in (ROOT / "src/diascope").glob("*.py")} - {"__init__"}
    assert rooms <= first_cells(text_of(DOCS / "architecture.md"))


def test_architecture_names_every_family():
    from diascope.core import families
    from diascope.core.catalogue import Catalogue

    text = text_of(DOCS / "architecture.md")
    for name, catalogue in vars(families).items():
        if isinstance(catalogue, Catalogue):
            assert f"| `{name}`" in text
            assert f"`{catalogue.package}` | `{catalogue.constant}`" in text


def test_decisions_are_numbered_without_gaps_and_complete():
    pages = sorted(p for p in (DOCS / "decisions").glob("*.md") if not p.name.startswith("0000"))
    assert [int(p.name[:4]) for p in pages] == list(range(1, len(pages) + 1))
    parts = ("**Context.**", "**Options.**", "**Decision.**", "**Consequences.**", "**How we would notice")
    for page in pages:
        text = text_of(page)
        assert text.startswith(f"# {page.name[:4]} ")
        assert all(part in text for part in parts), page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(page))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_contributing_is_short_and_names_every_command_of_make():
    text = text_of(ROOT / "CONTRIBUTING.md")
    assert len(text.splitlines()) < 80
    targets = re.findall(r"^(\w+):.*## ", text_of(ROOT / "Makefile"), flags=re.MULTILINE)
    assert {"setup", "check", "test", "demo", "bench", "docs"} <= set(targets)
    assert {f"make {t}" for t in targets if t != "clean"} <= first_cells(text)


def test_changelog_has_numerics_in_every_version():
    versions = re.split(r"^## ", text_of(ROOT / "CHANGELOG.md"), flags=re.MULTILINE)[1:]
    assert versions
    assert all("### Numerics" in version for version in versions)


def test_environment_variables_are_documented():
    used = set()
    for path in (ROOT / "src").rglob("*.py"):
        used |= set(re.findall(r"\bDIASCOPE_[A-Z_]+\b", text_of(path)))
    assert used <= first_cells(text_of(DOCS / "cli.md"))


def test_licence_is_apache_2():
    text = text_of(ROOT / "LICENSE")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_no_machine_path_is_written_down():
    """A path of somebody's machine works nowhere else."""
    pattern = re.compile(r"/(home|Users|work|root)/\w+")
    found = [
        path.relative_to(ROOT).as_posix()
        for folder in ("src", "tests", "docs", "benchmarks")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md", ".yaml", ".json", ".toml"} and path != Path(__file__).resolve()
        if pattern.search(text_of(path))
    ]
    assert not found
