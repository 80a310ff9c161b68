/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hart.S - see hart.h. Called by main.c. */

#define KEPT_OFFSET 256
#define KEPT_TP 376

    /* The caller's registers. */
    .macro  kept instruction
    .set    place, KEPT_OFFSET
    .irp    n, 1, 2, 3, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    \instruction x\n, place(tp)
    .set    place, place + 8
    .endr
    .endm

    .macro  others instruction
    .irp    n, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
    \instruction x\n, 8 * \n(tp)
    .endr
    .irp    n, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \instruction x\n, 8 * \n(tp)
    .endr
    .endm

    .macro  function name
    .globl  \name
\name:
    sd      tp, KEPT_TP(a0)
    mv      tp, a0
    kept    sd
    others  ld
    .endm

    .macro  return
    others  sd
    kept    ld
    ld      tp, KEPT_TP(tp)
    ret
    .endm

    .macro  floats instruction
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \instruction f\n, 8 * \n(a0)
    .endr
    .irp    n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \instruction f\n, 8 * \n(a0)
    .endr
    .endm

    .text
    function hart_call
    ecall
    return

    function hart_spin
    .globl  hart_spinning /* demo_secret_test.c passes over it */
hart_spinning:
1:  addi    s11, s11, -1
    bgtz    s11, 1b
    return

    function hart_read
    ld      t0, 0(s10)
    return

    function hart_write
    sd      t0, 0(s10)
    return

    function hart_break
    .4byte  0
    return

    .option arch, +d
    .globl  hart_floats_set
hart_floats_set:
    floats  fld
    ld      t0, 256(a0)
    fscsr   t0
    ret

    .globl  hart_floats_get
hart_floats_get:
    floats  fsd
    frcsr   t0
    sd      t0, 256(a0)
    ret
