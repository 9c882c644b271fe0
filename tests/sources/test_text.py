"""Plain text with TeX, and markup, as one clean line."""

import json
import lzma
import unicodedata
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.text import code_link, from_html, from_plain, shortened

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "arxiv_2025.jsonl.xz"


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"$O(n\log n)$ with $\alpha_i^2$", "O(n log n) with αᵢ²"),
        (r"$x_{t+1}$, $x_{max}$, $W_{QK}$, $x_b$", "xₜ₊₁, xₘₐₓ, W_(QK), x_b"),
        (r"$10^{-3}$ and 10^{-3} and CO$_2$", "10⁻³ and 10⁻³ and CO₂"),
        (r"4.64$\times$, $\sim$5\%, $>$90$\%$", "4.64×, ∼5%, >90%"),
        (r"$\frac{a+b}{2n}$ $\frac12$ $\frac{a}{b}$", "(a+b)/(2n) 1/2 a/b"),
        (r"$\sqrt{x+1}$ $\sqrt{2}$ $\sqrt[3]{x}$", "√(x+1) √2 ∛x"),
        (r"$\mathbb{R}^n \to \mathcal{O}$, $\mathbf{x}$, $\mathrm{GeV}$", "ℝⁿ → 𝒪, x, GeV"),
        (r"$a\leq b$, $\leq 5$, $x\in X$", "a ≤ b, ≤5, x ∈ X"),
        (r"$n \times n$, $512\times512$, $5\pm1$", "n × n, 512×512, 5±1"),
        (r"\(x^2\) and \[y_1\] and $$E=mc^2$$", "x² and y₁ and E=mc²"),
        (r"$\hat{x}$ $\bar{y}$ $x'$ 360$^\circ$C", "x̂ ȳ x′ 360°C"),
        (r"$\operatorname{argmax}_x f$ and $\max_{x} f(x)$", "argmaxₓ f and maxₓ f(x)"),
        (r"$\text{TC}^0$ if $\left( x \right)$ $\not\in$ $\|x\|_2$", "TC⁰ if ( x ) ∉ ‖x‖₂"),
        (r"$2.16\times$$\sim$$2.50\times$", "2.16×∼2.50×"),
        (r"$\texttt{M$^3$Fin}$ and top-$k$ and $K$-means", "M³Fin and top-k and K-means"),
        (r"$2<r<q-1$ and $p<0.05$", "2<r<q-1 and p<0.05"),
        (r"\b{eta}-VAE, \r{ho} = 0.2", "β-VAE, ρ = 0.2"),
    ],
)
def test_formulas_become_unicode(tex: str, text: str) -> None:
    assert from_plain(tex) == text


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\emph{really \textbf{nested}} {\em x} \textsc{Name}", "really nested x Name"),
        (
            r"\'etude \"{o} \c{c} \v{s} \v s Stra\ss e \O{}re \AA ngstr\"om na\"\i ve \L{}",
            "étude ö ç š š Straße Øre Ångström naïve Ł",
        ),
        (r"Erd\H{o}s, Poincar\'e, Fran\c{c}ois, Mart\'{\i}n, K{\"a}hler", "Erdős, Poincaré, François, Martín, Kähler"),
        (r"``quoted'' --- dash -- range 1--2", "“quoted” — dash – range 1–2"),
        (r"Fig.~3 and R\&D, 50\%, \#1, \$5, a\_b", "Fig. 3 and R&D, 50%, #1, $5, a_b"),
        (r"as shown~\cite{a,b}. And in \ref{x}, too", "as shown. And in, too"),
        (r"\href{http://x.y/z}{the page} at \url{http://a.b/~c\_d}", "the page at http://a.b/~c_d"),
        (r"{B}ayesian \textcolor{red}{words}\footnote{a note}", "Bayesian words (a note)"),
        (r"our \method{} and \name", "our method and name"),
        ("Tom &amp; Jerry, a &lt; b", "Tom & Jerry, a < b"),
    ],
)
def test_tex_in_prose_becomes_unicode(tex: str, text: str) -> None:
    assert from_plain(tex) == text


@pytest.mark.parametrize(
    "text",
    [
        "10% of k",
        "$5 and $10",
        "from $100K to $200K, or $5 million",
        "costs $5 and 10$ more",
        "snake_case and L_1 and C++ and C#",
        r"C:\Users\foo\bar.txt",
        "https://example.org/~ada/a_b%20c?x=1&y=$2",
        "~5% of x",
        "run it with --flag or -->",
        "the set {1, 2, 3} and {name}",
        "x < y and y > z, 2<r<q-1",
        r"a token (\n\n)",
        "it's the dogs' bowl",
        r"unbalanced \textbf{foo and \[x",
        "one $ alone",
    ],
)
def test_it_leaves_alone_what_is_no_tex(text: str) -> None:
    assert from_plain(text) == text


def test_it_puts_everything_on_one_line() -> None:
    assert from_plain(" a\n  b\tc\u00a0d\u2028e\x0bf ") == "a b c d e f"


def test_it_removes_what_cannot_be_seen() -> None:
    assert from_plain("a\x00b\u202ec\ud800d\ufeffe\u200bf\u2066g") == "abcdefg"


def test_it_keeps_joiners_where_a_script_needs_them() -> None:
    persian, family = "می\u200cخواهم", "👩\u200d👧"
    assert from_plain(persian) == persian
    assert from_plain(family) == family
    assert from_plain("a\u200db") == "ab"


def test_it_composes_accents_and_limits_them() -> None:
    assert from_plain("e\u0301") == "é"
    assert len(from_plain("e" + "\u0301\u0316" * 50_000)) < 30


