/* SPDX-License-Identifier: GPL-2.0-or-later */
/* assert.h - the part of <assert.h> that a freestanding C17 compiler lacks. Host builds and domains
 * use their C library's; the kernel is compiled with this folder in front. */
#ifndef LATCHKEY_KERNEL_FREESTANDING_ASSERT_H
#define LATCHKEY_KERNEL_FREESTANDING_ASSERT_H

#define static_assert _Static_assert

#endif
