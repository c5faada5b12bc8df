/* What crosses the network: names that are asked for, the names of servers, how much a connection carried; and what is
 * asked of io_uring, which no system call shows. Nothing here denies anything.
 *
 * These programs run where others run too: on one processor a packet comes in while another goes out. A record is
 * therefore put together in the ring, never in a buffer of the processor. */
#include "include/file.h"
#include "include/packet.h"
#include "include/uring.h"

char LICENSE[] SEC("license") = "GPL";

struct {
    MAP_UINT(type, BPF_MAP_TYPE_RINGBUF);
    MAP_UINT(max_entries, 4 * 1024 * 1024);
} PACKETS SEC(".maps");

/* Records that found no room, by processor. */
struct {
    MAP_UINT(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u64);
} PACKET_DROPS SEC(".maps");

struct packet_settings {
    u64 own_pid; /* whose events are left out: the agent's */
    u32 dns;
    u32 tls;
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_ARRAY);
    MAP_UINT(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct packet_settings);
} PACKET_SETTINGS SEC(".maps");

/* Who uses a socket: what comes in, and the end of a connection, belong to nobody that runs at that moment. */
struct owner {
    struct record head;
    u64 began; /* when the connection stood */
    u32 told;  /* its handshake was told */
    u16 asks;  /* names are asked for, although the packets may go elsewhere (an engine's own name server) */
    u16 padding;
    u8 server[16];
};
enum { OWNERS_MOST = 16384 };
struct {
    MAP_UINT(type, BPF_MAP_TYPE_LRU_HASH);
    MAP_UINT(max_entries, OWNERS_MOST);
    MAP_TYPE(key, u64);
    MAP_TYPE(value, struct owner);
} OWNERS SEC(".maps");

/* Segments of a connection's beginning in which a handshake is looked for: a proxy may be asked first. */
enum { HANDSHAKE_SEGMENTS = 16 };

/* A record as it lies in the ring. */
enum { FEW = 640, MANY = 4096 };
struct beginning {
    struct record head;
    u16 socket_tag;
    u16 socket_length;
    struct socket_part socket;
    u16 data_tag;
    u16 data_length;
};
struct few {
    struct beginning b;
    u8 data[FEW];
};
struct many {
    struct beginning b;
    u8 data[MANY];
};

INLINE struct packet_settings *asked(void) {
    u32 zero = 0;
    return bpf_map_lookup_elem(&PACKET_SETTINGS, &zero);
}

INLINE void count_packet_drop(void) {
    u32 zero = 0;
    u64 *drops = bpf_map_lookup_elem(&PACKET_DROPS, &zero);
    if (drops)
        *drops += 1;
}

INLINE struct task_struct *current_task(void) { return bpf_get_current_task(); }

INLINE int is_own(struct packet_settings *settings) {
    struct task_struct *task = current_task();
    return (u32)READ(task->tgid) == settings->own_pid;
}

/* Somebody holds the socket's lock: what runs now is a system call of that process, and not the network's own work. */
INLINE int is_locked(struct sock *sk) {
    struct sock___locked *locked = (void *)sk;
    return READ(locked->sk_lock.owned) != 0;
}

