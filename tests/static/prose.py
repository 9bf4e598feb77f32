#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The documents' rules that a machine can check: sentences of at most 25 words, none of the words
that the glossary rules out, relative links and names of files that lead somewhere, and decision
records with the same sections, which the index names."""
import os
import re
import sys

from findings import TOP, report

MOST_WORDS = 25
GLOSSARY = "docs/glossary.md"
UNUSED = "## Words that are not used"	# its table's first column
RECORDS = "docs/decisions/"
SECTIONS = ["Decision", "Context", "Alternatives", "Evidence", "Status"]

FENCE = re.compile(r"^\s*```")
BLOCK = re.compile(r"^\s*(?:[-*+]|\d+\.)\s+")
HEADING = re.compile(r"^#{1,6}\s+(.*)")
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)\)")
NAMED = re.compile(r"(?<![\w/.-])docs/[\w./-]*\.md\b")	# a document named without a link
# A file by the end of its path, in program text; capitals stand for any name.
FILE = re.compile(r"`((?:[a-z0-9_.-]+/)*[a-z0-9_.-]+\.(?:c|h|py|sh|pml|mk|config|list|cfg))`")
OTHERS = ("arch/", "fs/fuse/", "include/uapi/", "public/")	# files of Linux and Xen
END = re.compile(r"(?<=[.!?])[)\"'*_]*\s+")


def tree():
    """All files, by path within the tree; those at its top begin with "./"."""
    for at, folders, files in os.walk(TOP):
        folders[:] = [f for f in folders if not f.startswith(".") and (at, f) != (TOP, "build")]
        yield from (os.path.join(os.path.relpath(at, TOP), f) for f in files)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read().splitlines()


def without_fences(lines):
    """(line number, line), fenced blocks left out."""
    inside = False
    for number, line in enumerate(lines, 1):
        if FENCE.match(line):
            inside = not inside
        elif not inside:
            yield number, line


def blocks(lines):
    """(number of its first line, text) of each paragraph and list item."""
    text, first, in_list = [], 0, False
    for number, line in [*without_fences(lines), (len(lines) + 1, "")]:
        item = BLOCK.match(line)
        if line.strip() and not line.startswith(" "):
            in_list = bool(item)
        listing = line.startswith("    ") and not in_list and not text
        apart = not line.strip() or HEADING.match(line) or line.startswith("|") or listing
        if text and (apart or item):
            yield first, " ".join(text)
            text = []
        if not apart:
            first = first if text else number
            text.append(BLOCK.sub("", line).strip())


def words(sentence):
    return sum(any(c.isalnum() for c in w) for w in sentence.split())


def sentences(text):
    """An inline program text or a link counts as one word, whatever stands in it."""
    return END.split(LINK.sub(r"\1", CODE.sub("code", text)))


def long_sentences(path):
    for number, text in blocks(read(path)):
        for s in sentences(text):
            if words(s) > MOST_WORDS:
                yield "sentence", path, "%s:%d: %d words: %s" % (path, number, words(s), s)


def unused_words():
    """A pattern for the words that the glossary rules out, with their endings."""
    lines = read(GLOSSARY)
    table = [line.split("|")[1].strip() for line in lines[lines.index(UNUSED):] if line.startswith("|")]
    return re.compile(r"\b(?:%s)(?:s|d|ed|t|ing)?\b" % "|".join(table[2:]), re.I)


def ruled_out(path):
    unused = unused_words()
    if path == GLOSSARY:
        return
    for number, line in without_fences(read(path)):
        for m in unused.finditer(LINK.sub(r"\1", CODE.sub("code", line))):
            yield "word", path, "%s:%d: %s: the glossary has another word" % (path, number, m[0])


def anchors(path):
    """The names by which a document's headings can be linked to."""
    found = [HEADING.match(line) for _, line in without_fences(read(path))]
    plain = [re.sub(r"[^\w\- ]", "", LINK.sub(r"\1", m[1]).lower()) for m in found if m]
    return {p.strip().replace(" ", "-") for p in plain}


def leads(path, target):
    """Does the relative link @target of document @path lead somewhere?"""
    name, _, anchor = target.partition("#")
    to = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
    if not os.path.exists(os.path.join(TOP, to)):
        return False
    return not anchor or not to.endswith(".md") or anchor in anchors(to)


def dead_links(path):
    lines = [line for _, line in without_fences(read(path))]
    plain = CODE.sub("code", "\n".join(lines))
    dead = [t for _, t in LINK.findall(plain) if "://" not in t and not leads(path, t)]
    dead += [n for line in lines for n in NAMED.findall(line) if not os.path.exists(os.path.join(TOP, n))]
    for t in dead:
        yield "link", path, "%s: leads nowhere: %s" % (path, t)


def ends_of_paths(files):
    parts = [f.split("/") for f in files]
    return {"/".join(p[i:]) for p in parts for i in range(len(p))}


def gone_files(path, known):
    for number, line in without_fences(read(path)):
        for name in FILE.findall(line):
            if name not in known and not name.startswith(OTHERS):
                yield "file", path, "%s:%d: no such file: %s" % (path, number, name)


def wrong_records(paths):
    index = RECORDS + "README.md"
    listed = [t for line in read(index) for _, t in LINK.findall(line)] if index in paths else []
    for path in (p for p in paths if p.startswith(RECORDS) and p != index):
        have = [line[3:] for line in read(path) if line.startswith("## ")]
        if have != SECTIONS:
            yield "record", path, "%s: its sections are %s" % (path, ", ".join(have))
        if os.path.basename(path) not in listed:
            yield "record", path, "%s: the index does not name it" % path


def main():
    files = list(tree())
    known = ends_of_paths(files)
    paths = sorted(f for f in files if f.endswith(".md"))
    found = [f for p in paths for check in (long_sentences, ruled_out, dead_links) for f in check(p)]
    # A record is of its day; so are the files that it names.
    found += [f for p in paths if not p.startswith(RECORDS) for f in gone_files(p, known)]
    found += wrong_records(paths)
    return report("prose", paths, found)


if __name__ == "__main__":
    sys.exit(main())
