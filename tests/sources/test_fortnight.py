"""Two weeks of a usual set-up: two arXiv categories that share their papers, and Hugging Face three days behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from digest.models import Memory
from digest.settings.sections import SourceSettings
from digest.sources import PoliteClient, judge, paper_id, read_source
from tests.feedserver import FeedServer, Reply, Request

FIRST = date(2026, 11, 9)  # a Monday; no holiday in the two weeks after it
WEEKEND = {5, 6}


class World:
    """What the servers list on a day, and what the store holds."""

    def __init__(self, server: FeedServer) -> None:
        self.day = FIRST
        self.late = False
        self.store: set[str] = set()
        self.memories: dict[str, Mapping[str, Memory]] = {}
        server.answer("/atom/cs.LG", self.arxiv)
        server.answer("/atom/stat.ML", self.arxiv)
        server.answer("/api/daily_papers", self.hugging_face)
        server.page("/api/query", Reply(status=500))
        self.sources = (
            SourceSettings(name="arxiv", kind="arxiv", url=server.url, categories=("cs.LG", "stat.ML")),
            SourceSettings(name="hf", kind="huggingface", url=server.url),
        )

    def arxiv(self, _: Request) -> Reply:
        """Empty at weekends; when late, the papers of the day before under the date of today."""
        listed = self.day - timedelta(days=self.late)
        entries = "".join(
            f"""<entry><id>oai:arXiv.org:{number}v1</id><title>P {number}</title><category term="cs.LG"/>
            <published>{self.day}T00:00:00-05:00</published><summary>Text.</summary>
            <arxiv:announce_type>new</arxiv:announce_type></entry>"""
            for number in numbers(listed)
        )
        return Reply(
            body=f"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"><title>x</title>
            <id>x</id><updated>{self.day}T05:00:00Z</updated>{entries}</feed>""".encode()
        )

    def hugging_face(self, request: Request) -> Reply:
        """Each weekday the papers that arXiv had three weekdays before."""
        day = date.fromisoformat(request.target.partition("date=")[2][:10])
        back = day - timedelta(days=3 if day.weekday() > 2 else 5)
        listed = [] if day.weekday() in WEEKEND else numbers(back)
        papers = [{"paper": {"id": one, "title": one, "submittedOnDailyAt": f"{day}"}} for one in listed]
        return Reply(body=json.dumps(papers).encode())

    async def morning(self, client: PoliteClient, hour: int = 6) -> list[tuple[str, str]]:
        """What each source is said to be after it was read, as the pipeline does it."""
        now = datetime(self.day.year, self.day.month, self.day.day, hour, 30, tzinfo=UTC)
        return [await self.one(source, client, now) for source in self.sources]

    async def one(self, source: SourceSettings, client: PoliteClient, now: datetime) -> tuple[str, str]:
        async def nothing_unseen(ids: object) -> frozenset[str]:
            return frozenset(ids)  # type: ignore[call-overload,no-any-return]

        readings = await read_source(source, self.memories.get(source.name, {}), client, nothing_unseen, now)
        new: dict[str, int] = {}
        for reading in readings:
            ids = {paper_id(one) for one in reading.listings}
            new[reading.memory.part] = len(ids - self.store)
            self.store |= ids
        self.memories[source.name] = {one.memory.part: one.memory for one in readings}
        return judge(source.kind, readings, new, now)


def numbers(day: date) -> list[str]:
    return [] if day.weekday() in WEEKEND else [f"{day:%y%m}.{day.day:02}{number:03}" for number in range(4)]


async def test_every_state_is_right_on_every_day(client: PoliteClient, feed_server: FeedServer) -> None:
    world = World(feed_server)
    for _ in range(14):
        expected = "quiet" if world.day.weekday() in WEEKEND else "fresh"
        for hour in (6, 18):
            verdicts = await world.morning(client, hour)
            assert [state for state, _ in verdicts] == [expected] * 2, (world.day, hour, verdicts)
        world.day += timedelta(days=1)


async def test_yesterdays_list_under_todays_date_is_not_news(client: PoliteClient, feed_server: FeedServer) -> None:
    world = World(feed_server)
    assert (await world.morning(client))[0][0] == "fresh"
    world.day, world.late = FIRST + timedelta(days=1), True
    assert (await world.morning(client))[0] == ("waiting", "the list of 10 November is not there yet")
    world.late = False
    assert (await world.morning(client, 12))[0][0] == "fresh"
    assert [one.seen != "" for one in world.memories["arxiv"].values()] == [True, True]
