/* The network of containers: what their lists do not name is refused, and what is cut is cut. The programs are attached at
 * the root of the version 2 hierarchy and find the container themselves (docs/decisions/0013-network-in-root-programs.md). */
#include "include/network.h"

char LICENSE[] SEC("license") = "GPL";

/* Remembers whose a socket is. */
INLINE struct owner *own(void *socket, struct task_struct *task, u64 group, u32 own_net) {
    struct owner *owner = bpf_sk_storage_get(&OWNERS, socket, NULL, BPF_SK_STORAGE_GET_F_CREATE);
    if (!owner)
        return NULL;
    struct task_struct *leader = READ(task->group_leader);
    owner->group = group;
    owner->started = READ(leader->start_boottime);
    owner->pid = READ(task->tgid);
    owner->flags |= (own_net ? OWN_NET : 0) | (is_contained(task) ? CONTAINED : 0);
    return owner;
}

INLINE u32 is_own_net(void *context) { return bpf_get_netns_cookie(context) != bpf_get_netns_cookie(NULL); }

/* 1 lets pass, 0 refuses. */
INLINE int told(struct task_struct *task, u64 group, u32 asked, u32 reason, u32 direction, struct peer *peer) {
    struct denial denial;
    denial_of(&denial, task, group, asked, reason);
    denial_of_peer(&denial, direction, peer, peer->port);
    denial_tell(&denial);
    return (asked & DRY_RUN) != 0;
}

SEC("cgroup/sock_create")
int seawall_socket(struct bpf_sock *context) {
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = denied_to(task, group);
    u32 *cut = bpf_map_lookup_elem(&QUARANTINE, &group);
    if (!asked && !cut && !is_contained(task))
        return 1;
    own(context, task, group, is_own_net(context));
    struct peer peer;
    __builtin_memset(&peer, 0, sizeof(peer));
    peer.protocol = context->protocol;
    u32 reason = 0;
    if (context->type == SOCK_RAW)
        reason = asked & DENY_RAW;
    /* Connections of Multipath TCP are made by the kernel, past every hook of a socket's owner. */
    if (peer.protocol == PROTO_MPTCP && context->type == SOCK_STREAM)
        reason = asked & DENY_EGRESS ? DENY_EGRESS : asked & DENY_INGRESS;
    return reason ? told(task, group, asked, reason, 0, &peer) : 1;
}

INLINE int reach(struct bpf_sock_addr *context, struct peer *peer, int is_message) {
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    u32 asked = denied_to(task, group);
    u32 *cut = bpf_map_lookup_elem(&QUARANTINE, &group);
    if (!cut && !(asked & DENY_EGRESS))
        return 1;
    u32 own_net = is_own_net(context);
    struct owner *owner = NULL;
    u32 local = 0;
    if (context->sk) {
        owner = own(context->sk, task, group, own_net);
        local = context->sk->src_port;
    }
    peer->port = swap16(context->user_port);
    peer->protocol = context->protocol;
    peer_normalize(peer);
    if (cut)
        return told(task, group, 0, DENY_QUARANTINED, EGRESS, peer);
    if (own_net && peer_is_loopback(peer))
        return 1;
    if (is_allowed(group, EGRESS, peer, peer->port))
        return 1;
    /* What a server answers to whom it may hear. */
    if (is_message && owner && (owner->flags & SERVER) && is_allowed(group, INGRESS, peer, local))
        return 1;
    return told(task, group, asked, DENY_EGRESS, EGRESS, peer);
}

INLINE int reach4(struct bpf_sock_addr *context, int is_message) {
    struct peer peer;
    __builtin_memset(&peer, 0, sizeof(peer));
    peer.family = 4;
    peer.words[0] = context->user_ip4;
    return reach(context, &peer, is_message);
}

INLINE int reach6(struct bpf_sock_addr *context, int is_message) {
    struct peer peer;
    __builtin_memset(&peer, 0, sizeof(peer));
    peer.family = 6;
    peer.words[0] = context->user_ip6[0];
    peer.words[1] = context->user_ip6[1];
    peer.words[2] = context->user_ip6[2];
    peer.words[3] = context->user_ip6[3];
    return reach(context, &peer, is_message);
}

SEC("cgroup/connect4")
int seawall_connect4(struct bpf_sock_addr *context) { return reach4(context, 0); }

SEC("cgroup/connect6")
int seawall_connect6(struct bpf_sock_addr *context) { return reach6(context, 0); }

SEC("cgroup/sendmsg4")
int seawall_sendmsg4(struct bpf_sock_addr *context) { return reach4(context, 1); }

SEC("cgroup/sendmsg6")
int seawall_sendmsg6(struct bpf_sock_addr *context) { return reach6(context, 1); }

