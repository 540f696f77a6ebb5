//! Files, folders, devices.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;

use nix::errno::Errno;
use nix::libc;

use super::{tried, written};

pub(super) fn run(probe: &str, arguments: &[String]) -> bool {
    match probe {
        "root" => root(),
        "list" => arguments.iter().for_each(|it| println!("{it}: {}", names(it))),
        "writable" => writable(),
        "harm-input" => harm_input(&arguments[0]),
        "harm-store" => harm_store(arguments),
        "read" => arguments.iter().for_each(|it| tried(it, fs::metadata(it))),
        "devices" => devices(),
        "mounts" => mounts(&arguments[0]),
        "hidden" => hidden(),
        "init" => init(),
        "tree" => arguments.iter().for_each(|it| tree(Path::new(it))),
        "close-store" => {
            fs::write(std::env::var("out").unwrap(), "kept").unwrap();
            fs::set_permissions("/kiln/store", fs::Permissions::from_mode(0o000)).unwrap();
        }
        "hostile-output" => hostile_output(),
        _ => return false,
    }
    true
}

fn names(folder: &str) -> String {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.join(" ")
}

/// What there is at the top.
fn root() {
    for folder in ["/", "/dev", "/dev/pts", "/etc", "/kiln", "/build", "/tmp", "/dev/shm"] {
        println!("{folder}: {}", names(folder));
    }
    for file in ["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf"] {
        print!("--- {file}\n{}", fs::read_to_string(file).unwrap());
    }
}

/// Where files can be made.
fn writable() {
    for folder in [
        "/",
        "/bin",
        "/build",
        "/dev",
        "/dev/pts",
        "/dev/shm",
        "/etc",
        "/kiln",
        "/kiln/steps",
        "/kiln/store",
        "/proc",
        "/proc/sys",
        "/tmp",
    ] {
        written(folder, File::create(format!("{folder}/made")));
    }
    written("changing /etc/passwd", OpenOptions::new().append(true).open("/etc/passwd"));
    let mode = fs::Permissions::from_mode(0o777);
    written("opening / to all", fs::set_permissions("/", mode.clone()));
    written("opening /etc/passwd to all", fs::set_permissions("/etc/passwd", mode));
    tried("a file that is moved", {
        fs::create_dir_all("/build/a/b").unwrap();
        fs::write("/build/a/b/c", "c").unwrap();
        fs::rename("/build/a/b/c", "/build/c")
            .and_then(|()| fs::hard_link("/build/c", "/build/a/d"))
    });
}

/// Tries everything that could change an input: a folder with the file `file`.
fn harm_input(input: &str) {
    let file = format!("{input}/file");
    let writing = |path: &str| OpenOptions::new().write(true).open(path);
    written("opening to write", writing(&file));
    written("truncating", OpenOptions::new().write(true).truncate(true).open(&file));
    written("making a file", File::create(format!("{input}/new")));
    written("removing", fs::remove_file(&file));
    written("moving", fs::rename(&file, "/build/file"));
    written("linking", fs::hard_link(&file, "/build/file"));
    let mode = fs::Permissions::from_mode(0o777);
    written("mode of the file", fs::set_permissions(&file, mode.clone()));
    written("mode of the folder", fs::set_permissions(input, mode));
    let times = fs::FileTimes::new().set_modified(std::time::SystemTime::UNIX_EPOCH);
    written("time of the file", File::open(&file).and_then(|it| it.set_times(times)));
    written("owner of the file", std::os::unix::fs::chown(&file, Some(1000), Some(100)));
    use std::os::fd::AsRawFd as _;
    let flags = 0x10_i64;
    let open = File::open(&file).unwrap();
    // FS_IOC_SETFLAGS: no file system lets it through, each with an answer of its own.
    let set = unsafe { libc::ioctl(open.as_raw_fd(), 0x4008_6602, &raw const flags) };
    println!("flags of the file: {}", if set == 0 { "done" } else { "refused" });
    written("removing the folder", fs::remove_dir_all(input));
    written("removing the empty folder", fs::remove_dir(input));
    written("moving the folder", fs::rename(input, "/kiln/store/other"));
    // Through a descriptor, and through the one that a process has of itself.
    let reading = File::open(&file).unwrap();
    written("opening again to write", writing(&format!("/proc/self/fd/{}", reading.as_raw_fd())));
    let exe = fs::read_link("/proc/self/exe").unwrap();
    written("writing to this program", writing(exe.to_str().unwrap()));
    let mut text = String::new();
    File::open(&file).and_then(|mut it| it.read_to_string(&mut text)).unwrap();
    println!("reading: {text}");
}

