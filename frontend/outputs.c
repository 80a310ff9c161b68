/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outputs.c - see outputs.h. */
#include "frontend/outputs.h"

#include <sys/stat.h>

#include "emulator/base/output_file.h"

/* What is written there stays, and takes the place of what was there. */
static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) != 0 || S_ISREG(status.st_mode);
}

bool outputs_check(const struct output *outputs, size_t count, const char *who,
                   bool (*uses)(const void *context, const char *path), const void *context,
                   struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        const char *path = outputs[i].path;
        if (!path)
            continue;
        if (uses(context, path))
            return error_set(error, ERROR_USAGE, "%s %.150s: the %s uses this file",
                             outputs[i].option, path, who);
        for (size_t j = 0; j < i; j++)
            if (outputs[j].path && is_file(path) && output_same(path, outputs[j].path))
                return error_set(error, ERROR_USAGE, "%s %.150s: another output's file: %s's",
                                 outputs[i].option, path, outputs[j].option);
        if (!output_check(path, error))
            return false;
    }
    return true;
}

static bool replaying_uses(const void *context, const char *path)
{
    return replay_uses(context, path);
}

bool outputs_check_replay(const struct output *outputs, size_t count, const struct replay *replay,
                          struct error *error)
{
    return outputs_check(outputs, count, "replay", replaying_uses, replay, error);
}
