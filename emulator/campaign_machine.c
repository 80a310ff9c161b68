/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_machine.c - the machine of a campaign and its two runs. Invariants: campaign_machine.h.
 */
#include "emulator/campaign_machine.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONSOLE_LINE_BYTES 152u /* of a line, for a message */
#define BOOT_STEP 20000u        /* instructions: how exactly the first read is found */
#define BOOT_MAX 1000000000ull  /* instructions in which it must come */
#define LOST_WRITES_MAX 16u     /* of the journal, in one flush with a header */
#define RECALL_CHECKPOINTS 12u /* some come before any domain runs: to bring disks in step */

/* What a child tells its parent. */
struct shared {
    uint64_t numbers[CAMPAIGN_CHILD_NUMBERS];
    bool good;
    struct error error;
};

static void line_take(struct campaign_machine *machine, const char *line);

static void console_put(void *context, const uint8_t *data, size_t size_bytes)
{
    struct campaign_machine *machine = context;
    for (size_t i = 0; i < size_bytes; i++)
        if (machine->console_bytes < CAMPAIGN_CONSOLE_BYTES - 1) {
            machine->console[machine->console_bytes++] = data[i] ? (char)data[i] : '?';
            machine->console[machine->console_bytes] = '\0';
            if (data[i] != '\n')
                continue;
            line_take(machine, machine->console + machine->line);
            machine->line = machine->console_bytes;
        }
}

/* The last line that was printed, without what ends it. */
static const char *console_last(const struct campaign_machine *machine,
                                char line[CONSOLE_LINE_BYTES])
{
    size_t end = machine->console_bytes;
    while (end > 0 && (unsigned char)machine->console[end - 1] < 0x20)
        end--;
    size_t first = end;
    while (first > 0 && machine->console[first - 1] != '\n')
        first--;
    (void)snprintf(line, CONSOLE_LINE_BYTES, "%.*s", (int)(end - first), machine->console + first);
    return end > 0 ? line : "nothing printed";
}

/* --- children --- */

static struct shared *shared_create(struct error *error)
{
    void *mapping = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mapping != MAP_FAILED)
        return mapping;
    (void)error_set(error, ERROR_IO, "campaign: no memory: %s", strerror(errno));
    return NULL;
}

bool campaign_machine_child(struct campaign_machine *machine, const void *job_context,
                            bool (*job)(struct campaign_machine *machine, const void *job_context,
                                        uint64_t *numbers, struct error *error),
                            uint64_t *numbers, unsigned count, struct error *error)
{
    assert(count <= CAMPAIGN_CHILD_NUMBERS);
    struct shared *shared = shared_create(error);
    if (!shared)
        return false;
    (void)error_set(&shared->error, ERROR_IO, "campaign: a run was ended from outside");
    int status;
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            shared->good = job(machine, job_context, shared->numbers, &shared->error);
        _exit(0);
    }
    bool good = child > 0;
    if (!good)
        (void)error_set(&shared->error, ERROR_IO, "campaign: %s", strerror(errno));
    while (good && waitpid(child, &status, 0) < 0)
        good = errno == EINTR;
    good = good && shared->good;
    if (good)
        memcpy(numbers, shared->numbers, count * sizeof(*numbers));
    else
        *error = shared->error;
    (void)munmap(shared, sizeof(*shared));
    return good;
}

/* --- making it --- */

static bool first_read_find(struct campaign_machine *machine, const void *job_context,
                            uint64_t *number, struct error *error)
{
    char line[CONSOLE_LINE_BYTES];
    struct machine_until until = machine_until_never();
    (void)job_context;
    for (uint64_t at = 0; at < BOOT_MAX; at += BOOT_STEP) {
        until.instructions = at + BOOT_STEP;
        struct machine_stop stop = machine_run(machine->machine, &until);
        *number = at;
        if (machine->media.reads > 0)
            return true;
        if (stop.reason != MACHINE_STOP_INSTRUCTIONS)
            break;
    }
    return error_set(error, ERROR_FORMAT, "%.100s: it ends without reading a disk: %.100s",
                     machine->setup->kernel_path, console_last(machine, line));
}

static bool machine_make(struct campaign_machine *machine, struct error *error)
{
    const struct campaign_setup *setup = machine->setup;
    const struct campaign_images *images = machine->images->images;
    struct machine_config config = {.kernel_path = setup->kernel_path, .append = setup->append,
                                    .ram_bytes = setup->ram_bytes, .seed = setup->seed,
                                    .check = setup->check, .disk_count = images->count,
                                    .console = {machine, console_put}};
    for (unsigned i = 0; i < images->count; i++)
        config.disks[i] = (struct machine_disk){.path = images->names[i],
                                                .media = &machine->media.disks[i].store,
                                                .observer = &machine->media.disks[i].observer};
    return machine_create(&machine->machine, &config, error);
}

