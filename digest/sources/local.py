"""`file://` addresses: regular files, read under a cap. Never blocks the event loop on a pipe or a device."""

from __future__ import annotations

import os
import stat
from urllib.parse import unquote, urlsplit

from digest.errors import FetchError


def read_file(url: str, cap: int) -> bytes:
    """The bytes of the file `url` names; FetchError when there is no such regular file or it is larger than `cap`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise FetchError("this file:// address cannot be read") from None
    if parts.netloc not in {"", "localhost"}:
        raise FetchError(f"a file:// address names a file on this machine, not on {parts.netloc}; write file:///…")
    path = unquote(parts.path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FetchError(f"{path} is not a regular file")
            body = file.read(cap + 1)
    except OSError as error:
        raise FetchError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise FetchError("this file:// address holds characters that no file name can have") from None
    if len(body) > cap:
        raise FetchError(f"{path} is larger than {cap // 1_000_000} MB")
    return body
