"""The whole day as an admin lives it: Hugging Face, arXiv and a feed file, previewed, sent, and sent again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from digest.cli.demo.world import World, demo_config


@pytest.fixture
def day(instance):
    """The sample day's sources on loopback, its mail server, and the preprints as a file."""
    with World(datetime.now(UTC).date()) as world:
        import urllib.request

        with urllib.request.urlopen(f"{world.http_url}/preprints.rdf") as answer:
            (instance.folder / "preprints.rdf").write_bytes(answer.read())
        config = demo_config(world, instance.folder)
        feed = (instance.folder / "preprints.rdf").as_uri()
        instance.config.write_text(config.replace(f"{world.http_url}/preprints.rdf", feed), encoding="utf-8")
        instance.config.chmod(0o600)
        yield instance, world


def test_a_preview_shows_what_is_then_sent_once_and_never_again(day):
    instance, world = day
    status, dry = instance.json("send", "--dry-run", "--out", str(instance.folder / "dry"))
    assert status == 0
    assert dry["totals"] == {"ready": 3, "skipped": 0, "sent": 0, "deferred": 0, "failed": 0}
    assert dry["papers"] == 37
    shown = {one["subscriber"]: [paper["id"] for paper in one["papers"]] for one in dry["digests"]}
    assert len({tuple(ids) for ids in shown.values()}) == 3
    assert {paper.split(":")[0] for ids in shown.values() for paper in ids} == {"arxiv", "doi"}
    assert world.inbox == []

    status, real = instance.json("send", "--no-fetch", "--at", dry["at"])
    assert (status, real["totals"]["sent"]) == (0, 3)
    sent = {mail.rcpt: mail.data for mail in world.inbox}
    assert {one["subscriber"]: [paper["id"] for paper in one["papers"]] for one in real["digests"]} == shown
    for address in shown:
        assert sent[address] == (instance.folder / "dry" / f"{address}.eml").read_bytes()

    status, again = instance.json("send", "--no-fetch")
    assert (status, again["digests"], len(world.inbox)) == (0, [], 3)
