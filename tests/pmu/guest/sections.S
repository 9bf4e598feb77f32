/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sections of code of which it is known how many instructions and branches they
 * execute; a loop's as a product. The ret of each is in its numbers.
 */
#include "guest.h"

	.macro	mark id
	nopl	0x534f5600 + \id(%eax)	/* the plugin's, see tests/bench/count/count.c */
	.endm

/*
 * measure(section, before, after): run it between two readings of each counter.
 * Between those of the instructions are 10 instructions of ours, with 5 branches,
 * which all lie between those of the branches; between those of the fixed counter, 22.
 * The plugin counts blocks when they begin: the section, its call, and the three
 * instructions from it to the second mark's block and that block's own.
 */
	.text
	.globl	measure
measure:
	push	%ebx
	push	%esi
	push	%edi
	push	%ebp
	mov	20(%esp), %eax
	mov	4(%eax), %ebp
	mov	24(%esp), %ebx
	mov	$RDPMC_FIXED, %ecx
	rdpmc
	mov	%eax, (%ebx)
	mov	$1, %ecx
	rdpmc
	mov	%eax, 4(%ebx)
	xor	%ecx, %ecx
	rdpmc
	mov	%eax, 8(%ebx)
	jmp	1f
1:	mark	1
	jmp	1f
1:	call	*%ebp
	jmp	1f
1:	mark	2
	jmp	1f
1:	xor	%ecx, %ecx
	rdpmc
	mov	%eax, after + 8
	mov	$1, %ecx
	rdpmc
	mov	%eax, after + 4
	mov	$RDPMC_FIXED, %ecx
	rdpmc
	mov	28(%esp), %ebx
	mov	%eax, (%ebx)
	mov	after + 4, %eax
	mov	%eax, 4(%ebx)
	mov	after + 8, %eax
	mov	%eax, 8(%ebx)
	pop	%ebp
	pop	%edi
	pop	%esi
	pop	%ebx
	ret

	.bss
after:	.skip	12
room:	.skip	200000

/*
 * faults: instructions that begin and are not completed; restarts: QEMU leaves some
 * block in its middle and begins it again, which the plugin sees twice.
 */
#define SECTION_WITH(name, insns, branches, faults, restarts)	\
	.section .rodata.names;					\
90:	.asciz	#name;						\
	.section .rodata.table;					\
	.long	90b, 91f, insns, branches, faults, restarts;	\
	.text;							\
91:
#define SECTION(name, insns, branches)	SECTION_WITH(name, insns, branches, 0, 0)

	.section .rodata.table
	.globl	sections, sections_end
	.align	4
sections:

SECTION(empty, 1, 1)
	ret

SECTION(nops, 1001, 1)
	.fill	1000, 1, 0x90
	ret

SECTION(pages_of_nops, 20001, 1)
	.fill	20000, 1, 0x90
	ret

SECTION(arithmetic, 4 * 300 + 1, 1)
	.rept	300
	add	%eax, %edx
	adc	$5, %ecx
	imul	%ecx, %eax
	shl	$3, %edx
	.endr
	ret

SECTION(loop, 1 + 1000 + 1, 1000 + 1)
	mov	$1000, %ecx
1:	loop	1b
	ret

SECTION(dec_jnz, 1 + 2 * 50000 + 1, 50000 + 1)
	mov	$50000, %ecx
1:	dec	%ecx
	jnz	1b
	ret

SECTION(jump_not_taken, 1 + 2 * 100 + 1, 100 + 1)
	xor	%eax, %eax
	.rept	100
	jnz	1f
	mov	%eax, %edx
	.endr
1:	ret

SECTION(jump_taken, 1 + 100 + 1, 100 + 1)
	xor	%eax, %eax
	.rept	100
	jz	1f
	inc	%edx
1:
	.endr
	ret

/* Of 1000 turns, 500 skip the inc. */
SECTION(every_second_jump, 1 + 4 * 1000 + 500 + 1, 2 * 1000 + 1)
	mov	$1000, %ecx
1:	test	$1, %cl
	jz	2f
	inc	%edx
2:	dec	%ecx
	jnz	1b
	ret

