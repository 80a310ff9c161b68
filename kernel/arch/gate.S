/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate.S - where every trap begins, and the short message path: CALL through a start key, RETURN
 * through a resume key, and two calls that the kernel answers at once (a data key; fetching from a
 * node). Whatever is not plain goes to the general path: trap.S saves the rest, invoke.c does it.
 *
 * sscratch holds the struct domain that runs in user mode, also while the kernel runs; a trap in
 * the kernel is told by sstatus.SPP (trap.S).
 *
 * Invariants
 *  1. Up to the line "commit" of each path nothing is written but what an ecall leaves of the
 *     sender in its struct domain, which the general path writes as well.
 *  2. What a path does is what invoke.c and gate.c do, in every word that anyone can read
 *     (demo_paths_test).
 *  3. A status word that equals a state says: not trapped, f registers all zero, satp right, keys
 *     node not walked, marked as used and changed (domain.h). sched.gate_floor says the same of the
 *     sender (sched.c). That of the domain in user mode may still say for what it waited before:
 *     sched_enter() sets it right. Nobody but itself can meet it before, and no key that resumes it
 *     is left over; a CALL looks.
 *  4. Dead registers leave as 0. A register that a check found to be 0 is not cleared again: t0 (no
 *     string), t1 (no receive buffer), t2 (floor and limit), a7 (entry block). When no string is
 *     sent a4 and t3..t6 are dead on entry, so they are cleared at once.
 *  5. The object of a key in a node frame is a frame, whatever the key (object.c): it may be looked
 *     at before it is known to be right. Only the frame of a node holds resume heads.
 *
 * Registers: sp sender's struct domain; ra head of the key; gp its slot, then scratch; s0 root node
 * of the target, s4 its struct domain, s6 its entry block; t0 0 if no string is sent; a0 a1 a2 a4
 * a5 a6 t3..t6 as the sender has them.
 */
#include "kernel/arch/frame.inc"

    /* A word in memory is what it should be; that it is, scratch holds. */
    .macro same register, scratch, place, otherwise=trap_save_ecall_rest
    ld      \scratch, \place
    bne     \scratch, \register, \otherwise
    .endm

    /* The buffer into which the sender will receive: none, or one that is known to be good. And may
     * this domain give the processor to that one? Perhaps not yet: it may pay by another meter. */
    .macro hand_over_check
    andi    t1, a2, STRING_MEMORY_BITS
    beqz    t1, 1f
    same    a5, gp, DOMAIN_BUFFER_ADDR(sp)
    same    a6, gp, DOMAIN_BUFFER_BYTES(sp)
    andi    t1, a2, STRING_REGISTERS_BITS
    bnez    t1, trap_save_ecall_rest
    sd      a5, 120(sp)
    sd      a6, 128(sp)
1:  ld      s7, sched
    ld      s8, DOMAIN_GATE_LIMIT(s4)
    sub     t2, s8, s7
    srli    t2, t2, GATE_LIMIT_BITS
    bnez    t2, 2f
3:  csrr    s7, sstatus
    bltz    s7, trap_save_ecall_rest /* SD: f registers were written */
    .subsection 1
2:  jal     a7, meter_ask
    j       3b
    .previous
    .endm

    /* The resume key is the newest one, and its domain is in this state. */
    .macro caller_waits status
    ld      s1, NODE_SLOT + KEY_COUNT(gp)
    same    s1, s3, NODE_CALL_COUNT(s0)
    ld      s4, NODE_GATE(s0)
    ld      s5, DOMAIN_STATUS(s4)
    addi    s5, s5, -(\status)
    bnez    s5, trap_save_ecall_rest
    hand_over_check
    .endm

    /* Where slot i of a block is in this keys node. */
    .macro slot_of slot, block, i, node
    srli    \slot, \block, ENTRY_KEYS_TO_SLOT + 4 * \i
    andi    \slot, \slot, BLOCK_SLOT
    add     \slot, \slot, \node
    .endm

    /* Key i of the message, sent and accepted, into the slot that the target names. s1, s5: the
     * keys nodes of target and sender. */
    .macro key_copy i
    slot_of gp, s6, \i, s1
    slot_of tp, a1, \i, s5
    .irp    word, KEY_HEAD, KEY_COUNT, KEY_OBJECT
    ld      s9, NODE_SLOT + \word(tp)
    sd      s9, NODE_SLOT + \word(gp)
    .endr
    .endm

    /* The target runs. a0, a1, a4, t3..t6: what it gets; t0..t2 and a7 are 0. */
    .macro target_go target
    target_enter \target, s7
    each    ld, \target, 2, 3, 4, 8, 9, 18, 19, 21, 22, 23, 24, 25, 26, 27, 20
    clear   1, 12, 13, 15, 16
    sret
    .endm

    /* The sender waits for its next message. */
    .macro sender_stop
    sd      a2, 96(sp)
    csrr    s7, sepc
    addi    s7, s7, ECALL_BYTES
    sd      s7, 0(sp)
    .endm

    .section .text.trap, "ax"
    .balign 64
    .globl trap_entry, arch_deliver
