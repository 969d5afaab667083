"""pyproject.toml, uv.lock and requirements.lock say the same thing."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = Path(__file__).parents[1]


def read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads((PROJECT / name).read_text(encoding="utf-8"))


PYPROJECT = read_toml("pyproject.toml")
UV_LOCK = read_toml("uv.lock")

ASKED = [Requirement(line) for line in PYPROJECT["project"]["dependencies"]]
ASKED_EXTRA = [
    Requirement(line)
    for extra in PYPROJECT["project"]["optional-dependencies"].values()
    for line in extra
]
ASKED_DEV = [Requirement(line) for line in PYPROJECT["dependency-groups"]["dev"]]

LOCKED = {(package["name"], package.get("version")) for package in UV_LOCK["package"]}

REQUIREMENT_LINES = (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()
PINNED = [Requirement(line) for line in REQUIREMENT_LINES]


def pinned_version(requirement: Requirement) -> str:
    (pin,) = requirement.specifier
    assert pin.operator == "==", f"{requirement} is not pinned"
    return pin.version


@pytest.mark.parametrize("asked", ASKED + ASKED_DEV, ids=str)
def test_what_pyproject_asks_for_is_pinned_in_requirements(asked: Requirement) -> None:
    versions = [pinned_version(pin) for pin in PINNED if same_name(pin, asked)]
    assert versions, f"{asked.name} is missing: run `make lock`"
    assert all(asked.specifier.contains(Version(version)) for version in versions)


@pytest.mark.parametrize("asked", ASKED + ASKED_DEV + ASKED_EXTRA, ids=str)
def test_what_pyproject_asks_for_has_a_lower_bound(asked: Requirement) -> None:
    assert [bound.operator for bound in asked.specifier] == [">="]


def test_uv_lock_was_made_from_these_requirements() -> None:
    (project,) = (p for p in UV_LOCK["package"] if p["name"] == PYPROJECT["project"]["name"])
    metadata = project["metadata"]
    assert UV_LOCK["requires-python"] == PYPROJECT["project"]["requires-python"]
    assert as_pairs(metadata["requires-dist"]) == {
        (canonicalize_name(asked.name), str(asked.specifier)) for asked in ASKED + ASKED_EXTRA
    }
    assert as_pairs(metadata["requires-dev"]["dev"]) == {
        (canonicalize_name(asked.name), str(asked.specifier)) for asked in ASKED_DEV
    }


def test_every_pinned_package_is_in_uv_lock_with_the_same_version() -> None:
    pinned = {(canonicalize_name(pin.name), pinned_version(pin)) for pin in PINNED}
    assert pinned <= LOCKED


def test_both_locks_name_no_other_source_than_the_public_index() -> None:
    """A lock made on a machine with its own index or wheel folder is of no use elsewhere."""
    sources = [package["source"] for package in UV_LOCK["package"]]
    assert [source for source in sources if set(source) - {"registry", "editable"}] == []
    assert len({source["registry"] for source in sources if "registry" in source}) == 1
    assert [source["editable"] for source in sources if "editable" in source] == ["."]
    assert [line for line in REQUIREMENT_LINES if "/" in line or line.startswith("-")] == []


@pytest.mark.parametrize("package", ["cablecrawl", "pipelines"])
def test_what_the_code_imports_is_asked_for(package: str) -> None:
    """Not only there by chance, because something else needs it."""
    asked = {canonicalize_name(requirement.name) for requirement in ASKED + ASKED_EXTRA}
    undeclared = {
        f"{module.relative_to(PROJECT)}: {name}"
        for module in (PROJECT / package).rglob("*.py")
        for name in imported_modules(module)
        if name.split(".")[0] not in OWN_OR_STANDARD and asked.isdisjoint(distributions_of(name))
    }
    assert undeclared == set()


# `compression` is in the standard library from Python 3.14 on; the demo has the sample sites.
OWN_OR_STANDARD = {*sys.stdlib_module_names, "compression", "cablecrawl", "pipelines", "tests"}
DISTRIBUTIONS = packages_distributions()


def imported_modules(module: Path) -> set[str]:
    """`a.b` for `import a.b` and for `from a import b`."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    return modules


def distributions_of(module: str) -> set[str]:
    package, _, rest = module.partition(".")
    if package == "backports":  # one package that several distributions fill
        return {canonicalize_name(f"{package}.{rest.split('.')[0]}")}
    return {canonicalize_name(name) for name in DISTRIBUTIONS.get(package, [package])}


def same_name(one: Requirement, other: Requirement) -> bool:
    return canonicalize_name(one.name) == canonicalize_name(other.name)


def as_pairs(entries: list[dict[str, str]]) -> set[tuple[str, str]]:
    return {(entry["name"], entry["specifier"]) for entry in entries}
