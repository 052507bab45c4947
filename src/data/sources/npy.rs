//! The header of a NumPy array file (format versions 1 to 3, numpy.lib.format): type, order and shape.
//!
//! Read here, strictly, because the file may come from anyone: the general reader (`npyz`) takes memory for
//! as long a header as the file claims, and follows nested Python values as deep as they go.

use std::io::Read;

/// NumPy's own limit for headers that it reads without being told to trust them.
const MOST_HEADER_BYTES: usize = 10_000;

/// What a `.npy` file says about its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Type as NumPy writes it, such as `|u1` or `<i8`.
    pub kind: String,
    /// First index fastest.
    pub is_fortran: bool,
    /// Length of each axis.
    pub shape: Vec<u64>,
    /// Bytes before the numbers.
    pub header_bytes: u64,
    /// Bytes of one number.
    pub item_bytes: u64,
    /// Bytes of all numbers.
    pub data_bytes: u64,
}

impl Header {
    /// Reads the header; `from` then stands at the first number. An error follows the array's name.
    pub fn read(from: &mut dyn Read) -> Result<Self, String> {
        let short = |error: std::io::Error| format!("breaks off in its header ({error})");
        let mut start = [0; 8];
        from.read_exact(&mut start).map_err(short)?;
        if !start.starts_with(b"\x93NUMPY") {
            return Err("is no NumPy array".to_owned());
        }
        let mut length = [0; 4];
        let digits = match start[6] {
            1 => 2,
            2 | 3 => 4,
            version => return Err(format!("has the unknown NumPy format {version}")),
        };
        from.read_exact(&mut length[..digits]).map_err(short)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MOST_HEADER_BYTES {
            return Err(format!(
                "has a header of {length} bytes, which no image array needs"
            ));
        }
        let mut text = vec![0; length];
        from.read_exact(&mut text).map_err(short)?;
        let header_bytes = (start.len() + digits + length) as u64;
        let text = std::str::from_utf8(&text).ok();
        text.and_then(|text| Self::parse(text, header_bytes))
            .ok_or_else(|| "has a header that makes no sense".to_owned())?
    }

    /// `None` when it is no header at all.
    fn parse(text: &str, header_bytes: u64) -> Option<Result<Self, String>> {
        let kind = match value_of(text, "descr")? {
            value if value.starts_with('[') => {
                return Some(Err("has named columns instead of plain numbers".to_owned()));
            }
            value => {
                let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
                value[1..].split(quote).next()?
            }
        };
        let is_fortran = match value_of(text, "fortran_order")? {
            value if value.starts_with("True") => true,
            value if value.starts_with("False") => false,
            _ => return None,
        };
        let inside = value_of(text, "shape")?.strip_prefix('(')?;
        let lengths = inside[..inside.find(')')?].split(',').map(str::trim);
        // Python 2 marks long numbers with an L.
        let shape: Option<Vec<u64>> = lengths
            .filter(|length| !length.is_empty())
            .map(|length| length.trim_end_matches('L').parse().ok())
            .collect();
        let shape = shape?;
        if kind.contains('O') {
            return Some(Err(
                "holds Python objects (a pickle), which can run code and are never opened: \
                 save it again as plain numbers"
                    .to_owned(),
            ));
        }
        let item_bytes: u64 = kind.get(2..)?.parse().ok()?;
        let count = shape
            .iter()
            .try_fold(item_bytes, |n, length| n.checked_mul(*length));
        let Some(data_bytes) = count else {
            return Some(Err("claims to be larger than any file can be".to_owned()));
        };
        Some(Ok(Self {
            kind: kind.to_owned(),
            is_fortran,
            shape,
            header_bytes,
            item_bytes,
            data_bytes,
        }))
    }

    /// Reads all numbers, which must be whole: labels. Their bytes must have been compared with the file's.
    pub fn integers(&self, from: &mut dyn Read) -> Result<Vec<i64>, String> {
        let mut letters = self.kind.chars();
        let (order, letter) = (letters.next(), letters.next());
        let is_signed = letter == Some('i');
        if !matches!(letter, Some('i' | 'u' | 'b')) || !matches!(self.item_bytes, 1 | 2 | 4 | 8) {
            return Err(format!(
                "holds numbers of the type {}, and labels must be whole numbers: save it again with \
                 .astype(\"int64\")",
                self.kind
            ));
        }
        let mut bytes = Vec::new();
        from.take(self.data_bytes)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot be read ({error})"))?;
        if bytes.len() as u64 != self.data_bytes {
            return Err("breaks off".to_owned());
        }
        let numbers = bytes.chunks_exact(self.item_bytes as usize);
        numbers
            .map(|item| {
                integer(item, order == Some('>'), is_signed)
                    .ok_or_else(|| "holds labels beyond 2⁶³".to_owned())
            })
            .collect()
    }
}

/// A number of at most 8 bytes; `None` when it is too large.
fn integer(item: &[u8], is_big_endian: bool, is_signed: bool) -> Option<i64> {
    let push = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
    let number = if is_big_endian {
        item.iter().fold(0, push)
    } else {
        item.iter().rev().fold(0, push)
    };
    if is_signed {
        let unused = 64 - 8 * item.len() as u32;
        Some(((number << unused) as i64) >> unused)
    } else {
        number.try_into().ok()
    }
}

