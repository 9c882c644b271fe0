"""Most of a year of Hugging Face's daily list, as it was seen day by day, weekends and repeated lists included."""

import json
import lzma
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from digest.pipeline import Request, fetch, send
from digest.settings import load
from digest.store import Store, open_store
from tests.feedserver import FeedServer, Reply

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
READERS = ("everything@example.org", "agents@example.org")
CONFIG = """
[site]
secret_key = "0123456789012345678901234567890123456789"
[smtp]
host = "127.0.0.1"
port = {port}
tls = "none"
rate = "10000/s"
[digest]
max_papers = 200
max_html_kb = 95
[schedule]
send_at = "00:00"
[[source]]
name = "hf"
kind = "huggingface"
url = "{url}"
[[profile]]
name = "agents"
keywords = ["agent", "language model"]
[[subscriber]]
email = "everything@example.org"
[[subscriber]]
email = "agents@example.org"
profiles = ["agents"]
"""


def snapshots() -> Iterator[tuple[datetime, bytes]]:
    """(moment, what the API would have answered) for each recorded list."""
    with lzma.open(CORPUS / "huggingface_2025.jsonl.xz", "rt", encoding="utf-8") as file:
        papers = {paper["id"]: paper for paper in map(json.loads, file)}
    with lzma.open(CORPUS / "huggingface_2025_lists.jsonl.xz", "rt", encoding="utf-8") as file:
        for line in map(json.loads, file):
            moment = datetime.fromisoformat(line["time"])
            yield (
                moment,
                json.dumps([entry(papers[i], votes, moment) for i, votes in line["papers"] if i in papers]).encode(),
            )


def entry(paper: dict[str, Any], upvotes: int, moment: datetime) -> dict[str, Any]:
    return {
        "paper": {
            "id": paper["id"],
            "title": paper["title"],
            "summary": paper["abstract"][:100],
            "authors": [{"name": name, "hidden": False} for name in paper["authors"][:5]],
            "submittedOnDailyAt": f"{moment:%Y-%m-%d}T00:00:00.000Z",
            "upvotes": upvotes,
        }
    }


async def run_a_day(config: Path, store: Store, now: datetime) -> dict[str, list[str]]:
    settings = load(config, {})
    [report] = await fetch(settings, store, now)
    assert report.state != "failing", report.reason
    run = await send(settings, store, Request(now=now, yes=True))
    assert run.stopped == ""
    assert {one.outcome for one in run.digests} <= {"sent", "skipped"}
    return {one.subscriber: [match.paper.id for match in one.papers] for one in run.digests}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded lists are not beside the project")
async def test_over_most_of_a_year_no_paper_is_offered_twice_and_none_is_lost(tmp_path, mail_server):
    server = mail_server()
    offered: dict[str, Counter[str]] = {reader: Counter() for reader in READERS}
    listed: set[str] = set()
    async with FeedServer() as source, open_store(f"sqlite:///{tmp_path / 'digest.db'}") as store:
        config = tmp_path / "config.toml"
        config.write_text(CONFIG.format(port=server.port, url=source.url), encoding="utf-8")
        config.chmod(0o600)
        last = None
        for moment, body in snapshots():
            # Some days have several snapshots: the second run of a day has nothing to send.
            source.page("/api/daily_papers", Reply(body=body, headers={"Content-Type": "application/json"}))
            listed |= {f"arxiv:{one['paper']['id']}" for one in json.loads(body)}
            for reader, ids in (await run_a_day(config, store, moment)).items():
                offered[reader].update(ids)
            last = moment
        assert last is not None
        for reader, ids in (await run_a_day(config, store, last + timedelta(days=1))).items():
            offered[reader].update(ids)
    assert len(listed) > 4000
    for reader in READERS:
        assert [paper for paper, times in offered[reader].items() if times > 1] == []
    assert set(offered["everything@example.org"]) == listed
    assert 100 < len(offered["agents@example.org"]) < len(listed)
    assert len({mail.recipient for mail in server.inbox}) == 2
