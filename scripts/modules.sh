#!/bin/bash
# SPDX-License-Identifier: MIT
# Build our kernel modules for one role, against the kernel tree build/kernel/ROLE; or,
# with "sparse" as second word, let sparse check what has been built.
#
# Objects must not lie among the sources, and the engine is built against two
# kernels; so each role has a tree of links to the sources, build/modules/ROLE. With
# VIRTUOS_LIES=y (scripts/lies.sh) it is one of its own, build/lies/ROLE, of the engine alone
# or, for the primary, of the front end that lies.
. "$(dirname "$0")/common.sh"

role=${1:?role} more=
case "$role${VIRTUOS_LIES:+-lies}" in
primary-lies) from=$TOP/tests/liar parts=front;;
*-lies) from=$TOP/service-domain parts=engine;;
primary) from=$TOP/linux-patches/new/virtuos parts="core net fs perf" more=door;;
network) from=$TOP/service-domain parts="engine net";;
storage) from=$TOP/service-domain parts="engine storage";;
*) die "no such role: $role";;
esac
for part in $parts; do
	[ -e "$from/$part/Kbuild" ] || die "no $from/$part/Kbuild"
done
out=$BUILD/modules/$role
[ -z "${VIRTUOS_LIES:-}" ] || out=$BUILD/lies/$role
kernel=$BUILD/kernel/$role
[ -e "$kernel/Module.symvers" ] || die "build the $role kernel first (make kernels)"

tree_lock "modules-$role"

# mirror - make the tree of links, drop links whose source has gone
mirror() {
	local file rel
	mkdir -p "$out"
	find "$out" -type l ! -exec test -e {} \; -delete
	(cd "$from" && find Kbuild $parts $more -type f \
		\( -name '*.[chS]' -o -name Kbuild \) -print) | while read -r rel; do
		file=$out/$rel
		[ "$from/$rel" -ef "$file" ] && continue
		mkdir -p "${file%/*}"
		ln -sfn "$from/$rel" "$file"
	done
}

# A new kernel tree makes every object stale; kbuild itself would not notice.
tree=$(readlink -f "$kernel")
if [ "$(cat "$out/.kernel" 2>/dev/null)" != "$tree $PLACE" ]; then
	rm -rf "$out"
fi
mirror
echo "$tree $PLACE" >"$out/.kernel"

export CCACHE_DIR=$CACHE/ccache CCACHE_MAXSIZE=3G

# kbuild ARGUMENT... - make in the kernel's tree, for our modules
kbuild() {
	local there=$PLACE/build${out#"$BUILD"}
	in_place make -C "$tree" M="$there" -j"$JOBS" CC='ccache gcc' \
		KCFLAGS="-fmacro-prefix-map=$PLACE/src/= -fmacro-prefix-map=$there/= -Wshadow" \
		VIRTUOS_INCLUDE="$PLACE/src/include" VIRTUOS_PARTS="$parts" "$@" modules
}

if [ "${2-}" = sparse ]; then
	kbuild C=2 >"$LOGS/sparse-$role.log" 2>&1
	exit
fi
run_logged "$LOGS/modules-$role.log" '^  [A-Z]' kbuild
# The kernel's own macros shadow variables of their own.
grep -E 'warning:|WARNING:' "$LOGS/modules-$role.log" |
	grep -v '^\.\./include/.*\[-Wshadow\]' >&2 || true
say "$role modules: $(cd "$out" && find . -name '*.ko' -printf '%f ')"
