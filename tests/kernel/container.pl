# A container as an engine's runtime makes one: a process that is put into its namespaces and control group sets it up from
# inside, and then runs the program. Usage: container.pl ID SCRIPT [host]; with `host` it shares the node's processes.
use strict;
my ($id, $script, $processes) = @ARGV;
my ($mount, $unshare, $new_mounts, $new_pids) = (165, 272, 0x20000, 0x20000000);
my $group = "/sys/fs/cgroup/docker-$id.scope";
my $place = "/run/$id";
mkdir $_ for $group, $place, map { "$place/$_" } qw(layers root);
syscall($unshare, $new_mounts | ($processes ? 0 : $new_pids)) == 0 or die "unshare: $!";
my $child = fork;
if ($child == 0) {
    open my $procs, ">", "$group/cgroup.procs" or die "$group: $!";
    print $procs 0;
    close $procs or die "$group: $!";
    attach("none", "/", 0, 0x44000, 0);    # private, recursively
    attach("tmpfs", "$place/layers", "tmpfs", 0, 0);
    mkdir "$place/layers/$_" for qw(upper work);
    attach("overlay", "$place/root", "overlay", 0,
        "lowerdir=/image,upperdir=$place/layers/upper,workdir=$place/layers/work");
    attach("proc", "$place/root/proc", "proc", 0, 0);
    attach("tmpfs", "$place/root/volume", "tmpfs", 0, 0);
    attach("sysfs", "$place/root/sys", "sysfs", 0, 0);
    attach("tmpfs", "$place/root/dev", "tmpfs", 0, 0);
    my ($node, $null) = (133, "$place/root/dev/null");
    syscall($node, $null, 0x2000 | 0666, 0x103) == 0 or die "mknod: $!";
    # The first root of a kernel cannot be pivoted: what an engine does there is to move the container's over it.
    chdir "$place/root" or die "chdir: $!";
    attach(".", "/", 0, 0x2000, 0);
    chroot "." or die "chroot: $!";
    chdir "/";
    exec "/bin/sh", "-c", $script or die "sh: $!";
}
waitpid $child, 0;

sub attach {
    my ($from, $to, $kind, $flags, $data) = @_;
    syscall($mount, $from, $to, $kind, $flags, $data) == 0 or die "mount $to: $!";
}