/* Restart once from the images, up to a checkpoint, and forget it: what the engine translated on
 * the way need not be translated in every child. */
static bool machine_warm(struct campaign_machine *machine, struct error *error)
{
    struct byte_writer power_on = {0};
    struct machine_until until = machine_until_never();
    machine_save(machine->machine, &power_on);
    until.cycles = machine->setup->cycles_max;
    for (unsigned i = 0; i < 2; i++) {
        until.generation = machine_stats(machine->machine).generation + 1;
        (void)machine_run(machine->machine, &until);
    }
    struct byte_reader reader = {.data = power_on.data, .size_bytes = power_on.size_bytes};
    bool good = machine_rewind(machine->machine, &reader, error);
    writer_finish(&power_on);
    campaign_media_close(&machine->media);
    campaign_media_open(&machine->media, machine->images);
    machine->console_bytes = machine->line = 0;
    machine->console[0] = '\0';
    machine->recalls = false;
    machine->recalled = 0;
    return good;
}

bool campaign_machine_create(struct campaign_machine *machine, const struct campaign_setup *setup,
                             const struct campaign_view *images,
                             const struct campaign_layout *layout, struct error *error)
{
    *machine = (struct campaign_machine){.setup = setup, .images = images, .layout = layout};
    campaign_media_open(&machine->media, images);
    struct machine_until until = machine_until_never();
    if (!machine_make(machine, error) ||
        !campaign_machine_child(machine, NULL, first_read_find, &until.instructions, 1, error) ||
        !machine_warm(machine, error))
        return false;
    if (until.instructions > 0)
        (void)machine_run(machine->machine, &until);
    assert(machine->media.reads == 0);
    return true;
}

void campaign_machine_leave(struct campaign_machine *machine)
{
    machine_destroy(machine->machine);
    machine->machine = NULL;
}

void campaign_machine_destroy(struct campaign_machine *machine)
{
    machine_destroy(machine->machine);
    campaign_media_close(&machine->media);
    *machine = (struct campaign_machine){.setup = NULL};
}

/* --- the undisturbed run --- */

static void stamp(void *context, struct campaign_record *record)
{
    const struct campaign_machine *machine = context;
    record->instructions = machine_instructions(machine->machine);
    record->phase = (uint8_t)machine_stats(machine->machine).phase;
}

/* What would a restart see that finds this generation the newest? 0: with all there is. A store
 * that is not whole is no state. also: of the same moment as the record before. Returns its
 * generation. */
static uint64_t state_of_log(struct campaign_machine *machine, uint64_t generation, bool also)
{
    struct campaign_offline offline;
    struct campaign_record record = {.kind = RECORD_STATE, .sector_count = also};
    campaign_judge_offline(&machine->media, true, generation, &offline);
    if (!offline.whole)
        return 0;
    stamp(machine, &record);
    record.order = offline.generation;
    campaign_log_add(machine->media.log, &record, &offline.digest, sizeof(offline.digest));
    return offline.generation;
}

/* What would a restart see now? And if the header that is being written is lost, but not what was
 * journalled after it, which may lie on another disk? Returns whether one is. */
static bool newest_log(struct campaign_machine *machine)
{
    uint64_t announced = machine_stats(machine->machine).generation;
    uint64_t newest = state_of_log(machine, 0, false);
    if (announced == 0 || newest <= announced)
        return false;
    (void)state_of_log(machine, announced, true);
    return true;
}

/* And if what was journalled since the last flush is lost, but not the header? */
static void state_log(void *context)
{
    struct campaign_machine *machine = context;
    bool commits = newest_log(machine);
    for (uint32_t lost = 1;
         commits && lost <= machine->media.undo_writes && lost <= LOST_WRITES_MAX; lost++) {
        machine->media.undone = lost;
        (void)state_of_log(machine, 0, true);
    }
    machine->media.undone = 0;
}

/* The number that ends where text is in a line, or, after, begins behind it. */
static bool number_beside(const char *line, const char *text, bool after, uint64_t *number)
{
    const char *at = text ? strstr(line, text) : NULL;
    if (!at)
        return false;
    const char *first = after ? at + strlen(text) : at;
    while (!after && first > line && first[-1] >= '0' && first[-1] <= '9')
        first--;
    *number = strtoull(first, NULL, 10);
    return *first >= '0' && *first <= '9';
}

