"""Papers that a profile likes: ids of stored papers, and bibliographies."""

import pytest

from digest.models import Listing
from digest.pipeline.liking import paper_key
from digest.sources import may_merge
from digest.store import Arrival

BIB = "@article{a, title={Equivariant message passing for protein docking}, author={Lovelace, Ada}}\n"
TITLES = [
    "Protein docking with equivariant message passing",
    "Equivariant message passing revisited for protein docking",
    *(f"On {matter} of the middle ages" for matter in ("sourdough", "taxes", "gardens", "cathedrals")),
]
ALIKE = {title: ["like"] for title in TITLES[:2]}


@pytest.fixture
def liking(instance, mail_server):
    """`liking('"refs.bib"')` writes a configuration whose one reader has a profile that likes it."""
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)

    def write(like: str, folder: str = "") -> None:
        profile = f'[[profile]]\nname = "mine"\nlike = [{like}]\n'
        if folder:
            (instance.folder / folder).mkdir(exist_ok=True)
            (instance.folder / folder / "mine.toml").write_text(profile, encoding="utf-8")
        reader = '[[subscriber]]\nemail = "ada@example.org"\nprofiles = ["mine"]\n'
        instance.write(sources={"a": feed}, smtp_port=server.port, more=reader if folder else profile + reader)
        if folder:
            text = instance.config.read_text(encoding="utf-8")
            instance.config.write_text(f'include = ["{folder}/*.toml"]\n{text}', encoding="utf-8")

    return write


def listed(document) -> dict[str, list[str]]:
    [digest] = document["digests"]
    return {paper["title"]: [why["field"] for why in paper["matched"]] for paper in digest["papers"]}


def test_a_bibliography_lists_a_paper_that_resembles_it(instance, liking):
    (instance.folder / "refs.bib").write_text(BIB, encoding="utf-8")
    liking('"refs.bib"')
    status, document = instance.send()
    assert (status, listed(document)) == (0, ALIKE)
    [why] = document["digests"][0]["papers"][0]["matched"]
    assert "Equivariant message passing for protein docking" in why["keyword"]


def test_a_bibliography_is_relative_to_the_file_that_names_it(instance, liking):
    liking('"refs.bib"', folder="profiles")
    (instance.folder / "profiles" / "refs.bib").write_text(BIB, encoding="utf-8")
    assert listed(instance.send()[1]) == ALIKE


def test_a_stored_paper_lists_a_paper_that_resembles_it(instance, liking):
    liking("")
    instance.json("fetch")
    _, document = instance.json("papers", "docking revisited")
    [paper] = document["papers"]
    liking(f'"{paper["id"]}", "arxiv:2401.01234"')
    instance.feed("a.xml", ["Protein docking by message passing", "On rye"])
    _, document = instance.send("--to", "ada@example.org")
    assert "Protein docking by message passing" in listed(document)
    assert set(map(tuple, listed(document).values())) == {("like",)}


@pytest.mark.parametrize("name", ["arxiv:2401.01234", "2401.01234v2", "doi:10.1101/2024.01.01.5", "hash:00ff"])
def test_a_paper_that_is_not_stored_yet_stops_nothing(instance, liking, name):
    liking(f'"{name}"')
    status, document = instance.send()
    assert (status, document["totals"]["skipped"]) == (0, 1)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.bib", None, "No such file"),
        ("empty.bib", "", "is empty"),
        ("page.bib", "<html>", "is XML"),
        ("a paper I read", None, "is no stored paper and no .bib"),
    ],
)
@pytest.mark.parametrize("how", [(), ("--dry-run",)])
def test_what_can_never_be_read_is_named_with_its_place_and_nothing_is_sent(instance, liking, name, content, said, how):
    if content is not None:
        (instance.folder / name).write_text(content, encoding="utf-8")
    liking(f'"arxiv:2401.01234", "{name}"')
    lines = instance.config.read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith("like"))
    status, out, err = instance.digest("send", *how)
    assert (status, out) == (2, "")
    assert f"config.toml:{line}:29" in err.replace("\n", "")
    assert said in " ".join(err.split())


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("arxiv:2401.01234", "arxiv:2401.01234"),
        ("arXiv:2401.01234v3", "arxiv:2401.01234"),
        ("2401.01234", "arxiv:2401.01234"),
        ("math.GT/0309136", "arxiv:math/0309136"),
        ("doi:10.48550/arXiv.2401.01234", "arxiv:2401.01234"),
        ("doi:10.1101/2024.01.01.5", "doi:10.1101/2024.01.01.5"),
        ("10.1101/ABC", "doi:10.1101/abc"),
        ("hash:00ff", "hash:00ff"),
        ("Ada Lovelace", ""),
        ("10.5", ""),
        ("", ""),
    ],
)
def test_an_id_is_read_as_people_write_it(name, key):
    assert paper_key(name) == key


async def test_a_stored_paper_is_found_by_every_name_it_has(store, now):
    listing = Listing(source="s", title="Graphs", url="https://x.org")
    arrival = Arrival(listing, "arxiv:2401.01234", ("arxiv:2401.01234", "doi:10.1/a", "title:x"))
    await store.papers.add([arrival], now, may_merge)
    found = await store.papers.by_ids(["doi:10.1/a", "arxiv:2401.01234", "arxiv:9"])
    assert {key: paper.id for key, paper in found.items()} == dict.fromkeys(
        ("doi:10.1/a", "arxiv:2401.01234"), "arxiv:2401.01234"
    )
    assert found["doi:10.1/a"].authors == ()
