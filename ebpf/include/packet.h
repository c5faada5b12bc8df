/* Shapes of the packets that programs at a control group see. */
#pragma once

#include "task.h"

/* What the kernel shows of a packet (struct __sk_buff of its stable interface), up to the last field that is read. These
 * are plain loads, where looking into the packet or its socket would take helpers. */
struct packet {
    u32 len;
    u32 before_protocol[3];
    u32 protocol;
    u32 before_remote_port[28];
    u32 remote_port; /* of the socket; in network byte order, 0 where it is not connected */
    u32 before_socket[8];
    struct bpf_sock *socket;
};
struct bpf_tcp_sock {
    u32 before_data_segments_out[17];
    u32 data_segments_out;
};
/* What is shown where a message names its receiver (struct bpf_sock_addr). */
struct receiver {
    u32 user_family;
    u32 user_ip4;
    u32 user_ip6[4];
    u32 user_port;
};
struct sk_buff {
    struct sock *sk;
} CORE;
struct tcp_sock {
    u64 bytes_sent;
    u64 bytes_retrans;
    u64 bytes_received;
} CORE;
struct socket_lock {
    int owned;
} CORE;
struct sock___locked {
    struct socket_lock sk_lock;
} CORE;

/* DNS_REMOTE: the port as packet.remote_port has it. */
enum { DNS_REMOTE = 53 << 24 };
enum { IPV4 = 0x0800, IPV6 = 0x86dd, TCP = 6, UDP = 17, DNS_PORT = 53 };
/* A bit of skc_flags: the other end has said that it sends no more. */
enum { SOCK_DONE = 1 };
enum { TCP_ESTABLISHED = 1, TCP_CLOSE = 7, TCP_LISTEN = 10 };
enum { OP_CONNECT = 16, OP_OPENAT = 18, OP_OPENAT2 = 28, OP_RENAMEAT = 35, OP_UNLINKAT = 36, OP_MKDIRAT = 37 };

/* Where in a packet the payload lies, and between which ports it goes. */
struct view {
    u32 payload;
    u32 length;
    u16 from;
    u16 to;
    u32 protocol;
    u8 source[16];
    u8 target[16];
};

INLINE u16 swapped(u16 number) { return __builtin_bswap16(number); }

/* 0 where the packet is not a whole one of TCP or UDP, or carries nothing. */
INLINE int view(struct packet *packet, struct view *v) {
    u8 head[40];
    u8 ports[14];
    u32 at;
    if (swapped(packet->protocol) == IPV4) {
        /* A later fragment has no ports. */
        if (bpf_skb_load_bytes(packet, 0, head, 20) < 0 || ((head[6] & 0x1f) | head[7]))
            return 0;
        v->protocol = head[9];
        at = (head[0] & 15) * 4;
        v->source[10] = v->source[11] = v->target[10] = v->target[11] = 0xff;
        *(u32 *)&v->source[12] = *(u32 *)&head[12];
        *(u32 *)&v->target[12] = *(u32 *)&head[16];
    } else {
        if (bpf_skb_load_bytes(packet, 0, head, 40) < 0)
            return 0;
        v->protocol = head[6];
        at = 40;
        __builtin_memcpy(v->source, &head[8], 16);
        __builtin_memcpy(v->target, &head[24], 16);
    }
    if (v->protocol != TCP && v->protocol != UDP)
        return 0;
    if (v->protocol == UDP) {
        if (bpf_skb_load_bytes(packet, at, ports, 8) < 0)
            return 0;
        at += 8;
    } else {
        if (bpf_skb_load_bytes(packet, at, ports, 14) < 0)
            return 0;
        at += (ports[12] >> 4) * 4;
    }
    v->from = ports[0] << 8 | ports[1];
    v->to = ports[2] << 8 | ports[3];
    v->payload = at;
    if (packet->len <= at)
        return 0;
    v->length = packet->len - at;
    return 1;
}
