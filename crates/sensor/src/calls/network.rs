//! Sockets.

use seawall_model::{Argument as A, EventKind as K};

use super::{Call, Spec, Take as T};

const fn spec(number: i64, kind: K, call: Call, arguments: &'static [(A, T)]) -> Spec {
    Spec { number, kind, call, arguments }
}

const fn addressed(address: i8, length: i8) -> Call {
    Call { descriptor: 0, address: [address, length], ..Call::PLAIN }
}

pub(super) const CALLS: &[Spec] = &[
    spec(
        libc::SYS_socket,
        K::Socket,
        Call::descriptor(Call::RETURNED),
        &[(A::Fd, T::Result), (A::Domain, T::Flags(0)), (A::Type, T::Number(1)), (A::Proto, T::Number(2))],
    ),
    spec(libc::SYS_connect, K::Connect, addressed(1, 2), &[(A::Res, T::Result), (A::Fd, T::Number(0))]),
    spec(libc::SYS_accept, K::Accept, Call::descriptor(Call::RETURNED), &[(A::Fd, T::Result)]),
    spec(
        libc::SYS_accept4,
        K::Accept4,
        Call::descriptor(Call::RETURNED),
        &[(A::Fd, T::Result), (A::Flags, T::Number(3))],
    ),
    spec(libc::SYS_bind, K::Bind, addressed(1, 2), &[(A::Res, T::Result), (A::Fd, T::Number(0))]),
    spec(
        libc::SYS_listen,
        K::Listen,
        Call::descriptor(0),
        &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::Backlog, T::Number(1))],
    ),
    spec(
        libc::SYS_sendto,
        K::Sendto,
        addressed(4, 5),
        &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::Size, T::Wide(2)), (A::Flags, T::Number(3))],
    ),
    spec(
        libc::SYS_sendmsg,
        K::Sendmsg,
        Call { descriptor: 0, message: 1, ..Call::PLAIN },
        &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::Flags, T::Number(2))],
    ),
    spec(
        libc::SYS_sendmmsg,
        K::Sendmmsg,
        Call { descriptor: 0, message: 1, ..Call::PLAIN },
        &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::Flags, T::Number(3))],
    ),
    spec(
        libc::SYS_recvfrom,
        K::Recvfrom,
        Call { descriptor: 0, address: [4, -1], data: 1, ..Call::PLAIN },
        &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::Size, T::Wide(2)), (A::Data, T::Data)],
    ),
    spec(
        libc::SYS_recvmsg,
        K::Recvmsg,
        Call { descriptor: 0, message: 1, ..Call::PLAIN },
        &[(A::Res, T::Result), (A::Fd, T::Number(0))],
    ),
];
