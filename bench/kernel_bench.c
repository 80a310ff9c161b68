/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_bench.c - suite "kernel": how large the kernel is, in bytes of code, in lines of source,
 * and in memory that is not its page pool. All exact. The reference is KeyKOS.
 *
 * Called by bench_main.c; calls machine.h. The memory is that of a kernel whose pools, but for the
 * page pool, are at their least (the boot word "small"); creator.img runs on it to its good end.
 * What a page costs is the difference between two sizes of RAM; the rest is what the kernel takes.
 */
#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "emulator/base/elf_file.h"
#include "emulator/base/input_file.h"
#include "emulator/devicetree.h"
#include "emulator/machine.h"

#define SOURCE_BYTES_MAX (1u << 20)
#define RAM_BYTES_LESS (16ull << 20)
#define RAM_BYTES_MORE (32ull << 20)
#define INSTRUCTIONS_MAX 1000000000u
#define CONSOLE_BYTES 4096u
#define GOOD_END ", 0 wrong"

struct lines {
    unsigned c, assembler;
};

struct console {
    char text[CONSOLE_BYTES];
    size_t length;
};

static void row_add(struct bench *bench, const char *name, const char *unit, double value,
                    double reference, double must, double aim)
{
    struct bench_row row = {.suite = "kernel",
                            .value = value,
                            .reference = reference,
                            .ratio = reference / value, /* 0: none */
                            .must = must,
                            .aim = aim,
                            .goal = must > 0 ? GOAL_VALUE_AT_MOST : GOAL_NONE};
    (void)snprintf(row.name, sizeof(row.name), "%s", name);
    (void)snprintf(row.unit, sizeof(row.unit), "%s", unit);
    bench_row_add(bench, &row);
}

/* Lines that hold anything but blanks and comments. */
static unsigned lines_count(const char *text, size_t size_bytes)
{
    unsigned count = 0;
    bool comment = false, line_comment = false, holds = false;
    for (size_t i = 0; i < size_bytes; i++) {
        bool pair = i + 1 < size_bytes;
        if (text[i] == '\n') {
            count += holds;
            holds = line_comment = false;
        } else if (comment && pair && text[i] == '*' && text[i + 1] == '/') {
            comment = false;
            i++;
        } else if (!comment && pair && text[i] == '/' && text[i + 1] == '*') {
            comment = true;
            i++;
        } else if (!comment && pair && text[i] == '/' && text[i + 1] == '/') {
            line_comment = true;
        } else if (!comment && !line_comment && !isspace((unsigned char)text[i])) {
            holds = true;
        }
    }
    return count + holds;
}

static bool file_count(const char *path, struct lines *lines, struct error *error)
{
    uint8_t *text;
    size_t size_bytes;
    const char *ending = strrchr(path, '.');
    bool c = ending && (strcmp(ending, ".c") == 0 || strcmp(ending, ".h") == 0);
    bool assembler = ending && (strcmp(ending, ".S") == 0 || strcmp(ending, ".inc") == 0);
    if (!c && !assembler)
        return true;
    if (!input_read(path, SOURCE_BYTES_MAX, &text, &size_bytes, error))
        return false;
    unsigned count = lines_count((const char *)text, size_bytes);
    free(text);
    if (c)
        lines->c += count;
    else
        lines->assembler += count;
    return true;
}

static bool folder_count(const char *name, struct lines *lines, struct error *error)
{
    char folder[512], path[1024];
    (void)snprintf(folder, sizeof(folder), LATCHKEY_SOURCE_DIR "/%s", name);
    DIR *directory = opendir(folder);
    if (!directory)
        return error_set(error, ERROR_IO, "%.200s: cannot be read", folder);
    bool good = true;
    for (struct dirent *entry; good && (entry = readdir(directory)) != NULL;) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        good = file_count(path, lines, error);
    }
    (void)closedir(directory);
    return good;
}

static bool lines_measure(struct bench *bench, struct error *error)
{
    static const char *const folders[] = {"kernel", "kernel/arch", "kernel/driver",
                                          "kernel/freestanding"};
    struct lines lines = {0, 0};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if (!folder_count(folders[i], &lines, error))
            return false;
    row_add(bench, "lines of C", "lines", lines.c, 20000, 12000, 10000);
    row_add(bench, "lines of assembler", "lines", lines.assembler, 2000, 500, 300);
    return true;
}

