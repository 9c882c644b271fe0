"""digest doctor dkim: a key, its DNS record, and the settings that go with both."""

import json
import stat
import tomllib

from digest.deliver import Signer


def configured(instance, more=""):
    instance.write(subscribers=["ada@example.org"], more=more)
    text = instance.config.read_text()
    instance.config.write_text(text.replace("digest@example.org", "digest@news.example.org"))


def test_a_key_is_made_for_its_owner_alone_and_its_record_and_settings_are_printed(instance):
    configured(instance)
    status, out, err = instance.digest("doctor", "dkim")
    assert (status, err) == (0, "")
    file = instance.folder / "dkim-digest.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    signer = Signer.load("news.example.org", "digest", file)
    (record,) = (line for line in out.splitlines() if line.startswith("digest._domainkey.news.example.org. IN TXT ( "))
    strings = record.split('"')[1::2]
    assert "".join(strings) == signer.record
    assert max(map(len, strings)) <= 255
    table = out[out.index("[smtp.dkim]") : out.index("\n\nThen:")]
    assert tomllib.loads(table)["smtp"]["dkim"] == {
        "domain": "news.example.org",
        "selector": "digest",
        "private_key_file": str(file),
    }


def test_a_key_there_is_never_replaced_and_its_record_is_printed_again(instance):
    configured(instance)
    first = json.loads(instance.digest("doctor", "dkim", "--json")[1])
    before = (instance.folder / "dkim-digest.pem").read_bytes()
    second = json.loads(instance.digest("doctor", "dkim", "--json")[1])
    assert (first["made"], second["made"]) == (True, False)
    assert first["record"] == second["record"]
    assert (instance.folder / "dkim-digest.pem").read_bytes() == before


def test_a_configured_key_is_found_and_a_new_selector_gives_a_second_one(instance):
    configured(instance)
    first = json.loads(instance.digest("doctor", "dkim", "--out", str(instance.folder / "k.pem"), "--json")[1])
    dkim = 'domain = "news.example.org"\nselector = "digest"\nprivate_key_file = "k.pem"\n'
    configured(instance, more=f"[smtp.dkim]\n{dkim}")
    status, out, _ = instance.digest("doctor", "dkim")
    assert status == 0
    assert first["record"][:200] in out
    assert "write this into" not in out
    second = json.loads(instance.digest("doctor", "dkim", "--selector", "digest2", "--json")[1])
    assert second["made"]
    assert second["host"] == "digest2._domainkey.news.example.org"
    assert second["private_key_file"] == str(instance.folder / "dkim-digest2.pem")
    assert second["record"] != first["record"]


def test_a_sender_of_this_machine_has_no_dns(instance):
    instance.write(subscribers=["ada@example.org"])
    status, _, err = instance.digest("doctor", "dkim", "--domain", "localhost")
    assert status == 2
    assert "localhost has no DNS to publish a key in" in err
    assert instance.digest("doctor", "dkim", "--domain", "a b")[0] == 2


def test_a_folder_that_cannot_be_written_is_told(instance):
    configured(instance)
    status, _, err = instance.digest("doctor", "dkim", "--out", str(instance.folder / "none" / "k.pem"))
    assert status == 1
    assert "name another place with --out FILE" in err


def test_a_wrong_key_stops_check_and_send_before_anything_is_sent(instance):
    (instance.folder / "k.pem").write_text("hello")
    dkim = '[smtp.dkim]\ndomain = "news.example.org"\nselector = "digest"\nprivate_key_file = "k.pem"\n'
    configured(instance, more=dkim)
    for command in (("check",), ("send", "--dry-run"), ("send",)):
        status, _, err = instance.digest(*command)
        assert status == 2
        assert f"{instance.folder / 'k.pem'}: the DKIM key is no private key in PEM." in err


def test_a_key_below_a_file_is_told_and_leaves_nothing(instance):
    configured(instance)
    (instance.folder / "file").write_text("mine")
    status, out, err = instance.digest("doctor", "dkim", "--out", str(instance.folder / "file" / "key.pem"))
    assert (status != 0, out) == (True, "")
    assert "Not a directory; name another place with --out FILE" in err
    assert (instance.folder / "file").read_text() == "mine"
