/* What lists allow, as every program about them knows it: contexts, keys, and the addresses that names were answered with. */
#pragma once

#include "helpers.h"

enum { EGRESS = 1, INGRESS = 2 };
enum { SOCK_STREAM = 1, SOCK_RAW = 3, TCP_ESTABLISHED = 1, TCP_LISTEN = 10 };
enum { PROTO_TCP = 6, PROTO_UDP = 17, PROTO_SCTP = 132, PROTO_MPTCP = 262, LOOPBACK_INDEX = 1 };

/* Contexts and sockets as the kernel shows them to programs (include/uapi/linux/bpf.h): fixed, not relocated. */
struct bpf_sock {
    u32 bound_dev_if;
    u32 family;
    u32 type;
    u32 protocol;
    u32 mark;
    u32 priority;
    u32 src_ip4;
    u32 src_ip6[4];
    u32 src_port; /* in the host's order */
    u16 dst_port;
    u16 padding;
    u32 dst_ip4;
    u32 dst_ip6[4];
    u32 state;
};
struct bpf_sock_addr {
    u32 user_family;
    u32 user_ip4;
    u32 user_ip6[4];
    u32 user_port; /* in the network's order */
    u32 family;
    u32 type;
    u32 protocol;
    u32 msg_src_ip4;
    u32 msg_src_ip6[4];
    struct bpf_sock *sk;
};
struct __sk_buff {
    u32 len;
    u32 before_ifindex[9];
    u32 ifindex;
    u32 before_sk[31];
    struct bpf_sock *sk;
};

/* An address that is allowed, of a list. Both families have keys of their own, so that `::/0` is not all of IPv4. */
struct allow_key {
    u32 prefix; /* bits that count: 96 and those of the address */
    u32 list;
    u8 direction;
    u8 family;   /* 4 or 6 */
    u8 protocol; /* 0 for any */
    u8 zero;
    u16 port; /* in the network's order; 0 for any */
    u16 zeros;
    u8 address[16]; /* of IPv4 the first four */
};
enum { WHOLE = 96 + 128 };

/* Addresses that a name of a list was answered with, and until when they are allowed (nanoseconds since boot). What is
 * past is not taken out: it makes room for others. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_LRU_HASH);
    MAP_UINT(max_entries, 16384);
    MAP_TYPE(key, struct allow_key);
    MAP_TYPE(value, u64);
} ANSWERED SEC(".maps");

INLINE u32 swap16(u32 value) { return ((value & 0xff) << 8) | ((value >> 8) & 0xff); }
