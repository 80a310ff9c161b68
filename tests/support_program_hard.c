/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_program_hard.c - pieces of random programs that are hard on an emulator: atomics, what
 * lies on two pages, jumps through registers, code that changes its length, and what only S-mode
 * may do. Called by support_program.c; calls nobody else. See support_program_writer.h for the
 * registers. */
#include "tests/guest/stress.h"
#include "tests/support_program_writer.h"

#define FENCE_I 0x0000100fu
#define WFI 0x10500073u
#define SRET 0x10200073u
#define BREAK_16 0x9002u
#define CSR_SSTATUS 0x100u
#define CSR_SIE 0x104u
#define CSR_SEPC 0x141u
#define CSR_SIP 0x144u
#define CSR_SATP 0x180u
#define PAD_BYTES_MAX 240u

/* POINTER: to that byte of the data page. */
static void aim(struct writer *writer, uint32_t offset)
{
    wide(writer, immediate(offset, DATA, 0, POINTER, 0x13));
}

static uint32_t addi_16(uint32_t target, uint32_t value)
{
    return 0x0001 | (value >> 5 & 1) << 12 | target << 7 | (value & 31) << 2;
}

/* A CSR instruction; f3 1 to 3: operand is a register, 5 to 7: a number. */
static uint32_t csr(uint32_t number, uint32_t f3, uint32_t operand, uint32_t target)
{
    return number << 20 | operand << 15 | f3 << 12 | target << 7 | 0x73;
}

static uint32_t any_atomic(struct writer *writer)
{
    static const uint8_t functions[] = {0, 1, 4, 8, 12, 16, 20, 24, 28};
    return ONE_OF(writer, functions);
}

static void reservation(struct writer *writer, uint32_t width)
{
    wide(writer, atomic(2, width, 0, work(writer)));
    for (uint32_t i = below(writer, 4); i > 0; i--)
        write_plain(writer);
    wide(writer, atomic(3, width, work(writer), work(writer)));
}

static void reservation_loop(struct writer *writer, uint32_t width)
{
    uint32_t top = writer->at, value = work(writer), failed = work(writer);
    wide(writer, atomic(2, width, 0, value));
    wide(writer, immediate(below(writer, 4096), value, 0, value, 0x13));
    wide(writer, atomic(3, width, value, failed));
    wide(writer, branch(1, failed, 0, top - writer->at));
}

static void atomics(struct writer *writer)
{
    uint32_t width = below(writer, 4) ? 3 : 2, choice = below(writer, 6);
    uint32_t offset = below(writer, 250) * 8;
    aim(writer, choice < 5 && below(writer, 12) == 0 ? offset + 1 + below(writer, 7) : offset);
    switch (choice) {
    case 0:
    case 1:
    case 2:
        wide(writer, atomic(any_atomic(writer), width, work(writer), work(writer)));
        break;
    case 3:
        reservation(writer, width);
        break;
    case 4:
        wide(writer, atomic(3, width, work(writer), work(writer)));
        break;
    default:
        reservation_loop(writer, width);
        break;
    }
}

static void data_crossing(struct writer *writer)
{
    if (writer->shape->data_pages < 2)
        return;
    uint32_t page = 1 + below(writer, writer->shape->data_pages - 1);
    load_upper(writer, DATA, STRESS_DATA_ADDR + page * 4096);
    narrow(writer, addi_16(DATA, 0u - 1 - below(writer, 7)));
    switch (below(writer, 7)) {
    case 0:
    case 1:
        wide(writer, immediate(0, DATA, below(writer, 7), work(writer), 0x03));
        break;
    case 2:
    case 3:
        wide(writer, store(0, work(writer), DATA, below(writer, 4)));
        break;
    case 4:
        narrow(writer, (below(writer, 2) ? 0x6000 : 0xe000) | work_narrow(writer) << 2);
        break;
    case 5: /* fld, fsd */
        wide(writer, below(writer, 2) ? immediate(0, DATA, 3, below(writer, 32), 0x07)
                                      : store(0, below(writer, 32), DATA, 3) | 4);
        break;
    default:
        aim(writer, 0);
        wide(writer, atomic(any_atomic(writer), 3, work(writer), work(writer)));
        break;
    }
    load_upper(writer, DATA, STRESS_DATA_ADDR + (page - below(writer, 2)) * 4096);
}

/* 16 bits that may stand at the end of a page. */
static uint32_t edge_16(struct writer *writer)
{
    static const uint16_t codes[] = {BREAK_16, 0, 0x8004, 0x2008, 0xa009, 0x0001};
    return codes[below(writer, sizeof(codes) / sizeof(*codes))];
}

