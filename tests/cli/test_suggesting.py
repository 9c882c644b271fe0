"""digest profile suggest, as its user runs it in an empty folder and beside a configuration."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from digest.cli import suggesting
from digest.cli.running import Options
from digest.errors import ConfigError, DigestError, UsageError
from digest.settings import load

BIB = """
@misc{a, title={Graph networks for proteins}, author={Ada Example and B. Other}, primaryClass={cs.LG}}
@misc{b, title={Proteins by graph networks}, author={Example, Ada}, primaryClass={cs.LG}}
@misc{c, title={Folding proteins}, author={A. Example}, abstract={With graph networks.}, primaryClass={q-bio.BM}}
@misc{d, author={No title}}
"""


@pytest.fixture
def suggest(tmp_path, monkeypatch):
    """Runs the command in a folder of its own and gives (stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("DIGEST_CONFIG", raising=False)
    (tmp_path / "refs.bib").write_text(BIB)

    def suggest(*words: str, config: Path | None = None) -> tuple[str, str]:
        app = typer.Typer()
        app.command()(suggesting.suggest)
        result = CliRunner().invoke(app, list(words), obj=Options(config), catch_exceptions=True)
        if isinstance(result.exception, DigestError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout, result.stderr

    return suggest


def test_it_prints_a_profile_to_paste_and_says_on_stderr_what_was_left_out(suggest):
    out, err = suggest("refs.bib")
    assert tomllib.loads(out) == {"profile": [{"name": "refs", "keywords": ["proteins", "graph networks"]}]}
    assert '"graph networks",  # in 3 of 3' in out
    assert '# authors = ["Ada Example"]  # in 3' in out
    assert '# categories = ["cs.LG"]  # in 2' in out
    assert '# like = ["refs.bib"]' in out
    assert err == "refs.bib: 1 entry is broken, or without a title, and left out.\n"


def test_json_is_one_document(suggest):
    out, _ = suggest("refs.bib", "--json", "--name", "Proteins", "--most", "1")
    assert json.loads(out) == {
        "profile": "Proteins",
        "references": 3,
        "skipped": 1,
        "keywords": [{"keyword": "proteins", "references": 3}],
        "authors": [{"author": "Ada Example", "references": 3}],
        "categories": [{"category": "cs.LG", "references": 2}],
    }


@pytest.mark.parametrize(
    "name", ['a "quoted" \\ name.bib', "new\nline\x7f.bib", "ключ.bib", "\x1b[31m.bib", "x" * 180 + ".bib", " .bib"]
)
def test_whatever_the_file_is_called_the_profile_loads_through_the_settings(suggest, tmp_path, name):
    (tmp_path / name).write_text(BIB + r'@misc{e, title={A\* and "C++" \\ proteins}, author={O"Neil \\ X}}' * 3)
    out, _ = suggest(name)
    uncommented = out.replace("# authors", "authors").replace("# like", "like")
    for toml in (out, uncommented):
        (tmp_path / "config.toml").write_text(toml)
        (profile,) = load(tmp_path / "config.toml", {}).profiles
        assert "proteins" in profile.keywords
    assert profile.like == (name,)
    (tmp_path / "config.toml").unlink()


def test_a_name_that_a_profile_cannot_have_is_refused(suggest):
    for name in ("", " ", "two\nlines", "x" * 101):
        with pytest.raises(UsageError, match="--name must be"):
            suggest("refs.bib", "--name", name)


def test_stored_papers_decide_what_is_common(suggest, instance):
    assert '"proteins"' in suggest("refs.bib")[0]
    instance.write(sources={"a": instance.feed("a.xml", [f"Proteins of kind {n}" for n in range(300)])})
    assert instance.digest("fetch")[0] == 0
    assert '"proteins"' not in suggest("refs.bib")[0]


def test_asking_makes_no_store(suggest, instance):
    instance.write()
    suggest("refs.bib", config=instance.config)
    assert not list(instance.folder.glob("*.db"))


def test_a_store_that_cannot_be_read_is_noted_and_not_needed(suggest, instance):
    instance.write()
    instance.digest("check")
    Path(load(instance.config, os.environ).store.url.partition(":///")[2]).write_text("no database" * 1000)
    out, err = suggest("refs.bib", config=instance.config)
    assert "graph networks" in out
    assert "without the stored papers" in err


def test_a_configuration_that_was_asked_for_must_be_there(suggest, tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        suggest("refs.bib", config=tmp_path / "absent.toml")


def test_references_without_a_shared_phrase_give_an_empty_list_and_a_note(suggest, tmp_path):
    (tmp_path / "none.bib").write_text("@misc{a, title={1984}}")
    out, err = suggest("none.bib")
    assert tomllib.loads(out)["profile"][0]["keywords"] == []
    assert "no phrase stands out" in err
