/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_head.c - see record_head.h. Calls record_identity. */
#include "emulator/record_head.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/clock.h"
#include "emulator/record_identity.h"
#include "emulator/version.h"

static bool text_take(char target[RECORD_TEXT_BYTES], const char *path, struct error *error)
{
    char full[PATH_MAX];
    const char *text = path && *path ? realpath(path, full) : "";
    if (!text)
        text = path; /* an overlay that is to be made */
    if (strlen(text) >= RECORD_TEXT_BYTES)
        return error_set(error, ERROR_USAGE, "%.60s...: too long a name for a trace", text);
    strcpy(target, text);
    return true;
}

bool record_head_disk(struct record_disk *told, const struct machine_disk *disk,
                      uint64_t sector_count, struct error *error)
{
    told->timing = disk->timing;
    told->write_through = disk->write_through;
    told->read_only = disk->read_only;
    told->sector_count = sector_count;
    return text_take(told->path, disk->path, error) &&
           text_take(told->overlay, disk->overlay, error);
}

bool record_head_fill(struct record_head *head, const struct machine_config *config,
                      struct error *error)
{
    strcpy(head->version, LATCHKEY_VERSION);
    head->program = record_program_digest();
    head->ram_bytes = config->ram_bytes ? config->ram_bytes : MACHINE_RAM_BYTES_DEFAULT;
    head->clock_hz = config->clock_hz ? config->clock_hz : CLOCK_HZ_DEFAULT;
    head->seed = config->seed;
    head->display_width = config->display_width;
    head->display_height = config->display_height;
    head->amnesia = config->amnesia;
    head->check = config->check;
    head->timing = config->timing;
    head->disk_count = config->disk_count;
    head->append = config->append ? memory_must(strdup(config->append)) : NULL;
    head->fault_count = config->fault_count;
    if (config->fault_count > 0) {
        head->faults = memory_zeroed(config->fault_count, sizeof(*head->faults));
        memcpy(head->faults, config->faults, config->fault_count * sizeof(*head->faults));
    }
    if (head->append && strlen(head->append) >= RECORD_APPEND_BYTES)
        return error_set(error, ERROR_USAGE, "--append: too long for a trace");
    return text_take(head->kernel_path, config->kernel_path, error) &&
           text_take(head->initrd_path, config->initrd_path, error) &&
           record_file_digest(config->kernel_path, &head->kernel, error) &&
           (!config->initrd_path ||
            record_file_digest(config->initrd_path, &head->initrd, error));
}
