# SPDX-License-Identifier: MIT
# VirtuOS: build, boot in the emulated machine, test. `make help` tells what there is.
#
# The long steps are scripts in scripts/, each of which leaves a stamp under build/
# and keeps what took long in ~/.cache/virtuos, under a key of all that went in.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

# DEBUG=1, DEBUG=kcsan: kernels that check themselves, in a build tree of their own.
ifneq ($(filter-out 1 kcsan,$(DEBUG)),)
$(error DEBUG is 1 or kcsan)
endif
export DEBUG
# HOST=trixie: a dom0 of Debian 13, and tools that are built for it.
# Some shells export the machine's name by this name.
ifeq ($(origin HOST)$(filter bookworm trixie,$(HOST)),environment)
HOST :=
endif
ifneq ($(filter-out bookworm trixie,$(HOST)),)
$(error HOST is bookworm or trixie)
endif
export HOST
# USERLAND=trixie: programs of Debian 13 in the primary.
ifneq ($(filter-out bookworm trixie,$(USERLAND)),)
$(error USERLAND is bookworm or trixie)
endif
export USERLAND
SUITE := $(filter-out bookworm,$(HOST))
B := build$(if $(DEBUG),/debug-$(DEBUG))

ROLES := primary network storage
PEERS := peer driver

# What a user may set. It reaches the programs through the environment, as it was
# written: make must never expand it, for CMD may hold any dollars and quotes.
EXEC_VARIABLES := CMD IN FILES HOSTFWD SYSTEM DOOR DISK XEN VCPUS T TIMEOUT \
	ROUNDS SYSTEMS CASES PARTS COUNT MINUTES DEBUG
unexport $(filter-out DEBUG,$(EXEC_VARIABLES))

# --- the programs a user runs -------------------------------------------------

# These end with their program's own status; see scripts/exec-status.c.
RUNNERS := run shell check check-static check-unit check-fuzz check-models check-faults check-lies check-long check-system check-pmu diff fuzz bench bench-quick check-deb check-host check-apps
ifneq ($(filter $(RUNNERS),$(MAKECMDGOALS)),)
-load build/exec_status.so
endif

build/exec_status.so: scripts/exec-status.c | build/packages.stamp
	@$(CC) -O2 -Wall -shared -fPIC -o $@.$$$$ $< && mv $@.$$$$ $@

run: ready
	$(exec-program tests/host/run)

shell: ready
	$(exec-program tests/host/shell)

ifeq ($(DEBUG),)
check: ready ready-debug unit-programs fuzz-programs
	$(exec-program scripts/check.sh,slice,static,unit,fuzz,models,system,door,smp)
else
check: ready
	$(exec-program scripts/check.sh,system,door,smp)
endif

check-static: modules lib agent
	$(exec-program scripts/check.sh,static)

check-unit: unit-programs
	$(exec-program scripts/check.sh,unit)

check-fuzz: fuzz-programs
	$(exec-program scripts/check.sh,fuzz)

fuzz: fuzz-programs
	$(exec-program scripts/fuzz.sh,long)

check-models: build/packages.stamp
	$(exec-program scripts/check.sh,models)

check-faults: build/packages.stamp
	$(exec-program scripts/check.sh,faults)

# What make check leaves out for its time.
check-long: ready
	$(exec-program scripts/check.sh,long)

check-lies: ready
	$(exec-program scripts/check.sh,lies)

check-system: ready
	$(exec-program scripts/check.sh,system)

# The packages made a second time and elsewhere, and what installs them.
check-deb: ready
	$(exec-program scripts/check.sh,deb)

# The tutorial, typed as it stands on a host that has nothing of ours.
check-host: ready
	$(exec-program scripts/check.sh,host)

# Servers and their clients, data bases, containers: a userland of its own.
check-apps: ready
	$(exec-program scripts/check.sh,apps)

check-pmu: pmu
	$(exec-program scripts/check.sh,pmu)

diff: ready
	$(exec-program tests/differential/run)

bench: ready $(B)/bench/count.so
	$(exec-program tests/bench/run.py)

bench-quick: ready $(B)/bench/count.so
	$(exec-program tests/bench/run.py,--quick)

# --- building -----------------------------------------------------------------

# The kernels of the systems that ours is compared with take a quarter of an hour the
# first time: they are built for what names them, and for nothing else.
USES_PEERS := $(filter native pv driver-domain,$(SYSTEM)) $(filter bench%,$(MAKECMDGOALS)) \
	$(if $(filter check-system,$(MAKECMDGOALS)),$(findstring peer,$(T)))

