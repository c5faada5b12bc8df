/* Names of lists, followed by their answers: an address that a name server answers is allowed before the receiver hears of
 * it. Whom to believe, and why, is docs/decisions/0016-answers-of-name-servers.md.
 *
 * These programs run where others run too, so that everything lies on the stack. */
#include "include/allow.h"

char LICENSE[] SEC("license") = "GPL";

enum { DNS_PORT = 53, TYPE_A = 1, TYPE_AAAA = 28, CLASS_IN = 1 };
enum { LABELS_MOST = 128, SUFFIXES_MOST = 16, RECORDS_MOST = 64, USES_MOST = 64 };
/* Seconds that an address is allowed after it was answered: its time to live, but that clients keep it for longer. */
enum { KEEP_LEAST = 600, KEEP_MOST = 86400 };
#define SECOND 1000000000ull
/* How long an answer is waited for. */
#define PATIENCE (30 * SECOND)

/* A name as it lies in a message, in small letters, and zeros behind it. */
enum { NAME_ITSELF = 1, NAMES_BELOW = 2 };
struct name_key {
    union {
        struct {
            u8 kind; /* never 0 */
            u8 name[255];
        };
        u64 words[32];
    };
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 16384);
    MAP_UINT(map_flags, BPF_F_NO_PREALLOC);
    MAP_TYPE(key, struct name_key);
    MAP_TYPE(value, u32);
} NAMES SEC(".maps");

/* Where lists use the name of a number: what its addresses are allowed for. */
struct name_use {
    u32 list;
    u8 direction;
    u8 protocol;
    u16 port; /* in the network's order */
};
struct name_uses {
    u32 count;
    struct name_use of[USES_MOST];
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 16384);
    MAP_UINT(map_flags, BPF_F_NO_PREALLOC);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct name_uses);
} USES SEC(".maps");

/* Name servers that are believed; IPv4 in IPv6. */
struct server {
    u8 address[16];
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_HASH);
    MAP_UINT(max_entries, 4096);
    MAP_UINT(map_flags, BPF_F_NO_PREALLOC);
    MAP_TYPE(key, struct server);
    MAP_TYPE(value, u32);
} SERVERS SEC(".maps");

/* Questions without an answer: what nobody asked for is not believed. */
struct question {
    u64 socket;
    struct server server;
    u16 id;
    u16 zeros[3];
};
struct pending {
    u64 time;
    u32 number; /* of the name */
    u32 zero;
};
struct {
    MAP_UINT(type, BPF_MAP_TYPE_LRU_HASH);
    MAP_UINT(max_entries, 8192);
    MAP_TYPE(key, struct question);
    MAP_TYPE(value, struct pending);
} ASKED SEC(".maps");

#define ONES 0x0101010101010101ull
#define HIGHS 0x8080808080808080ull

/* The number of a name that lists use: the one at `at`, or (with NAMES_BELOW) that of those below it; 0 for none.
 *
 * What is compared ends with the first zero: what a list names is well formed, and equals only what is. Length bytes are no
 * letters. Eight bytes at a time and without a branch, for the verifier's sake. */
PART u32 name_number(struct __sk_buff *packet, u32 at, u32 kind) {
    struct name_key key;
    __builtin_memset(&key, 0, sizeof(key));
    u32 length = packet->len;
    if (at >= length)
        return 0;
    length -= at;
    if (length > sizeof(key.name))
        length = sizeof(key.name);
    BARRIER(length);
    if (length == 0 || length > sizeof(key.name) || bpf_skb_load_bytes(packet, at, key.name, length) < 0)
        return 0;
    key.kind = kind;
    u64 live = ~0ull;
    /* Unrolled it would take more of the stack than there is. */
#pragma clang loop unroll(disable)
    for (int i = 0; i < 32; i++) {
        u64 word = key.words[i], low = word & ~HIGHS;
        u64 is_upper = ~word & ((low + (0x80 - 'A') * ONES) ^ (low + (0x7f - 'Z') * ONES)) & HIGHS;
        u64 ends = (word - ONES) & ~word & HIGHS;
        key.words[i] = (word | is_upper >> 2) & ((ends & -ends) - 1) & live;
        live &= ((ends | -ends) >> 63) - 1;
    }
    u32 *number = bpf_map_lookup_elem(&NAMES, &key);
    return number ? *number : 0;
}

/* What follows a name of the message that begins at `message`; 0 where it does not end, or points to where it cannot. Where a
 * pointer leads is of no interest: whose a record is, is for the server to say. */
PART u32 name_end(struct __sk_buff *packet, u32 message, u32 at) {
    u32 begin = at - message;
    for (int i = 0; i < LABELS_MOST; i++) {
        u8 label = 0, rest = 0;
        if (bpf_skb_load_bytes(packet, at, &label, 1) < 0)
            return 0;
        if (label == 0)
            return at + 1;
        if (label >= 0xc0) {
            u32 failed = bpf_skb_load_bytes(packet, at + 1, &rest, 1) < 0;
            u32 to = (label & 0x3f) << 8 | rest;
            return failed || to < 12 || to >= begin ? 0 : at + 2;
        }
        if (label >= 0x40)
            return 0;
        at += label + 1u;
    }
    return 0;
}

