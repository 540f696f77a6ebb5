//! How fast archives are unpacked, against the tools that people use otherwise.
//!
//! ```text
//! cargo bench -p kiln-fetch --bench unpack [-- <archive>...]
//! ```
//!
//! Unless archives are named, they are made here: one as large as a release of openssl, and one with as many files as
//! a zig tool chain. Each line is the median of some runs, taken in turns, and the ratio to the
//! other tool: below 1 is faster. A tool that is not installed is left out, and said so.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up may end as it likes")]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kiln_fetch::{UnpackLimits, UnpackRequest, unpack};
use kiln_store::{Cancel, UnpackRoot};

/// How often each thing is measured.
const RUNS: usize = 7;

/// A tree to be packed.
struct Shape {
    name: &'static str,
    files: usize,
    files_in_folder: usize,
    /// The size of one file is between none and twice this.
    file_bytes: usize,
    /// How it is packed, and what else unpacks that.
    formats: &'static [(&'static str, &'static [&'static str])],
}

/// openssl 3.0.22: 4,600 files, 60 MB unpacked, 15 MB packed.
const RELEASE: Shape = Shape {
    name: "release",
    files: 4_600,
    files_in_folder: 20,
    file_bytes: 13_000,
    formats: &[
        ("tar", &["tar", "-xf"]),
        ("tar.gz", &["tar", "-xzf"]),
        ("tar.xz", &["tar", "-xJf"]),
        ("tar.zst", &["tar", "--zstd", "-xf"]),
        ("zip", &["unzip", "-q"]),
    ],
};

/// The zig wheel: 18,000 files, most of them small headers.
const TOOLCHAIN: Shape = Shape {
    name: "toolchain",
    files: 18_000,
    files_in_folder: 13,
    file_bytes: 11_000,
    formats: &[("tar.gz", &["tar", "-xzf"]), ("zip", &["unzip", "-q"])],
};

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    // Cargo adds `--bench`.
    let named: Vec<_> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    for archive in &named {
        let tool: &[&str] = match archive.rsplit('.').next() {
            Some("zip" | "whl") => &["unzip", "-q"],
            _ => &["tar", "-xf"],
        };
        println!("{}", compare(folder.path(), Path::new(archive), tool));
    }
    if !named.is_empty() {
        return;
    }
    for shape in [RELEASE, TOOLCHAIN] {
        let files = shape.contents();
        let tar = tar_of(&files);
        let bytes = files.iter().map(|(_, it)| it.len()).sum::<usize>();
        println!("{}: {} files, {} MB", shape.name, files.len(), bytes / 1_000_000);
        for &(format, tool) in shape.formats {
            let packed = match format {
                "tar" => tar.clone(),
                "tar.gz" => gzip(&tar),
                "tar.xz" => xz(&tar),
                "tar.zst" => zstd::encode_all(&*tar, 9).unwrap(),
                _ => zip_of(&files),
            };
            let archive = folder.path().join(format!("{}.{format}", shape.name));
            std::fs::write(&archive, &packed).unwrap();
            println!("{}", compare(folder.path(), &archive, tool));
        }
    }
}

impl Shape {
    /// Text that packs like source code, the same in every run.
    fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        // Some thousand words, of which a few are frequent.
        let words: Vec<String> = (0..4000)
            .map(|_| (0..2 + next() % 9).map(|_| char::from(b'a' + (next() % 26) as u8)).collect())
            .collect();
        (0..self.files)
            .map(|number| {
                let folder = number / self.files_in_folder;
                let path = format!("top/d{}/e{}/file{number}.h", folder / 16, folder % 16);
                let len = (next() % (2 * self.file_bytes as u64)) as usize;
                let mut text = Vec::with_capacity(len + 16);
                while text.len() < len {
                    let rank = (next() % 63 * (next() % 63)) as usize;
                    text.extend_from_slice(words[rank].as_bytes());
                    text.push(if next().is_multiple_of(8) { b'\n' } else { b' ' });
                }
                (path, text)
            })
            .collect()
    }
}

/// Measures Kiln and another tool in turns.
fn compare(folder: &Path, archive: &Path, tool: &[&str]) -> String {
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    let (mut files, mut bytes) = (0, 0);
    for run in 0..RUNS {
        let target = folder.join(format!("ours-{run}"));
        ours.push(by_kiln(archive, &target));
        (files, bytes) = count(&target);
        std::fs::remove_dir_all(target).unwrap();
        let target = folder.join(format!("theirs-{run}"));
        theirs.extend(by_tool(tool, archive, &target));
        std::fs::remove_dir_all(target).unwrap();
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times.get(times.len() / 2).copied()
    };
    let ours = median(ours).unwrap().as_secs_f64();
    let name: String =
        archive.file_name().unwrap().display().to_string().chars().take(20).collect();
    let line = format!(
        "  {name:<20} {:>5.1} MB  kiln {:>6.0} ms ({:>4.0} MB/s, {:>6.0} files/s)",
        archive.metadata().unwrap().len() as f64 / 1e6,
        ours * 1e3,
        bytes as f64 / 1e6 / ours,
        files as f64 / ours,
    );
    match median(theirs).map(|it| it.as_secs_f64()) {
        Some(theirs) => {
            format!("{line}  {} {:>6.0} ms  ratio {:.2}", tool[0], theirs * 1e3, ours / theirs)
        }
        None => format!("{line}  ({} is not here)", tool[0]),
    }
}

/// The number of files below a folder, and the sum of their bytes.
fn count(folder: &Path) -> (u64, u64) {
    let entries = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap());
    entries.fold((0, 0), |(files, bytes), entry| {
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            let (more_files, more_bytes) = count(&entry.path());
            (files + more_files, bytes + more_bytes)
        } else {
            (files + 1, bytes + metadata.len())
        }
    })
}

fn by_kiln(archive: &Path, target: &Path) -> Duration {
    let cancel = Cancel::new().unwrap();
    let began = Instant::now();
    let request = UnpackRequest {
        root: &UnpackRoot::All,
        executables: &[],
        target,
        limits: &UnpackLimits::default(),
        cancel: &cancel,
    };
    unpack(&File::open(archive).unwrap(), &request).unwrap();
    began.elapsed()
}

fn by_tool(tool: &[&str], archive: &Path, target: &Path) -> Option<Duration> {
    std::fs::create_dir(target).unwrap();
    let began = Instant::now();
    let status = Command::new(tool[0])
        .args(&tool[1..])
        .arg(archive)
        .current_dir(target)
        .stdin(Stdio::null())
        .status();
    let time = began.elapsed();
    status.is_ok_and(|it| it.success()).then_some(time)
}

fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, contents) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(contents.len() as u64);
        builder.append_data(&mut header, path, &**contents).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .unix_permissions(0o644);
    for (path, contents) in files {
        writer.start_file(path.as_str(), options).unwrap();
        writer.write_all(contents).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 6);
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}
