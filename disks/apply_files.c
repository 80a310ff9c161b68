/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply_files.c - see apply_files.h. Calls output_file and the host's files. */
#include "disks/apply_files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "emulator/base/output_file.h"

static bool refused(const char *path, struct error *error)
{
    return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
}

bool apply_files_open(struct apply_files *files, const struct store *store, struct error *error)
{
    assert(files->count == 0);
    for (unsigned i = 0; i < store->volume_count; i++) {
        const char *path = store->volumes[i].path;
        int descriptor = open(path, O_RDWR | O_CLOEXEC);
        if (descriptor < 0)
            return refused(path, error);
        files->paths[files->count] = path;
        files->descriptors[files->count++] = descriptor;
        if (flock(descriptor, LOCK_EX | LOCK_NB) != 0)
            return error_set(error, ERROR_IO, "%s: it is in use", path);
    }
    return true;
}

void apply_files_close(struct apply_files *files)
{
    while (files->count > 0)
        close(files->descriptors[--files->count]);
}

static bool files_write(void *context, const char *path, uint64_t block, const void *source,
                        size_t size_bytes, struct error *error)
{
    const struct apply_files *files = context;
    unsigned file = 0;
    while (file < files->count && strcmp(files->paths[file], path) != 0)
        file++;
    assert(file < files->count);
    return output_at(files->descriptors[file], source, size_bytes, block * BLOCK_BYTES) ||
           refused(path, error);
}

static bool files_flush(void *context, struct error *error)
{
    const struct apply_files *files = context;
    for (unsigned i = 0; i < files->count; i++)
        if (fdatasync(files->descriptors[i]) != 0)
            return refused(files->paths[i], error);
    return true;
}

struct apply_writer apply_files_writer(struct apply_files *files)
{
    return (struct apply_writer){.context = files, .write = files_write, .flush = files_flush};
}
