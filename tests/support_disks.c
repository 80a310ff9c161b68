/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_disks.c - see support_disks.h. Calls disks/ and the host's files. */
#include "tests/support_disks.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disks/checksum.h"
#include "disks/make.h"

#define PROGRAM_CODE_ADDR 0x10000u
#define PROGRAM_DATA_ADDR 0x20000u
#define PROGRAM_DATA_BYTES 5u

const char sample_recipe[] = "store sample nodes 100 pages 300 area 8\n"
                             "segment notes zero 200K\n"
                             "segment words file words.txt 8K\n"
                             "node toolbox {\n"
                             "    0 = number 77\n"
                             "    1 = page notes 3 read-only\n"
                             "    2 = segment words\n"
                             "    15 = fetch toolbox\n"
                             "}\n"
                             "domain alpha {\n"
                             "    program program.elf\n"
                             "    map notes at 0x100000\n"
                             "    key 0 = start beta 9\n"
                             "    key 1 = node toolbox\n"
                             "    key 2 = input both\n"
                             "    key 3 = console\n"
                             "    keeper = start beta\n"
                             "    argument 0 5\n"
                             "    run\n"
                             "}\n"
                             "domain beta {\n"
                             "    program program.elf\n"
                             "    key 4 = domain alpha\n"
                             "    key 5 = sense toolbox\n"
                             "}\n";

static void must(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

void scratch_make(struct scratch *scratch)
{
    const char *base = getenv("TMPDIR");
    int length = snprintf(scratch->folder, sizeof(scratch->folder), "%s/latchkey-disks-XXXXXX",
                          base ? base : "/tmp");
    must(length > 0 && (size_t)length < sizeof(scratch->folder), "TMPDIR");
    must(mkdtemp(scratch->folder) != NULL, "mkdtemp");
}

void scratch_remove(struct scratch *scratch)
{
    char path[SCRATCH_PATH_BYTES];
    DIR *folder = opendir(scratch->folder);
    must(folder != NULL, scratch->folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        scratch_file(scratch, entry->d_name, path);
        must(unlink(path) == 0, path);
    }
    closedir(folder);
    must(rmdir(scratch->folder) == 0, scratch->folder);
}

void scratch_file(const struct scratch *scratch, const char *name, char path[SCRATCH_PATH_BYTES])
{
    char joined[2 * SCRATCH_PATH_BYTES + 256];
    int length = snprintf(joined, sizeof(joined), "%s/%s", scratch->folder, name);
    must(length > 0 && (size_t)length < SCRATCH_PATH_BYTES, "path");
    memcpy(path, joined, (size_t)length + 1);
}

void scratch_write(const struct scratch *scratch, const char *name, const void *data,
                   size_t size_bytes)
{
    char path[SCRATCH_PATH_BYTES];
    scratch_file(scratch, name, path);
    FILE *file = fopen(path, "wb");
    must(file != NULL, path);
    must(fwrite(data, 1, size_bytes, file) == size_bytes, path);
    must(fclose(file) == 0, path);
}

void scratch_program(const struct scratch *scratch)
{
    static const uint32_t loop = 0x0000006f; /* j . (RISC-V unprivileged ISA, JAL) */
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segments[2];
        uint8_t code[2 * BLOCK_BYTES];
    } file = {0};
    memcpy(file.header.e_ident, ELFMAG, SELFMAG);
    file.header.e_ident[EI_CLASS] = ELFCLASS64;
    file.header.e_ident[EI_DATA] = ELFDATA2LSB;
    file.header.e_ident[EI_VERSION] = EV_CURRENT;
    file.header.e_type = ET_EXEC;
    file.header.e_machine = EM_RISCV;
    file.header.e_version = EV_CURRENT;
    file.header.e_entry = PROGRAM_CODE_ADDR;
    file.header.e_phoff = sizeof(file.header);
    file.header.e_ehsize = sizeof(file.header);
    file.header.e_phentsize = sizeof(Elf64_Phdr);
    file.header.e_phnum = 2;
    uint64_t code_offset = (uint64_t)((uint8_t *)file.code - (uint8_t *)&file);
    file.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X,
                                    .p_offset = code_offset, .p_vaddr = PROGRAM_CODE_ADDR,
                                    .p_filesz = sizeof(loop), .p_memsz = sizeof(loop)};
    file.segments[1] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_W,
                                    .p_offset = code_offset + BLOCK_BYTES,
                                    .p_vaddr = PROGRAM_DATA_ADDR, .p_filesz = PROGRAM_DATA_BYTES,
                                    .p_memsz = 2 * BLOCK_BYTES + 1};
    memcpy(file.code, &loop, sizeof(loop));
    memcpy(file.code + BLOCK_BYTES, "datum", PROGRAM_DATA_BYTES);
    scratch_write(scratch, "program.elf", &file, sizeof(file));
}

bool recipe_make(const struct scratch *scratch, const char *text, const char *name,
                 struct error *error)
{
    char recipe_path[SCRATCH_PATH_BYTES], image_path[SCRATCH_PATH_BYTES];
    scratch_file(scratch, "test.recipe", recipe_path);
    scratch_file(scratch, name, image_path);
    struct recipe *recipe = malloc(sizeof(*recipe));
    must(recipe != NULL, "malloc");
    bool good = recipe_parse(recipe, recipe_path, text, error) &&
                make_image(recipe, image_path, error);
    free(recipe);
    return good;
}

