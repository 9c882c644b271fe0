"""AND, OR, NOT, +, - and brackets: what they join, how tightly, and what is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from digest.errors import KeywordError
from digest.match.query import All, Author, Either, Label, Leaf, Maybe, Near, Node, Query, Without, Words, parse


def read(keyword: str) -> Node:
    return parse(keyword).asks


def leaf(keyword: str) -> Leaf:
    node = read(keyword)
    assert isinstance(node, Leaf)
    return node


def every(*keywords: str | Node) -> All:
    return All(tuple(read(part) if isinstance(part, str) else part for part in keywords))


def either(*keywords: str | Node) -> Either:
    return Either(tuple(read(part) if isinstance(part, str) else part for part in keywords))


def without(keyword: str) -> Without:
    return Without(read(keyword))


def attempt(text: str) -> Query | KeywordError:
    try:
        return parse(text)
    except KeywordError as error:
        return error


def problem(keyword: str) -> KeywordError:
    with pytest.raises(KeywordError) as caught:
        parse(keyword)
    assert caught.value.hint.endswith(".")
    return caught.value


@pytest.mark.parametrize("keyword", ["graph AND protein", "graph && protein", "graph&&protein", "+graph +protein"])
def test_every_part_of_and_is_needed(keyword: str) -> None:
    assert read(keyword) == every("graph", "protein")


@pytest.mark.parametrize("keyword", ["graph OR net OR protein", "graph || net || protein", "graph||(net OR protein)"])
def test_one_part_of_or_is_enough(keyword: str) -> None:
    assert read(keyword) == either("graph", "net", "protein")


@pytest.mark.parametrize(
    "keyword",
    [
        *("graph NOT survey", "graph -survey", "graph !survey", "graph AND NOT survey", "graph AND -survey"),
        *("graph && !survey", "+graph -survey", "+graph NOT survey", "graph&&-survey", "graph NOT (survey)"),
        *("(graph)NOT(survey)", "graph -(survey)", "graph !(survey)"),
    ],
)
def test_not_denies_beside_what_is_found(keyword: str) -> None:
    assert read(keyword) == every("graph", without("survey"))


def test_what_is_denied_may_stand_first() -> None:
    assert read('-survey "graph"') == every(without("survey"), '"graph"')
    assert read("NOT survey AND graph") == every(without("survey"), "graph")


def test_words_side_by_side_are_one_phrase_that_binds_tighter_than_any_operator() -> None:
    assert read("graph neural network AND protein") == every("graph neural network", "protein")
    assert read("+diffusion model -survey") == every("diffusion model", without("survey"))
    assert read("method NOT in the wild") == every("method", without("in the wild"))


def test_and_binds_tighter_than_or_and_brackets_tighter_than_both() -> None:
    assert read("a OR b AND c") == either("a", every("b", "c"))
    assert read("a AND b OR c AND d") == either(every("a", "b"), every("c", "d"))
    assert read("(a OR b) AND c") == every(either("a", "b"), "c")
    assert read("a OR b AND NOT c") == either("a", every("b", without("c")))


def test_not_beside_and_denies_like_and_not() -> None:
    assert read("a NOT b AND c") == every("a", without("b"), "c")
    assert read("a AND b -c -d") == every("a", "b", without("c"), without("d"))


def test_brackets_around_what_belongs_together_anyway_change_nothing() -> None:
    assert read("((a) AND (b AND c))") == every("a", "b", "c")
    assert read("a OR (b OR (c OR d))") == either("a", "b", "c", "d")


def test_plus_makes_the_parts_without_it_optional() -> None:
    assert read('+graph "neural"') == Maybe(read("graph"), (read('"neural"'),))
    assert read("neural +graph -survey (net OR protein)") == Maybe(
        every("graph", without("survey")), (read("neural"), either("net", "protein"))
    )


@pytest.mark.parametrize(
    ("keyword", "same"),
    [("+a", "a"), ("+a AND b", "a AND b"), ("a AND +b", "a AND b"), ("+a OR b", "a OR b"), ("(+a) AND b", "a AND b")],
)
def test_plus_beside_nothing_optional_is_its_operand(keyword: str, same: str) -> None:
    assert read(keyword) == read(same)


@pytest.mark.parametrize(
    ("keyword", "same"),
    [
        ("title:(graph OR net)", "title:graph OR title:net"),
        ("TI: (graph -net)", "title:graph -ti:net"),
        ("title:graph network AND abs:protein", "title:(graph network) AND abstract:protein"),
        ('author:(Lovelace OR "Charles Babbage")', 'author:Lovelace OR author:"Charles Babbage"'),
        ("cat:(cs.LG OR cs.AI) AND graph", "(category:cs.lg OR category:cs.ai) AND graph"),
        ("title:((graph OR net) AND protein)", "(title:graph OR title:net) AND title:protein"),
        ('-title:(survey) "graph"', '-title:survey "graph"'),
    ],
)
def test_a_field_holds_for_its_words_or_its_bracket(keyword: str, same: str) -> None:
    assert read(keyword) == read(same)


def test_each_name_in_a_bracket_is_an_author_and_each_category_a_label() -> None:
    assert isinstance(leaf('author:("Ada Lovelace")').asks, Author)
    assert leaf("category:(cs.LG)").asks == Label("category", "cs.lg")


def test_a_weight_holds_for_its_run_of_words_quotation_or_bracket() -> None:
    assert read("graph^2 OR protein") == either("graph^2", "protein")
    assert read("diffusion model^2.5 AND protein") == every("diffusion model^2.5", "protein")
    assert read('"in the wild"^3 AND "graph net"~5^.5') == every('"in the wild"^3', '"graph net"~5^.5')
    assert read("(graph OR net)^2") == either("graph^2", "net^2")
    assert read("title:(graph OR net)^2 AND protein") == every(either("title:graph^2", "title:net^2"), "protein")


def test_weights_inside_one_another_multiply() -> None:
    assert read("((graph^3 OR net)^2 AND protein)^10") == every(either("graph^60", "net^20"), "protein^10")
    assert leaf("((graph^0.001)^1000)^2").weight == 2.0


@pytest.mark.parametrize(
    "part",
    [
        *("C++", "GPT-4o", ".NET", "L_1", "F#", r"A\*", "R&D", "and/or", "p < 0.05", "what is it?", "equivarian*"),
        *(
            '"graph equivariant"~5',
            r"\(x\)",
            r"\+a",
            r"title\:x",
            '"NOT gate"',
            '"a) AND (b"',
            r"\"x",
            "state-of-the-art",
        ),
        *("Ca2+", "graph-", "100%", "title:graph net", 'au:"Ada Lovelace"^2', "扩散模型", "not", "TO", "!!a", r"\AND"),
    ],
)
def test_a_part_means_the_same_alone_and_among_operators(part: str) -> None:
    alone = leaf(part)
    assert read(f"({part})") == alone
    assert read(f"{part} AND rust") == every(alone, "rust")
    assert read(f"(rust OR {part}) NOT go") == every(either("rust", alone), without("go"))
    assert read(f"rust && !({part})") == every("rust", Without(alone))


def test_quoted_parts_and_brackets_need_no_spaces_around_operators() -> None:
    assert read('"a"AND"b"') == every('"a"', '"b"')
    assert read("(a)OR(b)") == either("a", "b")


def test_a_sign_within_a_word_is_no_operator() -> None:
    assert read("graph-based AND k-means++") == every("graph-based", "k-means++")
    assert isinstance(leaf("fine-NOT tuning").asks, Words)


@pytest.mark.parametrize(
    ("keyword", "column", "says"),
    [
        ("AND", 1, "nothing stands before AND"),
        ("OR b", 1, "nothing stands before OR"),
        ("|| b", 1, "nothing stands before ||"),
        ("(AND b)", 2, "nothing stands before AND"),
        ("a AND", 3, "nothing follows AND"),
        ("a AND OR b", 3, "nothing follows AND"),
        ("(a AND) b", 4, "nothing follows AND"),
        ("a NOT AND b", 3, "nothing follows NOT"),
        ("NOT", 1, "nothing follows NOT"),
        ("a -", 3, "nothing follows -"),
        ("a - b", 3, "nothing follows -"),
        ("+ a", 1, "nothing follows +"),
        ("NOT NOT a", 5, "NOT follows NOT"),
        ("a NOT -b", 7, "- follows NOT"),
        ("--a", 2, "- stands where a word belongs"),
        ("+NOT a", 2, "NOT stands where a word belongs"),
        ("title:-a", 7, "- stands where a word belongs"),
        ("a AND title:NOT b", 13, "NOT stands where a word belongs"),
        ("(graph)-based", 8, "- stands where a word belongs"),
        ("()", 1, "hold nothing"),
        ("a AND ( )", 7, "hold nothing"),
        ("title:()", 7, "hold nothing"),
        ("(a", 1, "never closed"),
        ("(a AND (b)", 1, "never closed"),
        ("a AND (", 7, "never closed"),
        ("a)", 2, "closes none"),
        (")", 1, "closes none"),
        ("(a))", 4, "closes none"),
        ("(" * 21 + "a" + ")" * 21, 21, "20 brackets"),
        ("a AND " * 50 + "a", 301, "50 parts"),
        ("a AND " + "b " * 51, 107, "50 words"),
        ("f(x)", 2, "side by side"),
        ("(a OR b) c", 10, "side by side"),
        ('"a" -b "c"', 8, "side by side"),
        ('a AND b "c"', 9, "side by side"),
        ('-a AND b "c"', 10, "side by side"),
        ("title:a (b)", 9, "side by side"),
        ("a OR b -c", 8, "beside OR without brackets"),
        ("a OR b NOT c", 8, "beside OR without brackets"),
        ("a NOT b OR c", 3, "beside OR without brackets"),
        ('+a "b" OR c', 4, "beside OR without brackets"),
        ("a AND b +c", 9, "beside AND without brackets"),
        ("-a -b", 1, "only says what must not be found"),
        ("(NOT a)", 1, "only says what must not be found"),
        ("a OR NOT b", 6, "this side of OR"),
        ("-a AND -b OR c", 1, "this side of OR"),
        ("c AND (a OR (-b))", 13, "this side of OR"),
        ("a NOT (b OR NOT c)", 13, "this side of OR"),
        ("a NOT (NOT b)", 3, "denied again"),
        ("a -(-b -c)", 3, "denied again"),
        ('"b" +(-a)', 5, "+ stands before"),
        ("+a (-b)", 4, "only add points"),
        ("title:(a OR abstract:b)", 13, "within title:( )"),
        ("title:(a OR title:b)", 13, "within title:( )"),
        ("abs:(a OR (au:(b)))", 12, "within abstract:( )"),
        ("foo:(a)", 1, "no field called foo:"),
        ("a AND titel:b", 7, "no field called titel:"),
        ("a title:(b)", 1, "a colon may only"),
        ("a AND b:", 7, "no field called b:"),
        ("title: AND b", 6, "nothing follows title:"),
        ("a AND title:b abs:c", 18, "one field"),
        ("graph^2 net OR b", 6, "weight"),
        ("(a)^", 4, "weight"),
        ("(a)^0", 4, "weight"),
        ("(a)^x AND b", 4, "weight"),
        ("(a)^2^3", 4, "weight"),
        ("(a) ^2", 5, "behind no word"),
        ("b AND (a^1000)^2", 8, "multiply to 2000"),
        ("((a)^0.01 OR b)^0.01", 3, "multiply to 0.0001"),
        ('a AND ""', 7, "no word"),
        ("a AND ...", 7, "no word"),
        ("a OR ne*", 6, "three letters"),
        ("a OR wom?n", 9, "wildcard"),
        ("a OR graph~2", 11, "~ belongs after"),
        ("a AND /b/", 7, "regular expressions"),
        ("a AND [b TO c]", 7, "ranges"),
        ('a AND "b', 7, "never closed"),
        ('a AND "b"~5', 7, "two words"),
        ("author:(Ada OR Lo*)", 16, "neither"),
        ("category:(cs.LG OR ...)", 20, "no category"),
    ],
)
def test_what_cannot_be_read_says_what_and_where(keyword: str, column: int, says: str) -> None:
    error = problem(keyword)
    assert says in error.message
    assert error.column == column


def test_the_hint_for_a_lone_operator_tells_how_to_write_the_word_or_sign() -> None:
    assert '"AND"' in problem("graph AND").hint
    assert r"\-" in problem("graph - net").hint
    assert r"\&\&" in problem("graph &&").hint


def test_as_many_brackets_and_parts_as_allowed_are_read() -> None:
    assert read("(" * 20 + "a" + ")" * 20) == read("a")
    assert read(" OR ".join(["a"] * 50)) == either(*["a"] * 50)
    assert read("(" * 20 + "a" + " -b)" * 20) == every("a", *[without("b")] * 20)


PIECES = st.sampled_from(
    [
        *(
            " ",
            " ",
            " ",
            " AND ",
            " OR ",
            " NOT ",
            "&&",
            "||",
            "!",
            "+",
            "-",
            "(",
            ")",
            "(",
            ")",
            '"',
            '"a b"',
            "~5",
            "^2",
        ),
        *(
            "a",
            "b c",
            "C++",
            ".NET",
            "A*",
            "graph",
            "title:",
            "au:",
            "foo:",
            "\\",
            "*",
            "?",
            "/",
            "[",
            "~",
            "^",
            ":",
            "é",
        ),
    ]
)


@settings(max_examples=600, deadline=None)
@given(st.lists(PIECES, max_size=20).map("".join) | st.text(alphabet="abANDORT \"()+-!&|^~:*\\'2.", max_size=30))
@example("\\ ")
@example('"a"\\ ')
@example("a AND \\ ")
def test_any_text_is_a_query_or_a_keyword_error(text: str) -> None:
    result = attempt(text)
    if isinstance(result, KeywordError):
        assert 1 <= result.column <= len(text) + 1
        assert result.hint.endswith(".")
    else:
        assert not fulfilled(result.asks, lambda _: False), "it would match a paper in which nothing is found"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["graph", "net*", "C++", ".NET", "GPT-4o", "and/or", "p < 0.05", "R&D", r"\(", "what?", "é", "扩散"]
        ),
        min_size=1,
        max_size=6,
    ).map(" ".join)
    | st.text(max_size=30)
)
def test_a_plain_phrase_means_what_luqum_would_make_of_it(text: str) -> None:
    """A phrase alone is read without luqum; in brackets, with it."""
    alone = attempt(text)
    assume(isinstance(alone, Query))
    assert read(f"({text})") == read(text)


def fulfilled(node: Node, found: Callable[[Leaf], bool]) -> bool:
    match node:
        case All(parts):
            return all(fulfilled(part, found) for part in parts)
        case Either(parts):
            return any(fulfilled(part, found) for part in parts)
        case Maybe(needed):
            return fulfilled(needed, found)
        case Without(part):
            return not fulfilled(part, found)
        case Leaf():
            return found(node)


NAMES = ("ant", "bee", "cat", "dog")
Tree = str | tuple  # a name, or ("AND" | "OR", tree, tree), or ("NOT", tree)
TREES = st.recursive(
    st.sampled_from(NAMES),
    lambda trees: st.tuples(st.sampled_from(["AND", "OR"]), trees, trees) | st.tuples(st.just("NOT"), trees),
    max_leaves=8,
)


def holds(tree: Tree, found: frozenset[str]) -> bool:
    match tree:
        case ("AND", one, other):
            return holds(one, found) and holds(other, found)
        case ("OR", one, other):
            return holds(one, found) or holds(other, found)
        case ("NOT", one):
            return not holds(one, found)
    return tree in found


def written(tree: Tree, outer: int = 0) -> str:
    """With as few brackets as the precedence allows: OR 0, AND 1, NOT 2."""
    match tree:
        case ("NOT", one):
            text, own = f"NOT {written(one, 3)}", 2
        case (operator, one, other):
            own = 1 if operator == "AND" else 0
            text = f"{written(one, own)} {operator} {written(other, own)}"
        case _:
            return str(tree)
    return text if own >= outer else f"({text})"


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_the_structure_holds_for_exactly_the_papers_it_should(tree: Tree) -> None:
    result = attempt(written(tree))
    if isinstance(result, KeywordError):
        assert "NOT" in written(tree)
        assert re.search("not be found|denied again|NOT follows NOT", result.message)
        return
    leaves = {leaf(name): name for name in NAMES}
    for number in range(2 ** len(NAMES)):
        found = frozenset(name for at, name in enumerate(NAMES) if number >> at & 1)
        here = {asked for asked, name in leaves.items() if name in found}
        assert fulfilled(result.asks, here.__contains__) == holds(tree, found)


@given(TREES.filter(lambda tree: "NOT" not in str(tree)))
def test_without_a_denial_every_sentence_can_be_read(tree: Tree) -> None:
    assert read(f"({written(tree)})^2 NOT elk") is not None


def test_the_other_spellings_of_operators_mean_the_same() -> None:
    words = "(ant OR bee) AND cat NOT dog"
    assert read("(ant || bee) && cat !dog") == read("(ant||bee)&&cat -dog") == read(words)


def test_a_plain_phrase_does_not_load_luqum() -> None:
    code = "import sys; from digest.match import check_keyword; check_keyword('graph'); print('luqum' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert printed.stdout.strip() == "False"


def test_keywords_with_operators_are_read_in_many_threads_at_once() -> None:
    keywords = [f"(word{at} OR net{at}) AND graph{at} NOT (survey{at} OR x)" for at in range(200)]
    with ThreadPoolExecutor(8) as threads:
        parsed = list(threads.map(parse, keywords))
    for at, query in enumerate(parsed):
        expected = every(either(f"word{at}", f"net{at}"), f"graph{at}", Without(either(f"survey{at}", "x")))
        assert query == replace(query, text=keywords[at], asks=expected)


def test_near_words_stay_near_words_among_operators() -> None:
    node = read('"graph equivariant"~5 OR protein')
    assert isinstance(node, Either)
    first = node.parts[0]
    assert isinstance(first, Leaf)
    assert isinstance(first.asks, Near)
    assert first.asks.distance == 5
