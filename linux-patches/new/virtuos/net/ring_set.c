// SPDX-License-Identifier: GPL-2.0
/*
 * How a program gets a ring and maps it: PACKET_RX_RING, and mmap() of the socket. See ring.c.
 *
 * There are rings of TPACKET_V2 alone. libpcap takes it if the kernel knows no TPACKET_V3.
 *
 * Invariant: the memory of a ring that is mapped stays until the last mapping is gone.
 */
#include <linux/if_packet.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "frame.h"
#include "ring.h"
#include "vdoor_provider.h"

/* A ring has at most this part of memory. */
#define MEMORY_SHIFT	2

static void memory_free(struct vnet_ring_memory *m)
{
	if (!m)
		return;
	vfree(m->data);
	kfree(m);
}

/* Check what a program asks for, as Linux does. */
static int check_request(const struct tpacket_req *req, u32 reserve)
{
	u32 per_block;

	if ((int)req->tp_block_size <= 0 || !PAGE_ALIGNED(req->tp_block_size))
		return -EINVAL;
	if (req->tp_frame_size < TPACKET2_HDRLEN + reserve ||
	    req->tp_frame_size & (TPACKET_ALIGNMENT - 1))
		return -EINVAL;
	per_block = req->tp_block_size / req->tp_frame_size;
	if (!per_block || per_block > UINT_MAX / req->tp_block_nr ||
	    per_block * req->tp_block_nr != req->tp_frame_nr)
		return -EINVAL;
	return 0;
}

/* Return: the memory, or ERR_PTR(-ENOMEM): with less, libpcap tries again. */
static struct vnet_ring_memory *memory_new(const struct tpacket_req *req, u32 reserve)
{
	u64 size = (u64)req->tp_block_size * req->tp_block_nr;
	struct vnet_ring_memory *m;

	if (size >> PAGE_SHIFT > totalram_pages() >> MEMORY_SHIFT)
		return ERR_PTR(-ENOMEM);
	m = kmalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	if (!m)
		return ERR_PTR(-ENOMEM);
	*m = (struct vnet_ring_memory) {
		.data = __vmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN),
		.size = size,
		.block_size = req->tp_block_size,
		.per_block = req->tp_block_size / req->tp_frame_size,
		.nr = req->tp_frame_nr,
		.frame_size = req->tp_frame_size,
		.reserve = reserve,
	};
	if (m->data)
		return m;
	memory_free(m);
	return ERR_PTR(-ENOMEM);
}

/* Get an option of the socket. Return: its value or -errno. */
static int option(struct vnet_sock *vs, int name)
{
	s32 value = 0;
	struct vnet_req req = {
		.opcode = VOS_OP_GETSOCKOPT,
		.arg = { SOL_PACKET, (u32)name, sizeof(value) },
		.in[0] = &value,
		.out[0] = &value,
		.len[0] = sizeof(value),
		.max = INT_MAX,
	};
	int rc = vnet_sock_run(vs, &req) ?: vnet_result(req.cqe.result, req.max);

	return rc < 0 ? rc : max(value, -EINVAL);
}

/* Return: bytes that are to be free before each packet; -EINVAL: no ring is possible. */
static int reserved(struct vnet_sock *vs)
{
	int version = option(vs, PACKET_VERSION), header, reserve;

	if (version != TPACKET_V2)
		return version < 0 ? version : -EINVAL;
	header = option(vs, PACKET_VNET_HDR_SZ);
	if (header)
		return header < 0 ? header : -EINVAL;
	reserve = option(vs, PACKET_RESERVE);
	return reserve > (int)VNET_RESERVE_MAX ? -EINVAL : reserve;
}

/* Have the domain tell with each packet what stands in a frame's header. */
static int ask_for_more(struct socket *sock)
{
	int on = 1;
	int rc = vnet_setsockopt(sock, SOL_PACKET, PACKET_AUXDATA, KERNEL_SOCKPTR(&on),
				 sizeof(on));

	return rc ?: vnet_setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPNS_NEW,
				     KERNEL_SOCKPTR(&on), sizeof(on));
}