trap_entry:
    csrrw   sp, sscratch, sp
    sd      gp, 24(sp)
    csrr    gp, scause
    addi    gp, gp, -CAUSE_ECALL
    bnez    gp, trap_save_all
    csrrw   gp, sscratch, sp
    sd      gp, 16(sp)

    andi    gp, a1, BLOCK_SLOT
    ld      ra, DOMAIN_KEYS(sp)
    add     gp, gp, ra
    ld      ra, NODE_SLOT + KEY_HEAD(gp)
    andi    t0, a1, EXIT_FORM
    addi    t0, t0, -EXIT_CALL
    beqz    t0, call_without_string
    addi    t0, t0, EXIT_CALL - EXIT_RETURN
    beqz    t0, return_without_string
    addi    t1, t0, EXIT_RETURN - EXIT_CALL - STRING_MEMORY_BITS
    beqz    t1, call_memory
    addi    t1, t0, -STRING_MEMORY_BITS
    beqz    t1, return_resume
    li      t2, STRING_REGISTERS_ROOM
    bgtu    a4, t2, trap_save_ecall
    addi    t1, t0, -STRING_REGISTERS_BITS
    beqz    t1, return_resume
    addi    t1, t0, EXIT_RETURN - EXIT_CALL - STRING_REGISTERS_BITS
    bnez    t1, trap_save_ecall
call_memory:
    andi    t2, ra, 0xff
    addi    t2, t2, -TYPE_START
    bnez    t2, trap_save_ecall
    j       call_start

    /* CALL through a start key. */
call_without_string:
    andi    t2, ra, 0xff
    addi    t2, t2, -TYPE_START
    bnez    t2, kernel_key
    clear   14, 28, 29, 30, 31
call_start:
    each    sd, sp, KEPT
    ld      s0, NODE_SLOT + KEY_OBJECT(gp)
    ld      s1, NODE_SLOT + KEY_COUNT(gp)
    srli    s2, ra, 16
    same    s2, s3, NODE_ID(s0)
    same    s1, s3, NODE_ALLOCATION_COUNT(s0)
    ld      s4, NODE_GATE(s0)
    ld      s5, DOMAIN_STATUS(s4)
    bnez    s5, trap_save_ecall_rest
    beq     s4, sp, trap_save_ecall_rest
    hand_over_check
    ld      s6, 96(s4)
    ld      s1, DOMAIN_KEYS(s4)
    andi    a7, s6, ENTRY_FORM
    addi    a7, a7, -(ENTRY_CODE_BIT | ENTRY_KEY_3)
    bnez    a7, call_keys
    bnez    t0, call_string
    /* commit */
call_resume_key:
    andi    s7, s6, BLOCK_SLOT
    add     s7, s7, s1
    ld      s9, DOMAIN_ROOT(sp)
    ld      s8, NODE_RESUME_HEAD(s9)
    ld      s10, NODE_CALL_COUNT(s9)
    sd      s8, NODE_SLOT + KEY_HEAD(s7)
    sd      s10, NODE_SLOT + KEY_COUNT(s7)
    sd      s9, NODE_SLOT + KEY_OBJECT(s7)
call_go:
    li      s7, STATE_WAITING
    sd      s7, DOMAIN_STATUS(sp)
    srli    a1, ra, 8
    andi    a1, a1, 0xff
    sender_stop
    target_go s4

    /* RETURN through a resume key. */
return_resume:
    each    sd, sp, KEPT
    ld      s0, NODE_SLOT + KEY_OBJECT(gp)
    same    ra, s2, NODE_RESUME_HEAD(s0) /* names the domain, and RESUME_RETURN */
    j       return_known
return_without_string:
    each    sd, sp, KEPT
    ld      s0, NODE_SLOT + KEY_OBJECT(gp)
    same    ra, s2, NODE_RESUME_HEAD(s0), return_restart
    clear   14, 28, 29, 30, 31
return_known:
    caller_waits STATE_WAITING
    ld      s6, 96(s4)
    andi    a7, s6, ENTRY_FORM
    addi    a7, a7, -ENTRY_CODE_BIT
    bnez    a7, return_keys
    bnez    t0, return_string
    /* commit */
return_go:
    addi    s3, s3, 1
    sd      s3, NODE_CALL_COUNT(s0)
    sd      zero, DOMAIN_STATUS(sp)
    li      a1, 0
    sender_stop
    target_go s4

    /* arch.h. */
