/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loader.c - places kernel, initrd and device tree. Called by machine.c at power-on and reboot;
 * calls base and devicetree. Every address from a file is checked against RAM before a byte is
 * copied. */
#include "emulator/loader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/bytes.h"
#include "emulator/base/elf_file.h"
#include "emulator/base/input_file.h"

#define INITRD_BYTES_MAX (4ull << 30)
#define PAGE_BYTES 4096u
#define PAGE_MASK (PAGE_BYTES - 1ull)
/* Linux Image header: Documentation/riscv/boot-image-header.rst. */
#define IMAGE_MAGIC2_OFFSET 56u
#define IMAGE_MAGIC2 0x05435352u /* "RSC\x05" */
#define IMAGE_OFFSET_OFFSET 8u
#define IMAGE_SIZE_OFFSET 16u
#define IMAGE_HEADER_BYTES 64u

/* Does [addr, addr + size) lie in RAM below limit? */
static bool fits(const struct loader_request *request, uint64_t addr, uint64_t size_bytes,
                 uint64_t limit)
{
    return addr >= request->ram_base && addr <= limit && size_bytes <= limit - addr;
}

static uint8_t *at(const struct loader_request *request, uint64_t addr)
{
    return request->ram + (addr - request->ram_base);
}

/* Do two segments claim the same byte? Then one would silently lose. */
static bool segments_overlap(const struct elf_file *elf)
{
    for (unsigned i = 0; i < elf->segment_count; i++)
        for (unsigned j = 0; j < i; j++) {
            const struct elf_segment *one = &elf->segments[i], *other = &elf->segments[j];
            if (one->physical_addr < other->physical_addr + other->memory_bytes &&
                other->physical_addr < one->physical_addr + one->memory_bytes)
                return true;
        }
    return false;
}

/* Where execution begins. A linker script may name the entry by its virtual or, for code that runs
 * before the MMU is on, by its physical address. */
static bool entry_find(const struct elf_file *elf, uint64_t *entry)
{
    for (unsigned i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        if (elf->entry - segment->virtual_addr < segment->memory_bytes) {
            *entry = elf->entry - segment->virtual_addr + segment->physical_addr;
            return *entry % 2 == 0;
        }
    }
    for (unsigned i = 0; i < elf->segment_count; i++)
        if (elf->entry - elf->segments[i].physical_addr < elf->segments[i].memory_bytes) {
            *entry = elf->entry;
            return *entry % 2 == 0;
        }
    return false;
}

static bool elf_place(const struct loader_request *request, const struct elf_file *elf,
                      uint64_t limit, uint64_t *entry, struct error *error)
{
    for (unsigned i = 0; i < elf->segment_count; i++)
        if (!fits(request, elf->segments[i].physical_addr, elf->segments[i].memory_bytes, limit))
            return error_set(error, ERROR_FORMAT,
                             "%.150s: a segment at 0x%llx does not fit the RAM",
                             request->kernel_path,
                             (unsigned long long)elf->segments[i].physical_addr);
    if (segments_overlap(elf))
        return error_set(error, ERROR_FORMAT, "%.150s: its segments overlap",
                         request->kernel_path);
    if (!entry_find(elf, entry))
        return error_set(error, ERROR_FORMAT, "%.150s: its entry point is in no segment",
                         request->kernel_path);
    for (unsigned i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        memset(at(request, segment->physical_addr), 0, segment->memory_bytes);
        if (segment->data_bytes > 0)
            memcpy(at(request, segment->physical_addr), segment->data, segment->data_bytes);
    }
    return true;
}

static bool elf_load(const struct loader_request *request, uint64_t limit, uint8_t *data,
                     size_t size_bytes, uint64_t *entry, struct error *error)
{
    struct elf_file elf;
    bool good = elf_file_take(&elf, data, size_bytes, request->kernel_path, error) &&
                elf_place(request, &elf, limit, entry, error);
    elf_file_finish(&elf);
    return good;
}

