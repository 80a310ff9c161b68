/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio_gpu.h - the screen: one 2D resource over scattered guest pages. Source: VIRTIO 1.2,
 * section 5.7.
 *
 * Commands are asynchronous. One sequence (attach, flush or detach) is in progress at a time; the
 * display key makes domains wait for it. */
#ifndef LATCHKEY_KERNEL_VIRTIO_GPU_H
#define LATCHKEY_KERNEL_VIRTIO_GPU_H

#include "kernel/abi.h"
#include "kernel/driver/fdt.h"

/* virtio_gpu_attach - take the device. false: it cannot be used, or there is one already. */
MUST_CHECK bool virtio_gpu_attach(const struct fdt_device *device);
/* virtio_gpu_interrupt - serve the device, if the irq is its. */
bool virtio_gpu_interrupt(uint32_t irq);
/* virtio_gpu_info - size of the screen; NULL: no screen, or it never told. */
const struct display_info *virtio_gpu_info(void);
/* virtio_gpu_busy - a sequence is in progress. virtio_gpu_failed - the last one ended in an error.
 */
bool virtio_gpu_busy(void);
bool virtio_gpu_failed(void);
/* virtio_gpu_backing - entry index of the backing list that the next attach hands over: a page. */
void virtio_gpu_backing(unsigned index, const void *page);
/* virtio_gpu_backed - that page. */
const void *virtio_gpu_backed(unsigned index);
/* virtio_gpu_show - begin: create the resource, attach page_count backing pages, set the scanout.
 */
void virtio_gpu_show(unsigned page_count);
/* virtio_gpu_flush - begin: transfer and flush a rectangle inside the screen, not empty. */
void virtio_gpu_flush(const struct display_rectangle *rectangle);
/* virtio_gpu_hide - begin: disable the scanout, give the backing back. */
void virtio_gpu_hide(void);

#endif
