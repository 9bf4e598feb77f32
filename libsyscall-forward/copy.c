// SPDX-License-Identifier: MIT
/*
 * What fwd_copy_unchecked() calls, and where it goes on if an instruction of it faults. The
 * kernel leaves the registers as they are. So rdi, rsi and rdx say at every instruction what is
 * not copied for certain, and eax is 0 until the first fault.
 *
 * A fault is dealt with twice. After the first, the rest is copied byte by byte, which finds the
 * first byte that is out of reach. After the second, rcx has the number of those that remain.
 *
 * Short copies are two loads and two stores that may overlap. Long ones use the widest registers
 * that there are. String instructions are no faster where the processor is made for them, and by
 * far slower where it is not, as in an emulator.
 */
#include "copy.h"

/* Only the assembly below reads it. */
__u8 fwd_copy_wide __attribute__((used));

/**
 * fwd_copy_init - find out how wide the processor's registers are
 *
 * Context: constructor.
 */
void fwd_copy_init(void)
{
	__builtin_cpu_init();
	vos_store(&fwd_copy_wide, (__u8)!!__builtin_cpu_supports("avx"));
}

__asm__("	.pushsection .text\n"
	"	.globl fwd_copy_begin, fwd_copy_landing, fwd_copy_end\n"
	"	.hidden fwd_copy_begin, fwd_copy_landing, fwd_copy_end\n"
	"	.type fwd_copy_begin, @function\n"
	"	.balign 64\n"
	"fwd_copy_begin:\n"
	"	.cfi_startproc\n"
	"	xorl %eax, %eax\n"
	"0:	cmpq $16, %rdx\n"
	"	jae 4f\n"
	"	cmpl $4, %edx\n"
	"	jae 2f\n"
	"	cmpl $1, %edx\n"
	"	jbe 1f\n"
	/* 2 or 3 bytes */
	"	movzwl (%rsi), %ecx\n"
	"	movzbl -1(%rsi,%rdx), %r8d\n"
	"	movw %cx, (%rdi)\n"
	"	movb %r8b, -1(%rdi,%rdx)\n"
	"	ret\n"
	/* 1 byte or none */
	"1:	jb 9f\n"
	"	movzbl (%rsi), %ecx\n"
	"	movb %cl, (%rdi)\n"
	"9:	ret\n"
	"2:	cmpl $8, %edx\n"
	"	jae 3f\n"
	/* 4 to 7 */
	"	movl (%rsi), %ecx\n"
	"	movl -4(%rsi,%rdx), %r8d\n"
	"	movl %ecx, (%rdi)\n"
	"	movl %r8d, -4(%rdi,%rdx)\n"
	"	ret\n"
	/* 8 to 15 */
	"3:	movq (%rsi), %rcx\n"
	"	movq -8(%rsi,%rdx), %r8\n"
	"	movq %rcx, (%rdi)\n"
	"	movq %r8, -8(%rdi,%rdx)\n"
	"	ret\n"
	"4:	cmpq $32, %rdx\n"
	"	ja 5f\n"
	/* 16 to 32 */
	"	movups (%rsi), %xmm0\n"
	"	movups -16(%rsi,%rdx), %xmm1\n"
	"	movups %xmm0, (%rdi)\n"
	"	movups %xmm1, -16(%rdi,%rdx)\n"
	"	ret\n"
	"5:	cmpq $64, %rdx\n"
	"	ja 6f\n"
	/* 33 to 64 */
	"	movups (%rsi), %xmm0\n"
	"	movups 16(%rsi), %xmm1\n"
	"	movups -32(%rsi,%rdx), %xmm2\n"
	"	movups -16(%rsi,%rdx), %xmm3\n"
	"	movups %xmm0, (%rdi)\n"
	"	movups %xmm1, 16(%rdi)\n"
	"	movups %xmm2, -32(%rdi,%rdx)\n"
	"	movups %xmm3, -16(%rdi,%rdx)\n"
	"	ret\n"
	/* More: 256 or 64 at a time, then what is left */
	"6:	cmpq $512, %rdx\n"
	"	jb 7f\n"
	"	cmpb $0, fwd_copy_wide(%rip)\n"
	"	je 7f\n"
	"	.balign 16\n"
	"8:	vmovups (%rsi), %ymm0\n"
	"	vmovups 32(%rsi), %ymm1\n"
	"	vmovups 64(%rsi), %ymm2\n"
	"	vmovups 96(%rsi), %ymm3\n"
	"	vmovups %ymm0, (%rdi)\n"
	"	vmovups %ymm1, 32(%rdi)\n"
	"	vmovups %ymm2, 64(%rdi)\n"
	"	vmovups %ymm3, 96(%rdi)\n"
	"	vmovups 128(%rsi), %ymm0\n"
	"	vmovups 160(%rsi), %ymm1\n"
	"	vmovups 192(%rsi), %ymm2\n"
	"	vmovups 224(%rsi), %ymm3\n"
	"	vmovups %ymm0, 128(%rdi)\n"
	"	vmovups %ymm1, 160(%rdi)\n"
	"	vmovups %ymm2, 192(%rdi)\n"
	"	vmovups %ymm3, 224(%rdi)\n"
	"	addq $256, %rsi\n"
	"	addq $256, %rdi\n"
	"	subq $256, %rdx\n"
	"	cmpq $256, %rdx\n"
	"	ja 8b\n"
	"	vzeroupper\n"
	"	jmp 0b\n"
	"	.balign 16\n"
	"7:	movups (%rsi), %xmm0\n"
	"	movups 16(%rsi), %xmm1\n"
	"	movups 32(%rsi), %xmm2\n"
	"	movups 48(%rsi), %xmm3\n"
	"	movups %xmm0, (%rdi)\n"
	"	movups %xmm1, 16(%rdi)\n"
	"	movups %xmm2, 32(%rdi)\n"
	"	movups %xmm3, 48(%rdi)\n"
	"	addq $64, %rsi\n"
	"	addq $64, %rdi\n"
	"	subq $64, %rdx\n"
	"	cmpq $64, %rdx\n"
	"	ja 7b\n"
	"	jmp 0b\n"
	/* The first fault comes here with what is left in rdi, rsi, rdx; the second with rcx. */
	"fwd_copy_landing:\n"
	"	testl %eax, %eax\n"
	"	jnz 8f\n"
	"	incl %eax\n"
	"	movq %rdx, %rcx\n"
	"	rep movsb\n"
	"8:	movq %rcx, %rax\n"
	"	ret\n"
	"fwd_copy_end:\n"
	"	.cfi_endproc\n"
	"	.size fwd_copy_begin, . - fwd_copy_begin\n"
	"	.popsection\n");