/* 32 bits that may lie on two pages. */
static uint32_t edge_32(struct writer *writer)
{
    switch (below(writer, 11)) {
    case 0:
        return immediate(below(writer, 2040), DATA, below(writer, 7), work(writer), 0x03);
    case 1:
        return store(below(writer, 2040), work(writer), DATA, below(writer, 4));
    case 2:
        return csr(0xc00 + below(writer, 3), 2, 0, work(writer));
    case 3:
        return 0xffffffff;
    case 4:
        return atomic(any_atomic(writer), 2, work(writer), work(writer));
    case 5:
        return atomic(any_atomic(writer), 3, work(writer), work(writer));
    case 6:
        return jump(0, 4);
    case 7:
        return branch(below(writer, 2), work(writer), work(writer), 4);
    case 8:
        return FENCE_I;
    case 9:
        return csr(CSR_SSTATUS, 2, 0, work(writer)); /* illegal in U */
    default:
        return immediate(below(writer, 4096), work(writer), 0, work(writer), 0x13);
    }
}

static void code_crossing(struct writer *writer)
{
    uint32_t left = (4094 - writer->at % 4096) % 4096;
    if (left < 4 || left > PAD_BYTES_MAX)
        return;
    aim(writer, below(writer, 250) * 8);
    for (left -= 4; left > 0; left -= 2)
        narrow(writer, addi_16(work(writer), below(writer, 64)));
    assert(writer->at % 4096 == 4094);
    switch (below(writer, 4)) {
    case 0:
        narrow(writer, edge_16(writer));
        break;
    case 1:
        narrow(writer, 0x0001);
        narrow(writer, edge_16(writer));
        break;
    case 2:
        narrow(writer, 0x0001);
        wide(writer, edge_32(writer));
        break;
    default:
        wide(writer, edge_32(writer));
        break;
    }
}

static void register_jump(struct writer *writer)
{
    uint32_t junk = below(writer, 6), form = below(writer, 4), size = form < 2 ? 2 : 4;
    wide(writer, POINTER << 7 | 0x17); /* auipc */
    wide(writer, immediate(8 + size + 2 * junk, POINTER, 0, POINTER, 0x13));
    if (form < 2)
        narrow(writer, (form ? 0x9002 : 0x8002) | POINTER << 7);
    else
        wide(writer, immediate(0, POINTER, 0, form == 3 ? LINK : 0, 0x67));
    for (uint32_t i = 0; i < junk; i++)
        narrow(writer, 0);
}

static void subroutine(struct writer *writer)
{
    wide(writer, jump(LINK, 8));
    uint32_t over = writer->at;
    wide(writer, 0);
    for (uint32_t i = below(writer, 5); i > 0; i--)
        write_plain(writer);
    narrow(writer, 0x8082); /* ret */
    uint32_t end = writer->at;
    writer->at = over;
    wide(writer, jump(0, end - over));
    writer->at = end;
}

static void inner_loop(struct writer *writer)
{
    wide(writer, immediate(1 + below(writer, 30), 0, 0, INNER, 0x13));
    uint32_t top = writer->at;
    for (uint32_t i = 1 + below(writer, 6); i > 0; i--)
        write_plain(writer);
    narrow(writer, addi_16(INNER, 0u - 1));
    wide(writer, branch(1, INNER, 0, top - writer->at));
}

/* 4 bytes that do no harm whatever was there before. */
static uint32_t patch_bytes(struct writer *writer)
{
    uint32_t first = addi_16(work(writer), below(writer, 64));
    switch (below(writer, 7)) {
    case 0:
    case 1:
        return first | 0x0001u << 16;
    case 2:
        return first | edge_16(writer) << 16;
    case 3:
        return 0xa011u; /* c.j over the other half */
    case 4:
        return writer->shape->hard & PROGRAM_PRIVILEGED ? 0xffffffff : WFI;
    default:
        return edge_32(writer);
    }
}

static void patch(struct writer *writer)
{
    if (writer->patch_count < SLOTS_MAX && below(writer, 2)) {
        aim(writer, below(writer, 250) * 8); /* should it become an atomic */
        writer->patches[writer->patch_count++] = writer->at;
        wide(writer, patch_bytes(writer));
        return;
    }
    if (writer->patch_count == 0)
        return;
    uint32_t slot = writer->patches[below(writer, writer->patch_count)];
    uint32_t bytes = patch_bytes(writer);
    load_constant(writer, POINTER, STRESS_ALIAS_ADDR + slot);
    load_constant(writer, 6, bytes);
    if (slot % 4 == 0 && below(writer, 4) == 0) {
        wide(writer, atomic(1, 2, 6, 0)); /* amoswap.w */
    } else if (below(writer, 2)) {
        wide(writer, store(0, 6, POINTER, 2));
    } else {
        wide(writer, store(0, 6, POINTER, 1));
        wide(writer, 16u << 20 | 6 << 15 | 5 << 12 | 6 << 7 | 0x13); /* srli */
        wide(writer, store(2, 6, POINTER, 1));
    }
    wide(writer, FENCE_I);
}

