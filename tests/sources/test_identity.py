"""Which listings are the same paper."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.models import Listing
from digest.sources.identity import (
    arxiv_id,
    doi,
    family_name,
    linked_arxiv_id,
    may_merge,
    normal_url,
    paper_id,
    paper_keys,
    plain_url,
)


def listing(**said: Any) -> Listing:
    return Listing(
        **{"source": "s", "title": "On Computable Numbers and the Entscheidungsproblem", "url": "https://example.org/1"}
        | said
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2401.01234", ("2401.01234", None)),
        ("2401.01234v3", ("2401.01234", 3)),
        ("arXiv:0704.0001v1", ("0704.0001", 1)),
        ("hep-th/9901001", ("hep-th/9901001", None)),
        ("math.GT/0309136v2", ("math/0309136", 2)),
        ("http://arxiv.org/abs/quant-ph/0201082v1", ("quant-ph/0201082", 1)),
        ("https://arxiv.org/pdf/2401.01234v2.pdf", ("2401.01234", 2)),
        ("https://rss.arxiv.org/abs/2401.01234", ("2401.01234", None)),
        ("https://export.arxiv.org/abs/2401.01234", ("2401.01234", None)),
        ("https://www.alphaxiv.org/abs/2401.01234", ("2401.01234", None)),
        ("https://huggingface.co/papers/2401.01234", ("2401.01234", None)),
        ("https://tldr.takara.ai/p/2401.01234", ("2401.01234", None)),
        ("oai:arXiv.org:2401.01234v1", ("2401.01234", 1)),
        ("https://doi.org/10.48550/arXiv.2401.01234", ("2401.01234", None)),
        ("A title (arXiv:1805.06430v2 [nucl-th] UPDATED)", ("1805.06430", 2)),
        ("https://example.org/2401.01234", None),
        ("https://example.org/price/1234.56789", None),
        ("2413.01234", None),
        ("1.2401.01234", None),
        ("", None),
    ],
)
def test_it_finds_arxiv_ids(text: str, found: object) -> None:
    assert arxiv_id(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.1000/ABC.123", "10.1000/abc.123"),
        ("https://doi.org/10.1000/abc", "10.1000/abc"),
        ("doi:10.1101/2023.12.16.571984", "10.1101/2023.12.16.571984"),
        ("https://www.biorxiv.org/content/10.1101/2023.12.16.571984v1.full", "10.1101/2023.12.16.571984"),
        ("https://www.biorxiv.org/content/10.64898/2026.01.02.123456v2?rss=1", "10.64898/2026.01.02.123456"),
        ("see (10.1016/S0140-6736(20)30183-5).", "10.1016/s0140-6736(20)30183-5"),
        ("https://www.frontiersin.org/articles/10.3389/fnins.2026.1/full", "10.3389/fnins.2026.1"),
        ("https://doi.org/10.1000%2Fxyz", "10.1000/xyz"),
        (
            "10.1002/(SICI)1097-4571(199806)49:8<693::AID-ASI4>3.0.CO;2-O",
            "10.1002/(sici)1097-4571(199806)49:8<693::aid-asi4>3.0.co;2-o",
        ),
        ("10.1000/abc.", "10.1000/abc"),
        ("version 10.5 of it", ""),
        ("", ""),
    ],
)
def test_it_finds_dois(text: str, found: object) -> None:
    assert doi(text) == found


@pytest.mark.parametrize(
    "names",
    [
        (
            "Ada Lovelace",
            "Lovelace, Ada",
            "A. Lovelace",
            "ADA LOVELACE",
            "Lovelace A",
            "Lovelace AK",
            "Ada Lovelace Jr.",
        ),
        ("Ludwig van Beethoven", "van Beethoven, Ludwig", "L. v. Beethoven"),
        ("José García", "Garcia, Jose"),
        ("Sammy Davis, Jr.", "Davis, Sammy"),
    ],
)
def test_one_person_has_one_family_name(names: tuple[str, ...]) -> None:
    assert len({family_name(name) for name in names}) == 1


def test_strong_keys_come_first() -> None:
    keys = paper_keys(listing(arxiv_id="2401.01234", doi="10.1000/abc", authors=("Ada Lovelace",)))
    assert keys[:2] == ("arxiv:2401.01234", "doi:10.1000/abc")
    assert [key.partition(":")[0] for key in keys[2:]] == ["title"]


def test_arxivs_own_doi_is_its_id() -> None:
    assert paper_keys(listing(doi="10.48550/arxiv.2401.01234"))[0] == "arxiv:2401.01234"
    assert paper_id(listing(doi="10.48550/arxiv.2401.01234")) == "arxiv:2401.01234"


def test_title_and_first_author_recognise_a_paper_elsewhere() -> None:
    here = paper_keys(listing(authors=("Ada Lovelace", "X Y"), url="https://a.org/1"))
    there = paper_keys(
        listing(
            authors=("Lovelace, A.",),
            url="https://b.org/2",
            title="On computable numbers, and the  ENTSCHEIDUNGSPROBLEM",
        )
    )
    assert here[0].startswith("title:")
    assert here[0] == there[0]
    assert here[1:] != there[1:], "the pages differ"


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("http://arxiv.org/abs/2611.00001v2", ("2611.00001", 2)),
        ("https://rss.arxiv.org/abs/2611.00001", ("2611.00001", None)),
        ("https://user@ARXIV.org:443/pdf/2611.00001.pdf#page=2", ("2611.00001", None)),
        ("https://ar5iv.labs.arxiv.org/html/hep-th/9901001", ("hep-th/9901001", None)),
        ("https://huggingface.co/papers/2611.00001", ("2611.00001", None)),
        ("https://www.alphaxiv.org/overview/2611.00001v1", ("2611.00001", 1)),
        ("https://tldr.takara.ai/p/2611.00001", ("2611.00001", None)),
        ("https://doi.org/10.48550%2FarXiv.2611.00001", ("2611.00001", None)),
        ("oai:arXiv.org:2611.00001v3", ("2611.00001", 3)),
        ("http://evil.example/?u=arxiv.org/abs/2611.00001", None),
        ("http://evil.example/arxiv.org/abs/2611.00001", None),
        ("http://arxiv.org.evil.example/abs/2611.00001", None),
        ("http://evilarxiv.org/abs/2611.00001", None),
        ("http://arxiv.org@evil.example/abs/2611.00001", None),
        ("http://arxiv.org/search/?q=arxiv.org/abs/2611.00001", None),
        ("http://[bad/abs/2611.00001", None),
        ("see oai:arXiv.org:2611.00001", None),
        ("arXiv:2611.00001", None),
        ("2611.00001", None),
    ],
)
def test_the_host_of_a_link_decides_whether_it_names_an_arxiv_paper(link: str, found: object) -> None:
    assert linked_arxiv_id(link) == found


@pytest.mark.parametrize(
    "text",
    [
        "10.1000/(sici)" * 300_000,
        "10.1000/1234-&lt;" * 300_000,
        "10.1000/(sici)" + "<" * 4_000_000,
        "10.1000/" + ")" * 4_000_000,
        "10.1000/a" + "]." * 2_000_000,
        "10.1000." * 500_000,
        "10.1000/a.full" * 300_000,
        "10.1101/1v1" * 400_000,
        "arxiv " + " " * 4_000_000,
        "arxiv:math." + "a" * 4_000_000,
        "http://" + "arxiv.org." * 400_000,
        "%2f" * 1_000_000,
        " " * 4_000_000,
    ],
    ids=lambda text: text[:16],
)
def test_megabytes_of_almost_identifiers_come_to_an_end(text: str) -> None:
    for _ in range(200):
        arxiv_id(text)
        linked_arxiv_id(text)
        doi(text)


def test_an_identifier_behind_two_thousand_characters_is_not_found() -> None:
    assert doi("10.1000/abc" + " " * 2000) == "10.1000/abc"
    assert doi(" " * 2000 + "10.1000/abc") == ""
    assert arxiv_id("x" * 2000 + " arXiv:2611.00001") is None


def test_the_page_is_a_key_where_no_strong_one_is() -> None:
    named = {"authors": ("Ada Lovelace",)}
    assert [key.partition(":")[0] for key in paper_keys(listing(**named))] == ["title", "link", "hash"]
    assert [key.partition(":")[0] for key in paper_keys(listing(**named, permalink=False))] == ["title", "hash"]


def test_pages_of_one_host_share_half_a_key() -> None:
    def link(url: str) -> str:
        return paper_keys(listing(url=url))[0]

    assert link("https://a.org/1") == link("http://www.a.org/1")
    assert link("https://a.org/1") != link("https://a.org/2")
    assert link("https://a.org/1").rpartition(":")[0] == link("https://a.org/2").rpartition(":")[0]
    assert link("https://a.org/1").rpartition(":")[0] != link("https://b.org/1").rpartition(":")[0]


@pytest.mark.parametrize(
    "preprint",
    [
        "10.1101/2026.01.02.123456",
        "10.64898/2026.01.02.123456",
        "10.21203/rs.3.rs-1/v1",
        "10.20944/preprints202601.0001.v1",
        "10.26434/chemrxiv-2026-abc",
        "10.31234/osf.io/abcde",
    ],
)
def test_a_preprint_and_its_journal_version_may_be_one(preprint: str) -> None:
    assert may_merge([f"doi:{preprint}"], ["doi:10.1038/s41586-026-1"])
    assert may_merge([f"doi:{preprint}", "doi:10.1038/s41586-026-1"], ["doi:10.1038/s41586-026-1", "arxiv:2611.00001"])
    assert not may_merge([f"doi:{preprint}"], ["doi:10.1101/2020.09.09.999999"])
    assert not may_merge([f"doi:{preprint}", "doi:10.1038/a"], ["doi:10.1038/b"])


def test_a_journal_that_shares_a_prefix_with_a_preprint_server_is_a_journal() -> None:
    assert not may_merge(["doi:10.1101/gr.123456.111"], ["doi:10.1038/s41586-026-1"])


def test_a_short_title_identifies_nothing() -> None:
    keys = paper_keys(listing(title="Editorial", authors=("Ada Lovelace",)))
    assert [key.partition(":")[0] for key in keys] == ["link", "hash"]


def test_a_shared_link_identifies_nothing() -> None:
    keys = paper_keys(listing(permalink=False))
    assert [key.partition(":")[0] for key in keys] == ["hash"]


def test_the_id_of_a_paper_without_a_strong_key_is_a_stable_hash() -> None:
    one = paper_id(listing(url="https://Example.org:443/1?utm_source=rss#top"))
    assert one == paper_id(listing(title=" on  computable numbers AND the Entscheidungsproblem"))
    assert one == "hash:" + one[5:]
    assert len(one) == 25
    assert one != paper_id(listing(title="Another title"))


def test_papers_with_different_strong_keys_stay_apart() -> None:
    assert not may_merge(["arxiv:1"], ["arxiv:2"])
    assert not may_merge(["arxiv:1", "doi:a"], ["arxiv:1", "doi:b"])
    assert may_merge(["arxiv:1"], ["doi:b"])
    assert may_merge(["arxiv:1"], ["arxiv:1", "doi:b"])
    assert may_merge([], ["doi:b"])


def test_tracking_goes_and_meaning_stays() -> None:
    assert (
        plain_url("https://pubmed.ncbi.nlm.nih.gov/1/?utm_source=x&fc=1&ff=2&v=3")
        == "https://pubmed.ncbi.nlm.nih.gov/1/"
    )
    assert plain_url("http://biorxiv.org/cgi/content/short/1v1?rss=1") == "http://biorxiv.org/cgi/content/short/1v1"
    assert plain_url("https://a.org/?p=26509&utm_medium=feed#x") == "https://a.org/?p=26509#x"
    assert normal_url("HTTP://A.org:80?id=1#x") == "http://a.org/?id=1"
    assert normal_url("http://[bad") == "http://[bad"


new_ids = st.builds(
    lambda year, month, number: f"{year:02}{month:02}.{number:05}",
    st.integers(15, 39),
    st.integers(1, 12),
    st.integers(1, 99_999),
)
places = st.sampled_from(
    [
        "{}",
        "arXiv:{}",
        "https://arxiv.org/abs/{}",
        "http://ARXIV.org/pdf/{}",
        "oai:arXiv.org:{}",
        "https://huggingface.co/papers/{}",
        "10.48550/arXiv.{}",
        "  {} ",
    ]
)


@given(new_ids, places, st.integers(0, 20))
def test_place_and_version_never_change_the_identity(identifier: str, place: str, version: int) -> None:
    written = place.format(f"{identifier}v{version}" if version else identifier)
    assert arxiv_id(written) == (identifier, version or None)


@given(new_ids, new_ids)
def test_different_ids_never_collide(one: str, other: str) -> None:
    assert (paper_id(listing(arxiv_id=one)) == paper_id(listing(arxiv_id=other))) == (one == other)


@given(st.text())
def test_any_text_is_read_without_failing(text: str) -> None:
    arxiv_id(text)
    assert doi(text) == doi(doi(text))
    family_name(text)
    normal_url(text)
    assert paper_id(listing(title=text, url=text)) == paper_id(listing(title=f" {text}  ", url=text))
