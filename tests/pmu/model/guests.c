// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that do what comes to their mind, and know what their registers must hold. Each value
 * that a domain writes tells the domain.
 */
#include "model.h"

unsigned long checks;
static struct registers believed[DOMAINS];

static struct registers *mine(void)
{
	return &believed[xen_current()];
}

static uint64_t tag(void)
{
	return 1 + 4 * xen_current();
}

static uint64_t any_value(int i)
{
	uint64_t v = any(3) ? tag() << 24 | any(1 << 16) : -(uint64_t)(1 + any(3000));

	if (!any(4))
		v = 0;
	return (i >= GENERAL || full_width ? v : (uint64_t)(int32_t)v) & WIDTH;
}

static uint64_t any_control(void)
{
	return any(3) ? CONTROL_ENABLED | 0xc0 | (uint64_t)any(4) << 16 | (any(2) ? CONTROL_INT : 0) : 0;
}

static uint64_t any_fixed_ctrl(void)
{
	uint64_t v = 0;

	for (int i = 0; i < COUNTERS - GENERAL; i++)
		if (any(2))
			v |= (uint64_t)(any(4) | (any(2) ? 8 : 0)) << 4 * i;
	return v;
}

static uint64_t any_global(void)
{
	return any(4) ? any(16) | (uint64_t)any(8) << 32 : 0;
}

/* Near zero, from below or above, it tells no domain. */
static bool foreign(uint64_t v)
{
	return v >= 1 << 20 && v < WIDTH - (1 << 20) && v >> 24 != tag();
}

/* A program's rdpmc. While the registers are in the page, older values of its own may be found. */
static void check_rdpmc(void)
{
	const struct registers *found = &processors[cpu_now].r, *m = mine();

	if (!(processors[cpu_now].cr4 & PCE) || xen_disturbed())
		return;
	if (!xen_has_pce())
		fail("rdpmc is allowed", 1, 0);
	checks++;
	for (int i = 0; i < COUNTERS; i++)
		if (xen_cached() ? foreign(found->counter[i]) : found->counter[i] != m->counter[i])
			fail("rdpmc", found->counter[i], m->counter[i]);
}

static void believe_page(void)
{
	struct registers *m = mine();

	for (int i = 0; i < COUNTERS; i++)
		m->counter[i] = *page_counter(i) & WIDTH;
	for (int i = 0; i < GENERAL; i++)
		m->control[i] = *page_control(i);
	m->fixed_ctrl = *page_fixed_ctrl();
	m->global = *page_global();
	m->status = *page_status();
}

static void check(const char *what, uint64_t found, uint64_t expected)
{
	checks++;
	if (found != expected)
		fail(what, found, expected);
}

static void check_page(void)
{
	struct registers *m = mine();

	if (xen_disturbed()) {
		believe_page();
		return;
	}
	for (int i = 0; i < COUNTERS; i++)
		check("a counter in the page", *page_counter(i) & WIDTH, m->counter[i]);
	for (int i = 0; i < GENERAL; i++)
		check("a control in the page", *page_control(i), m->control[i]);
	check("the fixed counters' control in the page", *page_fixed_ctrl(), m->fixed_ctrl);
	check("overflows in the page", *page_status(), m->status);
}

/* It is refused, and nothing is loaded. No interrupt comes in between: it would be the last word. */
static void flush_badly(void)
{
	uint64_t control = *page_control(0), counter = *page_counter(1);

	processors[cpu_now].interrupts = false;
	if (full_width && any(2))
		*page_counter(1) |= 1ul << 50;
	else
		*page_control(0) |= 1 << 21;
	if (!xen_flush())
		fail("a bad flush", 0, 1);
	*page_control(0) = control;
	*page_counter(1) = counter;
	processors[cpu_now].interrupts = true;
}

static void change_page(void)
{
	struct registers *m = mine();
	uint64_t v;
	int i;

	for (i = 0; i < COUNTERS; i++)
		if (!any(3))
			*page_counter(i) = m->counter[i] = any_value(i);
	for (i = 0; i < GENERAL; i++)
		if (!any(3))
			*page_control(i) = m->control[i] = any_control();
	if (any(2))
		*page_fixed_ctrl() = m->fixed_ctrl = any_fixed_ctrl();
	if (any(2))
		m->global = any_global();
	*page_global() = m->global;
	if (any(3)) {
		v = any(2) ? m->status : overflow_bit(any(COUNTERS));
		*page_ovf_ctrl() = v;
		m->status &= ~v;
		if (any(2))
			*page_status() &= ~v;
	}
	if (!any(12))
		flush_badly();
	if (xen_flush())
		fail("a flush", 1, 0);
	xen_settled();
}

