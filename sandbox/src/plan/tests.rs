//! Plans as text.

use std::collections::BTreeMap;
use std::sync::Mutex;

use expect_test::{Expect, expect};
use kiln_store::{
    Action, ActionId, BuildKind, Cancel, EnvName, InputObject, Inputs, Limits, ObjectId,
    OutputName, Step, StoreName, StorePath, System,
};

use super::*;

/// A request with one of everything.
fn with_request(layout: &Layout, check: impl FnOnce(Result<Plan, PlanError>)) {
    with_kind(BuildKind::Build, layout, check);
}

fn with_kind(kind: BuildKind, layout: &Layout, check: impl FnOnce(Result<Plan, PlanError>)) {
    let name = |text: &str| StoreName::new(text).unwrap();
    let label = |text: &str| Label::new(text).unwrap();
    let input = |number: u8, text: &str| {
        let path = StorePath::of_object(&ObjectId([number; 32]), &name(text));
        let host_path = format!("/home/me/kiln/store/{path}").into();
        InputObject { path, host_path }
    };
    let inputs = [input(1, "shell"), input(2, "source"), input(3, "library")];
    let input_paths: BTreeMap<Label, StorePath> =
        [(label("shell"), inputs[0].path.clone()), (label("source"), inputs[1].path.clone())]
            .into();
    let shell =
        Template::from_pieces([Piece::Input(label("shell")), Piece::Text("/bin/sh".into())]);
    let out = OutputName::default_output();
    let action = Action {
        name: name("tool"),
        kind,
        outputs: vec![out.clone()],
        system: System::new(this_system()).unwrap(),
        inputs: Inputs::default(),
        sources: [("src".to_owned(), label("source"))].into(),
        links: [("/bin/sh".to_owned(), shell.clone())].into(),
        env: [(EnvName::new("PATH").unwrap(), Template::text("/bin"))].into(),
        steps: vec![
            Step {
                name: StepName::new("build").unwrap(),
                argv: vec![Template::text("/bin/sh"), Template::text("-e")],
                script: Some(Template::from_pieces([
                    Piece::Text("make PREFIX=".into()),
                    Piece::Output(out.clone()),
                    Piece::Text("\n".into()),
                ])),
            },
            Step { name: StepName::new("check").unwrap(), argv: vec![shell], script: None },
        ],
        sandbox_abi: SANDBOX_ABI,
    };
    let scratch = [(out.clone(), StorePath::scratch(&action.name, &out, 0))].into();
    let limits = Limits {
        time_s_max: 60,
        silence_s_max: 60,
        log_bytes_max: 1000,
        disk_bytes_max: 1 << 30,
        processes_max: 100,
        cores: 4,
    };
    let cancel = Cancel::new().unwrap();
    let request = BuildRequest {
        id: ActionId([0; 32]),
        action: &action,
        inputs: &inputs,
        input_paths: &input_paths,
        scratch: &scratch,
        limits,
        log: &Mutex::new(std::io::sink()),
        progress: &|_| {},
        cancel: &cancel,
    };
    check(plan(&request, layout));
}

fn check(layout: &Layout, expected: Expect) {
    with_request(layout, |plan| {
        let plan = plan.unwrap();
        assert_eq!(Plan::decode(&plan.encode()), Ok(plan.clone()));
        expected.assert_eq(&plan.to_string());
    });
}

