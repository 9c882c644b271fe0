"""digest doctor: what an instance needs outside its own files, made and shown."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.output import print_json, say
from digest.cli.running import AsJson, settings_of
from digest.errors import OutputError, UsageError

if TYPE_CHECKING:
    from digest.deliver import Signer
    from digest.settings import Settings

app = typer.Typer(help="What mail needs beyond this machine: a DKIM key and its DNS record.", no_args_is_help=True)

_STRING = 255
"""Octets in one string of a TXT record (RFC 1035 section 3.3)."""
_SELECTOR = "digest"


@app.callback()
def _group() -> None:
    """So that `dkim` stays a word of its own while it is the only one."""


@app.command()
def dkim(
    context: typer.Context,
    domain: Annotated[
        str | None, typer.Option(help="The signing domain [default: that of the sender]", show_default=False)
    ] = None,
    selector: Annotated[
        str | None, typer.Option(help="The name of the key in DNS [default: digest]", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Where a new key goes [default: dkim-SELECTOR.pem beside config.toml]", show_default=False),
    ] = None,
    bits: Annotated[int, typer.Option(min=2048, max=4096, help="Size of a new key; longer ones sign slower.")] = 2048,
    as_json: AsJson = False,
) -> None:
    """Make a DKIM key, or take the one there is, and print the DNS record and the settings that go with it."""
    settings = settings_of(context)
    signer, file, made = _signer(settings, domain, selector, out, bits)
    strings = [signer.record[at : at + _STRING] for at in range(0, len(signer.record), _STRING)]
    if as_json:
        print_json({"host": signer.host, "record": signer.record, "private_key_file": str(file), "made": made})
        return
    say(f"{'wrote' if made else 'found'} {file}" + (", which nobody else may read" if made else ""))
    say("\nPublish this TXT record; some forms want only the text between the quotation marks, joined:\n")
    say(f"{signer.host}. IN TXT ( {' '.join(f'{chr(34)}{part}{chr(34)}' for part in strings)} )")
    if not _configured(settings, signer, file):
        say(f"\nand write this into {settings.path}, once the record can be looked up:\n")
        say("[smtp.dkim]")
        for key, value in (("domain", signer.domain), ("selector", signer.selector), ("private_key_file", str(file))):
            say(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    say("\nThen: digest check --online")


def _signer(
    settings: Settings, domain: str | None, selector: str | None, out: Path | None, bits: int
) -> tuple[Signer, Path, bool]:
    """The signer, the file of its key, and whether that was made just now."""
    from digest.deliver import Signer, new_key
    from digest.settings import dns_name

    known = settings.smtp.dkim
    wanted = domain or (known.domain if known else settings.smtp.sender.rpartition("@")[2].rstrip(">"))
    name = selector or (known.selector if known else _SELECTOR)
    try:
        wanted, name = dns_name(wanted), dns_name(name)
    except ValueError as error:
        raise UsageError(f"--domain or --selector {error}") from None
    if "." not in wanted:
        raise UsageError(f"{wanted} has no DNS to publish a key in: set [smtp] sender, or name a --domain")
    same = known is not None and (known.domain, known.selector) == (wanted, name)
    file = out or (known.private_key_file if known and same else settings.path.parent / f"dkim-{name}.pem")
    file = file.absolute()
    made = not file.exists()
    if made:
        _write_private(file, new_key(bits))
    return Signer.load(wanted, name, file), file, made


def _configured(settings: Settings, signer: Signer, file: Path) -> bool:
    known = settings.smtp.dkim
    if known is None:
        return False
    return (known.domain, known.selector, known.private_key_file.absolute()) == (signer.domain, signer.selector, file)


def _write_private(file: Path, data: bytes) -> None:
    """A new file that only its owner can read; an old one is never replaced."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(data)
        except OSError:
            file.unlink(missing_ok=True)
            raise
    except FileExistsError:
        raise OutputError(
            f"cannot write {file}: a link of that name is there; name another place with --out FILE"
        ) from None
    except OSError as error:
        raise OutputError(f"cannot write {file}: {error.strerror}; name another place with --out FILE") from None