/// What mounts allow. `input` is one of the inputs.
fn mounts(input: &str) {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let mounts: Vec<(&str, Vec<&str>)> = mounts
        .lines()
        .map(|line| {
            let mut words = line.split(' ').skip(1);
            let at = words.next().unwrap();
            (at, words.nth(1).unwrap().split(',').collect())
        })
        .collect();
    for (what, option, has) in [
        ("set-id bits have an effect", "nosuid", false),
        ("devices can be used", "nodev", false),
        ("can be written", "rw", true),
    ] {
        let mut at: Vec<&str> = mounts
            .iter()
            .filter(|(_, options)| options.contains(&option) == has)
            .map(|(at, _)| *at)
            .collect();
        at.sort_unstable();
        println!("{what}: {}", at.join(" "));
    }
    println!("input is a mount: {}", mounts.iter().any(|(at, _)| *at == input));
}

/// Tries to put something else in the place of inputs: a folder, a file, and a link.
fn harm_store(inputs: &[String]) {
    for (what, input) in ["folder", "file", "link"].iter().zip(inputs) {
        written(format!("{what}, removing"), fs::remove_file(input));
        written(format!("{what}, removing as a folder"), fs::remove_dir(input));
        written(format!("{what}, moving away"), fs::rename(input, "/kiln/store/away"));
        fs::write("/kiln/store/other", "other").unwrap();
        written(format!("{what}, moving over"), fs::rename("/kiln/store/other", input));
        written(format!("{what}, linking over"), std::os::unix::fs::symlink("/build", input));
        println!("{what}, still there: {}", fs::symlink_metadata(input).is_ok());
    }
    written("moving the store away", fs::rename("/kiln/store", "/build/store"));
    tried("what the link says", fs::read_link(&inputs[2]));
}

fn devices() {
    for name in ["full", "null", "random", "tty", "urandom", "zero", "ptmx"] {
        let path = format!("/dev/{name}");
        let device = fs::metadata(&path).unwrap();
        println!(
            "{name}: {}:{} device {}",
            libc::major(device.rdev()),
            libc::minor(device.rdev()),
            device.file_type().is_char_device()
        );
        let mode = fs::Permissions::from_mode(0o644);
        if name != "ptmx" {
            tried(format!("mode of {name}"), fs::set_permissions(&path, mode));
            tried(format!("removing {name}"), fs::remove_file(&path));
        }
        tried(format!("opening {name}"), OpenOptions::new().read(true).write(true).open(&path));
    }
    tried("writing to null", File::create("/dev/null").and_then(|mut it| it.write_all(b"x")));
    tried("writing to full", File::create("/dev/full").and_then(|mut it| it.write_all(b"x")));
    tried("reading zero", File::open("/dev/zero").and_then(|mut it| it.read_exact(&mut [0; 9])));
    for (what, kind, device) in [
        ("a memory device", libc::S_IFCHR, libc::makedev(1, 1)),
        ("a null device", libc::S_IFCHR, libc::makedev(1, 3)),
        ("a disk", libc::S_IFBLK, libc::makedev(254, 0)),
        ("a FIFO", libc::S_IFIFO, 0),
    ] {
        let path = CString::new(format!("/build/{}", what.replace(' ', "-"))).unwrap();
        let made = Errno::result(unsafe { libc::mknod(path.as_ptr(), kind | 0o600, device) });
        tried(format!("making {what}"), made.map_err(io::Error::from));
    }
    for path in ["/sys", "/dev/kvm", "/dev/kmsg", "/dev/mem", "/dev/fuse", "/dev/net/tun"] {
        tried(path, fs::metadata(path));
    }
}

