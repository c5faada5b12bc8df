/* Who may speak with whom: the lists of addresses, whose socket it is, and which containers are cut off. */
#pragma once

#include "allow.h"
#include "cut.h"

/* Addresses of a list that are known beforehand. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_LPM_TRIE);
    MAP_UINT(max_entries, 65536);
    MAP_UINT(map_flags, BPF_F_NO_PREALLOC);
    MAP_TYPE(key, struct allow_key);
    MAP_TYPE(value, u32);
} ALLOWED SEC(".maps");

/* The list of a control group; that of group 0 holds where there is none. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 16385);
    MAP_TYPE(key, u64);
    MAP_TYPE(value, u32);
} LISTS SEC(".maps");

/* Network namespaces that are cut with their control group: for sockets that are older than these programs. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 4096);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u64);
} QUARANTINE_NETS SEC(".maps");

enum { OWN_NET = 1, CONTAINED = 2, SERVER = 4 };

/* Whose a socket is. Packets come and go in nobody's context, so that it is kept with the socket; a connection that is
 * accepted inherits it from the socket that listens. */
struct owner {
    u64 group;
    u64 started;
    u64 told; /* when a packet was last told of */
    u32 pid;
    u32 flags;
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_SK_STORAGE);
    MAP_UINT(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
    MAP_TYPE(key, int);
    MAP_TYPE(value, struct owner);
} OWNERS SEC(".maps");

/* The other side. */
struct peer {
    u32 family; /* 4 or 6 */
    u32 protocol;
    u32 port; /* in the host's order */
    u32 words[4];
};

/* IPv4 in an IPv6 address is IPv4: a list names an address once. */
INLINE void peer_normalize(struct peer *peer) {
    if (peer->family == 6 && !peer->words[0] && !peer->words[1] && peer->words[2] == 0xffff0000) {
        peer->family = 4;
        peer->words[0] = peer->words[3];
        peer->words[2] = peer->words[3] = 0;
    }
}

/* Loopback, and the unspecified address, which stands for it. */
INLINE int peer_is_loopback(struct peer *peer) {
    if (peer->family == 4)
        return (peer->words[0] & 0xff) == 127 || !peer->words[0];
    return !peer->words[0] && !peer->words[1] && !peer->words[2] && (!peer->words[3] || peer->words[3] == 0x01000000);
}

INLINE int is_allowed(u64 group, u32 direction, struct peer *peer, u32 port) {
    u64 none = 0;
    u32 *list = bpf_map_lookup_elem(&LISTS, &group);
    if (!list)
        list = bpf_map_lookup_elem(&LISTS, &none);
    if (!list)
        return 0;
    struct allow_key key;
    __builtin_memset(&key, 0, sizeof(key));
    key.prefix = WHOLE;
    key.list = *list;
    key.direction = direction;
    key.family = peer->family;
    __builtin_memcpy(key.address, peer->words, sizeof(key.address));
#pragma unroll
    for (int i = 0; i < 4; i++) {
        key.protocol = i & 1 ? 0 : peer->protocol;
        key.port = i & 2 ? 0 : swap16(port);
        if (bpf_map_lookup_elem(&ALLOWED, &key))
            return 1;
        u64 *until = bpf_map_lookup_elem(&ANSWERED, &key);
        if (until && bpf_ktime_get_boot_ns() < *until)
            return 1;
    }
    return 0;
}

/* Where and how, for the agent: family, protocol, direction, address; the port is the number. */
INLINE void denial_of_peer(struct denial *denial, u32 direction, struct peer *peer, u32 port) {
    denial->number = port;
    denial->detail[0] = peer->family;
    denial->detail[1] = direction;
    denial->detail[2] = peer->protocol;
    denial->detail[3] = peer->protocol >> 8;
    __builtin_memcpy(&denial->detail[4], peer->words, 16);
}
