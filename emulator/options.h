/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.h - the words of `latchkey run` turned into a configuration. Used by the frontend
 * and tests. */
#ifndef LATCHKEY_EMULATOR_OPTIONS_H
#define LATCHKEY_EMULATOR_OPTIONS_H

#include "emulator/machine.h"
#include "emulator/power_place.h"

#define OPTIONS_FAULTS_MAX 256u
#define OPTIONS_HISTORY_MIB 256u /* of the window's past, unless --history says otherwise */
#define OPTIONS_HISTORY_MIB_MAX 65536u

/* What is written about where a run's time went: emulator/export.h, export_events.h. */
enum profile_output {
    PROFILE_TRACE,
    PROFILE_VCD,
    PROFILE_CSV,
    PROFILE_FOLDED,
    PROFILE_SVG,
    PROFILE_CALLGRIND,
    PROFILE_OUTPUT_COUNT
};

struct options {
    /* kernel_path NULL: the built-in kernel; strings point into argv */
    struct machine_config machine;
    struct machine_until until;    /* --until and --limit-insn, merged */
    uint64_t limit_instructions;   /* --limit-insn; UINT64_MAX: none */
    bool headless;
    bool fast;                     /* --fast: no real-time pacing */
    const char *input_path;        /* --input FILE; NULL: none */
    const char *screenshot_path;
    const char *stats_path;
    const char *record_path;       /* --record FILE; NULL: none */
    uint64_t record_spacing;       /* its every=N; 0: not given */
    bool profile;                  /* latchkey profile: a ledger, whatever is written of it */
    const char *profile_paths[PROFILE_OUTPUT_COUNT]; /* --trace-out, ...; NULL: none */
    struct power_place power_cut;  /* --power-cut */
    size_t history_bytes;          /* --history, of the window */
    bool gdb;                      /* --gdb: wait for a debugger, */
    uint16_t gdb_port;             /* here; 0: anywhere */
    struct machine_fault faults[OPTIONS_FAULTS_MAX]; /* machine.faults */
    char storage[4096];            /* names cut out of arguments */
    size_t storage_used;
};

/* options_parse - read arguments.
 *
 * argv      the words after "run"; must outlive the options.
 * Errors    ERROR_USAGE unknown or malformed, naming the word; ERROR_LIMIT a number out of range,
 *           naming the range; ERROR_UNSUPPORTED an option of the contract that this version does
 *           not have.
 */
MUST_CHECK bool options_parse(struct options *options, int argc, char **argv,
                              struct error *error);

/* options_takes_value - is this word an option that has a value behind it? */
bool options_takes_value(const char *word);

/* options_profile_name - the option that names this output, "--svg". */
const char *options_profile_name(enum profile_output output);

/* options_profile_path - of the paths of all outputs, where that of the one which this option names
 * goes; NULL: it names none. */
const char **options_profile_path(const char *paths[PROFILE_OUTPUT_COUNT], const char *word);

/* options_help - what `latchkey help run` prints. */
const char *options_help(void);

/* options_faults_read - a fault in words, as of --fault, added to OPTIONS_FAULTS_MAX.
 *
 * Errors   ERROR_USAGE it is none; ERROR_LIMIT too many.
 */
MUST_CHECK bool options_faults_read(const char *value, struct machine_fault *faults,
                                    unsigned *fault_count, struct error *error);

#endif
