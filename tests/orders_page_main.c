/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orders_page_main.c - prints what kernel/orders.md is to hold, from what it holds; see
 * orders_page.h. */
#include "tests/orders_page.h"

#include <stdlib.h>

int main(int count, char **arguments)
{
    char *old = NULL;
    size_t room_bytes = 0;
    FILE *file = count == 2 ? fopen(arguments[1], "r") : NULL;
    if (!file || getdelim(&old, &room_bytes, '\0', file) < 0) {
        fprintf(stderr, "orders_page: which page? kernel/orders.md\n");
        return EXIT_FAILURE;
    }
    fclose(file);
    orders_page_write(stdout, old);
    free(old);
    return ferror(stdout) || fflush(stdout) != 0;
}
