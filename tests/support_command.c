/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_command.c - child processes for tests of the command line. Called by frontend_*_test.c,
 * bench_test.c and qemu_boot_test.c.
 */
#include "tests/support_command.h"

#include <assert.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void text_read(char *path, char text[COMMAND_OUTPUT_BYTES])
{
    FILE *file = fopen(path, "rb");
    size_t length = file ? fread(text, 1, COMMAND_OUTPUT_BYTES - 1, file) : 0;
    text[length] = '\0';
    if (file)
        fclose(file);
    (void)unlink(path);
    free(path);
}

static void child_run(const char *command, const char *output, const char *errors)
{
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int err = open(errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (chdir(LATCHKEY_BUILD_DIR) == 0 && dup2(in, STDIN_FILENO) >= 0 &&
        dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
        execlp("timeout", "timeout", "-k", "5", "60", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

struct command_result *command_run(const char *command)
{
    struct command_result *result = calloc(1, sizeof(*result));
    char *output = command_file("stdout"), *errors = command_file("stderr");
    int status;
    assert(result);
    pid_t child = fork();
    if (child == 0)
        child_run(command, output, errors);
    pid_t ended = waitpid(child, &status, 0);
    assert(ended == child);
    result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    text_read(output, result->output);
    text_read(errors, result->errors);
    return result;
}

int command_one_line(const struct command_result *result, const char *text)
{
    const char *newline = strchr(result->errors, '\n');
    return strncmp(result->errors, "latchkey: ", 10) == 0 && newline && newline[1] == '\0' &&
           strstr(result->errors, text) != NULL;
}

void command_expect_refused(struct command_result *result, int status, const char *text,
                            const char *what)
{
    cr_expect_eq(result->status, status, "%s: status %d, not %d: %s", what, result->status, status,
                 result->errors);
    cr_expect(command_one_line(result, text), "%s: not '%s': %s", what, text, result->errors);
    free(result);
}

char *command_file(const char *name)
{
    char *path = NULL;
    int length = asprintf(&path, "%s/test-%d-%s", LATCHKEY_BUILD_DIR, (int)getpid(), name);
    assert(length > 0);
    return path;
}

/* A RISC-V Image: a header of 64 bytes whose first word jumps over it, then the code. */
static char *guest_make(const char *name, const uint32_t code[4])
{
    uint32_t words[20] = {
        [0] = 0x0400006f,  [2] = 0x00200000, [4] = sizeof(words), [8] = 2,
        [12] = 0x43534952, [13] = 0x56,      [14] = 0x05435352,
    };
    memcpy(words + 16, code, 4 * sizeof(code[0]));
    char *path = command_file(name);
    FILE *file = fopen(path, "wb");
    assert(file);
    size_t written = fwrite(words, sizeof(words), 1, file);
    assert(written == 1);
    fclose(file);
    return path;
}

char *command_looping_guest(void)
{
    static const uint32_t code[4] = {0x0000006f}; /* j . */
    return guest_make("loop.bin", code);
}

char *command_talking_guest(void)
{
    static const uint32_t code[4] = {0x10000537,  /* lui a0, 0x10000: the uart */
                                     0x07800593,  /* li a1, 'x' */
                                     0x00b50023,  /* sb a1, 0(a0) */
                                     0xffdff06f}; /* j .-4 */
    return guest_make("talk.bin", code);
}

char *command_idle_guest(void)
{
    static const uint32_t code[4] = {0x10500073,  /* wfi */
                                     0xffdff06f}; /* j .-4 */
    return guest_make("idle.bin", code);
}
