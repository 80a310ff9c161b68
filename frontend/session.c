/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.c - drives one machine for headless.c and window_run.c; see session.h. */
#include "frontend/session.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/elf_file.h"
#include "emulator/base/output_file.h"
#include "emulator/input_script.h"
#include "frontend/failure.h"
#include "frontend/outputs.h"
#include "frontend/pace.h"
#include "frontend/screenshot.h"
#include "frontend/stats.h"

#define EXIT_HOST 3
#define EXIT_LIMIT 124
#define EXIT_SIGNAL_BASE 128 /* as a shell reports a signal */

/* It lies beside the program. */
bool session_kernel_find(char path[PATH_MAX], struct error *error)
{
    static const char name[] = "kernel.elf";
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof(name));
    if (length <= 0)
        return error_set(error, ERROR_IO, "kernel: the program's own folder cannot be found");
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    assert(slash);
    memcpy(slash + 1, name, sizeof(name));
    if (access(path, R_OK) != 0)
        return error_set(error, ERROR_IO, "%s: no such kernel; build it, or give --kernel", path);
    return true;
}

static bool script_read(struct session *session, struct error *error)
{
    const char *path = session->options->input_path;
    return !path || input_script_queue(path, session->machine, error);
}

/* What the run reads, or keeps. */
struct used {
    const struct options *options;
    const struct machine_config *config;
};

static bool run_uses(const void *context, const char *path)
{
    const struct used *used = context;
    const struct machine_config *config = used->config;
    const char *paths[3 + 2 * BOARD_DISK_COUNT_MAX] = {config->kernel_path, config->initrd_path,
                                                       used->options->input_path};
    for (unsigned i = 0; i < config->disk_count; i++) {
        paths[3 + 2 * i] = config->disks[i].path;
        paths[4 + 2 * i] = config->disks[i].overlay;
    }
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (paths[i] && output_same(path, paths[i]))
            return true;
    return false;
}

static bool session_outputs_check(const struct options *options,
                                  const struct machine_config *config, struct error *error)
{
    struct output outputs[3 + PROFILE_OUTPUT_COUNT] = {{"--screenshot", options->screenshot_path},
                                                       {"--stats", options->stats_path},
                                                       {"--record", options->record_path}};
    profile_outputs(options, outputs + 3);
    return outputs_check(outputs, sizeof(outputs) / sizeof(outputs[0]), "run", run_uses,
                         &(struct used){options, config}, error);
}

const char *session_no_past(const struct options *options)
{
    for (unsigned i = 0; i < PROFILE_OUTPUT_COUNT; i++)
        if (options->profile_paths[i])
            return "--trace-out and profiles count each instruction once";
    return options->record_path                              ? "--record keeps it on disk"
           : options->power_cut.kind != POWER_PLACE_NONE     ? "--power-cut ends the run"
           : options->history_bytes == 0                     ? "--history 0"
                                                             : NULL;
}

bool session_open_replay(struct session *session, const struct options *options,
                         const struct replay_options *replay, struct error *error)
{
    *session = (struct session){.options = options};
    if (!replay_open(&session->replay, replay, error))
        return false;
    session->machine = replay_machine(session->replay);
    session->timeline = replay_timeline(session->replay);
    return true;
}

/* What wants to hear of the machine before it runs. */
static bool listeners_attach(struct session *session, const struct timeline_follower *follower,
                             struct error *error)
{
    if (session->history) {
        history_attach(session->history, session->machine, follower);
        session->timeline = history_timeline(session->history);
    }
    return !session->recorder || recorder_attach(session->recorder, session->machine, error);
}

/* The machine, and who keeps its past. */
static bool parts_free(struct session *session)
{
    bool good = true;
    session->timeline = NULL;
    if (session->replay) {
        replay_close(session->replay);
        session->replay = NULL;
    } else {
        if (session->history)
            history_detach(session->history);
        machine_destroy(session->machine);
        good = history_close(session->history);
        session->history = NULL;
    }
    session->machine = NULL;
    (void)recorder_close(session->recorder);
    session->recorder = NULL;
    return good;
}

