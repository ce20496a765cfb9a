"""Every module has a test of its name, or modules.toml says where it is tested."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "reconciler"
TESTS = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
LISTED: dict[str, dict[str, str]] = tomllib.loads((ROOT / "tests/modules.toml").read_text(encoding="utf-8"))
ENTRIES = {(folder, name): path for folder, entries in LISTED.items() for name, path in entries.items()}


def entry_of(module: Path) -> tuple[str, str]:
    """The table and the key of a module: `providers` and `http.deadline`; `reconciler` and `wiring`."""
    *folders, name = module.relative_to(PACKAGE).with_suffix("").parts
    folder, *below = folders or ["reconciler"]
    return folder, ".".join([*below, name])


MODULES = {entry_of(path): path.stem for path in PACKAGE.rglob("*.py") if path.stem != "__init__"}
NAMED = {entry for entry, stem in MODULES.items() if any(f"{test}_".startswith(f"test_{stem}_") for test in TESTS)}


def test_every_module_has_a_test_of_its_name_or_an_entry() -> None:
    assert sorted(MODULES.keys() - NAMED - ENTRIES.keys()) == []


def test_every_entry_is_a_module_without_a_test_of_its_name() -> None:
    assert sorted(ENTRIES.keys() - MODULES.keys()) == []
    assert sorted(ENTRIES.keys() & NAMED) == []


def test_every_entry_names_a_test_module_or_a_folder_of_golden_cases() -> None:
    tests = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    cases = {str(path.relative_to(ROOT)) for path in (ROOT / "tests/golden/plans").iterdir()}
    assert {entry: path for entry, path in ENTRIES.items() if path not in tests | cases} == {}


def test_the_entries_are_sorted() -> None:
    assert list(ENTRIES) == sorted(ENTRIES)