/* A socket that is given a port serves; what comes to others is the answer to what they sent. */
INLINE int serve(struct bpf_sock_addr *context) {
    if (!context->sk || !context->user_port)
        return 1;
    struct task_struct *task = bpf_get_current_task();
    u64 group = cgroup_key(task_cgroup(task));
    if (!denied_to(task, group) && !is_contained(task))
        return 1;
    struct owner *owner = own(context->sk, task, group, is_own_net(context));
    if (owner)
        owner->flags |= SERVER;
    return 1;
}

SEC("cgroup/bind4")
int seawall_bind4(struct bpf_sock_addr *context) { return serve(context); }

SEC("cgroup/bind6")
int seawall_bind6(struct bpf_sock_addr *context) { return serve(context); }

/* The head of a packet: the other side, and the port that counts, that of the side which is called. */
INLINE int packet_peer(struct __sk_buff *packet, u32 direction, struct peer *peer) {
    u8 first = 0, protocol = 0;
    u16 port = 0;
    __builtin_memset(peer, 0, sizeof(*peer));
    if (bpf_skb_load_bytes(packet, 0, &first, 1))
        return 0;
    u32 is_out = direction == EGRESS, after = 40;
    if (first >> 4 == 4) {
        peer->family = 4;
        after = (first & 15) * 4;
        if (bpf_skb_load_bytes(packet, 9, &protocol, 1) || bpf_skb_load_bytes(packet, is_out ? 16 : 12, peer->words, 4))
            return 0;
    } else {
        peer->family = 6;
        if (bpf_skb_load_bytes(packet, 6, &protocol, 1) || bpf_skb_load_bytes(packet, is_out ? 24 : 8, peer->words, 16))
            return 0;
    }
    peer->protocol = protocol;
    if (protocol == PROTO_TCP || protocol == PROTO_UDP || protocol == PROTO_SCTP) {
        /* What is too short for a port has none, and no list with ports allows it. */
        bpf_skb_load_bytes(packet, after + 2, &port, 2);
        peer->port = swap16(port);
    }
    peer_normalize(peer);
    return 1;
}

/* Whether a packet is one that a list decides: others belong to what was decided when it was called. */
INLINE int decides(struct bpf_sock *socket, struct owner *owner, struct peer *peer, u32 direction) {
    if (direction == EGRESS)
        return socket->type == SOCK_RAW || (peer->protocol != PROTO_TCP && peer->protocol != PROTO_UDP);
    if (peer->protocol == PROTO_TCP)
        return socket->state == TCP_LISTEN;
    return peer->protocol == PROTO_UDP && (owner->flags & SERVER) && socket->state != TCP_ESTABLISHED;
}

INLINE int packet(struct __sk_buff *packet, u32 direction) {
    struct bpf_sock *socket = packet->sk;
    if (!socket)
        return 1;
    socket = bpf_sk_fullsock(socket);
    if (!socket)
        return 1;
    struct owner *owner = bpf_sk_storage_get(&OWNERS, socket, NULL, 0);
    if (!owner) {
        /* Fields that are not shown are read from the address as a number; the verifier lets nobody reckon with the pointer. */
        void *volatile place = socket;
        struct sock *inner = NULL;
        bpf_probe_read_kernel(&inner, sizeof(inner), (void *)&place);
        struct net *net = READ(inner->__sk_common.skc_net.net);
        u32 number = READ(net->ns.inum);
        return !bpf_map_lookup_elem(&QUARANTINE_NETS, &number);
    }
    u64 group = owner->group;
    u32 wanted = direction == EGRESS ? DENY_EGRESS : DENY_INGRESS;
    u32 *cut = bpf_map_lookup_elem(&QUARANTINE, &group);
    u32 asked = denied_in(group, owner->flags & CONTAINED);
    if (!cut && !(asked & wanted))
        return 1;
    struct peer peer;
    if (!packet_peer(packet, direction, &peer))
        return 0;
    if (!cut) {
        if (!decides(socket, owner, &peer, direction))
            return 1;
        if ((owner->flags & OWN_NET) && (packet->ifindex == LOOPBACK_INDEX || peer_is_loopback(&peer)))
            return 1;
        if (is_allowed(group, direction, &peer, peer.port))
            return 1;
    }
    u32 dry_run = !cut && (asked & DRY_RUN);
    u64 now = bpf_ktime_get_boot_ns();
    /* Packets come in floods: one is told for each second and socket. */
    if (owner->told && now - owner->told < 1000000000ull)
        return dry_run != 0;
    owner->told = now;
    struct denial denial;
    __builtin_memset(&denial, 0, sizeof(denial));
    denial.time = now;
    denial.started = owner->started;
    denial.cgroup = group;
    denial.pid = owner->pid;
    denial.reason = cut ? DENY_QUARANTINED : wanted;
    denial.dry_run = dry_run != 0;
    denial_of_peer(&denial, direction, &peer, peer.port);
    denial_tell(&denial);
    return dry_run != 0;
}

SEC("cgroup_skb/egress")
int seawall_packet_out(struct __sk_buff *context) { return packet(context, EGRESS); }

SEC("cgroup_skb/ingress")
int seawall_packet_in(struct __sk_buff *context) { return packet(context, INGRESS); }
