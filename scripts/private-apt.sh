# SPDX-License-Identifier: MIT
# Package lists with sources, in a place of our own: the system's stay as they are.
# Sourced after common.sh by the scripts that fetch Debian source packages.
#
#	private_lists SUITES	sources of these suites (a sed alternative: a\|b)
#	private_apt PROGRAM...	one of apt's programs with these lists only

private=$CACHE/apt-src

# Source entries for the suites of the system's own binary entries. No mirror is
# written down.
private_lists() {
	mkdir -p "$private/lists/partial"
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(CREATED_BY)' |
		sed -n "s/^\([^ ]*\) \($1\) main Packages\$/deb-src \1 \2 main/p" |
		sort -u >"$private/sources.list"
	[ -s "$private/sources.list" ] || die "no package source for ${1%%\\*} is configured"
}

private_apt() {
	local program=$1
	shift
	"$program" -o Dir::Etc::SourceList="$private/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$private/lists" \
		-o pkgCacheFile= -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"
}
