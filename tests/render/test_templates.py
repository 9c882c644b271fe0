"""An operator's own templates: found, checked, and their mistakes named by file and line."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from digest.errors import ConfigError
from digest.render import Renderer, check_templates
from digest.render.inlining import inline
from digest.render.sample import sample_digest
from digest.render.templates import builtin_folder

DIGEST = sample_digest(date(2026, 11, 23))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "email").mkdir()
    return tmp_path


def problems(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check_templates(folder)
    return [str(problem) for problem in caught.value.problems]


def test_our_own_templates_are_right() -> None:
    check_templates(None)


def test_a_folder_of_its_own_may_replace_one_file(folder: Path) -> None:
    (folder / "email" / "subject.txt").write_text("{{ site }}: {{ shown|plural('paper') }}", encoding="utf-8")
    check_templates(folder)
    rendered = Renderer(folder, 92_000).render(DIGEST)
    assert rendered.subject == "Papers Digest: 3 papers"
    assert "<h1" in str(rendered.html)


def test_a_folder_without_email_templates_changes_nothing(tmp_path: Path) -> None:
    check_templates(tmp_path)
    assert Renderer(tmp_path, 92_000).render(DIGEST) == Renderer(None, 92_000).render(DIGEST)


def test_a_subject_is_one_line_whatever_its_template_writes(folder: Path) -> None:
    (folder / "email" / "subject.txt").write_text("\n a\r\nBcc: {{ lead }}\n\n", encoding="utf-8")
    assert Renderer(folder, 92_000).render(DIGEST).subject == "a Bcc: Equivariant networks for molecular graphs"


def test_a_syntax_error_names_file_and_line(folder: Path) -> None:
    file = folder / "email" / "digest.txt"
    file.write_text("one\ntwo\n{% if %}\n", encoding="utf-8")
    (problem,) = problems(folder)
    assert problem.startswith(f"{file}:3: ")


def test_an_unknown_name_is_told_with_its_line_and_the_known_ones(folder: Path) -> None:
    file = folder / "email" / "digest.html"
    page = "<style>\np { color: red }\n</style>\n<p\n class='x'>{{ subject }}</p>\n<p>{{ titel }}</p>\n"
    file.write_text(page, encoding="utf-8")
    (problem,) = problems(folder)
    assert problem.startswith(f"{file}:6: 'titel' is undefined.")
    assert "web_copy" in problem


def test_a_misspelt_field_of_a_paper_is_told(folder: Path) -> None:
    file = folder / "email" / "digest.txt"
    file.write_text("{% for paper in papers %}\n{{ paper.titel }}\n{% endfor %}", encoding="utf-8")
    (problem,) = problems(folder)
    assert problem.startswith(f"{file}:2: ")
    assert "titel" in problem


@pytest.mark.parametrize(
    "body", ["{{ 1 // 0 }}", "{{ shown + 'x' }}", "{{ lead.upper(3) }}", "{% include 'nowhere' %}"]
)
def test_whatever_else_a_template_does_wrong_is_told(folder: Path, body: str) -> None:
    file = folder / "email" / "digest.txt"
    file.write_text(f"one\n{body}\n", encoding="utf-8")
    (problem,) = problems(folder)
    assert problem.startswith(f"{file}:2: ")


def test_every_wrong_template_is_told_at_once(folder: Path) -> None:
    (folder / "email" / "digest.txt").write_text("{% if %}", encoding="utf-8")
    (folder / "email" / "subject.txt").write_text("{{ nothing }}", encoding="utf-8")
    assert len(problems(folder)) == 2


def test_a_file_that_is_not_utf8_is_told(folder: Path) -> None:
    file = folder / "email" / "digest.txt"
    file.write_bytes(b"\xff\xfe")
    (problem,) = problems(folder)
    assert problem.startswith(f"{file}: is not UTF-8 text.")


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    assert str(absent) in problems(absent)[0]
    with pytest.raises(ConfigError, match="cannot be read"):
        Renderer(absent, 92_000)


def test_a_template_beside_its_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "digest.html").write_text("<p>x</p>", encoding="utf-8")
    (problem,) = problems(tmp_path)
    assert "Move it to email/digest.html" in problem


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_told(folder: Path) -> None:
    file = folder / "email" / "digest.txt"
    file.write_text("x", encoding="utf-8")
    file.chmod(0)
    assert str(file) in problems(folder)[0]


def test_a_mistake_that_shows_only_with_some_data_is_a_configuration_error(folder: Path) -> None:
    (folder / "email" / "digest.txt").write_text("{% if shown == 2 %}{{ oops }}{% endif %}", encoding="utf-8")
    renderer = Renderer(folder, 92_000)
    with pytest.raises(ConfigError, match="oops"):
        renderer.render(replace(DIGEST, papers=DIGEST.papers[:2]))


def test_rules_move_into_tags_and_jinja_stays_as_written() -> None:
    page = (
        "<html><head><style>td { padding: 1px }</style>"
        '<style data-css-inline="keep">@media print { p { color: black } }</style></head><body>'
        '{% macro m(x) %}<p>{{ x["a"] }}</p>{% endmacro %}<table><tbody>{% for x in y if 1 < 2 %}<tr><td>'
        '<a href="{{ x.url }}">{{ m(x) }}</a></td></tr>{# rest #}{% endfor %}</tbody></table></body></html>'
    )
    done = inline(page, "p { color: red }")
    assert '{% macro m(x) %}<p style="color:red">{{ x["a"] }}</p>{% endmacro %}' in done
    assert "<tbody>{% for x in y if 1 < 2 %}<tr><td " in done
    assert '<a href="{{ x.url }}">{{ m(x) }}</a></td></tr>{# rest #}{% endfor %}</tbody>' in done
    assert "<style>@media print { p { color: black } }</style>" in done


def test_rules_move_into_a_piece_of_a_page_as_well() -> None:
    piece = '{% if x %}<table class="a"><tbody><tr><td class="b">{{ x }}</td></tr></tbody></table>{% endif %}'
    assert inline(piece, ".a { color: red } .b { padding: 1px }") == (
        '{% if x %}<table class="a" style="color:red"><tbody><tr><td class="b" style="padding:1px">{{ x }}</td></tr>'
        "</tbody></table>{% endif %}"
    )


def test_the_built_in_folder_holds_what_the_program_ships() -> None:
    assert {file.name for file in (builtin_folder() / "email").iterdir()} == {
        "digest.html", "digest.txt", "subject.txt", "paper.html", "paper.txt", "style.css",
        "confirm.html", "confirm.txt", "confirm-subject.txt",
    }  # fmt: skip


def _own(folder: Path, name: str, before: str, after: str) -> Path:
    """The built-in template with a piece of it replaced."""
    text = (builtin_folder() / "email" / name).read_text(encoding="utf-8")
    assert before in text
    file = folder / "email" / name
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{% block facts %}", "{% block facts %}{% for why in paper.why %}{{ why.keyword }}{% endfor %}"),
        ("{% block links %}", "{% block links %}{{ paper.title|length }}"),
        ("{% block title %}", "{% block title %}{{ paper.profile }}"),
        ("{% block abstract %}", "{% block abstract %}{% if trending %}x{% endif %}"),
        ("{% block facts %}", "{% macro m() %}x{% endmacro %}{% block facts %}{{ m() }}"),
    ],
)
@pytest.mark.parametrize("name", ["paper.html", "paper.txt"])
def test_a_block_cannot_see_what_its_readers_do_not_share(folder: Path, name: str, before: str, after: str) -> None:
    file = _own(folder, name, before, after)
    assert problems(folder)[0].startswith(f"{file}:")
    with pytest.raises(ConfigError):
        Renderer(folder, 92_000).render(DIGEST)


@pytest.mark.parametrize("name", ["paper.html", "paper.txt"])
def test_blocks_of_a_paper_stand_side_by_side_and_one_is_its_title(folder: Path, name: str) -> None:
    file = _own(folder, name, "{% block facts %}", "{% block facts %}{% block other %}{% endblock %}")
    check_templates(folder)
    file.write_text("{% block facts %}{% block title %}x{% endblock %}{% endblock %}", encoding="utf-8")
    assert "has a block inside another one" in problems(folder)[0]
    file.write_text("nothing", encoding="utf-8")
    assert 'has no block called "title"' in problems(folder)[0]
    with pytest.raises(ConfigError):
        Renderer(folder, 92_000)


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        ("{{ paper.block }}\n{{ paper.block }}", "shows paper.block twice"),
        ('<p title="{{ paper.block }}"></p>', "needs a line of its own"),
        ("", "shows no papers"),
    ],
)
@pytest.mark.parametrize("name", ["digest.html", "digest.txt"])
def test_a_page_shows_each_paper_once(folder: Path, name: str, after: str, sentence: str) -> None:
    _own(folder, name, "{{ paper.block }}", after)
    assert sentence in problems(folder)[0]


def test_a_page_that_shows_papers_twice_is_as_small_as_it_must_be(folder: Path) -> None:
    _own(folder, "digest.html", "{{ paper.block }}", "{{ paper.block }}\n{{ paper.block }}")
    many = replace(DIGEST, papers=DIGEST.papers * 12)
    rendered = Renderer(folder, 60_000).render(many)
    assert len(str(rendered.html).encode()) == rendered.size <= 60_000


def test_a_mistake_in_a_block_is_told_with_the_line_of_the_file(folder: Path) -> None:
    lines = (builtin_folder() / "email" / "paper.html").read_text(encoding="utf-8").splitlines()
    at = lines.index("  {% block facts %}") + 1
    file = folder / "email" / "paper.html"
    file.write_text("\n".join([*lines[:at], "  {{ nosuch }}", *lines[at:]]), encoding="utf-8")
    (problem,) = problems(folder)
    assert problem.startswith(f"{file}:{at + 1}: 'nosuch' is undefined.")


def test_no_way_leads_from_a_block_to_the_rest_of_its_paper(folder: Path) -> None:
    page = (builtin_folder() / "email" / "paper.html").read_text(encoding="utf-8")
    inside = "{% block facts %}{% for why in paper._item.why %}{{ why.keyword }}{% endfor %}"
    (folder / "email" / "paper.html").write_text(page.replace("{% block facts %}", inside), encoding="utf-8")
    (problem,) = problems(folder)
    assert "has no attribute '_item'" in problem