/* The name that begins behind the first label of another; 0 where there is none. */
PART u32 name_parent(struct __sk_buff *packet, u32 at) {
    u8 label = 0;
    if (bpf_skb_load_bytes(packet, at, &label, 1) < 0 || label == 0 || label >= 0x40)
        return 0;
    return at + 1 + label;
}

/* The first number by which lists use a name: its own, or of what it is below. */
PART u32 name_used(struct __sk_buff *packet, u32 at) {
    u32 number = name_number(packet, at, NAME_ITSELF);
    for (int i = 0; i < SUFFIXES_MOST && !number; i++) {
        at = name_parent(packet, at);
        if (!at)
            return 0;
        number = name_number(packet, at, NAMES_BELOW);
    }
    return number;
}

/* Where in a packet the message lies that goes to or comes from a believed server; 0 where it is none. */
INLINE u32 message_at(struct __sk_buff *packet, u32 direction, struct server *server, u32 *is_stream) {
    u8 head[20], ports[4];
    if (bpf_skb_load_bytes(packet, 0, head, sizeof(head)) < 0)
        return 0;
    u32 is_v4 = head[0] >> 4 == 4, is_out = direction == EGRESS;
    u32 protocol = is_v4 ? head[9] : head[6];
    u32 at = is_v4 ? (head[0] & 15) * 4 : 40;
    if (protocol != PROTO_UDP && protocol != PROTO_TCP)
        return 0;
    /* A later fragment has no ports. */
    if (is_v4 && ((head[6] & 0x1f) | head[7]))
        return 0;
    if (bpf_skb_load_bytes(packet, at, ports, sizeof(ports)) < 0)
        return 0;
    if ((is_out ? ports[2] << 8 | ports[3] : ports[0] << 8 | ports[1]) != DNS_PORT)
        return 0;
    __builtin_memset(server, 0, sizeof(*server));
    if (is_v4) {
        server->address[10] = server->address[11] = 0xff;
        __builtin_memcpy(&server->address[12], &head[is_out ? 16 : 12], 4);
    } else if (bpf_skb_load_bytes(packet, is_out ? 24 : 8, server->address, 16) < 0) {
        return 0;
    }
    if (!bpf_map_lookup_elem(&SERVERS, server))
        return 0;
    *is_stream = protocol == PROTO_TCP;
    if (!*is_stream)
        return at + 8;
    u8 words = 0;
    if (bpf_skb_load_bytes(packet, at + 12, &words, 1) < 0)
        return 0;
    /* The message's length comes first. */
    return at + (words >> 4) * 4 + 2;
}

INLINE void asked(struct __sk_buff *packet) {
    struct question question;
    u32 is_stream;
    u8 head[6];
    __builtin_memset(&question, 0, sizeof(question));
    u32 at = message_at(packet, EGRESS, &question.server, &is_stream);
    if (!at || bpf_skb_load_bytes(packet, at, head, sizeof(head)) < 0)
        return;
    /* A question, an ordinary one, and one alone. */
    if ((head[2] & 0xf8) || head[4] || head[5] != 1)
        return;
    struct pending pending = {.time = bpf_ktime_get_boot_ns(), .number = name_used(packet, at + 12)};
    question.socket = bpf_get_socket_cookie(packet);
    if (!pending.number || !question.socket)
        return;
    question.id = head[0] | head[1] << 8;
    bpf_map_update_elem(&ASKED, &question, &pending, BPF_ANY);
}

SEC("cgroup_skb/egress")
int seawall_name_asked(struct __sk_buff *packet) {
    asked(packet);
    return 1;
}

/* Whether there are so many records as the message says, or as are looked at. */
PART u32 is_whole(struct __sk_buff *packet, u32 message, u32 at, u32 count) {
    for (u32 i = 0; i < RECORDS_MOST; i++) {
        if (i >= count)
            return 1;
        u8 length[2];
        at = name_end(packet, message, at);
        if (!at || bpf_skb_load_bytes(packet, at + 8, length, 2) < 0)
            return 0;
        at += 10 + (length[0] << 8 | length[1]);
        if (at > packet->len)
            return 0;
    }
    return 1;
}

/* An address as two numbers, so that it travels into a part. */
union address {
    u8 bytes[16];
    u32 words[4];
    u64 halves[2];
};

/* Addresses that no name may open: of the machine itself, of its link (where clouds keep their credentials), of nobody. */
INLINE int is_near(union address *address, u32 family) {
    u8 first = address->bytes[0], second = address->bytes[1];
    u64 high = address->halves[0], low = address->halves[1];
    if (family == 4)
        return first == 0 || first == 127 || first >= 224 || (first == 169 && second == 254);
    return first == 0xff || (first == 0xfe && (second & 0xc0) == 0x80) || (!high && (!low || low == 1ull << 56));
}

