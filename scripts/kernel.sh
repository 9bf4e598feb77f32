#!/bin/bash
# SPDX-License-Identifier: MIT
# Build the kernel of one role: primary, network or storage; or peer or driver, for the
# systems that ours is compared with. With DEBUG set, one kernel is all three roles'. The
# build tree stays in the cache, inside the patched source tree, and is used in place by
# module builds; build/kernel/ROLE becomes a link to it.
#
# A build tree inside the source tree makes kbuild name files relatively, so that
# ccache knows an unchanged file again after a patch or an option has changed.
. "$(dirname "$0")/common.sh"

role=${1:?role}
guest=$TOP/linux-patches/config
service=$TOP/service-domain/config
peers=$TOP/tests/host/peers
debug=$TOP/tests/host/debug
link=$BUILD/kernel/$role

# last_words FILE... - the last line of each file about an option, in one fragment;
# print its path. A peer is made of our own fragments this way, and cannot drift from
# them.
last_words() {
	local out=$BUILD/kernel/$role.fragment
	mkdir -p "$BUILD/kernel"
	awk '/^CONFIG_/ { split($0, word, "="); last[word[1]] = $0 }
		/^# CONFIG_.* is not set$/ { last[$2] = $0 }
		END { for (option in last) print last[option] }' "$@" | sort >"$out.$$"
	mv "$out.$$" "$out"
	echo "$out"
}

[ -z "$DEBUG" ] || role=debug-$DEBUG
case "$role" in
primary) fragments=("$guest"/{guest,primary,images}.config);;
network|storage) fragments=("$guest/guest.config" "$service/service.config" "$service/$role.config");;
peer) fragments=("$(last_words "$guest"/{guest,primary}.config "$service"/{network,storage}.config \
	"$peers/peer.config")");;
driver) fragments=("$(last_words "$guest/guest.config" "$service"/{service,network,storage}.config \
	"$peers/driver.config")");;
debug-*) fragments=("$(last_words "$guest"/{guest,primary}.config \
	"$service"/{service,network,storage}.config "$debug"/{debug,"$DEBUG"}.config)");;
*) die "no such role: $role";;
esac

# configure SRC O - tinyconfig with the fragments over it; every line must last
configure() {
	local line symbol
	make -s -C "$1" O="$2" tinyconfig
	(cd "$2" && "$1/scripts/kconfig/merge_config.sh" -m -O "$2" .config "${fragments[@]}")
	make -s -C "$1" O="$2" olddefconfig
	cat "${fragments[@]}" | while read -r line; do
		case "$line" in
		CONFIG_*=*)
			grep -qxF -- "$line" "$2/.config" ||
				die "$role: the kernel's configuration does not keep: $line";;
		'# CONFIG_'*' is not set')
			symbol=${line#\# }
			! grep -q "^${symbol%% *}=" "$2/.config" ||
				die "$role: the kernel's configuration does not keep: $line";;
		esac
	done
}

# compile SRC O
compile() {
	export CCACHE_DIR=$CACHE/ccache CCACHE_MAXSIZE=3G CCACHE_NOHASHDIR=1
	export KBUILD_BUILD_USER=virtuos KBUILD_BUILD_HOST=$role
	KBUILD_BUILD_TIMESTAMP=$(date -u -r "$1/Makefile")
	export KBUILD_BUILD_TIMESTAMP
	run_logged "$LOGS/kernel-$role.log" '^  [A-Z]' \
		make -C "$1" O="$2" -j"$JOBS" CC='ccache gcc' bzImage modules
}

src=$("$TOP/scripts/linux-source.sh" 3>&1 1>&2)
compiler=$(gcc --version | sed -n 1p; ld --version | sed -n 1p)
# The source's key is in its path. These two functions are inputs as well.
key=$(hash_of "${fragments[@]}" <<<"$compiler $(declare -f configure compile)")
tree=$src/$role-$key

cache_lock "kernel-$role-$key"
touch "$src"	# or another build, when it ends, takes it for old
if [ ! -e "$tree/.complete" ]; then
	say "$role kernel: configuring"
	mkdir -p "$tree"
	configure "$src" "$tree" >"$LOGS/kernel-$role-config.log"
	say "$role kernel: building with $JOBS jobs (seconds, steps done, last step)"
	compile "$src" "$tree"
	touch "$tree/.complete"
	say "$role kernel: $(stat -Lc %s "$tree/arch/x86/boot/bzImage") bytes"
fi
touch "$tree" "$src"
keep_newest "$KEEP" "$src/$role-"*/
keep_newest "$KEEP" "$CACHE/linux/"[0-9]*/
keep_newest "$KEEP" "$CACHE/linux/"debug-*/
mkdir -p "$BUILD/kernel"
[ -L "$link" ] || [ ! -d "$link" ] || mv "$link" "$link.old"
ln -sfn "$tree" "$link"
