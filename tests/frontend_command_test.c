/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_command_test.c - the command line keeps its contract: exit statuses, one-line errors,
 * outputs, console, stop conditions. Runs the program as a user would.
 */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support_command.h"

/* Run, compare the exit status and whether stderr is one line with the text. */
static void refused(const char *command, int status, const char *text)
{
    struct command_result *result = command_run(command);
    cr_expect_eq(result->output[0], '\0', "%s: printed \"%s\"", command, result->output);
    command_expect_refused(result, status, text, command);
}

static const struct refusal {
    int status;
    const char *command, *text;
} refusals[] = {
    {2, "./latchkey", "command"},
    {2, "./latchkey nothing", "nothing"},
    {2, "./latchkey help nothing", "nothing"},
    {2, "./latchkey '\033[2J'", "?[2J"},
    {2, "./latchkey version x", "x"},
    {2, "./latchkey run --kernel '' first.img", "--kernel"},
    {2, "./latchkey disk info ''", "empty"},
    {2, "./latchkey run --nothing", "--nothing"},
    {2, "./latchkey run --ram", "--ram"},
    {2, "./latchkey run --ram 1", "--ram"},
    {2, "./latchkey run --headless --until insn=x first.img", "--until"},
    {2, "./latchkey run --headless first.img,cache=none", "cache=none"},
    {3, "./latchkey replay nothing.trace", "nothing.trace"},
    {1, "./latchkey replay first.img", "first.img: not a trace"},
    {2, "./latchkey replay", "no trace given"},
    {2, "./latchkey replay --to x first.img", "--to"},
    {2, "./latchkey replay --history x first.img", "--history x"},
    {2, "./latchkey replay --snapshots", "--snapshots"},
    {2, "./latchkey replay first.img --bundle first.img", "first.img"},
    {2, "./latchkey run --headless --record first.img first.img", "--record"},
    {3, "./latchkey run --headless --record no/x first.img", "no/x"},
    {2, "./latchkey run --headless --record x,every=0 first.img", "every=0"},
    {2, "./latchkey run --timing fast first.img", "expected insn, inorder or cache"},
    {3, "./latchkey run --headless nothing.img", "nothing.img"},
    {3, "./latchkey run --headless --kernel nothing.elf first.img", "nothing.elf"},
    {3, "./latchkey run --headless --input nothing.txt first.img", "nothing.txt"},
    {1, "./latchkey run --headless --kernel first.img first.img", "first.img"},
    {1, "./latchkey run --headless --input kernel.elf first.img", "kernel.elf:1"},
};

Test(command, what_cannot_be_done_is_named_in_one_line_with_its_status)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        refused(refusals[i].command, refusals[i].status, refusals[i].text);
}

Test(command, an_empty_image_ends_in_one_line_of_the_kernel_and_status_1)
{
    struct command_result *result =
        command_run("f=$(mktemp); truncate -s 1M $f; ./latchkey run --headless $f; s=$?; rm $f; "
                    "exit $s");
    cr_expect_eq(result->status, 1, "status %d", result->status);
    cr_expect(command_one_line(result, "guest: powered off with code"), "%s", result->errors);
    free(result);
}

Test(command, help_and_version_print_with_status_0)
{
    static const char *const commands[][2] = {
        {"./latchkey help", "latchkey run"}, {"./latchkey --help", "latchkey disk"},
        {"./latchkey help run", "--until"},  {"./latchkey help disk", "make RECIPE"},
        {"./latchkey version", "latchkey "},
        {"./latchkey run --help", "--until"}, {"./latchkey disk -h", "make RECIPE"},
        {"./latchkey run nothing.img --help", "--until"},
        {"./latchkey disk make --help", "make RECIPE"},
        {"./latchkey replay -h x --to insn=1", "--verify"},
        {"./latchkey help help --help", "latchkey replay"},
        {"./latchkey --help -h", "latchkey campaign"},
        {LATCHKEY_SOURCE_DIR "/frontend/start --seed 5 --help", "latchkey help run"},
        {LATCHKEY_SOURCE_DIR "/tests/run -h", "--sanitize"},
        {LATCHKEY_SOURCE_DIR "/bench/run --help", "--suite"},
    };
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        struct command_result *result = command_run(commands[i][0]);
        cr_expect_eq(result->status, 0, "%s", commands[i][0]);
        cr_expect(strstr(result->output, commands[i][1]), "%s: %s", commands[i][0], result->output);
        cr_expect_eq(result->errors[0], '\0', "%s: %s", commands[i][0], result->errors);
        free(result);
    }
}

