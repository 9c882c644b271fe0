from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.deliver.folder import Files, file_name, write
from digest.errors import OutputError


def write_one(folder: Path, address: str = "ada@example.org") -> Files:
    return write(folder, address, eml=b"Subject: x\r\n\r\nx\r\n", html="<p>ä</p>", text="ä\n")


def test_it_writes_three_files_named_by_the_address(tmp_path: Path) -> None:
    files = write_one(tmp_path / "a" / "b")
    assert files.eml == tmp_path / "a" / "b" / "ada@example.org.eml"
    assert files.eml.read_bytes() == b"Subject: x\r\n\r\nx\r\n"
    assert files.html == tmp_path / "a" / "b" / "ada@example.org.html"
    assert files.html.read_text(encoding="utf-8") == "<p>ä</p>"
    assert files.text == tmp_path / "a" / "b" / "ada@example.org.txt"
    assert files.text.read_bytes() == "ä\n".encode()
    assert len(list((tmp_path / "a" / "b").iterdir())) == 3


@pytest.mark.parametrize(
    "address",
    ["Ada.L+papers@example.org", "o'hara@example.org", "a%b@example.org", "jörg@bücher.example", "{x}|~@example.org"],
)
def test_a_harmless_address_is_the_name_as_it_is(address: str) -> None:
    assert file_name(address) == address


def test_it_replaces_an_older_file_and_leaves_no_drafts(tmp_path: Path) -> None:
    (tmp_path / "ada@example.org.eml").write_bytes(b"old" * 1000)
    write_one(tmp_path)
    write_one(tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".eml", ".html", ".txt"]
    assert (tmp_path / "ada@example.org.eml").read_bytes().startswith(b"Subject")


@pytest.mark.parametrize(
    "address",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        ".",
        "",
        ".hidden@example.org",
        "a\x00b@example.org",
        "a/../b@example.org",
        "a\\b@example.org",
        "a\nb@example.org",
        "a\u202eb@example.org",
        "a\udcffb@example.org",
        "x" * 5000 + "@example.org",
        "ü" * 5000,
    ],
)
def test_a_hostile_address_stays_in_the_folder(tmp_path: Path, address: str) -> None:
    folder = tmp_path / "out"
    files = write_one(folder, address)
    assert sorted(folder.iterdir()) == sorted([files.eml, files.html, files.text])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    for path in folder.iterdir():
        assert not path.name.startswith(".")
        assert len(os.fsencode(path.name)) <= 255
        assert path.name.isprintable()


@given(
    st.text(st.sampled_from("a.%~/25F\x00\\é@"), max_size=12), st.text(st.sampled_from("a.%~/25F\x00\\é@"), max_size=12)
)
def test_two_addresses_never_share_a_name(one: str, other: str) -> None:
    assert (file_name(one) == file_name(other)) == (one == other)


def test_two_long_addresses_never_share_a_name() -> None:
    long = "x" * 300
    names = [file_name(long + "1"), file_name(long + "2"), file_name(file_name(long + "1")), file_name(long)]
    assert len(set(names)) == 4


@given(st.text(max_size=400))
def test_any_text_makes_a_name_that_a_file_can_have(address: str) -> None:
    name = file_name(address)
    assert name
    assert "/" not in name
    assert "\x00" not in name
    assert not name.startswith(".")
    assert len(name.encode()) <= 200


def test_a_symlink_in_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "ada@example.org.eml").symlink_to(outside)
    write_one(folder)
    assert outside.read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.write_text("x")
    with pytest.raises(OutputError, match="is a file, not a folder"):
        write_one(place)
    with pytest.raises(OutputError, match="choose another folder"):
        write_one(place / "below")


def test_a_folder_in_the_place_of_a_file_is_told_and_leaves_no_drafts(tmp_path: Path) -> None:
    (tmp_path / "ada@example.org.html").mkdir()
    with pytest.raises(OutputError, match="cannot write to"):
        write_one(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.skipif(not Path("/dev/full").exists() or not Path("/proc/version").exists(), reason="needs Linux")
def test_a_folder_that_cannot_be_written_is_told() -> None:
    with pytest.raises(OutputError, match="cannot write to"):
        write_one(Path("/proc/self/out"))


def test_a_folder_that_cannot_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="choose another"):
        write_one(tmp_path / "a\x00b")
    with pytest.raises(OutputError, match="choose another"):
        write_one(tmp_path / ("n" * 300))


def test_text_that_is_not_unicode_is_written_all_the_same(tmp_path: Path) -> None:
    files = write(tmp_path, "ada@example.org", eml=b"", html="a\ud800b", text="a\udfffb")
    assert files.html.read_text() == "a?b"
