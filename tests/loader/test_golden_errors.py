"""The messages for invalid manifests are exactly those in tests/golden/manifest_errors.txt.

A case is a title `=== what is wrong`, the file (or files, each below its `@name`), `>>>` and every problem reported.
UPDATE_GOLDEN=1 writes the problems again.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.loader.build import load

GOLDEN = Path(__file__).parents[1] / "golden" / "manifest_errors.txt"
ENVIRON = {"SECRET": "hunter2 is a secret", "EMPTY": "", "NUMBER": "700"}


@dataclass(frozen=True)
class Case:
    title: str
    content: str
    reported: str

    def __str__(self) -> str:
        return f"=== {self.title}\n{self.content}>>>\n{self.reported}"


def cases() -> list[Case]:
    found = re.findall(r"^=== (.*)\n((?:.*\n)*?)>>>\n((?:(?!===).*\n)*)", GOLDEN.read_text(encoding="utf-8"), re.M)
    return [Case(title, content, reported.rstrip("\n") + "\n") for title, content, reported in found]


def problems_of(content: str) -> str:
    files = re.findall(r"^@(.*)\n((?:[^@].*\n)*)", content, re.M)
    for name, text in files or [("voices.yaml", content)]:
        Path(name).write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        load(Path() if files else Path("voices.yaml"), environ=ENVIRON)
    return "".join(f"{problem}\n" for problem in caught.value.problems)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.title)
def test_the_problems_are_reported_word_for_word(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    reported = problems_of(case.content)
    if os.environ.get("UPDATE_GOLDEN"):
        renewed = [Case(c.title, c.content, reported) if c.title == case.title else c for c in cases()]
        GOLDEN.write_text("\n".join(map(str, renewed)), encoding="utf-8")
    assert reported == (case.reported if not os.environ.get("UPDATE_GOLDEN") else reported)


def test_there_are_at_least_35_broken_manifests() -> None:
    assert len(cases()) >= 35


def test_no_secret_and_no_word_of_a_library_is_reported() -> None:
    reported = "".join(case.reported for case in cases())
    for word in ("hunter2", "s3cr3t", "Input should", "pydantic", "valid string", "block mapping", "Traceback"):
        assert word not in reported
