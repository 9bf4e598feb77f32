#!/bin/bash
# SPDX-License-Identifier: MIT
# cc-parts.sh COMPILER ARGUMENT... - what COMPILER does with the arguments if they make a
# program of several sources. Each source is compiled by itself, by ccache, and then all are
# linked: test programs have most of their sources in common, and those of the last run.
set -euo pipefail

compiler=$1 out= sources=() flags=() libraries=() objects=()
shift
while [ $# -gt 0 ]; do
	case "$1" in
	-o) out=$2; shift;;
	-include) flags+=("$1" "$2"); shift;;
	-MMD|-MP) ;;
	-l*|-Wl,*) libraries+=("$1");;
	*.c) sources+=("$1");;
	*) flags+=("$1");;
	esac
	shift
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for source in "${sources[@]}"; do
	object=$work/${#objects[@]}.o
	ccache "$compiler" "${flags[@]}" -MMD -MP -MT OUT -MF "$work/d" -c -o "$object" "$source"
	sed "s|^OUT:|$out:|" "$work/d" >"$out-$(basename "$source" .c).d"
	objects+=("$object")
done
"$compiler" "${flags[@]}" -o "$out" "${objects[@]}" "${libraries[@]}"
