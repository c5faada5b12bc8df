/* One buffer for each processor, in which a record is put together before it goes to a ring. */
#pragma once

#include "kernel.h"
#include "record.h"

/* A part is added only where this much is free behind it, so that the verifier sees that it fits. */
enum { PART_MOST = 4096, ROOM = 20480, SLACK = 8448, WALK_STEPS = 512 };

struct scratch {
    union {
        struct record record;
        u8 bytes[ROOM + SLACK];
    };
    /* Of the path that was walked last: how many components, and their lengths. */
    u32 steps;
    u8 lengths[WALK_STEPS];
};

struct {
    MAP_UINT(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct scratch);
} SCRATCH SEC(".maps");

INLINE struct scratch *scratch_get(void) {
    u32 zero = 0;
    return bpf_map_lookup_elem(&SCRATCH, &zero);
}

/* An address as a number: the verifier lets no pointer that it knows into a part. */
INLINE u64 as_number(struct scratch *s, const void *pointer) {
    volatile u64 *slot = &s->record.arguments[0];
    *slot = (u64)pointer;
    return *slot;
}

/* Writes tag and length of the part at `at`, and gives the place behind it. */
INLINE u32 part_end(struct scratch *s, u32 at, u32 tag, u32 length) {
    length &= 0x1fff;
    *(u16 *)&s->bytes[at] = tag;
    *(u16 *)&s->bytes[at + 2] = length;
    return at + 4 + length;
}

/* The buffer, where a part fits at `at`; or else the record says that it was cut. */
INLINE struct scratch *part_room(u32 at) {
    struct scratch *s = scratch_get();
    if (s && at > ROOM) {
        s->record.flags |= RECORD_CUT;
        return NULL;
    }
    return s;
}

/* A string of user memory. */
PART u32 part_user_string(u32 at, u32 tag, u64 from) {
    struct scratch *s = part_room(at);
    if (!s || at > ROOM)
        return at;
    long length = bpf_probe_read_user_str(&s->bytes[at + 4], PART_MOST, (void *)from);
    return part_end(s, at, tag, length < 0 ? 0 : length);
}

/* A string of kernel memory. */
PART u32 part_kernel_string(u32 at, u32 tag, u64 from) {
    struct scratch *s = part_room(at);
    if (!s || at > ROOM)
        return at;
    long length = bpf_probe_read_kernel_str(&s->bytes[at + 4], PART_MOST, (void *)from);
    return part_end(s, at, tag, length < 0 ? 0 : length);
}

/* `length` bytes of user memory, cut at PART_MOST. */
PART u32 part_user_bytes(u32 at, u32 tag, u64 from, u64 length) {
    struct scratch *s = part_room(at);
    if (!s || at > ROOM)
        return at;
    u32 bounded = length > PART_MOST ? PART_MOST : length;
    BARRIER(bounded);
    if (bounded > PART_MOST || bpf_probe_read_user(&s->bytes[at + 4], bounded, (void *)from) != 0)
        bounded = 0;
    return part_end(s, at, tag, bounded);
}