/* The kernel's own addresses of the socket; where it has none, those of the packet. */
INLINE void fill_socket(struct socket_part *p, struct sock *sk) {
    __builtin_memset(p, 0, sizeof(*p));
    p->family = READ(sk->__sk_common.skc_family);
    p->type = READ(sk->sk_type);
    p->protocol = READ(sk->sk_protocol);
    p->state = READ(sk->__sk_common.skc_state);
    p->local_port = READ(sk->__sk_common.skc_num);
    p->remote_port = swapped(READ(sk->__sk_common.skc_dport));
    if (p->family == AF_INET) {
        *(u32 *)p->local = READ(sk->__sk_common.skc_rcv_saddr);
        *(u32 *)p->remote = READ(sk->__sk_common.skc_daddr);
    } else {
        bpf_probe_read_kernel(p->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
        bpf_probe_read_kernel(p->remote, 16, &sk->__sk_common.skc_v6_daddr);
    }
}

INLINE void fill_remote(struct socket_part *p, const u8 *mapped, u16 port) {
    p->remote_port = port;
    if (p->family == AF_INET)
        *(u32 *)p->remote = *(u32 *)&mapped[12];
    else
        __builtin_memcpy(p->remote, mapped, 16);
}

/* What a packet is told as. */
struct telling {
    u32 kind;
    u32 answer;
    u32 skip; /* bytes of the payload that are left out */
};

/* Puts the record together but for the payload. */
INLINE void begin(struct beginning *b, struct sock *sk, struct view *v, struct owner *owner, struct telling *t) {
    if (t->answer) {
        if (owner)
            __builtin_memcpy(&b->head, &owner->head, sizeof(b->head));
        else
            __builtin_memset(&b->head, 0, sizeof(b->head));
        b->head.kind = t->kind;
        b->head.flags = RECORD_OWNER;
        b->head.cpu = bpf_get_smp_processor_id();
        b->head.time = bpf_ktime_get_boot_ns();
    } else {
        record_fill(&b->head, t->kind, current_task());
    }
    b->head.number = t->answer;
    b->socket_tag = PART_SOCKET;
    b->socket_length = sizeof(b->socket);
    fill_socket(&b->socket, sk);
    if (b->socket.remote_port == 0) {
        if (owner && owner->asks)
            fill_remote(&b->socket, owner->server, owner->asks);
        else
            fill_remote(&b->socket, t->answer ? v->source : v->target, t->answer ? v->from : v->to);
    }
    b->data_tag = PART_DATA;
}

/* The payload, and the whole into the ring. */
#define TELL(type, most)                                                                                               \
    do {                                                                                                               \
        struct type *r = bpf_ringbuf_reserve(&PACKETS, sizeof(struct type), 0);                                        \
        if (!r) {                                                                                                      \
            count_packet_drop();                                                                                       \
            return;                                                                                                    \
        }                                                                                                              \
        begin(&r->b, sk, v, owner, t);                                                                                 \
        u32 length = v->length;                                                                                        \
        if (length > most) {                                                                                           \
            length = most;                                                                                             \
            r->b.head.flags |= RECORD_CUT;                                                                             \
        }                                                                                                              \
        /* Older verifiers do not learn from a comparison with zero that a length is more than that. */                \
        u32 last = length - 1;                                                                                         \
        BARRIER(last);                                                                                                 \
        if (last >= most || bpf_skb_load_bytes(packet, v->payload, r->data, last + 1) < 0)                             \
            length = 0;                                                                                                \
        r->b.data_length = length;                                                                                     \
        r->b.head.size = sizeof(struct beginning) + length;                                                            \
        bpf_ringbuf_submit(r, 0);                                                                                      \
    } while (0)

INLINE void tell(struct packet *packet, struct sock *sk, struct view *v, struct owner *owner, struct telling *t) {
    if (v->length > FEW)
        TELL(many, MANY);
    else
        TELL(few, FEW);
}

/* The current process uses this socket from now on. */
INLINE struct owner *own(u64 cookie) {
    struct owner fresh;
    __builtin_memset(&fresh, 0, sizeof(fresh));
    record_fill(&fresh.head, 0, current_task());
    bpf_map_update_elem(&OWNERS, &cookie, &fresh, BPF_ANY);
    return bpf_map_lookup_elem(&OWNERS, &cookie);
}

/* Whether the packet begins a handshake that a client starts: a record of the handshake protocol with a ClientHello. */
INLINE int is_client_hello(struct packet *packet, struct view *v) {
    u8 first[6];
    if (v->length < 44 || bpf_skb_load_bytes(packet, v->payload, first, sizeof(first)) < 0)
        return 0;
    return first[0] == 0x16 && first[1] == 3 && first[5] == 1;
}

INLINE void outgoing(struct packet *packet) {
    struct bpf_sock *socket = packet->socket;
    if (!socket)
        return;
    /* Most packets are those of connections that have said who they are. */
    struct bpf_tcp_sock *connection = bpf_tcp_sock(socket);
    if (connection && connection->data_segments_out > HANDSHAKE_SEGMENTS)
        return;
    struct packet_settings *settings = asked();
    struct sock *sk = READ(((struct sk_buff *)packet)->sk);
    struct view v = {0};
    if (!settings || !sk || !view(packet, &v))
        return;
    struct telling t = {0};
    u64 cookie;
    struct owner *owner;
    if (v.protocol == UDP) {
        u16 port = READ(sk->__sk_common.skc_dport);
        if (!settings->dns || is_own(settings))
            return;
        cookie = bpf_get_socket_cookie(packet);
        owner = NULL;
        if (port == 0 && v.to != DNS_PORT) {
            /* The packet may go to an engine's name server at another port: then the message named port 53. */
            owner = bpf_map_lookup_elem(&OWNERS, &cookie);
            if (!owner || !owner->asks)
                return;
        } else if (v.to != DNS_PORT && swapped(port) != DNS_PORT) {
            return;
        }
        if (!owner)
            owner = bpf_map_lookup_elem(&OWNERS, &cookie);
        if (!owner)
            owner = own(cookie);
        t.kind = RECORD_DNS;
        tell(packet, sk, &v, owner, &t);
        return;
    }
    if (!is_locked(sk) || is_own(settings))
        return;
    cookie = bpf_get_socket_cookie(packet);
    owner = bpf_map_lookup_elem(&OWNERS, &cookie);
    if (!owner)
        owner = own(cookie);
    if (!owner)
        return;
    if (owner->head.pid == 0)
        record_fill(&owner->head, 0, current_task());
    if (settings->dns && v.to == DNS_PORT)
        t.kind = RECORD_DNS;
    else if (settings->tls && !owner->told && is_client_hello(packet, &v))
        t.kind = RECORD_TLS;
    else
        return;
    owner->told |= t.kind == RECORD_TLS;
    tell(packet, sk, &v, owner, &t);
}

SEC("cgroup_skb/egress")
int seawall_egress(struct packet *packet) {
    outgoing(packet);
    return 1;
}

INLINE void incoming(struct packet *packet) {
    /* A socket that is connected to another port than that of DNS hears no answers. */
    if (packet->remote_port && packet->remote_port != DNS_REMOTE)
        return;
    struct packet_settings *settings = asked();
    struct sock *sk = READ(((struct sk_buff *)packet)->sk);
    struct view v = {0};
    if (!settings || !settings->dns || !sk || !view(packet, &v) || v.from != DNS_PORT)
        return;
    u64 cookie = bpf_get_socket_cookie(packet);
    struct owner *owner = bpf_map_lookup_elem(&OWNERS, &cookie);
    /* Who asked is known from the question; the agent's own are left out with it. */
    if (!owner)
        return;
    struct telling t = {.kind = RECORD_DNS, .answer = 1};
    tell(packet, sk, &v, owner, &t);
}

SEC("cgroup_skb/ingress")
int seawall_ingress(struct packet *packet) {
    incoming(packet);
    return 1;
}

/* A message that names its receiver: the address before any translation. */
INLINE void addressed(struct receiver *receiver, const u8 *server) {
    struct packet_settings *settings = asked();
    if (!settings || is_own(settings))
        return;
    u64 cookie = bpf_get_socket_cookie(receiver);
    struct owner *owner = bpf_map_lookup_elem(&OWNERS, &cookie);
    if (!owner)
        owner = own(cookie);
    if (!owner)
        return;
    owner->asks = DNS_PORT;
    __builtin_memcpy(owner->server, server, 16);
}

SEC("cgroup/sendmsg4")
int seawall_send4(struct receiver *receiver) {
    if (swapped(receiver->user_port) == DNS_PORT) {
        u8 server[16] = {[10] = 0xff, [11] = 0xff};
        *(u32 *)&server[12] = receiver->user_ip4;
        addressed(receiver, server);
    }
    return 1;
}

SEC("cgroup/sendmsg6")
int seawall_send6(struct receiver *receiver) {
    if (swapped(receiver->user_port) == DNS_PORT) {
        u32 server[4] = {receiver->user_ip6[0], receiver->user_ip6[1], receiver->user_ip6[2], receiver->user_ip6[3]};
        addressed(receiver, (u8 *)server);
    }
    return 1;
}

/* A connection is over: how much it carried. */
INLINE void ended(struct sock *sk, struct owner *owner) {
    struct beginning *b = bpf_ringbuf_reserve(&PACKETS, sizeof(struct beginning), 0);
    if (!b) {
        count_packet_drop();
        return;
    }
    struct tcp_sock *tcp = (void *)sk;
    __builtin_memcpy(&b->head, &owner->head, sizeof(b->head));
    b->head.kind = RECORD_FLOW;
    b->head.number = 0;
    b->head.flags = RECORD_OWNER;
    b->head.cpu = bpf_get_smp_processor_id();
    b->head.time = bpf_ktime_get_boot_ns();
    b->head.arguments[0] = READ(tcp->bytes_sent) - READ(tcp->bytes_retrans);
    /* The end that the other side sent counts as a byte there. */
    b->head.arguments[1] = READ(tcp->bytes_received) - ((READ(sk->__sk_common.skc_flags) >> SOCK_DONE) & 1);
    b->head.arguments[2] = b->head.time - owner->began;
    b->socket_tag = PART_SOCKET;
    b->socket_length = sizeof(b->socket);
    fill_socket(&b->socket, sk);
    b->data_tag = PART_DATA;
    b->data_length = 0;
    b->head.size = sizeof(struct beginning);
    bpf_ringbuf_submit(b, 0);
}

SEC("tp_btf/inet_sock_set_state")
int seawall_state(u64 *context) {
    struct sock *sk = (void *)context[0];
    int before = context[1], now = context[2];
    struct packet_settings *settings = asked();
    if (!settings || READ(sk->sk_protocol) != TCP || now == TCP_LISTEN || before == TCP_LISTEN)
        return 0;
    u64 cookie = bpf_get_socket_cookie(sk);
    struct owner *owner = bpf_map_lookup_elem(&OWNERS, &cookie);
    int locked = is_locked(sk);
    if (!owner && now != TCP_CLOSE) {
        owner = own(cookie);
        if (owner && !locked)
            owner->head.pid = 0;
    }
    if (!owner)
        return 0;
    if (locked && owner->head.pid == 0)
        record_fill(&owner->head, 0, current_task());
    if (now == TCP_ESTABLISHED)
        owner->began = bpf_ktime_get_boot_ns();
    if (now == TCP_CLOSE) {
        if (owner->began && owner->head.pid != settings->own_pid)
            ended(sk, owner);
        bpf_map_delete_elem(&OWNERS, &cookie);
    }
    return 0;
}

/* What a request of io_uring is about: the path that the kernel copied, or the address that is given. */
SEC("tp_btf/io_uring_submit_req")
int seawall_uring(u64 *context) {
    struct io_kiocb *request = (void *)context[0];
    struct packet_settings *settings = asked();
    struct scratch *s = scratch_get();
    if (!settings || !s || is_own(settings))
        return 0;
    u64 task = (u64)bpf_get_current_task();
    u64 request_at = as_number(s, request);
    u32 at = record_start(RECORD_URING, task);
    u32 operation = READ(request->opcode);
    s->record.arguments[0] = operation;
    s->record.arguments[1] = (s64)(s32)READ(request->cqe.fd);
    struct filename *name = NULL;
    if (operation == OP_OPENAT || operation == OP_OPENAT2)
        name = READ(((struct io_open *)request_at)->filename);
    else if (operation == OP_UNLINKAT)
        name = READ(((struct io_unlink *)request_at)->filename);
    else if (operation == OP_MKDIRAT)
        name = READ(((struct io_mkdir *)request_at)->filename);
    else if (operation == OP_RENAMEAT)
        name = READ(((struct io_rename *)request_at)->oldpath);
    if (name)
        at = part_kernel_string(at, PART_PATH1, (u64)READ(name->name));
    if (operation == OP_CONNECT) {
        struct io_connect *connect = (void *)request_at;
        at = part_user_bytes(at, PART_SOCKADDR, (u64)READ(connect->addr), READ(connect->addr_len) & 0xff);
    }
    BARRIER(at);
    if (at > ROOM + SLACK)
        return 0;
    s->record.size = at;
    if (bpf_ringbuf_output(&PACKETS, s, at, 0) != 0)
        count_packet_drop();
    return 0;
}
