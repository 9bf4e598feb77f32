#!/bin/bash
# SPDX-License-Identifier: MIT
# Make a signed apt repository: repo.sh [DIR [PACKAGE...]], of what `make deb` left in build/repo
# if nothing else is said. Packages of other versions that lie there stay. GPG_KEY=ID signs with that key of the caller's keyring; without
# it a key is made once, and kept in ~/.local/share/virtuos/gnupg, outside of what may go.
. "$(dirname "$0")/common.sh"

repo=${1:-$BUILD/repo}
shift || :
[ $# -gt 0 ] || set -- "$BUILD"/virtuos*.deb
keyring=virtuos-archive-keyring.gpg
own=${XDG_DATA_HOME:-$HOME/.local/share}/virtuos/gnupg
suite=$DEBIAN_SUITE

own_key() {
	{ gpg --batch --with-colons --list-secret-keys "VirtuOS packages" 2>/dev/null || :; } |
		awk -F: '$1 == "fpr" && !n++ { print $10 }'
}

# Set GPG_KEY, and for a key of our own GNUPGHOME.
choose_key() {
	[ -z "${GPG_KEY-}" ] || return 0
	export GNUPGHOME=$own
	mkdir -p -m 700 "$GNUPGHOME"
	GPG_KEY=$(own_key)
	[ -n "$GPG_KEY" ] && return
	say "making a key to sign packages with, in $GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-generate-key "VirtuOS packages" ed25519 sign never
	GPG_KEY=$(own_key)
}

# make_index - the tables of the packages, and their checksums
make_index() {
	local dist=dists/$suite arch
	rm -rf dists
	for arch in amd64; do
		mkdir -p "$dist/main/binary-$arch"
		apt-ftparchive -a "$arch" packages pool >"$dist/main/binary-$arch/Packages"
		gzip -9nk "$dist/main/binary-$arch/Packages"
	done
	apt-ftparchive -o APT::FTPArchive::Release::Origin=VirtuOS \
		-o APT::FTPArchive::Release::Label=VirtuOS \
		-o APT::FTPArchive::Release::Suite="$suite" \
		-o APT::FTPArchive::Release::Codename="$suite" \
		-o APT::FTPArchive::Release::Architectures=amd64 \
		-o APT::FTPArchive::Release::Components=main release "$dist" >Release.new
	mv Release.new "$dist/Release"
}

# sign - InRelease holds its own signature, Release.gpg that of Release
sign() {
	gpg --batch --yes --local-user "$GPG_KEY" --clearsign -o "$1/InRelease" "$1/Release"
	gpg --batch --yes --local-user "$GPG_KEY" --armor --detach-sign -o "$1/Release.gpg" "$1/Release"
	gpg --batch --yes --output "$keyring" --export "$GPG_KEY"
	[ -s "$keyring" ] || die "gpg has no key $GPG_KEY"
}

tree_lock repo
[ -e "$1" ] || die "there is no $1: run make deb first"
choose_key
# The agent that gpg starts for a key of our own ends with us.
[ "${GNUPGHOME-}" != "$own" ] || trap 'gpgconf --kill gpg-agent' EXIT
mkdir -p "$repo/pool/main"
cp "$@" "$repo/pool/main/"
cd "$repo"
make_index
sign "dists/$suite"
cat >virtuos.sources <<END
# For /etc/apt/sources.list.d, with the right address; the key is beside it.
Types: deb
URIs: file:$repo
Suites: $suite
Components: main
Signed-By: /etc/apt/keyrings/$keyring
END
say "repository: ${repo#"$TOP"/} ($(grep -c ^Package: "dists/$suite/main/binary-amd64/Packages") packages, key $GPG_KEY)"
