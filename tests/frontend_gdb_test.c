/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_gdb_test.c - the real gdb-multiarch, driven by scripts, against `latchkey run --gdb` and
 * `latchkey replay --gdb`: also back in time, across a checkpoint and a power cut. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/recorder.h"
#include "tests/support_command.h"
#include "tests/support_disks.h"
#include "tests/support_power.h"

/* Start a server, wait for its port, let gdb do what SCRIPT says, wait for the server. The server's
 * status is the result. */
#define SERVE                                                                                      \
    "%s --gdb 0 </dev/null >%s/out 2>%s/err & server=$!; "                                         \
    "for i in $(seq 100); do grep -q waits %s/err && break; sleep 0.1; done; "                     \
    "port=$(sed -nE 's/.*127.0.0.1:([0-9]+);.*/\\1/p' %s/err); "                                   \
    "timeout 50 gdb-multiarch -nx -q -batch -ex 'set pagination off' -ex 'set confirm off' "       \
    "-ex \"target remote :$port\" -x %s/script kernel.elf 2>&1; "                                  \
    "timeout 10 tail --pid=$server -f /dev/null || kill $server; wait $server"

static struct command_result *gdb_run(const struct scratch *scratch, const char *server,
                                      const char *script)
{
    char command[4000];
    const char *folder = scratch->folder;
    scratch_write(scratch, "script", script, strlen(script));
    (void)snprintf(command, sizeof(command), SERVE, server, folder, folder, folder, folder, folder);
    struct command_result *result = command_run(command);
    cr_assert_eq(result->status, 0, "%d: %s", result->status, result->output);
    return result;
}

/* The number behind "NAME=" in what gdb printed. */
static unsigned long long told(const struct command_result *result, const char *name)
{
    char wanted[40];
    (void)snprintf(wanted, sizeof(wanted), "\n%s=", name);
    const char *at = strstr(result->output, wanted);
    cr_assert(at, "%s was not told: %s", name, result->output);
    return strtoull(at + strlen(wanted), NULL, 0);
}

static void expect(const struct command_result *result, const char *text)
{
    cr_expect(strstr(result->output, text), "\"%s\" is not in:\n%s", text, result->output);
}

/* --- a run --- */

static void digest_of(const struct scratch *scratch, char text[64])
{
    char command[600];
    (void)snprintf(command, sizeof(command), "cat %s/stats.json", scratch->folder);
    struct command_result *result = command_run(command);
    cJSON *object = cJSON_Parse(result->output);
    const cJSON *item = cJSON_GetObjectItem(object, "digest");
    cr_assert(item, "%s", result->output);
    (void)snprintf(text, 64, "%s", item->valuestring);
    cJSON_Delete(object);
    free(result);
}

/* A run of a copy of the demo, once without gdb and once with what the script says: both end in the
 * same state. */
static struct command_result *both_run(const struct scratch *scratch, const char *server,
                                       const char *image, const char *script)
{
    char with[64], without[64];
    image_copy("shared-demo.img", image);
    struct command_result *result = command_run(server);
    cr_assert_eq(result->status, 0, "%s", result->errors);
    free(result);
    digest_of(scratch, without);
    image_copy("shared-demo.img", image);
    result = gdb_run(scratch, server, script);
    digest_of(scratch, with);
    cr_expect_str_eq(with, without, "%s: %s", server, result->output);
    expect(result, "exited normally");
    return result;
}

