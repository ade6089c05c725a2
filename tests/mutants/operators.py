"""Small faults for the SQL of a dbt file: the text outside Jinja's tags, and SQL inside them.

A mutant is one edit of the source, so that its diff can be read. Jinja expressions are masked as
names of the same length; statements and comments as blanks, over which no edit reaches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokens import Token

TAGS = re.compile(
    r"(?P<comment>\{#.*?#\}|--[^\n]*)|(?P<statement>\{%.*?%\})|(?P<expression>\{\{.*?\}\})", re.S
)
BODY = re.compile(r"\{%-?\s*macro\s+(?P<engine>[a-z]+)__(?P<name>\w+).*?endmacro\s*-?%\}", re.S)
STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
NUMBER = re.compile(r"(?<![\w.\[])\d+(?![\w.])")
RULE = re.compile(r"^ +'\w+': (?P<condition>[^\n]+?),?$", re.M)

BOUNDARIES = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "=", "!=": "="}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*"}
FUNCTIONS = {
    **{"min": "max", "max": "min", "sum": "max", "bool_or": "bool_and", "bool_and": "bool_or"},
    **{"least": "greatest", "greatest": "least", "lag": "lead", "lead": "lag"},
    **{"rank": "row_number", "row_number": "rank", "floor": "ceil", "abs": "", "lower": ""},
}
ENDS_OF_CLAUSE = {
    *("group by", "order by", "partition by", "having", "limit", "window", "union", "where", "on"),
    *("inner", "left", "cross", "full", "join", "select", "from", "rows", "filter", "over", ";"),
    *("then", "else", "end", "when", "as", ","),
}
TYPES = {"varchar", "decimal", "numeric"}


@dataclass(frozen=True)
class Edit:
    """What stands from `start` to `end` becomes `new`."""

    kind: str
    start: int
    end: int
    new: str

    def apply(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]


def edits(text: str) -> list[Edit]:
    """Every edit of a file, in the order of the text; none that DuckDB would not see."""
    found: list[Edit] = []
    hidden = list(not_for_duckdb(text))
    masked, barriers = mask(text)
    found.extend(Sql(masked, barriers, original=text).edits())
    for tag in TAGS.finditer(text):
        if tag.lastgroup != "comment":
            found.extend(edits_of_tag(tag))
    seen: set[str] = set()
    kept = []
    for edit in sorted(found, key=lambda edit: (edit.start, edit.end, edit.new)):
        result = edit.apply(text)
        if result in seen or result == text:
            continue
        if any(start <= edit.start < end for start, end in hidden):
            continue
        seen.add(result)
        kept.append(edit)
    return kept


def not_for_duckdb(text: str) -> Iterator[tuple[int, int]]:
    """Where the bodies of dispatched macros are that are other engines'."""
    bodies = list(BODY.finditer(text))
    own = {body["name"] for body in bodies if body["engine"] == "duckdb"}
    for body in bodies:
        is_default = body["engine"] == "default" and body["name"] not in own
        if body["engine"] != "duckdb" and not is_default:
            yield body.span()


def mask(text: str) -> tuple[str, list[int]]:
    """The text without Jinja, each place as before, and where statements stood."""
    barriers = [match.start() for match in TAGS.finditer(text) if match.lastgroup == "statement"]

    def blank(match: re.Match[str]) -> str:
        if match.lastgroup == "expression":
            return "j" * len(match[0])
        return re.sub(r"[^\n]", " ", match[0])

    return TAGS.sub(blank, text), barriers


def edits_of_tag(tag: re.Match[str]) -> Iterator[Edit]:
    """Edits of numbers, and of SQL in strings, that a tag puts into the SQL around it."""
    text, at = tag[0], tag.start()
    if "raise_compiler_error" in text or "config(" in text:
        return
    is_set = re.match(r"\{%-?\s*(set|do)\b", text)
    if tag.lastgroup == "statement" and not is_set:
        return
    if re.match(r"\{%-?\s*set rules\b", text):
        for rule in RULE.finditer(text):
            start, end = rule.span("condition")
            yield Edit("rule dropped", at + start, at + end, "'false'")
    bare = text
    for string in STRING.finditer(text):
        inside = string[0][1:-1]
        bare = bare[: string.start()] + " " * len(string[0]) + bare[string.end() :]
        for edit in Sql(inside, [], is_part=True).edits():
            shift = at + string.start() + 1
            yield Edit(edit.kind, edit.start + shift, edit.end + shift, edit.new)
    if tag.lastgroup == "expression" or "set rules" in text:
        for number in NUMBER.finditer(bare):
            for new in neighbours(number[0]):
                yield Edit("constant", at + number.start(), at + number.end(), new)


def neighbours(number: str) -> list[str]:
    """A number one step up and one down, a step being one in its last digit."""
    if "." not in number:
        return [str(int(number) + 1), *([str(int(number) - 1)] if int(number) > 0 else [])]
    digits = len(number.split(".")[1])
    step = 10**-digits
    return [f"{float(number) + step:.{digits}f}", f"{float(number) - step:.{digits}f}"]


