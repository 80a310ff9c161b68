/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_format.h - a trace, byte by byte. Written by record_write.c, read by record_read.c.
 *
 * All numbers are little-endian. A trace is
 *
 *   "LKTRACE\n", u32 RECORD_VERSION
 *   frames
 *   tail: "LKTREND\n", u64 offset of the index frame, u64 XXH3-64 of these 16 bytes
 *
 * A frame is u32 RECORD_FRAME_MAGIC, u64 XXH3-64 of the rest, and a packed block (pack.h: lengths,
 * checksum, LZ4). Its raw bytes, at most RECORD_FRAME_BYTES_MAX, are u32 kind, u32 number (counted
 * from 0 through the file), and by kind:
 *
 *   HEAD   first, once. struct record_head in its order: strings as u32 length and bytes, digests
 *          as two u64 (low, high), enums, flags and counts of disks as u8; faults as in LOG.
 *          The timing model is in bits 1 and 2 of the flag `check`.
 *   LOG    entries, one behind the other: u8 enum record_kind, then
 *            RUN      u8 arrival, u64 instructions, u64 events, u64 cycles
 *            INPUT    u64 time_ns, u8 kind, u16 code, u32 x, u32 y, u8 down
 *            CUT      u8 policy, u64 seed
 *            FAULT    u8 disk, u8 kind, u64 time_ns, u64 sector, u64 argument
 *            REPAIR   u8 disk
 *            REFUSED  u8 disk, u64 operation
 *            GLANCE   u64
 *            MARK     u64 for each part (machine_mark.h)
 *            RESET, FLUSH, END  nothing
 *   DISK   one after the other: u8 disk, u64 cluster, its RECORD_CLUSTER_BYTES. In the trace of a
 *          run, what was there before the run first wrote there, and in the file before it did; in
 *          a bundle, all that is not zero.
 *   FILE   of bundles: u8 0 kernel or 1 initrd, u64 size of the file, u64 offset, bytes. In order.
 *   BUNDLE nothing: DISK and FILE frames hold all that the run was made from.
 *   INDEX  last, once: u32 frames before it; of each, up to RECORD_INDEX_FRAMES_MAX of them, u64
 *          offset, u32 kind, u64 instructions of the last RUN up to its end.
 *
 * A run that was ended from outside leaves no tail, and maybe half a frame at the end: what is
 * before that holds. Nothing of a trace is taken that its checksum does not cover.
 */
#ifndef LATCHKEY_EMULATOR_RECORD_FORMAT_H
#define LATCHKEY_EMULATOR_RECORD_FORMAT_H

#define RECORD_MAGIC "LKTRACE\n"
#define RECORD_TAIL_MAGIC "LKTREND\n"
#define RECORD_MAGIC_BYTES 8u
#define RECORD_VERSION 1u
#define RECORD_FRAME_MAGIC 0x52464b4cu /* "LKFR" */
#define RECORD_FRAME_START_BYTES 12u /* before the packed block */
#define RECORD_FRAME_BYTES_MAX (1u << 20)
#define RECORD_FRAME_HEAD_BYTES 8u /* kind and number */
#define RECORD_TAIL_BYTES 24u
#define RECORD_INDEX_FRAMES_MAX 50000u
#define RECORD_FILE_BYTES_MAX (1u << 31)  /* of the trace */
#define RECORD_RAW_BYTES_MAX (1ull << 32) /* of all frames, unpacked */
#define RECORD_PART_BYTES_MAX (1u << 30)  /* of a kernel or initrd that is packed in */

enum record_frame {
    RECORD_FRAME_HEAD = 1,
    RECORD_FRAME_LOG,
    RECORD_FRAME_DISK,
    RECORD_FRAME_FILE,
    RECORD_FRAME_BUNDLE,
    RECORD_FRAME_INDEX,
    RECORD_FRAME_COUNT
};

#endif
