//! The streams of a `.gz`, one after the other, as gzip and Python read them.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Read};

/// All streams of a `.gz` as one text; zeros after a stream, as tapes and block devices leave them, are passed over.
pub(super) struct Members<R> {
    stream: Option<GzDecoder<R>>,
    /// The reader after a stream that has ended. That no further stream follows is no error: it may be the end.
    next: Option<R>,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            stream: Some(GzDecoder::new(from)),
            next: None,
        }
    }

    /// Passes over zeros, and says whether a stream follows.
    fn begin(mut from: R) -> io::Result<Option<R>> {
        loop {
            let (zeros, ends) = {
                let ahead = from.fill_buf()?;
                if ahead.is_empty() {
                    return Ok(None);
                }
                let zeros = ahead.iter().take_while(|byte| **byte == 0).count();
                (zeros, zeros < ahead.len())
            };
            from.consume(zeros);
            if ends {
                break;
            }
        }
        if from.fill_buf()?.first() == Some(&0x1f) {
            return Ok(Some(from));
        }
        let what = "after its last stream there is something that is no stream";
        Err(io::Error::new(io::ErrorKind::InvalidData, what))
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if to.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(stream) = &mut self.stream {
                match stream.read(to)? {
                    0 => self.next = self.stream.take().map(GzDecoder::into_inner),
                    read => return Ok(read),
                }
            }
            let Some(from) = self.next.take() else {
                return Ok(0);
            };
            match Self::begin(from)? {
                Some(from) => self.stream = Some(GzDecoder::new(from)),
                None => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::{BufReader, Write};

    fn gz(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8], ahead: usize) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        Members::new(BufReader::with_capacity(ahead, bytes)).read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn streams_follow_one_another_with_zeros_between_and_after() {
        let (one, none, two) = (gz(b"one "), gz(b""), gz(b"two"));
        for zeros in [0, 1, 5, 1000] {
            let gap = vec![0; zeros];
            let all = [&one[..], &gap, &none, &gap, &two, &gap].concat();
            for ahead in [1, 7, 4096] {
                assert_eq!(read(&all, ahead).unwrap(), b"one two");
            }
        }
    }

    #[test]
    fn what_is_no_stream_is_an_error_and_so_is_a_stream_cut_short() {
        let one = gz(b"some text, and more of it");
        for bad in [
            [&one[..], b"\0\0text"].concat(),
            [&one[..], b"\x1f\x8b"].concat(),
            [&one[..], &one[..9]].concat(),
            one[..one.len() - 1].to_vec(),
            one[..12].to_vec(),
        ] {
            assert!(read(&bad, 64).is_err());
        }
    }
}