Test(command, what_an_option_takes_is_no_question_for_help)
{
    struct command_result *result =
        command_run("./latchkey run --headless --append --help shared-first.img,readonly");
    cr_expect_eq(result->status, 0);
    cr_expect(strstr(result->output, "hello from the first domain"), "%s", result->output);
    free(result);
}

Test(command, a_power_off_with_code_0_is_status_0_and_the_console_is_stdout)
{
    struct command_result *result = command_run("./latchkey run --headless first.img");
    cr_expect_eq(result->status, 0);
    cr_expect(strstr(result->output, "hello from the first domain"), "%s", result->output);
    cr_expect_eq(result->errors[0], '\0', "%s", result->errors);
    free(result);
}

Test(command, without_a_display_the_console_is_used_and_said_so)
{
    struct command_result *result =
        command_run("env -u DISPLAY -u WAYLAND_DISPLAY -u SDL_VIDEODRIVER "
                    "./latchkey run first.img");
    cr_expect_eq(result->status, 0);
    cr_expect(strstr(result->output, "hello from the first domain"), "%s", result->output);
    cr_expect(command_one_line(result, "display"), "%s", result->errors);
    free(result);
}

Test(command, without_a_display_what_is_wrong_is_all_that_is_said)
{
    refused("env -u DISPLAY -u WAYLAND_DISPLAY -u SDL_VIDEODRIVER ./latchkey run nothing.img", 3,
            "nothing.img: No such file");
}

/* The host takes no byte of a file; stderr is a pipe. */
Test(command, a_start_that_fails_leaves_no_file_behind)
{
    static const char *const outputs[][2] = {
        {"shared-first.img,overlay=$d/o", "/o: cannot be written: File too large"},
        {"shared-first.img,readonly --record $d/t", "the trace cannot be written: File too large"}};
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
        char command[400];
        snprintf(command, sizeof(command),
                 "d=$(mktemp -d); e=$( (ulimit -f 0; exec ./latchkey run --headless %s) 2>&1); "
                 "s=$?; echo \"$e\" >&2; rmdir $d || s=99; exit $s", outputs[i][0]);
        refused(command, 3, outputs[i][1]);
    }
}

Test(command, a_trace_without_a_byte_is_called_empty)
{
    refused("f=$(mktemp); ./latchkey replay $f; s=$?; rm $f; exit $s", 1, "it is empty");
}

Test(command, a_display_that_does_not_answer_is_no_display)
{
    /* A library that SDL asks for displays leaks; this is not about that. */
    struct command_result *result =
        command_run("env -u WAYLAND_DISPLAY -u SDL_VIDEODRIVER DISPLAY=:4242 "
                    "XDG_RUNTIME_DIR=/nowhere ASAN_OPTIONS=detect_leaks=0 "
                    "./latchkey run first.img");
    cr_expect_eq(result->status, 0);
    cr_expect(strstr(result->output, "hello from the first domain"), "%s", result->output);
    cr_expect(strstr(result->errors, "latchkey: display: cannot be opened"), "%s", result->errors);
    free(result);
}

Test(command, a_window_runs_to_the_same_end)
{
    struct command_result *result =
        command_run("env -u DISPLAY SDL_VIDEODRIVER=dummy ./latchkey run --fast first.img");
    cr_expect_eq(result->status, 0, "%d: %s", result->status, result->errors);
    cr_expect(strstr(result->output, "hello from the first domain"), "%s", result->output);
    free(result);
}

Test(command, a_limit_is_status_124_and_a_stop_condition_status_0)
{
    refused("./latchkey run --headless --limit-insn 1000 first.img", 124, "1000");
    struct command_result *until = command_run("./latchkey run --headless --until insn=1000 "
                                               "first.img");
    struct command_result *console = command_run("./latchkey run --headless "
                                                 "--until console=generation first.img");
    cr_expect_eq(until->status, 0);
    cr_expect_eq(console->status, 0);
    cr_expect(strstr(console->output, "generation"), "%s", console->output);
    cr_expect(!strstr(console->output, "hello"), "the run went on: %s", console->output);
    free(until);
    free(console);
}

/* The figures of a run, parsed; the caller deletes them. */
static cJSON *stats_of(const char *options)
{
    char *path = command_file("stats.json"), command[1024];
    snprintf(command, sizeof(command),
             "./latchkey run --headless %s --stats %s >/dev/null 2>&1; cat %s", options, path,
             path);
    struct command_result *result = command_run(command);
    cJSON *stats = cJSON_Parse(result->output);
    cr_assert(stats, "%s: %s%s", command, result->output, result->errors);
    (void)remove(path);
    free(path);
    free(result);
    return stats;
}

static const char *text_of(const cJSON *stats, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(stats, name);
    cr_assert(cJSON_IsString(item), "no text %s", name);
    return item->valuestring;
}

