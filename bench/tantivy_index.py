"""tantivy (Lucene's design in Rust) with an index of some papers, asked as a user of it would: one query a profile.

Title and abstract pass the English stemmer; a profile's query is the disjunction of its keywords, each a phrase in
the title (with a boost) and in the abstract. Two ways of making the query are here so that the faster one counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from tantivy import DocAddress, Document, Filter, Index, Occur, Query, Schema, SchemaBuilder, TextAnalyzerBuilder
from tantivy import Tokenizer as Tokenizers

from bench.shared import Record

FIELDS = ["title", "abstract"]


class TantivyIndex:
    """The papers, indexed in memory in one segment; `boost` is the weight of the title."""

    def __init__(self, papers: Sequence[Record], boost: float) -> None:
        self._boost = boost
        self._schema = _schema()
        self._index = Index(self._schema)
        writer = self._index.writer(15_000_000, 1)
        for number, paper in enumerate(papers):
            writer.add_document(Document(number=number, title=paper["title"], abstract=paper["abstract"]))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self.searcher = self._index.searcher()
        english = TextAnalyzerBuilder(Tokenizers.simple()).filter(Filter.remove_long(40)).filter(Filter.lowercase())
        self._analyser = english.filter(Filter.stemmer("English")).build()

    def parsed(self, keywords: Sequence[str]) -> Query:
        """The query as its parser reads it from a string."""
        text = " OR ".join(f'"{keyword}"' for keyword in keywords)
        return self._index.parse_query(text, FIELDS, field_boosts={"title": self._boost})

    def built(self, keywords: Sequence[str]) -> Query:
        """The same query put together from parts, which finds the same papers with the same scores."""
        parts = []
        for keyword in keywords:
            words: list[str] = self._analyser.analyze(keyword)
            if words:
                parts.append((Occur.Should, Query.boost_query(self._part("title", words), self._boost)))
                parts.append((Occur.Should, self._part("abstract", words)))
        return Query.boolean_query(parts)

    def search(self, query: Query, top: int) -> list[DocAddress]:
        """The best papers; not counting how many there are is the faster way."""
        return [address for _score, address in self.searcher.search(query, top, count=False).hits]

    def explain(self, query: Query, top: int) -> int:
        """Search and read out the explanation of every paper found; returns its characters."""
        found = self.search(query, top)
        return sum(len(query.explain(self.searcher, address).to_json()) for address in found)

    def number(self, address: DocAddress) -> int:
        """Which of the papers stands at an address."""
        return int(self.searcher.doc(address)["number"][0])

    def _part(self, field: str, words: list[str]) -> Query:
        if len(words) == 1:
            return Query.term_query(self._schema, field, words[0])
        return Query.phrase_query(self._schema, field, list(words))


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_integer_field("number", stored=True)
    for field in FIELDS:
        builder.add_text_field(field, tokenizer_name="en_stem")
    return builder.build()
