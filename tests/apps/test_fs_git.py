# SPDX-License-Identifier: GPL-2.0-only
"""git: commits, gc, clone and checkout, with the storage domain killed meanwhile."""
import re

from meanwhile import killed_meanwhile, ran

TIMEOUT = 600

SETTINGS = """
set -e
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=gc.auto GIT_CONFIG_VALUE_0=0
"""

# The tree of each tenth commit is noted, to be compared with what comes back.
COMMITS = SETTINGS + """
rm -rf /srv/git; mkdir /srv/git; cd /srv/git
git init -q -b main work; cd work
for i in $(seq 150); do
    mkdir -p d$((i % 7))
    echo "line $i" >> d$((i % 7))/f$((i % 20)); echo "$i" > n$i
    [ $((i % 5)) != 0 ] || { rm n$((i - 2)); ln -s n$i s$i; chmod +x n$i; }
    git add -A; git commit -q -m "commit $i"
    [ $i != 30 ] || echo begun
    [ $((i % 10)) != 0 ] || echo "$(git rev-parse HEAD) $(git rev-parse HEAD^{tree})" >> ../noted
done
git rev-list --count HEAD
"""

GC = SETTINGS + """
cd /srv/git/work
(sleep 0.5; echo begun) &
git repack -q -a -d -f --window=50; git gc -q --prune=now
wait
git count-objects -v
"""

CLONE = SETTINGS + """
cd /srv/git; rm -rf copy
echo begun
git clone -q --no-local file:///srv/git/work copy
git -C copy fsck --full --strict 2>&1
diff -r --no-dereference --exclude=.git work copy
[ -z "$(git -C copy status --porcelain)" ]
echo equal
"""

# Old commits are checked out, and made into trees again from the files.
CHECKOUT = SETTINGS + """
cd /srv/git/copy
n=0
while read commit tree; do
    git checkout -q "$commit"
    [ $n != 3 ] || echo begun
    rm -f .git/index; git add -A
    [ "$(git write-tree)" = "$tree" ]
    n=$((n + 1))
done < ../noted
git checkout -q main
[ -z "$(git status --porcelain)" ]
echo trees $n
"""


def test_commits(host):
    assert killed_meanwhile(host, COMMITS).split()[-1] == "150"
    assert ran(host, "git -C /srv/git/work fsck --full --strict 2>&1").strip() == ""


def test_gc(host):
    text = killed_meanwhile(host, GC)
    assert re.search(r"^count: 0$", text, re.M) and re.search(r"^packs: 1$", text, re.M), text
    assert ran(host, "git -C /srv/git/work fsck --full --strict 2>&1").strip() == ""


def test_clone(host):
    assert killed_meanwhile(host, CLONE).split() == ["begun", "equal"]


def test_checkout(host):
    assert killed_meanwhile(host, CHECKOUT).split() == ["begun", "trees", "15"]
