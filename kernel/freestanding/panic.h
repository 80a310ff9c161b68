/* SPDX-License-Identifier: GPL-2.0-or-later */
/* panic.h - how the kernel stops when it is wrong, compiled for the machine: one ebreak, which
 * traps into the kernel (trap.c). What it means is written into a section of kernel.elf that is not
 * loaded, `.debug_panics`: the address of the ebreak in 8 bytes, then "FILE:LINE: TEXT" and a NUL,
 * again and again (emulator/base/elf_file.c reads it). Native tests have a panic.h of their own
 * (tests/native/). Included by base.h.
 */
#ifndef LATCHKEY_KERNEL_FREESTANDING_PANIC_H
#define LATCHKEY_KERNEL_FREESTANDING_PANIC_H

/* An asm without operands: a percent sign in a condition stands for itself. */
#define PANIC_STOP(line, text)                                                                    \
    do {                                                                                          \
        __asm__ volatile inline("1: ebreak\n"                                                     \
                                ".pushsection .debug_panics, \"\", @progbits\n"                   \
                                ".dword 1b\n"                                                     \
                                ".asciz \"" __FILE__ ":" #line ": " text "\"\n"                   \
                                ".popsection");                                                   \
        __builtin_unreachable();                                                                  \
    } while (0)
#define PANIC_STOP_AT(line, text) PANIC_STOP(line, text) /* the line as a number */

#define panic(text) PANIC_STOP_AT(__LINE__, text)
#define kassert(condition)                                                                        \
    do {                                                                                          \
        if (!(condition))                                                                         \
            PANIC_STOP_AT(__LINE__, "what must hold does not: " #condition);                      \
    } while (0)

#endif
