"""Reads GitHub-flavoured Markdown with a real parser: its tables, its text, and what could be active in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
OURS = {"<br>"}  # HTML between words that the view writes itself
BLOCKS = ("<details>\n<summary>", "</details>", "<!-- voicectl:")  # how our blocks of HTML begin


@dataclass
class Read:
    """What a reader sees of a document, and what a browser would run."""

    rows: list[list[str]] = field(default_factory=list)  # the cells of all rows, without headings
    words: str = ""  # all text and code, as it is read
    plain: list[str] = field(default_factory=list)  # text outside of code: GitHub looks for mentions and links in it
    html: list[str] = field(default_factory=list)  # what is neither text nor ours
    kinds: set[str] = field(default_factory=set)  # of tokens


def read(markdown: str) -> Read:
    found = Read()
    header = False
    for token in _PARSER.parse(markdown):
        found.kinds.add(token.type)
        match token.type:
            case "thead_open" | "thead_close":
                header = token.type == "thead_open"
            case "tr_open" if not header:
                found.rows.append([])
            case "html_block":
                if not token.content.strip().startswith(BLOCKS) or token.content.count("<") > 4:
                    found.html.append(token.content)
            case "inline":
                words = "".join(_words(token, found))
                found.words += words + "\n"
                if found.rows and token.level >= 4 and not header:
                    found.rows[-1].append(words)
            case _:
                pass
    return found


def _words(inline: Token, found: Read) -> Iterator[str]:
    for token in inline.children or ():
        found.kinds.add(token.type)
        if token.type == "html_inline":
            if token.content not in OURS:
                found.html.append(token.content)
            yield "\n"
        elif token.type == "text":
            found.plain.append(token.content)
            yield token.content
        else:
            yield token.content