HOSTILE = {
    "braces": "{" * 30_000 + "}" * 30_000,
    "commands": "\\emph{" * 15_000 + "x" + "}" * 15_000,
    "open commands": "\\emph{" * 15_000,
    "backslashes": "\\" * 90_001,
    "dollars": "$" * 90_001,
    "scripts": "$" + "^{" * 20_000 + "}" * 20_000 + "$",
    "bare scripts": "$" + "^" * 90_000 + "$",
    "fractions": "$" + "\\frac{a}{" * 9_000 + "}" * 9_000 + "$",
    "roots": "$" + "\\sqrt[" * 9_000 + "$",
    "nested text": "$\\text{" * 9_000 + "}$" * 9_000,
    "quotes": "``a" * 30_000,
    "ticks": "`" * 90_000,
    "accents": "\\'{" * 30_000,
    "citations": "\\cite[" * 15_000,
    "spaces": "\\cite" + " " * 90_000 + "x",
    "endless": "\\emph{" * 100_000 + "x",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_tex_neither_fails_nor_hangs(text: str) -> None:
    assert "\n" not in from_plain(text)


@given(st.text())
def test_any_text_gives_one_line_without_controls(text: str) -> None:
    line = from_plain(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in line)


@given(st.text(alphabet=st.characters(exclude_characters="\\${}~`'-&^_")))
def test_clean_text_stays_as_it_is(text: str) -> None:
    line = from_plain(text)
    assert from_plain(line) == line


@given(
    st.lists(
        st.sampled_from(
            ["$", "{", "}", "\\", "frac", "emph", "_", "^", "a", " ", "\\(", "\\)", "[", "]", "''", "``", "~", "1"]
        )
    )
)
def test_any_pile_of_tex_gives_a_line(pieces: list[str]) -> None:
    assert "\n" not in from_plain("".join(pieces))


@given(
    st.lists(
        st.sampled_from(
            [
                "<",
                ">",
                "</",
                "p",
                "sub",
                "a href='",
                '"',
                "&lt;",
                "&amp;",
                "<!--",
                "-->",
                "<![CDATA[",
                "]]>",
                "script",
                " ",
                "=",
            ]
        )
    )
)
def test_any_pile_of_markup_gives_a_line(pieces: list[str]) -> None:
    assert "\n" not in from_html("".join(pieces))


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>CO<sub>2</sub> &amp; <b>x</b></p><p>next</p>", "CO₂ & x next"),
        ("10<sup>-3</sup> <i>E. coli</i>", "10⁻³ E. coli"),
        ("<jats:title>Abstract</jats:title><jats:p>We &amp;lt; x</jats:p>", "We < x"),
        ("<h2>Background</h2>text", "Background text"),
        ("2<r<q-1 and a <b and c> d", "2<r<q-1 and a <b and c> d"),
        ("a <think> token", "a <think> token"),
        ("<script>alert(1)</script>x<style>p{}</style>y", "xy"),
        ("&lt;p&gt;escaped &amp; twice&lt;/p&gt;", "escaped & twice"),
        ("a<br/>b<!-- c -->d <![CDATA[x<y]]>", "a bd x<y"),
        ('<a href="x>y" title=\'t\'>link</a><img src="x">', "link"),
        ("<mml:math><mml:mi>x</mml:mi></mml:math> is $\\alpha$", "x is α"),
        ("unclosed <b>bold", "unclosed bold"),
        ("", ""),
    ],
)
def test_markup_becomes_text(markup: str, text: str) -> None:
    assert from_html(markup) == text


@pytest.mark.parametrize(
    "piece", ["<", "<a ", '<a "', "<!--", "<script>", "<sub>", "</", "<?", "<![CDATA[", "<h1>", "&lt;p "]
)
def test_hostile_markup_neither_fails_nor_hangs(piece: str) -> None:
    assert "\n" not in from_html(piece * 50_000)


@pytest.mark.parametrize(
    ("abstract", "link"),
    [
        ("Code: https://github.com/ada/engine.", "https://github.com/ada/engine"),
        ("see github.com/ada/engine.git and more", "https://github.com/ada/engine"),
        ("at https://gitlab.inria.fr/ada/engine/-/tree", "https://gitlab.inria.fr/ada/engine"),
        ("our page https://ada.github.io/engine", ""),
        ("https://github.com/ada only", ""),
    ],
)
def test_it_finds_the_repository(abstract: str, link: str) -> None:
    assert code_link(abstract) == link


def test_it_cuts_between_words() -> None:
    assert shortened("one two three", 9) == "one two…"
    assert shortened("short", 9) == "short"


@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus is not here")
def test_real_abstracts_keep_hardly_any_tex() -> None:
    with lzma.open(CORPUS, "rt", encoding="utf-8") as lines:
        texts = [from_plain(json.loads(line)["abstract"]) for line in islice(lines, 3000)]
    assert sum("\\" in text for text in texts) <= 6
    assert not any("$" in text and "\\" in text for text in texts)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"We study~\cite{x} : a", "We study: a"),
        (r"namely, i.e., \cite{a}, to do", "namely, i.e., to do"),
        (r"as in \cite{a} \cite{b}, and", "as in, and"),
        (r"(see \cite{a}) : b", "(see) : b"),
        ("ratio 3 : 4, , x", "ratio 3 : 4, , x"),
        ("at https://x.org/a{https://x.org/a}.", "at https://x.org/a."),
        ("at https://x.org/a{https://x.org/b}.", "at https://x.org/a{https://x.org/b}."),
    ],
)
def test_a_removed_command_and_a_doubled_link_leave_nothing_behind(raw: str, text: str) -> None:
    assert from_plain(raw) == text


def test_many_removed_commands_and_braces_are_no_burden() -> None:
    assert from_plain("\\cite{a} , " * 8000).count(",") == 1
    assert from_plain("https://" * 10_000 + "}").startswith("https://")
