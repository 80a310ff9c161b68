/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_program.c - see support_program.h. Calls support_program_hard.c for what shape->hard
 * names. */
#include "tests/support_program.h"

#include <string.h>

#include "tests/guest/stress.h"
#include "tests/support_program_writer.h"

uint32_t dice_next(struct dice *dice)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (uint32_t)(dice->state >> 11);
}

uint32_t dice_below(struct dice *dice, uint32_t limit)
{
    assert(limit > 0);
    return dice_next(dice) % limit;
}

static void memory_access(struct writer *writer)
{
    static const uint8_t atomics[] = {0, 1, 4, 8, 12, 16, 20, 24, 28};
    uint32_t offset = below(writer, 2040), register_narrow = work_narrow(writer);
    uint32_t words = below(writer, 8) << 10;
    switch (below(writer, 12)) {
    case 0:
        load_upper(writer, DATA,
                   STRESS_DATA_ADDR + below(writer, writer->shape->data_pages) * 4096);
        break;
    case 1:
    case 2:
    case 3:
        wide(writer, immediate(offset, DATA, below(writer, 7), work(writer), 0x03));
        break;
    case 4:
    case 5:
    case 6:
        wide(writer, (offset >> 5) << 25 | work(writer) << 20 | DATA << 15 |
                         below(writer, 4) << 12 | (offset & 31) << 7 | 0x23);
        break;
    case 7:
        narrow(writer, 0x4000 | register_narrow << 2 | words); /* lw, 16 bits */
        break;
    case 8:
        narrow(writer, 0x6000 | register_narrow << 2 | words); /* ld, 16 bits */
        break;
    case 9:
        narrow(writer, 0xc000 | register_narrow << 2 | words); /* sw, 16 bits */
        break;
    case 10:
        narrow(writer, 0xe000 | register_narrow << 2 | words); /* sd, 16 bits */
        break;
    default:
        wide(writer, ONE_OF(writer, atomics) << 27 | work(writer) << 20 | DATA << 15 | 2 << 12 |
                         work(writer) << 7 | 0x2f);
        break;
    }
}

static void arithmetic(struct writer *writer)
{
    static const uint8_t functions[] = {0, 4, 6, 7, 2, 3};
    uint32_t target = work(writer), a = work(writer), b = work(writer), kind = below(writer, 100);
    if (kind < 40)
        narrow(writer, 0x0001 | target << 7 | below(writer, 32) << 2); /* c.addi */
    else if (kind < 50)
        narrow(writer, 0x9002 | target << 7 | a << 2); /* c.add */
    else if (kind < 58)
        narrow(writer, 0x8002 | target << 7 | a << 2); /* c.mv */
    else if (kind < 64)
        narrow(writer, 0x8c01 | work_narrow(writer) << 7 | work_narrow(writer) << 2 |
                           below(writer, 4) << 5);
    else if (kind < 80)
        wide(writer, immediate(below(writer, 4096), a, ONE_OF(writer, functions), target, 0x13));
    else if (kind < 95) /* register, half of them multiply and divide */
        wide(writer, below(writer, 2) << 25 | b << 20 | a << 15 | below(writer, 8) << 12 |
                         target << 7 | 0x33);
    else
        load_upper(writer, target, dice_next(&writer->dice));
}

void write_plain(struct writer *writer)
{
    if (below(writer, 100) < writer->shape->memory_percent)
        memory_access(writer);
    else
        arithmetic(writer);
}

static void counter(struct writer *writer)
{
    uint32_t csr = 0xc00 + below(writer, 3), target = below(writer, 4) ? work(writer) : 0;
    static const uint8_t functions[] = {2, 3, 6, 7};
    wide(writer, csr << 20 | ONE_OF(writer, functions) << 12 | target << 7 | 0x73);
}

void write_call(struct writer *writer, uint32_t number)
{
    wide(writer, immediate(number, 0, 0, 17, 0x13));
    if (writer->shape->hard & PROGRAM_PRIVILEGED)
        narrow(writer, 0x9002); /* c.ebreak: ecall is a firmware call */
    else
        wide(writer, 0x73);
}

static void trap(struct writer *writer)
{
    switch (below(writer, 9)) {
    case 0:
        narrow(writer, 0x9002); /* c.ebreak */
        break;
    case 1:
        wide(writer, 0xffffffff);
        break;
    case 2:
        narrow(writer, 0);
        break;
    case 3:
        wide(writer, 0xc0201073 | work(writer) << 15); /* csrw instret */
        break;
    case 4:
        narrow(writer, 0x8000 | below(writer, 0x800) << 2); /* reserved */
        break;
    case 5:
        if (writer->shape->hard & PROGRAM_PRIVILEGED)
            wide(writer, 0x0000100f); /* fence.i */
        else
            wide(writer, 0x10500073); /* wfi */
        break;
    case 6:
        write_call(writer, STRESS_CALL_UNMAP);
        break;
    case 7:
        write_call(writer, STRESS_CALL_SOFT);
        break;
    default:
        write_call(writer, 60);
        break;
    }
}

static void floating(struct writer *writer)
{
    static const uint8_t functions[] = {0x01, 0x05, 0x09, 0x0d};
    uint32_t target = below(writer, 32), a = below(writer, 32), b = below(writer, 32);
    switch (below(writer, 8)) {
    case 0:
        wide(writer, 0xd2207053 | work(writer) << 15 | target << 7); /* fcvt.d.l */
        break;
    case 1:
        wide(writer, 0xe2000053 | a << 15 | work(writer) << 7); /* fmv.x.d */
        break;
    case 2:
        wide(writer, 0x00302073 | work(writer) << 7); /* csrr fcsr */
        break;
    case 3:
        wide(writer, 0x00205073 | below(writer, 5) << 15); /* csrwi frm */
        break;
    default:
        wide(writer,
             ONE_OF(writer, functions) << 25 | b << 20 | a << 15 | 7 << 12 | target << 7 | 0x53);
        break;
    }
}

