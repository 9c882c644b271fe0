"""Bibliographies of every format, as their programs write them and as they break."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from sys import setprofile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from digest.errors import ConfigError, DigestError, UsageError
from digest.sources import bibliography
from digest.sources.bibliography import Bibliography, read_bibliography
from digest.sources.bibliography_entry import MOST, Reference

BIBTEX = r"""
% Encoding: UTF-8
@comment{jabref-meta: databaseType:bibtex;}
@preamble{"\newcommand{\noop}[1]{}"}
@string{jmlr = "Journal of Machine Learning Research"}
@string(opening = {On the })

@article{lovelace2024,
  author        = {Lovelace, Ada and Charles {Babbage} and van der Berg, Jan and {The {\"U}ber Team and Friends} and others},
  title         = opening # "{E}quivariant {G}raph {NMR} Networks of $\{0,1\}^n$ {\'e}tudes \& {\em Escherichia {coli}}",
  journal       = jmlr,
  year          = 2024,
  abstract      = {We show that $a<b$, and
                   50\% of {LLM}s {``}work''. See \url{http://a.test/c_d}.},
  keywords      = {graph networks, {NMR}; {S}chr{\"o}dinger bridge},
  eprint        = {2401.01234v2},
  archivePrefix = {arXiv},
  primaryClass  = {cs.LG},
  doi           = {10.1000/ABC\_d},
  url           = {https://arxiv.org/abs/2401.01234},
}
"""

RIS = """\
TY  - JOUR
TI  - Sourdough at scale
AU  - Lovelace, Ada
AU  - Babbage, Charles, Jr.
AB  - Bread rises.
 It falls again,
and we say why.
KW  - *Bread/methods
KW  - yeast; starters
PY  - 2023/05/01/
DO  - https://doi.org/10.1000/XYZ
UR  - https://papers.example.org/sourdough
SP  -
ER  -

TY  - CONF
T1  - Ovens
A1  - Berg, Jan van der
JO  - arXiv preprint arXiv:1706.03762
ER  -
"""

CSL = [
    {
        "id": "a",
        "type": "article-journal",
        "title": "The <i>E. coli</i> of CO<sub>2</sub>",
        "abstract": "<p>We study &amp; measure.</p>",
        "author": [
            {"family": "Berg", "given": "Jan", "non-dropping-particle": "van der"},
            {"literal": "The Team"},
        ],
        "DOI": "10.1000/q",
        "keyword": "bread, ovens",
        "issued": {"date-parts": [["2022", 3]]},
        "number": "arXiv:2401.01234",
    }
]

ZOTERO = {
    "config": {"id": "a"},
    "items": [
        {
            "itemType": "preprint",
            "title": "Ovens of the world",
            "abstractNote": "All of them.",
            "creators": [
                {"creatorType": "author", "firstName": "Ada", "lastName": "Lovelace"},
                {"creatorType": "editor", "firstName": "No", "lastName": "Author"},
                {"creatorType": "author", "name": "The Team"},
            ],
            "date": "2021-04-01",
            "extra": "arXiv:2104.00001 [cs.CL]",
            "url": "http://arxiv.org/abs/2104.00001",
            "tags": [{"tag": "Computer Science - Computation and Language", "type": 1}, {"tag": "bread"}],
        },
        {"itemType": "attachment", "title": "Full text PDF"},
        {"itemType": "note", "note": "read this"},
    ],
}

CSV = (
    '"Key","Item Type","Publication Year","Author","Title","DOI","Url","Abstract Note","Extra","Manual Tags"\r\n'
    '"K","journalArticle","2020","Lovelace, Ada; Berg, Jan van der","Bread, again","10.1000/z","https://a.test/b",'
    '"It ""rises"".\nTwice.","arXiv:2001.00001","yeast; rye"\r\n'
    '"L","attachment","","","PDF","","","","",""\r\n'
)


@pytest.fixture
def read(tmp_path):
    def read(name: str, content: str | bytes) -> Bibliography:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_bibliography(path)

    return read


def titles(found: Bibliography) -> list[str]:
    return [one.title for one in found.references]


def test_bibtex_becomes_clean_text_with_names_keywords_and_identifiers(read):
    (one,) = read("a.bib", BIBTEX).references
    assert one == Reference(
        title="On the Equivariant Graph NMR Networks of {0,1}ⁿ études & Escherichia coli",
        abstract="We show that a<b, and 50% of LLMs “work”. See http://a.test/c_d.",
        authors=("Ada Lovelace", "Charles Babbage", "Jan van der Berg", "The Über Team and Friends"),
        keywords=("graph networks", "NMR", "Schrödinger bridge"),
        categories=("cs.LG",),
        arxiv_id="2401.01234",
        doi="10.1000/abc_d",
        url="https://arxiv.org/abs/2401.01234",
        year=2024,
    )


def test_ris_becomes_the_same(read):
    one, two = read("a.ris", RIS).references
    assert one == Reference(
        title="Sourdough at scale",
        abstract="Bread rises. It falls again, and we say why.",
        authors=("Ada Lovelace", "Charles Babbage Jr."),
        keywords=("Bread/methods", "yeast", "starters"),
        doi="10.1000/xyz",
        url="https://papers.example.org/sourdough",
        year=2023,
    )
    assert (two.title, two.authors, two.arxiv_id) == ("Ovens", ("Jan van der Berg",), "1706.03762")


def test_csl_json_becomes_the_same(read):
    (one,) = read("a.json", json.dumps(CSL)).references
    assert one == Reference(
        title="The E. coli of CO₂",
        abstract="We study & measure.",
        authors=("Jan van der Berg", "The Team"),
        keywords=("bread", "ovens"),
        arxiv_id="2401.01234",
        doi="10.1000/q",
        year=2022,
    )


def test_zotero_json_becomes_the_same_without_what_is_attached(read):
    found = read("a.json", json.dumps(ZOTERO))
    assert found.skipped == 0
    assert found.references == (
        Reference(
            title="Ovens of the world",
            abstract="All of them.",
            authors=("Ada Lovelace", "The Team"),
            keywords=("Computer Science - Computation and Language", "bread"),
            categories=("cs.CL",),
            arxiv_id="2104.00001",
            url="http://arxiv.org/abs/2104.00001",
            year=2021,
        ),
    )
    web_api = [{"key": "K", "data": item} for item in ZOTERO["items"]]
    assert read("b.json", json.dumps(web_api)).references == found.references


def test_zotero_csv_becomes_the_same(read):
    (one,) = read("a.csv", CSV).references
    assert one == Reference(
        title="Bread, again",
        abstract='It "rises". Twice.',
        authors=("Ada Lovelace", "Jan van der Berg"),
        keywords=("yeast", "rye"),
        arxiv_id="2001.00001",
        doi="10.1000/z",
        url="https://a.test/b",
        year=2020,
    )


@pytest.mark.parametrize("content", [BIBTEX, RIS, json.dumps(CSL), json.dumps(ZOTERO), CSV])
def test_a_file_is_known_by_its_beginning_where_its_ending_says_nothing(read, content):
    assert read("refs.txt", content).references
    assert read("refs", content).references


@pytest.mark.parametrize(
    ("fields", "arxiv_id"),
    [
        ("eprint = {2401.01234}", "2401.01234"),
        ("eprint = {hep-th/9901001}, archiveprefix = {arXiv}", "hep-th/9901001"),
        ("eprint = {0309136}, archiveprefix = {arXiv}, primaryclass = {math.GT}", "math/0309136"),
        ("eprint = {2401.01234}, eprinttype = {pmid}", ""),
        ("journal = {arXiv preprint arXiv:2401.01234}", "2401.01234"),
        ("journal = {CoRR}, volume = {abs/2401.01234}", "2401.01234"),
        ("doi = {10.48550/arXiv.2401.01234}", "2401.01234"),
        (r"howpublished = {\url{https://arxiv.org/pdf/2401.01234v3}}", "2401.01234"),
        ("note = {arXiv:2401.01234 [cs]}", "2401.01234"),
        ("volume = {2401.01234}", ""),
    ],
)
def test_an_arxiv_id_is_found_wherever_people_write_it(read, fields, arxiv_id):
    (one,) = read("a.bib", f"@misc{{a, title = {{Bread}}, {fields}}}").references
    assert one.arxiv_id == arxiv_id


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("{{The} {B}ook of {NMR}}", "The Book of NMR"),
        ('"Quotes {"}in{"} titles"', 'Quotes "in" titles'),
        ("{Caf{\\'e} na{\\\"\\i}ve {\\O}re {\\ss} \\v{S}koda}", "Café naïve Øre ß Škoda"),
        ("{A {Deep {Nest}} of \\emph{words {X}}}", "A Deep Nest of words X"),
        ("{Sets \\{a, b\\} stay}", "Sets {a, b} stay"),
        ("{$\\mathcal{O}(n^2)$ and 5\\%}", "𝒪(n²) and 5%"),
        ("{Cost $5 and {X} for $6}", "Cost $5 and X for $6"),
        ("{Tom &amp; Jerry}", "Tom & Jerry"),
        ("{<i>Yeast</i> {CO<sub>2</sub>}}", "Yeast CO₂"),
        ("{Some} # { joined } # text", "Some joined more"),
    ],
)
def test_titles_of_bibtex_are_read_as_tex_prints_them(read, written, text):
    assert titles(read("a.bib", f"@string{{text = {{more}}}}\n@book{{a, title = {written}}}")) == [text]


def test_a_broken_entry_is_left_out_and_counted(read):
    found = read(
        "a.bib",
        "@misc{nocomma title={x}}\n@misc{open, title={Never closed, author = {A}\n@misc{b, title={Whole}}\n"
        "@misc{untitled, author={A B}}\n@misc{cut, title = {Cut o",
    )
    assert (titles(found), found.skipped) == (["Whole"], 4)
    found = read(
        "a.ris", "stray\nTY  - JOUR\nTI  - Without an end\nTY  - JOUR\nTI  - Whole\nER  -\nTY  - JOUR\nTI  - Cut"
    )
    assert (titles(found), found.skipped) == (["Without an end", "Whole"], 1)
    found = read("a.json", json.dumps([3, None, {"title": 5}, {"title": "Whole"}, []]))
    assert (titles(found), found.skipped) == (["Whole"], 4)
    found = read("a.csv", 'title,year\nWhole,2020\n,2021\n"never closed' + "x" * 200_000)
    assert (titles(found), found.skipped) == (["Whole"], 2)


def test_keys_and_fields_that_come_twice_break_nothing(read):
    found = read(
        "a.bib", "@misc{a, title={One}, title={Two}}\n@misc{a, title={Three}}\n@misc{a, TITLE={Four}, Title={Five}}"
    )
    assert (titles(found), found.skipped) == (["One", "Three", "Four"], 0)


def test_a_work_that_stands_there_twice_is_one_with_the_longer_abstract(read):
    found = read(
        "a.bib",
        "@misc{a, title={Deep {B}read}, author={Ada Lovelace}}\n@misc{c, title={Other}}\n"
        "@misc{b, title={Deep bread.}, author={Lovelace, A.}, abstract={Long.}}",
    )
    assert [(one.title, one.abstract) for one in found.references] == [("Deep bread.", "Long."), ("Other", "")]
    assert found.skipped == 0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_are_understood(read, encoding):
    found = read("a.bib", "@misc{a, title={Brød}}".encode(encoding))
    assert (titles(found), found.notes) == (["Brød"], ())


def test_latin_1_is_read_with_a_note_and_one_bad_byte_spoils_no_other(read):
    found = read("a.bib", "@misc{a, title={Brød “x”}}".encode("cp1252"))
    assert titles(found) == ["Brød “x”"]
    assert "Latin-1" in found.notes[0]
    found = read("a.bib", "@misc{a, title={Brød ".encode() + "ä}}".encode("latin-1"))
    assert titles(found) == ["Brød ä"]
    assert read("a.bib", "@misc{a, title={Bread}}\nø".encode()[:-1]).notes == ()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.bib", "", "is empty"),
        ("a.bib", "just prose", "holds no reference"),
        ("a.bib", "@misc{a, author={A}}", "holds no reference"),
        ("a.txt", "just prose", "is no bibliography"),
        ("a.rdf", '<?xml version="1.0"?><rdf:RDF xmlns="x"/>', "Zotero RDF"),
        ("a.xml", "<xml><records/></xml>", "is XML"),
        ("a.bib", "SQLite format 3\0rest", "is no text file"),
        ("a.json", '[{"title": "Cut', "is not JSON, or breaks off in line 1"),
        ("a.json", '"text"', "no list of references"),
        ("a.json", '{"items": 3}', "no list of references"),
        ("a.csv", "a,b\n1,2\n", "no column Title"),
        ("a.ris", "TY  - JOUR\n" * (MOST + 2), "more than 200,000 entries"),
        ("a.bib", "@a{" * (MOST + 1), "more than 200,000 entries"),
    ],
)
def test_what_is_no_bibliography_is_refused_with_what_to_do(read, name, content, words):
    with pytest.raises(ConfigError, match=r"(Export|Split) it") as caught:
        read(name, content)
    assert words in str(caught.value)
    assert name in str(caught.value)


def test_a_file_that_is_too_large_is_not_read(read, monkeypatch):
    monkeypatch.setattr(bibliography, "LARGEST", 100)
    assert read("a.bib", "@misc{a, title={Bread}}")
    with pytest.raises(ConfigError, match="is larger than"):
        read("a.bib", "@misc{a, title={Bread}}" + " " * 100)


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.bib")
    for path in (tmp_path, tmp_path / "absent.bib", tmp_path / "pipe.bib", Path("/dev/zero")):
        with pytest.raises(UsageError, match="cannot read"):
            read_bibliography(path)
    with pytest.raises(DigestError):
        read_bibliography(Path("a\0b.bib"))


def test_the_parser_says_nothing_of_its_own(read, caplog, capsys):
    read("a.bib", "@misc{open, title={x\n@misc{b, title={Whole}}")
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


def test_progress_is_told_by_entries(tmp_path):
    path = tmp_path / "a.bib"
    path.write_text("".join(f"@misc{{a{n}, title={{Bread {n}}}}}\n" for n in range(250)))
    told: list[tuple[int, int]] = []
    read_bibliography(path, lambda done, total: told.append((done, total)))
    assert told == [(100, 250), (200, 250)]


HOSTILE = {
    "braces": lambda n: "{" * n,
    "open braces": lambda n: "@a{b, title = " + "{" * n,
    "nested groups": lambda n: "@a{b, title = {" + r"{\em " * (n // 5) + "}" * (n // 5) + "}}",
    "blocks inside blocks": lambda n: "@a{b,c={\n" * (n // 9),
    "quotes": lambda n: '@a{b, t="' + '"' * n,
    "spaces": lambda n: "@a{b, title={x}, keywords={" + " " * n + "}}",
    "joined strings": lambda n: '@string{a="' + "x" * (n // 2) + '"}\n@a{b,title=' + "a # " * (n // 8) + "a}",
    "names": lambda n: "@a{b,title={x},author={" + " and" * (n // 4) + "}}",
    "commas in a name": lambda n: "@a{b,title={x},author={" + "," * n + "}}",
    "one key": lambda n: "@a{b, title={c}}\n" * (n // 17),
    "lines of RIS": lambda n: "TY  - JOUR\nTI  - x\nAB  - x\n" + "abc\n" * (n // 4) + "ER  - \n",
    "deep JSON": lambda n: "[" * n,
    "rows": lambda n: "title,x\n" + "a\n" * (n // 20),
    "blank lines": lambda n: "\n" * n + "x",
    "title after title": lambda n: "Title" * (n // 5),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_comes_to_an_end(tmp_path, name):
    path = tmp_path / "a.txt"
    path.write_text(HOSTILE[name](1_000_000))
    with suppress(DigestError):
        read_bibliography(path)


def test_four_times_the_entries_take_four_times_the_calls(tmp_path):
    def calls(number: int) -> int:
        path = tmp_path / f"{number}.bib"
        words = "We bake {B}read in $n^2$ ovens \\& measure. " * 4
        path.write_text(
            "".join(
                f"@misc{{k{n}, title={{Bread {n}}}, abstract={{{words}}}, author={{A B and C D}}}}\n"
                for n in range(number)
            )
        )
        counted = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal counted
            counted += 1

        setprofile(count)
        try:
            found = read_bibliography(path)
        finally:
            setprofile(None)
        assert len(found.references) == number
        return counted

    assert calls(4_000) < 4.5 * calls(1_000)


NAMES = st.sampled_from(["a.bib", "a.ris", "a.json", "a.csv", "a.txt"])
PIECES = (
    *("\n", "TY  - JOUR", "TI  - ", "ER  - ", " and ", "\x00", "\ud800", "@article{a,"),
    *("@string{", "title", "=", "{", "}", '"', ",", "#", "\\", "[", "]", '"title"', ":"),
    *("Title,", "$", "author", "\\'e", "{\\", "(", ")", "@comment{", "x", "é"),
)
SNIPPETS = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    name=NAMES, content=st.one_of(st.binary(max_size=400), SNIPPETS.map(lambda s: s.encode("utf-8", "surrogatepass")))
)
@example(name="a.json", content=b'[{"title": "\\ud800x", "DOI": "10.1000/\\ud800"}]')
@example(name="a.bib", content=b"@a{b, title={x}, author={\\}}")
def test_no_bytes_raise_anything_but_a_sentence(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with suppress(DigestError):
        for one in read_bibliography(path).references:
            for text in (one.title, one.abstract, *one.authors, *one.keywords, one.doi, one.url):
                assert text == text.encode().decode()
                assert "\n" not in text
