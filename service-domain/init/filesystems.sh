# SPDX-License-Identifier: MIT
# The file systems that a storage domain can serve. ext4 is built in; of the others the kernel
# has modules, one of which is loaded. It asks for nothing by itself (common.sh), so what a
# file system asks for by name while it is mounted comes first.

# modules_of_fs TYPE - the modules of a file system, those before it that it asks for by name
modules_of_fs() {
	case "$1" in
	ext4) ;;
	xfs|squashfs|erofs) echo "$1";;
	# mkfs.btrfs --csum has the choice of these
	btrfs) echo xxhash_generic sha256_generic blake2b_generic btrfs;;
	*) return 1;;
	esac
}

# options_of_fs TYPE - how it is mounted; what the configuration says comes after
# lazytime: a write that only changes a time needs no journal. btrfs does not know it, so
# readers leave no time there. inode32: numbers of inodes fit into the ids of nodes.
options_of_fs() {
	case "$1" in
	ext4) echo lazytime;;
	xfs) echo lazytime,inode32;;
	btrfs) echo noatime;;
	squashfs|erofs) echo ro;;
	esac
}

load_filesystem() {
	modules=$(modules_of_fs "$1") ||
		die "virtuos.fstype=$1: no such file system; there are ext4, xfs, btrfs, squashfs, erofs"
	[ -z "$modules" ] || load_modules "$1" $modules
}

# mount_filesystem TYPE DISK DIR OPTIONS
mount_filesystem() {
	options=$(options_of_fs "$1")${4:+,$4}
	mount -t "$1" -o "$options" "$2" "$3" ||
		die "cannot mount $2 ($1) at $3 with $options"
	say "$2 ($1) is mounted"
}
