/* void fiber_switch(void **save, void *load): the System V ABI's callee-saved registers and the stack pointer. */

#if defined(__x86_64__)

        .text
        .globl  fiber_switch
        .type   fiber_switch, @function
fiber_switch:
        .cfi_startproc
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .cfi_endproc
        .size   fiber_switch, .-fiber_switch

#endif

        .section .note.GNU-stack, "", @progbits
