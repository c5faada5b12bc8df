/* Events that no rule can want, as user space worked out from the rules (crates/sensor/src/filter.rs). What is not known
 * to be unwanted crosses. */
#pragma once

#include "automaton.h"
#include "task.h"
#include "walk.h"

/* What is known of an event when it is decided about: bits of the number of its row. */
enum { CONTEXT_HOST = 1, CONTEXT_FAILED = 2, CONTEXT_RACED = 4, CONTEXT_ACCESS = 8, CONTEXT_LOWER = 32, CONTEXTS = 64 };
enum { ACCESS_UNKNOWN = 3 };
enum verdict { VERDICT_DROP, VERDICT_PASS, VERDICT_PATHS, VERDICT_OPENS /* of bpf: only what opens an object */ };
enum { SYS_BPF = 321, BPF_OBJ_GET = 7, BPF_MAP_GET_FD_BY_ID = 14, BPF_LINK_GET_FD_BY_ID = 30 };

/* What is done in one context of one call. With VERDICT_PATHS an automaton looks at the path, from its end to its
 * beginning; 0: not at this path. */
struct row {
    u32 verdict;
    u32 name;
    u32 resolved;
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, CALLS *CONTEXTS);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct row);
} ROWS SEC(".maps");

/* The automata: all in one table, each begins at a state of its own. */
enum { CLASSES_MOST = 128 };
struct classes {
    u8 of[256];
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct classes);
} CLASSES SEC(".maps");
struct state {
    u16 next[CLASSES_MOST];
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, 2);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct state);
} STATES SEC(".maps");

/* Control groups of which user space found out that they belong to no container. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(map_flags, BPF_F_NO_PREALLOC);
    MAP_UINT(max_entries, 65536);
    MAP_TYPE(key, u64);
    MAP_TYPE(value, u32);
} HOSTS SEC(".maps");

INLINE u32 is_host(void) {
    u64 group = current_group();
    return bpf_map_lookup_elem(&HOSTS, &group) != NULL;
}

INLINE struct row *row_of(u32 number, u32 context) {
    u32 index = number * CONTEXTS + context;
    return bpf_map_lookup_elem(&ROWS, &index);
}

/* What is missing matches, so that nothing is left out by mistake. */
INLINE u32 next_state(u32 state, u8 byte) {
    u32 zero = 0;
    struct classes *classes = bpf_map_lookup_elem(&CLASSES, &zero);
    struct state *row = bpf_map_lookup_elem(&STATES, &state);
    if (!classes || !row)
        return STATE_MATCH;
    return row->next[classes->of[byte] & (CLASSES_MOST - 1)];
}

struct run {
    u32 at;
    u32 left;
    u32 component;
    u32 state;
};

/* The last bytes of what is left, eight at most, last first. What lies before the first of them is read and not used. */
INLINE u32 run_word(struct scratch *s, u32 end, u32 count, u32 state) {
    u32 place = end - 8;
    BARRIER(place);
    if (place > ROOM + SLACK - 8)
        return STATE_MATCH;
    return run_bytes(*(u64 *)&s->bytes[place], count, state);
}

static long run_backwards(u32 index, struct run *run) {
    struct scratch *s = scratch_get();
    if (!s)
        return 1;
    u32 count = run->left > 8 ? 8 : run->left;
    run->state = run_word(s, run->at + run->left, count, run->state);
    run->left -= count;
    return !run->left || run->state <= STATE_MATCH;
}

/* The string of the part at `at`, from its end. */
PART u32 part_run_string(u32 at, u32 state) {
    struct scratch *s = scratch_get();
    if (!s || at > ROOM)
        return STATE_MATCH;
    u32 length = *(u16 *)&s->bytes[at + 2];
    /* A long one may be cut when it is made absolute. */
    if (length < 2 || length > PART_MOST / 4)
        return STATE_MATCH;
    struct run run = {.at = at + 4, .left = length - 1, .state = state};
    bpf_loop(PART_MOST / 8, run_backwards, &run, 0);
    return run.state;
}

static long run_component(u32 index, struct run *run) {
    struct scratch *s = scratch_get();
    if (!s)
        return 1;
    u32 count = run->left > 8 ? 8 : run->left;
    run->state = run_word(s, run->at + run->left, count, run->state);
    run->left -= count;
    if (run->left || run->state <= STATE_MATCH)
        return run->state <= STATE_MATCH;
    run->state = next_state(run->state, '/');
    run->at += s->lengths[run->component & (WALK_STEPS - 1)] + 1;
    run->component++;
    if (run->component >= s->steps || run->state <= STATE_MATCH)
        return 1;
    run->left = s->lengths[run->component & (WALK_STEPS - 1)];
    return 0;
}

/* The walked path at `at`, which must be the last one that was walked; `below`: of something in it, which has been looked
 * at before. */
PART u32 part_run_walked(u32 at, u32 state, u32 below) {
    struct scratch *s = scratch_get();
    if (!s || at > ROOM || s->bytes[at + 4] != WALK_ROOT)
        return STATE_MATCH;
    if (below || !s->steps)
        state = next_state(state, '/');
    if (state <= STATE_MATCH || !s->steps)
        return state;
    struct run run = {.at = at + 5, .left = s->lengths[0], .state = state};
    bpf_loop(WALK_BYTES + 1, run_component, &run, 0);
    return run.state;
}

/* Whether an automaton that has arrived at this state by the beginning of the path matches. */
INLINE u32 is_match(u32 state) {
    return state == STATE_MATCH || (state != STATE_NEVER && next_state(state, 0) == STATE_MATCH);
}
