/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_decode.h - the little that the host must know about RV64GC instruction words.
 *
 * Who calls: the other emulator/cpu_*.c files; timing_predict.h takes enum decode_end from here.
 * Whom it calls: nobody. Pure functions: an instruction is a 32-bit word, of which a 16-bit
 * instruction uses the low half.
 *
 * Sources: The RISC-V Instruction Set Manual, volume I (20191213), chapters 16 (C) and 24 (opcode
 * map).
 */
#ifndef LATCHKEY_EMULATOR_CPU_DECODE_H
#define LATCHKEY_EMULATOR_CPU_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#define DECODE_CSR_CYCLE 0xc00u
#define DECODE_CSR_TIME 0xc01u
#define DECODE_CSR_INSTRET 0xc02u
#define DECODE_CSR_SIP 0x144u
#define DECODE_CSR_SATP 0x180u

/* decode_length - bytes of the instruction that begins with this 16-bit parcel: 2 or 4. */
unsigned decode_length(uint16_t parcel);

/* How an instruction goes on. */
enum decode_end {
    DECODE_NEXT,   /* to the next */
    DECODE_BRANCH, /* there, or to the next */
    DECODE_JUMP,
    DECODE_CALL,   /* a jump that writes a link register (x1, x5) */
    DECODE_RETURN, /* an indirect jump by a link register that writes none */
};
/* decode_end - volume I table 2.1 for calls and returns. */
enum decode_end decode_end(uint32_t insn);

/* decode_ends_block - is this a jump, branch, return, wait, fence.i, or a CSR access that is not
 * plain?
 *
 * Every instruction for which this holds also ends a translation of the engine, in every mode: so
 * it can define block starts that do not depend on how the engine cuts its translations.
 */
bool decode_ends_block(uint32_t insn);

/* decode_is_system - sret, or a CSR access that is not plain: may change what interrupts are
 * enabled. */
bool decode_is_system(uint32_t insn);

/* decode_is_plain_csr - an access to a CSR that only holds a value (sscratch, sepc, scause, stval),
 * or a read of sstatus: ends no block. */
bool decode_is_plain_csr(uint32_t insn);

/* decode_is_ecall - a trap from U, a firmware call from S. */
bool decode_is_ecall(uint32_t insn);

/* decode_is_wait - WFI. decode_is_fence_i - FENCE.I. */
bool decode_is_wait(uint32_t insn);
bool decode_is_fence_i(uint32_t insn);

/* decode_is_amo_store - AMO or SC: its faults are store faults. */
bool decode_is_amo_store(uint32_t insn);

/* decode_counter_read - a CSR instruction that reads cycle, time or instret and writes nothing.
 *
 * Returns  false for any other instruction; else csr and target register are filled in.
 */
bool decode_counter_read(uint32_t insn, unsigned *csr, unsigned *target);

/* decode_counter_any - an access to any of the 32 counters that U-mode may be allowed to read.
 * number: which, as a bit of scounteren; target: the register read into. */
bool decode_counter_any(uint32_t insn, unsigned *number, unsigned *target);

/* decode_writes_sip, decode_writes_satp - a CSR instruction that may write sip, or satp. */
bool decode_writes_sip(uint32_t insn);
bool decode_writes_satp(uint32_t insn);

/* A plain integer load or store. */
struct memory_op {
    bool store;
    bool extend_sign; /* loads */
    unsigned size_bytes;
    unsigned data;   /* x register loaded or stored */
    unsigned length; /* of the instruction */
};
/* decode_memory_op - false for anything but a plain integer load or store, 16 or 32 bits long. */
bool decode_memory_op(uint32_t insn, struct memory_op *op);
/* decode_loaded - what a load leaves in its register, of which value has the low bytes. */
uint64_t decode_loaded(const struct memory_op *op, uint64_t value);

/* decode_access_bytes - how wide the memory access of an instruction that is no plain load or store
 * is: atomic and floating ones. 8 for all others. */
unsigned decode_access_bytes(uint32_t insn);

/* What the engine does wrong and the host puts right (see cpu_fix.c). */
enum decode_defect {
    DEFECT_NONE,
    DEFECT_RESERVED, /* reserved 16-bit code that the engine executes as a no-op */
    DEFECT_FLOAT,    /* 16-bit floating load or store: a no-op instead of illegal when FS is Off */
    DEFECT_AMO,      /* amomin/amomax/amominu/amomaxu.w: wrong results */
    DEFECT_COUNTER,  /* in U-mode: counters but time are read whatever scounteren says */
};
enum decode_defect decode_defect(uint32_t insn);

/* A read-modify-write of the A extension that DEFECT_AMO names. */
struct amo_op {
    unsigned function;              /* funct5 */
    unsigned addr, operand, target; /* x registers */
};
struct amo_op decode_amo_op(uint32_t insn);
/* decode_amo_result - the word that amomin/amomax(u).w stores. */
uint32_t decode_amo_result(unsigned function, uint32_t memory, uint32_t operand);

#endif
