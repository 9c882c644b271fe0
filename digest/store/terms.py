"""How many of the stored papers hold each term. What a term is, and which one a paper holds, is decided above.

Counts are of papers as they were first seen: a later version of a text is not counted again, and a paper that turns out
to be another one stays counted.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert

from digest.models import CorpusStatistics
from digest.store.database import Database
from digest.store.schema import corpus, terms


class Terms:
    """The document frequencies of one store, and the paper up to which they are counted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def upto(self) -> int:
        """The sequence number up to which papers are counted."""
        async with self._database.read() as connection:
            upto: int = (await connection.execute(select(corpus.c.upto_seq))).scalar_one()
        return upto

    async def statistics(self) -> tuple[CorpusStatistics, int]:
        """All counts, and the sequence number up to which papers are in them."""
        async with self._database.read() as connection:
            whole = (await connection.execute(select(corpus))).one()
            rows = await connection.execute(select(terms.c.term, terms.c.documents))
            frequencies = {row.term: row.documents for row in rows}
        documents = max(1, whole.documents)
        found = CorpusStatistics(
            documents=whole.documents,
            title_length=whole.title_words / documents,
            abstract_length=whole.abstract_words / documents,
            frequencies=frequencies,
        )
        return found, whole.upto_seq

    async def add(self, counts: CorpusStatistics, after: int, upto: int) -> bool:
        """Add the counts of the papers with `after < seq <= upto`; False, and nothing is changed, if they are not next.

        That is when another process has counted some of them meanwhile.
        """
        moved = {
            "documents": corpus.c.documents + counts.documents,
            "title_words": corpus.c.title_words + round(counts.title_length * counts.documents),
            "abstract_words": corpus.c.abstract_words + round(counts.abstract_length * counts.documents),
            "upto_seq": upto,
        }
        rows = [{"term": term, "documents": number} for term, number in sorted(counts.frequencies.items())]
        statement = insert(terms)
        total = terms.c.documents + statement.excluded.documents
        upsert = statement.on_conflict_do_update(index_elements=["term"], set_={"documents": total})
        async with self._database.write() as connection:
            ours = await connection.execute(update(corpus).where(corpus.c.upto_seq == after).values(moved))
            if ours.rowcount and rows:
                await connection.execute(upsert, rows)
        return bool(ours.rowcount)
