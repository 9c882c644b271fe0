"""How digests look on the command line: as the JSON of the contract, paper by paper, and as a table."""

from __future__ import annotations

import webbrowser
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digest.cli.output import count, note, print_table, say
from digest.errors import OutputError

if TYPE_CHECKING:
    from digest.models import Match, Reason
    from digest.pipeline import Run, Sent

_DETAILS = 10
"""Up to so many digests are shown paper by paper; more are a table only."""


def document(result: Run) -> dict[str, Any]:
    """The document that `digest send --json` prints."""
    return {
        "at": result.at.isoformat(timespec="seconds"),
        "dry_run": result.dry_run,
        "papers": result.papers,
        "digests": [_digest_as_json(sent) for sent in result.digests],
        "totals": result.totals(),
    }


def _digest_as_json(sent: Sent) -> dict[str, Any]:
    return {
        "subscriber": sent.subscriber,
        "issue": sent.issue.isoformat(),
        "outcome": sent.outcome,
        "reason": sent.reason,
        "subject": sent.subject,
        "html_bytes": sent.html_bytes,
        "message_bytes": sent.message_bytes,
        "papers": [_match_as_json(one) for one in sent.papers],
        "files": sent.files and {kind: str(getattr(sent.files, kind)) for kind in ("eml", "html", "text")},
    }


def _match_as_json(one: Match) -> dict[str, Any]:
    return {"id": one.paper.id, "title": one.paper.title, "score": one.score, "matched": matched_as_json(one)}


def matched_as_json(one: Match) -> list[dict[str, Any]]:
    """The explanation of a match."""
    return [reason_as_json(reason) for reason in one.matched]


def reason_as_json(reason: Reason) -> dict[str, Any]:
    """One reason; `partial` only where it is true."""
    told: dict[str, Any] = {"keyword": reason.keyword, "field": reason.field, "points": reason.points}
    return told | {"partial": True} if reason.partial else told


def note_troubles(result: Run) -> None:
    """Why the batch stopped and which files could not be written, on stderr."""
    for problem in filter(None, (result.stopped, *result.problems)):
        note(f"error: {problem}")


def prepare_folder(out: Path) -> None:
    """Make the folder for --out, before anything is sent."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write into {out}: {error.strerror}; name another folder with --out") from None


def show(result: Run) -> None:
    """A run for people: few digests paper by paper, many as a table only."""
    if result.confirmations:
        told = Counter(one.outcome for one in result.confirmations)
        say(f"Mails that ask to confirm: {', '.join(f'{number:,} {outcome}' for outcome, number in told.items())}.")
    if not result.digests:
        say("Nobody is due now.")
        return
    if len(result.digests) <= _DETAILS:
        for sent in result.digests:
            _show_papers(sent)
    rows = [
        [
            one.subscriber,
            one.issue,
            one.outcome,
            len(one.papers) or "",
            _kilobytes(one),
            one.subject or "",
            one.reason or "",
        ]
        for one in result.digests
    ]
    print_table(("subscriber", "issue", "outcome", "papers", "kB", "subject", "reason"), rows)
    done = ", ".join(f"{number:,} {outcome}" for outcome, number in result.totals().items() if number)
    ending = " A dry run: nothing was changed." if result.dry_run else ""
    say(f"\n{done}; {count(result.papers, 'new paper')} considered.{ending}")


def _kilobytes(sent: Sent) -> str:
    return f"{sent.message_bytes / 1000:.0f}" if sent.message_bytes else ""


def _show_papers(sent: Sent) -> None:
    if not sent.papers:
        return
    say(f"{sent.subscriber}: {sent.subject}", style="bold")
    for one in sent.papers:
        reasons: dict[str, list[str]] = {}
        for reason in (reason for reason in one.matched if not reason.partial):
            reasons.setdefault(reason.keyword, []).append(reason.field)
        why = ", ".join(f"{keyword} ({' + '.join(dict.fromkeys(fields))})" for keyword, fields in reasons.items())
        say(f"  {one.score:5.1f}  {one.paper.title}")
        say(f"         {why}", style="dim")
    say("")


def open_in_browser(result: Run) -> None:
    """Show the written pages, the first few of many."""
    shown = [sent.files.html for sent in result.digests if sent.files]
    if not shown:
        note("There is no digest to show.")
    for page in shown[:_DETAILS]:
        if not webbrowser.open(page.resolve().as_uri()):
            note(f"No browser could be started; open {page}")
