/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the program: one subcommand a word. Calls the *_command.c files, which print and return
 * the exit status: 0 as asked, 1 the guest or a check failed, 2 usage, 3 the host refused, 4 a
 * campaign found that a system does not restart, 124 a limit was hit, 128 + N signal N ended the
 * run.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/error.h"
#include "emulator/options.h"
#include "emulator/version.h"
#include "frontend/campaign_command.h"
#include "frontend/disk_command.h"
#include "frontend/failure.h"
#include "frontend/profile_command.h"
#include "frontend/replay_command.h"
#include "frontend/replay_words.h"
#include "frontend/run_command.h"

#define EXIT_ENVIRONMENT 3

static const char usage_text[] =
    "latchkey run [IMG...] [options]   boot a machine\n"
    "latchkey replay TRACE [options]   run a recorded run again, and verify it\n"
    "latchkey campaign IMG [options]   fail its power wherever it matters; also merge, repro\n"
    "latchkey profile [IMG...] [options]  say where the instructions of a run go\n"
    "latchkey disk make RECIPE -o IMG  build a disk image; also info, check, digest, diff, add,\n"
    "                                  apply\n"
    "latchkey help [COMMAND]           this text, or all about a command\n"
    "latchkey version                  the version\n"
    "\n"
    "exit status: 0 as asked; 1 the guest or a check failed; 2 usage; 3 the host refused;\n"
    "4 a campaign found that a system does not restart; 124 a limit was hit;\n"
    "128 + N signal N ended the run\n";

static const char disk_text[] =
    "latchkey disk make RECIPE -o IMG  build the image that a recipe describes\n"
    "latchkey disk info IMG...         what the store is, and where things are in it\n"
    "latchkey disk check IMG...        examine all of it; exit status 1 when something is wrong\n"
    "latchkey disk digest IMG...       one number that stores with equal contents share\n"
    "latchkey disk diff A B            what two stores hold that is not the same; exit status 1\n"
    "                                  if anything is; of several volumes: all, with commas\n"
    "latchkey disk add IMG... NEW      one more volume: --nodes N, --pages N, --mirror; or\n"
    "                                  --stream N, which gets each of the last N checkpoints\n"
    "latchkey disk apply STREAM IMG... bring a copy of a store to the newest of them\n"
    "\n"
    "A store of several volumes is given as all its images.\n"
    "  --json          info, check, digest, diff: print JSON\n"
    "  --generation G  digest: as of checkpoint G; else the newest\n"
    "What a recipe looks like: disks/recipe.h; examples: disks/recipes/\n";

static const char *disk_help(void)
{
    return disk_text;
}

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* the words after the name; returns the exit status */
    const char *(*help)(void);
} commands[] = {
    {"run", run_command, options_help},
    {"replay", replay_command, replay_help},
    {"campaign", campaign_command, campaign_help},
    {"profile", profile_command, profile_help},
    {"disk", disk_command, disk_help},
};

/* NULL: it is none of them. */
static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static int fail(enum error_code code, const char *what, const char *why)
{
    struct error error;
    (void)error_set(&error, code, "%.60s: %s", what, why);
    return failure_tell(&error);
}

static int command_unknown(const char *name)
{
    return fail(ERROR_USAGE, *name ? name : "''", "no such command; see latchkey help");
}

static int print(const char *text)
{
    (void)fputs(text, stdout);
    return 0;
}

static bool asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int command_help(int argc, char **argv)
{
    if (argc == 0)
        return print(usage_text);
    if (argc > 1)
        return fail(ERROR_USAGE, "help", "one command at a time");
    const struct command *command = command_find(argv[0]);
    if (command)
        return print(command->help());
    if (strcmp(argv[0], "help") == 0 || strcmp(argv[0], "version") == 0 || asks_help(argv[0]))
        return print(usage_text);
    return command_unknown(argv[0]);
}

/* Behind a command's name, wherever: but not what an option of run or replay takes as its value. */
static bool help_asked(int argc, char **argv)
{
    for (int i = 2; i < argc; i++)
        if (options_takes_value(argv[i]) || replay_takes_value(argv[i]))
            i++;
        else if (asks_help(argv[i]))
            return true;
    return false;
}

/* A disk image must never be opened under the number of a closed standard stream: fill the gaps
 * with files that refuse every use. */
static bool streams_hold(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        if (fcntl(stream, F_GETFD) < 0 &&
            open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) != stream)
            return false;
    return true;
}

static int command_run(int argc, char **argv)
{
    const char *name = argv[1];
    const struct command *command = command_find(name);
    if (help_asked(argc, argv))
        return command_help(1, argv + 1);
    if (command)
        return command->run(argc - 2, argv + 2);
    if (strcmp(name, "help") == 0 || asks_help(name))
        return command_help(argc - 2, argv + 2);
    if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0)
        return argc == 2 ? print("latchkey " LATCHKEY_VERSION "\n")
                         : fail(ERROR_USAGE, argv[2], "version takes no more words");
    return command_unknown(name);
}

int main(int argc, char **argv)
{
    if (!streams_hold())
        return EXIT_ENVIRONMENT;
    (void)signal(SIGXFSZ, SIG_IGN); /* a file grown too large is an error of write() */
    if (argc < 2)
        return fail(ERROR_USAGE, "command", "none given; see latchkey help");
    return failure_of_output(command_run(argc, argv));
}
