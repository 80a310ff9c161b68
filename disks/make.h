/* SPDX-License-Identifier: GPL-2.0-or-later */
/* make.h - from a recipe to the images of a store's volumes. */
#ifndef LATCHKEY_DISKS_MAKE_H
#define LATCHKEY_DISKS_MAKE_H

#include "disks/recipe.h"

/* make_image - build the image that a recipe describes.
 *
 * recipe      parsed; files that it names are read here.
 * image_path  the first volume; others lie beside it (image_volume_path in image.h). All are
 *             written to temporary files and then renamed, so that an image is whole or untouched.
 * Errors      ERROR_FORMAT "FILE:LINE:COLUMN: ..." a name, file or map does not fit, or the store
 *             is too small; ERROR_IO a file cannot be read or written.
 * Result      a function of the recipe and the files only: equal inputs give equal bytes.
 */
MUST_CHECK bool make_image(const struct recipe *recipe, const char *image_path,
                           struct error *error);

#endif
