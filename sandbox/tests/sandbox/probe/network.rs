//! Sockets.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

use nix::errno::Errno;
use nix::libc;

use super::tried;

pub(super) fn run(probe: &str, arguments: &[String]) -> bool {
    match probe {
        "families" => families(),
        "interfaces" => interfaces(),
        "loopback" => loopback(),
        "outside" => outside(arguments),
        _ => return false,
    }
    true
}

fn socket(family: i32, kind: i32, protocol: i32) -> Result<OwnedFd, Errno> {
    let fd = Errno::result(unsafe { libc::socket(family, kind, protocol) })?;
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Which families of sockets there are, and what the others answer.
fn families() {
    for family in 0..64 {
        let kinds = [libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_RAW, libc::SOCK_SEQPACKET];
        let mut opened = false;
        for kind in kinds {
            for protocol in 0..32 {
                match socket(family, kind, protocol) {
                    Ok(_) if family == libc::AF_NETLINK => println!("netlink {protocol}"),
                    Ok(_) => opened = true,
                    Err(_) => {}
                }
            }
        }
        if opened {
            println!("family {family}");
        }
    }
    let pair = |family| {
        let mut fds = [0; 2];
        let it = unsafe { libc::socketpair(family, libc::SOCK_STREAM, 0, fds.as_mut_ptr()) };
        Errno::result(it).map(drop).map_err(io::Error::from)
    };
    tried("pair of unix sockets", pair(libc::AF_UNIX));
    tried("pair of vsock sockets", pair(40));
    tried("SCTP", socket(libc::AF_INET, libc::SOCK_SEQPACKET, 132).map_err(io::Error::from));
    tried("TCP", socket(libc::AF_INET6, libc::SOCK_STREAM, 6).map_err(io::Error::from));
    tried("vsock", socket(40, libc::SOCK_STREAM, 0).map_err(io::Error::from));
    // The high half of an argument is not looked at by the kernel, and so must not fool the filter.
    let high = unsafe { libc::syscall(libc::SYS_socket, 40_u64 | 1 << 40, 1_u64, 0_u64) };
    tried("vsock with a high bit", Errno::result(high).map_err(io::Error::from));
}

fn interfaces() {
    let text = std::fs::read_to_string("/proc/net/dev").unwrap();
    for line in text.lines().filter_map(|it| it.split_once(':')) {
        println!("interface {}", line.0.trim());
    }
    let routes = std::fs::read_to_string("/proc/net/route").unwrap();
    println!("routes {}", routes.lines().count() - 1);
}

fn loopback() {
    for address in ["127.0.0.1:0", "[::1]:0", "localhost:0"] {
        let talk = || {
            let listener = TcpListener::bind(address)?;
            let mut client = TcpStream::connect(listener.local_addr()?)?;
            let (mut server, _) = listener.accept()?;
            client.write_all(b"x")?;
            server.read_exact(&mut [0])
        };
        tried(format!("talking over {address}"), talk());
    }
    let talk = || {
        let listener = UnixListener::bind("/tmp/socket")?;
        UnixStream::connect("/tmp/socket")?;
        listener.accept()
    };
    tried("talking over a file", talk());
    let talk = || {
        let address = SocketAddr::from_abstract_name("inner")?;
        let listener = UnixListener::bind_addr(&address)?;
        UnixStream::connect_addr(&address)?;
        listener.accept()
    };
    tried("talking over an abstract name", talk());
}

/// Tries to reach what the test itself listens on: TCP port, abstract name, file.
fn outside(arguments: &[String]) {
    let [port, name, file] = arguments else { panic!("port, name, file") };
    tried("the machine's loopback", TcpStream::connect(format!("127.0.0.1:{port}")));
    tried("an address outside", TcpStream::connect("192.0.2.1:80"));
    tried("an IPv6 address outside", TcpStream::connect("[2001:db8::1]:80"));
    let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
    tried("a datagram outside", udp.send_to(b"x", "192.0.2.1:53"));
    let address = SocketAddr::from_abstract_name(name).unwrap();
    tried("the machine's abstract name", UnixStream::connect_addr(&address));
    let datagram = UnixDatagram::unbound().unwrap();
    tried("a datagram to it", datagram.send_to_addr(b"x", &address));
    tried("the machine's socket file", UnixStream::connect(file));
}