arch_deliver:
    mv      t3, a3
    mv      t4, a5
    clear   5, 6, 7, 17, 30, 31
    target_go a2

    /* RETURN through a restart key: the target goes on as it was when it trapped. */
return_restart:
    addi    s2, s2, (RESUME_RESTART_BYTE - RESUME_RETURN_BYTE) << 8
    bne     s2, ra, trap_save_ecall_rest
    bnez    a0, trap_save_ecall_rest /* a code: it traps */
    caller_waits STATE_WAITING | STATUS_RESTORE
    /* commit */
    addi    s3, s3, 1
    sd      s3, NODE_CALL_COUNT(s0)
    sd      zero, DOMAIN_STATUS(sp)
    sender_stop
    target_enter s4, s7
    mv      sp, s4
    j       trap_restore_all

call_string:
    jal     s5, string_pass
    j       call_resume_key

return_string:
    jal     s5, string_pass
    j       return_go

    /* The target does not accept just the resume key and the code. */
call_keys:
    bltz    a7, 1f
    jal     s2, keys_pass
    j       call_resume_key
1:  addi    a7, a7, ENTRY_KEY_3
    bltz    a7, trap_save_ecall_rest
    jal     s2, keys_pass
    j       call_go

return_keys:
    sltiu   a7, a7, ENTRY_KEY_3
    beqz    a7, trap_save_ecall_rest
    ld      s1, DOMAIN_KEYS(s4)
    jal     s2, keys_pass
    j       return_go

    /* All keys that the target accepts, but a resume key, and the string. s2: where to go on. The
     * keys nodes differ (domain.c), so that no slot is read after it was written. */
keys_pass:
    beqz    t0, 3f
    jal     s5, string_pass
3:  ld      s5, DOMAIN_KEYS(sp)
    li      a7, 0
    andi    s7, s6, ENTRY_KEYS_0_TO_2
    srli    s8, a1, EXIT_MASK_SHIFT /* s7, s8: accepted, sent */
    andi    s8, s8, ENTRY_KEYS_0_TO_2
    bne     s7, s8, 3f
    .irp    i, 0, 1, 2
    andi    gp, s7, 1 << \i
    beqz    gp, 4f
    key_copy \i
4:
    .endr
    j       4f
    /* Data key 0 where a key is accepted and was not sent. */
3:  .irp    i, 0, 1, 2
    andi    gp, s7, 1 << \i
    beqz    gp, 2f
    andi    gp, s8, 1 << \i
    beqz    gp, 1f
    key_copy \i
    j       2f
1:  slot_of gp, s6, \i, s1
    sd      zero, NODE_SLOT + KEY_HEAD(gp)
    sd      zero, NODE_SLOT + KEY_COUNT(gp)
    sd      s5, NODE_SLOT + KEY_OBJECT(gp) /* a hint only: any node frame will do */
2:
    .endr
4:  jr      s2

    /* The string reaches the target, or the message goes the general way; nothing may fail after
     * it. t0 becomes 0. a4: its length. s5: where to go on. */
string_pass:
    andi    s7, s6, ENTRY_STRING_BITS
    andi    s8, a1, STRING_MEMORY_BITS
    bnez    s8, string_from_memory
    li      t0, 0
    addi    s8, s7, -STRING_REGISTERS_BITS
    beqz    s8, string_done
    bnez    s7, trap_save_ecall_rest
    j       string_drop
string_unwanted:
    li      t0, 0
    lui     s8, STRING_MEMORY_ROOM >> 12
    bgtu    a4, s8, trap_save_ecall_rest
string_drop:
    clear   28, 29, 30, 31
string_done:
    jr      s5

    /* From the page of the sender that the general path found last, into the target's buffer, which
     * was found writable: both as far as they are known, and both aligned. */
string_from_memory:
    ld      s8, DOMAIN_STRING_START(sp)
    bltu    a3, s8, trap_save_ecall_rest
    add     s9, a3, a4
    ld      s8, DOMAIN_STRING_END(sp)
    bgtu    s9, s8, trap_save_ecall_rest
    beqz    s7, string_unwanted
    addi    s7, s7, -STRING_MEMORY_BITS
    bnez    s7, trap_save_ecall_rest
    ld      s8, DOMAIN_BUFFER_ADDR(s4)
    bltz    s8, trap_save_ecall_rest
    ld      s8, DOMAIN_BUFFER_ROOM(s4)
    bgtu    a4, s8, trap_save_ecall_rest /* also keeps a3 + a4 from wrapping */
    ld      s8, DOMAIN_STRING_DELTA(sp)
    add     s8, s8, a3
    ld      s9, DOMAIN_BUFFER_DATA(s4)
    or      s10, s8, s9
    andi    s10, s10, 7
    bnez    s10, trap_save_ecall_rest
    /* commit. s8, s9: from, to. Each pair of instructions copies 8 bytes and is 8 bytes long, so
     * that one number skips what the last part of a block has too much of both. */
    andi    s10, a4, COPY_BLOCK_BYTES - 8
    addi    s10, s10, -COPY_BLOCK_BYTES
    srli    s11, a4, COPY_BLOCK_SHIFT
    add     s8, s8, s10
    add     s9, s9, s10
    la      s7, copy_block
    sub     s7, s7, s10
    jr      s7
    .option norvc
