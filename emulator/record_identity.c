/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_identity.c - see record_identity.h. Called by recorder.c, replay.c, timeline.c and the
 * replay command; calls pack and the machine. */
#include "emulator/record_identity.h"

#include <stdlib.h>

#include "emulator/base/input_file.h"
#include "emulator/record_format.h"

struct digest record_bytes_digest(const void *data, size_t size_bytes)
{
    struct digest_state *state = digest_create();
    digest_add(state, data, size_bytes);
    return digest_end(state);
}

bool record_file_digest(const char *path, struct digest *digest, struct error *error)
{
    uint8_t *data;
    size_t size_bytes;
    if (!input_read(path, RECORD_PART_BYTES_MAX, &data, &size_bytes, error))
        return false;
    *digest = record_bytes_digest(data, size_bytes);
    free(data);
    return true;
}

struct digest record_program_digest(void)
{
    struct digest digest;
    struct error ignored;
    if (!record_file_digest("/proc/self/exe", &digest, &ignored))
        digest = (struct digest){.low = 0};
    return digest;
}

bool digest_equal(struct digest left, struct digest right)
{
    return left.low == right.low && left.high == right.high;
}

void record_entry_of(struct record_entry *entry, const struct machine_act *act)
{
    switch (act->kind) {
    case ACT_INPUT:
        *entry = (struct record_entry){.kind = RECORD_INPUT, .input = *act->input};
        return;
    case ACT_CUT:
        *entry = (struct record_entry){.kind = RECORD_CUT, .cut = *act->cut};
        return;
    case ACT_RESET:
        *entry = (struct record_entry){.kind = RECORD_RESET};
        return;
    case ACT_FAULT:
        *entry = (struct record_entry){.kind = RECORD_FAULT, .fault = *act->fault};
        return;
    case ACT_REPAIR:
        *entry = (struct record_entry){.kind = RECORD_REPAIR, .disk = act->disk};
        return;
    case ACT_FLUSH:
        *entry = (struct record_entry){.kind = RECORD_FLUSH};
        return;
    }
    abort();
}

bool record_entry_do(const struct record_entry *entry, struct machine *machine,
                     struct error *error)
{
    struct error ignored;
    switch (entry->kind) {
    case RECORD_INPUT:
        return machine_input(machine, &entry->input) ||
               error_set(error, ERROR_FORMAT, "trace: more input than a machine takes");
    case RECORD_CUT:
        return machine_power_cut(machine, &entry->cut, error);
    case RECORD_RESET:
        return machine_reset(machine, error);
    case RECORD_FAULT:
        return machine_disk_fault(machine, &entry->fault, error);
    case RECORD_REPAIR:
        machine_disk_repair(machine, entry->disk);
        return true;
    case RECORD_FLUSH: /* also when the host refused it then: media fail as they did */
        (void)!machine_flush(machine, &ignored);
        return true;
    case RECORD_RUN:
    case RECORD_REFUSED:
    case RECORD_GLANCE:
    case RECORD_MARK:
    case RECORD_END:
    case RECORD_KIND_COUNT:
        return true;
    }
    abort();
}
