"""digest check --online: whether the outside world answers as the settings expect. Changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from digest.errors import DeliveryError

if TYPE_CHECKING:
    from digest.settings import Settings

Finding = dict[str, Any]


async def check_online(settings: Settings) -> list[Finding]:
    """One finding per source, for the mail server and for the sender's DNS: name, status, detail, fix."""
    return [*await _sources(settings), await _smtp(settings), *await _dns(settings)]


def _finding(name: str, status: str, detail: str, fix: str = "") -> Finding:
    return {"name": name, "status": status, "detail": detail, "fix": fix}


async def _sources(settings: Settings) -> list[Finding]:
    from digest.pipeline.wiring import http
    from digest.sources import read_source

    async def all_known(ids: Any) -> frozenset[str]:
        return frozenset(ids)  # so that nothing is asked beyond the lists themselves

    now = datetime.now(UTC)
    findings = []
    async with http(settings, {}, now) as client:
        for source in settings.sources:
            readings = await read_source(source, {}, client, all_known, now)
            errors = [str(reading.error) for reading in readings if reading.error]
            listed = sum(len(reading.listings) for reading in readings)
            name = f"source {source.name}"
            if errors:
                findings.append(_finding(name, "wrong", "; ".join(errors), "Look at its url, or try again later."))
            else:
                findings.append(_finding(name, "ok", f"{listed} papers listed"))
    return findings


async def _smtp(settings: Settings) -> Finding:
    from digest.pipeline.wiring import transport

    name = f"smtp {settings.smtp.host}:{settings.smtp.port}"
    try:
        async with transport(settings) as connection:
            await connection.check()
    except DeliveryError as error:
        return _finding(name, "wrong", str(error), "Look at [smtp] in the configuration.")
    return _finding(name, "ok", "connected" + (" and logged in" if settings.smtp.username else ""))


async def _dns(settings: Settings) -> list[Finding]:
    """SPF and DMARC of the sender's domain, and the DKIM key where `[smtp.dkim]` names one."""
    domain = settings.smtp.sender.rpartition("@")[2].rstrip(">")
    if "." not in domain:
        return [
            _finding(
                f"dns {domain}", "warning", "the sender's domain is of this machine only, so there is no DNS to check"
            )
        ]
    spf = await _records(domain, "v=spf1")
    dmarc = await _records(f"_dmarc.{domain}", "v=DMARC1")
    findings = []
    if settings.smtp.dkim:
        findings.append(await _dkim(settings))
    for name, found, host, advice in (
        (f"spf {domain}", spf, domain, '"v=spf1 a mx ~all" (name your mail server in it)'),
        (f"dmarc {domain}", dmarc, f"_dmarc.{domain}", '"v=DMARC1; p=none; rua=mailto:postmaster@' + domain + '"'),
    ):
        if isinstance(found, str):
            findings.append(_finding(name, "warning", found))
        elif len(found) == 1:
            findings.append(_finding(name, "ok", found[0]))
        else:
            many = "there is no record." if not found else f"there are {len(found)} records, and there may be only one."
            findings.append(_finding(name, "wrong", many, f"Publish one TXT record at {host}: {advice}"))
    return findings


async def _dkim(settings: Settings) -> Finding:
    """Whether the published key is the one that signs."""
    from digest.errors import ConfigError
    from digest.pipeline.wiring import signer

    try:
        signing = signer(settings)
    except ConfigError as error:
        return _finding("dkim key", "wrong", str(error))
    assert signing is not None
    name = f"dkim {signing.host}"
    found = await _records(signing.host, "v=DKIM1")
    if isinstance(found, str):
        return _finding(name, "warning", found)
    if len(found) != 1:
        many = "there is no record." if not found else f"there are {len(found)} records, and there may be only one."
        return _finding(name, "wrong", many, "`digest doctor dkim` prints the record to publish.")
    published = "".join(found[0].partition("p=")[2].partition(";")[0].split())
    if published != signing.record.rpartition("p=")[2]:
        return _finding(name, "wrong", "the record has another key.", "`digest doctor dkim` prints the one that signs.")
    return _finding(name, "ok", "the record has the key that signs")


async def _records(host: str, start: str) -> list[str] | str:
    """The TXT records of a host that begin with `start`, or why they could not be looked up."""
    import dns.asyncresolver
    import dns.exception
    import dns.resolver

    try:
        answer = await dns.asyncresolver.resolve(host, "TXT", lifetime=10)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as error:
        return f"DNS could not be asked: {type(error).__name__}"
    texts = [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    return [text for text in texts if text.lower().startswith(start.lower())]
