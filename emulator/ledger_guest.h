/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_guest.h - what the ledger reads in the memory of our kernel, by kernel/arch/offsets.h.
 *
 * Used by the ledger. Calls cpu.h. Reads only; an address that is none of RAM reads as 0.
 */
#ifndef LATCHKEY_EMULATOR_LEDGER_GUEST_H
#define LATCHKEY_EMULATOR_LEDGER_GUEST_H

#include "emulator/base/elf_file.h"
#include "emulator/cpu.h"

struct ledger_guest {
    const uint8_t *ram;
    uint64_t ram_bytes;
    uint64_t physical_offset; /* virtual address - physical address */
    bool ours;                /* the kernel is ours: what follows knows its structures */
};

/* Who runs in user mode: a domain by its root node and its meter, both object ids. Of another
 * kernel: its address space. */
struct ledger_who {
    uint64_t domain, meter;
};

/* ledger_guest_find - is this the kernel whose structures we know? elf NULL: no. */
void ledger_guest_find(struct ledger_guest *guest, struct cpu *cpu, const struct elf_file *elf,
                       uint64_t physical_offset);
/* ledger_guest_who - by sscratch, where our kernel keeps who runs; else by satp. */
struct ledger_who ledger_guest_who(const struct ledger_guest *guest, uint64_t sscratch,
                                   uint64_t satp);
/* ledger_guest_key - the head of the key in a slot of the domain's keys node. */
uint64_t ledger_guest_key(const struct ledger_guest *guest, uint64_t sscratch, unsigned slot);
/* ledger_head_object - the object that a key names. */
uint64_t ledger_head_object(uint64_t head);

#endif
