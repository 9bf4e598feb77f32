/* SPDX-License-Identifier: GPL-2.0-only */
/* Code whose address tells how many instructions of it have been executed. */
#include "guest.h"

/* Start general counter 0, many nops of one byte each, stop all. */
	.text
	.globl	run_sled, sled
run_sled:
	mov	$MSR_GLOBAL_CTRL, %ecx
	mov	$1, %eax
	xor	%edx, %edx
	wrmsr
sled:	.fill	SLED, 1, 0x90
	mov	$MSR_GLOBAL_CTRL, %ecx
	xor	%eax, %eax
	wrmsr
	ret

/* The same for branches: each jump is two bytes and goes to the next one. */
	.globl	run_branches, branch_target
run_branches:
	mov	$MSR_GLOBAL_CTRL, %ecx
	mov	$1, %eax
	xor	%edx, %edx
	wrmsr
branch_target:
	.rept	2000
	jmp	. + 2
	.endr
	mov	$MSR_GLOBAL_CTRL, %ecx
	xor	%eax, %eax
	wrmsr
	ret

/* For ring 3. The last instruction enters ring 0, and counts in ring 3. */
	.globl	user_sled
user_sled:
	.fill	SLED, 1, 0x90
	int	$VECTOR_RETURN

	.globl	user_hundred
user_hundred:
	.rept	49
	inc	%esi
	jmp	. + 2
	.endr
	nop
	int	$VECTOR_RETURN

	.globl	user_rdpmc
user_rdpmc:
	xor	%eax, %eax
	xor	%ecx, %ecx
	rdpmc
	mov	%eax, user_value
	int	$VECTOR_RETURN

/*
 * wait_for_byte(waited): until the serial line has one. Between the two readings are
 * WAIT_INSNS and 4 in each turn.
 */
	.globl	wait_for_byte
wait_for_byte:
	push	%ebx
	push	%esi
	mov	12(%esp), %ebx
	xor	%esi, %esi
	xor	%ecx, %ecx
	rdpmc
	mov	%eax, (%ebx)
	mov	%edx, 4(%ebx)
	mov	$0x3fd, %edx
1:	inc	%esi
	in	%dx, %al
	test	$1, %al
	jz	1b
	rdpmc
	mov	%eax, 8(%ebx)
	mov	%edx, 12(%ebx)
	mov	%esi, 16(%ebx)
	pop	%esi
	pop	%ebx
	ret

	.bss
	.globl	user_value
user_value: .long 0

	.section .note.GNU-stack, "", @progbits
