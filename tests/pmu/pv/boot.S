/* SPDX-License-Identifier: GPL-2.0-only */
/* From Xen's domain builder to C, and faults that are meant. */
#include <xen/elfnote.h>

	.macro	note type, size, value:vararg
	.align	4
	.long	4, 2f - 1f, \type
	.asciz	"Xen"
1:	\size	\value
2:	.align	4
	.endm

	.section .note.xen, "a", @note
	note	XEN_ELFNOTE_GUEST_OS, .asciz, "pmu"
	note	XEN_ELFNOTE_XEN_VERSION, .asciz, "xen-3.0"
	note	XEN_ELFNOTE_LOADER, .asciz, "generic"
	note	XEN_ELFNOTE_PAE_MODE, .asciz, "yes"
	note	XEN_ELFNOTE_VIRT_BASE, .quad, 0
	note	XEN_ELFNOTE_PADDR_OFFSET, .quad, 0
	note	XEN_ELFNOTE_ENTRY, .quad, _start
	note	XEN_ELFNOTE_HYPERCALL_PAGE, .quad, hypercalls
	/* Domain 0 must say that it can be one. */
	note	XEN_ELFNOTE_SUPPORTED_FEATURES, .long, 1 << 11

	.section .hypercalls, "ax"
	.globl	hypercalls
	.align	4096
hypercalls:
	.skip	4096

	.text
	.globl	_start
_start:	lea	stack_top(%rip), %rsp
	mov	%rsi, %rdi
	call	pv_main
2:	jmp	2b

/*
 * A general protection fault of an instruction of two bytes (rdmsr, wrmsr, rdpmc) that
 * Xen does not carry out: it is skipped. Xen has pushed rcx, r11 and the error code.
 */
	.globl	gp_entry
gp_entry:
	mov	(%rsp), %rcx
	mov	8(%rsp), %r11
	add	$24, %rsp
	addq	$2, (%rsp)
	incl	faults(%rip)
	pushq	$0			/* flags of the hypercall iret */
	jmp	hypercalls + 23 * 32

	.bss
	.globl	faults
	.align	16
faults:	.long	0
	.skip	16384
stack_top:

	.section .note.GNU-stack, "", @progbits