/// What stands behind `'key':` in a Python dictionary.
fn value_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let quoted = ['\'', '"'].map(|quote| format!("{quote}{key}{quote}"));
    let behind = quoted.iter().find_map(|key| {
        let at = text.find(key.as_str())?;
        Some(&text[at + key.len()..])
    })?;
    Some(behind.trim_start().strip_prefix(':')?.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use npyz::WriterBuilder as _;

    fn npy(header: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\0".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes
    }

    #[test]
    fn headers_say_type_order_and_shape() {
        type Row = (
            &'static str,
            Result<(&'static str, bool, &'static [u64], u64), &'static str>,
            &'static str,
        );
        let rows: [Row; 14] = [
            (
                "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 4), }",
                Ok(("|u1", false, &[2, 3, 4], 24)),
                "as NumPy writes it",
            ),
            (
                "{\"shape\":(5,),\"descr\":\"<i8\",\"fortran_order\":True}",
                Ok(("<i8", true, &[5], 40)),
                "as others write it",
            ),
            (
                "{'descr': '<u4', 'fortran_order': False, 'shape': (), }",
                Ok(("<u4", false, &[], 4)),
                "one number",
            ),
            (
                "{'descr': '|u1', 'fortran_order': False, 'shape': (7L,), }",
                Ok(("|u1", false, &[7], 7)),
                "Python 2",
            ),
            (
                "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
                Err("never opened"),
                "a pickle",
            ),
            (
                "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }",
                Err("named columns"),
                "a record",
            ),
            (
                "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
                Err("larger than any file"),
                "a product beyond 64 bits",
            ),
            (
                "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,), }",
                Err("no sense"),
                "a negative length",
            ),
            (
                "{'descr': '|u1', 'fortran_order': False, 'shape': (3,",
                Err("no sense"),
                "no end",
            ),
            (
                "{'descr': '|u1', 'fortran_order': 7, 'shape': (3,), }",
                Err("no sense"),
                "no truth value",
            ),
            (
                "{'descr': '', 'fortran_order': False, 'shape': (3,), }",
                Err("no sense"),
                "no type",
            ),
            (
                "{'descr': 'é', 'fortran_order': False, 'shape': (3,), }",
                Err("no sense"),
                "not ASCII",
            ),
            (
                "{'fortran_order': False, 'shape': (3,), }",
                Err("no sense"),
                "nothing about the type",
            ),
            ("", Err("no sense"), "nothing"),
        ];
        for (text, expected, reason) in rows {
            match (Header::read(&mut npy(text).as_slice()), expected) {
                (Ok(found), Ok((kind, is_fortran, shape, bytes))) => {
                    assert_eq!(
                        (found.kind.as_str(), found.is_fortran),
                        (kind, is_fortran),
                        "{reason}"
                    );
                    assert_eq!(
                        (found.shape.as_slice(), found.data_bytes),
                        (shape, bytes),
                        "{reason}"
                    );
                    assert_eq!(found.header_bytes, 10 + text.len() as u64, "{reason}");
                }
                (Err(words), Err(part)) => assert!(words.contains(part), "{reason}: {words}"),
                (found, _) => panic!("{reason}: {found:?}"),
            }
        }
        let others: [(&[u8], &str, &str); 4] = [
            (b"\x93NUM", "breaks off", "cut short"),
            (b"not an array", "no NumPy array", "something else"),
            (
                b"\x93NUMPY\x09\0\0\0",
                "unknown NumPy format",
                "of the future",
            ),
            (
                b"\x93NUMPY\x02\0\xff\xff\xff\xff",
                "which no image array needs",
                "4 GiB of header",
            ),
        ];
        for (bytes, part, reason) in others {
            let words = Header::read(&mut &*bytes).unwrap_err();
            assert!(words.contains(part), "{reason}: {words}");
        }
    }

    #[test]
    fn whole_numbers_of_any_size_are_labels() {
        type Row = (
            &'static str,
            &'static [u8],
            Result<&'static [i64], &'static str>,
            &'static str,
        );
        let rows: [Row; 9] = [
            ("|u1", &[0, 255], Ok(&[0, 255]), "bytes"),
            ("|b1", &[0, 1], Ok(&[0, 1]), "truth values"),
            ("|i1", &[255, 1], Ok(&[-1, 1]), "signed"),
            ("<i2", &[0, 1, 255, 255], Ok(&[256, -1]), "little end first"),
            (">i2", &[0, 1, 255, 255], Ok(&[1, -1]), "big end first"),
            ("<u8", &[255; 16], Err("beyond"), "too large"),
            ("<f4", &[0; 8], Err("whole numbers"), "fractions"),
            ("<i2", &[0, 1, 0], Err("breaks off"), "cut short"),
            ("<i3", &[0; 6], Err("whole numbers"), "no such size"),
        ];
        for (kind, bytes, expected, reason) in rows {
            let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (2,), }}");
            let header = Header::read(&mut npy(&text).as_slice()).unwrap();
            match (header.integers(&mut &*bytes), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{reason}"),
                (Err(words), Err(part)) => assert!(words.contains(part), "{reason}: {words}"),
                (found, _) => panic!("{reason}: {found:?}"),
            }
        }
    }

    #[test]
    fn another_writer_is_understood() {
        let mut bytes = Vec::new();
        let options = npyz::WriteOptions::new().default_dtype().shape(&[2, 2]);
        let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
        writer.extend([1i32, -2, 3, -4]).unwrap();
        writer.finish().unwrap();
        let mut rest = bytes.as_slice();
        let header = Header::read(&mut rest).unwrap();
        assert_eq!(header.shape, [2, 2]);
        assert_eq!(header.header_bytes as usize, bytes.len() - 16);
        assert_eq!(header.integers(&mut rest).unwrap(), [1, -2, 3, -4]);
    }
}
