"""What names a person in texts, whatever its spelling, and texts without it."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache

ERASED = "[erased]"

_SEPARATORS = r"\s_.\u00b7\u30fb\u2010-\u2015\u2212\-"
"""Between the words of a name: white space, dashes and dots."""

_JOINED = {"CJK", "HANGUL", "HIRAGANA", "KATAKANA"}
"""Scripts in which the words of a name are also written without anything between them."""

_UNSPACED = _JOINED | {"KHMER", "LAO", "MYANMAR", "THAI"}
"""Scripts in which a word may follow another, or a particle a word, without anything between."""

LIMITS = (50, 100, 200, 255)
"""Lengths above which rules reject a text. A text above one stays so, or its row would change."""

_LEVELS = 4
"""JSON in JSON: how often a text is read without its escapes."""

_APOSTROPHES = "\u2018\u2019\u02bc`\u00b4"

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPE = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])')
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

Piece = tuple[str, int, int]
"""A character, and where in the text it begins and ends."""


def folded(text: str) -> str:
    """`text` as it is compared: any case, white space, Unicode form and apostrophe."""
    if text.isascii():
        return text.lower()
    # Twice: what case folding makes may decompose further.
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text).casefold()
    return text.translate(_unlike())


@cache
def _unlike() -> dict[int, str | None]:
    """Apostrophes are alike; characters without a width are left out."""
    unseen: dict[int, str | None] = {
        code: None for code in range(sys.maxunicode) if unicodedata.category(chr(code)) == "Cf"
    }
    return unseen | dict.fromkeys(map(ord, _APOSTROPHES), "'")


def words(name: str) -> list[str]:
    """The folded words of a name."""
    return [word for word in re.split(f"[{_SEPARATORS},]+", folded(name)) if word]


def words_in_any_order(name: str) -> tuple[str, ...]:
    """The folded words of a name, the same for `Doe, Jane` and `Jane Doe`."""
    return tuple(sorted(words(name)))


def is_distinctive(word: str) -> bool:
    """Return whether a text is unlikely to mean something else: an id such as 7 may."""
    return len(word.strip()) > 4 and any(map(str.isalpha, word)) and word.lower() != "false"


@dataclass(frozen=True)
class Mentions:
    """The names, emails and ids of a person, to be found in texts and replaced.

    Args:
        key: the column that holds the person's id.
        renamed: new keys of rows whose keys name the person.
        kept: ids of other people, which stay even if they look like a mention.
    """

    key: str
    identifier: str
    names: frozenset[str]
    emails: frozenset[str]
    renamed: dict[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()

    @cached_property
    def whole(self) -> frozenset[str]:
        """Names of one word, folded: found only where nothing else is in the cell."""
        return frozenset(told[0] for name in self.names if len(told := words(name)) == 1)

    @cached_property
    def patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """What to look for, and which characters beside it continue the word.

        The longest first; names in another order last, or the end of one name and the beginning of
        the next would be one.
        """
        found, reversed_names = [], []
        for name in self.names:
            told = words(name)
            has_commas = "," in folded(name)
            if len(told) > 1:
                found.append((_in_row(told, range(len(told)) if has_commas else ()), ""))
            for first in range(1, len(told)):
                order = told[first:] + told[:first]
                commas = range(len(told)) if has_commas else (len(told) - first,)
                reversed_names.append((_in_row(order, commas), ""))
        found += [(re.escape(folded(email)), "._%+-0123456789") for email in self.emails]
        if is_distinctive(self.identifier):
            told = re.split(r"\s+", folded(self.identifier).strip())
            found.append((r"\s+".join(map(re.escape, told)), "_-0123456789"))
        return [
            (re.compile(pattern), beside)
            for several in (found, reversed_names)
            for pattern, beside in sorted(several, key=lambda one: len(one[0]), reverse=True)
        ]

    @cached_property
    def seeds(self) -> frozenset[str]:
        """A text without a backslash that has none of these, folded, has no mention."""
        named = [words(name) for name in self.names]
        found = [max(told, key=len) for told in named if told]
        found += map(folded, self.emails)
        if is_distinctive(self.identifier):
            found.append(max(folded(self.identifier).split(), key=len))
        return frozenset(found)

    @cached_property
    def _own_member(self) -> re.Pattern[str]:
        written = json.dumps(self.identifier, ensure_ascii=False)
        return re.compile(
            rf'("{self.key}"\s*:\s*)(?:{re.escape(written)}|{re.escape(self.identifier)})(?=\s*[,}}])'
        )

    def redacted(self, text: str, *, whole: bool = True, name_stays: bool = False) -> str:
        """`text` without the person; the same if nobody is named.

        Args:
            whole: also if the text is a name of one word and nothing else.
            name_stays: the text is JSON, and its member `name` is another person's.
        """
        if text in self.renamed or text in self.kept:
            return self.renamed.get(text, text)
        if "\\" not in text and not self._has_seed(text):
            return text
        if whole and self.is_whole(text):
            return as_long(text, fitting(text))
        if text.lstrip()[:1] in ("{", "[", '"') and _is_json(text):
            return self._redacted_json(text, whole=whole, name_stays=name_stays)
        return as_long(text, self._redacted_text(text))

    def _has_seed(self, text: str) -> bool:
        told = folded(text)
        is_own = self.key in text and self.identifier in text
        return is_own or any(seed in told for seed in self.seeds)

    def is_whole(self, text: str) -> bool:
        """Return whether a text is a name of one word and nothing else."""
        return bool(self.whole) and words(text) in [[word] for word in self.whole]

    def _redacted_json(self, text: str, *, whole: bool, name_stays: bool) -> str:
        kept = (
            {match.end() - 1 for match in re.finditer(r'"name"\s*:\s*"', text)}
            if name_stays
            else set()
        )

        def clean(match: re.Match[str]) -> str:
            if match.start() in kept:
                return match[0]
            value = json.loads(match[0], strict=False)
            new = self.redacted(value, whole=whole)
            return match[0] if new == value else json.dumps(new, ensure_ascii=_has_surrogate(new))

        return self._own_member.sub(rf'\1"{ERASED}"', _STRING.sub(clean, text))

    def _redacted_text(self, text: str) -> str:
        pieces = _pieces(text)
        for _ in range(_LEVELS):
            spans = self._spans(_folded(pieces))
            if spans:
                return self._redacted_text(_without(text, spans))
            if not any(character == "\\" for character, _, _ in pieces):
                break
            pieces = _unescaped(pieces)
        return text

    def _spans(self, pieces: list[Piece]) -> list[tuple[int, int]]:
        text = "".join(character for character, _, _ in pieces)
        spans: list[tuple[int, int]] = []
        for pattern, beside in self.patterns:
            for match in pattern.finditer(text):
                start, end = match.span()
                if _continues(text, start - 1, start, beside) or _continues(
                    text, end, end - 1, beside
                ):
                    continue
                found = pieces[start][1], pieces[end - 1][2]
                if not any(found[0] < to and since < found[1] for since, to in spans):
                    spans.append(found)
        return sorted(spans)


def _in_row(told: list[str], commas: Collection[int]) -> str:
    """A pattern for words one behind the other, with a comma before those in `commas` or not."""
    pattern = re.escape(told[0])
    for at, word in enumerate(told[1:], start=1):
        joined = _script(told[at - 1][-1]) in _JOINED and _script(word[0]) in _JOINED
        often = "*" if joined and sum(map(len, told)) > 2 else "+"
        pattern += f"[{_SEPARATORS}{',' if at in commas else ''}]{often}{re.escape(word)}"
    return pattern


def as_long(text: str, cleaned: str) -> str:
    """The cleaned text, above every limit that the text was above."""
    is_crossed = any(len(cleaned) <= limit < len(text) for limit in LIMITS)
    return cleaned.ljust(len(text), "*") if is_crossed else cleaned


def fitting(text: str) -> str:
    """What replaces a text: never longer, or a column might not take it."""
    return ERASED if len(text) >= len(ERASED) else "*" * len(text)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], fitting(text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def _is_json(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _continues(text: str, neighbour: int, edge: int, beside: str) -> bool:
    """Return whether the character beside a match belongs to the same word."""
    if not 0 <= neighbour < len(text):
        return False
    character = text[neighbour]
    if character in beside:
        # A full stop or a hyphen that ends a sentence or a clause does not.
        following = text[neighbour + 1 : neighbour + 2] if neighbour > edge else "a"
        return character not in ".-" or following.isalnum()
    if unicodedata.category(character)[0] == "M":
        return neighbour > edge
    if neighbour > edge and "\u1160" <= character <= "\u11ff":
        return True  # the rest of a syllable of Korean
    script = _script(character)
    return (
        character.isalpha()
        and text[edge].isalpha()
        and script == _script(text[edge])
        and script not in _UNSPACED
    )


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]


def _pieces(text: str) -> list[Piece]:
    return [(character, at, at + 1) for at, character in enumerate(text)]


def _unescaped(pieces: list[Piece]) -> list[Piece]:
    """The pieces with each escape of JSON as the character it stands for."""
    text = "".join(character for character, _, _ in pieces)
    result: list[Piece] = []
    at = 0
    for match in _ESCAPE.finditer(text):
        result += pieces[at : match.start()]
        result.append((_meant(match), pieces[match.start()][1], pieces[match.end() - 1][2]))
        at = match.end()
    return result + pieces[at:]


def _meant(escape: re.Match[str]) -> str:
    kind = escape[0][1]
    return chr(int(escape[0][2:], 16)) if kind == "u" else _CONTROLS.get(kind, kind)


def without_escapes(text: str) -> str:
    """`text` with each escape of JSON as the character it stands for."""
    return _ESCAPE.sub(_meant, text)


@lru_cache(maxsize=4096)
def _folded_character(character: str) -> tuple[str, ...]:
    return tuple(folded(character))


def _folded(pieces: list[Piece]) -> list[Piece]:
    """The pieces decomposed, in any case, marks in their canonical order."""
    result: list[Piece] = []
    marks: list[Piece] = []
    for character, start, end in pieces:
        for part in _folded_character(character):
            if unicodedata.combining(part):
                marks.append((part, start, end))
                continue
            result += _in_order(marks)
            marks = []
            result.append((part, start, end))
    return result + _in_order(marks)


def _in_order(marks: list[Piece]) -> list[Piece]:
    return sorted(marks, key=lambda piece: unicodedata.combining(piece[0]))


def others_alike(people: Iterable[tuple[str, str, str]], mentions: Mentions) -> dict[str, str]:
    """Return other ids that may be the person's, each with the reason.

    Args:
        people: ids, names and emails; empty if there is none.
    """
    names = set(map(words_in_any_order, mentions.names))
    emails = set(map(folded, mentions.emails))
    own = folded(mentions.identifier).strip()
    found: dict[str, str] = {}
    for identifier, name, email in people:
        if identifier == mentions.identifier or not identifier.strip():
            continue
        if folded(identifier).strip() == own:
            found[identifier] = "the same id in another spelling"
        elif email and folded(email).strip() in emails:
            found[identifier] = "the same email"
        elif name and words_in_any_order(name) in names:
            found.setdefault(identifier, "the same name")
    return found
