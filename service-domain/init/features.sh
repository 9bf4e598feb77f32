# SPDX-License-Identifier: MIT
# What a network domain loads on the word of its configuration, before it serves. The
# kernel asks for nothing by itself (common.sh), so each list names all that is used.

# modules_of FEATURE - the modules that a feature is made of, least dependent first; each
# with its parameters behind a colon
modules_of() {
	case "$1" in
	bonding) echo bonding:max_bonds=0;;
	bridge) echo bridge;;
	nftables) echo crc32c_generic nf_tables nf_conntrack nf_conntrack_netlink nft_ct \
		nf_log_syslog nft_connlimit nft_limit nft_log nft_numgen nft_quota nft_hash \
		nft_chain_nat nft_nat nft_masq nft_redir \
		nft_reject_ipv4 nft_reject_ipv6 nft_reject_inet \
		nft_fib_ipv4 nft_fib_ipv6 nft_fib_inet;;
	shaping) echo sch_htb sch_netem;;
	tun) echo tun;;
	wireguard) echo wireguard;;
	*) return 1;;
	esac
}

# A domain without a feature that its owner asked for would let through what a filter
# should hold back. So it does not serve at all.
load_features() {
	for feature in $(param virtuos.features | tr , ' '); do
		modules=$(modules_of "$feature") || die "no such feature: $feature"
		load_modules "$feature" $modules
	done
	rm -rf /lib/modules	# the files lie in memory
}
