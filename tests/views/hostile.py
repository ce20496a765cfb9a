"""Names that try to break out of a document."""

from __future__ import annotations

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "::error::",
    "| a |",
    "```",
    "`",
    "a\\|b\\",
    "\u202eevil",
    "one\ntwo\r\n\r\n# three",
    "--> <script>alert(1)</script>",
    "</details></summary>",
    "@octocat @org/team",
    "#123 owner/repo#1 GH-7 !5 $2 %3 ~label &1",
    "https://evil.example/x www.evil.example a@evil.example",
    "[text](javascript:alert(1)) ![x](y) [ref]: z",
    "**bold** _it_ ~~gone~~ <b>x</b> &lt;b&gt; &#64;",
    "##[error]boo %0A::error::x",
    "a4f956fab14b325507cf032b68a2bc5a550278f6",
    "\\",
    "\\`",
    ":smile: \x1b[31mred",
    "- list\n1. one\n> quote\n---",
    "\u200b\u2028\u00a0",
    "  ",
    "'\",,:%",
]
