/* SPDX-License-Identifier: GPL-2.0-or-later */
/* input_file.c - reads a file whole or not at all. Called by elf_file.c, loader.c, input_script.c,
 * and by recipe.c and make.c of disks; calls libc.
 */
#include "emulator/base/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int descriptor, uint8_t *target, size_t size_bytes)
{
    size_t done = 0;
    while (done < size_bytes) {
        ssize_t part = read(descriptor, target + done, size_bytes - done);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return false;
        done += (size_t)part;
    }
    return true;
}

bool input_read(const char *path, size_t size_max, uint8_t **data, size_t *size_bytes,
                     struct error *error)
{
    struct stat status;
    *data = NULL;
    *size_bytes = 0;
    /* Opening a pipe must not wait for somebody to write into it. */
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0)
        return error_set(error, ERROR_IO, "%.150s: %s", path, strerror(errno));
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(descriptor);
        return error_set(error, ERROR_IO, "%.150s: not a regular file", path);
    }
    size_t size = (size_t)status.st_size;
    if (size > size_max) {
        close(descriptor);
        return error_set(error, ERROR_FORMAT, "%.150s: %zu bytes, more than the %zu allowed", path,
                         size, size_max);
    }
    *data = malloc(size + 1);
    if (!*data || !read_all(descriptor, *data, size)) {
        free(*data);
        *data = NULL;
        close(descriptor);
        return error_set(error, ERROR_IO, "%.150s: cannot be read", path);
    }
    (*data)[size] = 0;
    *size_bytes = size;
    close(descriptor);
    return true;
}
