"""An edit counts whole or not at all, and none goes unnoticed."""

import os

import pytest

from digest.schedule.live import Live
from digest.settings import load


@pytest.fixture
def live(instance):
    (instance.folder / "profiles").mkdir()
    (instance.folder / "templates" / "email").mkdir(parents=True)
    (instance.folder / "password").write_text("swordfish\n")
    (instance.folder / "password").chmod(0o600)
    instance.write(subscribers=["ada@example.org"])
    text = instance.config.read_text()
    text = 'include = ["profiles/*.toml"]\n' + text.replace("[site]", '[site]\ntemplates = "templates"')
    instance.config.write_text(text.replace("[smtp]", '[smtp]\npassword_file = "password"\nusername = "me"'))
    return Live(load(instance.config, {}), {})


def touch(path, text):
    """Write a file; its print changes even within one tick of a coarse clock."""
    path.write_text(text)
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("profiles/new.toml", '[[profile]]\nname = "new"\nkeywords = ["protein"]\n'),
        ("templates/email/subject.txt", "{{ site }} news"),
        ("password", "salmon"),
    ],
)
async def test_every_file_that_the_configuration_is_made_of_is_looked_at(live, instance, name, text):
    assert not await live.edited()
    assert not await live.edited()
    touch(instance.folder / name, text)
    assert await live.edited()
    assert not await live.edited()
    (instance.folder / "digest.db").write_text("not the configuration")
    assert not await live.edited()
    assert (await live.reload()).problem == ""
    assert not await live.edited()
    (instance.folder / name).unlink()
    assert await live.edited()


async def test_a_wrong_edit_is_kept_out_whole_and_mending_a_file_that_it_named_is_noticed(live, instance):
    await live.edited()
    before = live.settings
    good = instance.config.read_text()
    touch(instance.config, good.replace("profiles/*", "other/*").replace("Papers Digest <", "Papers <"))
    (instance.folder / "other").mkdir()
    touch(instance.folder / "other" / "a.toml", "[[profile]\n")
    assert await live.edited()
    done = await live.reload()
    assert "other/a.toml:1:10: not valid TOML" in done.problem
    assert live.settings is before
    assert live.problem == done.problem
    assert not await live.edited()
    touch(instance.folder / "other" / "a.toml", "")
    assert await live.edited()
    done = await live.reload()
    assert (done.problem, done.changed) == ("", ("smtp",))
    assert live.problem == ""
    assert live.settings.smtp.sender == "Papers <digest@example.org>"


async def test_an_edit_during_a_reload_is_noticed_afterwards(live, instance, monkeypatch):
    await live.edited()

    def slow(path, environ, _check):
        found = load(path, environ)
        touch(instance.folder / "password", "salmon")
        return found

    monkeypatch.setattr("digest.schedule.live.load_checked", slow)
    await live.reload()
    assert await live.edited()


@pytest.mark.parametrize(
    ("old", "new"), [("keywords = [", 'keywords = ["((", '), ("[site]", "[site]\nsecret_key = 'short'"), ("[", "[[[")]
)
async def test_what_digest_check_would_refuse_is_refused(live, instance, old, new):
    instance.config.write_text(instance.config.read_text().replace(old, new, 1))
    done = await live.reload()
    assert f"{instance.config}:" in done.problem
    assert "swordfish" not in done.problem


async def test_another_database_or_port_waits_for_the_next_start(live, instance):
    old = live.settings
    text = instance.config.read_text()
    instance.config.write_text(text + '[store]\nurl = "sqlite:///other.db"\n[web]\nport = 8001\n')
    done = await live.reload()
    assert done.needs_restart == ("store", "web")
    assert live.settings.store == old.store


async def test_a_configuration_that_is_gone_for_a_moment_changes_nothing(live, instance):
    old = live.settings
    instance.config.rename(instance.folder / "config.toml~")
    assert "does not exist" in (await live.reload()).problem
    assert live.settings is old