bool session_open(struct session *session, const struct options *options,
                  const struct console_sink *console, const struct timeline_follower *follower,
                  struct error *error)
{
    char path[PATH_MAX];
    struct machine_config config = options->machine;
    *session = (struct session){.options = options};
    if (!config.kernel_path) {
        if (!session_kernel_find(path, error))
            return false;
        config.kernel_path = path;
    }
    config.console = *console;
    (void)snprintf(session->kernel_path, PATH_MAX, "%s", config.kernel_path);
    const struct recorder_options record = {.path = options->record_path,
                                            .mark_spacing = options->record_spacing};
    if (record.path && !recorder_open(&session->recorder, &record, &config, error))
        return false;
    if (follower && !session_no_past(options) &&
        !history_open(&session->history, &config, options->history_bytes, error))
        return false;
    if (machine_create(&session->machine, &config, error) &&
        session_outputs_check(options, &config, error) &&
        listeners_attach(session, follower, error) && script_read(session, error) &&
        profile_open(&session->profile, options, session->machine, session->kernel_path, error))
        return true;
    (void)parts_free(session);
    return false;
}

static enum session_state ended(struct session *session, enum session_end end, const char *until)
{
    if (session->end == SESSION_NOT_ENDED) { /* else its console ended it meanwhile */
        session->end = end;
        session->until = until;
    }
    return SESSION_ENDED;
}

static enum session_state reboot(struct session *session)
{
    if (machine_reset(session->machine, &session->error))
        return SESSION_RUNS;
    return ended(session, SESSION_END_ERROR, NULL);
}

/* --power-cut: has the run come to its place? Once its phase begins, writes are counted. */
static bool cut_reached(struct session *session)
{
    const struct power_place *place = &session->options->power_cut;
    const struct machine *machine = session->machine;
    switch (place->kind) {
    case POWER_PLACE_NONE:
        return false;
    case POWER_PLACE_INSTRUCTIONS:
        return machine_instructions(machine) >= place->count;
    case POWER_PLACE_WRITE:
        return machine_writes(machine, place->disk) >= place->count;
    case POWER_PLACE_PHASE:
        break;
    }
    uint64_t writes = machine_writes(machine, BOARD_DISK_COUNT_MAX);
    if (!session->cut_writes && machine_stats(machine).phase == place->phase)
        session->cut_writes = writes + place->count + 1;
    return session->cut_writes && writes + 1 >= session->cut_writes;
}

/* The machine stops at that place. */
static void cut_until(const struct session *session, struct machine_until *until)
{
    const struct power_place *place = &session->options->power_cut;
    if (place->kind == POWER_PLACE_INSTRUCTIONS && place->count < until->instructions)
        until->instructions = place->count;
    if (place->kind == POWER_PLACE_PHASE && !session->cut_writes)
        until->phases |= 1u << place->phase;
    if (place->kind == POWER_PLACE_PHASE && session->cut_writes)
        until->writes = session->cut_writes - 1;
    if (place->kind == POWER_PLACE_WRITE) {
        until->writes = place->count;
        until->write_disk = place->disk;
    }
}

static enum session_state cut_carry_out(struct session *session)
{
    if (machine_power_cut(session->machine, &session->options->power_cut.cut, &session->error))
        return ended(session, SESSION_END_UNTIL, "power-cut");
    return ended(session, SESSION_END_ERROR, NULL);
}

/* A limit was reached: the user's, or only the slice's. */
static enum session_state limit_judge(struct session *session)
{
    const struct options *options = session->options;
    const struct machine_until *until = &options->until;
    if (machine_instructions(session->machine) >= options->limit_instructions)
        return ended(session, SESSION_END_LIMIT, NULL);
    if (machine_instructions(session->machine) >= until->instructions)
        return ended(session, SESSION_END_UNTIL, "insn");
    if (machine_cycles(session->machine) >= until->cycles)
        return ended(session, SESSION_END_UNTIL, "cycles");
    if (machine_time_ns(session->machine) >= until->time_ns)
        return ended(session, SESSION_END_UNTIL, "time");
    return SESSION_RUNS;
}

