"""Dry runs and tests: what everybody would get, without a row, a cursor or a change."""

from __future__ import annotations

from collections.abc import Sequence

from digest.deliver import needs_smtputf8, wire_address
from digest.errors import DeliveryError, SenderRefused
from digest.pipeline.audience import Owed, Reader, due_today
from digest.pipeline.composing import Composer, Silence
from digest.pipeline.covering import note_of
from digest.pipeline.planning import owed_by, why_not
from digest.pipeline.runs import Progress, Request, Run, sent_as, skipped, write_files
from digest.pipeline.wiring import transport
from digest.settings import Settings
from digest.store import Store


async def dry_run(
    settings: Settings,
    store: Store,
    request: Request,
    composer: Composer,
    readers: Sequence[Reader],
    on_progress: Progress,
) -> Run:
    """What everybody would get, due or not; nothing is written but the files asked for."""
    run = Run(at=request.now, dry_run=True)
    newest = await store.papers.newest()
    last = await store.deliveries.last_issues()
    for done, reader in enumerate(readers, 1):
        before = last.get(reader.row_id or 0)
        due = owed_by(settings, request, reader, before)
        reason = why_not(due, before, forced=request.forced)
        if reason:
            run.digests.append(skipped(due, reason))
        else:
            note = "" if request.forced else note_of(due, before, settings.schedule.spread)
            await _preview(run, request, composer, due, newest, note)
        on_progress(done, len(readers))
    return run


async def _preview(run: Run, request: Request, composer: Composer, due: Owed, newest: int, note: str) -> None:
    reader = due.reader
    composed = await composer.compose(reader, due.issue, reader.cursor, newest, request.now, note=note)
    run.papers = max(run.papers, await composer.considered(reader.cursor, newest))
    if isinstance(composed, Silence):
        run.digests.append(skipped(due, "; ".join(filter(None, (composed.reason, due.reason)))))
    else:
        files = write_files(run, composed, request.out)
        run.digests.append(sent_as(composed, "ready", due.reason or None, files))


async def test_run(
    settings: Settings, store: Store, request: Request, composer: Composer, readers: Sequence[Reader]
) -> Run:
    """Real mail that counts for nothing: no row, no cursor, the subject marked."""
    run = Run(at=request.now, dry_run=False)
    newest = await store.papers.newest()
    async with transport(settings) as connection:
        for reader in readers:
            due = due_today(reader, request.now)
            reason = why_not(due, None, forced=True)
            if reason:
                run.digests.append(skipped(due, reason))
                continue
            composed = await composer.compose(reader, due.issue, reader.cursor, newest, request.now, test=True)
            run.papers = max(run.papers, await composer.considered(reader.cursor, newest))
            if isinstance(composed, Silence):
                run.digests.append(skipped(due, composed.reason))
                continue
            message = composed.message
            sender, address = message.envelope_sender, wire_address(message.recipient)
            try:
                await connection.send(sender, address, composed.data, smtputf8=needs_smtputf8(message))
            except SenderRefused as error:
                run.stopped = str(error)
                break
            except DeliveryError as error:
                reason = f"{error.reply}; a test is not tried again"
                run.digests.append(sent_as(composed, "failed", reason))
                continue
            files = write_files(run, composed, request.out)
            run.digests.append(sent_as(composed, "sent", "a test: it counts for nothing", files))
    return run
