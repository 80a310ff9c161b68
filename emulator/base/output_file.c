/* SPDX-License-Identifier: GPL-2.0-or-later */
/* output_file.c - writes a file whole or not at all. Called by frontend and bench; calls libc.
 *
 * Invariants
 *  1. Nothing is removed but temporary files made here.
 *  2. Only regular files are replaced; what a device's name means stays what it is.
 */
#include "emulator/base/output_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char temporary_suffix[] = ".XXXXXX"; /* as mkstemp wants it */

static bool fail(const char *path, struct error *error)
{
    return error_set(error, ERROR_IO, "%.150s: %s", *path ? path : "''", strerror(errno));
}

/* May files be made in the folder that path lies in? */
static bool folder_check(const char *path, struct error *error)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    if (length >= sizeof(folder)) {
        errno = ENAMETOOLONG;
        return fail(path, error);
    }
    memcpy(folder, path, length);
    folder[length] = '\0';
    return access(slash ? folder : ".", W_OK | X_OK) == 0 || fail(path, error);
}

bool output_in_use(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool used = descriptor >= 0 && flock(descriptor, LOCK_SH | LOCK_NB) != 0 &&
                errno == EWOULDBLOCK;
    if (descriptor >= 0)
        (void)close(descriptor);
    return used;
}

bool output_check(const char *path, struct error *error)
{
    struct stat status;
    assert(path);
    if (lstat(path, &status) != 0)
        return errno == ENOENT && *path ? folder_check(path, error) : fail(path, error);
    if (stat(path, &status) != 0) /* a link to nothing */
        return fail(path, error);
    if (S_ISDIR(status.st_mode))
        return error_set(error, ERROR_IO, "%.150s: is a folder", path);
    if (S_ISREG(status.st_mode) && output_in_use(path))
        return error_set(error, ERROR_IO, "%.150s: in use by another run", path);
    if (S_ISREG(status.st_mode))
        return folder_check(path, error);
    if (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))
        return true;
    return error_set(error, ERROR_IO, "%.150s: not a file", path);
}

static bool stat_same(const struct stat *left, const struct stat *right)
{
    return left->st_dev == right->st_dev && left->st_ino == right->st_ino;
}

/* The folder that a path of a file is in. false: there is none. */
static bool folder_stat(const char *path, struct stat *status)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash)
        return stat(".", status) == 0;
    int length = snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - path), path);
    return length >= 0 && (size_t)length < sizeof(folder) && stat(folder, status) == 0;
}

bool output_same(const char *path, const char *other)
{
    struct stat left, right;
    bool there = stat(path, &left) == 0;
    if (there != (stat(other, &right) == 0))
        return false;
    if (there)
        return stat_same(&left, &right);
    const char *name = strrchr(path, '/'), *other_name = strrchr(other, '/');
    if (strcmp(name ? name + 1 : path, other_name ? other_name + 1 : other) != 0)
        return false;
    return folder_stat(path, &left) && folder_stat(other, &right) ? stat_same(&left, &right)
                                                                  : strcmp(path, other) == 0;
}

static bool bytes_put(int descriptor, const uint8_t *bytes, size_t size_bytes)
{
    for (size_t done = 0; done < size_bytes;) {
        ssize_t part = write(descriptor, bytes + done, size_bytes - done);
        if (part < 0 && errno != EINTR)
            return false;
        if (part > 0)
            done += (size_t)part;
    }
    return true;
}

/* Write beside the file, then take its place. */
static bool replace(const char *path, mode_t mode, const void *bytes, size_t size_bytes)
{
    char temporary[PATH_MAX + sizeof(temporary_suffix)];
    int length = snprintf(temporary, sizeof(temporary), "%s%s", path, temporary_suffix);
    assert(length >= 0);
    if ((size_t)length >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    int descriptor = mkstemp(temporary);
    if (descriptor < 0)
        return false;
    bool good = bytes_put(descriptor, bytes, size_bytes) && fchmod(descriptor, mode) == 0;
    int why = errno;
    if (close(descriptor) != 0 && good) {
        why = errno;
        good = false;
    }
    if (good && rename(temporary, path) == 0)
        return true;
    if (good)
        why = errno;
    (void)unlink(temporary);
    errno = why;
    return false;
}

/* The stream of this program that is the file already, -1: none. Such a file is not replaced: what
 * else goes into the stream would be lost with it. */
static int stream_of(const struct stat *status)
{
    struct stat stream;
    for (int descriptor = STDOUT_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fstat(descriptor, &stream) == 0 && stream.st_dev == status->st_dev &&
            stream.st_ino == status->st_ino)
            return descriptor;
    return -1;
}

static bool device_put(const char *path, const void *bytes, size_t size_bytes)
{
    int descriptor = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool good = fcntl(descriptor, F_SETFL, 0) == 0 && bytes_put(descriptor, bytes, size_bytes);
    int why = errno;
    if (close(descriptor) == 0 || !good)
        errno = why;
    else
        good = false;
    return good;
}

bool output_write(const char *path, const void *bytes, size_t size_bytes, struct error *error)
{
    struct stat status;
    char resolved[PATH_MAX];
    bool good;
    if (!output_check(path, error))
        return false;
    if (stat(path, &status) != 0) {
        good = replace(path, 0644, bytes, size_bytes);
    } else if (stream_of(&status) >= 0) {
        good = bytes_put(stream_of(&status), bytes, size_bytes);
    } else if (S_ISREG(status.st_mode)) {
        good = realpath(path, resolved) &&
               replace(resolved, status.st_mode & 0777, bytes, size_bytes);
    } else {
        good = device_put(path, bytes, size_bytes);
    }
    return good || fail(path, error);
}

int output_open(const char *path, int flags, mode_t mode, bool *made)
{
    int descriptor = open(path, flags | O_CREAT | O_EXCL, mode);
    *made = descriptor >= 0;
    return !*made && errno == EEXIST ? open(path, flags | O_CREAT, mode) : descriptor;
}

bool output_at(int descriptor, const void *bytes, size_t size_bytes, uint64_t offset)
{
    const uint8_t *from = bytes;
    while (size_bytes > 0) {
        ssize_t part = pwrite(descriptor, from, size_bytes, (off_t)offset);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return false;
        from += part;
        offset += (uint64_t)part;
        size_bytes -= (size_t)part;
    }
    return true;
}
