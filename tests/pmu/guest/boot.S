/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From QEMU's multiboot loader to C: flat segments for ring 0 and ring 3, no
 * paging. And the ways between the rings, whose instructions are counted: what
 * stands here must agree with count_user_insns and pmi_insns.
 */
#include "guest.h"

	.section .multiboot, "a"
	.align	4
	.long	0x1badb002, 0, -0x1badb002

	.text
	.globl	_start
_start:	cli
	mov	$stack_top, %esp
	lgdt	gdt_pointer
	ljmp	$KERNEL_CS, $1f
1:	mov	$KERNEL_DS, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$tss, %eax
	mov	%ax, gdt + TSS + 2
	shr	$16, %eax
	mov	%al, gdt + TSS + 4
	mov	%ah, gdt + TSS + 7
	mov	$TSS, %eax
	ltr	%ax
	call	guest_main
	mov	$0xf4, %edx		/* isa-debug-exit: QEMU ends with status 1 */
	xor	%eax, %eax
	out	%eax, %dx
2:	hlt
	jmp	2b

/*
 * Faults that are meant: each is of an instruction of two bytes (ud2, rdmsr, wrmsr,
 * rdpmc, a move to a segment register), which is skipped. Instructions counted:
 * ud_insns and gp_insns, one branch.
 */
	.globl	ud_entry, gp_entry
ud_entry:
	addl	$2, (%esp)
	incl	faults
	iret
gp_entry:
	add	$4, %esp		/* the error code */
	addl	$2, (%esp)
	incl	faults
	iret

/* Others end the program; their number is found by the distance of the entries. */
	.globl	bad_entries
bad_entries:
	.set	n, 0
	.rept	32
	.align	8
	push	$n
	jmp	1f
	.set	n, n + 1
	.endr
1:	call	bad_trap

	.globl	nothing_entry
nothing_entry:
	iret

/* run_user(f): run f in ring 3 until it executes int VECTOR_RETURN. */
	.globl	run_user
run_user:
	mov	4(%esp), %eax
	pusha
	mov	%esp, kernel_esp
	push	$USER_DS
	push	$user_stack_top
	pushf
	push	$USER_CS
	push	%eax
	iret

	.globl	return_entry
return_entry:
	mov	kernel_esp, %esp
	popa
	ret

/*
 * count_user(f): the same, with the counters started right before and stopped
 * right after. In ring 0 are counted: wrmsr and 9 to iret; 4 before the wrmsr
 * that stops, which is not.
 */
	.globl	count_user
count_user:
	pusha
	mov	36(%esp), %ebx
	mov	%esp, kernel_esp
	mov	$MSR_GLOBAL_CTRL, %ecx
	mov	$7, %eax
	mov	$7, %edx
	wrmsr
	push	$USER_DS
	push	$user_stack_top
	pushf
	orl	$0x200, (%esp)		/* interrupts on */
	nop
	nop
	push	$USER_CS
	push	%ebx
	iret

	.globl	stop_entry
stop_entry:
	mov	$MSR_GLOBAL_CTRL, %ecx
	xor	%eax, %eax
	xor	%edx, %edx
	nop
	wrmsr
	jmp	return_entry

	.section .rodata
	.globl	count_user_insns, pmi_insns
count_user_insns: .long	10 + 4
pmi_insns:	.long	6
	.text

/*
 * A counter has overflowed, by whatever vector: stop all, see pmi() in trap.c,
 * which says what is to be started again. pmi_insns are counted before that.
 */
	.globl	pmi_entry
pmi_entry:
	push	%eax
	push	%ecx
	push	%edx
	mov	$MSR_GLOBAL_CTRL, %ecx
	xor	%eax, %eax
	xor	%edx, %edx
	wrmsr
	push	%esp
	call	pmi
	add	$4, %esp
	mov	$MSR_GLOBAL_CTRL, %ecx
	xor	%edx, %edx
	wrmsr
	pop	%edx
	pop	%ecx
	pop	%eax
	iret

	.data
	.align	8
gdt:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff
	.quad	0x0000890000000067
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt
	.align	4
tss:	.long	0, trap_stack_top, KERNEL_DS
	.fill	23, 4, 0

	.bss
	.globl	faults
	.align	16
faults:	.long	0
kernel_esp: .long 0
	.skip	16384
stack_top:
	.skip	4096
trap_stack_top:
	.skip	4096
user_stack_top:

	.section .note.GNU-stack, "", @progbits
