"""Keywords that can be read and are probably not meant so."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.models import Paper
from digest.pipeline.linting import ENOUGH, history_warnings, keyword_warnings, newest_days
from digest.settings import load


@pytest.fixture
def configured(tmp_path):
    """Settings from some tables, written as {"profile": [{…}], "subscriber": [{…}]}."""

    def make(**tables: list[dict]):
        lines = []
        for name, entries in tables.items():
            for entry in entries:
                lines += [f"[[{name}]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items())]
        path = tmp_path / "config.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        path.chmod(0o600)
        return load(path, {})

    return make


def papers(*titles: str, days: int = 1) -> list[Paper]:
    return [
        Paper(
            seq=number + 1,
            id=f"arxiv:2611.{number:05}",
            title=title,
            abstract="",
            authors=(),
            categories=(),
            listed_on=date(2026, 11, 1) + timedelta(days=number % days),
            first_seen_at=datetime(2026, 11, 1, tzinfo=UTC),
            url="",
        )
        for number, title in enumerate(titles)
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("diffusion model", "Diffusion Models"),
        ("diffusion model", "diffusion-model^2"),
        ("graph AND protein", "protein AND graph"),
        ("ti:survey", "title:survey"),
    ],
)
def test_keywords_that_find_the_same_are_named_with_the_place_of_the_second(configured, one, other):
    settings = configured(profile=[{"name": "a", "keywords": [one, "SAM", other]}])
    [warning] = keyword_warnings(settings)
    assert f'"{other}" finds the same papers as "{one}"' in warning.message
    line = settings.path.read_text(encoding="utf-8").splitlines()[warning.line - 1]
    assert line[warning.column - 1 :].startswith(json.dumps(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("diffusion model", '"diffusion model"'), ("SAM", "sam"), ("survey", "title:survey"), ("graph", "graph network")],
)
def test_keywords_that_find_other_papers_are_no_duplicates(configured, one, other):
    assert keyword_warnings(configured(profile=[{"name": "a", "keywords": [one, other]}])) == []


def test_an_author_is_the_same_as_the_keyword_that_names_them(configured):
    tables = {"name": "a", "keywords": ['author:"Ada Lovelace"'], "authors": ["Ada Lovelace"]}
    [warning] = keyword_warnings(configured(profile=[tables]))
    assert "Ada Lovelace" in warning.message


def test_a_keyword_that_exclude_drops_lists_nothing(configured):
    tables = {"name": "a", "keywords": ["graph", "Surveys^2"], "exclude": ["survey"]}
    [warning] = keyword_warnings(configured(profile=[tables]))
    assert '"Surveys^2" lists nothing' in warning.message
    assert (warning.line, '"survey" out of exclude' in warning.hint) == (3, True)


def test_subscribers_keywords_are_looked_at_too(configured):
    tables = {"email": "ada@example.org", "keywords": ["graph", "graphs", "bread"], "exclude": ["bread"]}
    warnings = keyword_warnings(configured(subscriber=[tables]))
    assert [(one.line, one.message.split('"')[1]) for one in warnings] == [(3, "graphs"), (3, "bread")]


def test_two_profiles_that_ask_for_the_same_are_named_whatever_the_order(configured):
    same = [{"name": "a", "keywords": ["graph", "protein"]}, {"name": "b", "keywords": ["proteins", "graphs"]}]
    [warning] = keyword_warnings(configured(profile=same))
    assert 'profile "b" has the same keywords and filters as "a"' in warning.message
    same[1]["categories"] = ["cs.LG"]
    assert keyword_warnings(configured(profile=same)) == []


def test_keywords_that_cannot_be_read_are_left_to_the_errors(configured):
    assert keyword_warnings(configured(profile=[{"name": "a", "keywords": ["a*", "a*", "graph"]}])) == []


def test_keywords_that_find_nothing_or_far_too_much_are_told_with_numbers(configured):
    tables = {"name": "a", "keywords": ["graph", "protein", "quantum", "learn*"]}
    titles = ["Graph learning"] * 20 + ["Learning"] * 60 + ["Protein"] * 10 + ["Bread"] * (ENOUGH - 90)
    settings = configured(profile=[tables])
    messages = [one.message for one in history_warnings(settings, papers(*titles, days=10))]
    assert messages == [
        f'"quantum" is in none of the {ENOUGH} papers of the last 10 listing days',
        f'"learn*" is in 40% of the {ENOUGH} papers of the last 10 listing days',
    ]


def test_of_few_papers_nothing_is_said(configured):
    settings = configured(profile=[{"name": "a", "keywords": ["quantum"]}])
    assert history_warnings(settings, papers(*["Bread"] * (ENOUGH - 1))) == []


def test_only_the_last_thirty_listing_days_count():
    some = papers(*["Bread"] * 80, days=40)
    assert len(newest_days(some)) == 60
    assert newest_days([]) == []
