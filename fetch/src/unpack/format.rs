//! What a file's first bytes say it is, and the readers of compressed streams.

use std::io::{self, BufRead, Read};

use crate::unpack::limits::UnpackLimits;

/// How many bytes [`Format::of`] wants to see: one tar header.
pub(crate) const FORMAT_BYTES: usize = 512;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Tar,
    Compressed(Compression),
    Zip,
    Deb,
    /// A format that is known by name only.
    Unsupported(&'static str),
    Unknown,
}

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

impl Format {
    /// Tells the format from the first bytes: all of the file, or [`FORMAT_BYTES`] of it.
    pub(crate) fn of(first: &[u8]) -> Format {
        let is_tar = || looks_like_tar(first);
        match first {
            [0x1f, 0x8b, ..] => Format::Compressed(Compression::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Format::Compressed(Compression::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Format::Compressed(Compression::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Format::Compressed(Compression::Zstd)
            }
            // The second is an archive without entries.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Format::Zip,
            [b'!', b'<', b'a', b'r', b'c', b'h', b'>', b'\n', ..] => Format::Deb,
            _ if is_tar() => Format::Tar,
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Format::Unsupported("7-Zip"),
            [b'R', b'a', b'r', b'!', ..] => Format::Unsupported("RAR"),
            [b'L', b'Z', b'I', b'P', ..] => Format::Unsupported("lzip"),
            [0x1f, 0x9d, ..] => Format::Unsupported("compress (.Z)"),
            [0xed, 0xab, 0xee, 0xdb, ..] => Format::Unsupported("RPM"),
            [b'0', b'7', b'0', b'7', b'0', ..] => Format::Unsupported("cpio"),
            [0x5d, 0, 0, ..] => Format::Unsupported("LZMA (.lzma)"),
            _ => Format::Unknown,
        }
    }
}

/// Whether the first block is a tar header, or the end of a tar archive without entries.
pub(crate) fn looks_like_tar(first: &[u8]) -> bool {
    first.get(..FORMAT_BYTES).is_some_and(|block| {
        block.iter().all(|it| *it == 0) || super::tar::has_right_checksum(block)
    })
}

impl Compression {
    /// The word for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Compression::None => "tar",
            Compression::Gzip => "gzip",
            Compression::Bzip2 => "bzip2",
            Compression::Xz => "xz",
            Compression::Zstd => "zstd",
        }
    }

    /// Whether what a reader says is that its memory is bounded.
    pub(crate) fn is_over_memory(self, error: &io::Error) -> bool {
        match self {
            Compression::None | Compression::Gzip | Compression::Bzip2 => false,
            Compression::Xz => {
                let error = error.get_ref().and_then(|it| it.downcast_ref());
                matches!(error, Some(liblzma::stream::Error::MemLimit))
            }
            // The library has nothing but this name of the error.
            Compression::Zstd => error.to_string() == "Frame requires too much memory for decoding",
        }
    }

    /// Returns a reader of what was compressed. All members, streams or frames are read, checksums
    /// are verified, and memory is bounded.
    pub(crate) fn reader<'a>(self, packed: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Compression::None => Box::new(packed),
            Compression::Gzip => Box::new(GzipMembers::new(packed)),
            Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(packed)),
            Compression::Xz => {
                let memory_max = UnpackLimits::DICTIONARY_BYTES_MAX;
                let stream = liblzma::stream::Stream::new_stream_decoder(
                    memory_max,
                    liblzma::stream::CONCATENATED,
                )?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(packed, stream))
            }
            Compression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
                decoder.window_log_max(UnpackLimits::DICTIONARY_BYTES_MAX.ilog2())?;
                Box::new(decoder)
            }
        })
    }
}

/// Reads the members of a gzip file one after the other.
///
/// [fetch.unpack.2] Zeros after the last member are padding, as tape drives and some servers add; anything else
/// there is refused, because tools differ in what they make of it.
struct GzipMembers<R: BufRead> {
    /// The member that is being read; none after the last.
    member: Option<flate2::bufread::GzDecoder<R>>,
}

impl<R: BufRead> GzipMembers<R> {
    fn new(packed: R) -> Self {
        GzipMembers { member: Some(flate2::bufread::GzDecoder::new(packed)) }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(mut member) = self.member.take() {
            let count = member.read(buffer)?;
            if count > 0 {
                self.member = Some(member);
                return Ok(count);
            }
            let mut packed = member.into_inner();
            match packed.fill_buf()?.first() {
                None => {}
                Some(0) => expect_zeros(&mut packed)?,
                Some(_) => self.member = Some(flate2::bufread::GzDecoder::new(packed)),
            }
        }
        Ok(0)
    }
}

/// Reads to the end.
fn expect_zeros(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.iter().any(|it| *it != 0) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "other bytes follow the compressed data",
            ));
        }
        let count = bytes.len();
        reader.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn read(compression: Compression, packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        compression.reader(packed)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn a_gzip_file_has_members_and_then_zeros_at_most() {
        let two = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(read(Compression::Gzip, &two).unwrap(), b"one two");
        let padded = [&*two, &[0; 1000]].concat();
        assert_eq!(read(Compression::Gzip, &padded).unwrap(), b"one two");
        assert!(read(Compression::Gzip, &[&*two, b"\0\0x"].concat()).is_err());
        assert!(read(Compression::Gzip, &[&*two, b"trailing"].concat()).is_err());
        assert!(read(Compression::Gzip, &two[..two.len() - 1]).is_err());
        let mut wrong = two.clone();
        wrong[two.len() - 6] ^= 1;
        assert!(read(Compression::Gzip, &wrong).is_err(), "the checksum is verified");
    }

    #[test]
    fn bzip2_xz_and_zstd_read_all_their_streams() {
        let bzip2 = |bytes: &[u8]| {
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        };
        let xz = |bytes: &[u8]| {
            let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 1);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        };
        let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        for (compression, one, two) in [
            (Compression::Bzip2, bzip2(b"one "), bzip2(b"two")),
            (Compression::Xz, xz(b"one "), xz(b"two")),
            (Compression::Zstd, zstd(b"one "), zstd(b"two")),
        ] {
            let both = [&*one, &*two].concat();
            assert_eq!(read(compression, &both).unwrap(), b"one two", "{compression:?}");
            assert_eq!(Format::of(&both), Format::Compressed(compression));
            assert!(read(compression, &both[..both.len() - 1]).is_err(), "{compression:?}");
        }
    }

    #[test]
    fn a_window_or_dictionary_beyond_the_limit_is_refused() {
        // A zstd frame header: window descriptor for 2^31 bytes, no content size; then an empty
        // last block.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (31 - 10) << 3, 0x01, 0x00, 0x00];
        let error = read(Compression::Zstd, &frame).unwrap_err();
        assert!(Compression::Zstd.is_over_memory(&error), "{error}");
        let error = read(Compression::Zstd, &frame[..5]).unwrap_err();
        assert!(!Compression::Zstd.is_over_memory(&error), "{error}");
        // An encoder with such a dictionary would want some GiB; so a small one's header is changed.
        let mut small = liblzma::write::XzEncoder::new(Vec::new(), 1);
        small.write_all(b"bytes").unwrap();
        let mut packed = small.finish().unwrap();
        // Stream header: 12 bytes. Block header: size, flags, filter id 0x21, 1, dictionary.
        assert_eq!(packed[12 + 2..12 + 4], [0x21, 1]);
        packed[12 + 4] = 36; // 1 GiB
        let header_len = (usize::from(packed[12]) + 1) * 4;
        let mut crc = flate2::Crc::new();
        crc.update(&packed[12..12 + header_len - 4]);
        packed[12 + header_len - 4..12 + header_len].copy_from_slice(&crc.sum().to_le_bytes());
        let error = read(Compression::Xz, &packed).unwrap_err();
        assert!(Compression::Xz.is_over_memory(&error), "{error}");
        let error = read(Compression::Xz, &packed[..13]).unwrap_err();
        assert!(!Compression::Xz.is_over_memory(&error), "{error}");
    }

    #[test]
    fn other_formats_are_known_by_name() {
        assert_eq!(Format::of(b"7z\xbc\xaf\x27\x1c"), Format::Unsupported("7-Zip"));
        assert_eq!(Format::of(b"<!doctype html>"), Format::Unknown);
        assert_eq!(Format::of(b""), Format::Unknown);
        assert_eq!(Format::of(&[0; 512]), Format::Tar);
        assert_eq!(Format::of(&[b'x'; 512]), Format::Unknown);
    }
}
