/* What a descriptor stands for: a file with its inode and walked path, or a socket with the kernel's own addresses. */
#pragma once

#include "walk.h"

INLINE u64 nanoseconds(s64 seconds, s64 rest) { return (u64)seconds * 1000000000ull + (u64)rest; }

/* Since 6.13 the highest bit says that somebody has asked for the time. */
enum { CTIME_NANOSECONDS = 0x7fffffff };

/* When the inode was changed last: content, mode, owner or links. No call sets this time. */
INLINE u64 inode_changed(struct inode *inode) {
    struct inode___before_6_11 *old = (void *)inode;
    if (FIELD_EXISTS(inode->i_ctime_sec))
        return nanoseconds(READ(inode->i_ctime_sec), READ(inode->i_ctime_nsec) & CTIME_NANOSECONDS);
    struct timespec64 changed = {0};
    if (FIELD_EXISTS(old->__i_ctime))
        changed = READ(old->__i_ctime);
    else if (FIELD_EXISTS(old->i_ctime))
        changed = READ(old->i_ctime);
    return nanoseconds(changed.tv_sec, changed.tv_nsec);
}

INLINE void inode_times(struct inode *inode, struct file_part *f) {
    struct inode___before_6_11 *old = (void *)inode;
    f->changed = inode_changed(inode);
    if (FIELD_EXISTS(inode->i_ctime_sec)) {
        f->modified = nanoseconds(READ(inode->i_mtime_sec), READ(inode->i_mtime_nsec));
        return;
    }
    struct timespec64 modified = READ(old->i_mtime);
    f->modified = nanoseconds(modified.tv_sec, modified.tv_nsec);
}

/* overlayfs keeps the dentry of the upper layer right behind the inode (struct ovl_inode); Falco reads it likewise. */
INLINE u32 overlay_layer(struct inode *inode) {
    struct super_block *super = READ(inode->i_sb);
    if (READ(super->s_magic) != OVERLAYFS_MAGIC)
        return 0;
    struct dentry *upper = NULL;
    bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + TYPE_SIZE(struct inode));
    struct inode *real = upper ? READ(upper->d_inode) : NULL;
    return real && READ(real->i_ino) ? FILE_UPPER : FILE_LOWER;
}

INLINE u32 is_memfd(struct dentry *dentry) {
    char name[8] = {0};
    if (READ(dentry->d_parent) != dentry)
        return 0;
    bpf_probe_read_kernel_str(name, sizeof(name), READ(dentry->d_name.name));
    return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' && name[4] == 'd' && name[5] == ':';
}

PART u32 part_file(u32 at, u32 tag, u64 file_at) {
    struct scratch *s = part_room(at);
    if (!s || at > ROOM)
        return at;
    struct file *file = (void *)file_at;
    struct file_part *f = (void *)&s->bytes[at + 4];
    struct inode *inode = READ(file->f_inode);
    struct super_block *super = READ(inode->i_sb);
    struct dentry *dentry = READ(file->f_path.dentry);
    u32 device = READ(super->s_dev);
    f->inode = READ(inode->i_ino);
    /* The kernel keeps 12 bits of major and 20 of minor number; st_dev has them elsewhere. */
    f->device = ((device & 0xfffff) & 0xff) | ((device >> 20) << 8) | ((u64)((device & 0xfffff) & ~0xffu) << 12);
    inode_times(inode, f);
    f->mode = READ(inode->i_mode);
    f->links = READ(inode->i_nlink);
    f->uid = READ(inode->i_uid).value;
    f->gid = READ(inode->i_gid).value;
    f->flags = overlay_layer(inode);
    if (is_memfd(dentry))
        f->flags |= FILE_MEMFD;
    f->open_flags = READ(file->f_flags);
    return part_end(s, at, tag, sizeof(*f));
}

PART u32 part_socket(u32 at, u64 file_at) {
    struct scratch *s = part_room(at);
    if (!s || at > ROOM)
        return at;
    struct file *file = (void *)file_at;
    struct socket_part *p = (void *)&s->bytes[at + 4];
    struct socket *socket = READ(file->private_data);
    struct sock *sk = READ(socket->sk);
    if (!sk)
        return at;
    __builtin_memset(p, 0, sizeof(*p));
    p->family = READ(sk->__sk_common.skc_family);
    p->type = READ(sk->sk_type);
    p->protocol = READ(sk->sk_protocol);
    p->state = READ(sk->__sk_common.skc_state);
    if (p->family == AF_INET) {
        *(u32 *)p->local = READ(sk->__sk_common.skc_rcv_saddr);
        *(u32 *)p->remote = READ(sk->__sk_common.skc_daddr);
    } else if (p->family == AF_INET6) {
        *(struct in6_addr *)p->local = READ(sk->__sk_common.skc_v6_rcv_saddr);
        *(struct in6_addr *)p->remote = READ(sk->__sk_common.skc_v6_daddr);
    } else if (p->family == AF_UNIX) {
        struct unix_sock *own = (void *)sk;
        struct unix_sock *peer = (void *)READ(own->peer);
        struct unix_address *address = peer ? READ(peer->addr) : READ(own->addr);
        if (address) {
            u32 length = READ(address->len);
            p->path_length = length > 2 ? length - 2 : 0;
            bpf_probe_read_kernel(p->path, sizeof(p->path), (void *)&address->name + sizeof(u16));
        }
    }
    if (p->family == AF_INET || p->family == AF_INET6) {
        p->local_port = READ(sk->__sk_common.skc_num);
        p->remote_port = __builtin_bswap16(READ(sk->__sk_common.skc_dport));
    }
    return part_end(s, at, PART_SOCKET, sizeof(*p));
}

/* The file behind a descriptor of the current task. The verifier knows the types, so that most are plain loads. */
INLINE struct file *current_file(s64 descriptor) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct files_struct *files = task->files;
    struct fdtable *table = files->fdt;
    struct file **slots = table->fd;
    struct file *file = NULL;
    if (descriptor < 0 || descriptor >= table->max_fds)
        return NULL;
    bpf_probe_read_kernel(&file, sizeof(file), &slots[descriptor]);
    return file;
}

/* The path of a descriptor's file; sockets have none. */
PART u32 part_descriptor_path(u32 at, u64 task_at, s64 descriptor) {
    struct file *file = current_file(descriptor);
    if (!file)
        return at;
    struct inode *inode = READ(file->f_inode);
    if ((READ(inode->i_mode) & S_IFMT) == S_IFSOCK)
        return at;
    return part_walk(at, PART_FILE_PATH, (u64)&file->f_path, task_at);
}

/* The rest about a descriptor. */
PART u32 part_descriptor(u32 at, s64 descriptor) {
    struct file *file = current_file(descriptor);
    if (!file)
        return at;
    struct inode *inode = READ(file->f_inode);
    if ((READ(inode->i_mode) & S_IFMT) == S_IFSOCK)
        return part_socket(at, (u64)file);
    return part_file(at, PART_FILE, (u64)file);
}
