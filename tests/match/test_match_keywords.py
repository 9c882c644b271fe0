"""What a written keyword matches: every row of the language."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from digest.match import compile_profiles, statistics
from digest.models import Match, Paper, Profile


def paper(title: str = "", abstract: str = "", **fields: Any) -> Paper:
    values: dict[str, Any] = {
        "seq": 1,
        "id": "arxiv:2511.00001",
        "authors": (),
        "categories": (),
        "url": "https://x.test/",
    }
    values |= {"listed_on": date(2026, 11, 23), "first_seen_at": datetime(2026, 11, 23, tzinfo=UTC)}
    return Paper(title=title, abstract=abstract, **(values | fields))


def match(keyword: str, subject: Paper) -> Match | None:
    ranking = compile_profiles([Profile(name="p", keywords=(keyword,))]).match([subject], statistics([subject]))["p"]
    return ranking.matches[0] if ranking.matches else None


def words(keyword: str, title: str) -> list[str] | None:
    """What of a title the keyword matches; None when it does not match."""
    found = match(keyword, paper(title))
    if found is None:
        return None
    return [title[span.start : span.end] for reason in found.matched for span in reason.spans]


@pytest.mark.parametrize(
    ("keyword", "title", "matched"),
    [
        ("diffusion model", "Diffusion-Models for all", "Diffusion-Models"),
        ("diffusion models", "A diffusion model", "diffusion model"),
        ("DiffusioN", "no DiffusioN", "DiffusioN"),
        ("Schrödinger bridge", "The Schrodinger Bridges", "Schrodinger Bridges"),
        ("schrodinger", "On Schro\u0308dinger", "Schro\u0308dinger"),
        ("naive bayes", "Naïve Bayes", "Naïve Bayes"),
        ("Łukasiewicz", "lukasiewicz logic", "lukasiewicz"),
        ("straße", "STRASSE view", "STRASSE"),
        ("fine-tuning", "Finetuning a net", "Finetuning"),
        ("fine tuning", "Finetuned net", "Finetuned"),
        ("finetuning", "Fine Tuning a net", "Fine Tuning"),
        ("finetuning", "A fine-tuned net", "fine-tuned"),
        ("fine-tuning llamas", "Finetuning Llama", "Finetuning Llama"),
        ("vision language", "Vision/Language", "Vision/Language"),
        ("state of the art", "State-of-the-Art", "State-of-the-Art"),
        ("state-of-the-art", "the state of the art", "state of the art"),
        ("Navier-Stokes", "Navier–Stokes flow", "Navier–Stokes"),
        ("Parkinson disease", "Parkinson’s disease", "Parkinson’s disease"),
        ("equivarian*", "SE(3)-Equivariance", "Equivariance"),
        ("graph equivarian*", "Graph Equivariant nets", "Graph Equivariant"),
        ("multi-modal*", "Multimodality", "Multimodality"),
        ("finetun*", "A fine-tuned net", "fine-tuned"),
        ('"in the wild"', "Faces In the Wild", "In the Wild"),
        ("SAM", "Using SAM", "SAM"),
        ("SAM", "Two SAMs", "SAMs"),
        ("LLMs", "One LLM", "LLM"),
        ("LoRA", "LoRA-based", "LoRA"),
        ("GPT-4o", "With GPT-4o", "GPT-4o"),
        ("GPT4", "With GPT-4", "GPT-4"),
        ("3D", "3-D view", "3-D"),
        ("C++", "Modern C++.", "C++"),
        ("F#", "Typed f#", "f#"),
        (".NET", "The .NET runtime", ".NET"),
        (r"A\*", "Faster A* search", "A*"),
        ('"A*"', "Faster A* search", "A*"),
        ("k-means", "Fast k-means++", "k-means++"),
        ("k-means++", "Fast k-means++", "k-means++"),
        ("L_1", "The L₁ norm", "L₁"),
        ("R", "Statistics in R", "R"),
        ("COVID-19", "After COVID-19", "COVID-19"),
        ("word2vec", "Word2Vec again", "Word2Vec"),
        ("α-synuclein", "Α-Synuclein", "Α-Synuclein"),
        ("диффузия", "ДИФФУЗИЯ и шум", "ДИФФУЗИЯ"),
        ("扩散模型", "基于扩散模型的方法", "扩散模型"),
        ("ガン", "新しいカ\u3099ンの治療", "カ\u3099ン"),
        ("확산", "확산 모델", "확산"),
        ("efficient", "eﬃcient nets", "eﬃcient"),
        (r"a\:b", "so a:b it is", "a:b"),
        (r"\(quantum\) gravity", "quantum gravity", "quantum gravity"),
        ('"NOT gate"', "A NOT gate", "NOT gate"),
        ("not a gate", "This is not a gate", "not a gate"),
    ],
)
def test_a_keyword_matches_and_marks_exactly_its_words(keyword: str, title: str, matched: str) -> None:
    assert words(keyword, title) == [matched]


@pytest.mark.parametrize(
    ("keyword", "title"),
    [
        ("diffusion model", "Model of diffusion"),
        ("diffusion model", "Diffusion of a model"),
        ('"in the wild"', "In the wilds"),
        ('"fine tuning"', "finetuning"),
        ('"model"', "models"),
        ("SAM", "Sam and sam"),
        ("SAM", "Sample"),
        ("SAM*", "Sample"),
        ("LoRA", "Lora, LORA"),
        ("C", "Modern C++"),
        ("C++", "Vitamin C"),
        ("k-means++", "k-means"),
        (r"A\*", "A star"),
        ("information", "Drones in formation"),
        ("equivarian*", "Equivalence"),
        ("model", "supermodel"),
    ],
)
def test_a_keyword_does_not_match_other_words(keyword: str, title: str) -> None:
    assert words(keyword, title) is None


@pytest.mark.parametrize(
    ("keyword", "title", "matched"),
    [
        ('"graph equivariant"~5', "Equivariant networks on graphs", ["Equivariant", "graphs"]),
        ('"graph equivariant"~5', "Graph one two three four equivariant", ["Graph", "equivariant"]),
        ('"graph equivariant"~1', "Graph-equivariant", ["Graph", "equivariant"]),
        ('"graph equivariant"~5', "Graph one two three four five equivariant", None),
        ('"graph equivariant"~5', "Graphs only", None),
        ('"fine-tuning llama"~3', "Llama after finetuning", ["Llama", "finetuning"]),
        ('"agent agent"~3', "Agent", None),
        ('"agent agent"~3', "Agent to agent", ["Agent", "agent"]),
    ],
)
def test_proximity_takes_any_order_within_the_distance(keyword: str, title: str, matched: list[str] | None) -> None:
    assert words(keyword, title) == matched


@pytest.mark.parametrize("prefix", ["title", "ti", "TITLE"])
def test_a_title_keyword_looks_only_there(prefix: str) -> None:
    assert match(f"{prefix}:graph", paper("Graphs", "none")) is not None
    assert match(f"{prefix}:graph", paper("None", "graphs")) is None


@pytest.mark.parametrize("prefix", ["abstract", "abs"])
def test_an_abstract_keyword_looks_only_there(prefix: str) -> None:
    found = match(f"{prefix}:neural graph", paper("Neural graph", "a neural graph"))
    assert found is not None
    assert {reason.field for reason in found.matched} == {"abstract"}


@pytest.mark.parametrize(
    "printed",
    [
        "Ada Lovelace",
        "A. Lovelace",
        "Lovelace, Ada",
        "Lovelace, A.",
        "Lovelace A",
        "ada LOVELACE",
        "Ada K. Lovelace",
        "Áda Lovelace",
    ],
)
def test_an_author_is_found_however_the_name_is_printed(printed: str) -> None:
    for keyword in (
        'author:"Ada Lovelace"',
        "au:Ada Lovelace",
        'author:"Lovelace, Ada"',
        "author:A. Lovelace",
        "au:lovelace",
    ):
        assert match(keyword, paper("Notes", authors=("Charles Babbage", printed))) is not None


@pytest.mark.parametrize("printed", ["Bob Lovelace", "Ada Love", "B. Lovelace", "Lovelace Ada Byron", ""])
def test_another_author_is_not_found(printed: str) -> None:
    assert match('author:"Ada Lovelace"', paper("Ada Lovelace", authors=(printed,))) is None


@pytest.mark.parametrize(
    ("keyword", "printed"),
    [
        ('author:"Laurens van der Maaten"', "van der Maaten, L."),
        ('author:"Jean-Pierre Serre"', "J.-P. Serre"),
        ('author:"Wei-Ming Li"', "Weiming Li"),
        ('author:"Weinan E"', "E, Weinan"),
        ('author:"Kaiming He"', "Kaiming HE"),
        ('author:"Pál Erdős"', "P. Erdos"),
        ('author:"王伟"', "王伟"),
        ('author:"Sinéad O\'Brien"', "S. O’Brien"),
    ],
)
def test_names_of_other_places_are_read(keyword: str, printed: str) -> None:
    assert match(keyword, paper("Notes", authors=(printed,))) is not None


def test_a_category_and_a_source_match_by_their_whole_name_in_any_case() -> None:
    subject = paper("Notes", categories=("cs.LG",), sources=("My Feed",))
    assert match("category:CS.lg", subject) is not None
    assert match("cat:cs", subject) is None
    assert match("source:my feed", subject) is not None
    assert match('source:"feed"', subject) is None


def test_all_occurrences_are_marked_up_to_fifty_in_each_field() -> None:
    found = match("graph", paper("graph " * 60, "graphs, graph"))
    assert found is not None
    assert sorted(len(reason.spans) for reason in found.matched) == [2, 50]


def test_a_title_without_words_matches_nothing() -> None:
    assert match("graph", paper("", "")) is None
    assert match("graph", paper("…", "?!")) is None


def test_a_huge_abstract_is_read_without_trouble() -> None:
    for text in (
        "a" * 1_000_000,
        "graph " * 170_000,
        "-" * 1_000_000,
        "é" * 1_000_000,
        "graph-" * 170_000,
        "'a" * 500_000,
    ):
        match("graph graph graph graph graph", paper("t", text))
        match('"graph graph"~50', paper("t", text))


def test_lone_surrogates_in_a_paper_are_not_words() -> None:
    assert match("graph", paper("\ud800 graph")) is not None
