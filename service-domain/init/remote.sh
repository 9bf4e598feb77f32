# SPDX-License-Identifier: MIT
# A storage domain's disk on another machine: NVMe over TCP, by an interface of the domain's
# own. The kernel has configured that from ip= on its command line, before this starts.
# Nothing listens here; the two connections are all that this domain uses TCP/IP for.

SERVER_WAIT=300		# seconds for the server, at the start
SERVER_RETRY=2		# seconds between two attempts, then and later
SERVER_TELL=30		# seconds between two lines that say so

# One connection for administration, one for data. Each incarnation has them from these two
# ports. So the server's end of an older connection is reset before there is a new one, and
# packets of it that are still on their way do not count (docs/decisions/0143).
PORTS="49152 49153"

seconds() {
	read -r now _ </proc/uptime
	echo "${now%.*}"
}

# The address of the interface is the domain's name at the server, if it is given none.
name_itself() {
	set -- $(ip -o -4 addr show scope global)
	[ -n "$4" ] || die "no network interface has an address; there are: $(ls /sys/class/net | tr '\n' ' ')"
	say "$2 has $4"
	id=00000000-0000-1000-8000-$(tr -d : <"/sys/class/net/$2/address")
	with_default hostid "$id"
	id=${target#*,hostid=}
	with_default hostnqn "nqn.2014-08.org.nvmexpress:uuid:${id%%,*}"
}

# A server that is away is a pause, however long, and no reason to die or to fail a request.
be_patient() {
	echo 0 >/proc/sys/kernel/hung_task_panic &&
		echo 255 >/sys/module/nvme_core/parameters/max_retries &&
		echo "$PORTS" >/proc/sys/net/ipv4/ip_local_port_range &&
		echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets ||	# they would keep the ports
		die "cannot set what a remote disk needs"
}

# wait_for_server WHY - between two attempts; ends the domain when it has been too long
wait_for_server() {
	waited=$(($(seconds) - begun))
	[ $waited -lt $SERVER_WAIT ] || die "no disk from $server after $waited s: $1"
	if [ $waited -ge $tell_at ]; then
		say "waiting for the disk at $server: $1"
		tell_at=$((waited + SERVER_TELL))
	fi
	sleep $SERVER_RETRY
}

# namespace NSID SUFFIX - the device of the controller's namespace, or of its partition, if it
# is there. Its name counts namespaces in the order in which they were found.
namespace() {
	for file in "/sys/class/nvme/$controller"/nvme*n*/nsid; do
		[ -e "$file" ] && [ "$(cat "$file")" = "$1" ] || continue
		file=${file%/nsid}
		file=/dev/${file##*/}$2
		[ -b "$file" ] || continue
		echo "$file"
		return
	done
	return 1
}

# with_default NAME VALUE - complete what the configuration says of the target
with_default() {
	case ",$target" in
	*",$1="*) ;;
	*) target=$target,$1=$2;;
	esac
}

# connect_remote TARGET - connect to the subsystem that virtuos.nvme= names; sets disk
connect_remote() {
	target=$1
	server=${target#*traddr=}
	server=${server%%,*}
	modprobe nvme-tcp || die "cannot load nvme-tcp"
	name_itself
	be_patient
	with_default keep_alive_tmo 5
	target=$target,nr_io_queues=1,ctrl_loss_tmo=-1,reconnect_delay=$SERVER_RETRY
	begun=$(seconds) tell_at=0
	exec 3<>/dev/nvme-fabrics
	until why=$({ echo "$target" >&3; } 2>&1); do
		wait_for_server "${why##*: }"
	done
	read -r answer <&3
	exec 3>&-
	controller=nvme${answer#instance=}
	controller=${controller%%,*}
	say "connected to $server after $(($(seconds) - begun)) s"
	nsid=$(param virtuos.nsid 1) partition=$(param virtuos.partition)
	until disk=$(namespace "$nsid" "${partition:+p$partition}"); do
		wait_for_server "it has no namespace $nsid${partition:+ with a partition $partition}"
	done
}

# The kernel connects again by itself, for ever. It gives up if the server refuses the domain
# for good, and then the disk is gone. The next incarnation can wait for another answer.
watch_remote() {
	mkfifo /run/never
	exec 4<>/run/never	# to wait without a process for each second
	while [ -e "/sys/class/nvme/$controller" ]; do
		read -r -t 1 _ <&4
	done
	[ ! -e /run/poweroff ] || idle_forever
	die "the server at $server refuses the domain; its disk is gone"
}