static enum session_state stop_judge(struct session *session, struct machine_stop stop)
{
    switch (stop.reason) {
    case MACHINE_STOP_POWER_OFF:
        session->code = stop.code;
        return ended(session, SESSION_END_POWER_OFF, NULL);
    case MACHINE_STOP_POWER_CUT:
        return SESSION_WAITS;
    case MACHINE_STOP_RESET:
        return reboot(session);
    case MACHINE_STOP_INSTRUCTIONS:
    case MACHINE_STOP_CYCLES:
    case MACHINE_STOP_TIME:
        return limit_judge(session);
    case MACHINE_STOP_CONSOLE:
        return ended(session, SESSION_END_UNTIL, "console");
    case MACHINE_STOP_TRACE:
        return ended(session, SESSION_END_UNTIL, "trace");
    case MACHINE_STOP_PHASE:
        if (!(session->options->until.phases >> machine_stats(session->machine).phase & 1))
            return SESSION_RUNS; /* the slice's, or --power-cut's, which waits for writes now */
        return ended(session, SESSION_END_UNTIL, "phase");
    case MACHINE_STOP_WRITE:
        return SESSION_RUNS; /* of --power-cut: cut_reached() */
    case MACHINE_STOP_DEBUG:
        session->debugged = true;
        return SESSION_RUNS;
    case MACHINE_STOP_GENERATION:
        if (machine_stats(session->machine).generation < session->options->until.generation)
            return SESSION_RUNS; /* the slice's */
        return ended(session, SESSION_END_UNTIL, "generation");
    case MACHINE_STOP_IDLE:
        return SESSION_WAITS;
    case MACHINE_STOP_FAULT:
        (void)error_set(&session->error, ERROR_FORMAT, "machine: %s",
                        machine_fault_text(session->machine));
        return ended(session, SESSION_END_FAULT, NULL);
    }
    abort();
}

