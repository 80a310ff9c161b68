/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_headless_test.c - the console on a terminal: raw while the guest runs, as it was
 * afterwards, and Ctrl-A x ends the run. The program runs on a pseudo-terminal.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/support_command.h"

#define WAIT_MS 10000

static const char *const looping[4] = {"--kernel", NULL};

struct terminal_run {
    int master, slave;
    pid_t child;
    struct termios before;
    char *guest;
    char text[4096]; /* what the program has written */
    size_t length;
};

/* Run `latchkey run --headless` with up to four more words; NULL stands for the looping guest's
 * path. */
static void run_start(struct terminal_run *run, const char *const words[4])
{
    *run = (struct terminal_run){.guest = command_looping_guest()};
    cr_assert_eq(openpty(&run->master, &run->slave, NULL, NULL, NULL), 0);
    cr_assert_eq(tcgetattr(run->slave, &run->before), 0);
    run->child = fork();
    if (run->child == 0) {
        for (int stream = 0; stream < 3; stream++)
            (void)dup2(run->slave, stream);
        if (chdir(LATCHKEY_BUILD_DIR) == 0)
            execl("./latchkey", "latchkey", "run", "--headless", words[0],
                  words[1] ? words[1] : run->guest, words[2], words[3], (char *)NULL);
        _exit(127);
    }
}

static tcflag_t local_flags(const struct terminal_run *run)
{
    struct termios now;
    cr_assert_eq(tcgetattr(run->slave, &now), 0);
    return now.c_lflag & (ICANON | ECHO | ISIG);
}

/* Wait until the program has made the terminal raw. */
static void raw_await(const struct terminal_run *run)
{
    for (int i = 0; i < WAIT_MS / 10 && local_flags(run) != 0; i++)
        (void)poll(NULL, 0, 10);
    cr_assert_eq(local_flags(run), 0, "the terminal did not become raw");
}

static void type(const struct terminal_run *run, const char *keys)
{
    cr_assert_eq(write(run->master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* Read until the text has come. */
static bool text_await(struct terminal_run *run, const char *text)
{
    struct pollfd ready = {.fd = run->master, .events = POLLIN};
    while (!strstr(run->text, text) && run->length < sizeof(run->text) - 1 &&
           poll(&ready, 1, WAIT_MS) > 0) {
        ssize_t count =
            read(run->master, run->text + run->length, sizeof(run->text) - 1 - run->length);
        if (count <= 0)
            break;
        run->length += (size_t)count;
        run->text[run->length] = '\0';
    }
    return strstr(run->text, text) != NULL;
}

/* The program's exit status, and whether the terminal is as it was. */
static int run_end(struct terminal_run *run)
{
    int status = -1;
    for (int i = 0; i < WAIT_MS / 10 && waitpid(run->child, &status, WNOHANG) == 0; i++)
        (void)poll(NULL, 0, 10);
    if (status == -1) {
        (void)kill(run->child, SIGKILL);
        (void)waitpid(run->child, &status, 0);
        cr_assert_fail("the program did not end");
    }
    struct termios after;
    cr_expect_eq(tcgetattr(run->slave, &after), 0);
    cr_expect_eq(after.c_lflag, run->before.c_lflag, "local flags were not restored");
    cr_expect_eq(after.c_iflag, run->before.c_iflag, "input flags were not restored");
    close(run->master);
    close(run->slave);
    (void)remove(run->guest);
    free(run->guest);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Test(headless, ctrl_a_x_ends_the_run_and_the_terminal_is_restored)
{
    struct terminal_run run;
    run_start(&run, looping);
    raw_await(&run);
    type(&run, "\1x");
    cr_expect_eq(run_end(&run), 0);
}

Test(headless, ctrl_c_goes_to_the_guest)
{
    struct terminal_run run;
    run_start(&run, looping);
    raw_await(&run);
    type(&run, "\3\3\1h");
    cr_expect(text_await(&run, "Ctrl-A x"), "no help: %s", run.text);
    cr_expect_eq(kill(run.child, 0), 0, "the program has ended");
    type(&run, "\1x");
    cr_expect_eq(run_end(&run), 0);
}

Test(headless, the_terminal_is_restored_after_a_signal)
{
    struct terminal_run run;
    run_start(&run, looping);
    raw_await(&run);
    cr_assert_eq(kill(run.child, SIGTERM), 0);
    cr_expect_eq(run_end(&run), 128 + SIGTERM);
}

Test(headless, the_terminal_is_restored_after_a_power_off)
{
    struct terminal_run run;
    run_start(&run, (const char *const[4]){"--fast", "first.img"});
    cr_expect(text_await(&run, "hello from the first domain"), "%s", run.text);
    cr_expect_eq(run_end(&run), 0);
}

Test(headless, a_guest_that_computes_is_held_to_real_time_on_a_terminal)
{
    struct terminal_run run;
    char *stats = command_file("pace.json"), text[4096] = "";
    run_start(&run, (const char *const[4]){"--kernel", NULL, "--stats", stats});
    raw_await(&run);
    (void)poll(NULL, 0, 1000);
    type(&run, "\1x");
    cr_expect_eq(run_end(&run), 0);
    FILE *file = fopen(stats, "r");
    cr_assert(file);
    cr_assert_gt(fread(text, 1, sizeof(text) - 1, file), 0);
    fclose(file);
    const char *found = strstr(text, "\"virtual_time_ns\":");
    cr_assert(found);
    double seconds = strtod(strchr(found, ':') + 1, NULL) * 1e-9;
    cr_expect(seconds > 0.2 && seconds < 5.0, "%f virtual seconds in about one", seconds);
    (void)remove(stats);
    free(stats);
}