static double number_of(const cJSON *stats, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(stats, name);
    cr_assert(cJSON_IsNumber(item), "no number %s", name);
    return item->valuedouble;
}

Test(command, the_figures_hold_what_was_promised)
{
    cJSON *stats = stats_of("--until insn=123456 pingpong.img");
    cr_expect_eq(number_of(stats, "instructions"), 123456.0);
    cr_expect_geq(number_of(stats, "cycles"), 123456.0);
    cr_expect_eq(number_of(stats, "virtual_time_ns"), number_of(stats, "cycles") * 10.0,
                 "100 MHz: 10 ns a cycle");
    cr_expect_eq(strlen(text_of(stats, "digest")), 32);
    cr_expect_str_eq(text_of(stats, "exit_reason"), "insn");
    cr_expect_gt(number_of(stats, "mips"), 0.0);
    (void)number_of(stats, "generation");
    const cJSON *disks = cJSON_GetObjectItem(stats, "disks");
    cr_assert_eq(cJSON_GetArraySize(disks), 1);
    (void)number_of(cJSON_GetArrayItem(disks, 0), "read_requests");
    cJSON_Delete(stats);
}

Test(command, the_reason_of_the_end_is_in_the_figures)
{
    static const char *const runs[][2] = {
        {"first.img", "power-off"},
        {"--limit-insn 5000 first.img", "limit"},
        {"--until cycles=50000 first.img", "cycles"},
        {"--until console=generation first.img", "console"},
        {"--until phase=boot first.img", "phase"},
    };
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        cJSON *stats = stats_of(runs[i][0]);
        cr_expect_str_eq(text_of(stats, "exit_reason"), runs[i][1], "%s: %s", runs[i][0],
                         text_of(stats, "exit_reason"));
        cJSON_Delete(stats);
    }
}

Test(command, the_same_run_ends_in_the_same_digest_in_every_mode)
{
    static const char *const modes[] = {"", "--step", "--slow-stores"};
    char first[64] = "";
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        char options[128];
        snprintf(options, sizeof(options), "%s --seed 5 --until insn=3000000 pingpong.img",
                 modes[i]);
        cJSON *stats = stats_of(options);
        if (i == 0)
            snprintf(first, sizeof(first), "%s", text_of(stats, "digest"));
        cr_expect_str_eq(text_of(stats, "digest"), first, "mode \"%s\"", modes[i]);
        cJSON_Delete(stats);
    }
    cJSON *other = stats_of("--seed 6 --until insn=3000000 pingpong.img");
    cr_expect_str_neq(text_of(other, "digest"), first, "another seed is another run");
    cJSON_Delete(other);
}

Test(command, a_screenshot_is_a_png_of_the_screens_size_even_when_it_is_dark)
{
    char *path = command_file("screen.png"), command[1024];
    snprintf(command, sizeof(command), "./latchkey run --headless --screenshot %s first.img", path);
    struct command_result *result = command_run(command);
    png_image image = {.version = PNG_IMAGE_VERSION};
    cr_expect_eq(result->status, 0, "%s", result->errors);
    cr_assert(png_image_begin_read_from_file(&image, path), "%s", image.message);
    cr_expect_eq(image.width, 1024);
    cr_expect_eq(image.height, 768);
    png_image_free(&image);
    (void)remove(path);
    free(path);
    free(result);
}

Test(command, outputs_that_cannot_be_written_are_named_with_status_3)
{
    static const char *const options[] = {"--screenshot", "--stats"};
    for (size_t i = 0; i < 2; i++) {
        char command[256];
        snprintf(command, sizeof(command),
                 "./latchkey run --headless %s /nowhere/file first.img >/dev/null", options[i]);
        refused(command, 3, "/nowhere/file");
    }
}

Test(command, outputs_never_take_the_place_of_what_the_run_uses)
{
    static const char copy[] = "d=$(mktemp -d); cp shared-first.img $d/a.img; ";
    static const char keep[] = "; s=$?; cmp $d/a.img shared-first.img || s=99; rm -r $d; exit $s";
    static const struct {
        const char *command, *text;
    } runs[] = {
        {"./latchkey run --headless --stats $d/a.img $d/a.img", "the run uses"},
        {"ln -s a.img $d/l; ./latchkey run --headless --screenshot $d/l $d/a.img", "the run uses"},
        {"./latchkey run --headless --stats $d/o --disk $d/a.img,overlay=$d/o", "the run uses"},
        {"./latchkey run --headless --stats $d/o --screenshot $d/o $d/a.img", "screenshot's"},
        {"./latchkey run --headless --stats $d/o --record $d/../${d##*/}/o $d/a.img", "another"},
        {"(cd $d && $OLDPWD/latchkey run --headless --stats o --svg ./o a.img)", "--stats's"},
        {"echo > $d/in; ./latchkey run --headless --input $d/in --record $d/in $d/a.img",
         "the run uses"},
        {"echo > $d/in; ./latchkey run --headless --input $d/in --svg $d/in $d/a.img",
         "the run uses"},
        {"./latchkey disk make $d/a.img -o $d/a.img", "the recipe"},
    };
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        char command[512];
        snprintf(command, sizeof(command), "%s%s%s", copy, runs[i].command, keep);
        refused(command, 2, runs[i].text);
    }
}

