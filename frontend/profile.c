/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile.c - see profile.h. */
#include "frontend/profile.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/export.h"
#include "emulator/export_events.h"

struct profile {
    const struct options *options;
    struct ledger *ledger;
    struct export_events events; /* opened if a picture over time is wanted */
};

static bool events_wanted(const struct options *options)
{
    return options->profile_paths[PROFILE_TRACE] || options->profile_paths[PROFILE_VCD];
}

static bool wanted(const struct options *options)
{
    bool some = options->profile;
    for (unsigned i = 0; i < PROFILE_OUTPUT_COUNT; i++)
        some = some || options->profile_paths[i];
    return some;
}

void profile_outputs(const struct options *options, struct output outputs[PROFILE_OUTPUT_COUNT])
{
    for (unsigned i = 0; i < PROFILE_OUTPUT_COUNT; i++)
        outputs[i] = (struct output){options_profile_name((enum profile_output)i),
                                     options->profile_paths[i]};
}

bool profile_open(struct profile **profile, const struct options *options,
                  struct machine *machine, const char *kernel_path, struct error *error)
{
    struct ledger_listener listener = {.context = NULL};
    *profile = NULL;
    if (!wanted(options))
        return true;
    struct profile *made = memory_zeroed(1, sizeof(*made));
    made->options = options;
    if (events_wanted(options))
        export_events_open(&made->events, machine, &listener);
    *profile = made;
    if (ledger_open(&made->ledger, machine, kernel_path, &listener, error))
        return true;
    profile_close(made);
    *profile = NULL;
    return false;
}

struct ledger *profile_live(struct profile *profile)
{
    assert(profile);
    return profile->ledger;
}

struct ledger *profile_ledger(struct profile *profile)
{
    assert(profile);
    ledger_settle(profile->ledger);
    return profile->ledger;
}

static void text_make(const struct profile *profile, enum profile_output output,
                      struct byte_writer *text)
{
    struct ledger_view view = ledger_view(profile->ledger);
    switch (output) {
    case PROFILE_TRACE:
        export_trace(&profile->events, text);
        return;
    case PROFILE_VCD:
        export_vcd(&profile->events, text);
        return;
    case PROFILE_CSV:
        export_csv(&view, text);
        return;
    case PROFILE_FOLDED:
        export_folded(&view, text);
        return;
    case PROFILE_SVG:
        export_svg(&view, text);
        return;
    case PROFILE_CALLGRIND:
        export_callgrind(&view, text);
        return;
    case PROFILE_OUTPUT_COUNT:
        break;
    }
    abort();
}

bool profile_write(struct profile *profile, struct error *error)
{
    bool good = true;
    (void)profile_ledger(profile);
    for (unsigned i = 0; i < PROFILE_OUTPUT_COUNT && good; i++) {
        struct byte_writer text = {0};
        const char *path = profile->options->profile_paths[i];
        if (!path)
            continue;
        text_make(profile, (enum profile_output)i, &text);
        good = output_write(path, text.data, text.size_bytes, error);
        writer_finish(&text);
    }
    if (profile->events.left_out)
        fprintf(stderr, "latchkey: %s: the last %llu events are left out: there are more than %u\n",
                options_profile_name(profile->options->profile_paths[PROFILE_TRACE]
                                         ? PROFILE_TRACE
                                         : PROFILE_VCD),
                (unsigned long long)profile->events.left_out, EVENTS_MAX);
    return good;
}

void profile_close(struct profile *profile)
{
    if (!profile)
        return;
    ledger_close(profile->ledger);
    export_events_close(&profile->events);
    free(profile);
}
