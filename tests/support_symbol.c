/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_symbol.c - see support_symbol.h. Asks the cross tools. */
#include "tests/support_symbol.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t symbol_addr(const char *file, const char *name)
{
    char command[512], line[256] = "";
    (void)snprintf(command, sizeof(command),
                   "riscv64-unknown-elf-nm " LATCHKEY_BUILD_DIR "/%s | sed -n 's/ [a-zA-Z] %s$//p'",
                   file, name);
    FILE *pipe = popen(command, "r");
    cr_assert(pipe);
    cr_assert(fgets(line, sizeof(line), pipe), "%s: no symbol %s", file, name);
    (void)pclose(pipe);
    return strtoull(line, NULL, 16);
}
