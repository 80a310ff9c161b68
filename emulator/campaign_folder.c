/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_folder.c - see campaign_folder.h. */
#include "emulator/campaign_folder.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME_ROOM 300u /* of a file in the folder */

static bool fail(const char *name, struct error *error)
{
    return error_set(error, ERROR_IO, "%.150s: %s", *name ? name : "''", strerror(errno));
}

/* part-NNNNNN.XXXXXX, as output_write() makes it before it takes the part's place. */
static bool is_begun(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const char *number = name + strlen("part-");
    if (strncmp(name, "part-", strlen("part-")) != 0)
        return false;
    size_t digits = strspn(number, "0123456789");
    return digits >= 6 && number[digits] == '.' && strlen(number + digits) == 7 &&
           strspn(number + digits + 1, letters) == 6;
}

/* Remove what was begun, or all. */
static void files_remove(const char *path, bool all)
{
    char name[CAMPAIGN_FOLDER_BYTES + NAME_ROOM];
    DIR *listing = opendir(path);
    const struct dirent *entry;
    while (listing && (entry = readdir(listing))) {
        (void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (all || is_begun(entry->d_name))
            (void)unlink(name); /* not what is a folder */
    }
    if (listing)
        (void)closedir(listing);
}

/* Until all that hold the other end have ended. */
static _Noreturn void sweep(const struct campaign_folder *folder, int end)
{
    char nothing;
    (void)close(folder->alive);
    while (read(end, &nothing, 1) < 0 && errno == EINTR)
        continue;
    files_remove(folder->path, true);
    (void)rmdir(folder->path);
    _exit(0);
}

static bool sweeper_start(struct campaign_folder *folder, struct error *error)
{
    sigset_t all, before;
    int ends[2];
    if (pipe(ends) != 0)
        return fail("campaign: no pipe", error);
    folder->alive = ends[1];
    sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, &before);
    folder->sweeper = fork();
    if (folder->sweeper == 0)
        sweep(folder, ends[0]);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)close(ends[0]);
    if (folder->sweeper > 0)
        return true;
    folder->sweeper = 0;
    return fail("campaign: no process", error);
}

static bool own_make(struct campaign_folder *folder, struct error *error)
{
    const char *place = getenv("TMPDIR");
    (void)snprintf(folder->path, sizeof(folder->path), "%.2000s/latchkey-XXXXXX",
                   place && *place ? place : P_tmpdir);
    if (!mkdtemp(folder->path))
        return fail(folder->path, error);
    if (sweeper_start(folder, error))
        return true;
    (void)rmdir(folder->path);
    return false;
}

static bool named_make(struct campaign_folder *folder, const char *out, struct error *error)
{
    if (strlen(out) >= sizeof(folder->path) - 32)
        return error_set(error, ERROR_IO, "%.100s: the name is too long", out);
    (void)snprintf(folder->path, sizeof(folder->path), "%s", out);
    return mkdir(out, 0777) == 0 || errno == EEXIST || fail(out, error);
}

bool campaign_folder_open(struct campaign_folder *folder, const char *out, struct error *error)
{
    char lock[CAMPAIGN_FOLDER_BYTES + 8];
    *folder = (struct campaign_folder){.lock = -1, .alive = -1};
    if (!(out ? named_make(folder, out, error) : own_make(folder, error)))
        return false;
    (void)snprintf(lock, sizeof(lock), "%s/lock", folder->path);
    folder->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (folder->lock < 0)
        return fail(lock, error);
    if (flock(folder->lock, LOCK_EX | LOCK_NB) != 0)
        return error_set(error, ERROR_IO, "%.150s: in use by another campaign", folder->path);
    files_remove(folder->path, false);
    return true;
}

void campaign_folder_close(struct campaign_folder *folder)
{
    if (folder->lock >= 0)
        (void)close(folder->lock);
    if (folder->alive >= 0)
        (void)close(folder->alive);
    while (folder->sweeper && waitpid(folder->sweeper, NULL, 0) < 0 && errno == EINTR)
        continue;
    assert(folder->sweeper >= 0);
    *folder = (struct campaign_folder){.lock = -1, .alive = -1};
}