/// What `/proc` does not tell. Missing is as good as empty.
fn hidden() {
    for name in [
        "acpi",
        "asound",
        "cmdline",
        "config.gz",
        "diskstats",
        "iomem",
        "ioports",
        "kallsyms",
        "locks",
        "mdstat",
        "modules",
        "partitions",
        "swaps",
        "interrupts",
        "kcore",
        "key-users",
        "keys",
        "kmsg",
        "kpagecount",
        "kpageflags",
        "latency_stats",
        "pagetypeinfo",
        "sched_debug",
        "scsi",
        "slabinfo",
        "sys/kernel/random/boot_id",
        "timer_list",
        "vmallocinfo",
    ] {
        let path = format!("/proc/{name}");
        let empty = match fs::metadata(&path) {
            Err(_) => true,
            Ok(found) if found.is_dir() => fs::read_dir(&path).unwrap().count() == 0,
            Ok(_) => fs::read(&path).unwrap().is_empty(),
        };
        if !empty {
            println!("{name} can be read");
        }
    }
    for name in [
        "sys/kernel/core_pattern",
        "sys/vm/drop_caches",
        "sys/kernel/hostname",
        "sys/user/max_user_namespaces",
        "sys/net/ipv4/ip_forward",
        "sysrq-trigger",
        "irq/x",
    ] {
        let path = format!("/proc/{name}");
        match OpenOptions::new().write(true).open(&path) {
            Ok(_) => println!("{name} can be written"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => assert!(
                matches!(error.raw_os_error(), Some(libc::EROFS | libc::EACCES | libc::EPERM)),
                "{name}: {error}"
            ),
        }
    }
    tried("cpuinfo", fs::read("/proc/cpuinfo"));
    tried("meminfo", fs::read("/proc/meminfo"));
    println!("host: {}", fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim());
    println!("domain: {}", fs::read_to_string("/proc/sys/kernel/domainname").unwrap().trim());
    println!(
        "cgroup: {}",
        fs::read_to_string("/proc/self/cgroup").unwrap().lines().all(|it| { it.ends_with(":/") })
    );
}

/// What can be seen of the first process.
fn init() {
    for name in ["environ", "exe", "mem", "root", "cwd", "maps", "auxv", "stack", "io"] {
        let path = format!("/proc/1/{name}");
        let read = if matches!(name, "exe" | "root" | "cwd") {
            fs::read_link(&path).map(drop)
        } else {
            File::open(&path).and_then(|mut it| it.read(&mut [0; 64])).map(drop)
        };
        tried(name, read);
    }
    // Their numbers may be told; none can be opened.
    let opened = (0..100).filter(|it| File::open(format!("/proc/1/fd/{it}")).is_ok()).count();
    println!("descriptors of it {opened}");
    let cmdline = fs::read("/proc/1/cmdline").unwrap();
    println!("cmdline {}", String::from_utf8_lossy(&cmdline).trim_end_matches('\0'));
    let mut fds: Vec<String> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    fds.sort();
    // One is the listing's own.
    println!("descriptors here {}", fds.len() - 1);
    println!("stdin {}", fs::read_link("/proc/self/fd/0").unwrap().display());
}

/// Prints a tree: kind, mode, time, owner, name, contents.
fn tree(path: &Path) {
    let found = fs::symlink_metadata(path).unwrap();
    let kind = if found.is_dir() {
        "folder".into()
    } else if found.is_symlink() {
        format!("-> {}", fs::read_link(path).unwrap().display())
    } else {
        format!("{:?}", fs::read_to_string(path).unwrap())
    };
    let mode = if found.is_symlink() { 0 } else { found.mode() & 0o7777 };
    println!(
        "{} {mode:04o} {} {}:{} {kind}",
        path.display(),
        found.mtime(),
        found.uid(),
        found.gid()
    );
    if found.is_dir() {
        let mut below: Vec<_> = fs::read_dir(path).unwrap().map(|it| it.unwrap().path()).collect();
        below.sort();
        below.iter().for_each(|it| tree(it));
    }
}

/// Leaves everything that could trip who reads outputs.
fn hostile_output() {
    let out = std::env::var("out").unwrap();
    fs::create_dir_all(format!("{out}/closed/inner")).unwrap();
    fs::set_permissions(format!("{out}/closed"), fs::Permissions::from_mode(0o000)).unwrap();
    std::os::unix::fs::symlink("/etc/shadow", format!("{out}/link")).unwrap();
    std::os::unix::fs::symlink("..", format!("{out}/up")).unwrap();
    let fifo = CString::new(format!("{out}/fifo")).unwrap();
    Errno::result(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }).unwrap();
    std::os::unix::net::UnixListener::bind(format!("{out}/socket")).unwrap();
    let mut options = OpenOptions::new();
    let sparse =
        options.create(true).write(true).mode(0o600).open(format!("{out}/sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    // Deeper than any path.
    std::env::set_current_dir(&out).unwrap();
    for _ in 0..2000 {
        fs::create_dir("deep").unwrap();
        std::env::set_current_dir("deep").unwrap();
    }
}
