"""Which listings are the same paper: arXiv ids, DOIs, and keys for papers that have neither. Pure.

A strong key ("arxiv:…", "doi:…") names a work. A weak one ("title:…", "link:…", "hash:…") recognises it only where no strong
key speaks against it: see `may_merge`. Identifiers are looked for in the first 2,000 characters of a text. It fetches nothing and
remembers nothing.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit, urlunsplit

from digest.models import Listing

_LONGEST = 2_000  # characters of a text that may hold an identifier
_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|dg-ga|funct-an|gr-qc"
    "|hep-ex|hep-lat|hep-ph|hep-th|math|math-ph|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol|physics|plasm-ph|q-alg|q-bio|quant-ph|solv-int"
    "|supr-con"
)
_ID = rf"(?:(?P<new>\d\d(?:0[1-9]|1[0-2])\.\d{{4,5}})|(?P<archive>{_ARCHIVES})(?:\.[a-z]{{2}}|\.[a-z]{{1,20}}-[a-z]{{1,20}})?/(?P<old>\d{{7}}))"
_TAIL = r"(?:v(?P<version>\d{1,3}))?(?![\d]|\.\d)"
_PAGE = (
    r"arxiv\.org/(?:abs|pdf|html|format|e-print|ps|src|tb|list|cits|tex)/"
    r"|(?:alphaxiv\.org|ar5iv\.org|ar5iv\.labs\.arxiv\.org|arxiv-vanity\.com|arxiv\.wiki)/(?:[a-z]{2}/)?(?:(?:abs|html|pdf|papers|overview)/)?"
    r"|(?:huggingface\.co|hf\.co)/(?:[a-z]+/)?papers/|takara\.ai/p/|paperswithcode\.com/paper/|scholar\.archive\.org/arxiv/"
)
_PLACE = rf"{_PAGE}|10\.48550/arxiv\.|oai:arxiv\.org:|\barxiv(?:\s*id)?\s*[:/]\s*"
_WHOLE = re.compile(rf"\s*{_ID}{_TAIL}\s*", re.IGNORECASE)
_PLACED = re.compile(rf"(?:{_PLACE}){_ID}{_TAIL}", re.IGNORECASE)
_LINKED = re.compile(
    rf"(?:(?:[a-z0-9-]+\.)*(?:{_PAGE})|(?:dx\.)?doi\.org/10\.48550/arxiv\.){_ID}{_TAIL}", re.IGNORECASE
)
_OAI = re.compile(rf"\s*oai:arxiv\.org:{_ID}{_TAIL}\s*", re.IGNORECASE)

_DOI = re.compile(r"""10\.\d{4,9}(?:\.\d{1,9}){0,4}/[^\s"'<>\\^`{|}]+""")
_SICI = re.compile(
    r"""10\.\d{4,9}/(?:\(sici\)|\d{4}-)[^\s"']{0,150}?(?:<|&lt;)[^\s"'<>]{0,60}(?:>|&gt;)[^\s"'<>]{1,60}""",
    re.IGNORECASE,
)
_DOI_PAGE = re.compile(
    r"(?:\.(?:full|abstract|short|article-info|supplementary-material)(?:[.+-].*)?|/(?:full|abstract|pdf|epdf|meta|html))$"
)
_PREPRINT = re.compile(  # bioRxiv and medRxiv, Research Square, Preprints.org, ChemRxiv, those of the OSF, and others
    r"10\.(?:1101/\d|64898/|21203/rs\.|20944/preprints|26434/chemrxiv|\d{5}/osf\.io/|36227/techrxiv|22541/au\.|2139/ssrn\.)"
)
_PREPRINT_VERSION = re.compile(r"^(10\.(?:1101|64898)/\d.*?)v\d{1,3}$")

_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|mc_[ce]id|rss|ff|fc|af|ref_src|source_rss|_hs(?:enc|mi)|cmpid", re.IGNORECASE
)
_PUBMED_ONLY = frozenset({"v", "term", "sort"})
_HASHED = 20  # hex digits: 80 bits
_TELLING = 16  # letters of a title that identify a paper together with an author
_TELLING_WIDE = 8  # the same for scripts that write a word in one or two signs
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md", "msc", "dphil", "esq"})


def arxiv_id(text: str) -> tuple[str, int | None] | None:
    """The arXiv id and version in a text that is one, or that holds a link, an OAI id or a DOI of one.

    Old ids lose their subject class, as arXiv itself writes them: "math.GT/0309136" is "math/0309136".
    """
    text = text[:_LONGEST]
    match = _WHOLE.fullmatch(text) or _PLACED.search(text)
    if match is None and "%" in text:
        match = _PLACED.search(unquote(text))
    return _identified(match) if match else None


def linked_arxiv_id(mark: str) -> tuple[str, int | None] | None:
    """The arXiv id and version of a link to a page known to show that paper, or of an OAI id; None for any other text.

    The host decides: an id in the query of somebody's link names nothing.
    """
    mark = mark[:_LONGEST].strip()
    match = _OAI.fullmatch(mark)
    if match is None and mark[:8].lower().startswith(("http://", "https://")):
        try:
            parts = urlsplit(mark)
            host = (parts.hostname or "").rstrip(".")
        except ValueError:
            return None
        match = _LINKED.match(host + unquote(parts.path))
    return _identified(match) if match else None