copy_block:
    .set    copied, 0
    .rept   COPY_BLOCK_BYTES / 8
    ld      s7, copied(s8)
    sd      s7, copied(s9)
    .set    copied, copied + 8
    .endr
    .option rvc
    addi    s8, s8, COPY_BLOCK_BYTES
    addi    s9, s9, COPY_BLOCK_BYTES
    addi    s11, s11, -1
    bgez    s11, copy_block
    andi    t0, a4, 7
    beqz    t0, string_drop
2:  lbu     s7, 0(s8)
    sb      s7, 0(s9)
    addi    s8, s8, 1
    addi    s9, s9, 1
    addi    t0, t0, -1
    bnez    t0, 2b
    j       string_drop

    /* The target becomes the one who pays, or the message goes the general way. a7: where to go on;
     * t1 is 0. Of the rest C may change what is not kept: t0, ra, and what is sent. */
meter_ask:
    mv      s8, a7
    mv      s9, ra
    mv      s10, t0
    mv      s11, sp
    each    sd, sp, SENT
    mv      a0, s4
    kernel_enter
    jal     meter_hand_over
    mv      s7, a0
    mv      sp, s11
    mv      t0, s10
    mv      ra, s9
    clear   6, 7
    each    ld, sp, SENT
    beqz    s7, trap_save_ecall_rest
    jr      s8

    /* A data key: RC_DATA_KEY and its number, unless the order asks for more. */
data_key:
    andi    t0, a2, ENTRY_FORM
    addi    t0, t0, -ENTRY_CODE_BIT
    bnez    t0, trap_save_ecall
    addi    t2, a0, -1
    beqz    t2, trap_save_ecall
    li      t3, 0
    beqz    t1, 1f
    ld      t3, NODE_SLOT + KEY_COUNT(gp)
    li      t1, 0
1:  li      a0, (1 << 31) + RC_DATA_KEY_LOW
    li      a4, 8
    j       kernel_key_done

    /* CALL of a key that the kernel answers. gp: its slot. Callee-saved registers stay where they
     * are. */
kernel_key:
    andi    t1, a2, ENTRY_STRING_BITS
    beqz    t1, 1f
    addi    t2, t1, -STRING_REGISTERS_BITS
    bnez    t2, trap_save_ecall
1:  andi    t2, ra, 0xff
    beqz    t2, data_key
    addi    t2, t2, -TYPE_NODE
    beqz    t2, node_fetch
    addi    t2, t2, TYPE_NODE - TYPE_FETCH
    bnez    t2, trap_save_ecall

    /* Fetch from a node that is nothing but a node: key 0 of the answer. */
node_fetch:
    sltiu   t0, a0, ORDERS_OF_FETCH
    beqz    t0, trap_save_ecall
    andi    t0, a2, ENTRY_FORM & ~ENTRY_CODE_BIT
    addi    t0, t0, -1
    bnez    t0, trap_save_ecall
    ld      a7, NODE_SLOT + KEY_OBJECT(gp)
    srli    t2, ra, 16
    same    t2, t0, NODE_ID(a7), trap_save_ecall
    ld      t2, NODE_SLOT + KEY_COUNT(gp)
    same    t2, t0, NODE_ALLOCATION_COUNT(a7), trap_save_ecall
    lbu     t0, NODE_ROLE(a7)
    bnez    t0, trap_save_ecall
    lbu     t0, DOMAIN_SPECIAL(sp)
    bnez    t0, trap_save_ecall
    /* commit */
    slli    a0, a0, KEY_SHIFT
    add     a7, a7, a0
    ld      ra, DOMAIN_KEYS(sp)
    slot_of t2, a2, 0, ra
    .irp    word, KEY_HEAD, KEY_COUNT, KEY_OBJECT
    ld      ra, NODE_SLOT + \word(a7)
    sd      ra, NODE_SLOT + \word(t2)
    .endr
    clear   10, 14, 6, 28

    /* The sender goes on. a0, a4, t3: the answer; t0, t1 are 0. */
kernel_key_done:
    csrr    ra, sepc
    addi    ra, ra, ECALL_BYTES
    csrw    sepc, ra
    ld      gp, 24(sp)
    ld      sp, 16(sp)
    clear   1, 7, 11, 12, 13, 15, 16, 17, 29, 30, 31
    sret
