/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unwind.h - from a place in a RISC-V program to the place that called it, by the call frame
 * information that its compiler left (DWARF 5, section 6.4; .debug_frame of an ELF file).
 *
 * Used by campaign_write.c. Calls elf_file.h.
 *
 * Invariants
 *  1. Nothing of the section is trusted: every read of it is bounded, and so is the work.
 */
#ifndef LATCHKEY_BASE_UNWIND_H
#define LATCHKEY_BASE_UNWIND_H

#include "emulator/base/elf_file.h"

#define UNWIND_REGISTERS 32u

struct unwind_frame {
    uint64_t pc;
    uint64_t x[UNWIND_REGISTERS];
};

/* The memory of the program; read: one aligned doubleword, or false. */
struct unwind_memory {
    void *context;
    bool (*read)(void *context, uint64_t addr, uint64_t *value);
};

/* unwind_caller - go from a frame to the one that called it: pc and registers as they will be after
 * the return.
 *
 * innermost  the frame is stopped at pc; else it has called, and pc is where that returns to.
 * Returns    false, and the frame is as it was, when the file does not say.
 */
bool unwind_caller(const struct elf_file *elf, const struct unwind_memory *memory, bool innermost,
                   struct unwind_frame *frame);

#endif
