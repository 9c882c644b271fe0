"""The documents stay true: every command is in the README, every link leads somewhere."""

import re
from pathlib import Path

import pytest
import typer

from digest.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")] if path.is_file()]


def test_every_command_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = typer.main.get_command(app).commands
    assert [name for name in commands if f"`digest {name}" not in readme] == []


def test_every_command_that_the_documents_name_exists():
    group = typer.main.get_command(app)
    known = set(group.commands) | {"COMMAND"}
    for document in [*DOCUMENTS, ROOT / "config.example.toml"]:
        if document.name == "CHANGELOG.md":
            continue
        named = re.findall(r"`digest (?:--config \S+ )?([a-z]+)", document.read_text(encoding="utf-8"))
        assert set(named) - known == set(), document.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document):
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)", text) + re.findall(r'src="([^"]+)"', text)
    files = [target for target in targets if "://" not in target]
    assert [target for target in files if not (document.parent / target).exists()] == []


def test_every_test_file_that_the_documents_name_exists():
    for document in DOCUMENTS:
        for name in re.findall(r"`(tests/[^`]+\.py)`", document.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), f"{document.name} names {name}"


def test_the_makefile_has_the_readmes_commands():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^\$ make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE):
        assert f"\n{target}:" in makefile


def test_the_constraints_name_versions_and_no_address():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line) for line in pins)
    names = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in pins}
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    tools = [one for name in ("bench", "dev") for one in groups[name] if isinstance(one, str)]
    wanted = [*project["project"]["dependencies"], *tools]
    needed = {re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", one)[0]).lower() for one in wanted}
    assert needed <= names