void sample_make(const struct scratch *scratch, char path[SCRATCH_PATH_BYTES])
{
    struct error error;
    scratch_program(scratch);
    scratch_write(scratch, "words.txt", "ink and paper", 13);
    scratch_file(scratch, "sample.img", path);
    bool good = recipe_make(scratch, sample_recipe, "sample.img", &error);
    must(good, good ? "" : error.text);
}

struct store *store_opened(const char *path)
{
    struct error error;
    struct store *store = malloc(sizeof(*store));
    must(store != NULL, "malloc");
    bool good = store_open(store, &path, 1, &error) && store_use(store, 0, &error);
    must(good, good ? "" : error.text);
    return store;
}

void store_dropped(struct store *store)
{
    store_close(store);
    free(store);
}

bool image_check(const char *path, struct check_report *report)
{
    struct error error;
    struct store *store = malloc(sizeof(*store));
    must(store != NULL, "malloc");
    *report = (struct check_report){0};
    bool clean = store_open(store, &path, 1, &error) && check_store(store, report);
    store_close(store);
    free(store);
    return clean;
}

void block_load(const char *path, uint64_t block, void *target)
{
    int descriptor = open(path, O_RDONLY);
    must(descriptor >= 0, path);
    must(pread(descriptor, target, BLOCK_BYTES, (off_t)(block * BLOCK_BYTES)) == BLOCK_BYTES,
         "block_load");
    close(descriptor);
}

void block_save(const char *path, uint64_t block, const void *source)
{
    int descriptor = open(path, O_WRONLY);
    must(descriptor >= 0, path);
    must(pwrite(descriptor, source, BLOCK_BYTES, (off_t)(block * BLOCK_BYTES)) == BLOCK_BYTES,
         "block_save");
    close(descriptor);
}

void seal_header(struct volume_header *header)
{
    header->checksum =
        checksum64((const uint8_t *)header + 8, BLOCK_BYTES - 8, CHECKSUM_VOLUME);
}

void seal_ckpt(struct ckpt_header *header)
{
    header->checksum = checksum64((const uint8_t *)header + 8, SECTOR_BYTES - 8,
                                  checksum_seed(CHECKSUM_CKPT_HEADER, header->generation));
}

void seal_directory(struct directory_block *block)
{
    block->checksum = checksum64((const uint8_t *)block + 8, BLOCK_BYTES - 8,
                                 checksum_seed(CHECKSUM_DIRECTORY, block->generation));
}

void seal_node_pot(struct node_pot *pot, uint64_t first_id)
{
    pot->checksum = checksum64((const uint8_t *)pot + 8, BLOCK_BYTES - 8,
                               checksum_seed(CHECKSUM_NODE_POT, first_id));
}

void seal_area_pot(struct node_pot *pot, uint64_t area_id)
{
    pot->checksum = checksum64((const uint8_t *)pot + 8, BLOCK_BYTES - 8,
                               checksum_seed(CHECKSUM_AREA_POT, area_id));
}

void seal_page_pot(struct page_pot *pot, uint64_t first_id)
{
    pot->checksum = checksum64((const uint8_t *)pot + 8, BLOCK_BYTES - 8,
                               checksum_seed(CHECKSUM_PAGE_POT, first_id));
}

struct volume_range range_of(const char *path, enum range_kind kind, uint64_t plex_or_place)
{
    struct volume_header header;
    block_load(path, 0, &header);
    for (uint32_t i = 0; i < header.range_count; i++) {
        const struct volume_range *range = &header.ranges[i];
        uint64_t number = range_holds_objects(range->kind) ? range->plex : range->first_id;
        if (range->kind == RANGE_CKPT_HEADER && range->plex != 0)
            continue;
        if (range->kind == RANGE_CKPT_AREA)
            number = AREA_ID_AREA(range->first_id);
        if (range->kind == kind && number == plex_or_place)
            return *range;
    }
    must(false, "range_of");
    return (struct volume_range){0};
}

void node_change(const char *path, uint64_t id, unsigned plexes,
                 void (*change)(struct disk_node *node, const void *argument),
                 const void *argument)
{
    for (unsigned plex = 0; plex < STORE_PLEXES; plex++) {
        struct node_pot pot;
        if (!(plexes >> plex & 1))
            continue;
        struct volume_range range = range_of(path, RANGE_NODES, plex);
        uint64_t index = (id - range.first_id) / POT_NODES;
        block_load(path, range.start_block + index, &pot);
        change(&pot.nodes[(id - range.first_id) % POT_NODES], argument);
        seal_node_pot(&pot, range.first_id + index * POT_NODES);
        block_save(path, range.start_block + index, &pot);
    }
}

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
uint64_t random_next(struct random *random)
{
    uint64_t value = random->state += 0x9e3779b97f4a7c15ull;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ value >> 27) * 0x94d049bb133111ebull;
    return value ^ value >> 31;
}

uint64_t random_below(struct random *random, uint64_t limit)
{
    return random_next(random) % limit;
}
