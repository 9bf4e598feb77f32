#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The rules for comments in C that a machine can check, in the folders whose comments follow them:
sentences of at most 25 words, no question, none of the words that the glossary rules out, and no
pronoun where a noun says which task, call or peer is meant. Identifiers are not prose. A function
that a header declares has kernel-doc, there or where it is defined."""
import os
import re
import sys

from findings import report, sources
from prose import MOST_WORDS, read, sentences, unused_words, words

FOLLOW = ("service-domain", "libsyscall-forward", "dom0-tools",
	  "linux-patches/new/virtuos/core", "linux-patches/new/virtuos/net",
	  "linux-patches/new/virtuos/fs", "linux-patches/new/virtuos/door",
	  "linux-patches/new/virtuos/perf",
	  "include/virtuos")
COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])'|" + r"(/\*.*?\*/)", re.S)
LEADER = re.compile(r"^\s*(?:/\*\*?|\*(?!/))")
TAG = re.compile(r"^(?:@[\w, @]+:|Return:|Context:|Invariant:|\w+ - |struct \w+ - )\s*")
IDENTIFIER = re.compile(r"@\w+|\w+\(\)|\w+(?:->|\.)\w[\w.>\[\]-]*|\w*_\w+|\b[A-Z][A-Z0-9]+\b")
PRONOUN = re.compile(r"\b(?:who|whom|whoever|(?:some|any|no)body)\b", re.I)

DECLARED = re.compile(r"^(?!static|extern|typedef)\w[\w \t*]*?\b(\w+)\([^;{}]*;", re.M)
DOCUMENTED = re.compile(r"^\s*/\*\*\n\s*\* (\w+) - ", re.M)


def text_of(path):
    return "\n".join(read(path))


def c_comments(text):
    """(line number, text) of each comment but the licence's."""
    for m in COMMENT.finditer(text):
        if m[1] and "SPDX" not in m[1]:
            yield text.count("\n", 0, m.start()) + 1, m[1]


def paragraphs(number, comment):
    """(number of its first line, text) of each; what a tab indents continues a tag, or is drawn."""
    text, first, tagged = [], number, False
    lines = [LEADER.sub("", line).removesuffix("*/") for line in comment.split("\n")]
    for at, line in enumerate([*lines, ""], number):
        body, tag = line.strip(), TAG.match(line.strip())
        drawn = line.startswith("\t") and not tagged and at > number
        if text and (not body or tag or drawn):
            yield first, " ".join(text)
            text = []
        tagged = bool(tag) or (tagged and bool(body))
        if body and not drawn:
            first = first if text else at
            text.append(TAG.sub("", body))


def findings(path, unused):
    for start, comment in c_comments(text_of(path)):
        for number, text in paragraphs(start, comment):
            where = "%s:%d: " % (path, number)
            prose = IDENTIFIER.sub("name", text)
            for s in sentences(prose):
                if words(s) > MOST_WORDS:
                    yield "sentence", path, "%s%d words: %s" % (where, words(s), s)
                if s.endswith("?"):
                    yield "question", path, where + s
            for m in unused.finditer(prose):
                yield "word", path, "%s%s: the glossary has another word" % (where, m[0])
            for m in PRONOUN.finditer(prose):
                yield "pronoun", path, "%s%s: a noun says which" % (where, m[0])


def undocumented(files):
    """Functions that a header declares without kernel-doc in its folder."""
    documented = {(os.path.dirname(p), name) for p in files for name in DOCUMENTED.findall(text_of(p))}
    for path in (p for p in files if p.endswith(".h")):
        code = COMMENT.sub(lambda m: "" if m[1] else m[0], text_of(path))
        for m in DECLARED.finditer(code):
            if (os.path.dirname(path), m[1]) not in documented:
                yield "undocumented", path, "%s: %s() has no kernel-doc" % (path, m[1])


def main():
    unused = unused_words()
    files = sources(".c", ".h", ".S", roots=FOLLOW)
    found = [f for path in files for f in findings(path, unused)]
    return report("comments", files, found + list(undocumented(files)))


if __name__ == "__main__":
    sys.exit(main())