/* Allows an address wherever lists use the name. */
PART u32 allow(u32 number, u32 family, u64 high, u64 low, u64 until) {
    struct name_uses *uses = bpf_map_lookup_elem(&USES, &number);
    struct allow_key key;
    if (!uses)
        return 0;
    __builtin_memset(&key, 0, sizeof(key));
    key.prefix = WHOLE;
    key.family = family;
    __builtin_memcpy(key.address, &high, 8);
    __builtin_memcpy(&key.address[8], &low, 8);
    for (u32 n = 0; n < USES_MOST; n++) {
        if (n >= uses->count)
            break;
        key.list = uses->of[n].list;
        key.direction = uses->of[n].direction;
        key.protocol = uses->of[n].protocol;
        key.port = uses->of[n].port;
        /* Who was told before may keep it for as long as it was told. */
        u64 *before = bpf_map_lookup_elem(&ANSWERED, &key);
        if (!before || *before < until)
            bpf_map_update_elem(&ANSWERED, &key, &until, BPF_ANY);
    }
    return 0;
}

/* Looks at one record, whose name ends at `at`, and allows its address; returns where the next begins, 0 where it is cut. */
PART u32 record(struct __sk_buff *packet, u32 number, u32 at) {
    u8 head[10];
    union address address = {0};
    u32 family = 0;
    if (bpf_skb_load_bytes(packet, at, head, sizeof(head)) < 0)
        return 0;
    u32 type = head[0] << 8 | head[1], class = head[2] << 8 | head[3], length = head[8] << 8 | head[9];
    u32 lives = (u32)head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7];
    at += 10;
    if (class == CLASS_IN && type == TYPE_A && length == 4) {
        family = 4;
        if (bpf_skb_load_bytes(packet, at, address.bytes, 4) < 0)
            return 0;
    } else if (class == CLASS_IN && type == TYPE_AAAA && length == 16) {
        family = 6;
        if (bpf_skb_load_bytes(packet, at, address.bytes, 16) < 0)
            return 0;
        /* IPv4 in IPv6 is IPv4, as where connections are judged. */
        if (!address.halves[0] && address.words[2] == 0xffff0000) {
            family = 4;
            address.words[0] = address.words[3];
            address.words[2] = address.words[3] = 0;
        }
    }
    if (!family || is_near(&address, family))
        return at + length;
    if (lives < KEEP_LEAST)
        lives = KEEP_LEAST;
    if (lives > KEEP_MOST)
        lives = KEEP_MOST;
    allow(number, family, address.halves[0], address.halves[1], bpf_ktime_get_boot_ns() + lives * SECOND);
    return at + length;
}

/* Allows the addresses of an answer for the name of a number. */
PART u32 learn(struct __sk_buff *packet, u32 number, u32 message, u32 at, u32 count) {
    for (u32 i = 0; i < RECORDS_MOST; i++) {
        if (i >= count)
            break;
        at = name_end(packet, message, at);
        if (at)
            at = record(packet, number, at);
        if (!at)
            break;
    }
    return 0;
}

INLINE void answered(struct __sk_buff *packet) {
    struct question question;
    u32 is_stream;
    u8 head[8];
    /* Loopback carries what a container sends itself, from whatever address it likes. */
    if (packet->ifindex == LOOPBACK_INDEX)
        return;
    __builtin_memset(&question, 0, sizeof(question));
    u32 at = message_at(packet, INGRESS, &question.server, &is_stream);
    if (!at || bpf_skb_load_bytes(packet, at, head, sizeof(head)) < 0)
        return;
    /* An answer to an ordinary question, without an error. */
    if ((head[2] & 0xf8) != 0x80 || (head[3] & 15) || head[4] || head[5] != 1)
        return;
    question.socket = bpf_get_socket_cookie(packet);
    question.id = head[0] | head[1] << 8;
    struct pending *pending = bpf_map_lookup_elem(&ASKED, &question);
    if (!pending || bpf_ktime_get_boot_ns() - pending->time > PATIENCE)
        return;
    u32 number = pending->number, count = head[6] << 8 | head[7];
    u32 message = at;
    at += 12;
    u32 records = name_end(packet, message, at);
    if (!records || name_used(packet, at) != number)
        return;
    /* Type and class of the question come between. A stream may bring the rest later, and is believed for what is there. */
    records += 4;
    if (!is_stream && !is_whole(packet, message, records, count))
        return;
    /* One question has one answer. */
    bpf_map_delete_elem(&ASKED, &question);
    number = name_number(packet, at, NAME_ITSELF);
    if (number)
        learn(packet, number, message, records, count);
    for (int i = 0; i < SUFFIXES_MOST; i++) {
        at = name_parent(packet, at);
        if (!at)
            return;
        number = name_number(packet, at, NAMES_BELOW);
        if (number)
            learn(packet, number, message, records, count);
    }
}

SEC("cgroup_skb/ingress")
int seawall_name_answered(struct __sk_buff *packet) {
    answered(packet);
    return 1;
}
