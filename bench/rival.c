/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rival.c - QEMU as a child process. Called by cpu_bench.c. */
#include "bench/rival.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

#define LIMIT_SECONDS 120.0

/* Start QEMU with its console on a pipe. Returns the end to read, -1 when it cannot be started. */
static int rival_start(const char *kernel_path, pid_t *child)
{
    /* h=off: our machine has no hypervisor extension, and QEMU traps faster without it. The default
     * firmware: under one that leaves the machine timer pending, QEMU takes its big lock whenever
     * it leaves translated code, and a trap takes twice the time. */
    char *const words[] = {"qemu-system-riscv64",
                           "-M",
                           "virt",
                           "-cpu",
                           "rv64,h=off",
                           "-m",
                           "128",
                           "-icount",
                           "shift=0",
                           "-nodefaults",
                           "-display",
                           "none",
                           "-serial",
                           "stdio",
                           "-bios",
                           "default",
                           "-kernel",
                           (char *)kernel_path,
                           NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int result = posix_spawnp(child, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (result == 0)
        return ends[0];
    close(ends[0]);
    return -1;
}

/* Read until the end, keeping the last bytes. false: it took too long. */
static bool output_read(int end, char *output, size_t output_bytes, double deadline)
{
    char bytes[4096];
    size_t kept = 0;
    for (;;) {
        struct pollfd ready = {.fd = end, .events = POLLIN};
        double left = deadline - bench_seconds();
        if (left <= 0 || poll(&ready, 1, (int)(left * 1000) + 1) == 0)
            return false;
        ssize_t count = read(end, bytes, sizeof(bytes));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        for (ssize_t i = 0; i < count; i++) {
            if (kept == output_bytes - 1) {
                memmove(output, output + 1, kept - 1);
                kept--;
            }
            output[kept++] = bytes[i];
        }
    }
    output[kept] = '\0';
    return true;
}

bool rival_run(const char *kernel_path, char *output, size_t output_bytes, double *seconds,
               struct error *error)
{
    pid_t child;
    int status;
    assert(output_bytes > 1);
    double start = bench_seconds();
    int end = rival_start(kernel_path, &child);
    if (end < 0)
        return error_set(error, ERROR_IO, "qemu-system-riscv64: cannot be started");
    bool in_time = output_read(end, output, output_bytes, start + LIMIT_SECONDS);
    close(end);
    if (!in_time)
        (void)kill(child, SIGKILL);
    pid_t ended = waitpid(child, &status, 0);
    *seconds = bench_seconds() - start;
    assert(ended == child);
    if (!in_time)
        return error_set(error, ERROR_IO, "qemu-system-riscv64 %s: took too long", kernel_path);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(error, ERROR_IO, "qemu-system-riscv64 %s: failed", kernel_path);
    return true;
}