# One make at a time builds in this tree; the programs above then run side by side.
ready: | build/packages.stamp
	@mkdir -p $(B)
	@flock $(B)/.lock $(MAKE) -s deb hypervisor agent lies $(SUITE:%=$(B)/%/deb.stamp) $(if $(strip $(USES_PEERS)),peers) \
		$(if $(filter diff,$(MAKECMDGOALS)),$(B)/initrd/peer.stamp)

# For the slice of `make check` that runs on kernels which check themselves.
ready-debug:
	@$(MAKE) -s DEBUG=1 ready

all: ready lib
kernels: $(ROLES:%=$(B)/kernel/%.stamp)
modules: $(ROLES:%=$(B)/modules/%.stamp)
initrds: $(ROLES:%=$(B)/initrd/%.stamp)
peers: $(PEERS:%=$(B)/initrd/%.stamp)

build/packages.stamp: tests/host/packages.txt versions.mk
	@mkdir -p build
	@DEBUG= scripts/packages.sh
	@touch $@

GUEST_INPUTS := versions.mk scripts/kernel.sh scripts/linux-source.sh \
	$(wildcard linux-patches/series linux-patches/*.patch) linux-patches/config/guest.config
SERVICE_INPUTS := $(GUEST_INPUTS) service-domain/config/service.config

$(B)/kernel/primary.stamp: $(GUEST_INPUTS) linux-patches/config/primary.config linux-patches/config/images.config
$(B)/kernel/network.stamp: $(SERVICE_INPUTS) service-domain/config/network.config
$(B)/kernel/storage.stamp: $(SERVICE_INPUTS) service-domain/config/storage.config
ifneq ($(DEBUG),)
DEBUG_INPUTS := $(wildcard tests/host/debug/*.*) tests/host/debug/series
$(ROLES:%=$(B)/kernel/%.stamp): $(wildcard linux-patches/config/* service-domain/config/*) $(DEBUG_INPUTS)
$(ROLES:%=$(B)/modules/%.stamp): $(call sources,tests/host/debug)
$(ROLES:%=$(B)/initrd/%.stamp): $(DEBUG_INPUTS)
endif
$(PEERS:%=$(B)/kernel/%.stamp): $(SERVICE_INPUTS) $(wildcard linux-patches/config/*) \
	$(wildcard service-domain/config/*) $(wildcard tests/host/peers/*.config)
$(ROLES:%=$(B)/kernel/%.stamp) $(PEERS:%=$(B)/kernel/%.stamp): $(B)/kernel/%.stamp: | build/packages.stamp
	@scripts/kernel.sh $*
	@touch $@

sources = $(shell find $(1) -name '*.[chS]' -o -name Kbuild)
ABI := $(call sources,include)

$(B)/modules/primary.stamp: $(call sources,linux-patches/new/virtuos)
$(B)/modules/network.stamp: $(call sources,service-domain)
$(B)/modules/storage.stamp: $(call sources,service-domain)
$(ROLES:%=$(B)/modules/%.stamp): $(B)/modules/%.stamp: $(B)/kernel/%.stamp $(ABI) scripts/modules.sh
	@scripts/modules.sh $*
	@touch $@

# What lies, for tests.
lies: $(ROLES:%=$(B)/lies/%.stamp)
$(B)/lies/primary.stamp: $(call sources,tests/liar)
$(ROLES:%=$(B)/lies/%.stamp): $(B)/lies/%.stamp: $(B)/modules/%.stamp scripts/lies.sh
	@scripts/lies.sh $*
	@touch $@

$(B)/initrd/primary.stamp: linux-patches/init/init-primary
$(B)/initrd/network.stamp: $(wildcard service-domain/init/*)
$(B)/initrd/storage.stamp: $(wildcard service-domain/init/*)
$(ROLES:%=$(B)/initrd/%.stamp): $(B)/initrd/%.stamp: $(B)/modules/%.stamp scripts/initramfs.sh
	@scripts/initramfs.sh $*
	@touch $@

PEER_INIT := $(addprefix tests/host/peers/,init-peer init-driver hotplug xs.c)
$(PEERS:%=$(B)/initrd/%.stamp): $(B)/initrd/%.stamp: $(B)/kernel/%.stamp $(PEER_INIT) scripts/initramfs.sh
	@scripts/initramfs.sh $*
	@touch $@

hypervisor: $(B)/xen/$(if $(filter patched,$(XEN)),patched,stock$(SUITE:%=-%)).stamp
$(B)/xen/stock-trixie.stamp: versions.mk scripts/xen.sh | build/packages.stamp
	@HOST=trixie scripts/xen.sh stock
	@touch $@
$(B)/xen/stock.stamp: versions.mk scripts/xen.sh | build/packages.stamp
	@scripts/xen.sh stock
	@touch $@
$(B)/xen/patched.stamp: versions.mk scripts/xen.sh $(wildcard xen-patches/*) | build/packages.stamp
	@scripts/xen.sh patched
	@touch $@

DOM0_TOOLS := $(shell find dom0-tools -type f) debian/changelog

agent: $(B)/dom0-tools.stamp
$(B)/dom0-tools.stamp: $(DOM0_TOOLS) scripts/dom0-tools.sh | build/packages.stamp
	@scripts/dom0-tools.sh
	@touch $@

# What the packages are made of; debian/rules asks for it.
DEB_INPUTS := $(B)/dom0-tools.stamp $(B)/lib.stamp $(ROLES:%=$(B)/initrd/%.stamp)
deb-inputs: $(DEB_INPUTS)

deb: $(B)/deb.stamp
$(B)/deb.stamp: $(DEB_INPUTS) scripts/package.sh $(shell find debian -maxdepth 1 -type f) README.md \
		$(shell find docs -name '*.md')
	@scripts/package.sh build
	@touch $@

# The tools for another Debian.
$(B)/trixie/deb.stamp: $(B)/deb.stamp scripts/tools-suite.sh versions.mk
	@scripts/tools-suite.sh trixie
	@touch $@

install: $(B)/deb.stamp
	@scripts/package.sh install

repo: $(B)/deb.stamp
	@scripts/repo.sh

LIBRARY := $(wildcard libsyscall-forward/*.[ch] libsyscall-forward/Makefile)

lib: $(B)/lib.stamp
$(B)/lib.stamp: $(LIBRARY) $(ABI) scripts/lib.sh | build/packages.stamp
	@scripts/lib.sh
	@touch $@

UNIT := $(call sources,tests/unit)
unit-programs: $(B)/unit.stamp
$(B)/unit.stamp: $(UNIT) $(ABI) $(DOM0_TOOLS) $(LIBRARY) tests/unit/Makefile | build/packages.stamp
	@mkdir -p $(B)
	@flock $(B)/.lock scripts/unit.sh
	@touch $@

FUZZ := $(call sources,tests/fuzz) $(wildcard tests/fuzz/*.mk tests/fuzz/Makefile)
fuzz-programs: build/fuzz.stamp
build/fuzz.stamp: $(FUZZ) $(UNIT) $(ABI) $(DOM0_TOOLS) $(LIBRARY) $(call sources,service-domain) \
		$(call sources,linux-patches/new) scripts/fuzz.sh | build/packages.stamp
	@flock build/.lock scripts/fuzz.sh build
	@touch $@

fuzz-keep: fuzz-programs
	@scripts/fuzz.sh keep

fuzz-cover: fuzz-programs
	@$(MAKE) -s -C tests/fuzz OUT=$(CURDIR)/build/fuzz cover

$(B)/bench/count.so: scripts/qemu-plugin.sh scripts/private-apt.sh scripts/qemu-source.sh $(wildcard tests/bench/count/*.[ch]) | build/packages.stamp
	@scripts/qemu-plugin.sh

# For check-pmu alone: a QEMU of our own, and what runs on it.
pmu: $(B)/xen/stock.stamp $(B)/xen/patched.stamp $(B)/bench/count.so $(B)/pmu/qemu.stamp \
	$(B)/pmu/guest.stamp $(B)/pmu/linux.stamp $(B)/pmu/pv.stamp $(B)/pmu/dom0.stamp \
	$(B)/pmu/model.stamp

$(B)/pmu/qemu.stamp: versions.mk scripts/qemu-pmu.sh scripts/qemu-source.sh tests/pmu/packages.txt $(wildcard tests/pmu/qemu/*) | build/packages.stamp
	@scripts/qemu-pmu.sh
	@touch $@

$(B)/pmu/kernel.stamp: versions.mk scripts/debian-kernel.sh | build/packages.stamp
	@scripts/debian-kernel.sh
	@touch $@

$(B)/pmu/guest.stamp: $(wildcard tests/pmu/guest/*)
$(B)/pmu/linux.stamp: $(wildcard tests/pmu/linux/* tests/hardware/*)
$(B)/pmu/pv.stamp: $(wildcard tests/pmu/pv/* tests/pmu/guest/print.*)
$(B)/pmu/guest.stamp $(B)/pmu/linux.stamp $(B)/pmu/pv.stamp: $(B)/pmu/%.stamp: | build/packages.stamp
	@mkdir -p $(B)/pmu/$*
	@$(MAKE) -s -C tests/pmu/$* OUT=$(CURDIR)/$(B)/pmu/$*
	@touch $@

# Xen's files for counters as a program.
$(B)/pmu/model.stamp: versions.mk scripts/xen.sh $(wildcard xen-patches/* tests/pmu/model/*) tests/pmu/pv/configs.h | build/packages.stamp
	@scripts/xen.sh sources
	@mkdir -p $(B)/pmu/model
	@$(MAKE) -s -B -C tests/pmu/model OUT=$(CURDIR)/$(B)/pmu/model XEN=$(CURDIR)/$(B)/xen/sources
	@touch $@

$(B)/pmu/dom0.stamp: $(wildcard tests/pmu/dom0/*) $(B)/pmu/pv.stamp $(B)/pmu/linux.stamp \
		$(B)/pmu/kernel.stamp $(B)/kernel/primary.stamp $(B)/pmu/qemu.stamp
	@mkdir -p $(B)/pmu/dom0
	@rm -f $(B)/pmu/dom0/init.cpio	# a kernel of the cache may be older
	@$(MAKE) -s -C tests/pmu/dom0 OUT=$(CURDIR)/$(B)/pmu/dom0 PV=$(CURDIR)/$(B)/pmu/pv \
		LINUX=$(CURDIR)/$(B)/pmu/linux MODULE=$(CURDIR)/$(B)/pmu/xen-privcmd.ko \
		KERNEL=$(CURDIR)/$(B)/kernel/primary/arch/x86/boot/bzImage
	@touch $@

clean:
	rm -rf build

help:
	@sed -n 's/^#: \?//p' Makefile

#: make run                  set up, build, boot the emulated Xen host, show the demo
#: make run CMD='...'        run a shell command in the primary; its exit status is make's
#:     IN=dom0               ... in dom0 instead
#:     FILES='a b'           ... with these host files in its current directory
#:     HOSTFWD=8080:80       ... with this host loopback port led to the network domain
#:     TIMEOUT=60            ... for at most so many seconds
#:     SYSTEM=virtuos        which system the userland boots on: native (no Xen), pv (one
#:                           guest that owns the devices), driver-domain (netfront, blkfront)
#:     DOOR=trap             the door: program (open for CMD), both (for every process)
#:     VCPUS=2               processors of the primary (for virtuos; tests as well)
#:     HOST=trixie           dom0 of Debian 13, with its Xen 4.20; tests as well
#:     USERLAND=trixie       programs of Debian 13 in the primary; tests as well
#:     DISK=nvme             an NVMe behind the storage domain; boots cold
#:     XEN=patched           Xen built from source with xen-patches/ instead of Debian's
#: make shell                a shell in the primary (IN=dom0: in dom0)
#: make check                all tests; check-static, check-unit, check-fuzz, check-models, check-system T='name ...' for a part
#:     DEBUG=1               ... those of the system, on kernels with lockdep, KASAN and the
#:                           like; kcsan: with KCSAN. make run takes it as well
#:     DOOR=both             ... all of them with the door open (program: only for what is tested)
#: make check-long           what make check leaves out for its time: cold boots, lies, features, deaths by doors
#: make check-lies           service domains and front ends that lie
#: make check-pmu            performance counters, on a QEMU that is built for it
#: make check-deb            the Debian packages: made twice, they are equal; install, upgrade, purge
#: make check-apps           many unmodified programs under load, by both doors, with deaths (apart)
#: make check-host           docs/tutorial.md typed in an emulated host that has nothing of ours
#: make check-faults         does each checker find what it is for, put in on purpose? Long
#: make fuzz MINUTES=10      all fuzzers (or T='name ...') for so long; then fuzz-keep: what they
#:                           found goes to tests/fuzz/corpus; fuzz-cover: lines that it reaches
#: make diff MINUTES=5       random programs of calls on SYSTEM=pv and here: T='net names data'
#: make bench                benchmarks, see docs/benchmark.md; bench-quick in under 10 min
#:     SYSTEMS='pv ...'      of native pv driver-domain virtuos-trap virtuos-both
#:     CASES='pread,redis'   ... and of the sections; PARTS='ring count system lifecycle'
#: make deb                  the Debian packages, under build/
#: make repo                 a signed apt repository of them, build/repo (GPG_KEY=ID: your own key)
#: make install              install them on this machine (a Xen host of one's own)
#: make lib                  libsyscall-forward.so, under build/libsyscall-forward/
#: make kernels | modules | initrds | hypervisor | peers     a part of the build
#: make clean                remove build/ (the cache ~/.cache/virtuos stays)

.PHONY: $(RUNNERS) ready ready-debug all kernels modules lies initrds peers hypervisor pmu agent deb deb-inputs repo lib install \
	unit-programs fuzz-programs fuzz-keep fuzz-cover clean help
