/* The few kernel types that the programs look into, with only the fields that they read. The loader finds where these
 * fields are in the running kernel (CO-RE); order and completeness do not matter here. */
#pragma once

#include "helpers.h"

/* Numbers that the kernel wraps in a structure: kuid_t, kgid_t, kernel_cap_t, atomic_t. */
struct identifier {
    u32 value;
};
struct capability_set {
    u64 value;
};
struct atomic {
    int counter;
};
struct qstr {
    u32 len;
    const unsigned char *name;
} CORE;
struct super_block {
    u32 s_dev;
    unsigned long s_magic;
} CORE;
struct timespec64 {
    s64 tv_sec;
    long tv_nsec;
} CORE;
struct inode {
    u16 i_mode;
    struct identifier i_uid;
    struct identifier i_gid;
    struct super_block *i_sb;
    unsigned long i_ino;
    u32 i_nlink;
    s64 i_size;
    s64 i_ctime_sec; /* since 6.11 */
    u32 i_ctime_nsec;
    s64 i_mtime_sec;
    u32 i_mtime_nsec;
} CORE;
struct inode___before_6_11 {
    struct timespec64 i_mtime;
    struct timespec64 i_ctime;
    struct timespec64 __i_ctime; /* 6.6 to 6.10 */
} CORE;
/* A name of up to 31 bytes lies in the dentry itself. */
struct shortname {
    unsigned char string[32];
} CORE;
struct dentry {
    struct dentry *d_parent;
    struct qstr d_name;
    struct inode *d_inode;
    struct super_block *d_sb;
    struct shortname d_shortname; /* since 6.14 */
} CORE;
struct dentry___before_6_14 {
    unsigned char d_iname[32];
} CORE;
struct vfsmount {
    struct dentry *mnt_root;
    struct super_block *mnt_sb;
} CORE;
struct mnt_namespace;
struct mount {
    struct mount *mnt_parent;
    struct dentry *mnt_mountpoint;
    struct vfsmount mnt;
    struct mnt_namespace *mnt_ns;
} CORE;
struct path {
    struct vfsmount *mnt;
    struct dentry *dentry;
} CORE;
struct in6_addr {
    u8 bytes[16];
};
struct ns_common {
    u32 inum;
} CORE;
struct net {
    struct ns_common ns;
} CORE;
struct net_pointer {
    struct net *net;
};
struct sock_common {
    struct net_pointer skc_net;
    u16 skc_family;
    u8 skc_state;
    unsigned long skc_flags;
    u16 skc_num;
    u16 skc_dport;
    u32 skc_rcv_saddr;
    u32 skc_daddr;
    struct in6_addr skc_v6_rcv_saddr;
    struct in6_addr skc_v6_daddr;
} CORE;
struct sock {
    struct sock_common __sk_common;
    u16 sk_type;
    u16 sk_protocol;
} CORE;
struct sockaddr_un {
    u16 sun_family;
    char sun_path[108];
};
struct unix_address {
    int len;
    struct sockaddr_un name[1];
} CORE;
struct unix_sock {
    struct sock sk;
    struct unix_address *addr;
    struct sock *peer;
} CORE;
struct socket {
    struct sock *sk;
} CORE;
struct callback_head {
    struct callback_head *next;
} CORE;
struct file {
    struct path f_path;
    struct inode *f_inode;
    void *private_data;
    u32 f_flags;
    u32 f_mode;
    struct callback_head f_task_work; /* since 6.5 */
} CORE;
struct file___before_6_5 {
    struct callback_head f_rcuhead;
} CORE;
struct fdtable {
    u32 max_fds;
    struct file **fd;
} CORE;
struct files_struct {
    struct fdtable *fdt;
} CORE;
struct fs_struct {
    struct path root;
    struct path pwd;
} CORE;
struct mm_struct {
    unsigned long arg_start;
    unsigned long arg_end;
    unsigned long env_start;
    unsigned long env_end;
    struct file *exe_file;
} CORE;
struct pid_namespace {
    struct ns_common ns;
    struct task_struct *child_reaper;
} CORE;
struct mnt_namespace {
    struct ns_common ns;
    struct mount *root;
} CORE;
struct user_namespace {
    struct ns_common ns;
} CORE;
struct nsproxy {
    struct mnt_namespace *mnt_ns;
    struct net *net_ns;
} CORE;
struct upid {
    int nr;
    struct pid_namespace *ns;
} CORE;
struct pid {
    u32 level;
    struct upid numbers[1];
} CORE;
struct cred {
    struct identifier uid;
    struct identifier gid;
    struct identifier euid;
    struct capability_set cap_inheritable;
    struct capability_set cap_permitted;
    struct capability_set cap_effective;
    struct user_namespace *user_ns;
} CORE;
struct tty_driver {
    int major;
    int minor_start;
} CORE;
struct tty_struct {
    int index;
    struct tty_driver *driver;
} CORE;
struct signal_struct {
    struct atomic live;
    u32 flags;
    struct pid *pids[4];
    struct tty_struct *tty;
} CORE;
struct kernfs_node {
    const char *name;
    u64 id;
    struct kernfs_node *__parent; /* since 6.15 */
} CORE;
struct kernfs_node___before_6_15 {
    struct kernfs_node *parent;
} CORE;
struct cgroup_root {
    u32 hierarchy_id;
} CORE;
struct cgroup {
    struct kernfs_node *kn;
    struct cgroup_root *root;
} CORE;
struct cgroup_subsys_state {
    struct cgroup *cgroup;
} CORE;
enum cgroup_subsys_id { memory_cgrp_id = 4, devices_cgrp_id = 5, pids_cgrp_id = 11 };
struct css_set {
    struct cgroup_subsys_state *subsys[1];
    struct cgroup *dfl_cgrp;
} CORE;
struct thread_info {
    u32 status;
} CORE;
struct task_struct {
    struct thread_info thread_info;
    u32 personality;
    struct callback_head *task_works;
    int pid;
    int tgid;
    u32 flags;
    u64 start_boottime;
    u64 parent_exec_id;
    u64 self_exec_id;
    char comm[16];
    struct mm_struct *mm;
    struct task_struct *real_parent;
    struct task_struct *group_leader;
    struct cred *cred;
    struct fs_struct *fs;
    struct files_struct *files;
    struct nsproxy *nsproxy;
    struct signal_struct *signal;
    struct pid *thread_pid;
    struct css_set *cgroups;
    struct identifier loginuid;
} CORE;
struct vm_area_struct {
    unsigned long vm_end;
    unsigned long vm_flags;
    struct file *vm_file;
} CORE;
struct linux_binprm {
    struct file *executable;
    struct file *file;
    const char *filename;
    const char *interp;
    char buf[256];
} CORE;
struct kernel_siginfo {
    int si_code;
} CORE;
struct bpf_map {
    u32 id;
} CORE;
/* x86-64 registers at a system call. */
struct pt_regs {
    unsigned long r10;
    unsigned long r9;
    unsigned long r8;
    unsigned long dx;
    unsigned long si;
    unsigned long di;
    unsigned long bx;
    unsigned long cx;
    unsigned long ip;
    unsigned long orig_ax;
} CORE;

/* Not kernel structures, but shapes of its interface. */
struct user_msghdr {
    void *msg_name;
    int msg_namelen;
    void *msg_iov;
    u64 msg_iovlen;
};
enum { S_IFMT = 0xf000, S_IFDIR = 0x4000, S_IFSOCK = 0xc000, OVERLAYFS_MAGIC = 0x794c7630, AT_FDCWD = -100 };
enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, PIDTYPE_PGID = 2, PIDTYPE_SID = 3, PF_KTHREAD = 0x00200000 };
