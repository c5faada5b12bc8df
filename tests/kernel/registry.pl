# A registry of one image, from the OCI layout at /registry, for the engine to pull from: what is in containers is then known by
# the manifest's digest. It serves on loopback until it is ended.
use strict;
use Socket;

my %kinds = (manifests => "application/vnd.oci.image.manifest.v1+json", blobs => "application/octet-stream");
socket(my $server, AF_INET, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1);
bind($server, sockaddr_in(5000, INADDR_LOOPBACK)) && listen($server, 8) or die "bind: $!";
$SIG{CHLD} = "IGNORE";
while (accept(my $client, $server)) {
    next if fork;
    my ($method, $path) = split / /, scalar <$client>;
    while (my $line = <$client>) { last if $line eq "\r\n" }
    my ($kind, $name) = $path =~ m{/(manifests|blobs)/([^/]+)$};
    # A tag means the one manifest of the index.
    ($name) = content("/registry/index.json") =~ /"digest":"(sha256:[0-9a-f]+)"/ if $kind eq "manifests" && $name !~ /:/;
    my ($type, $body) = ("application/json", "{}");
    ($type, $body) = ($kinds{$kind}, content("/registry/blobs/" . join "/", split /:/, $name)) if $kind;
    my $head = "HTTP/1.1 200 OK\r\nContent-Type: $type\r\nContent-Length: " . length($body);
    print $client "$head\r\nDocker-Distribution-Api-Version: registry/2.0\r\nConnection: close\r\n\r\n";
    print $client $body if $method eq "GET";
    exit;
}

sub content {
    open my $file, "<", $_[0] or exit;
    local $/;
    return <$file>;
}
