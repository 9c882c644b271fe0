"""digest web as a process of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import httpx
import pytest


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(instance, how):
    instance.write()
    start = "from digest.cli import main; main()"
    command = [sys.executable, "-c", start, "--config", str(instance.config), "web", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("Serving http://localhost:8000 on http://127.0.0.1:"), line
        url = line.split()[-1]
        assert httpx.get(f"{url}healthz").text == "ok\n"
        assert httpx.get(url).status_code == 200
        process.send_signal(how)
        _, rest = process.communicate(timeout=30)
    assert "Traceback" not in rest


def test_a_port_that_is_taken_is_a_sentence(instance):
    instance.write()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        status, _, err = instance.digest("web", "--port", str(taken.getsockname()[1]))
    assert status == 2
    assert "change [web] host or port" in err


def test_a_page_that_cannot_be_shown_is_found_by_check(instance):
    folder = instance.folder / "mine" / "web"
    folder.mkdir(parents=True)
    (folder / "archive.html").write_text("line one\n{{ nothing_is_called_so }}\n", encoding="utf-8")
    (folder / "style.css").write_text("body { color: red }", encoding="utf-8")
    instance.write()
    text = instance.config.read_text(encoding="utf-8")
    instance.config.write_text(text.replace("[site]\n", '[site]\ntemplates = "mine"\n', 1), encoding="utf-8")
    status, _, err = instance.digest("check")
    assert status == 2
    assert "archive.html:2" in err