/* Have the domain keep what comes faster than it is fetched. A ring works without that, too. */
static void tell(struct vnet_sock *vs, const struct tpacket_req *req)
{
	struct tpacket_req copy = *req;

	vnet_option_set(vs, SOL_PACKET, PACKET_RX_RING, KERNEL_SOCKPTR(&copy), sizeof(copy));
}

/* Get the socket's ring; make it, if it has none. Return: the ring, or NULL: no memory. */
static struct vnet_ring *ring_of(struct vnet_sock *vs)
{
	struct vnet_ring *r = READ_ONCE(vs->ring), *fresh;

	if (r)
		return r;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return NULL;
	fresh->vs = vs;
	mutex_init(&fresh->lock);
	INIT_DELAYED_WORK(&fresh->fill, vnet_ring_fill);
	r = cmpxchg(&vs->ring, NULL, fresh);
	if (r)
		kfree(fresh);
	return r ?: fresh;
}

/* Give a ring its memory. Return: 0; -EBUSY: it has some. */
static int install(struct vnet_ring *r, struct vnet_ring_memory *m)
{
	int rc = -EBUSY;

	mutex_lock(&r->lock);
	if (!vnet_ring_memory_of(r)) {
		r->head = 0;
		rcu_assign_pointer(r->memory, m);
		rc = 0;
	}
	mutex_unlock(&r->lock);
	return rc;
}

static int add(struct socket *sock, struct vnet_ring_memory *m)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	int rc = ask_for_more(sock);
	struct vnet_ring *r;

	if (rc)
		return rc;
	r = ring_of(vs);
	if (!r)
		return -ENOMEM;
	rc = install(r, m);
	if (rc)
		return rc;
	/* From here on packets go into the ring: not by the door, and without a waiter. */
	vdoor_object_changed(vnet.session, vs->index);
	vnet_sock_arm(vs);
	vnet_ring_event(vs);
	return 0;
}

static int make(struct socket *sock, const struct tpacket_req *req)
{
	int reserve = reserved(vnet_sk(sock->sk)), rc;
	struct vnet_ring_memory *m;

	if (reserve < 0)
		return reserve;
	rc = check_request(req, reserve);
	if (rc)
		return rc;
	m = memory_new(req, reserve);
	if (IS_ERR(m))
		return PTR_ERR(m);
	rc = add(sock, m);
	if (rc)
		memory_free(m);
	else
		tell(vnet_sk(sock->sk), req);
	return rc;
}

static int unmake(struct vnet_sock *vs, const struct tpacket_req *req)
{
	struct vnet_ring *r = READ_ONCE(vs->ring);
	struct vnet_ring_memory *m = NULL;
	int rc = 0;

	if (req->tp_frame_nr)
		return -EINVAL;
	if (!r)
		return 0;
	mutex_lock(&r->lock);
	if (atomic_read(&r->mapped))
		rc = -EBUSY;
	else
		m = rcu_replace_pointer(r->memory, NULL, lockdep_is_held(&r->lock));
	mutex_unlock(&r->lock);
	if (m) {
		synchronize_rcu();
		tell(vs, req);
	}
	memory_free(m);
	return rc;
}

/**
 * vnet_ring_set - carry out setsockopt(2) of PACKET_RX_RING
 * @sock: a packet socket
 * @val: struct tpacket_req; without blocks, the ring is removed
 * @len: length of @val
 *
 * Context: process.
 * Return: 0, -EINVAL, -EBUSY, -ENOMEM and so on.
 */
int vnet_ring_set(struct socket *sock, sockptr_t val, unsigned int len)
{
	struct tpacket_req req;

	if (len < sizeof(req) || copy_from_sockptr(&req, val, sizeof(req)))
		return -EINVAL;
	return req.tp_block_nr ? make(sock, &req) : unmake(vnet_sk(sock->sk), &req);
}