/* A line is complete: what does it promise? All that was written before it, whether or not it was
 * flushed: a kernel that answered too early is to be found. What was there after a restart must be
 * there after the next, so that is a promise, too. */
static void line_take(struct campaign_machine *machine, const char *line)
{
    const struct campaign_workload *workload = machine->setup->workload;
    struct campaign_record record = {.kind = RECORD_PROMISE};
    bool recalls = number_beside(line, workload->recall, true, &record.order);
    if (recalls && record.order >= machine->recalled)
        machine->recalled = record.order;
    machine->recalls = machine->recalls || recalls;
    if (!machine->media.log ||
        (!recalls && !number_beside(line, workload->promise, false, &record.order)))
        return;
    if (!workload->recall)
        record.order = 0; /* nobody would say that it is there */
    (void)newest_log(machine);
    stamp(machine, &record);
    campaign_log_add(machine->media.log, &record, NULL, 0);
}

static void trace_log(struct campaign_machine *machine, enum trace_kind kind, uint64_t argument)
{
    struct campaign_record record = {.kind = RECORD_TRACE, .order = kind, .sector = argument};
    stamp(machine, &record);
    campaign_log_add(machine->media.log, &record, NULL, 0);
}

static const char *stop_text(const struct campaign_machine *machine, struct machine_stop stop)
{
    if (machine_stats(machine->machine).panic_addr)
        return "the kernel stopped";
    switch (stop.reason) {
    case MACHINE_STOP_POWER_OFF:
    case MACHINE_STOP_RESET:
        return "it switched itself off";
    case MACHINE_STOP_IDLE:
        return "it waits for nothing that will come";
    case MACHINE_STOP_FAULT:
        return "the machine failed";
    case MACHINE_STOP_CYCLES:
        return "it takes too long";
    case MACHINE_STOP_POWER_CUT:
    case MACHINE_STOP_INSTRUCTIONS:
    case MACHINE_STOP_TIME:
    case MACHINE_STOP_CONSOLE:
    case MACHINE_STOP_TRACE:
    case MACHINE_STOP_DEBUG:
    case MACHINE_STOP_PHASE:
    case MACHINE_STOP_GENERATION:
    case MACHINE_STOP_WRITE:
        break;
    }
    return "it stopped";
}

static const char *forbidden_find(const struct campaign_machine *machine)
{
    const char *const *forbidden = machine->setup->workload->forbidden;
    while (*forbidden && !strstr(machine->console, *forbidden))
        forbidden++;
    return *forbidden;
}

static bool learn_failed(const struct campaign_machine *machine, struct machine_stop stop,
                         struct error *error)
{
    char line[CONSOLE_LINE_BYTES];
    return error_set(error, ERROR_FORMAT, "campaign: the undisturbed run: %s: %.150s",
                     stop_text(machine, stop), console_last(machine, line));
}

/* Run on, and log each phase that begins or ends on the way. */
static struct machine_stop phases_run(struct campaign_machine *machine,
                                      const struct machine_until *until)
{
    struct machine_until each = *until;
    each.phases = UINT32_MAX;
    each.trace_kind = TRACE_PHASE_LEAVE;
    for (;;) {
        struct machine_stop stop = machine_run(machine->machine, &each);
        bool enters = stop.reason == MACHINE_STOP_PHASE;
        if (!enters && stop.reason != MACHINE_STOP_TRACE)
            return stop;
        uint32_t phase = machine_stats(machine->machine).phase;
        trace_log(machine, enters ? TRACE_PHASE_ENTER : TRACE_PHASE_LEAVE, phase);
        if (enters && until->phases >> phase & 1)
            return stop;
    }
}