def doi(text: str) -> str:
    """The first DOI in a text or link, in lower case and without resolver, preprint version and punctuation; "" if none."""
    text = text[:_LONGEST]
    if "%2f" in text.lower():
        text = unquote(text)
    plain = _DOI.search(text)
    if plain is None:
        return ""
    sici = _SICI.match(text, plain.start())
    match = sici or plain
    found = match[0].lower().replace("&lt;", "<").replace("&gt;", ">")
    if not sici:
        found = re.split(r"[?#]|&(?:amp;)?(?:utm|rss)|&[lg]t;", found, maxsplit=1)[0]
    found = _without_punctuation(_DOI_PAGE.sub("", _without_punctuation(found)))
    version = _PREPRINT_VERSION.match(found)
    found = version[1] if version else found
    return found if "/" in found.rstrip("/") else ""


def paper_keys(listing: Listing) -> tuple[str, ...]:
    """Every key of a listing, strongest first; two listings that share a key are the same paper unless `may_merge` objects."""
    keys = strong_keys(listing)
    title = _letters(listing.title)
    family = family_name(listing.authors[0]) if listing.authors else ""
    telling = family and len(title) >= (_TELLING_WIDE if _WIDE.search(title) else _TELLING)
    if telling:
        keys += (f"title:{_hash(title, family)}",)
        if not keys[0].startswith("title:"):
            return keys
    link = normal_url(listing.url)
    named = (_link_key(link),) if listing.permalink and link else ()
    return (*keys, *named, f"hash:{_hash(title, link)}")


def strong_keys(listing: Listing) -> tuple[str, ...]:
    """The keys that name a work: arXiv before DOI. arXiv's own DOIs are its ids."""
    identifier = listing.arxiv_id
    own = arxiv_id(listing.doi) if listing.doi else None
    if own and not identifier:
        identifier = own[0]
    keys = (f"arxiv:{identifier}",) if identifier else ()
    return (*keys, f"doi:{listing.doi}") if listing.doi and not own else keys


def paper_id(listing: Listing) -> str:
    """The id under which a paper is stored: its first strong key, else a hash that survives a change of spacing or case."""
    keys = paper_keys(listing)
    if keys[0].startswith(("arxiv:", "doi:")):
        return keys[0]
    return f"hash:{keys[-1].partition(':')[2]}"


def may_merge(strong_keys_a: Iterable[str], strong_keys_b: Iterable[str]) -> bool:
    """Whether two papers may be one: not when both have an arXiv id, or a DOI, and they differ.

    The DOI of a preprint and that of a journal are different kinds: one work has both.
    """
    ours, theirs = _by_kind(strong_keys_a), _by_kind(strong_keys_b)
    return all(ours[kind] & theirs[kind] for kind in ours.keys() & theirs.keys())


def family_name(name: str) -> str:
    """The last word of the family name, folded: the same for "Ada Lovelace", "Lovelace, Ada" and "A. Lovelace"."""
    family, comma, given = name.partition(",")
    if comma and _letters(given) in _SUFFIXES:
        comma = ""
    words = [word for word in family.split() if _letters(word) and _letters(word) not in _SUFFIXES]
    if not words:
        return _letters(name)
    # "Lovelace AK": initials behind the name, as PubMed writes them
    last = words[-1]
    if (
        not comma
        and len(words) > 1
        and len(last) <= 3
        and last.isupper()
        and "." not in last
        and not words[-2].isupper()
    ):
        return _letters(words[-2])
    return _letters(last)


def plain_url(url: str) -> str:
    """A link without the parameters that only tell where the reader came from."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if not parts.query:
        return url
    foreign = _PUBMED_ONLY if parts.netloc.lower().startswith("pubmed.") else frozenset()
    kept = [pair for pair in parts.query.split("&") if not _is_tracking(pair.partition("=")[0], foreign)]
    return urlunsplit(parts._replace(query="&".join(kept)))


def normal_url(url: str) -> str:
    """What two addresses of one page have in common: no fragment, tracking, default port, or capitals in the host."""
    try:
        parts = urlsplit(plain_url(url.strip()))
        port = parts.port
    except ValueError:
        return url.strip()
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").rstrip(".")
    if port and port != {"http": 80, "https": 443}.get(scheme):
        host += f":{port}"
    return urlunsplit((scheme, host, parts.path or "/", parts.query, ""))


def _identified(match: re.Match[str]) -> tuple[str, int | None]:
    identifier = match["new"] or f"{match['archive'].lower()}/{match['old']}"
    return identifier, int(match["version"]) if match["version"] else None


def _link_key(link: str) -> str:
    """A key of the form link:HOST:PAGE, both hashed, so that two pages of one host can be told apart; https is http."""
    address = link.partition("://")[2].removeprefix("www.") or link
    return f"link:{_hash(address.partition('/')[0])[:8]}:{_hash(address)}"


def _is_tracking(name: str, foreign: frozenset[str]) -> bool:
    return _TRACKING.fullmatch(name) is not None or name in foreign


def _by_kind(keys: Iterable[str]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for key in keys:
        kind, _, value = key.partition(":")
        if kind in {"arxiv", "doi"}:
            preprint = kind == "doi" and _PREPRINT.match(value)
            kinds.setdefault("preprint" if preprint else kind, set()).add(value)
    return kinds


def _without_punctuation(found: str) -> str:
    """Cut what belongs to the sentence around a DOI; brackets inside it stay when they pair up."""
    unpaired = {")": found.count(")") - found.count("("), "]": found.count("]") - found.count("[")}
    end = len(found)
    while end and (found[end - 1] in ".,;:!*/" or unpaired.get(found[end - 1], 0) > 0):
        end -= 1
        if found[end] in unpaired:
            unpaired[found[end]] -= 1
    return found[:end]


def _letters(text: str) -> str:
    """Letters and digits only, without accents and case."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(filter(str.isalnum, folded))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:_HASHED]
