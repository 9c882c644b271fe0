"""digest profile suggest: a profile to start from, made of a bibliography."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.output import count, note, plain, print_json, progress, write_out
from digest.cli.running import AsJson, Options, opened, run, settings_of
from digest.errors import ConfigError, StoreError, UsageError

if TYPE_CHECKING:
    from digest.match.suggest import Suggested, Suggestions
    from digest.models import CorpusStatistics
    from digest.settings import Settings
    from digest.sources.bibliography import Bibliography

_LONGEST_NAME = 100


def suggest(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="BibTeX, RIS, CSL JSON, or what Zotero exports as JSON or CSV.", show_default=False)
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the profile [default: that of the file]", show_default=False)
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=50, help="At most so many keywords.")] = 12,
    as_json: AsJson = False,
) -> None:
    """Suggest a profile from a bibliography: prints TOML to read, change and paste."""
    from digest.match.suggest import suggest as suggest_keywords
    from digest.sources.bibliography import read_bibliography

    profile = _profile_name(name, file)
    with progress("Reading the references", quiet=as_json) as advance:
        bibliography = read_bibliography(file, advance)
    _tell(file, bibliography)
    corpus = known_statistics(context)
    with progress("Looking for keywords", quiet=as_json) as advance:
        found = suggest_keywords(bibliography.references, corpus, most, advance)
    if not found.keywords:
        note(f"{file}: no phrase stands out; write keywords of your own, or name the file in `like`.")
    references = len(bibliography.references)
    if as_json:
        print_json(_document(profile, references, bibliography.skipped, found))
    else:
        write_out(as_toml(profile, file, references, found))


def _tell(file: Path, bibliography: Bibliography) -> None:
    """What had to be guessed or left out, on stderr."""
    for sentence in bibliography.notes:
        note(f"{file}: {sentence}")
    if bibliography.skipped:
        entries = "1 entry is" if bibliography.skipped == 1 else f"{bibliography.skipped:,} entries are"
        note(f"{file}: {entries} broken, or without a title, and left out.")


def known_statistics(context: typer.Context) -> CorpusStatistics:
    """How common words are in the stored papers; nothing is known without a configuration or a store."""
    from digest.models import CorpusStatistics
    from digest.settings import find_config

    options: Options = context.obj
    try:
        find_config(options.config, os.environ, Path.cwd())
    except ConfigError:
        if options.config is not None or os.environ.get("DIGEST_CONFIG"):
            raise
        return CorpusStatistics()
    settings = settings_of(context)
    if not Path(settings.store.url.partition(":///")[2]).is_file():  # asking would make it
        return CorpusStatistics()
    try:
        return run(_stored(settings))
    except StoreError as error:
        note(f"{error}. The keywords are chosen without the stored papers.")
        return CorpusStatistics()


async def _stored(settings: Settings) -> CorpusStatistics:
    async with opened(settings) as store:
        corpus, _ = await store.terms.statistics()
        return corpus


def _profile_name(name: str | None, file: Path) -> str:
    """The name asked for, or the file's without what a name cannot hold."""
    if name is None:
        return plain(" ".join(file.stem.split()))[:_LONGEST_NAME].strip() or "suggested"
    if not name.strip() or len(name) > _LONGEST_NAME or plain(name) != name or name.splitlines() != [name]:
        raise UsageError(f"--name must be one line of 1 to {_LONGEST_NAME} characters that can be seen")
    return name


def as_toml(profile: str, file: Path, references: int, found: Suggestions) -> str:
    """A [[profile]] table to paste; what is only proposed stands in comments."""
    written = [f"{toml_string(one.text)}," for one in found.keywords]
    width = max(map(len, written), default=0)
    keywords = [
        f"  {text:<{width}}  # in {one.references:,} of {references:,}"
        for text, one in zip(written, found.keywords, strict=True)
    ]
    lines = [
        f"# Suggested from {count(references, 'reference')} in {toml_string(str(file))}: take out what you do not want.",
        "[[profile]]",
        f"name = {toml_string(profile)}",
        *(["keywords = [", *keywords, "]"] if keywords else ["keywords = []"]),
        *_proposed("authors", found.authors),
        *_proposed("categories", found.categories),
        f"# like = [{toml_string(str(file))}]",
    ]
    return "\n".join(lines) + "\n"


def _proposed(key: str, values: Sequence[Suggested]) -> list[str]:
    counts = ", ".join(f"{one.references:,}" for one in values)
    return [f"# {key} = [{', '.join(toml_string(one.text) for one in values)}]  # in {counts}"] if values else []


def toml_string(text: str) -> str:
    """A basic string of TOML; JSON's differs in the character DEL only, and neither can hold half a surrogate pair."""
    whole = text.encode("utf-8", "replace").decode()
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


def _document(profile: str, references: int, skipped: int, found: Suggestions) -> dict[str, object]:
    return {
        "profile": profile,
        "references": references,
        "skipped": skipped,
        "keywords": [{"keyword": one.text, "references": one.references} for one in found.keywords],
        "authors": [{"author": one.text, "references": one.references} for one in found.authors],
        "categories": [{"category": one.text, "references": one.references} for one in found.categories],
    }