SECTION(loopne_jecxz, 3 + 10 + 1 + 1 + 1, 10 + 1 + 1)
	mov	$10, %ecx
	mov	$1, %eax
	test	%eax, %eax
1:	loopne	1b
	jecxz	2f
	nop
2:	nop
	ret

SECTION(calls, 200 * 2 + 1, 200 * 2 + 1)
	.rept	200
	call	2f
	.endr
	ret
2:	ret

SECTION(indirect, 100 * 2 + 1, 100 + 1)
	.rept	100
	mov	$1f, %eax
	jmp	*%eax
1:
	.endr
	ret

SECTION(recursion, 2 + 2 * 1000 + 999 + 1000 + 1, 1 + 1000 + 999 + 1000 + 1)
	mov	$1000, %ecx
	call	2f
	ret
2:	dec	%ecx
	jz	3f
	call	2b
3:	ret

/* An instruction that repeats is one, however often QEMU leaves it on its way. */
SECTION_WITH(rep_movs, 5, 1, 0, 1)
	mov	$room, %esi
	mov	$room + 100000, %edi
	mov	$100000, %ecx
	rep movsb
	ret

SECTION(rep_short, 200 * 4 + 1, 1)
	.rept	200
	mov	$room, %edi
	mov	$16, %ecx
	xor	%eax, %eax
	rep stosl
	.endr
	ret

SECTION(memory, 3 * 500 + 2, 1)
	mov	$room, %ebx
	.rept	500
	mov	%eax, 8(%ebx)
	addl	$1, 8(%ebx)
	mov	12(%ebx), %eax
	.endr
	ret

SECTION(stack, 4 * 200 + 1, 1)
	.rept	200
	push	%eax
	pushf
	pop	%eax
	pop	%eax
	.endr
	ret

SECTION(locked, 2 * 100 + 2, 1)
	mov	$room, %edx
	.rept	100
	lock incl (%edx)
	xadd	%eax, 4(%edx)
	.endr
	ret

SECTION(cpuid, 3 * 20 + 3, 1)
	push	%ebx
	.rept	20
	xor	%eax, %eax
	xor	%ecx, %ecx
	cpuid
	.endr
	pop	%ebx
	ret

SECTION(port, 2 * 50 + 1, 1)
	.rept	50
	in	$0x80, %al
	inc	%edx
	.endr
	ret

SECTION(pause, 2 * 30 + 1, 1)
	.rept	30
	pause
	nop
	.endr
	ret

SECTION(x87, 3 * 50 + 2, 1)
	fninit
	.rept	50
	fld1
	fadd	%st, %st
	fstps	room
	.endr
	ret

SECTION(shadow, 4 * 30 + 2, 1)
	mov	%ss, %eax
	.rept	30
	mov	%eax, %ss
	sti
	nop
	cli
	.endr
	ret

SECTION(software_interrupt, 2 * 40 + 1, 2 * 40 + 1)
	.rept	40
	int	$VECTOR_NOTHING
	.endr
	ret

SECTION(far, 5 * 20 + 1, 2 * 20 + 1)
	.rept	20
	pushf
	push	$KERNEL_CS
	push	$1f
	iret
1:	ljmp	$KERNEL_CS, $1f
1:
	.endr
	ret

/* A fault is no instruction, but the handler's are: 3 and 4, one of them a branch. */
SECTION_WITH(undefined, 3 + 1, 2, 1, 0)
	ud2
	ret

SECTION_WITH(bad_selector, 1 + 4 + 1, 2, 1, 1)
	mov	$0xff8, %eax
	mov	%eax, %fs
	ret

/* An access to a device within a block: QEMU leaves the block and begins it anew there. */
SECTION_WITH(device, 2 * 50 + 1, 1, 0, 1)
	.rept	50
	mov	APIC_SVR, %eax
	inc	%edx
	.endr
	ret

/* A store to the code that follows it in its own block. */
SECTION_WITH(own_code, 1 + 3 * 10 + 1, 2, 0, 1)
	jmp	own_code
	.data
own_code:
	.rept	10
	movb	$0x40, 1f		/* inc %eax */
1:	nop
	movb	$0x90, 1b
	.endr
	ret

	.section .rodata.table
sections_end:

	.section .note.GNU-stack, "", @progbits
