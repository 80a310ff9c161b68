/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elf_file.h - the loadable part of a RISC-V ELF64 executable; the only door to libelf.
 *
 * Used by the machine's loader (kernels, by physical address) and by the image builder (domain
 * programs, by virtual address).
 */
#ifndef LATCHKEY_BASE_ELF_FILE_H
#define LATCHKEY_BASE_ELF_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "emulator/base/error.h"

#define ELF_SEGMENTS_MAX 16u
#define ELF_FILE_BYTES_MAX (256u << 20)
#define ELF_MEMORY_BYTES_MAX (1ull << 32) /* of one segment */

struct elf_segment {
    uint64_t virtual_addr, physical_addr;
    uint64_t memory_bytes; /* at least data_bytes; the rest is zero */
    const uint8_t *data;   /* inside elf_file.image */
    uint64_t data_bytes;
    bool writable, executable;
};

struct elf_section {
    const uint8_t *data; /* inside elf_file.image */
    size_t size_bytes;
};

struct elf_file {
    uint8_t *image; /* the whole file, owned */
    size_t image_bytes;
    uint64_t entry;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    unsigned segment_count;
    const uint8_t *panics; /* section .debug_panics (kernel/freestanding/panic.h), inside image */
    size_t panics_bytes;   /* 0: there is none */
    /* Sections for people: 0 bytes: there is none. */
    struct elf_section symbols, names, frames; /* .symtab, .strtab, .debug_frame */
};

/* elf_is - do the first bytes say ELF? */
bool elf_is(const uint8_t *data, size_t size_bytes);

/* elf_file_open - read an executable. elf is safe to finish even after failure.
 *
 * Errors   ERROR_IO as input_read(); ERROR_FORMAT not ELF64 RISC-V, truncated, a segment outside
 *          the file, more than ELF_SEGMENTS_MAX loadable segments, or none.
 */
MUST_CHECK bool elf_file_open(struct elf_file *elf, const char *path, struct error *error);
/* elf_file_take - the same for an executable already read: image, from malloc(), becomes elf's also
 * on failure. name is for errors only. */
MUST_CHECK bool elf_file_take(struct elf_file *elf, uint8_t *image, size_t image_bytes,
                              const char *name, struct error *error);
/* elf_panic_text - why a kernel stops at this address: "FILE:LINE: TEXT"; NULL: it does not say. */
const char *elf_panic_text(const struct elf_file *elf, uint64_t addr);
#define ELF_NAME_BYTES 64u
/* elf_function_at - the name of the function that has this address, without what a compiler appends
 * after a dot. false: none that the file names has it. */
bool elf_function_at(const struct elf_file *elf, uint64_t addr, char name[ELF_NAME_BYTES]);
/* One that the file names, with what lies before the next one. */
struct elf_function {
    uint64_t addr;
    bool label;
    char name[ELF_NAME_BYTES];
};
/* elf_functions - all of them, and the labels of assembler code that have names, by rising address;
 * one a place. The caller frees *functions, which is NULL when there are none. Returns how many. */
size_t elf_functions(const struct elf_file *elf, struct elf_function **functions);
/* elf_symbol - the value of a symbol. false: there is none of this name. */
bool elf_symbol(const struct elf_file *elf, const char *name, uint64_t *value);
void elf_file_finish(struct elf_file *elf);

#endif