/* Announcement by announcement. */
static bool learn_run(struct campaign_machine *machine, const void *job_context, uint64_t *number,
                      struct error *error)
{
    char line[CONSOLE_LINE_BYTES];
    struct campaign_log *log = machine->media.log;
    struct machine_until until = machine_until_never();
    const unsigned *checkpoints = job_context;
    until.cycles = machine->setup->cycles_max;
    for (unsigned i = 0; i < machine->setup->fault_count; i++)
        if (machine->media.below == machine->images &&
            !machine_disk_fault(machine->machine, &machine->setup->faults[i], error))
            return false;
    state_log(machine);
    if (log->count == 0)
        return error_set(error, ERROR_FORMAT, "%.150s: not a whole store; see latchkey disk check",
                         machine->images->images->names[0]);
    for (unsigned i = 0; i <= *checkpoints; i++) {
        until.generation = i == 0 ? 1 : machine_stats(machine->machine).generation + 1;
        struct machine_stop stop = phases_run(machine, &until);
        if (stop.reason != MACHINE_STOP_GENERATION)
            return learn_failed(machine, stop, error);
        trace_log(machine, i == 0 ? TRACE_RESTARTED : TRACE_COMMITTED,
                  machine_stats(machine->machine).generation);
        until.cycles = machine_cycles(machine->machine) + machine->setup->cycles_max;
    }
    until.generation = UINT64_MAX;
    until.phases = 1u << TRACE_PHASE_FREEZE; /* the next one: migration is over */
    struct machine_stop stop = phases_run(machine, &until);
    if (stop.reason != MACHINE_STOP_PHASE)
        return learn_failed(machine, stop, error);
    if (forbidden_find(machine))
        return error_set(error, ERROR_FORMAT,
                         "campaign: the undisturbed run prints '%.40s': %.150s",
                         forbidden_find(machine), console_last(machine, line));
    state_log(machine); /* what was written last and not flushed yet is a state, too */
    log->instructions = *number = machine_instructions(machine->machine);
    return !log->full || error_set(error, ERROR_LIMIT,
                                   "campaign: the run writes too much: fewer "
                                   "checkpoints, please");
}

bool campaign_machine_learn(struct campaign_machine *machine, const struct campaign_view *media,
                            unsigned checkpoints, struct campaign_log *log, struct error *error)
{
    uint64_t number;
    assert(!machine->media.log);
    machine->media.below = media;
    machine->media.log = log;
    machine->media.layout = machine->layout;
    machine->media.context = machine;
    machine->media.stamp = stamp;
    machine->media.flushed = state_log;
    campaign_log_clear(log);
    bool good = campaign_machine_child(machine, &checkpoints, learn_run, &number, 1, error);
    machine->media.below = machine->images;
    machine->media.log = NULL;
    return good;
}

/* --- the restarted system --- */

static void online_fail(struct campaign_online *online, enum campaign_outcome outcome,
                        const struct campaign_machine *machine, const char *why)
{
    char line[CONSOLE_LINE_BYTES];
    online->outcome = (uint8_t)outcome;
    (void)snprintf(online->text, sizeof(online->text), "%s: %.120s", why,
                   console_last(machine, line));
    for (char *at = online->text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
}

static void console_judge(struct campaign_machine *machine, struct campaign_online *online)
{
    const char *forbidden = forbidden_find(machine), *wrong = machine->setup->workload->wrong;
    online->wrong = wrong && strstr(machine->console, wrong);
    if (forbidden)
        online_fail(online, OUTCOME_INVARIANT, machine, forbidden);
    else if (machine->setup->workload->recall && !machine->recalls &&
             online->outcome == OUTCOME_PASSED)
        online_fail(online, OUTCOME_INVARIANT, machine, "it does not say what it recalls");
    online->recalled = machine->recalled;
}

void campaign_machine_restart(struct campaign_machine *machine, struct campaign_online *online)
{
    struct machine_until until = machine_until_never();
    *online = (struct campaign_online){.outcome = OUTCOME_PASSED};
    until.generation = 1;
    until.cycles = machine->setup->cycles_max;
    struct machine_stop stop = machine_run(machine->machine, &until);
    if (stop.reason != MACHINE_STOP_GENERATION) {
        online_fail(online, OUTCOME_NO_RESTART, machine, stop_text(machine, stop));
    } else {
        online->generation = machine_stats(machine->machine).generation;
        online->restart_ns = machine_time_ns(machine->machine);
        for (unsigned i = 1; i <= RECALL_CHECKPOINTS; i++) {
            until.generation = online->generation + i;
            until.cycles = machine_cycles(machine->machine) + machine->setup->cycles_max;
            stop = machine_run(machine->machine, &until);
            if (machine->recalls || !machine->setup->workload->recall)
                break;
        }
        if (stop.reason != MACHINE_STOP_GENERATION)
            online_fail(online, OUTCOME_NO_CHECKPOINT, machine, stop_text(machine, stop));
        console_judge(machine, online); /* who trapped does not go on: the trap tells more */
    }
    online->endless = stop.reason == MACHINE_STOP_CYCLES;
    online->instructions = machine_instructions(machine->machine);
    online->history = machine->media.history;
}