/**
 * vnet_ring_lacks - test whether a program asks for a header that no ring has
 * @level: of the option that it gets
 * @name: of the option
 * @data: what the program gives
 * @len: bytes of @data
 *
 * Context: any.
 * Return: 0; -EINVAL: as a Linux that does not know the header.
 */
int vnet_ring_lacks(int level, int name, const void *data, u32 len)
{
	int value;

	if (level != SOL_PACKET || name != PACKET_HDRLEN || len < sizeof(value))
		return 0;
	memcpy(&value, data, sizeof(value));
	return value == TPACKET_V3 ? -EINVAL : 0;
}

/**
 * vnet_ring_refuses - test for a packet socket's option that does not fit with rings
 * @vs: the socket
 * @level: of the option that is to be set
 * @name: of the option
 * @data: its value
 * @len: bytes of @data
 *
 * Context: process.
 * Return: 0: none. -EINVAL, -EBUSY: as in Linux, which in the first case would be older.
 */
int vnet_ring_refuses(const struct vnet_sock *vs, int level, int name, const void *data,
		      u32 len)
{
	struct vnet_ring *r = READ_ONCE(vs->ring);
	int value;

	if (level != SOL_PACKET || len < sizeof(value))
		return 0;
	memcpy(&value, data, sizeof(value));
	switch (name) {
	case PACKET_VERSION:
		if (value == TPACKET_V3)
			return -EINVAL;
		fallthrough;
	case PACKET_RESERVE:
	case PACKET_VNET_HDR:
	case PACKET_VNET_HDR_SZ:
		return r && rcu_access_pointer(r->memory) ? -EBUSY : 0;
	}
	return 0;
}

static struct vnet_ring *ring_of_area(const struct vm_area_struct *vma)
{
	const struct socket *sock = vma->vm_file->private_data;

	return vnet_sk(sock->sk)->ring;
}

static void area_open(struct vm_area_struct *vma)
{
	atomic_inc(&ring_of_area(vma)->mapped);
}

static void area_close(struct vm_area_struct *vma)
{
	atomic_dec(&ring_of_area(vma)->mapped);
}

static const struct vm_operations_struct area_ops = {
	.open = area_open,
	.close = area_close,
};

static int map(struct vm_area_struct *vma, const struct vnet_ring_memory *m)
{
	unsigned long at;
	int rc;

	if (vma->vm_end - vma->vm_start != m->size)
		return -EINVAL;
	for (at = 0; at < m->size; at += PAGE_SIZE) {
		rc = vm_insert_page(vma, vma->vm_start + at, vmalloc_to_page(m->data + at));
		if (rc)
			return rc;
	}
	return 0;
}

/**
 * vnet_ring_mmap - carry out mmap(2) of a packet socket: map its whole ring
 * @file: the socket's
 * @sock: the socket
 * @vma: where to
 *
 * Context: process.
 * Return: 0, -EINVAL, -ENOMEM.
 */
int vnet_ring_mmap(struct file *file, struct socket *sock, struct vm_area_struct *vma)
{
	struct vnet_ring *r = READ_ONCE(vnet_sk(sock->sk)->ring);
	const struct vnet_ring_memory *m;
	int rc = -EINVAL;

	if (vma->vm_pgoff || !r)
		return -EINVAL;
	mutex_lock(&r->lock);
	m = vnet_ring_memory_of(r);
	if (m)
		rc = map(vma, m);
	if (!rc) {
		atomic_inc(&r->mapped);
		vma->vm_ops = &area_ops;
	}
	mutex_unlock(&r->lock);
	return rc;
}

/**
 * vnet_ring_free - free a socket's ring, if it has one
 * @vs: the socket; no other thread has it
 *
 * Context: any.
 */
void vnet_ring_free(struct vnet_sock *vs)
{
	if (!vs->ring)
		return;
	memory_free(rcu_dereference_protected(vs->ring->memory, true));
	kfree(vs->ring);
}
