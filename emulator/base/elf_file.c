/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elf_file.c - reads executables through libelf and checks every number before it is used. Called
 * by the loader and the image builder. */
#include "emulator/base/elf_file.h"

#include <assert.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"
#include "emulator/base/memory.h"

bool elf_is(const uint8_t *data, size_t size_bytes)
{
    return size_bytes >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

static bool segment_add(struct elf_file *elf, const GElf_Phdr *header, const char *path,
                        struct error *error)
{
    if (header->p_type != PT_LOAD || header->p_memsz == 0)
        return true;
    if (elf->segment_count == ELF_SEGMENTS_MAX)
        return error_set(error, ERROR_FORMAT, "%.150s: more than %u loadable segments", path,
                         ELF_SEGMENTS_MAX);
    if (header->p_offset > elf->image_bytes ||
        header->p_filesz > elf->image_bytes - header->p_offset)
        return error_set(error, ERROR_FORMAT, "%.150s: truncated: a segment ends outside the file",
                         path);
    if (header->p_filesz > header->p_memsz || header->p_memsz > ELF_MEMORY_BYTES_MAX ||
        header->p_vaddr > UINT64_MAX - header->p_memsz ||
        header->p_paddr > UINT64_MAX - header->p_memsz)
        return error_set(error, ERROR_FORMAT, "%.150s: a segment has an impossible size", path);
    elf->segments[elf->segment_count++] = (struct elf_segment){
        .virtual_addr = header->p_vaddr,
        .physical_addr = header->p_paddr,
        .memory_bytes = header->p_memsz,
        .data = elf->image + header->p_offset,
        .data_bytes = header->p_filesz,
        .writable = header->p_flags & PF_W,
        .executable = header->p_flags & PF_X,
    };
    return true;
}

static bool headers_read(struct elf_file *elf, Elf *handle, const char *path,
                         struct error *error)
{
    GElf_Ehdr header;
    size_t count;
    if (elf_kind(handle) != ELF_K_ELF || !gelf_getehdr(handle, &header))
        return error_set(error, ERROR_FORMAT, "%.150s: not an ELF file", path);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != EM_RISCV || header.e_type != ET_EXEC)
        return error_set(error, ERROR_FORMAT, "%.150s: not a 64-bit RISC-V executable", path);
    if (elf_getphdrnum(handle, &count) != 0 || count > 1024)
        return error_set(error, ERROR_FORMAT, "%.150s: bad program headers", path);
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;
        if (!gelf_getphdr(handle, (int)i, &segment))
            return error_set(error, ERROR_FORMAT, "%.150s: truncated program headers", path);
        if (!segment_add(elf, &segment, path, error))
            return false;
    }
    elf->entry = header.e_entry;
    if (elf->segment_count == 0)
        return error_set(error, ERROR_FORMAT, "%.150s: nothing to load", path);
    return true;
}

/* Sections are only for people: what is wrong with them is left alone. */
static void sections_find(struct elf_file *elf, Elf *handle)
{
    struct elf_section panics = {0};
    const struct {
        const char *name;
        struct elf_section *section;
    } known[] = {{".debug_panics", &panics},
                 {".debug_frame", &elf->frames},
                 {".symtab", &elf->symbols},
                 {".strtab", &elf->names}};
    size_t names;
    Elf_Scn *section = NULL;
    if (elf_getshdrstrndx(handle, &names) != 0)
        return;
    while ((section = elf_nextscn(handle, section)) != NULL) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
            continue;
        const char *name = elf_strptr(handle, names, header.sh_name);
        if (!name || header.sh_offset > elf->image_bytes ||
            header.sh_size > elf->image_bytes - header.sh_offset)
            continue;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            if (strcmp(name, known[i].name) == 0)
                *known[i].section = (struct elf_section){elf->image + header.sh_offset,
                                                         header.sh_size};
    }
    elf->panics = panics.data;
    elf->panics_bytes = panics.size_bytes;
}

/* The next symbol that has a place among the names, from *at on, which is then behind it. false:
 * that was all. */
static bool symbol_next(const struct elf_file *elf, size_t *at, Elf64_Sym *symbol)
{
    while (elf->symbols.size_bytes - *at >= sizeof(*symbol)) {
        memcpy(symbol, elf->symbols.data + *at, sizeof(*symbol));
        *at += sizeof(*symbol);
        if (symbol->st_name < elf->names.size_bytes)
            return true;
    }
    return false;
}

/* Without what a compiler appends. false: nothing is left. */
static bool name_copy(const struct elf_file *elf, const Elf64_Sym *symbol,
                      char name[ELF_NAME_BYTES])
{
    const char *text = (const char *)elf->names.data + symbol->st_name;
    size_t left = elf->names.size_bytes - symbol->st_name, length = 0;
    assert(symbol->st_name < elf->names.size_bytes);
    while (length < left && length < ELF_NAME_BYTES - 1 && text[length] != '\0' &&
           text[length] != '.')
        length++;
    memcpy(name, text, length);
    name[length] = '\0';
    return length > 0;
}