#[test]
fn a_plan_says_all_that_is_done() {
    let scratch = ScratchPlace::Memory { bytes_max: 1 << 30, files_max: 65_536 };
    check(
        &Layout { scratch },
        expect![[r#"
            memory score 200
            loopback
            host name localhost, domain (none)
            root of 67113022 bytes
            folder 0755 /build
            folder 0755 /dev
            folder 0755 /dev/pts
            folder 0755 /dev/shm
            folder 0755 /etc
            folder 0755 /kiln
            folder 0755 /kiln/steps
            folder 0755 /kiln/store
            folder 0755 /proc
            folder 0755 /tmp
            show /dev/full at /dev/full, device 1:7
            show /dev/null at /dev/null, device 1:3
            show /dev/random at /dev/random, device 1:8
            show /dev/tty at /dev/tty, device 5:0
            show /dev/urandom at /dev/urandom, device 1:9
            show /dev/zero at /dev/zero, device 1:5
            link /dev/fd -> /proc/self/fd
            link /dev/ptmx -> pts/ptmx
            link /dev/stderr -> /proc/self/fd/2
            link /dev/stdin -> /proc/self/fd/0
            link /dev/stdout -> /proc/self/fd/1
            terminals /dev/pts
            memory 1777 /dev/shm of 1073741824 bytes, 65536 files
            file 0444 /etc/group "root:x:0:\nkiln:x:100:\nnogroup:x:65534:\n"
            file 0444 /etc/hosts "127.0.0.1 localhost\n::1 localhost\n"
            file 0444 /etc/nsswitch.conf "passwd: files\ngroup: files\nhosts: files\nservices: files\n"
            file 0444 /etc/passwd "root:x:0:0:root:/homeless:/noshell\nkiln:x:1000:100:kiln:/homeless:/noshell\nnobody:x:65534:65534:nobody:/homeless:/noshell\n"
            file 0444 /kiln/steps/00-build "make PREFIX=/kiln/store/scra7ch01slrfkay0hknkswfql3dkprj-tool\n"
            folder 0755 /kiln/stage
            memory 0755 /kiln/stage of 1073741824 bytes, 65536 files
            folder 0755 /kiln/stage/build
            folder 0755 /kiln/stage/store
            folder 1777 /kiln/stage/tmp
            share /kiln/stage/build at /build
            share /kiln/stage/store at /kiln/store
            share /kiln/stage/tmp at /tmp
            detach /kiln/stage
            show /home/me/kiln/store/040h2081040h2081040h2081040h2081-shell at /kiln/store/040h2081040h2081040h2081040h2081-shell, read-only
            show /home/me/kiln/store/081040h2081040h2081040h2081040h2-source at /kiln/store/081040h2081040h2081040h2081040h2-source, read-only
            show /home/me/kiln/store/0c1h60q30c1h60q30c1h60q30c1h60q3-library at /kiln/store/0c1h60q30c1h60q30c1h60q30c1h60q3-library, read-only
            folder 0755 /bin
            link /bin/sh -> /kiln/store/040h2081040h2081040h2081040h2081-shell/bin/sh
            processes /proc
            no user namespaces
            freeze /proc/bus
            freeze /proc/fs
            freeze /proc/irq
            freeze /proc/sys
            freeze /proc/sysrq-trigger
            hide /proc/acpi
            hide /proc/asound
            hide /proc/cmdline
            hide /proc/config.gz
            hide /proc/diskstats
            hide /proc/interrupts
            hide /proc/iomem
            hide /proc/ioports
            hide /proc/kallsyms
            hide /proc/kcore
            hide /proc/key-users
            hide /proc/keys
            hide /proc/kmsg
            hide /proc/kpagecgroup
            hide /proc/kpagecount
            hide /proc/kpageflags
            hide /proc/latency_stats
            hide /proc/locks
            hide /proc/mdstat
            hide /proc/modules
            hide /proc/pagetypeinfo
            hide /proc/partitions
            hide /proc/sched_debug
            hide /proc/scsi
            hide /proc/slabinfo
            hide /proc/swaps
            hide /proc/sys/kernel/random/boot_id
            hide /proc/timer_list
            hide /proc/vmallocinfo
            no emulators
            enter root
            times 315532800
            seal root
            copy /kiln/store/081040h2081040h2081040h2081040h2-source -> /build/src
            limit RLIMIT_AS unlimited unlimited
            limit RLIMIT_CORE 1 1
            limit RLIMIT_CPU unlimited unlimited
            limit RLIMIT_DATA unlimited unlimited
            limit RLIMIT_FSIZE unlimited unlimited
            limit RLIMIT_LOCKS unlimited unlimited
            limit RLIMIT_MEMLOCK 65536 65536
            limit RLIMIT_MSGQUEUE 819200 819200
            limit RLIMIT_NICE 0 0
            limit RLIMIT_NOFILE 4096 4096
            limit RLIMIT_RSS unlimited unlimited
            limit RLIMIT_RTPRIO 0 0
            limit RLIMIT_RTTIME unlimited unlimited
            limit RLIMIT_SIGPENDING 1024 1024
            limit RLIMIT_STACK 8388608 67108864
            limit RLIMIT_NPROC 164 164
            env HOME=/homeless
            env KILN_CORES=4
            env KILN_OUTPUTS=out
            env LC_ALL=C
            env PATH=/bin
            env SOURCE_DATE_EPOCH=315532800
            env TMPDIR=/tmp
            env TZ=UTC
            env out=/kiln/store/scra7ch01slrfkay0hknkswfql3dkprj-tool
            run build in /build/src: "/bin/sh" "-e" "/kiln/steps/00-build"
            run check in /build/src: "/kiln/store/040h2081040h2081040h2081040h2081-shell/bin/sh"
        "#]],
    );
}

#[test]
fn on_disk_only_the_writable_folders_differ() {
    let scratch = |scratch| Layout { scratch };
    let lines = |layout: &Layout| {
        let mut lines = Vec::new();
        with_request(layout, |plan| {
            lines = plan.unwrap().to_string().lines().map(str::to_owned).collect();
        });
        lines
    };
    let in_memory = lines(&scratch(ScratchPlace::Memory { bytes_max: 1, files_max: 1 }));
    let on_disk = lines(&scratch(ScratchPlace::Disk { folder: "/var/scratch".into() }));
    let only = |these: &[String], those: &[String]| -> String {
        these.iter().filter(|it| !those.contains(it)).map(|it| format!("{it}\n")).collect()
    };
    expect![[r#"
        show /var/scratch/build at /build, writable
        show /var/scratch/store at /kiln/store, writable
        show /var/scratch/tmp at /tmp, writable
    "#]]
    .assert_eq(&only(&on_disk, &in_memory));
    expect![[r#"
        folder 0755 /kiln/stage
        memory 0755 /kiln/stage of 1 bytes, 1 files
        folder 0755 /kiln/stage/build
        folder 0755 /kiln/stage/store
        folder 1777 /kiln/stage/tmp
        share /kiln/stage/build at /build
        share /kiln/stage/store at /kiln/store
        share /kiln/stage/tmp at /tmp
        detach /kiln/stage
    "#]]
    .assert_eq(&only(&in_memory, &on_disk));
}

#[test]
fn the_outputs_of_a_test_are_there_from_the_beginning() {
    let layout = Layout { scratch: ScratchPlace::Memory { bytes_max: 1, files_max: 1 } };
    let lines = |kind| {
        let mut lines = Vec::new();
        with_kind(kind, &layout, |plan| {
            lines = plan.unwrap().to_string().lines().map(str::to_owned).collect();
        });
        lines
    };
    let build = lines(BuildKind::Build);
    let more: String = lines(BuildKind::Test)
        .iter()
        .filter(|it| !build.contains(it))
        .map(|it| format!("{it}\n"))
        .collect();
    expect![[r#"
        folder 0755 /kiln/store/scra7ch01slrfkay0hknkswfql3dkprj-tool
    "#]]
    .assert_eq(&more);
}
