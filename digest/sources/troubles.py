"""What went wrong between us and a host, in one plain sentence. Pure; knows exceptions only by what they carry."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator


def in_words(host: str, error: BaseException) -> str:
    """Why no connection came about: DNS, certificate, TLS, refused, unreachable, or the error's own words."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of {host} is not trusted: {cause.verify_message.rstrip('.')}"
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return f"no address is known for {host}: check its spelling and the name server"
        if isinstance(cause, ssl.SSLError):
            return f"no secure connection to {host} is possible ({cause.reason or 'TLS failed'})"
        if isinstance(cause, ConnectionRefusedError):
            return f"{host} refused the connection"
        if isinstance(cause, OSError) and cause.strerror and cause.errno:
            return f"{host} cannot be reached: {cause.strerror}"
    words = " ".join(str(error).split())[:120]
    return f"{host} cannot be asked: {words or type(error).__name__}"


def broken_off(host: str, error: BaseException) -> str:
    """Why a connection that stood did not bring an answer."""
    if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
        return in_words(host, error)
    words = str(error).lower()
    if "incomplete" in words or "without sending complete" in words:
        return f"{host} broke off in the middle of its answer"
    if not words or "disconnected" in words or "reset" in words:
        return f"{host} closed the connection without an answer"
    return f"{host} sent something that is not HTTP"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and the members of groups, each once."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
