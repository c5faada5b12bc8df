# Traffic on loopback between ends that are both its own, and a request of io_uring, to be seen.
use strict;
use Socket qw(:DEFAULT IN6ADDR_LOOPBACK pack_sockaddr_in6);

# A name is asked for and answered: over a connected socket, by a message that names its receiver, and over IPv6.
my $question = pack("n6", 0x1234, 0x100, 1, 0, 0, 0) . join("", map { pack "C/a", $_ } qw(secret tunnel example)) . pack("Cnn", 0, 16, 1);
my $here = sockaddr_in(53, INADDR_LOOPBACK);
for ([$here, AF_INET, 1], [$here, AF_INET, 0], [pack_sockaddr_in6(53, IN6ADDR_LOOPBACK), AF_INET6, 0]) {
    my ($to, $family, $connected) = @$_;
    socket(my $server, $family, SOCK_DGRAM, 0) && socket(my $client, $family, SOCK_DGRAM, 0) or die "socket: $!";
    bind($server, $to) or die "bind: $!";
    connect($client, $to) or die "connect: $!" if $connected;
    defined($connected ? send($client, $question, 0) : send($client, $question, 0, $to)) or die "send: $!";
    my $from = recv($server, my $asked, 512, 0);
    substr($asked, 2, 1) = "\x81";
    substr($asked, 7, 1) = "\1";
    send($server, "$asked\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\7", 0, $from) or die "answer: $!";
    recv($client, my $answer, 512, 0);
}

# A client greets a server by its name, once with a short handshake and once with one that is padded.
for (["short", 0], ["padded", 1200]) {
    my ($name, $padding) = @$_;
    my $names = pack "n2 n/a", 0, length($name) + 5, pack("C n/a", 0, $name);
    $names .= pack "n n/a", 21, "\0" x $padding if $padding;
    my $body = pack "C2 a32 C n/a C/a n/a", 3, 3, "", 0, "\x13\x01", "\0", $names;
    my $message = pack("C C n", 1, 0, length $body) . $body;
    my ($client, $server) = pair(8443);
    syswrite $client, pack("C3 n/a", 22, 3, 1, $message);
    sysread $server, my $got, 4096;
}

# A connection carries five bytes there and 70,000 back, and ends.
my ($client, $server) = pair(8080);
syswrite $client, "hello";
sysread $server, my $got, 5;
if (!fork) { syswrite $server, "x" x 70_000; exit }
close $server;
1 while sysread $client, $got, 65_536;
close $client;
wait;

# A file is made inside io_uring.
my $parameters = "\0" x 120;
my $ring = syscall(425, 4, $parameters);
$ring >= 0 or die "io_uring_setup: $!";
my ($tail, $array) = (unpack "x40 L7", $parameters)[1, 6];
my $queue = syscall(9, 0, $array + 16, 3, 1, $ring, 0);
my $requests = syscall(9, 0, 256, 3, 1, $ring, 0x1000_0000);
my $path = "/tmp/made-by-a-request\0";
put($requests, pack "C2 S l Q2 L2 Q", 18, 0, 0, -100, 0, unpack("Q", pack "P", $path), 0600, 0101, 1);
put($queue + $array, pack "L", 0);
put($queue + $tail, pack "L", 1);
syscall(426, $ring, 1, 1, 1, 0, 0) == 1 && -e "/tmp/made-by-a-request" or die "io_uring_enter: $!";
print "DONE\n";

# A connection of this process with itself.
sub pair {
    my ($port) = @_;
    socket(my $listener, AF_INET, SOCK_STREAM, 0) or die "socket: $!";
    setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1);
    bind($listener, sockaddr_in($port, INADDR_LOOPBACK)) && listen($listener, 1) or die "listen: $!";
    socket(my $client, AF_INET, SOCK_STREAM, 0) or die "socket: $!";
    connect($client, sockaddr_in($port, INADDR_LOOPBACK)) or die "connect: $!";
    accept(my $server, $listener) or die "accept: $!";
    return ($client, $server);
}

# Bytes to an address of this process: the kernel writes what it reads from a pipe.
sub put {
    my ($at, $bytes) = @_;
    pipe my $from, my $to;
    syswrite $to, $bytes;
    syscall(0, fileno $from, $at, length $bytes) == length $bytes or die "put: $!";
}
