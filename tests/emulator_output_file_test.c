/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_output_file_test.c - files are written whole or stay as they were, and nothing else in
 * the tree of files is ever replaced or removed. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/base/output_file.h"
#include "tests/support_command.h"

/* Each test works in a folder of its own. */
static char *folder;

static void begin(void)
{
    folder = command_file("output");
    cr_assert_eq(mkdir(folder, 0700), 0);
    cr_assert_eq(chdir(folder), 0);
}

static void end(void)
{
    static const char *const names[] = {"file", "other", "link", "pipe"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)remove(names[i]);
    (void)rmdir("folder");
    cr_assert_eq(rmdir(folder), 0, "something was left over");
    free(folder);
}

TestSuite(output_file, .init = begin, .fini = end);

static void holds(const char *path, const char *text)
{
    char found[64] = "";
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s is missing", path);
    size_t length = fread(found, 1, sizeof(found) - 1, file);
    fclose(file);
    cr_expect_str_eq(found, text, "%s", path);
    cr_expect_eq(length, strlen(text));
}

static void put(const char *path, const char *text)
{
    struct error error;
    cr_assert(output_write(path, text, strlen(text), &error), "%s", error.text);
}

/* Neither check nor write takes it, or only write refuses it. */
static void refused(const char *path, const char *why)
{
    struct error error;
    cr_expect_not(output_write(path, "x", 1, &error), "%s", path);
    cr_expect(strstr(error.text, why), "%s", error.text);
    cr_expect_eq(error_exit_status(&error), 3);
}

Test(output_file, a_file_is_made_and_replaced)
{
    put("file", "first, and longer");
    holds("file", "first, and longer");
    put("file", "second");
    holds("file", "second");
}

Test(output_file, a_link_stays_and_its_target_is_replaced_with_its_mode)
{
    struct stat status;
    put("file", "first");
    cr_assert_eq(chmod("file", 0640), 0);
    cr_assert_eq(symlink("file", "link"), 0);
    put("link", "second");
    holds("file", "second");
    cr_assert_eq(lstat("link", &status), 0);
    cr_expect(S_ISLNK(status.st_mode));
    cr_assert_eq(stat("file", &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0640);
}

Test(output_file, what_is_no_file_is_refused_and_stays)
{
    struct stat status;
    struct error error;
    cr_assert_eq(mkdir("folder", 0700), 0);
    cr_assert_eq(symlink("link", "link"), 0);
    cr_assert_eq(mkfifo("pipe", 0600), 0);
    static const char *const names[] = {"folder", "link", "", "nowhere/file", "file/"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cr_expect_not(output_check(names[i], &error), "%s", names[i]);
        refused(names[i], ": ");
    }
    refused("pipe", "pipe"); /* nobody reads: no wait */
    cr_expect_eq(lstat("folder", &status), 0);
    cr_expect_eq(lstat("link", &status), 0);
    cr_assert_eq(lstat("pipe", &status), 0);
    cr_expect(S_ISFIFO(status.st_mode));
}

Test(output_file, what_a_run_writes_to_is_refused_until_it_ends)
{
    struct error error;
    cr_assert(output_write("image", "old", 3, &error), "%s", error.text);
    int descriptor = open("image", O_RDWR | O_CLOEXEC);
    cr_assert_eq(flock(descriptor, LOCK_EX), 0);
    refused("image", "image: in use by another run");
    cr_assert_eq(close(descriptor), 0);
    cr_expect(output_write("image", "new", 3, &error), "%s", error.text);
    cr_expect_eq(unlink("image"), 0);
}

Test(output_file, a_pipe_that_is_read_gets_the_bytes)
{
    char text[8] = "";
    cr_assert_eq(mkfifo("pipe", 0600), 0);
    int reader = open("pipe", O_RDONLY | O_NONBLOCK);
    put("pipe", "bytes");
    cr_expect_eq(read(reader, text, sizeof(text)), 5);
    cr_expect_str_eq(text, "bytes");
    close(reader);
}

Test(output_file, a_write_that_fails_leaves_the_old_file_and_nothing_else)
{
    static const char longer[8192] = "longer";
    struct error error;
    put("file", "first");
    const struct rlimit limit = {4096, RLIM_INFINITY};
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_not(output_write("file", longer, sizeof(longer), &error));
    cr_expect(strstr(error.text, "file: "), "%s", error.text);
    holds("file", "first");
}

Test(output_file, names_of_one_file_are_the_same)
{
    put("file", "x");
    put("other", "x");
    cr_assert_eq(symlink("file", "link"), 0);
    cr_expect(output_same("file", "./file"));
    cr_expect(output_same("link", "file"));
    cr_expect(output_same("missing", "missing"));
    cr_expect(output_same("missing", "./missing"));
    cr_expect(output_same("../missing", "./../missing"));
    cr_expect_not(output_same("missing", "../missing"));
    cr_expect_not(output_same("missing", "missing2"));
    cr_expect(output_same("no-folder/missing", "no-folder/missing"));
    cr_expect_not(output_same("no-folder/missing", "other-folder/missing"));
    cr_expect_not(output_same("file", "other"));
    cr_expect_not(output_same("file", "missing"));
}