class Sql:
    """Masked SQL in tokens. A part is SQL in a string: its beginning and end are elsewhere."""

    def __init__(
        self, text: str, barriers: list[int], *, original: str = "", is_part: bool = False
    ) -> None:
        self.text = text
        self.original = original or text
        self.barriers = barriers
        self.is_part = is_part
        try:
            self.tokens: list[Token] = DuckDB.Tokenizer().tokenize(text)
        except Exception:  # a part need not be whole
            self.tokens = []
        self.words = [re.sub(r"\s+", " ", self.source(i, i)).lower() for i in self.places()]
        self.depths = self._depths()

    def places(self) -> range:
        return range(len(self.tokens))

    def source(self, first: int, last: int) -> str:
        return self.text[self.tokens[first].start : self.tokens[last].end + 1]

    def whole(self, first: int, last: int) -> str:
        """The source with its Jinja."""
        return self.original[self.tokens[first].start : self.tokens[last].end + 1]

    def _depths(self) -> list[int]:
        depths, depth = [], 0
        for word in self.words:
            depth -= word == ")"
            depths.append(depth)
            depth += word == "("
        return depths

    def edits(self) -> Iterator[Edit]:
        for i in self.places():
            for kind, first, last, new in self.at(i):
                start, end = self.tokens[first].start, self.tokens[last].end + 1
                if not any(start <= barrier < end for barrier in self.barriers):
                    yield Edit(kind, start, end, new)

    def word(self, i: int) -> str:
        return self.words[i] if 0 <= i < len(self.words) else ""

    def at(self, i: int) -> Iterator[tuple[str, int, int, str]]:
        word, before, after = self.words[i], self.word(i - 1), self.word(i + 1)
        if word in BOUNDARIES and not (self.is_part and len(self.words) == 1):
            yield "comparison", i, i, BOUNDARIES[word]
        if word in ARITHMETIC and self.is_operand(i - 1, ")") and self.is_operand(i + 1, "("):
            yield "arithmetic", i, i, ARITHMETIC[word]
        if word in FUNCTIONS and after == "(":
            yield "function", i, i, FUNCTIONS[word]
        yield from self._logic(i, word, before, after)
        yield from self._sets(i, word, before, after)
        yield from self._nulls(i, word, before, after)
        yield from self._literals(i, word, before)
        yield from self._order(i, word, before)
        if word in ("where", "on", "having") and not self.is_part:
            yield from self._conditions(i + 1)
        if word == "case":
            yield from self._branches(i)

    def is_operand(self, i: int, parenthesis: str) -> bool:
        word = self.word(i)
        is_value = word == parenthesis or word[:1].isalnum()
        return is_value and word not in ENDS_OF_CLAUSE

    def _logic(
        self, i: int, word: str, before: str, after: str
    ) -> Iterator[tuple[str, int, int, str]]:
        if word == "and" and not self._is_of_between(i) and before not in ("preceding",):
            yield "logic", i, i, "or"
        if word == "or":
            yield "logic", i, i, "and"
        if word == "not" and before not in ("is", "if") and after not in ("null", "materialized"):
            yield "not dropped", i, i, ""
        if word in ("true", "false"):
            yield "constant", i, i, "false" if word == "true" else "true"
        if word == "between" and after not in ("unbounded",):
            yield from self._between(i)

    def _is_of_between(self, i: int) -> bool:
        for k in range(i - 1, -1, -1):
            if self.depths[k] < self.depths[i]:
                return False
            if self.depths[k] == self.depths[i]:
                if self.words[k] == "between":
                    return True
                if self.words[k] in ("and", "or", "where", "on", "when"):
                    return False
        return False

    def _between(self, i: int) -> Iterator[tuple[str, int, int, str]]:
        middle = next((k for k in range(i, len(self.words)) if self.words[k] == "and"), None)
        if middle is None or self.word(middle - 1) in ("preceding", "following"):
            return
        last = middle + 1
        while self.word(last + 1) == ".":
            last += 2
        if last < len(self.words):
            low, high = self.whole(i + 1, middle - 1), self.whole(middle + 1, last)
            yield "comparison", i, last, f"between {low} + 1 and {high}"
            yield "comparison", i, last, f"between {low} and {high} - 1"

    def _sets(
        self, i: int, word: str, before: str, after: str
    ) -> Iterator[tuple[str, int, int, str]]:
        if word in ("left", "inner") and after == "join":
            yield "join", i, i, "inner" if word == "left" else "left"
        if word == "distinct":
            if before == "union":
                yield "union", i, i, "all"
            elif before == "is":
                yield "comparison", i, i, "not distinct"
            elif before == "not":
                yield "comparison", i - 1, i, "distinct"
            else:
                yield "distinct dropped", i, i, ""
        if word == "union" and after != "distinct":
            yield ("union", i, i + 1, "union") if after == "all" else ("union", i, i, "union all")
        if word == "count" and after == "(" and self.word(i + 3) == ")":
            is_star = self.word(i + 2) == "*"
            yield "function", i, i + 3, "max(1)" if is_star else "count(*)"
        if word == "current row" or (word == "current" and after == "row"):
            yield "window", i, i + (word == "current"), "1 following"

    def _nulls(
        self, i: int, word: str, before: str, after: str
    ) -> Iterator[tuple[str, int, int, str]]:
        if word == "is" and after == "null":
            yield "null", i, i + 1, "is not null"
        if word == "is" and after == "not" and self.word(i + 2) == "null":
            yield "null", i, i + 2, "is null"
        if word == "nulls" and after == "last":
            yield "null", i + 1, i + 1, "first"
        if word in ("coalesce", "nullif") and after == "(":
            close = self.closing(i + 1)
            comma = self.comma(i + 1)
            if close and comma:
                yield "null", i, close, self.whole(i + 2, comma - 1)

    def closing(self, opening: int) -> int | None:
        depth = self.depths[opening]
        return next(
            (
                k
                for k in range(opening + 1, len(self.words))
                if self.words[k] == ")" and self.depths[k] == depth
            ),
            None,
        )

    def comma(self, opening: int) -> int | None:
        depth = self.depths[opening] + 1
        for k in range(opening + 1, len(self.words)):
            if self.words[k] == "," and self.depths[k] == depth:
                return k
            if self.depths[k] < depth:
                return None
        return None

    def _literals(self, i: int, word: str, before: str) -> Iterator[tuple[str, int, int, str]]:
        is_of_type = before in ("(", ",") and any(self.word(k) in TYPES for k in (i - 2, i - 4))
        is_any = before == "select" and self.word(i - 3) == "exists"
        if re.fullmatch(r"\d+(\.\d+)?", word) and not is_of_type and not is_any:
            for new in neighbours(word):
                yield "constant", i, i, new
        if word.startswith("'") and not self.is_part and "jj" not in word:
            raw = self.source(i, i)
            if before in ("interval", "date", "timestamp"):
                number = re.search(r"\d+(?=\D*$)", raw)
                if number:
                    new = str(int(number[0]) + 1).zfill(len(number[0]))
                    yield "constant", i, i, raw[: number.start()] + new + raw[number.end() :]
            elif before not in ("zone", ","):
                yield "constant", i, i, raw[:-1] + "_'"

    def _order(self, i: int, word: str, before: str) -> Iterator[tuple[str, int, int, str]]:
        if word == "desc":
            yield "order", i, i, "asc"
        if word == "order by" or (word == "by" and before == "order"):
            for first, last in self._elements(i + 1):
                if not {"desc", "nulls"} & set(self.words[first : last + 1]):
                    yield "order", first, last, self.whole(first, last) + " desc"
        if word == "partition by" or (word == "by" and before == "partition"):
            elements = list(self._elements(i + 1))
            if len(elements) > 1:
                for first, last in elements:
                    yield "partition", first, last, "1"

    def _elements(self, first: int) -> Iterator[tuple[int, int]]:
        """The items of a list without end marks, from its first word on."""
        if first >= len(self.words):
            return
        depth, start = self.depths[first], first
        for k in range(first, len(self.words) + 1):
            word = self.word(k)
            is_end = (
                not word
                or self.depths[k] < depth
                or (self.depths[k] == depth and (word in ENDS_OF_CLAUSE and word != ","))
            )
            if is_end or (word == "," and self.depths[k] == depth):
                if k > start:
                    yield start, k - 1
                if is_end:
                    return
                start = k + 1

    def _conditions(self, first: int) -> Iterator[tuple[str, int, int, str]]:
        """Each condition that a clause joins by `and`, taken for true."""
        if first >= len(self.words):
            return
        depth, start = self.depths[first], first
        for k in range(first, len(self.words) + 1):
            word = self.word(k)
            is_end = (
                not word
                or self.depths[k] < depth
                or (self.depths[k] == depth and word in ENDS_OF_CLAUSE)
                or any(
                    self.tokens[k - 1].end < barrier < self.tokens[k].start
                    for barrier in self.barriers
                    if k > first
                )
            )
            is_and = (
                not is_end
                and word == "and"
                and self.depths[k] == depth
                and not self._is_of_between(k)
            )
            if is_end or is_and:
                if k > start and self.source(start, k - 1) != "true":
                    yield "condition dropped", start, k - 1, "true"
                if is_end:
                    return
                start = k + 1

    def _branches(self, case: int) -> Iterator[tuple[str, int, int, str]]:
        depth, opened = self.depths[case], None
        is_simple = self.word(case + 1) != "when"
        nested = 0
        for k in range(case + 1, len(self.words)):
            word = self.words[k]
            if self.depths[k] < depth:
                return
            if self.depths[k] != depth:
                continue
            nested += word == "case"
            if word == "end" and nested:
                nested -= 1
            elif nested:
                continue
            elif word in ("when", "else"):
                opened = k
            elif word == "then" and opened is not None:
                if k - 1 > opened:
                    new = "null" if is_simple else "false"
                    yield "branch", opened + 1, k - 1, new
            elif word == "end":
                if opened is not None and self.words[opened] == "else" and k - 1 > opened:
                    yield "branch", opened + 1, k - 1, "null"
                return
