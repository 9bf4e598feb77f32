// SPDX-License-Identifier: MIT
/*
 * A process that puts itself under seccomp has no door from then on. The library must not even
 * ask for one, for the filter might kill the process for a prctl() of the library. The kernel
 * closes a door that is open. What remains is to prevent the next OPEN, here or in a child. So
 * the library intercepts prctl() and syscall(). Both go on as a jump: syscall() may be a vfork.
 */
#include <dlfcn.h>

#include "fwd_priv.h"

/*
 * The next library's functions. Before the constructor has run they are NULL, and the bare
 * system call is made.
 */
__attribute__((used)) void *fwd_next_syscall, *fwd_next_prctl;

__asm__(
"	.text\n"
"	.globl	syscall, prctl\n"
"	.type	syscall, @function\n"
"	.type	prctl, @function\n"
"syscall:\n"
"	.cfi_startproc\n"
"	endbr64\n"
"	cmpq	$317, %rdi\n"			/* SYS_seccomp */
"	je	1f\n"
"	cmpq	$157, %rdi\n"			/* SYS_prctl */
"	jne	2f\n"
"	cmpl	$22, %esi\n"			/* PR_SET_SECCOMP */
"	jne	2f\n"
"1:	movl	$1, fwd_door_off(%rip)\n"
"2:	movq	fwd_next_syscall(%rip), %rax\n"
"	testq	%rax, %rax\n"
"	je	3f\n"
"	movq	%rax, %r11\n"
"	xorl	%eax, %eax\n"
"	jmp	*%r11\n"
"3:	movq	%rdi, %rax\n"
"	movq	%rsi, %rdi\n"
"	movq	%rdx, %rsi\n"
"	movq	%rcx, %rdx\n"
"	movq	%r8, %r10\n"
"	movq	%r9, %r8\n"
"	movq	8(%rsp), %r9\n"
"4:	syscall\n"
"	cmpq	$-4095, %rax\n"
"	jae	5f\n"
"	ret\n"
"5:	movq	%rax, %rdi\n"
"	jmp	fwd_fail\n"
"	.cfi_endproc\n"
"	.size	syscall, . - syscall\n"
"prctl:\n"
"	.cfi_startproc\n"
"	endbr64\n"
"	cmpl	$22, %edi\n"
"	jne	6f\n"
"	movl	$1, fwd_door_off(%rip)\n"
"6:	movq	fwd_next_prctl(%rip), %rax\n"
"	testq	%rax, %rax\n"
"	je	7f\n"
"	movq	%rax, %r11\n"
"	xorl	%eax, %eax\n"
"	jmp	*%r11\n"
"7:	movq	%rcx, %r10\n"
"	movl	$157, %eax\n"
"	jmp	4b\n"
"	.cfi_endproc\n"
"	.size	prctl, . - prctl\n"
);

/* The assembly calls this when a system call has failed. */
__attribute__((used)) long fwd_fail(long rc)
{
	errno = -rc;
	return -1;
}

/**
 * fwd_seccomp_init - find the next library's functions
 *
 * Context: constructor.
 */
void fwd_seccomp_init(void)
{
	vos_store(&fwd_next_syscall, dlsym(RTLD_NEXT, "syscall"));
	vos_store(&fwd_next_prctl, dlsym(RTLD_NEXT, "prctl"));
}