static void floats_16(struct writer *writer)
{
    uint32_t saves = below(writer, 2) << 15, bits = below(writer, 0x800);
    if (below(writer, 2)) /* from x8 */
        narrow(writer, 0x2000 | saves | (bits & 7) << 2 | (bits >> 3 & 3) << 5 |
                           (bits >> 5 & 7) << 10);
    else if (saves)
        narrow(writer, 0xa002 | (bits & 31) << 2 | (bits >> 5 & 63) << 7);
    else
        narrow(writer, 0x2002 | (bits & 31) << 7 | (bits >> 5 & 31) << 2 | (bits >> 10) << 12);
}

static void calls(struct writer *writer)
{
    static const uint8_t numbers[] = {STRESS_CALL_YIELD, STRESS_CALL_YIELD, STRESS_CALL_MOVE,
                                      STRESS_CALL_SLEEP, STRESS_CALL_DIRTY, STRESS_CALL_LOOK,
                                      STRESS_CALL_COUNTERS};
    write_call(writer, ONE_OF(writer, numbers));
}

static void forbidden(struct writer *writer)
{
    static const uint32_t codes[] = {SRET, 0x30200073, 0x12000073, 0x10002573, 0x14002573,
                                     0x18051073, 0x14416073, 0x30002573, WFI};
    wide(writer, codes[below(writer, sizeof(codes) / sizeof(*codes))]);
}

/* All in one page, with interrupts off: nothing may come between sepc and sret. */
static void supervisor_return(struct writer *writer)
{
    uint32_t junk = below(writer, 4);
    if (writer->at % 4096 > 4096 - 64)
        return;
    wide(writer, csr(CSR_SSTATUS, 7, 2, 0));
    wide(writer, 5u << 7 | 0x17); /* auipc */
    wide(writer, immediate(24 + 2 * junk, 5, 0, 5, 0x13));
    wide(writer, csr(CSR_SEPC, 1, 5, 0));
    wide(writer, immediate(0x120, 0, 0, 6, 0x13)); /* SPP, SPIE */
    wide(writer, csr(CSR_SSTATUS, 2, 6, 0));
    wide(writer, SRET);
    for (uint32_t i = 0; i < junk; i++)
        narrow(writer, 0);
}

static void privileged(struct writer *writer)
{
    static const uint8_t plain[] = {0x41, 0x42, 0x43};
    uint32_t on_off = 6 + below(writer, 2); /* csrrsi, csrrci */
    switch (below(writer, 10)) {
    case 0:
        wide(writer, csr(CSR_SSTATUS, on_off, 2, 0));
        break;
    case 1: /* SUM, MXR */
        load_upper(writer, 5, 0x40000u + below(writer, 3) * 0x40000u);
        wide(writer, csr(CSR_SSTATUS, on_off - 4, 5, below(writer, 2) ? work(writer) : 0));
        break;
    case 2:
        wide(writer, csr(CSR_SIP, on_off, 2, below(writer, 2) ? work(writer) : 0));
        break;
    case 3:
        wide(writer, csr(CSR_SIE, on_off, 2, 0));
        break;
    case 4:
        wide(writer, csr(0x100u | ONE_OF(writer, plain), 1, work(writer), work(writer)));
        break;
    case 5:
        supervisor_return(writer);
        break;
    case 6:
        wide(writer, 0x12000073); /* sfence.vma */
        break;
    case 7:
        wide(writer, csr(CSR_SATP, 2, 0, 5));
        wide(writer, csr(CSR_SATP, 1, 5, 0));
        break;
    case 8: /* a firmware call: a character */
        wide(writer, immediate(1, 0, 0, 17, 0x13));
        wide(writer, 0x73);
        break;
    default:
        wide(writer, writer->shape->hard & PROGRAM_WAITS ? WFI : csr(CSR_SSTATUS, 2, 0, 5));
        break;
    }
}

void write_hard_start(struct writer *writer)
{
    load_upper(writer, 2, STRESS_DATA_ADDR);
}

void write_hard_piece(struct writer *writer)
{
    static void (*const pieces[])(struct writer *) = {
        atomics, NULL, NULL, patch, floats_16, calls, forbidden, privileged,
    };
    uint32_t kind = below(writer, sizeof(pieces) / sizeof(*pieces));
    if (!(writer->shape->hard >> kind & 1))
        return;
    if (pieces[kind]) {
        pieces[kind](writer);
        return;
    }
    uint32_t choice = below(writer, 3);
    if (1u << kind == PROGRAM_CROSSINGS)
        (choice ? code_crossing : data_crossing)(writer);
    else if (choice == 0)
        register_jump(writer);
    else
        (choice == 1 ? subroutine : inner_loop)(writer);
}
