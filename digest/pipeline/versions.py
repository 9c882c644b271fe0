"""The profiles that readers got last: kept after a real run, read again to say what an edit changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import ValidationError

from digest.errors import KeywordError, StoreError
from digest.match import check_author, check_keyword
from digest.models import same_address
from digest.pipeline.audience import Reader
from digest.pipeline.runs import Run
from digest.settings import ProfileSettings, Settings
from digest.store import Store


async def remember(settings: Settings, store: Store, readers: Sequence[Reader], run: Run) -> None:
    """Keep the profiles with which mail has just left; a store that fails now is a problem of the run, the mail is out."""
    used = used_profiles(settings, readers, run)
    fields = {table.name: table.model_dump(mode="json", exclude_defaults=True) for table in used}
    try:
        await store.profiles.save(fields, run.at)
    except StoreError as error:
        run.problems.append(str(error))


def used_profiles(settings: Settings, readers: Sequence[Reader], run: Run) -> list[ProfileSettings]:
    """The profiles of everybody to whom a mail was sent."""
    sent = {same_address(one.subscriber) for one in run.digests if one.outcome == "sent"}
    got = [reader.subscriber for reader in readers if same_address(reader.subscriber.email) in sent]
    names = {name for subscriber in got for name in subscriber.profiles}
    return [table for table in settings.profiles if table.name in names]


async def last_sent(store: Store, name: str) -> tuple[ProfileSettings, datetime] | str:
    """The version of a profile with which mail was last sent, and when; else a sentence that says why there is none."""
    stored = (await store.profiles.all()).get(name)
    if stored is None:
        return f'No mail has been sent with "{name}" yet, so there is nothing to compare it with.'
    try:
        table = ProfileSettings.model_validate(stored.fields)
        for text in (*table.keywords, *table.exclude, *table.require):
            check_keyword(text)
        for author in table.authors:
            check_author(author)
    except (ValidationError, KeywordError):
        return f'"{name}" as it was when mail was last sent cannot be read by this version; the next mail mends that.'
    return table, stored.saved_at
