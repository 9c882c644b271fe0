"""What the pool is compared with: aiosmtplib, nodemailer's pool and smtp-source; and the server all of them talk to.

Each returns seconds of CPU of the sending process alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import aiosmtplib

from bench.shared import Missing

_SECONDS = 600.0
_NODEMAILER = "nodemailer@7"
_SCRIPT = """
const [port, count, connections, file] = process.argv.slice(2);
const raw = require('fs').readFileSync(file);
const pool = require('nodemailer').createTransport({host: '127.0.0.1', port: +port, pool: true, secure: false,
  ignoreTLS: true, maxConnections: +connections, maxMessages: Infinity});
const before = process.cpuUsage();
let next = 0;
async function work() {
  while (next++ < +count)
    await pool.sendMail({envelope: {from: 'b+1.2.abc@news.example.org', to: ['reader@example.org']}, raw});
}
Promise.all(Array.from({length: 2 * +connections}, work)).then(() => {
  const used = process.cpuUsage(before);
  console.log(JSON.stringify((used.user + used.system) / 1e6));
  pool.close();
});
"""


@contextmanager
def sink(connections: int) -> Iterator[int]:
    """Postfix's smtp-sink on loopback, which takes everything and keeps nothing; gives its port."""
    program = tool("smtp-sink")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program, *user, f"127.0.0.1:{port}", str(4 * connections)])
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def tool(name: str) -> str:
    """A program of Debian's postfix package; Missing says how to get it."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        raise Missing(f"{name} is missing: apt-get install postfix (choose “No configuration”; it need not run)")
    return found


async def aiosmtplib_sendmail(port: int, bodies: Sequence[bytes], count: int, connections: int) -> float:
    """`SMTP.sendmail`, so many connections, each kept for all its messages."""
    numbers = iter(range(count))

    async def work() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, use_tls=False) as client:
            for number in numbers:
                await client.sendmail(
                    "b+1.2.abc@news.example.org", ["reader@example.org"], bodies[number % len(bodies)]
                )

    started = time.process_time()
    await asyncio.gather(*(work() for _ in range(connections)))
    return time.process_time() - started


def nodemailer_folder(folder: Path) -> Path | None:
    """Install nodemailer into a folder; None where there is no Node, or it cannot be had."""
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), _NODEMAILER]
    if subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False).returncode:
        return None
    (folder / "send.js").write_text(_SCRIPT, encoding="utf-8")
    return folder


def nodemailer_pool(folder: Path, port: int, body: bytes, count: int, connections: int) -> float:
    """Its pool, fed with raw messages, so that it builds none."""
    (folder / "message").write_bytes(body)
    command = ["node", str(folder / "send.js"), str(port), str(count), str(connections), str(folder / "message")]
    done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)
    return float(json.loads(done.stdout))


def smtp_source(port: int, length: int, count: int, connections: int) -> float:
    """Postfix's own load generator, in C; a new connection for every message is its way, -d keeps them."""
    command = [tool("smtp-source"), "-d", "-s", str(connections), "-m", str(count), "-l", str(length)]
    process = subprocess.Popen([*command, "-f", "a@example.org", "-t", "b@example.org", f"127.0.0.1:{port}"])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    return used.ru_utime + used.ru_stime


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Missing("smtp-sink does not start; run it by hand to see why")