static void console_put(void *context, const uint8_t *bytes, size_t count)
{
    struct console *console = context;
    for (size_t i = 0; i < count && console->length < CONSOLE_BYTES - 1; i++)
        console->text[console->length++] = (char)bytes[i];
}

/* Boot with so much RAM and let it run to its end. Returns the pages of its pool; 0: it failed. */
static unsigned pages_of(const struct bench *bench, uint64_t ram_bytes, struct error *error)
{
    char kernel[512], image[512];
    struct console console = {.length = 0};
    (void)snprintf(kernel, sizeof(kernel), "%s/kernel.elf", bench->build_path);
    (void)snprintf(image, sizeof(image), "%s/creator.img", bench->build_path);
    const struct machine_config config = {.kernel_path = kernel,
                                          .append = "small",
                                          .ram_bytes = ram_bytes,
                                          .console = {.put = console_put, .context = &console},
                                          .disks = {{.path = image, .read_only = true}},
                                          .disk_count = 1};
    struct machine *machine;
    if (!machine_create(&machine, &config, error))
        return 0;
    struct machine_until until = machine_until_never();
    until.instructions = INSTRUCTIONS_MAX;
    bool ended = machine_run(machine, &until).reason == MACHINE_STOP_POWER_OFF;
    machine_destroy(machine);
    const char *memory = strstr(console.text, "MiB, ");
    unsigned pages = memory ? (unsigned)strtoul(memory + strlen("MiB, "), NULL, 10) : 0;
    if (ended && pages && strstr(console.text, GOOD_END))
        return pages;
    (void)error_set(error, ERROR_FORMAT, "creator.img: did not end well with %llu MiB",
                    (unsigned long long)(ram_bytes >> 20));
    return 0;
}

static bool memory_measure(struct bench *bench, const struct elf_file *elf, struct error *error)
{
    uint64_t image_bytes = 0, end = 0;
    for (unsigned i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        image_bytes += segment->memory_bytes;
        if (segment->physical_addr + segment->memory_bytes > end)
            end = segment->physical_addr + segment->memory_bytes;
    }
    unsigned less = pages_of(bench, RAM_BYTES_LESS, error);
    unsigned more = less ? pages_of(bench, RAM_BYTES_MORE, error) : 0;
    if (!more)
        return false;
    double page_bytes = (double)(RAM_BYTES_MORE - RAM_BYTES_LESS) / (more - less);
    double pools =
        (double)(BOARD_RAM_BASE + RAM_BYTES_LESS - DEVICETREE_BYTES - end) - less * page_bytes;
    row_add(bench, "memory beside the page pool", "KiB",
            round(((double)image_bytes + pools) / 1024), 100, 512, 256);
    return true;
}

/* Boot's code is the code that the entry is not in; the kernel unmaps it (arch/kernel.ld). */
static bool code_measure(struct bench *bench, const struct elf_file *elf, struct error *error)
{
    uint64_t stays = 0, boot = 0;
    for (unsigned i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        bool entered = elf->entry - segment->physical_addr < segment->data_bytes ||
                       elf->entry - segment->virtual_addr < segment->data_bytes;
        if (segment->executable && !entered)
            boot += segment->data_bytes;
        else if (!segment->writable)
            stays += segment->data_bytes;
    }
    if (stays == 0 || boot == 0)
        return error_set(error, ERROR_FORMAT, "kernel.elf: no code, or none of boot");
    row_add(bench, "code and constants", "bytes", (double)stays, 60 << 10, 60 << 10, 48 << 10);
    row_add(bench, "code of boot, unmapped after it", "bytes", (double)boot, 0, 0, 0);
    return true;
}

bool kernel_bench(struct bench *bench, struct error *error)
{
    char path[512];
    struct elf_file elf;
    (void)snprintf(path, sizeof(path), "%s/kernel.elf", bench->build_path);
    bool good = elf_file_open(&elf, path, error);
    good = good && code_measure(bench, &elf, error);
    good = good && lines_measure(bench, error) && memory_measure(bench, &elf, error);
    elf_file_finish(&elf);
    return good;
}
