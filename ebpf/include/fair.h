/* One control group that floods must not make others lose events. While there is room every event goes to its ring; from
 * `fair_from` or `life_fair_from` on what a group may add of one kind is bounded by a bucket of its own, so that the rest of
 * the ring stays for the others. Buckets fill as the ring is read: where nobody reads nobody gets more. */
#pragma once

#include "scratch.h"

struct share_key {
    u64 group;
    u64 kind; /* number of the system call; or LIFE_KIND, with the kind of the record above it */
};
struct share {
    u64 refilled; /* how far the ring had been read */
    u64 left;
    u64 lost; /* records of the group and kind that found no room */
};
enum { LIFE_KIND = 0xffff, SHARES_MOST = 8192 };
struct {
    MAP_UINT(type, BPF_MAP_TYPE_LRU_HASH);
    MAP_UINT(max_entries, SHARES_MOST);
    MAP_TYPE(key, struct share_key);
    MAP_TYPE(value, struct share);
} SHARES SEC(".maps");

/* Records lost by processor and class: of the life of processes, others for which there was no room, others of a group that
 * had more than its share. */
enum { LOST_LIFE, LOST_FULL, LOST_UNFAIR, LOST_CLASSES };
struct {
    MAP_UINT(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    MAP_UINT(max_entries, LOST_CLASSES);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u64);
} DROPS SEC(".maps");

INLINE struct share *share_of(u64 group, u64 kind, u64 full, u64 read) {
    struct share_key key = {.group = group, .kind = kind};
    struct share *share = bpf_map_lookup_elem(&SHARES, &key);
    if (share)
        return share;
    struct share fresh = {.refilled = read, .left = full};
    bpf_map_update_elem(&SHARES, &key, &fresh, BPF_ANY);
    return bpf_map_lookup_elem(&SHARES, &key);
}

PART int count_lost(u64 group, u64 kind, u32 class) {
    u64 *lost = bpf_map_lookup_elem(&DROPS, &class);
    if (lost)
        *lost += 1;
    struct share *share = share_of(group, kind, 0, 0);
    if (share)
        __sync_fetch_and_add(&share->lost, 1);
    return 0;
}

/* Whether a group may add a record of this size now; `read`: how far the ring has been read. A bucket is full again when half
 * a ring was read, of which it is a sixteenth. Two processors that take at once may take the same bytes: a little more than its
 * share does no harm. */
PART int has_share(u64 group, u64 kind, u64 size, u64 full, u64 read) {
    struct share *share = share_of(group, kind, full, read);
    if (!share)
        return 1;
    u64 left = share->left + ((read - share->refilled) >> 4);
    if (left > full)
        left = full;
    share->refilled = read;
    share->left = left >= size ? left - size : left;
    return left >= size;
}
