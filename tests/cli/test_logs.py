"""What a log line may show."""

import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from digest.cli.logs import configure, masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("550 5.1.1 <ada@example.org> unknown", "550 5.1.1 <a…@example.org> unknown"),
        ("ada.lovelace+x@mail.example.org, bob@example.org", "a…@mail.example.org, b…@example.org"),
        ("a@b", "a…@b"),
        ("Ädä@exämple.org", "Ä…@exämple.org"),
        ("https://x.org/unsubscribe/abc.def-1 and", "https://x.org/unsubscribe/… and"),
        ('"POST /issues/tok/en/votes"', '"POST /issues/…/en/votes"'),
        ("/preferences/tok?x=1", "/preferences/…?x=1"),
        ("the key is swordfish!", "the key is …!"),
        ('"ada lovelace"@example.org', "a…@example.org"),
        ("ada@[192.0.2.1]", "a…@[192.0.2.1]"),
        ("mailto?to=ada%40example.org", "m…@example.org"),
        ("@ and a @ b stay", "@ and a @ b stay"),
        ("12:30:45 arxiv:2401.01234 cs.LG", "12:30:45 arxiv:2401.01234 cs.LG"),
    ],
)
def test_addresses_tokens_and_secrets_are_masked(text, shown):
    assert masked(text, ["swordfish"]) == shown


@given(st.text(max_size=300))
def test_whatever_is_logged_masking_takes_no_harm_and_changes_nothing_the_second_time(text):
    once = masked(text)
    assert masked(once) == once


@pytest.fixture
def logs(capsys):
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level

    def lines(form="json", log_level="info"):
        configure(form, log_level, lambda: ["swordfish"])

        def read():
            return capsys.readouterr().err.splitlines()

        return read

    yield lines
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def test_lines_of_ours_and_of_libraries_are_json_without_secrets(logs):
    read = logs()
    log = structlog.get_logger("digest")
    log.info("batch", message="sent to ada@example.org", sent=1, names=["bob@example.org"])
    log.debug("batch", message="too much")
    logging.getLogger("uvicorn.error").warning("refused %s", "GET /confirm/token with swordfish")
    logging.getLogger("httpx").info("GET https://hc-ping.com/secret")
    try:
        int("ada@example.org swordfish")
    except ValueError:
        log.exception("job", message="send went wrong")
    first, second, third = [json.loads(line) for line in read()]
    assert first | {"event": "batch", "sent": 1, "level": "info", "names": ["b…@example.org"]} == first
    assert first["message"] == "sent to a…@example.org"
    assert second | {"event": "uvicorn.error", "message": "refused GET /confirm/… with …"} == second
    assert "a…@example.org" in third["exception"]
    assert "swordfish" not in third["exception"]


def test_people_get_one_line_that_cannot_steer_their_terminal(logs):
    read = logs("pretty")
    structlog.get_logger("digest").warning("fetch", message="bad\x1b[31m \u202e ada@example.org\nnews", new=3)
    (line,) = read()
    assert line.endswith("! fetch      bad[31m  a…@example.org news")