bool elf_function_at(const struct elf_file *elf, uint64_t addr, char name[ELF_NAME_BYTES])
{
    Elf64_Sym symbol;
    for (size_t at = 0; symbol_next(elf, &at, &symbol);)
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && addr >= symbol.st_value &&
            addr - symbol.st_value < symbol.st_size)
            return name_copy(elf, &symbol, name);
    return false;
}

static bool is_code(const struct elf_file *elf, const Elf64_Sym *symbol)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    if (type != STT_FUNC && type != STT_NOTYPE)
        return false;
    for (unsigned i = 0; i < elf->segment_count; i++)
        if (elf->segments[i].executable &&
            symbol->st_value - elf->segments[i].virtual_addr < elf->segments[i].memory_bytes)
            return true;
    return false;
}

/* By address; a function comes after the labels there. */
static int function_compare(const void *left, const void *right)
{
    const struct elf_function *one = left, *other = right;
    if (one->addr != other->addr)
        return one->addr < other->addr ? -1 : 1;
    if (one->label != other->label)
        return one->label ? -1 : 1;
    return strcmp(one->name, other->name);
}

/* Of those at one address the last one stays. */
static size_t functions_sort(struct elf_function *functions, size_t count)
{
    size_t kept = 0;
    qsort(functions, count, sizeof(*functions), function_compare);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && functions[kept - 1].addr == functions[i].addr)
            kept--;
        functions[kept++] = functions[i];
    }
    return kept;
}

size_t elf_functions(const struct elf_file *elf, struct elf_function **functions)
{
    Elf64_Sym symbol;
    size_t count = 0, capacity = 0;
    *functions = NULL;
    for (size_t at = 0; symbol_next(elf, &at, &symbol);) {
        if (!is_code(elf, &symbol))
            continue;
        *functions = memory_grow(*functions, count, &capacity, sizeof(**functions));
        struct elf_function *function = &(*functions)[count];
        function->addr = symbol.st_value;
        function->label = ELF64_ST_TYPE(symbol.st_info) != STT_FUNC;
        /* $x and $d say what follows, code or data. */
        count += name_copy(elf, &symbol, function->name) && function->name[0] != '$';
    }
    return count ? functions_sort(*functions, count) : 0;
}

bool elf_symbol(const struct elf_file *elf, const char *name, uint64_t *value)
{
    Elf64_Sym symbol;
    char text[ELF_NAME_BYTES];
    for (size_t at = 0; symbol_next(elf, &at, &symbol);)
        if (name_copy(elf, &symbol, text) && strcmp(text, name) == 0) {
            *value = symbol.st_value;
            return true;
        }
    return false;
}

const char *elf_panic_text(const struct elf_file *elf, uint64_t addr)
{
    const uint8_t *at = elf->panics, *end = at + elf->panics_bytes;
    while ((size_t)(end - at) > sizeof(addr)) {
        uint64_t recorded;
        memcpy(&recorded, at, sizeof(recorded));
        at += sizeof(recorded);
        const uint8_t *text_end = memchr(at, '\0', (size_t)(end - at));
        if (!text_end)
            return NULL;
        if (recorded == addr)
            return (const char *)at;
        at = text_end + 1;
    }
    return NULL;
}

bool elf_file_take(struct elf_file *elf, uint8_t *image, size_t image_bytes, const char *name,
                   struct error *error)
{
    *elf = (struct elf_file){.image = image, .image_bytes = image_bytes};
    if (!elf_is(elf->image, elf->image_bytes))
        return error_set(error, ERROR_FORMAT, "%.150s: not an ELF file", name);
    unsigned version = elf_version(EV_CURRENT);
    assert(version != EV_NONE);
    Elf *handle = elf_memory((char *)elf->image, elf->image_bytes);
    if (!handle)
        return error_set(error, ERROR_FORMAT, "%.150s: not an ELF file", name);
    bool good = headers_read(elf, handle, name, error);
    if (good)
        sections_find(elf, handle);
    elf_end(handle);
    return good;
}

bool elf_file_open(struct elf_file *elf, const char *path, struct error *error)
{
    uint8_t *image;
    size_t image_bytes;
    *elf = (struct elf_file){0};
    return input_read(path, ELF_FILE_BYTES_MAX, &image, &image_bytes, error) &&
           elf_file_take(elf, image, image_bytes, path, error);
}

void elf_file_finish(struct elf_file *elf)
{
    free(elf->image);
    *elf = (struct elf_file){0};
}