Test(command, pipes_and_folders_in_place_of_files_are_refused_without_a_wait)
{
    static const char *const options[] = {
        "--kernel $d/p first.img", "--initrd $d/p first.img", "--input $d/p first.img",
        "$d/p",                    "$d/p,readonly",           "first.img,overlay=$d/p",
        "--stats $d first.img",    "--screenshot $d first.img"};
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        char command[256];
        snprintf(command, sizeof(command),
                 "d=$(mktemp -d); mkfifo $d/p; timeout 10 ./latchkey run --headless %s; s=$?; "
                 "rm $d/p; rmdir $d; exit $s", options[i]);
        refused(command, 3, "/tmp");
    }
    refused("d=$(mktemp -d); mkfifo $d/p; timeout 10 ./latchkey disk make $d/p -o $d/i; s=$?; "
            "rm $d/p; rmdir $d; exit $s", 3, "not a regular file");
    refused("d=$(mktemp -d); mkdir $d/i; ./latchkey disk make first.recipe -o $d/i; s=$?; "
            "rmdir $d/i $d; exit $s", 3, "first.recipe");
}

Test(command, a_full_disk_is_status_3_even_when_the_guest_ended_well)
{
    static const char *const commands[] = {"run --headless first.img", "disk info first.img",
                                           "disk digest first.img", "help", "version", "help run",
                                           "profile shared-gauge.img,readonly"};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char command[256];
        snprintf(command, sizeof(command), "./latchkey %s >/dev/full", commands[i]);
        refused(command, 3, "No space left on device");
    }
}

Test(command, a_guest_that_can_never_wake_ends_the_run_with_status_1)
{
    char *guest = command_idle_guest(), command[512];
    snprintf(command, sizeof(command), "timeout 10 ./latchkey run --headless --kernel %s", guest);
    refused(command, 1, "waits for input that cannot come");
    (void)remove(guest);
    free(guest);
}

Test(command, a_file_grown_too_large_is_an_error_and_no_crash)
{
    refused("d=$(mktemp -d); cp shared-first.img $d/a.img; (ulimit -f 1; ./latchkey run --headless "
            "--until insn=1000 --screenshot $d/p --disk $d/a.img); s=$?; rm $d/a.img; "
            "rmdir $d || s=99; exit $s", 3, "File too large");
}

Test(command, a_signal_ends_a_run_whose_output_nobody_takes)
{
    char *guest = command_talking_guest(), command[1024];
    snprintf(command, sizeof(command),
             "d=$(mktemp -d); mkfifo $d/p; sleep 20 <$d/p & "
             "(timeout -k 5 -s TERM --preserve-status 2 ./latchkey run --headless --kernel %s; "
             "echo $? >&2) >$d/p; kill $!; rm $d/p; rmdir $d", guest);
    struct command_result *result = command_run(command);
    cr_expect_str_eq(result->errors, "143\n", "it had to be killed, or ended early");
    (void)remove(guest);
    free(guest);
    free(result);
}

Test(command, a_closed_stdout_ends_the_run_in_one_line)
{
    struct command_result *result =
        command_run("(./latchkey run --headless pingpong.img; echo $? >&2) 2>&1 >&- | tail -n 2");
    cr_expect(strstr(result->output, "latchkey: console: stdout: "), "%s", result->output);
    cr_expect(strstr(result->output, "\n3\n"), "%s", result->output);
    free(result);
}

Test(command, a_signal_ends_the_run_with_its_outputs_written)
{
    char *path = command_file("signal.json"), *guest = command_looping_guest(), command[1024];
    snprintf(command, sizeof(command),
             "timeout -s TERM 1 ./latchkey run --headless --stats %s --kernel %s; cat %s", path,
             guest, path);
    struct command_result *result = command_run(command);
    cJSON *stats = cJSON_Parse(result->output);
    cr_assert(stats, "%s%s", result->output, result->errors);
    cr_expect_str_eq(text_of(stats, "exit_reason"), "signal");
    cJSON_Delete(stats);
    (void)remove(path);
    (void)remove(guest);
    free(path);
    free(guest);
    free(result);
}
