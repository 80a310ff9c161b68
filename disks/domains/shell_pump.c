/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shell_pump.c - reads the console for the shell, once it was told to and until it is started
 * again. Protocol: shell/hand.h. Keys: 0 start key of the shell with SHELL_FROM_PUMP; console. */
#include "disks/domains/rt/interface.h"
#include "disks/domains/rt/slots.h"

#define SLOT_SHELL 0u
#define READ_BYTES 64u

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    uint8_t bytes[READ_BYTES];
    struct message message = MESSAGE(0);
    (void)key_return(SLOT_VOID, &message);
    for (;;) {
        size_t size_bytes = sizeof(bytes);
        uint64_t code = console_read(SLOT_CONSOLE, bytes, &size_bytes);
        if (code == RC_RESTARTED)
            continue;
        if (code != RC_OK)
            size_bytes = 0;
        (void)key_order_string(SLOT_SHELL, 0, bytes, size_bytes, NULL, NULL);
        if (size_bytes == 0)
            return 0;
    }
}
