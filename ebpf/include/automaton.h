/* Automata that read a path from its end to its beginning, as user space made them (crates/sensor/src/filter/automaton.rs). */
#pragma once

#include "kernel.h"

enum { STATE_NEVER, STATE_MATCH };

/* One byte further; whoever includes this has the table. What is missing matches. */
INLINE u32 next_state(u32 state, u8 byte);

/* The last `count` bytes of a word, eight at most, last first. */
INLINE u32 run_bytes(u64 word, u32 count, u32 state) {
    for (u32 i = 0; i < 8 && i < count; i++) {
        state = next_state(state, word >> 56);
        word <<= 8;
    }
    return state;
}
