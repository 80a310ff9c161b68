/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start.S - the first instructions of every domain program. sp and the arguments a0..a7 are in its
 * register nodes from the start; bss is zero pages. When domain_main returns, the program ends
 * with a RETURN through a void key: the domain becomes available. */
    .section .text.start, "ax"
    .globl domain_start
domain_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    call    domain_main
    j       domain_end
