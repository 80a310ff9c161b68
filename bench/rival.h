/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rival.h - runs a guest on qemu-system-riscv64, for comparison. Called by cpu_bench.c. */
#ifndef LATCHKEY_BENCH_RIVAL_H
#define LATCHKEY_BENCH_RIVAL_H

#include <stddef.h>

#include "emulator/base/error.h"

/* rival_run - run a bare S-mode program on `-M virt` with its own firmware and -icount shift=0.
 *
 * kernel_path  as QEMU's -kernel.
 * output       out: the last output_bytes - 1 bytes of its console, NUL-terminated.
 * seconds      out: from the start of the program to its end.
 * Errors       ERROR_IO QEMU is not there, failed, or took longer than two minutes.
 */
MUST_CHECK bool rival_run(const char *kernel_path, char *output, size_t output_bytes,
                          double *seconds, struct error *error);

#endif