static uint64_t earlier(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

enum session_state session_run(struct session *session, const struct machine_until *slice)
{
    if (session->end != SESSION_NOT_ENDED)
        return SESSION_ENDED;
    struct machine_until until = session->options->until;
    until.instructions = earlier(until.instructions, slice->instructions);
    until.cycles = earlier(until.cycles, slice->cycles);
    until.time_ns = earlier(until.time_ns, slice->time_ns);
    until.generation = earlier(until.generation, slice->generation);
    until.phases |= slice->phases;
    cut_until(session, &until);
    uint64_t start = host_clock_ns();
    if (session->recorder)
        until.instructions = earlier(until.instructions, recorder_next(session->recorder));
    struct timeline_stop stop = {.reason = TIMELINE_STOPPED};
    if (!session->timeline)
        stop.machine = machine_run(session->machine, &until);
    else if (!timeline_run(session->timeline, &until, &stop, &session->error))
        return ended(session, SESSION_END_ERROR, NULL);
    if (session->recorder)
        recorder_visit(session->recorder);
    session->host_ns += host_clock_ns() - start;
    if (session->end == SESSION_NOT_ENDED && cut_reached(session))
        return cut_carry_out(session);
    return stop_judge(session, stop.machine);
}

void session_power_cut(struct session *session)
{
    const struct power_cut cut = {.policy = POWER_SUBSET,
                                  .seed = machine_cycles(session->machine)};
    if (!machine_power_cut(session->machine, &cut, &session->error))
        (void)ended(session, SESSION_END_ERROR, NULL);
}

void session_power_restore(struct session *session)
{
    (void)reboot(session);
}

void session_finish_as(struct session *session, enum session_end end, int code)
{
    if (session->end != SESSION_NOT_ENDED)
        return;
    session->end = end;
    session->code = code;
}

void session_fail(struct session *session, const struct error *error)
{
    assert(error->code != ERROR_NONE);
    session->end = SESSION_END_ERROR;
    session->error = *error;
}

bool session_byte(struct session *session, uint8_t byte, uint64_t time_ns)
{
    const struct machine_input input = {.time_ns = time_ns, .kind = INPUT_CONSOLE, .code = byte};
    return machine_input(session->machine, &input);
}

static const char *reason_name(const struct session *session)
{
    switch (session->end) {
    case SESSION_END_POWER_OFF:
        return "power-off";
    case SESSION_END_UNTIL:
        return session->until;
    case SESSION_END_LIMIT:
        return "limit";
    case SESSION_END_IDLE:
        return "idle";
    case SESSION_END_FAULT:
        return "fault";
    case SESSION_END_QUIT:
        return "quit";
    case SESSION_END_SIGNAL:
        return "signal";
    case SESSION_END_ERROR:
        return "error";
    case SESSION_NOT_ENDED:
        break;
    }
    abort();
}

/* Why the guest powered off with a code that is not 0: a kernel that stopped because it was wrong
 * has said where, and its file says what that means. */
static void power_off_report(const struct session *session)
{
    struct elf_file kernel = {0};
    struct error ignored;
    uint64_t addr = machine_stats(session->machine).panic_addr;
    const char *text = NULL;
    if (addr && elf_file_open(&kernel, session->kernel_path, &ignored))
        text = elf_panic_text(&kernel, addr);
    struct error told; /* only what can be printed */
    if (text)
        (void)!error_set(&told, ERROR_FORMAT, "guest: panic: %s", text);
    else
        (void)!error_set(&told, ERROR_FORMAT, "guest: powered off with code %d", session->code);
    (void)failure_tell(&told);
    elf_file_finish(&kernel);
}

/* Print why the run failed, if it did; the exit status either way. */
static int end_report(const struct session *session)
{
    switch (session->end) {
    case SESSION_END_POWER_OFF:
        if (session->code != 0)
            power_off_report(session);
        return session->code == 0 ? 0 : 1;
    case SESSION_END_LIMIT:
        fprintf(stderr, "latchkey: --limit-insn: %llu instructions were run\n",
                (unsigned long long)session->options->limit_instructions);
        return EXIT_LIMIT;
    case SESSION_END_IDLE:
        fputs("latchkey: guest: waits for input that cannot come\n", stderr);
        return 1;
    case SESSION_END_FAULT:
    case SESSION_END_ERROR:
        return failure_tell(&session->error);
    case SESSION_END_SIGNAL:
        return EXIT_SIGNAL_BASE + session->code;
    case SESSION_END_UNTIL:
    case SESSION_END_QUIT:
        return 0;
    case SESSION_NOT_ENDED:
        break;
    }
    abort();
}

/* Write the files that were asked for. */
static bool outputs_write(struct session *session, struct error *error)
{
    const struct options *options = session->options;
    if (options->screenshot_path &&
        !screenshot_write(options->screenshot_path, session->machine, error))
        return false;
    if (session->profile && !profile_write(session->profile, error))
        return false;
    if (!options->stats_path)
        return true;
    const struct stats_run run = {.exit_reason = reason_name(session),
                                  .exit_code =
                                      session->end == SESSION_END_POWER_OFF ? session->code : 0,
                                  .seed = options->machine.seed,
                                  .host_ns = session->host_ns};
    return stats_write(session->machine, &run, options->stats_path, error);
}

/* One more failure: it is told, and the first one keeps its status. */
static int failure_after(int status, const struct error *error)
{
    int failed = failure_tell(error);
    return status ? status : failed;
}

int session_close(struct session *session)
{
    struct error error;
    assert(session->end != SESSION_NOT_ENDED);
    /* It ends where it was newest; but not from where the disks could not be put back. */
    if (session->history && session_in_past(session) && session->end != SESSION_END_ERROR) {
        session_seek_end(session);
        session_continue(session);
    }
    int status = end_report(session);
    if (!outputs_write(session, &error))
        status = failure_after(status, &error);
    if (!session->replay && !machine_flush(session->machine, &error))
        status = failure_after(status, &error);
    if (session->recorder && !recorder_end(session->recorder, &error))
        status = failure_after(status, &error);
    profile_close(session->profile);
    session->profile = NULL;
    if (!parts_free(session) && status == 0) {
        fputs("latchkey: disk: the host could not keep it\n", stderr);
        status = EXIT_HOST;
    }
    return status;
}
