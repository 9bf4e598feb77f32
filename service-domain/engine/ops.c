// SPDX-License-Identifier: GPL-2.0
/*
 * The table of operations by opcode, and the calls of class CORE by it.
 */
#include "engine_priv.h"

const struct vos_op veng_ops[VOS_NR_OPCODES] = { VOS_OPCODES(VOS_OP_FACTS) };

/**
 * veng_nop - carry out NOP
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0.
 */
s64 veng_nop(struct veng_scall *call)
{
	return 0;
}

static s64 (* const serve[])(struct veng_scall *call) = {
#define VOS_X(NAME, name, nr, ...)	\
	[nr] = veng_##name,
	VOS_CORE_OPCODES(VOS_X)
#undef VOS_X
};

/**
 * veng_core_call - carry out a call of class CORE that the table allows
 * @call: the call
 *
 * Context: dispatcher.
 * Return: the result or VENG_PENDING.
 */
s64 veng_core_call(struct veng_scall *call)
{
	veng_in_dispatcher(call->conn);
	return serve[call->sqe.opcode](call);
}
