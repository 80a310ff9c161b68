/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_guest.c - follows the kernel's own pointers, in guest RAM, from the outside. Called by the
 * ledger at each crossing. What is read there is never trusted: it only names rows. */
#include "emulator/ledger_guest.h"

#include <assert.h>
#include <string.h>

#include "devices/board.h"
#include "kernel/abi.h"
#include "kernel/arch/offsets.h"

#define SATP_PPN_MASK ((UINT64_C(1) << 44) - 1)
#define HEAD_OBJECT_SHIFT 16 /* kernel/key.h */

void ledger_guest_find(struct ledger_guest *guest, struct cpu *cpu, const struct elf_file *elf,
                       uint64_t physical_offset)
{
    uint64_t addr;
    *guest = (struct ledger_guest){.ram = cpu_ram(cpu),
                                   .ram_bytes = cpu_ram_bytes(cpu),
                                   .physical_offset = physical_offset};
    assert(guest->ram);
    guest->ours = elf && elf_symbol(elf, "trap_entry", &addr) &&
                  elf_symbol(elf, "arch_enter", &addr) && elf_symbol(elf, "domain_nobody", &addr);
}

static uint64_t word_at(const struct ledger_guest *guest, uint64_t addr)
{
    uint64_t word = 0, offset = addr - guest->physical_offset - BOARD_RAM_BASE;
    if (offset < guest->ram_bytes && guest->ram_bytes - offset >= sizeof(word))
        memcpy(&word, guest->ram + offset, sizeof(word));
    return word;
}

static uint64_t slot_head(const struct ledger_guest *guest, uint64_t node, unsigned slot)
{
    return word_at(guest, node + NODE_SLOT + ((uint64_t)slot << KEY_SHIFT) + KEY_HEAD);
}

uint64_t ledger_head_object(uint64_t head)
{
    return head >> HEAD_OBJECT_SHIFT;
}

struct ledger_who ledger_guest_who(const struct ledger_guest *guest, uint64_t sscratch,
                                   uint64_t satp)
{
    if (!guest->ours)
        return (struct ledger_who){.domain = satp & SATP_PPN_MASK};
    uint64_t root = word_at(guest, sscratch + DOMAIN_ROOT);
    return (struct ledger_who){
        .domain = word_at(guest, root + NODE_ID),
        .meter = ledger_head_object(slot_head(guest, root, DOMAIN_SLOT_METER))};
}

uint64_t ledger_guest_key(const struct ledger_guest *guest, uint64_t sscratch, unsigned slot)
{
    assert(slot < NODE_SLOTS);
    return slot_head(guest, word_at(guest, sscratch + DOMAIN_KEYS), slot);
}