static void read_some(void)
{
	struct registers *m = mine();

	for (int n = 0; n < 3; n++) {
		int i = any(COUNTERS), k = any(GENERAL);
		uint64_t counter = xen_read(i < GENERAL ? 0xc1 + i : 0x309 + i - GENERAL);
		uint64_t control = xen_read(0x186 + k), fixed = xen_read(0x38d);

		if (xen_cached())
			return;
		check("rdmsr of a counter", counter, m->counter[i]);
		check("rdmsr of a control", control, m->control[k]);
		check("rdmsr of the fixed counters' control", fixed, m->fixed_ctrl);
	}
}

static void use_registers(void)
{
	struct registers *m = mine();
	int i = any(COUNTERS), k = any(GENERAL);
	uint64_t v = any_value(i);

	switch (any(9)) {
	case 0:
		m->counter[i] = i < GENERAL ? (uint64_t)(int32_t)v & WIDTH : v;
		xen_write(i < GENERAL ? 0xc1 + i : 0x309 + i - GENERAL, i < GENERAL ? (uint32_t)v : v);
		break;
	case 1:
		xen_write(0x186 + k, m->control[k] = any_control());
		break;
	case 2:
		xen_write(0x38d, m->fixed_ctrl = any_fixed_ctrl());
		break;
	case 3:
		xen_write(0x38f, m->global = any_global());
		break;
	case 4:
		m->status &= ~overflow_bit(i);
		xen_write(0x390, overflow_bit(i));
		break;
	case 5:
		xen_toggle_pce();
		break;
	case 6:
		if (xen_cache())
			fail("XENPMU_cache", 1, 0);
		check_page();
		return;
	case 7:
		if (split)
			xen_toggle_mode();
		break;
	case 8:
		read_some();
		break;
	}
}

/* It has a part of the registers for itself, while Xen has them loaded. */
static void hvm_acts(void)
{
	int i = any(COUNTERS);

	switch (any(5)) {
	case 0:
		if (xen_loaded())
			processors[cpu_now].r.counter[i] = 0xbad0000 + any(999);
		else
			xen_write(i < GENERAL ? 0xc1 + i : 0x309 + i - GENERAL, 0xbad1000);
		break;
	case 1:
		xen_write(0x186 + any(GENERAL), any_control());
		break;
	case 2:
		xen_write(0x38d, any_fixed_ctrl());
		break;
	case 3:
		xen_write(0x38f, any_global());
		break;
	}
}

/* What is left in the processor is its own, but not what it finds in registers from now on. */
static void restart(void)
{
	if (xen_has_pce())
		xen_toggle_pce();
	xen_restart();
	xen_settled();
	*mine() = (struct registers){ 0 };
}

/* An interrupt amid the act leaves the guest with its page, whatever it was about to do. */
void guest_acts(void)
{
	if (xen_current() == HVM_DOMAIN) {
		hvm_acts();
		return;
	}
	if (!any(500)) {
		restart();
	} else if (xen_cached()) {
		check_page();
		if (!any(9))
			return;
		change_page();
	} else {
		use_registers();
	}
	if (xen_cached())
		believe_page();
	else
		check_rdpmc();
}

static bool believed_to_count(const struct registers *m, int i)
{
	unsigned int modes, now = !split ? 2 : xen_in_kernel() ? 1 : 2;	/* 1: OS, 2: USR */

	if (!(m->global & overflow_bit(i)) || (i < GENERAL && !(m->control[i] & CONTROL_ENABLED)))
		return false;
	modes = i < GENERAL ? (m->control[i] & CONTROL_OS ? 1 : 0) | (m->control[i] & CONTROL_USR ? 2 : 0)
			    : m->fixed_ctrl >> 4 * (i - GENERAL) & 3;
	return modes & now;
}

void guest_works(void)
{
	struct registers *m = mine();
	uint64_t n = any(1500);

	occasion();
	if (xen_current() == HVM_DOMAIN) {
		processors[cpu_now].r.global = *xen_hvm_global();
		work(n);
		processors[cpu_now].r.global = 0;
		return;
	}
	for (int i = 0; i < COUNTERS && !xen_cached(); i++) {
		if (!believed_to_count(m, i))
			continue;
		if (!xen_loaded())
			fail("loaded", 0, 1);
		if (m->counter[i] + n > WIDTH)
			m->status |= overflow_bit(i);
		m->counter[i] = (m->counter[i] + n) & WIDTH;
	}
	work(n);
	check_rdpmc();
	occasion();
}