Test(gdb, a_run_under_gdb_is_the_run_without_it, .timeout = 150)
{
    struct scratch scratch;
    char server[1000], image[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    scratch_file(&scratch, "run.img", image);
    (void)snprintf(server, sizeof(server),
                   "./latchkey run --headless --append checkpoint=20 --until insn=3000000 "
                   "--stats %s/stats.json %s",
                   scratch.folder, image);
    struct command_result *result =
        both_run(&scratch, server, image,
                 "stepi 100\n"
                 "info registers pc priv icount cycles satp ft0 fcsr\n"
                 "hbreak sched_next\ncontinue\nbacktrace\ndelete\n"
                 "break domain_load if $icount > 700000\ncontinue\n"
                 "printf \"\\nloaded=%llu\\n\", $icount\ndelete\n"
                 "watch sched.slice_end\ncontinue\nprintf \"\\nwatched=%llu\\n\", $icount\n"
                 "delete\nrwatch sched.timer\ncontinue\ndelete\nawatch sched.current\n"
                 "continue\ncontinue\ndelete\ninfo threads\nthread 2\ninfo registers pc\n"
                 "x/4xg $sp\nthread 1\nmonitor keys\nmonitor phys\nx/2xg 0x80200000\n"
                 "monitor virt\ninfo mem\npython\ntry:\n    gdb.execute('reverse-stepi')\n"
                 "except gdb.error as error:\n    print(error)\nend\n"
                 "step\nnext\ncontinue\n");
    expect(result, "prv:1 [Supervisor]");
    expect(result, "reakpoint 1, sched_next ()");
    expect(result, "domains_run ()");
    expect(result, "hit Hardware watchpoint 3: sched.slice_end");
    expect(result, "hit Hardware read watchpoint 4: sched.timer");
    expect(result, "hit Hardware access (read/write) watchpoint 5: sched.current");
    expect(result, "\"domain 21 (ticks), ");
    expect(result, "keys of domain ");
    expect(result, "does not support this command"); /* reverse-stepi: there is no history */
    cr_expect_gt(told(result, "loaded"), 700000);
    cr_expect_gt(told(result, "watched"), told(result, "loaded"));
    free(result);
    scratch_remove(&scratch);
}

/* Where a watchpoint would change what model cache sees, gdb steps by itself. */
Test(gdb, no_timing_model_knows_of_gdb, .timeout = 240)
{
    static const struct {
        const char *model, *script;
    } models[] = {{"inorder", "hbreak sched_next\ncontinue\ncontinue\nstepi 50\ndelete\n"
                              "watch sched.slice_end\ncontinue\ncontinue\ndelete\ncontinue\n"},
                  {"cache", "hbreak sched_next\ncontinue\ncontinue\nstepi 50\ndelete\n"
                            "break domain_load\ncontinue\nset can-use-hw-watchpoints 0\n"
                            "watch sched.preempt\nstepi 20\n"
                            "delete\ncontinue\n"}};
    struct scratch scratch;
    char server[1000], image[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    scratch_file(&scratch, "run.img", image);
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        (void)snprintf(server, sizeof(server),
                       "./latchkey run --headless --timing %s --until insn=1500000 "
                       "--stats %s/stats.json %s",
                       models[i].model, scratch.folder, image);
        free(both_run(&scratch, server, image, models[i].script));
    }
    scratch_remove(&scratch);
}

Test(gdb, a_run_can_be_changed_cut_and_left, .timeout = 150)
{
    struct scratch scratch;
    char server[1000], image[SCRATCH_PATH_BYTES];
    scratch_make(&scratch);
    scratch_file(&scratch, "run.img", image);
    (void)snprintf(server, sizeof(server),
                   "./latchkey run --headless --until insn=6000000 %s", image);
    image_copy("shared-demo.img", image);
    struct command_result *result =
        gdb_run(&scratch, server,
                "monitor at insn=2500000\ncontinue\nprintf \"\\nat=%llu\\n\", $icount\n"
                "set $a7 = 0x1234\nprintf \"\\na7=%llu\\n\", $a7\n"
                "set var sched.exits = 77\nprintf \"\\nexits=%u\\n\", sched.exits\n"
                "monitor power-cut\nmaintenance flush register-cache\n"
                "printf \"\\nsatp=%llu\\n\", $satp\ntbreak kernel_main\ncontinue\n"
                "monitor when\nmonitor nonsense\ndetach\n");
    cr_expect_eq(told(result, "at"), 2500000);
    cr_expect_eq(told(result, "a7"), 0x1234);
    cr_expect_eq(told(result, "exits"), 77);
    cr_expect_eq(told(result, "satp"), 0);
    expect(result, "the power failed and is back; now type: maintenance flush ");
    expect(result, "kernel_main (");
    expect(result, "no such command; see monitor help");
    free(result);
    image_copy("shared-demo.img", image);
    result = gdb_run(&scratch, server, "stepi\nkill\n");
    free(result);
    scratch_remove(&scratch);
}

/* --- a replay --- */

struct story {
    uint64_t checkpoint, cut, end; /* instructions */
    char digest[33];
    char trace[SCRATCH_PATH_BYTES];
};

static void machine_go(struct machine *machine, struct recorder *recorder,
                       struct machine_until until)
{
    struct machine_stop stop;
    uint64_t wanted = until.instructions;
    do {
        until.instructions = recorder_next(recorder) < wanted ? recorder_next(recorder) : wanted;
        stop = machine_run(machine, &until);
        recorder_visit(recorder);
    } while (stop.reason == MACHINE_STOP_INSTRUCTIONS && machine_instructions(machine) < wanted);
    cr_assert(stop.reason == MACHINE_STOP_INSTRUCTIONS || stop.reason == MACHINE_STOP_GENERATION,
              "%d", (int)stop.reason);
}

/* The demo boots, takes a checkpoint, loses power, restarts, and goes on. */
static void story_record(const struct scratch *scratch, struct story *story)
{
    struct error error;
    struct machine *machine;
    struct recorder *recorder;
    char image[SCRATCH_PATH_BYTES];
    scratch_file(scratch, "story.img", image);
    scratch_file(scratch, "story.trace", story->trace);
    image_copy("shared-demo.img", image);
    struct machine_config config = {.kernel_path = LATCHKEY_BUILD_DIR "/kernel.elf",
                                    .append = "checkpoint=20", .disk_count = 1,
                                    .disks = {{.path = image, .timing = DISK_TIMING_SSD}}};
    const struct recorder_options options = {.path = story->trace};
    const struct power_cut cut = {.policy = POWER_DROP};
    struct machine_until until = machine_until_never();
    cr_assert(recorder_open(&recorder, &options, &config, &error), "%s", error.text);
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    cr_assert(recorder_attach(recorder, machine, &error), "%s", error.text);
    until.generation = 2;
    machine_go(machine, recorder, until);
    story->checkpoint = machine_instructions(machine);
    until = machine_until_never();
    until.instructions = story->cut = story->checkpoint + 1000000;
    machine_go(machine, recorder, until);
    cr_assert(machine_power_cut(machine, &cut, &error), "%s", error.text);
    cr_assert(machine_reset(machine, &error), "%s", error.text);
    until.instructions = story->end = story->cut + 4000000;
    machine_go(machine, recorder, until);
    cr_assert_geq(machine_stats(machine).generation, 2);
    digest_text(machine_digest(machine), story->digest);
    cr_assert(machine_flush(machine, &error), "%s", error.text);
    cr_assert(recorder_end(recorder, &error), "%s", error.text);
    machine_destroy(machine);
    cr_assert(recorder_close(recorder));
}

/* At the end of history a program of a domain is broken in, and a slot of the domain's keys node is
 * followed back: to where the restart filled the node, to the cut itself, and to where the node was
 * filled before, which is before the checkpoint. */
static const char story_script[] =
    "monitor at insn=%llu\ncontinue\nmonitor digest\ncontinue\nreverse-stepi\n"
    "python\n"
    "import gdb\n"
    "def number(text):\n"
    "    return int(gdb.parse_and_eval(text)) & (1 << 64) - 1\n"
    "def tell(name, value):\n"
    "    gdb.write('\\n%%s=%%d\\n' %% (name, value))\n"
    "def slots():\n"
    "    return [number('&domains.list[%%d].keys->slots[%%d]' %% (i, j)) for i in range(16)\n"
    "            if number('domains.list[%%d].root' %% i) for j in range(16)]\n"
    "user = number('$sepc')\n"
    "point = gdb.Breakpoint('*0x%%x' %% user)\n"
    "gdb.execute('reverse-continue')\n"
    "tell('broken', number('$icount'))\n"
    "tell('privilege', number('$priv'))\n"
    "tell('there', number('$pc') == user)\n"
    "tell('domain', number('$domain'))\n"
    "point.delete()\n"
    "slots = [slot for slot in slots() if number('*(unsigned long *)%%d' %% slot)]\n"
    "gdb.execute('monitor at insn=%llu')\n"
    "gdb.execute('reverse-continue')\n"
    "slot = [slot for slot in slots if number('*(unsigned long *)%%d' %% slot)][0]\n"
    "gdb.execute('continue')\n"
    "tell('head', number('*(unsigned long *)%%d' %% slot))\n"
    "watch = gdb.Breakpoint('*(unsigned long *)%%d' %% slot, gdb.BP_WATCHPOINT, "
    "gdb.WP_WRITE)\n"
    "for name in ('filled', 'lost', 'first'):\n"
    "    gdb.execute('reverse-continue')\n"
    "    while name == 'first' and number('$icount') > %llu:\n"
    "        gdb.execute('reverse-continue')\n"
    "    tell(name, number('$icount'))\n"
    "    tell(name + '_generation', int(gdb.execute('monitor phase', to_string=True)"
    ".split()[-1]))\n"
    "    tell(name + '_store', '\\tsd\\t' in gdb.execute('x/i $pc', to_string=True))\n"
    "gdb.execute('reverse-continue')\n"
    "tell('begin', number('$icount'))\n"
    "for name in ('first_again', 'lost_again', 'filled_again'):\n"
    "    gdb.execute('continue')\n"
    "    tell(name, number('$icount'))\n"
    "watch.delete()\n"
    "end\n"
    "monitor at insn=%llu\ncontinue\nmonitor digest\ndetach\n";

/* What lies beside the program is another kernel than the one that was run. */
Test(gdb, domains_of_a_trace_are_read_with_its_own_kernel, .timeout = 100)
{
    struct scratch scratch;
    char server[600], command[2600];
    scratch_make(&scratch);
    const char *folder = scratch.folder;
    (void)snprintf(command, sizeof(command),
                   "cp latchkey shared-demo.img %s && cp kernel.elf %s/other.elf && "
                   "printf x > %s/kernel.elf && %s/latchkey run --headless --kernel %s/other.elf "
                   "--until insn=2000000 --record %s/trace %s/shared-demo.img > %s/out",
                   folder, folder, folder, folder, folder, folder, folder, folder);
    struct command_result *result = command_run(command);
    cr_assert_eq(result->status, 0, "%s", result->errors);
    free(result);
    (void)snprintf(server, sizeof(server), "%s/latchkey replay %s/trace --to insn=1900000", folder,
                   folder);
    result = gdb_run(&scratch, server, "monitor domains\ndetach\n");
    expect(result, "domain 21 (ticks)");
    free(result);
    (void)snprintf(command, sizeof(command), "cat %s/err; rm %s/other.elf", folder, folder);
    result = command_run(command);
    (void)snprintf(command, sizeof(command), "%s/other.elf\n", folder);
    expect(result, command);
    free(result);
    scratch_remove(&scratch);
}

static unsigned times(const struct command_result *result, const char *text)
{
    unsigned count = 0;
    for (const char *at = result->output; (at = strstr(at, text)); at++)
        count++;
    return count;
}

Test(gdb, a_key_is_followed_back_across_a_checkpoint_and_a_power_cut, .timeout = 240)
{
    struct scratch scratch;
    struct story story;
    char server[1000], script[sizeof(story_script) + 64];
    scratch_make(&scratch);
    story_record(&scratch, &story);
    (void)snprintf(server, sizeof(server), "./latchkey replay %s", story.trace);
    (void)snprintf(script, sizeof(script), story_script, (unsigned long long)story.end,
                   (unsigned long long)story.cut, (unsigned long long)story.checkpoint,
                   (unsigned long long)story.end);
    struct command_result *result = gdb_run(&scratch, server, script);
    cr_expect_eq(times(result, story.digest), 2, "%s: %s", story.digest, result->output);
    expect(result, "No more reverse-execution history.");
    cr_expect_eq(told(result, "privilege"), 0);
    cr_expect_eq(told(result, "there"), 1);
    cr_expect_gt(told(result, "broken"), story.cut);
    cr_expect_neq(told(result, "head"), 0);
    unsigned long long filled = told(result, "filled"), first = told(result, "first");
    cr_expect_gt(filled, story.cut);
    cr_expect_eq(told(result, "lost"), story.cut);
    cr_expect_lt(first, story.checkpoint);
    cr_expect_geq(told(result, "filled_generation"), 2);
    cr_expect_lt(told(result, "first_generation"), 2, "before the checkpoint");
    cr_expect_eq(told(result, "filled_store"), 1, "a key is written by a store");
    cr_expect_eq(told(result, "first_store"), 1);
    cr_expect_eq(told(result, "begin"), 0);
    cr_expect_eq(told(result, "first_again"), first + 1);
    cr_expect_geq(told(result, "lost_again"), story.cut);
    cr_expect_eq(told(result, "filled_again"), filled + 1);
    free(result);
    scratch_remove(&scratch);
}
