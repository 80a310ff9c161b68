/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_symbol.h - where the linker put something of a guest program of the build. */
#ifndef LATCHKEY_TESTS_SUPPORT_SYMBOL_H
#define LATCHKEY_TESTS_SUPPORT_SYMBOL_H

#include <stdint.h>

/* symbol_addr - the value of a symbol. A test that asks for one that is not there ends.
 *
 * file   an executable, relative to the build folder: "kernel.elf".
 */
uint64_t symbol_addr(const char *file, const char *name);

#endif