static bool image_load(const struct loader_request *request, uint64_t limit,
                       const uint8_t *data, size_t size_bytes, uint64_t *entry,
                       struct error *error)
{
    if (size_bytes < IMAGE_HEADER_BYTES || load_u32(data + IMAGE_MAGIC2_OFFSET) != IMAGE_MAGIC2)
        return error_set(error, ERROR_FORMAT,
                         "%.150s: neither an ELF executable nor a RISC-V Image",
                         request->kernel_path);
    uint64_t offset = load_u64(data + IMAGE_OFFSET_OFFSET);
    uint64_t memory_bytes = load_u64(data + IMAGE_SIZE_OFFSET);
    if (offset > request->ram_bytes || offset % PAGE_BYTES)
        return error_set(error, ERROR_FORMAT,
                         "%.150s: its load offset is outside the RAM, or not of whole pages",
                         request->kernel_path);
    uint64_t addr = offset ? request->ram_base + offset : LOADER_KERNEL_ADDR;
    if (memory_bytes < size_bytes)
        memory_bytes = size_bytes;
    if (!fits(request, addr, memory_bytes, limit))
        return error_set(error, ERROR_FORMAT, "%.150s: does not fit the RAM", request->kernel_path);
    memcpy(at(request, addr), data, size_bytes);
    *entry = addr;
    return true;
}

static bool kernel_load(const struct loader_request *request, uint64_t limit, uint64_t *entry,
                        struct error *error)
{
    uint8_t *data;
    size_t size_bytes;
    if (!input_read(request->kernel_path, ELF_FILE_BYTES_MAX, &data, &size_bytes, error))
        return false;
    if (size_bytes == 0) {
        free(data);
        return error_set(error, ERROR_FORMAT, "%.150s: empty", request->kernel_path);
    }
    if (elf_is(data, size_bytes))
        return elf_load(request, limit, data, size_bytes, entry, error);
    bool good = image_load(request, limit, data, size_bytes, entry, error);
    free(data);
    return good;
}

/* The initrd, page-aligned, just below limit; *start moves down to it. */
static bool initrd_load(const struct loader_request *request, uint64_t limit, uint64_t *start,
                        uint64_t *end, struct error *error)
{
    uint8_t *data;
    size_t size_bytes;
    *start = *end = limit;
    if (!request->initrd_path)
        return true;
    if (!input_read(request->initrd_path, INITRD_BYTES_MAX, &data, &size_bytes, error))
        return false;
    bool good = size_bytes <= limit - request->ram_base;
    if (good) {
        *start = (limit - size_bytes) & ~PAGE_MASK;
        *end = *start + size_bytes;
        memcpy(at(request, *start), data, size_bytes);
    } else {
        (void)error_set(error, ERROR_FORMAT, "%.150s: larger than the RAM", request->initrd_path);
    }
    free(data);
    return good;
}

bool loader_load(const struct loader_request *request, struct loader_result *result,
                 struct error *error)
{
    uint8_t tree[DEVICETREE_BYTES];
    struct devicetree_facts facts = request->facts;
    uint64_t ram_end = request->ram_base + request->ram_bytes, initrd_start, initrd_end;
    assert(request->ram_bytes > DEVICETREE_BYTES);
    result->tree_addr = (ram_end - DEVICETREE_BYTES) & ~PAGE_MASK;
    if (!initrd_load(request, result->tree_addr, &initrd_start, &initrd_end, error))
        return false;
    if (!kernel_load(request, initrd_start, &result->entry, error))
        return false;
    facts.ram_base = request->ram_base;
    facts.ram_bytes = request->ram_bytes;
    facts.initrd_start = request->initrd_path ? initrd_start : 0;
    facts.initrd_end = request->initrd_path ? initrd_end : 0;
    if (!devicetree_make(tree, &facts, error))
        return false;
    memcpy(at(request, result->tree_addr), tree, sizeof(tree));
    return true;
}
