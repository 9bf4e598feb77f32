# SPDX-License-Identifier: GPL-2.0-only
"""Finds what a kernel or Xen prints when something inside is wrong.

Used by host.py after every run and test; a hit fails a test.
"""
import re

SPLAT = re.compile(
    r"\bBUG:|\bWARNING:|\bOops\b|INFO: task .* blocked|INFO: rcu|rcu:.*stall|soft lockup|hard LOCKUP"
    r"|possible (?:circular|recursive|irq).*|inconsistent lock state|suspicious RCU usage"
    r"|held lock freed|bad unlock balance|still has locks held|Invalid wait context|non-static key"
    r"|lock held when returning to user|turning off the locking correctness validator"
    r"|sleeping function called|scheduling while atomic|Illegal context switch|Voluntary context switch"
    r"|Kernel panic|ODEBUG:|KCSAN:|kmemleak: \d+ new suspected|kmemleak: .*disabled"
    r"|general protection fault|unable to handle|kernel BUG at|UBSAN:|KASAN:|KFENCE:|refcount_t:"
    r"|list_(?:add|del) corruption|Bad page state|bad: scheduling|irq \d+: nobody cared"
    r"|\(XEN\).*(?:\bFATAL\b|[Pp]anic|domain_crash|Domain \d+ .*crashed|Assertion .* failed|Xen BUG)")

# Harmless on every machine of this kind, with the reason.
HARMLESS = re.compile(
    r"\(XEN\) \*\*\*"                                   # banners about the machine's fitness
    r"|You are running with an unstable|Spectre|RETBleed"   # mitigations Xen or Linux lacks
    r"|hardware watchdog|Direct firmware load"
    r"|WARNING: suspend/resume"
    # KCSAN watches the whole kernel, and Linux lives with races of its own. Ours alone count.
    r"|KCSAN: (?:data-race|assert: race) in (?!.*\[virtuos)")


def scan(text):
    """The lines of `text` that tell of a fault."""
    return [line for line in text.splitlines() if SPLAT.search(line) and not HARMLESS.search(line)]
