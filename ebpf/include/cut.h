/* Which containers are cut off. */
#pragma once

#include "policy.h"

/* Control groups whose network is cut. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 4096);
    MAP_TYPE(key, u64);
    MAP_TYPE(value, u32);
} QUARANTINE SEC(".maps");
