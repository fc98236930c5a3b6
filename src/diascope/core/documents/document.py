"""What every document has: a schema, a digest, atomic saving and migration on load."""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from diascope.core.errors import InputError

Migration = Callable[[dict[str, Any]], dict[str, Any]]


class Model(BaseModel):
    """A frozen part of a document; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, ser_json_inf_nan="strings")


class Document(Model):
    """A frozen document that knows its schema and the digest of its content.

    Subclasses set ``SCHEMA`` (``"diascope.plan/1"``) and, once there is a version 2, ``MIGRATIONS``: a function
    for each older schema that returns the next version's content.
    """

    SCHEMA: ClassVar[str]
    MIGRATIONS: ClassVar[dict[str, Migration]] = {}
    schema_: str = Field(default="", alias="schema")

    def model_post_init(self, context: object) -> None:
        """Stamp the schema."""
        object.__setattr__(self, "schema_", self.SCHEMA)

    def content(self) -> dict[str, Any]:
        """Return the document as plain JSON values, its schema first."""
        plain = json.loads(self.model_dump_json(by_alias=True))  # by way of text, which writes infinity as a string
        return {"schema": self.SCHEMA} | plain

    def digest(self) -> str:
        """Return the first 16 hexadecimal digits of the SHA-256 of the canonical content."""
        return digest(self.content())

    def save(self, path: Path) -> Path:
        """Write the document (YAML or JSON by suffix), whole or not at all, and return the path."""
        content = self.content()
        if path.suffix in {".yaml", ".yml"}:
            text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
        else:
            text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        write_atomically(path, text.encode())
        return path

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a document, bringing older schemas up to date.

        Raises:
            InputError: the file is missing, is no YAML or JSON, or does not fit the schema.
        """
        try:
            text = path.read_text(encoding="utf-8")
            is_yaml = path.suffix in {".yaml", ".yml"}
            content = yaml.load(text, YAML_LOADER) if is_yaml else json.loads(text)  # noqa: S506 — a safe loader
        except (OSError, UnicodeDecodeError, yaml.YAMLError, json.JSONDecodeError) as error:
            raise InputError(f"{path.name} cannot be read as {path.suffix[1:].upper()}", got=str(error)) from None
        return cls.from_content(content, path.name)

    @classmethod
    def from_content(cls, content: object, name: str) -> Self:
        """Return the document that plain values describe; ``name`` is for the message.

        Raises:
            InputError: the content does not fit the schema.
        """
        if not isinstance(content, dict) or "schema" not in content:
            raise InputError(f"{name} is no Diascope document", expected=f"schema: {cls.SCHEMA}", got="no schema")
        while content["schema"] != cls.SCHEMA:
            if content["schema"] not in cls.MIGRATIONS:
                raise _other_schema(name, cls.SCHEMA, content["schema"])
            content = cls.MIGRATIONS[content["schema"]](content)
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise InputError(
                f"{name}: {where or 'the document'} is wrong", expected=first["msg"], got=repr(first.get("input"))[:200]
            ) from None


def _other_schema(name: str, known: str, got: object) -> InputError:
    """Return the error for a document of another kind, or of a version that is not known yet."""
    kind, _, version = known.partition("/")
    other, _, newer = str(got).partition("/")
    if other == kind and newer.isdigit() and int(newer) > int(version):
        fix = "update Diascope, or make the document anew with this version"
        return InputError(f"{name} was written by a newer Diascope", expected=f"{known} or older", got=got, fix=fix)
    return InputError(f"{name} has another schema", expected=known, got=got)


def schema_of(path: Path) -> str | None:
    """Return the schema that a YAML or JSON file names, None where it is no document of ours.

    Only the head is read: the schema stands first in what ``save`` writes.
    """
    if path.suffix not in {".yaml", ".yml", ".json"} or not path.is_file():
        return None
    with path.open(encoding="utf-8", errors="replace") as file:
        found = re.search(r"""^[{\s]*"?schema"?\s*:\s*["']?(diascope\.\w+/\d+)""", file.read(400), re.MULTILINE)
    return found[1] if found else None


YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader where PyYAML was built with it: ten times faster on a data set of thousands of cases."""


def digest(content: object) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of ``content`` as canonical JSON."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    Raises:
        OSError: as the system says (read-only folder, full disk); nothing is left behind.
    """
    with named(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with named(path):
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Let an error of the system name the file that is to be written, not the part that is renamed in the end."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise
