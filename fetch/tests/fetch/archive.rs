//! Small writers of archives that do what they are told, however wrong it is.

use std::io::Write as _;

/// A tar archive, block by block.
#[derive(Clone, Default)]
pub(crate) struct Tar(Vec<u8>);

/// A header that is not sealed by its checksum yet.
#[derive(Clone)]
pub(crate) struct Header(pub(crate) [u8; 512]);

impl Header {
    /// A ustar header with mode 0644.
    pub(crate) fn new(kind: u8, name: &[u8], size: u64) -> Self {
        let mut header = Header([0; 512]);
        header.put(0, name);
        header.put(100, b"0000644\0");
        header.put(108, b"0000000\0");
        header.put(116, b"0000000\0");
        header.put(124, format!("{size:011o}\0").as_bytes());
        header.put(136, b"00000000000\0");
        header.0[156] = kind;
        header.put(257, b"ustar\x0000");
        header
    }

    /// Puts bytes somewhere.
    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) -> &mut Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// With a mode.
    pub(crate) fn mode(mut self, mode: u32) -> Self {
        self.put(100, format!("{mode:07o}\0").as_bytes());
        self
    }

    /// With a link's target.
    pub(crate) fn target(mut self, target: &[u8]) -> Self {
        self.put(157, target);
        self
    }

    /// Puts the right checksum in.
    pub(crate) fn seal(mut self) -> [u8; 512] {
        self.put(148, b"        ");
        let sum: u32 = self.0.iter().map(|it| u32::from(*it)).sum();
        self.put(148, format!("{sum:06o}\0 ").as_bytes());
        self.0
    }
}

impl Tar {
    pub(crate) fn new() -> Self {
        Tar::default()
    }

    /// Appends a header and contents, padded.
    pub(crate) fn entry(mut self, header: Header, contents: &[u8]) -> Self {
        self.0.extend_from_slice(&header.seal());
        self.0.extend_from_slice(contents);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(crate) fn file(self, name: &str, contents: &[u8]) -> Self {
        self.entry(Header::new(b'0', name.as_bytes(), contents.len() as u64), contents)
    }

    pub(crate) fn executable(self, name: &str, contents: &[u8]) -> Self {
        let header = Header::new(b'0', name.as_bytes(), contents.len() as u64).mode(0o755);
        self.entry(header, contents)
    }

    pub(crate) fn folder(self, name: &str) -> Self {
        self.entry(Header::new(b'5', name.as_bytes(), 0).mode(0o700), b"")
    }

    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        let header = Header::new(b'2', name.as_bytes(), 0).mode(0o777);
        self.entry(header.target(target.as_bytes()), b"")
    }

    pub(crate) fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(Header::new(b'1', name.as_bytes(), 0).target(target.as_bytes()), b"")
    }

    /// Appends a pax header (`x`, or `g` for all entries).
    pub(crate) fn pax(self, kind: u8, records: &[(&str, &[u8])]) -> Self {
        let mut contents = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut len = rest + 1;
            while len != rest + len.to_string().len() {
                len = rest + len.to_string().len();
            }
            write!(contents, "{len} {key}=").unwrap();
            contents.extend_from_slice(value);
            contents.push(b'\n');
        }
        self.entry(Header::new(kind, b"PaxHeaders/x", contents.len() as u64), &contents)
    }

    /// Appends a GNU long name (`L`) or long link (`K`).
    pub(crate) fn gnu_long(self, kind: u8, name: &[u8]) -> Self {
        let contents = [name, b"\0"].concat();
        let mut header = Header::new(kind, b"././@LongLink", contents.len() as u64);
        header.put(257, b"ustar  \0");
        self.entry(header, &contents)
    }

    /// Appends bytes as they are.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Ends the archive, and returns it.
    pub(crate) fn end(self) -> Vec<u8> {
        self.raw(&[0; 1024]).0
    }

    /// Returns the archive without an end.
    pub(crate) fn cut(self) -> Vec<u8> {
        self.0
    }
}

/// How to compress, by the name of the format.
pub(crate) fn compress(format: &str, bytes: &[u8]) -> Vec<u8> {
    match format {
        "tar" => bytes.to_vec(),
        "gz" => {
            let level = flate2::Compression::fast();
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        "bz2" => {
            let level = bzip2::Compression::fast();
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), level);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        "xz" => {
            let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 0);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        "zst" => zstd::encode_all(bytes, 1).unwrap(),
        _ => panic!("no format `{format}`"),
    }
}

/// One entry of a zip; what is `None` is right.
#[derive(Clone)]
pub(crate) struct ZipEntry {
    pub(crate) name: Vec<u8>,
    pub(crate) contents: Vec<u8>,
    /// Type and permissions as Unix has them; `None`: made on another system.
    pub(crate) mode: Option<u32>,
    pub(crate) deflate: bool,
    pub(crate) flags: u16,
    pub(crate) method: Option<u16>,
    /// The name in the local header.
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) crc: Option<u32>,
    /// The size of the contents, in both headers.
    pub(crate) size: Option<u32>,
    /// The size of the contents, in the local header only.
    pub(crate) local_size: Option<u32>,
    /// Whether the central directory lists it.
    pub(crate) listed: bool,
    /// Where the central directory says that it is.
    pub(crate) offset: Option<u32>,
    /// Whether it has a local header and contents.
    pub(crate) local: bool,
}

impl ZipEntry {
    pub(crate) fn file(name: &str, contents: &[u8]) -> Self {
        ZipEntry {
            name: name.as_bytes().to_vec(),
            contents: contents.to_vec(),
            mode: Some(0o100_644),
            deflate: true,
            flags: 0,
            method: None,
            local_name: None,
            crc: None,
            size: None,
            local_size: None,
            listed: true,
            offset: None,
            local: true,
        }
    }

    pub(crate) fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }
}

/// Writes a zip archive.
pub(crate) fn zip(entries: &[ZipEntry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    let mut listed = 0_u16;
    for entry in entries {
        let offset = entry.offset.unwrap_or(bytes.len() as u32);
        let packed = if entry.deflate {
            let level = flate2::Compression::default();
            let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), level);
            writer.write_all(&entry.contents).unwrap();
            writer.finish().unwrap()
        } else {
            entry.contents.clone()
        };
        let mut crc = flate2::Crc::new();
        crc.update(&entry.contents);
        let crc = entry.crc.unwrap_or(crc.sum());
        let size = entry.size.unwrap_or(entry.contents.len() as u32);
        let method = entry.method.unwrap_or(if entry.deflate { 8 } else { 0 });
        // From "version needed" to the length of the extra field, in both headers.
        let fields = |size: u32, name: &[u8]| {
            let mut fields = Vec::new();
            for field in [20, entry.flags, method, 0, 0x21] {
                fields.extend_from_slice(&u16::to_le_bytes(field));
            }
            for field in [crc, packed.len() as u32, size] {
                fields.extend_from_slice(&u32::to_le_bytes(field));
            }
            fields.extend_from_slice(&(name.len() as u16).to_le_bytes());
            fields.extend_from_slice(&[0, 0]);
            fields
        };
        let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
        if entry.local {
            bytes.extend_from_slice(b"PK\x03\x04");
            bytes.extend_from_slice(&fields(entry.local_size.unwrap_or(size), local_name));
            bytes.extend_from_slice(local_name);
            bytes.extend_from_slice(&packed);
        }
        if !entry.listed {
            continue;
        }
        listed += 1;
        directory.extend_from_slice(b"PK\x01\x02");
        directory.extend_from_slice(&[20, if entry.mode.is_some() { 3 } else { 0 }]);
        directory.extend_from_slice(&fields(size, &entry.name));
        // Comment, disk, internal attributes.
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(entry.mode.unwrap_or(0) << 16).to_le_bytes());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(&entry.name);
    }
    let directory_at = bytes.len() as u32;
    bytes.extend_from_slice(&directory);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&listed.to_le_bytes());
    bytes.extend_from_slice(&listed.to_le_bytes());
    bytes.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&directory_at.to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

/// Writes an `ar` archive of these members.
pub(crate) fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, contents) in members {
        let len = contents.len();
        writeln!(bytes, "{name:<16}{:<12}{:<6}{:<6}{:<8}{len:<10}`", 0, 0, 0, 100_644).unwrap();
        bytes.extend_from_slice(contents);
        if len % 2 == 1 {
            bytes.push(b'\n');
        }
    }
    bytes
}

/// Writes a Debian package whose data member is this.
pub(crate) fn deb(name: &str, data: &[u8]) -> Vec<u8> {
    let control = compress("gz", &Tar::new().file("./control", b"Package: x\n").end());
    ar(&[("debian-binary", b"2.0\n"), ("control.tar.gz", &control), (name, data)])
}