static void device(struct writer *writer)
{
    uint32_t offset = below(writer, 128) * 8;
    load_upper(writer, DATA, STRESS_DEVICE_ADDR);
    switch (below(writer, 5)) {
    case 0: /* its interrupt; 0x400 */
        wide(writer, 0x40000000 | LOOP << 20 | DATA << 15 | 2 << 12 | 0x23);
        break;
    case 1: /* its view of the count, 0x410 */
        wide(writer, immediate(0x410, DATA, 3, work(writer), 0x03));
        break;
    case 2:
        wide(writer, immediate(offset, DATA, below(writer, 7), work(writer), 0x03));
        break;
    case 3:
        narrow(writer, 0xe000 | work_narrow(writer) << 2); /* sd, 16 bits */
        break;
    default:
        wide(writer, (offset >> 5) << 25 | work(writer) << 20 | DATA << 15 |
                         below(writer, 4) << 12 | (offset & 31) << 7 | 0x23);
        break;
    }
    load_upper(writer, DATA, STRESS_DATA_ADDR);
}

/* Change the constant of a c.addi somewhere, then fence.i. */
static void rewrite(struct writer *writer)
{
    if (writer->slot_count < SLOTS_MAX) {
        writer->slots[writer->slot_count++] = writer->at;
        narrow(writer, 0x0001 | 10 << 7 | 1 << 2);
        return;
    }
    uint32_t slot = writer->slots[below(writer, SLOTS_MAX)], addr = STRESS_ALIAS_ADDR + slot;
    uint32_t insn = 0x0001 | 10 << 7 | (1 + below(writer, 31)) << 2;
    load_upper(writer, 5, addr + 0x800);
    load_upper(writer, 6, insn + 0x800);
    wide(writer, immediate(insn, 6, 0, 6, 0x13));
    wide(writer,
         ((addr & 0xfff) >> 5) << 25 | 6 << 20 | 5 << 15 | 1 << 12 | (addr & 31) << 7 | 0x23);
    wide(writer, 0x0000100f); /* fence.i */
}

static void forward_branch(struct writer *writer)
{
    static const uint8_t functions[] = {0, 1, 4, 5, 6, 7};
    uint32_t from = writer->at, count = below(writer, 8);
    wide(writer, 0);
    for (uint32_t i = 0; i < count; i++)
        write_plain(writer);
    uint32_t to = writer->at;
    writer->at = from;
    wide(writer, branch(ONE_OF(writer, functions), work(writer), work(writer), to - from));
    writer->at = to;
}

/* c.j over a few bytes that are no instructions. */
static void forward_jump(struct writer *writer)
{
    uint32_t junk = 1 + below(writer, 5), offset = 2 + 2 * junk;
    narrow(writer, 0xa001 | (offset >> 1 & 7) << 3 | (offset >> 4 & 1) << 11);
    for (uint32_t i = 0; i < junk; i++)
        narrow(writer, 0);
}

static void special(struct writer *writer)
{
    unsigned choice = 1u << below(writer, 5) & writer->shape->special;
    if (choice & PROGRAM_COUNTERS)
        counter(writer);
    if (choice & PROGRAM_TRAPS)
        trap(writer);
    if (choice & PROGRAM_FLOATS)
        floating(writer);
    if (choice & PROGRAM_DEVICE)
        device(writer);
    if (choice & PROGRAM_REWRITES)
        rewrite(writer);
}

void program_make(uint8_t *code, const struct program_shape *shape)
{
    assert(shape->code_pages > 0);
    assert(shape->code_pages <= STRESS_PAGES_MAX);
    assert(shape->data_pages > 0);
    assert(shape->data_pages <= STRESS_PAGES_MAX);
    uint32_t room = shape->hard ? 768 : 256;
    struct writer writer = {.code = code, .end = shape->code_pages * 4096, .shape = shape};
    writer.dice.state = shape->seed * 2654435761u + 88172645463325252u;
    memset(code, 0, writer.end);
    load_upper(&writer, DATA, STRESS_DATA_ADDR);
    if (shape->hard)
        write_hard_start(&writer);
    wide(&writer, immediate(shape->loops, 0, 0, LOOP, 0x13));
    uint32_t end = writer.end;
    if (shape->edge_bytes) {
        wide(&writer, jump(0, 4096 - shape->edge_bytes - writer.at));
        writer.at = 4096 - shape->edge_bytes;
        end = 4096 + shape->edge_bytes + room + 4 * shape->straight_max;
    }
    uint32_t top = writer.at;
    while (writer.at + room + 4 * shape->straight_max < end) {
        uint32_t count = 1 + below(&writer, shape->straight_max);
        for (uint32_t i = 0; i < count; i++)
            write_plain(&writer);
        switch (below(&writer, 4)) {
        case 0:
            forward_branch(&writer);
            break;
        case 1:
            forward_jump(&writer);
            break;
        default:
            special(&writer);
            break;
        }
        if (shape->hard)
            write_hard_piece(&writer);
    }
    wide(&writer, immediate(0xfff, LOOP, 0, LOOP, 0x13)); /* addi x9, x9, -1 */
    wide(&writer, branch(0, LOOP, 0, 8));
    wide(&writer, jump(0, top - writer.at));
    write_call(&writer, STRESS_CALL_END);
}
