"""Every recorded feed is read completely or refused with a reason: one row per file, counted by hand in the raw bytes."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.errors import FeedError
from digest.sources.feed import parse_feed
from digest.sources.reading import Parsed
from digest.sources.urls import web_url

FEEDS = Path(__file__).resolve().parents[3] / "shared" / "feeds"
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)

# file → the reader it is for, and the number of papers or words of the refusal
ROWS: dict[str, tuple[str, int | str]] = {
    "arxiv_api/arxivpy_id_0000.0000_s0_m100_8b51d9633a68.json": ("query", 0),
    "arxiv_api/arxivpy_id_0808.05394_s0_m100_7b0c7d0a7cdd.json": ("query", 0),
    "arxiv_api/arxivpy_id_1707.08567_s0_m100_6a1afebfc6a3.json": ("query", 1),
    "arxiv_api/arxivpy_id_abc_s0_m100_b79c8dcf6bc3.json": ("query", "incorrect id format for abc"),
    "arxiv_api/arxivpy_id_quant-ph_0201082v1_s0_m100_86989fe779ef.json": ("query", 1),
    "arxiv_api/arxivpy_q_testing_s0_m10_bc5a6c384fe9.json": ("query", 10),
    "arxiv_api/arxivpy_q_testing_s10_m10_34e56e15aaac.json": ("query", 10),
    "arxiv_api/arxivpy_q_testing_s30_m10_f2e39f0143dc.json": ("query", 10),
    "arxiv_api/arxivpy_q_testing_s50_m10_7f488ab8598c.json": ("query", 10),
    "arxiv_api/arxivpy_q_testing_s5_m15_bbcf6b23085b.json": ("query", 15),
    "arxiv_api/derived_debug_papers_gpt_paper_assistant.json": ("query", "not a feed"),
    "arxiv_api/query_3cats_25_2026-08-02_scout-cpu.xml": ("query", 25),
    "arxiv_api/query_cs.AI_cs.LG_50_2026-07-13_ikevinxie.xml": ("query", 50),
    "arxiv_api/query_glacier_2_2026-08-07_malkreide.xml": ("query", 2),
    # five entries, of which one is a replacement and one has no title
    "arxiv_rss/SYNTHETIC_rss_cs.CL_cases_BuiVannn.xml": ("announcements", 3),
    "arxiv_rss/listing_new_cs.AI_2026-08-12_ZJU.html": ("announcements", "an HTML page"),
    # three entries, of which one is a replacement
    "arxiv_rss/rdf_old_hep-ex_2018-05-23_physbiblio.xml": ("announcements", 2),
    "arxiv_rss/rss_cs.AI_2026-04-27_jmamath.xml": ("announcements", 3),
    "arxiv_rss/rss_cs.CL_2026-08-01_weekend_empty.xml": ("announcements", 0),
    "arxiv_rss/rss_cs.LG_2026-04-27_jmamath.xml": ("announcements", 3),
    "hf/api_daily_papers_2026-06-12_sotawhat.json": ("papers", 30),
    "hf/api_daily_papers_2026-07_trimmed_petitlaye.json": ("papers", 2),
    "hf/other_hf_sample_kuhnhome.json": ("papers", "nothing is a paper"),
    "biorxiv/api_details_biorxiv_2026-08.json": ("feed", "an answer of the bioRxiv API, not a feed"),
    "biorxiv/rdf_biorxiv_feedrs.xml": ("feed", 1),
    "blogs/anthropic_news_olshansk_2026-04.xml": ("feed", 205),
    "blogs/deepmind_blog.xml": ("feed", 3),
    "blogs/gradient_blog.xml": ("feed", 3),
    "blogs/openai_blog.xml": ("feed", 3),
    "blogs/vector_institute.xml": ("feed", 3),
    "crossref/cassette_journals_works_habanero.yaml": ("feed", "plain text, not a feed"),
    "crossref/works_2026-08.json": ("feed", "a Crossref answer, not a feed"),
    "europepmc/search_2026-08.json": ("feed", "a Europe PMC answer, not a feed"),
    "generic/feedjira_AmazonWebServicesBlog.xml": ("feed", 10),
    "generic/feedjira_AtomFeedWithSpacesAroundEquals.xml": ("feed", 1),
    "generic/feedjira_FeedBurnerXHTML.xml": ("feed", 10),
    "generic/feedjira_InvalidDateFormat.xml": ("feed", 2),
    "generic/feedjira_SamRuby.xml": ("feed", 20),
    "generic/feedjira_google_alerts_atom.xml": ("feed", 20),
    "generic/feedjira_youtube_atom.xml": ("feed", 15),
    "generic/feedrs_atom_scattered.xml": ("feed", 1),
    "generic/feedrs_jsonfeed_elastic_1.1.json": ("feed", 3),
    "generic/feedrs_rss_0.91_missing_id.xml": ("feed", "no entry has a link (1 without)"),
    "generic/feedrs_rss_0.92_spec_1.xml": ("feed", "no entry has a link (3 without)"),
    "generic/feedrs_rss_1.0_iso8859.xml": ("feed", 1),
    "generic/feedrs_rss_2.0_invalid_1.xml": ("feed", "a feed that broke off before its first entry"),
    "generic/feedrs_rss_2.0_spiegel.xml": ("feed", 1),
    "generic/miniflux_encoding_WINDOWS-1251.xml": ("feed", 50),
    "generic/miniflux_large_rss.xml": ("feed", 25),
    "generic/miniflux_rdf_UTF8.xml": ("feed", 60),
    "generic/miniflux_urdu_UTF8.xml": ("feed", 26),
    "generic/nodefeedparser_category-feed.xml": ("feed", 1),
    "generic/nodefeedparser_guid-dupes.xml": ("feed", 1),
    "generic/nodefeedparser_illegally-nested.xml": ("feed", 10),
    "generic/nodefeedparser_invalid-characters-gzipped.xml": ("feed", 25),
    "generic/nodefeedparser_relative-channel-image-url.xml": ("feed", 1),
    "generic/nodefeedparser_rss-with-trailing-meta.xml": ("feed", 1),
    "generic/nodefeedparser_tpm-with-fragment-base.atom": ("feed", 20),
    "generic/nodefeedparser_wapowellness.xml": ("feed", 29),
    "generic/r2e_bbc-chinese_feed.atom": ("feed", 2),
    "generic/r2e_gmane_feed.rss": ("feed", 5),
    "generic/r2e_nodejs_feed2.xml": ("feed", 1),
    "generic/r2e_quiltville_feed.atom": ("feed", 25),
    "generic/rsparser_4fsodonline.atom": ("feed", 25),
    "generic/rsparser_KatieFloyd.rss": ("feed", 20),
    "generic/rsparser_aktuality.rss": ("feed", 30),
    "generic/rsparser_expertopinionent.atom": ("feed", 43),
    "generic/rsparser_monkeydom.rss": ("feed", 13),
    "generic/rsparser_scriptingNews.rss": ("feed", 50),
    "generic/rssparser_craigslist.rss": ("feed", 25),
    "generic/rssparser_guardian.rss": ("feed", 55),
    "generic/rssparser_incomplete-fields.atom": ("feed", "no entry has a link (1 without)"),
    "generic/rssparser_missing-fields.atom": ("feed", "no entry has a link (1 without)"),
    "generic/rssparser_unrecognized.rss": ("feed", "an HTML page, not a feed"),
    "hf_rss/huangboming_daily_2025-04-25.xml": ("feed", 15),
    "hf_rss/huangboming_daily_2025-10-15.xml": ("feed", 56),
    "hf_rss/huangboming_daily_2026-01-15.xml": ("feed", 23),
    "hf_rss/huangboming_daily_2026-08-08.xml": ("feed", 30),
    "hf_rss/huangboming_weekly_2026-08-03.xml": ("feed", 6),
    "journals/SYNTHETIC_nature_feed.xml": ("feed", 4),
    "journals/rdf_science_current.rss": ("feed", 69),
    "oai/oai_eperiodica_listrecords.xml": ("feed", "an OAI-PMH answer, not a feed"),
    "oai/oai_sui_generis_listrecords.xml": ("feed", "an OAI-PMH answer, not a feed"),
    "openalex/works_2026-08.json": ("feed", "an OpenAlex answer, not a feed"),
    "pubmed/efetch_2026-08.xml": ("feed", "a PubMed efetch answer, not a feed"),
    "pubmed/rss_pubmed_search_2026-07_playwright_mock.xml": ("feed", 2),
}


def read(name: str) -> Parsed:
    """The answer of the reader that the table names."""
    body = (FEEDS / name).read_bytes()
    reader = ROWS[name][0]
    if reader == "papers":
        from digest.sources.huggingface import parse_papers

        return parse_papers(body, source="s", asked_on=None)
    if reader == "announcements":
        from digest.sources.arxiv import parse_announcements

        return parse_announcements(body, source="s", category="cs.CL", include=frozenset({"new", "cross"}))
    if reader == "query":
        from digest.sources.arxiv_api import parse_query

        if Path(name).name.startswith("arxivpy_"):
            body = json.loads(body)["body"].encode()
        return parse_query(body, source="s")
    return parse_feed(body, source="s", url="https://example.org/feed.xml", now=NOW)


pytestmark = pytest.mark.skipif(not FEEDS.is_dir(), reason="the shared feeds are not here")


@pytest.mark.parametrize("name", ROWS)
def test_a_recorded_feed_is_read_completely_or_refused(name: str) -> None:
    expected = ROWS[name][1]
    if isinstance(expected, str):
        with pytest.raises(FeedError) as refusal:
            read(name)
        assert expected in str(refusal.value)
        return
    listings = read(name).listings
    assert len(listings) == expected
    for listing in listings:
        assert listing.title
        assert web_url(listing.url) == listing.url
        assert not any(mark in listing.title + listing.abstract for mark in ("</p>", "<br", "&amp;amp;", "\n"))
        assert not any("@" in name or "<" in name for name in listing.authors)


def test_no_recorded_feed_is_missing_from_the_table() -> None:
    files = {str(path.relative_to(FEEDS)) for path in FEEDS.glob("*/*") if path.is_file()}
    assert files == set(ROWS)
