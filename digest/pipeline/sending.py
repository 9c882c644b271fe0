"""`digest send`: whom a request is about, and which kind of run it is."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from digest.errors import UsageError
from digest.models import same_address
from digest.pipeline.audience import Reader, enrol, paused, preview
from digest.pipeline.composing import Composer
from digest.pipeline.history import catch_up
from digest.pipeline.joining import expire
from digest.pipeline.posting import post
from digest.pipeline.previewing import dry_run, test_run
from digest.pipeline.runs import Progress, Request, Run
from digest.pipeline.versions import remember
from digest.settings import Settings
from digest.store import Store


async def send(
    settings: Settings, store: Store, request: Request, on_progress: Progress = lambda _done, _all: None
) -> Run:
    """Preview, test or really send what `request` names."""
    if request.test and not request.to:
        raise UsageError("--test needs --to ADDRESS: a test goes to one mailbox")
    harmless = request.dry_run or request.test
    everybody = await (preview if harmless else enrol)(settings, store, request.now)
    chosen = _chosen(settings, everybody, request)
    if not harmless:
        await catch_up(store)
        await expire(settings, store, request.now)
    composer = await Composer.ready(settings, store, chosen if harmless else everybody)
    if request.test:
        return await test_run(settings, store, request, composer, chosen)
    if request.dry_run:
        return await dry_run(settings, store, request, composer, chosen, on_progress)
    run = await post(settings, store, request, composer, chosen, on_progress)
    await remember(settings, store, everybody, run)
    return run


def _chosen(settings: Settings, readers: Sequence[Reader], request: Request) -> list[Reader]:
    """The readers the request is about; an unknown address or profile is an error that names the nearest."""
    profiles = [profile.name for profile in settings.profiles]
    if request.profile and request.profile not in profiles:
        raise UsageError(unknown("profile", request.profile, profiles))
    chosen = [reader for reader in readers if reader.status == "active" or request.to]
    if request.profile:
        members = [reader for reader in chosen if request.profile in reader.subscriber.profiles]
        chosen = [reader for reader in members if request.to or not paused(reader, request.now)]
    if request.to:
        addresses = [reader.subscriber.email for reader in chosen]
        chosen = [reader for reader in chosen if same_address(reader.subscriber.email) == same_address(request.to)]
        if not chosen:
            raise UsageError(unknown("subscriber", request.to, addresses) + " (digest subscribers list shows all)")
    return chosen


def unknown(what: str, name: str, known: Sequence[str]) -> str:
    """That nothing is called so, and what may be meant."""
    near = get_close_matches(name, known, n=1)
    return f"no {what} is called {name}" + (f"; did you mean {near[0]}?" if near else "")
