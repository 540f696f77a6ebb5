//! What a build is kept from. Each test is a probe that tries, and what came of it.

use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

use expect_test::{Expect, expect};
use libtest_mimic::{Failed, Trial};

use crate::fixture::{Case, fresh_folder, object, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("cannot open sockets of other families", families),
        trial("cannot see another network", interfaces),
        trial("can talk to itself", loopback),
        trial("cannot reach what listens outside", outside),
        trial("sees these files and no others", root),
        trial("can write to these folders only", writable),
        trial("cannot change an input", harm_input),
        trial("cannot put something in the place of an input", harm_store),
        trial("cannot see a file of the machine", host_file),
        trial("has these devices and cannot change them", devices),
        trial("cannot read of the machine in proc", hidden),
        trial("has mounts that allow no more than is needed", mounts),
        trial("cannot look into the first process", init),
        trial("cannot set set-id bits by any call", set_id),
        trial("cannot use extended attributes", attributes),
        trial("cannot use calls that only attackers need", surface),
        trial("cannot make namespaces or mounts", namespaces),
        trial("has no privileges and cannot gain any", privileges),
        trial("cannot trace or end the first process", trace),
        trial("is under a second layer that does not get in the way", second_layer),
        trial("has no terminal", terminal),
        #[cfg(target_arch = "x86_64")]
        trial("cannot get around the filter by another way into the kernel", other_entries),
    ]
}

/// Runs one probe and compares what it prints.
#[track_caller]
fn check(probe: &str, arguments: &[&str], expected: Expect) -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe_with(probe, arguments);
    expected.assert_eq(case.run().ok());
    Ok(())
}

