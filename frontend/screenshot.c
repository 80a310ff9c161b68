/* SPDX-License-Identifier: GPL-2.0-or-later */
/* screenshot.c - writes 8-bit RGB PNGs through libpng's simplified API. Called by session.c and
 * window_run.c. */
#include "frontend/screenshot.h"

#include <assert.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/output_file.h"

#define BLANK_WIDTH 1024u
#define BLANK_HEIGHT 768u

bool screenshot_write(const char *path, const struct machine *machine, struct error *error)
{
    struct machine_display display = machine_display(machine);
    uint32_t width = display.pixels ? display.width : BLANK_WIDTH;
    uint32_t height = display.pixels ? display.height : BLANK_HEIGHT;
    uint8_t *rgb = calloc((size_t)width * height, 3);
    if (!rgb)
        return error_set(error, ERROR_IO, "%s: host memory exhausted", path);
    assert(width > 0);
    assert(height > 0);
    for (uint32_t y = 0; display.pixels && y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            uint32_t pixel = display.pixels[(size_t)y * display.stride_pixels + x];
            uint8_t *target = rgb + 3 * ((size_t)y * width + x);
            target[0] = (uint8_t)(pixel >> 16);
            target[1] = (uint8_t)(pixel >> 8);
            target[2] = (uint8_t)pixel;
        }
    png_image image;
    memset(&image, 0, sizeof(image));
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = PNG_FORMAT_RGB;
    png_alloc_size_t size_bytes = 0;
    void *packed = NULL;
    bool good = png_image_write_to_memory(&image, NULL, &size_bytes, 0, rgb, 0, NULL);
    if (good) {
        packed = malloc(size_bytes);
        good = packed && png_image_write_to_memory(&image, packed, &size_bytes, 0, rgb, 0, NULL);
    }
    free(rgb);
    good = good ? output_write(path, packed, size_bytes, error)
                : error_set(error, ERROR_IO, "%.150s: %s", path,
                            image.message[0] ? image.message : "host memory exhausted");
    free(packed);
    return good;
}
