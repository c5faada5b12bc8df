/* What the kernel offers to programs: types, map definitions, and helpers by their numbers.
 *
 * Declared here instead of taken from a header package, so that clang alone builds the programs. The numbers are part
 * of the kernel's stable interface (include/uapi/linux/bpf.h, enum bpf_func_id). */
#pragma once

struct bpf_sock;
struct bpf_tcp_sock;

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef int s32;
typedef long long s64;

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
/* A function that the verifier walks once, by itself, for whatever numbers it is given. Inlined parts would multiply: each
 * bounds check doubles the paths through everything behind it. Addresses therefore travel as numbers. */
#define PART __attribute__((noinline))
#define NULL ((void *)0)

/* Keeps clang from moving a bounds check away from the access that it guards. */
#define BARRIER(variable) asm volatile("" : "+r"(variable))

enum {
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_ARRAY = 2,
    BPF_MAP_TYPE_PERCPU_ARRAY = 6,
    BPF_MAP_TYPE_LRU_HASH = 9,
    BPF_MAP_TYPE_LPM_TRIE = 11,
    BPF_MAP_TYPE_QUEUE = 22,
    BPF_MAP_TYPE_SK_STORAGE = 24,
    BPF_MAP_TYPE_RINGBUF = 27,
    BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum { BPF_ANY = 0, BPF_EXIST = 2, BPF_F_NO_PREALLOC = 1, BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };
enum { BPF_RB_AVAIL_DATA = 0, BPF_RB_CONS_POS = 2 };
enum { BPF_SK_STORAGE_GET_F_CREATE = 1, BPF_F_CLONE = 1 << 9 };

#define MAP_UINT(name, value) int (*name)[value]
#define MAP_TYPE(name, value) typeof(value) *name

static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
static u32 (*bpf_get_smp_processor_id)(void) = (void *)8;
static u64 (*bpf_get_current_pid_tgid)(void) = (void *)14;
static long (*bpf_skb_load_bytes)(const void *skb, u32 offset, void *to, u32 len) = (void *)26;
static void *(*bpf_get_current_task)(void) = (void *)35;
static u64 (*bpf_get_socket_cookie)(void *context) = (void *)46;
static u64 (*bpf_get_current_cgroup_id)(void) = (void *)80;
static long (*bpf_map_push_elem)(void *map, const void *value, u64 flags) = (void *)87;
static struct bpf_sock *(*bpf_sk_fullsock)(struct bpf_sock *socket) = (void *)95;
static struct bpf_tcp_sock *(*bpf_tcp_sock)(struct bpf_sock *socket) = (void *)96;
static long (*bpf_sysctl_get_name)(void *context, char *buffer, u64 length, u64 flags) = (void *)101;
static void *(*bpf_sk_storage_get)(void *map, void *socket, void *value, u64 flags) = (void *)107;
static long (*bpf_send_signal)(u32 signal) = (void *)109;
static long (*bpf_probe_read_user)(void *to, u32 size, const void *from) = (void *)112;
static long (*bpf_probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*bpf_probe_read_user_str)(void *to, u32 size, const void *from) = (void *)114;
static long (*bpf_probe_read_kernel_str)(void *to, u32 size, const void *from) = (void *)115;
static u64 (*bpf_get_netns_cookie)(void *context) = (void *)122;
static u64 (*bpf_ktime_get_boot_ns)(void) = (void *)125;
static long (*bpf_ringbuf_output)(void *ring, void *data, u64 size, u64 flags) = (void *)130;
static void *(*bpf_ringbuf_reserve)(void *ring, u64 size, u64 flags) = (void *)131;
static void (*bpf_ringbuf_submit)(void *data, u64 flags) = (void *)132;
static long (*bpf_d_path)(void *path, char *to, u32 size) = (void *)147;
static u64 (*bpf_ringbuf_query)(void *ring, u64 flags) = (void *)134;
static void *(*bpf_task_storage_get)(void *map, void *task, void *value, u64 flags) = (void *)156;
static long (*bpf_task_storage_delete)(void *map, void *task) = (void *)157;
static void *(*bpf_get_current_task_btf)(void) = (void *)158;
static long (*bpf_task_pt_regs)(void *task) = (void *)175;
static long (*bpf_find_vma)(void *task, u64 address, void *callback, void *context, u64 flags) = (void *)180;
static long (*bpf_loop)(u32 times, void *callback, void *context, u64 flags) = (void *)181;

/* CO-RE: asks the loader about the running kernel's types instead of assuming this header's. */
#define CORE __attribute__((preserve_access_index))
#define FIELD_EXISTS(field) __builtin_preserve_field_info(field, 2)
#define FIELD_AT(field) __builtin_preserve_field_info(field, 0)
#define TYPE_SIZE(type) __builtin_preserve_type_info(*(type *)0, 1)
#define ENUM_VALUE(type, value) __builtin_preserve_enum_value(*(typeof(type) *)value, 1)

/* Zero, which the verifier does not know to be zero. Before 6.7 it looks at the first step of a bpf_loop only: what is a
 * constant there it takes for one in every step, and leaves out the branches for anything else. */
INLINE u32 some_zero(void) {
    u32 zero = 0;
    bpf_probe_read_kernel(&zero, sizeof(zero), NULL);
    return zero;
}

/* One field of a kernel object; zero where it cannot be read (the helper clears what it could not fill, so that no branch
 * is needed: each would double the paths that the verifier walks). */
#define READ(field)                                                                                                    \
    ({                                                                                                                 \
        typeof(field) value_;                                                                                          \
        bpf_probe_read_kernel(&value_, sizeof(value_), &(field));                                                      \
        value_;                                                                                                        \
    })