fn families() -> Result<(), Failed> {
    check(
        "families",
        &[],
        expect![[r#"
            family 1
            family 2
            family 10
            netlink 0
            netlink 0
            pair of unix sockets: done
            pair of vsock sockets: EAFNOSUPPORT
            SCTP: EPROTONOSUPPORT
            TCP: done
            vsock: EAFNOSUPPORT
            vsock with a high bit: EAFNOSUPPORT
        "#]],
    )
}

fn interfaces() -> Result<(), Failed> {
    check(
        "interfaces",
        &[],
        expect![[r#"
        interface lo
        routes 0
    "#]],
    )
}

fn loopback() -> Result<(), Failed> {
    check(
        "loopback",
        &[],
        expect![[r#"
        talking over 127.0.0.1:0: done
        talking over [::1]:0: done
        talking over localhost:0: done
        talking over a file: done
        talking over an abstract name: done
    "#]],
    )
}

fn outside() -> Result<(), Failed> {
    let tcp = TcpListener::bind("127.0.0.1:0")?;
    let name = format!("kiln-sandbox-test-{}", std::process::id());
    let _abstract = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    let file = fresh_folder().join("socket");
    let _file = UnixListener::bind(&file)?;
    let port = tcp.local_addr()?.port().to_string();
    check(
        "outside",
        &[&port, &name, file.to_str().unwrap()],
        expect![[r#"
        the machine's loopback: ECONNREFUSED
        an address outside: ENETUNREACH
        an IPv6 address outside: ENETUNREACH
        a datagram outside: ENETUNREACH
        the machine's abstract name: ECONNREFUSED
        a datagram to it: ECONNREFUSED
        the machine's socket file: ENOENT
    "#]],
    )
}

fn root() -> Result<(), Failed> {
    check(
        "root",
        &[],
        expect![[r#"
        /: build dev etc kiln lib64 proc tmp
        /dev: fd full null ptmx pts random shm stderr stdin stdout tty urandom zero
        /dev/pts: ptmx
        /etc: group hosts nsswitch.conf passwd
        /kiln: steps store
        /build: 
        /tmp: 
        /dev/shm: 
        --- /etc/passwd
        root:x:0:0:root:/homeless:/noshell
        kiln:x:1000:100:kiln:/homeless:/noshell
        nobody:x:65534:65534:nobody:/homeless:/noshell
        --- /etc/group
        root:x:0:
        kiln:x:100:
        nogroup:x:65534:
        --- /etc/hosts
        127.0.0.1 localhost
        ::1 localhost
        --- /etc/nsswitch.conf
        passwd: files
        group: files
        hosts: files
        services: files
    "#]],
    )
}

fn writable() -> Result<(), Failed> {
    check(
        "writable",
        &[],
        expect![[r#"
            /: refused
            /bin: ENOENT
            /build: done
            /dev: refused
            /dev/pts: refused
            /dev/shm: done
            /etc: refused
            /kiln: refused
            /kiln/steps: refused
            /kiln/store: done
            /proc: ENOENT
            /proc/sys: ENOENT
            /tmp: done
            changing /etc/passwd: refused
            opening / to all: refused
            opening /etc/passwd to all: refused
            a file that is moved: done
        "#]],
    )
}

fn harm_input() -> Result<(), Failed> {
    let input = object("input", |folder| {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("file"), "precious").unwrap();
    });
    let mut case = Case::new();
    case.input("input", &input).probe_with("harm-input", &[&input.path.absolute()]);
    expect![[r#"
        opening to write: refused
        truncating: refused
        making a file: refused
        removing: refused
        moving: EXDEV
        linking: EXDEV
        mode of the file: refused
        mode of the folder: refused
        time of the file: refused
        owner of the file: refused
        flags of the file: refused
        removing the folder: refused
        removing the empty folder: EBUSY
        moving the folder: EBUSY
        opening again to write: refused
        writing to this program: refused
        reading: precious
    "#]]
    .assert_eq(case.run().ok());
    assert_eq!(fs::read_to_string(input.host_path.join("file"))?, "precious");
    Ok(())
}

fn harm_store() -> Result<(), Failed> {
    let folder = object("folder", |path| fs::create_dir(path).unwrap());
    let file = object("file", |path| fs::write(path, "x").unwrap());
    let link = object("link", |path| std::os::unix::fs::symlink("target", path).unwrap());
    let mut case = Case::new();
    case.input("folder", &folder).input("file", &file).input("link", &link);
    let paths = [&folder, &file, &link].map(|it| it.path.absolute());
    case.probe_with("harm-store", &[&paths[0], &paths[1], &paths[2]]);
    expect![[r#"
        folder, removing: EISDIR
        folder, removing as a folder: EBUSY
        folder, moving away: EBUSY
        folder, moving over: EISDIR
        folder, linking over: EEXIST
        folder, still there: true
        file, removing: EBUSY
        file, removing as a folder: ENOTDIR
        file, moving away: EBUSY
        file, moving over: EBUSY
        file, linking over: EEXIST
        file, still there: true
        link, removing: EBUSY
        link, removing as a folder: ENOTDIR
        link, moving away: EBUSY
        link, moving over: EBUSY
        link, linking over: EEXIST
        link, still there: true
        moving the store away: EXDEV
        what the link says: done
    "#]]
    .assert_eq(case.run().ok());
    Ok(())
}

fn host_file() -> Result<(), Failed> {
    let secret = fresh_folder().join("secret");
    fs::write(&secret, "secret")?;
    let mut case = Case::new();
    let secret = secret.to_str().unwrap();
    let through_init = format!("/proc/1/root{secret}");
    let through_self = format!("/proc/self/root{secret}");
    let up = format!("/build/../../../../..{secret}");
    case.probe_with("read", &[secret, &through_init, &through_self, &up, "/root", "/home", "/usr"]);
    let log = case.run();
    let log = log.ok().replace(secret, "SECRET");
    expect![[r#"
        SECRET: ENOENT
        /proc/1/rootSECRET: EACCES
        /proc/self/rootSECRET: ENOENT
        /build/../../../../..SECRET: ENOENT
        /root: ENOENT
        /home: ENOENT
        /usr: ENOENT
    "#]]
    .assert_eq(&log);
    Ok(())
}

fn devices() -> Result<(), Failed> {
    check(
        "devices",
        &[],
        expect![[r#"
        full: 1:7 device true
        mode of full: EROFS
        removing full: EROFS
        opening full: done
        null: 1:3 device true
        mode of null: EROFS
        removing null: EROFS
        opening null: done
        random: 1:8 device true
        mode of random: EROFS
        removing random: EROFS
        opening random: done
        tty: 5:0 device true
        mode of tty: EROFS
        removing tty: EROFS
        opening tty: ENXIO
        urandom: 1:9 device true
        mode of urandom: EROFS
        removing urandom: EROFS
        opening urandom: done
        zero: 1:5 device true
        mode of zero: EROFS
        removing zero: EROFS
        opening zero: done
        ptmx: 5:2 device true
        opening ptmx: done
        writing to null: done
        writing to full: ENOSPC
        reading zero: done
        making a memory device: EPERM
        making a null device: EPERM
        making a disk: EPERM
        making a FIFO: done
        /sys: ENOENT
        /dev/kvm: ENOENT
        /dev/kmsg: ENOENT
        /dev/mem: ENOENT
        /dev/fuse: ENOENT
        /dev/net/tun: ENOENT
    "#]],
    )
}

fn mounts() -> Result<(), Failed> {
    let mut case = Case::new();
    let input = case.inputs[0].path.absolute();
    case.probe_with("mounts", &[&input]);
    expect![[r#"
        set-id bits have an effect: 
        devices can be used: /dev/full /dev/null /dev/pts /dev/random /dev/tty /dev/urandom /dev/zero
        can be written: /build /dev/pts /dev/shm /kiln/store /proc /tmp
        input is a mount: true
    "#]].assert_eq(case.run().ok());
    Ok(())
}

fn hidden() -> Result<(), Failed> {
    check(
        "hidden",
        &[],
        expect![[r#"
        cpuinfo: done
        meminfo: done
        host: localhost
        domain: (none)
        cgroup: true
    "#]],
    )
}

fn init() -> Result<(), Failed> {
    check(
        "init",
        &[],
        expect![[r#"
            environ: EACCES
            exe: EACCES
            mem: EACCES
            root: EACCES
            cwd: EACCES
            maps: EACCES
            auxv: EACCES
            stack: EACCES
            io: EACCES
            descriptors of it 0
            cmdline kiln-sandbox-helper
            descriptors here 3
            stdin /dev/null
        "#]],
    )
}

fn set_id() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("set-id");
    let outcome = case.run();
    let log = outcome.ok();
    assert!(!log.contains("has mode"), "{log}");
    if cfg!(target_arch = "x86_64") {
        expect![[r#"
            fchmod: EPERM
            fchmodat: EPERM
            fchmodat2: EPERM
            openat: EPERM
            openat of no name: EPERM
            mknodat: EPERM
            openat2: ENOSYS
            mkdirat: done
            chmod: EPERM
            open: EPERM
            open of no name: EPERM
            creat: EPERM
            mknod: EPERM
            fchmod: EPERM
            fchmodat: EPERM
            fchmodat2: EPERM
            openat: EPERM
            openat of no name: EPERM
            mknodat: EPERM
            openat2: ENOSYS
            mkdirat: done
            chmod: EPERM
            open: EPERM
            open of no name: EPERM
            creat: EPERM
            mknod: EPERM
            openat of what is there: done
        "#]]
        .assert_eq(log);
    }
    Ok(())
}

fn attributes() -> Result<(), Failed> {
    check(
        "attributes",
        &[],
        expect![[r#"
        setxattr: EOPNOTSUPP
        getxattr: EOPNOTSUPP
        listxattr: EOPNOTSUPP
        removexattr: EOPNOTSUPP
        call 463: ENOSYS
        call 464: ENOSYS
        call 465: ENOSYS
        call 466: ENOSYS
    "#]],
    )
}

fn surface() -> Result<(), Failed> {
    check(
        "surface",
        &[],
        expect![[r#"
        io_uring_setup: ENOSYS
        io_uring_enter: ENOSYS
        io_uring_register: ENOSYS
        userfaultfd: ENOSYS
        bpf: EPERM
        perf_event_open: EPERM
        keyctl: EPERM
        add_key: EPERM
        request_key: EPERM
        fanotify_init: EPERM
        kcmp: EPERM
        open_by_handle_at: EPERM
        kexec_load: EPERM
        init_module: EPERM
        swapon: EPERM
        sethostname: EPERM
        syslog: EPERM
        acct: EPERM
        settimeofday: EPERM
        a call of tomorrow: ENOSYS
    "#]],
    )
}

fn namespaces() -> Result<(), Failed> {
    check(
        "namespaces",
        &[],
        expect![[r#"
        unshare user: EPERM
        clone user: EPERM
        unshare mount: EPERM
        clone mount: EPERM
        unshare network: EPERM
        clone network: EPERM
        unshare pid: EPERM
        clone pid: EPERM
        unshare ipc: EPERM
        clone ipc: EPERM
        unshare uts: EPERM
        clone uts: EPERM
        unshare cgroup: EPERM
        clone cgroup: EPERM
        unshare time: EPERM
        unshare nothing new: done
        clone3: ENOSYS
        mount: EPERM
        remount: EPERM
        umount: EPERM
        pivot_root: EPERM
        chroot: EPERM
        setns: EPERM
        open_tree: ENOSYS
        fsopen: ENOSYS
        mount_setattr: ENOSYS
        user namespaces allowed: 0
    "#]],
    )
}

fn privileges() -> Result<(), Failed> {
    check(
        "privileges",
        &[],
        expect![[r#"
        CapInh: 0000000000000000
        CapPrm: 0000000000000000
        CapEff: 0000000000000000
        CapBnd: 0000000000000000
        CapAmb: 0000000000000000
        NoNewPrivs: 1
        setuid 0: EINVAL
        setgid 0: EINVAL
        setuid 1: EINVAL
        setgroups: EPERM
        nice upward: EACCES
        more descriptors: EPERM
        giving a file away: EINVAL
    "#]],
    )
}

fn trace() -> Result<(), Failed> {
    check(
        "trace",
        &[],
        expect![[r#"
        tracing the first process: EPERM
        reading its memory: EPERM
        writing its memory: EPERM
        its descriptors: none
        the first process is there: true
        tracing a child: true
    "#]],
    )
}

fn second_layer() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("second-layer");
    let scoped = crate::fixture::sandbox().probe()?.landlock_version >= 6;
    let first = if scoped { "EPERM" } else { "done" };
    let expected = format!(
        "signalling the first process: {first}\nnaming a thread: done\nnaming a thread: done\n\
         /dev/stdout: done\n/dev/stderr: done\n/dev/fd/1: done\n/proc/self/fd/2: done\n\
         /dev/stdin: done\na file in memory: done\nsignalling itself: done\n"
    );
    assert_eq!(case.run().ok(), expected);
    Ok(())
}

fn terminal() -> Result<(), Failed> {
    check(
        "terminal",
        &[],
        expect![[r#"
        the terminal: ENXIO
        TIOCSTI: EPERM
        TIOCSTI with a high bit: EPERM
        TIOCLINUX: EPERM
        TIOCGPTN: done
        terminal 0
    "#]],
    )
}

#[cfg(target_arch = "x86_64")]
fn other_entries() -> Result<(), Failed> {
    let mut case = Case::new();
    case.probe("other-entries");
    let outcome = case.run();
    let log = outcome.ok();
    if log.contains("no int 0x80") {
        eprintln!("skipped: this kernel has no way in for 32-bit programs");
        return Ok(());
    }
    expect![[r#"
        getpid by x32: ENOSYS
        chmod by x32: ENOSYS
        a number that is none: ENOSYS
        getpid by int 0x80: done
        chmod by int 0x80: EPERM
        open by int 0x80: EPERM
        creat by int 0x80: EPERM
        unshare by int 0x80: EPERM
        socket by int 0x80: EAFNOSUPPORT
        socketcall by int 0x80: ENOSYS
        io_uring by int 0x80: ENOSYS
        there has set-id bits: false
    "#]]
    .assert_eq(log);
    Ok(())
}
